// SPDX-License-Identifier: BSD-3-Clause
// One player's request for a stream: brings the stream to this node if it is elsewhere, waits for the first
// media, and then passes frames on.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "formats/player.hpp"
#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "runtime/driver.hpp"

namespace astral::gateways {

// **Thread**: the default main context. Never calls back from inside a call to it. on_over may destroy it.
// The driver outlives it.
class PlaybackRequest : private formats::Player {
 public:
  struct Handler {
    std::function<void()> on_ready;  // before the first frame
    std::function<void(const Slice &frame, bool is_start)> on_frame;
    std::function<void(const Error &)> on_over;  // once; without on_ready before it: the stream cannot be had
  };
  struct Wish {
    std::string slug;
    formats::Format format{};
    bool may_bring = false;  // may fetch the stream from another node
    bool may_watch_private = false;
    Time patience = 8s;      // how long to wait for the first media
  };

  PlaybackRequest(runtime::Driver &driver, Wish wish, Handler handler);
  ~PlaybackRequest();
  PlaybackRequest(const PlaybackRequest &) = delete;
  PlaybackRequest &operator=(const PlaybackRequest &) = delete;

 private:
  enum class State { fresh, asking, waiting, playing, over };

  void on_timer();
  std::string why_waiting() const;
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
  const std::shared_ptr<PlaybackRequest *> alive_;  // checked by the answer to the ticket request
};

}  // namespace astral::gateways
