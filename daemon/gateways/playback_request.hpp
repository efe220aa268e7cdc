// SPDX-License-Identifier: BSD-3-Clause
// One player's wish for a stream as it comes: brings the stream here when it is elsewhere, waits for its
// first media, and hands on what comes.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "formats/player.hpp"
#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "runtime/driver.hpp"

namespace astral::gateways {

// **Thread**: the default main context. Nothing is called from inside a call to it; on_over may destroy it.
// The driver outlives it.
class PlaybackRequest : private formats::Player {
 public:
  struct Handler {
    std::function<void()> on_ready;  // before the first frame
    std::function<void(const Slice &frame, bool is_start)> on_frame;
    std::function<void(const Error &)> on_over;  // once; without on_ready: it cannot be had
  };
  struct Wish {
    std::string slug;
    formats::Format format{};
    bool may_bring = false;  // the stream, when it is not here
    Time patience = 8s;      // for its first media
  };

  PlaybackRequest(runtime::Driver &driver, Wish wish, Handler handler);
  ~PlaybackRequest();
  PlaybackRequest(const PlaybackRequest &) = delete;
  PlaybackRequest &operator=(const PlaybackRequest &) = delete;

 private:
  enum class State { fresh, asking, waiting, playing, over };

  void on_timer();
  void begin();
  void join();
  void end(const Error &error);
  void on_frame(const Slice &frame, bool is_start) override;
  void on_over(const Error &error) override;

  runtime::Driver &driver_;
  const Wish wish_;
  const Handler handler_;
  State state_ = State::fresh;
  bool is_joined_ = false;
  Error why_;
  Time deadline_;
  Timer timer_;
  const std::shared_ptr<PlaybackRequest *> alive_;  // what the answer to a ticket looks at
};

}  // namespace astral::gateways
