// SPDX-License-Identifier: BSD-3-Clause
// HLS of the streams that this node carries. A player that asks for the playlist of a stream that is known
// but not carried makes this node get it, and waits a while for the first segments. One that knows
// low-latency HLS waits for what comes next.
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
  static constexpr std::size_t max_waiting = 512;

  // What there is now; unreachable: not yet.
  using Ask = std::function<Expected<http::Reply>()>;
  struct Waiting {
    std::string slug;
    Ask ask;
    http::Answer answer;
    Time deadline;
  };

  // To this node, first.
  void bring(const http::Call &call, Ask ask, http::Answer answer);
  void wait(const std::string &slug, Ask ask, http::Answer answer);
  void look(const std::string &slug);  // empty: at all, and at the time

  runtime::Driver &driver_;
  const Time patience_;
  std::list<Waiting> waiting_;
  Timer look_;
};

void add_hls_calls(std::vector<http::Route> &routes, Hls &hls);

}  // namespace astral::gateways
