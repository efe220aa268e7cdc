// SPDX-License-Identifier: BSD-3-Clause
// One connection of an HTTP client: reads a request, waits for its reply, writes it, and so on, until one
// side ends it. It does not know what the requests mean; the server does.
#pragma once

#include <gio/gio.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "glue/ref.hpp"
#include "http/call.hpp"
#include "http/connection_limiter.hpp"
#include "http/epoll.hpp"
#include "http/guest.hpp"
#include "http/request_reader.hpp"
#include "http/response.hpp"
#include "http/server_limits.hpp"

namespace astral::http {

// **Thread**: the default main context. **Owns** the connection until hand_over() or its end.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  using Id = ConnectionLimiter::Id;

  // Outlives the connection.
  class Owner {
   public:
    virtual ~Owner() = default;
    // answer() or hand_over() must follow, now or later.
    virtual void on_request(HttpConnection &connection, Request request) = 0;
    // on_late() shall be called at that time. Replaces the time that was set before.
    virtual void set_deadline(Id id, Time when) = 0;
    virtual bool may_keep_alive() const = 0;
    virtual void on_ended(Id id) = 0;  // comes once
  };

  static std::shared_ptr<HttpConnection> make(Guest guest, Owner &owner, const ServerLimits &limits,
                                              const BodyRules &rules);
  ~HttpConnection();
  HttpConnection(const HttpConnection &) = delete;
  HttpConnection &operator=(const HttpConnection &) = delete;

  void start();
  bool is_waiting() const { return state_ == State::waiting; }
  // Whether the client has sent bytes behind the request that is waiting.
  bool has_more_input() const { return reader_.has_rest(); }
  void answer(Reply reply);
  // Sends `head` and gives the connection away. Null: the connection broke.
  Ref<GIOStream> hand_over(std::string_view head);
  void on_late();

 private:
  //   reading ──a request is whole──▶ waiting ──answer()──▶ writing ──keep-alive──▶ reading …
  //      │ 408, 4xx                      │ hand_over()          │ close, broken
  //      ▼                               ▼                      ▼
  //   leaving ──end of input, linger──▶ ended ◀─────────────────┘
  // While a request is being read, reader_ knows how much of it has come.
  enum class State { reading, waiting, writing, leaving, ended };

  HttpConnection(Guest guest, Owner &owner, const ServerLimits &limits, const BodyRules &rules);
  int fd() const { return g_socket_get_fd(g_socket_connection_get_socket(guest_.connection.get())); }
  void watch_input();
  void watch_output();
  void read();
  void read_requests();
  bool read_request();
  void set_read_deadline();
  void on_end_of_input();
  void write();
  void refuse(const Reply &reply);
  void leave();
  bool send_now(std::string_view text) const;
  bool has_unread_bytes() const;
  Ref<GIOStream> release();
  void end();

  Guest guest_;
  Owner &owner_;
  const ServerLimits &limits_;
  State state_ = State::reading;
  RequestReader reader_;
  std::optional<RequestReader::State> deadline_for_;  // which of the read deadlines is set
  bool is_reading_requests_ = false;
  bool has_ended_input_ = false;
  bool keep_alive_ = true;
  bool is_head_ = false;     // the request that is waiting is HEAD
  std::size_t dropped_ = 0;  // bytes, while leaving
  SendQueue out_;
  Epoll::Watch input_;
  Source output_;
};

}  // namespace astral::http
