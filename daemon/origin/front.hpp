// SPDX-License-Identifier: BSD-3-Clause
// HTTP/1.1 for many who ask briefly and often: behind http::HttpListener's bounds it reads requests, hands
// them to the routes and writes the replies, one after the other on a connection that stays.
// **Why** not http::Server: it serves one request per connection, through libsoup, at three times the price;
// the origin needs no WebSockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "glue/error.hpp"
#include "glue/ref.hpp"
#include "http/access.hpp"
#include "http/call.hpp"
#include "http/http_listener.hpp"
#include "http/routes.hpp"
#include "origin/limits.hpp"

namespace astral::origin {

// **Thread** the default main context. **Owns** its listening socket and the connections; an Answer that
// comes after the front has gone, or its connection, or a second time, does nothing.
class Front {
 public:
  struct Limits {
    http::HeadLimits head = {};
    std::size_t connections = max_connections;  // when half of them are there, none stays after its answer
    Time for_head = 10s;
    Time for_body = 30s;
    Time for_answer = 60s;  // to take it
    Time idle = 15s;        // between two requests
    Time farewell = 2s;     // for who sends more than it may: to take the answer
    std::size_t drained = 16 * 1024 * 1024;
  };

  // As http::HttpListener::open.
  static Expected<std::unique_ptr<Front>> open(const std::string &address, std::uint16_t port,
                                               std::vector<http::Route> routes, const Limits &limits);
  static Expected<std::unique_ptr<Front>> open(const std::string &address, std::uint16_t port,
                                               std::vector<http::Route> routes) {
    return open(address, port, std::move(routes), Limits{});
  }
  ~Front();
  Front(const Front &) = delete;
  Front &operator=(const Front &) = delete;

  const std::string &url() const { return listener_->url(); }
  std::uint16_t port() const { return listener_->port(); }
  std::size_t connections() const { return listener_->guests(); }

 private:
  struct Visit;
  using Visitor = std::shared_ptr<Visit>;

  Front(std::vector<http::Route> routes, const Limits &limits);
  void receive(http::ConnectionLimiter::Id id, Ref<GSocketConnection> connection);
  void look(const Visitor &visit);
  void read_on(const Visitor &visit);
  void serve(const Visitor &visit);
  bool take_request(const Visitor &visit);
  void handle(const Visitor &visit, const http::Call &call);
  void refuse(const Visitor &visit, const http::Reply &reply);
  void answer(const Visitor &visit, const http::Reply &reply);
  void write_on(const Visitor &visit);
  void on_late(http::ConnectionLimiter::Id id);
  void end(const Visitor &visit);

  const std::vector<http::Route> routes_;
  const Limits limits_;
  const http::Access access_{{}};
  std::vector<char> chunk_;
  std::shared_ptr<Front *> alive_;
  std::map<http::ConnectionLimiter::Id, Visitor> visits_;
  std::unique_ptr<http::HttpListener> listener_;
};

}  // namespace astral::origin
