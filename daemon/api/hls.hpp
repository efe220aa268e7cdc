// SPDX-License-Identifier: BSD-3-Clause
// HLS of the streams that this node carries. A player that asks for the playlist of a stream that is known
// but not carried makes this node get it, and waits a while for the first segments. One that knows
// low-latency HLS waits for what comes next.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <string>

#include "api/driver.hpp"
#include "api/http.hpp"
#include "glue/loop.hpp"

namespace astral::api {

// **Thread**: the default main context.
class Hls {
 public:
  explicit Hls(Driver &driver, Time patience = 8s);
  ~Hls();
  Hls(const Hls &) = delete;
  Hls &operator=(const Hls &) = delete;

  void playlist(const Call &call, Answer answer);
  void segment(const Call &call, Answer answer);

 private:
  static constexpr std::size_t max_waiting = 512;

  // What there is now; unreachable: not yet.
  using Ask = std::function<Expected<Reply>()>;
  struct Waiting {
    std::string slug;
    Ask ask;
    Answer answer;
    Time deadline;
  };

  // To this node, first.
  void bring(const Call &call, Ask ask, Answer answer);
  void wait(const std::string &slug, Ask ask, Answer answer);
  void look(const std::string &slug);  // empty: at all, and at the time

  Driver &driver_;
  const Time patience_;
  std::list<Waiting> waiting_;
  Timer look_;
};

}  // namespace astral::api
