// SPDX-License-Identifier: BSD-3-Clause
// Serves a stream as an HTTP answer that does not end, in each live format that the media backend has.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "formats/endpoints.hpp"
#include "gateways/media_connection.hpp"
#include "gateways/playback_request.hpp"
#include "glue/loop.hpp"
#include "http/call.hpp"
#include "http/routes.hpp"
#include "runtime/driver.hpp"

namespace astral::gateways {

// **Thread**: the default main context. A player counts among the connections of the HTTP server. Its request
// and its connection call back with its id, and never after it is gone: at(id) checks that.
class Live {
 public:
  explicit Live(runtime::Driver &driver, Time patience = 8s, const MediaConnection::Limits &limits = {},
                std::size_t max_players = 1'000);

  // `format` is one of live_formats().
  void play(const http::Call &call, const formats::LiveFormat &format, const http::Answer &answer);
  std::vector<formats::LiveFormat> live_formats() const { return driver_.media().live_formats(); }
  std::size_t players() const { return players_.size(); }

 private:
  struct Player {
    http::Answer answer;
    bool is_ready = false;
    std::unique_ptr<MediaConnection> connection = {};
    std::unique_ptr<PlaybackRequest> request = {};
  };

  void on_ready(std::uint64_t id, const std::string &type);
  void on_over(std::uint64_t id, const std::string &slug, const Error &error);
  void take_over(std::uint64_t id, Ref<GIOStream> stream, std::string head);

  runtime::Driver &driver_;
  const Time patience_;
  const MediaConnection::Limits limits_;
  const std::size_t max_players_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, Player> players_;
  Mailbox mailbox_;
};

void add_live_calls(std::vector<http::Route> &routes, Live &live);

}  // namespace astral::gateways
