// SPDX-License-Identifier: BSD-3-Clause
// The branches of one stream: the first player of a format gets one made, and it is removed a while after the
// last player has left.
#pragma once

#include <glib.h>

#include <map>
#include <memory>

#include "formats/player.hpp"
#include "glue/loop.hpp"
#include "media/branch.hpp"

namespace astral::media {

// **Thread**: `context`.
class Branches {
 public:
  // `stream`: the stream as MPEG-TS. It outlives this.
  Branches(formats::Fanout &stream, GMainContext *context);

  // unsupported, by on_over: no such format.
  void join(formats::Format format, formats::Player &player);
  void leave(formats::Format format, formats::Player &player);

 private:
  void remove_idle();

  formats::Fanout &stream_;
  GMainContext *const context_;
  std::map<formats::Format, std::unique_ptr<Branch>> branches_;
  Timer timer_;
};

}  // namespace astral::media
