// SPDX-License-Identifier: BSD-3-Clause
// A stream as it comes over HTTP: an answer that does not end, as FLV or MPEG-TS.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "api/driver.hpp"
#include "api/flow.hpp"
#include "api/http.hpp"
#include "api/watching.hpp"
#include "glue/loop.hpp"
#include "media/player.hpp"

namespace astral::api {

// **Thread**: the default main context. A player counts among the connections of the server that it came by.
// What its watching and its flow call ends with it: at(id) checks this promise of ours.
class Live {
 public:
  explicit Live(Driver &driver, Time patience = 8s, const Flow::Limits &limits = {});

  void play(const Call &call, media::Format format, const Answer &answer);
  std::size_t players() const { return players_.size(); }

 private:
  struct Player {
    Answer answer;
    bool is_ready = false;
    std::unique_ptr<Flow> flow = {};
    std::unique_ptr<Watching> watching = {};
  };

  void on_ready(std::uint64_t id, media::Format format);
  void on_over(std::uint64_t id, const std::string &slug, const Error &error);
  void take_over(std::uint64_t id, Ref<GIOStream> stream, std::string head);

  Driver &driver_;
  const Time patience_;
  const Flow::Limits limits_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, Player> players_;
  Mailbox mailbox_;
};

}  // namespace astral::api
