// SPDX-License-Identifier: BSD-3-Clause
// HLS of the streams that this node carries. A player that asks for the playlist of a stream that is known
// but not carried makes this node get it, and waits a while for the first segments.
#pragma once

#include <cstddef>
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

  void playlist(const Call &call, Answer answer);
  void segment(const Call &call, const Answer &answer) const;

 private:
  static constexpr std::size_t max_waiting = 64;

  struct Waiting {
    std::string slug;
    Answer answer;
    Time deadline;
  };

  void wait(const std::string &slug, Answer answer);
  void look();

  Driver &driver_;
  const Time patience_;
  std::list<Waiting> waiting_;
  Timer look_;
};

}  // namespace astral::api
