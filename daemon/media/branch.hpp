// SPDX-License-Identifier: BSD-3-Clause
// Converts a stream to another format, once for all players of that format. It is a player of the MPEG-TS.
#pragma once

#include "formats/player.hpp"
#include "glue/time.hpp"

namespace astral::media {

// **Thread**: one context.
class Branch : public formats::Player {
 public:
  Branch() = default;
  virtual ~Branch() = default;
  Branch(const Branch &) = delete;
  Branch &operator=(const Branch &) = delete;

  formats::Fanout &out() { return out_; }
  Time idle_since() const { return idle_since_; }
  void set_idle_since(Time when) { idle_since_ = when; }

  void on_over(const Error &error) override { out_.end(error); }

 protected:
  formats::Fanout out_;

 private:
  Time idle_since_ = never;
};

}  // namespace astral::media
