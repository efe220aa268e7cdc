// SPDX-License-Identifier: BSD-3-Clause
#include "gateways/live.hpp"

#include <utility>

#include "runtime/stream_error.hpp"

namespace astral::gateways {
namespace {

http::Reply uncached(http::Reply out) {
  out.headers.emplace_back("Cache-Control", "no-store");
  return out;
}

}  // namespace

Live::Live(runtime::Driver &driver, Time patience, const MediaConnection::Limits &limits,
           std::size_t max_players)
    : driver_(driver),
      patience_(patience),
      limits_(limits),
      max_players_(max_players),
      mailbox_(g_main_context_default()) {}

void Live::play(const http::Call &call, const formats::LiveFormat &format, const http::Answer &answer) {
  const std::string &slug = call.params.at("slug");
  if (players_.size() >= max_players_)
    return answer(uncached(http::reply_error(
        {Code::unreachable, "as many play here as the node's setting max-players allows"})));
  const std::uint64_t id = next_++;
  Player &player = players_.emplace(id, Player{.answer = answer}).first->second;
  player.request = std::make_unique<PlaybackRequest>(
      driver_,
      PlaybackRequest::Wish{.slug = slug,
                            .format = format.format,
                            .may_bring = call.may_watch,
                            .may_watch_private = call.may_watch_private,
                            .patience = patience_},
      PlaybackRequest::Handler{
          .on_ready = [this, id, type = format.type] { on_ready(id, type); },
          .on_frame =
              [this, id](const Slice &frame, bool is_start) {
                if (Player &to = players_.at(id); to.connection) to.connection->play(frame, is_start);
              },
          .on_over = [this, id, slug](const Error &error) { on_over(id, slug, error); }});
}

void Live::on_ready(std::uint64_t id, const std::string &type) {
  Player &player = players_.at(id);
  player.is_ready = true;
  http::Reply reply = uncached({.type = type});
  reply.take_over = [this, id](Ref<GIOStream> stream, std::string head) {
    take_over(id, std::move(stream), std::move(head));
  };
  const http::Answer answer = std::move(player.answer);
  answer(std::move(reply));
}

void Live::take_over(std::uint64_t id, Ref<GIOStream> stream, std::string head) {
  // The player's PlaybackRequest is calling us, so it is erased later.
  if (!stream) return mailbox_.post([this, id] { players_.erase(id); });
  Player &player = players_.at(id);
  player.connection = std::make_unique<MediaConnection>(
      std::move(stream), limits_,
      MediaConnection::Handler{.on_bytes = [](Bytes) {},
                               .on_gone = [this, id](const std::string &) { players_.erase(id); }});
  player.connection->send(Slice::copy(as_bytes(head)));
}

void Live::on_over(std::uint64_t id, const std::string &slug, const Error &error) {
  Player &player = players_.at(id);
  if (!player.is_ready) {
    const http::Answer answer = std::move(player.answer);
    players_.erase(id);
    return answer(uncached(http::reply_error(runtime::about_stream(error, slug))));
  }
  if (!player.connection) return static_cast<void>(players_.erase(id));
  player.connection->close();
}

void add_live_calls(std::vector<http::Route> &routes, Live &live) {
  for (const formats::LiveFormat &format : live.live_formats()) {
    routes.push_back(
        {.method = "GET",
         .pattern = "/stream/:slug" + format.path(),
         .handle = [l = &live, format](const http::Call &call,
                                       const http::Answer &answer) { l->play(call, format, answer); },
         .is_open = true});
  }
}

}  // namespace astral::gateways
