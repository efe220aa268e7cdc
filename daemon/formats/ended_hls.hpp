// SPDX-License-Identifier: BSD-3-Clause
// The HLS windows of streams that have ended: players fetch the rest from them, and learn that it is the rest
// (EXT-X-ENDLIST). Pure: the caller says what time it is.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "formats/playlist.hpp"
#include "glue/time.hpp"

namespace astral::formats {

class EndedHls {
 public:
  static constexpr Time kept = 60s;       // longer than a player waits before it asks again
  static constexpr std::size_t most = 8;  // streams; beyond, the one that ended first makes way

  // A window without media is not kept. Replaces an older one of that stream.
  void put(const std::string &slug, HlsWindow window, Time now);
  // Null: there is none. Valid until the next call that changes something.
  const HlsWindow *find(const std::string &slug, Time now) const;
  void drop_old(Time now);
  Time due() const;  // when drop_old() is to be called; never: there is nothing

 private:
  struct Ended {
    HlsWindow window;
    Time until;
  };
  std::map<std::string, Ended> all_;
};

}  // namespace astral::formats
