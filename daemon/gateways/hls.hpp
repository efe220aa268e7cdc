// SPDX-License-Identifier: BSD-3-Clause
// Serves HLS of the streams that this node carries. A request for the playlist of a stream that is known but
// not carried makes the node fetch the stream, and waits for the first segments. Requests of low-latency HLS
// wait for the segment or part that they name.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <string>
#include <vector>

#include "glue/loop.hpp"
#include "http/call.hpp"
#include "http/routes.hpp"
#include "runtime/driver.hpp"

namespace astral::gateways {

// **Thread**: the default main context.
class Hls {
 public:
  explicit Hls(runtime::Driver &driver, Time patience = 8s);
  ~Hls();
  Hls(const Hls &) = delete;
  Hls &operator=(const Hls &) = delete;

  void playlist(const http::Call &call, http::Answer answer);
  void segment(const http::Call &call, http::Answer answer);

 private:
  bool has_ended(const std::string &slug) const;
  static constexpr std::size_t max_waiting = 2'048;

  // Makes the answer from the media that is there. unreachable: it is not there yet, so the request waits.
  using Ask = std::function<Expected<http::Reply>()>;
  struct Waiting {
    std::string slug;
    Ask ask;
    http::Answer answer;
    Time deadline;
  };

  // Brings the stream to this node and then waits.
  void bring(const http::Call &call, Ask ask, http::Answer answer);
  void wait(const std::string &slug, Ask ask, http::Answer answer);
  void look(const std::string &slug);  // asks again for the requests of this stream; empty: for all

  runtime::Driver &driver_;
  const Time patience_;
  std::list<Waiting> waiting_;
  Timer look_;
};

void add_hls_calls(std::vector<http::Route> &routes, Hls &hls);

}  // namespace astral::gateways
