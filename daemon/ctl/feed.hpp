// SPDX-License-Identifier: BSD-3-Clause
// Reads the state of a node again and again: once a second for the figures, and 100 ms after an event of WS
// /events. Does not look into the answers.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "ctl/fetch.hpp"
#include "ctl/snapshot.hpp"
#include "glue/loop.hpp"
#include "http/websocket.hpp"

namespace astral::ctl {

// **Thread**: the default main context. **Owns** its connections.
class Feed {
 public:
  enum class Listen { no, yes };  // to /events; not possible over https

  // Called after every round, until the feed is destroyed.
  using News = std::function<void(const Expected<Bodies> &)>;

  Feed(Target target, Listen listen, News news);
  Feed(const Feed &) = delete;
  Feed &operator=(const Feed &) = delete;

 private:
  void ask();
  void take(std::string Bodies::*where, const Expected<Answer> &answer);
  void finish(const Expected<Bodies> &result);
  void listen();
  void on_event();
  void on_silence();

  const Target target_;
  const Listen listen_;
  const News news_;
  const Ref<SoupSession> session_;
  Bodies bodies_;
  std::array<std::unique_ptr<Fetch>, 4> fetches_;
  std::size_t missing_ = 0;  // answers that this round still waits for
  bool changed_ = false;     // an event came since this round began
  Time began_{};
  Timer next_;
  Timer patience_;
  std::shared_ptr<http::WebSocket> socket_;
  Time listen_at_{};  // when to connect to /events again, at the earliest
  Time wait_;
};

}  // namespace astral::ctl
