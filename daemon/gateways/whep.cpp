// SPDX-License-Identifier: BSD-3-Clause
#include "gateways/whep.hpp"

#include <algorithm>
#include <utility>

#include "formats/rtc_frame.hpp"
#include "gateways/rtc_calls.hpp"
#include "runtime/stream_error.hpp"

namespace astral::gateways {
namespace {

constexpr Time again_after = 500ms;

}  // namespace

Whep::Whep(runtime::Driver &driver, const Limits &limits)
    : driver_(driver),
      limits_(limits),
      timer_(g_main_context_default(), [this] { retry_streams(); }),
      mailbox_(g_main_context_default()) {}

Expected<void> Whep::may_watch(const http::Call &call) const {
  const auto from_there = std::count_if(viewers_.begin(), viewers_.end(), [&](const auto &entry) {
    return entry.second.caller == call.caller;
  });
  if (viewers_.size() >= limits_.viewers)
    return fail(Code::unreachable, "as many play here by WebRTC as the node's setting max-players allows");
  if (!call.is_loopback && from_there >= static_cast<std::ptrdiff_t>(limits_.per_caller))
    return fail(Code::unreachable, "too many WebRTC viewers from this address");
  return {};
}

void Whep::watch(const http::Call &call, const http::Answer &answer) {
  if (const auto may = may_watch(call); !may) return answer(http::reply_error(may.error()));
  auto offer = offer_of(call);
  if (!offer) return answer(http::reply_error(offer.error()));
  const std::string id = new_session();
  Viewer &viewer = viewers_
                       .emplace(id, Viewer{.slug = call.params.at("slug"),
                                           .caller = call.caller,
                                           .may_bring = call.may_watch,
                                           .may_watch_private = call.may_watch_private,
                                           .offer = std::move(*offer),
                                           .answer = answer})
                       .first->second;
  request_stream(id, viewer);
}

// Asks for the stream twice: before the answer, to learn the tracks, and when the viewer is connected, to
// begin with the newest group.
void Whep::request_stream(const std::string &id, Viewer &viewer) {
  viewer.request = std::make_unique<PlaybackRequest>(
      driver_,
      PlaybackRequest::Wish{.slug = viewer.slug,
                            .format = formats::Format::webrtc,
                            .may_bring = viewer.may_bring,
                            .may_watch_private = viewer.may_watch_private,
                            .patience = limits_.patience},
      PlaybackRequest::Handler{
          .on_ready = [] {},
          .on_frame = [this, id](const Slice &piece, bool is_start) { on_piece(id, piece, is_start); },
          .on_over = [this, id](const Error &error) { on_stream_over(id, error); }});
}

void Whep::on_piece(const std::string &id, const Slice &piece, bool is_start) {
  Viewer &viewer = viewers_.at(id);
  if (viewer.is_connected) {
    viewer.until = never;
    return viewer.peer->play(piece, is_start);
  }
  if (viewer.is_planned) return;
  const auto tracks = formats::read_tracks(piece);
  if (!tracks) return;
  viewer.is_planned = true;
  mailbox_.post([this, id, tracks = *tracks] { begin(id, tracks); });  // its PlaybackRequest is calling us
}

void Whep::begin(const std::string &id, const webrtc::Tracks &tracks) {
  const auto found = viewers_.find(id);
  if (found == viewers_.end()) return;
  auto plan = webrtc::Plan::to_send(std::move(found->second.offer), tracks);
  if (!plan) return on_over(id, plan.error());
  auto peer = driver_.media().send_rtc(
      std::move(*plan), {.on_answer = [this, id](const std::string &sdp) { on_answer(id, sdp); },
                         .on_connected = [this, id] { on_connected(id); },
                         .on_over = [this, id](const Error &error) { on_over(id, error); },
                         .on_media = [](const rtmp::Media &) {}});
  if (!peer) return on_over(id, peer.error());
  found->second.peer = std::move(*peer);
}

void Whep::on_answer(const std::string &id, const std::string &sdp) {
  const auto found = viewers_.find(id);
  if (found == viewers_.end()) return;
  const http::Answer answer = std::exchange(found->second.answer, {});
  answer(created(found->second.slug, "whep", id, sdp));
}

void Whep::on_connected(const std::string &id) {
  const auto found = viewers_.find(id);
  if (found == viewers_.end()) return;
  found->second.is_connected = true;
  request_stream(id, found->second);
}

// An established connection waits for the stream to return, unless it has ended.
void Whep::on_stream_over(const std::string &id, const Error &error) {
  Viewer &viewer = viewers_.at(id);
  const auto stream = driver_.node().find_stream(viewer.slug);
  const bool ended = !stream || stream->ended;
  if (viewer.answer || ended || error.code == Code::unsupported) return on_over(id, error);
  g_info("whep: %s: %s", viewer.slug.c_str(), error.detail.c_str());
  viewer.request.reset();
  if (viewer.until == never) viewer.until = now() + limits_.for_return;
  timer_.set(now() + again_after);
}

void Whep::retry_streams() {
  std::vector<std::string> late;
  for (auto &[id, viewer] : viewers_) {
    if (viewer.request) continue;
    if (viewer.until <= now()) late.push_back(id);
    request_stream(id, viewer);
  }
  for (const std::string &id : late) on_over(id, {Code::not_found, "the stream has ended"});
}

void Whep::on_over(const std::string &id, const Error &error) {
  const auto over = viewers_.extract(id);
  if (over.empty()) return;
  const Viewer &viewer = over.mapped();
  g_info("whep: %s: %s", viewer.slug.c_str(), error.detail.c_str());
  if (viewer.answer) viewer.answer(http::reply_error(runtime::about_stream(error, viewer.slug)));
}

void Whep::remove(const http::Call &call, const http::Answer &answer) {
  const auto found = viewers_.find(call.params.at("session"));
  if (found == viewers_.end() || found->second.slug != call.params.at("slug"))
    return answer(http::reply_error({Code::not_found, "no such session"}));
  viewers_.erase(found);
  answer(http::reply(json::Builder()));
}

}  // namespace astral::gateways
