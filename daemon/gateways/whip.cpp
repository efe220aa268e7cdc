// SPDX-License-Identifier: BSD-3-Clause
#include "gateways/whip.hpp"

#include <utility>
#include <vector>

#include "core/slug.hpp"
#include "gateways/rtc_calls.hpp"

namespace astral::gateways {
namespace {

constexpr std::size_t max_sessions = 32;

rtmp::Metadata metadata_of(const webrtc::Plan &plan) {
  rtmp::amf::Object properties;
  const auto expects = [&](const std::optional<webrtc::Chosen> &chosen, const char *codec, double id,
                           const char *rate) {
    if (!chosen) return;
    properties.push_back({codec, {id}});
    if (const std::uint32_t kbps = plan.media(*chosen).bandwidth_kbps; kbps > 0)
      properties.push_back({rate, {static_cast<double>(kbps)}});
  };
  expects(plan.video(), "videocodecid", 7, "videodatarate");
  expects(plan.audio(), "audiocodecid", 10, "audiodatarate");
  return {{std::move(properties)}};
}

// About tracks that have to be transcoded.
std::vector<std::string> warnings_of(const webrtc::Plan &plan) {
  std::vector<std::string> warnings;
  if (plan.video() && plan.video()->payload.codec != "H264")
    warnings.push_back("The video arrives as " + plan.video()->payload.codec +
                       "; the publisher's node transcodes it to H.264");
  if (plan.audio())
    warnings.push_back("The audio arrives as Opus; the publisher's node transcodes it to AAC");
  return warnings;
}

http::Reply refusal(const Error &error) {
  return error.code == Code::no_room ? http::reply_error(error, 503) : http::reply_error(error);
}

}  // namespace

Whip::Whip(runtime::Driver &driver, Publishers &publishers)
    : driver_(driver), publishers_(publishers), mailbox_(g_main_context_default()) {}

void Whip::publish(const http::Call &call, const http::Answer &answer) {
  if (sessions_.size() >= max_sessions)
    return answer(refusal({Code::no_room, "too many publishers at this node"}));
  const std::string id = new_session();
  Session &session =
      sessions_.emplace(id, Session{.slug = call.params.at("slug"), .answer = answer}).first->second;
  if (const auto begun = begin(id, session, call); !begun) {
    publishers_.leave(session.publisher);
    sessions_.erase(id);
    answer(refusal(begun.error()));
  }
}

Expected<void> Whip::begin(const std::string &id, Session &session, const http::Call &call) {
  if (!core::is_slug(session.slug))
    return fail(Code::invalid,
                "the stream's name in the URL may have letters a-z, digits and single hyphens");
  auto offer = offer_of(call);
  if (!offer) return tl::unexpected<Error>(offer.error());
  auto plan = webrtc::Plan::to_receive(std::move(*offer));
  if (!plan) return tl::unexpected<Error>(plan.error());
  const auto publisher =
      publishers_.begin(session.slug, [this, id](const Error &error) { on_over(id, error); });
  if (!publisher) return tl::unexpected<Error>(publisher.error());
  session.publisher = *publisher;
  for (const std::string &warning : warnings_of(*plan)) publishers_.warn(*publisher, warning);
  publishers_.expect(*publisher, metadata_of(*plan));
  auto peer = driver_.media().receive_rtc(
      std::move(*plan), {.on_answer = [this, id](const std::string &sdp) { on_answer(id, sdp); },
                         .on_connected = [] {},
                         .on_over = [this, id](const Error &error) { on_over(id, error); },
                         .on_media = [this, id](const rtmp::Media &media) { on_media(id, media); }});
  if (!peer) return tl::unexpected<Error>(peer.error());
  session.peer = std::move(*peer);
  return {};
}

void Whip::on_answer(const std::string &id, const std::string &sdp) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  g_info("whip: %s is published", found->second.slug.c_str());
  const http::Answer answer = std::exchange(found->second.answer, {});
  answer(created(found->second.slug, "whip", id, sdp));
}

void Whip::on_media(const std::string &id, const rtmp::Media &media) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  if (const auto pushed = publishers_.push(found->second.publisher, media); !pushed)
    mailbox_.post([this, id, error = pushed.error()] { on_over(id, error); });
}

void Whip::on_over(const std::string &id, const Error &error) {
  const auto over = sessions_.extract(id);
  if (over.empty()) return;
  const Session &session = over.mapped();
  g_info("whip: %s: %s", session.slug.c_str(), error.detail.c_str());
  publishers_.leave(session.publisher);
  if (session.answer) session.answer(refusal(error));
}

void Whip::remove(const http::Call &call, const http::Answer &answer) {
  const auto found = sessions_.find(call.params.at("session"));
  if (found == sessions_.end() || found->second.slug != call.params.at("slug"))
    return answer(http::reply_error({Code::not_found, "no such session"}));
  publishers_.finish(found->second.publisher);
  sessions_.erase(found);
  answer(http::reply(json::Builder()));
}

}  // namespace astral::gateways
