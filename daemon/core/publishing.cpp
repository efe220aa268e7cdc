// SPDX-License-Identifier: BSD-3-Clause
#include "core/publishing.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/limits.hpp"
#include "core/slug.hpp"

namespace astral::core {
namespace {

bool published_by(const StreamState *stream, PeerId peer) {
  return stream != nullptr && stream->own && stream->own->publisher == peer;
}

}  // namespace

StreamInfo Publishing::made(const Slug &slug, StreamInfo stream) const {
  stream.slug = slug;
  if (stream.name.empty()) stream.name = slug;
  stream.source = node_.self();
  stream.fingerprint = node_.settings.fingerprint;
  stream.streaming = stream.paused = stream.ended = false;
  stream.media.clear();
  stream.bitrate_kbps = 0;
  stream.created = node_.unix_ms() / 1000;
  stream.updated = 0;
  return stream;
}

void Publishing::create(const CreateStream &input) {
  const StreamInfo &stream = input.stream;
  const Slug slug = stream.slug.empty() ? slug_of(stream.name) : stream.slug;
  const auto no = [&](Code code, const char *why) { outbox_.answer(input.call, fail(code, why)); };
  if (!is_slug(slug)) return no(Code::invalid, "slug: a-z, 0-9 and single hyphens");
  if (stream.name.size() > max_name) return no(Code::too_large, "name: more than 200 bytes");
  if (stream.description.size() > max_description)
    return no(Code::too_large, "description: more than 1000 bytes");
  if (!is_text(stream.name, max_name) || !is_text(stream.description, max_description))
    return no(Code::invalid, "name, description: no control characters");
  claim(made(slug, stream), {.call = input.call});
}

void Publishing::publish(const Peer &peer, const Publish &publish) {
  const auto no = [&](RefusalCode code, const char *why) {
    sessions_.send(peer.id, Refusal{.ticket = {}, .slug = publish.slug, .code = code, .message = why});
  };
  if (peer.kind != PeerKind::element) return no(RefusalCode::bad_request, "only an element publishes");
  if (!is_slug(publish.slug)) return no(RefusalCode::bad_request, "slug: a-z, 0-9 and single hyphens");
  if (!is_text(publish.name, max_name) || !is_text(publish.description, max_description) ||
      !is_text(publish.media, max_media))
    return no(RefusalCode::bad_request, "name, description or media: too long, or control characters");
  claim(made(publish.slug, {.name = publish.name, .description = publish.description}),
        {.peer = peer.id, .media = publish.media, .bitrate_kbps = publish.bitrate_kbps});
}

// A stream whose key this node has may come from another node: its streamer has changed machines.
bool Publishing::may_have(const StreamInfo &known) const {
  StreamKeys *keys = node_.settings.stream_keys;
  if (known.is_signed() && keys != nullptr) return keys->has(known.slug, known.fingerprint);
  return known.source == node_.self();
}

Expected<void> Publishing::sign(StreamInfo &stream) const {
  if (node_.settings.stream_keys == nullptr) return {};
  stream.expires = static_cast<std::uint64_t>(node_.unix_ms() + statement_life / 1ms);
  return node_.settings.stream_keys->sign(stream);
}

// Whatever leaves the directory is signed. claim() has seen that this works.
void Publishing::keep(StreamInfo info) {
  const auto keyed = sign(info);
  assert(keyed);
  directory_.own(info);
}

// Finds out whether we may have the name: it is ours already, it belongs to another node, or the origin is
// asked. Without an origin it becomes ours at once.
void Publishing::claim(StreamInfo stream, Waiter waiter) {
  const Slug slug = stream.slug;
  if (directory_.is_own(slug)) return admit(slug, waiter, false);
  const StreamInfo *known = directory_.stream(slug);
  // A stream that others remember as ours, from before a restart, is ours.
  if (known != nullptr && !may_have(*known))
    return refuse(slug, waiter, {Code::conflict, "the name is taken by node " + known->source});
  stream.updated = node_.next_version(directory_.version(slug));
  if (const auto keyed = sign(stream); !keyed) return refuse(slug, waiter, keyed.error());
  for (auto &[question, registration] : registrations_) {
    if (registration.stream.slug != slug) continue;
    if (registration.waiters.size() >= max_waiting_calls)
      return refuse(slug, waiter, {Code::no_room, "too many ask for this name at once"});
    registration.waiters.push_back(std::move(waiter));
    return;
  }
  if (directory_.own_streams() + registrations_.size() >= max_own_streams ||
      directory_.stream_count() >= max_streams || streams_.all.size() >= max_carried)
    return refuse(slug, waiter, {Code::no_room, "this node has too many streams"});
  if (!node_.settings.has_origin) {
    establish(stream, true);
    return admit(slug, waiter, true);
  }
  const CallId question = outbox_.next_id++;
  outbox_.emit(RegisterStream{.call = question, .stream = stream});
  timers_.set({.kind = TimerKind::registration, .number = question},
              node_.now + node_.settings.timeouts.registration);
  Registration &registration = registrations_[question];
  registration.stream = std::move(stream);
  registration.waiters.push_back(std::move(waiter));
}

void Publishing::origin_answered(const OriginAnswered &input) {
  const auto found = registrations_.find(input.call);
  if (found == registrations_.end()) return;  // it answers an update, or is too late
  const Registration registration = std::move(found->second);
  registrations_.erase(found);
  timers_.drop({.kind = TimerKind::registration, .number = input.call});
  const Slug &slug = registration.stream.slug;
  bool created = false;
  for (const Waiter &waiter : registration.waiters) {
    const StreamInfo *known = directory_.stream(slug);
    if (!input.result) {
      refuse(slug, waiter, input.result.error());
    } else if (known != nullptr && !directory_.is_own(slug) && !may_have(*known)) {
      refuse(slug, waiter, {Code::conflict, "the name is taken by node " + known->source});
    } else if (!directory_.is_own(slug) &&
               (directory_.stream_count() >= max_streams || streams_.all.size() >= max_carried)) {
      refuse(slug, waiter, {Code::no_room, "this node has too many streams"});
    } else {
      if (!directory_.is_own(slug)) {
        establish(registration.stream, true);
        created = true;
      }
      admit(slug, waiter, std::exchange(created, false));
    }
  }
}

void Publishing::registration_due(CallId question) {
  origin_answered({.call = question, .result = fail(Code::timeout, "the origin does not answer")});
}

void Publishing::fail_pending(const Error &error) {
  while (!registrations_.empty())
    origin_answered({.call = registrations_.begin()->first, .result = tl::unexpected<Error>(error)});
}

void Publishing::establish(const StreamInfo &stream, bool registered) {
  // If this node gets the stream from other nodes, or searches for it, that ends.
  if (const StreamState *looked_for = streams_.find(stream.slug); looked_for != nullptr) {
    assert(!looked_for->own);  // the callers have asked the directory, which knows of all of ours
    consumer_.drop(stream.slug, {Code::no_room, "it is being published here now: ask again"}, "moved");
  }
  StreamInfo info = stream;
  info.updated = directory_.version(stream.slug);
  StreamState &carried = streams_.open(info.slug);
  carried.own.emplace();
  keep(std::move(info));
  changed(carried, registered);
  outbox_.post(NeedChanged{.slug = info.slug});
  if (!tickets_.any_given(info.slug)) return;
  carried.media = true;  // local players wait for it
  outbox_.emit(OpenMedia{.slug = info.slug, .own = true});
  outbox_.post(MediaOpened{.slug = info.slug});
}

void Publishing::admit(const Slug &slug, const Waiter &waiter, bool created) {
  StreamState &stream = *streams_.find(slug);
  if (waiter.call) {
    outbox_.answer(*waiter.call, Answered{.stream = *directory_.stream(slug), .created = created});
    return;
  }
  const Peer *peer = sessions_.peers.find(waiter.peer);
  if (peer == nullptr) return;  // gone while the origin was asked
  if (stream.own->publisher != 0 && stream.own->publisher != peer->id)
    return refuse(slug, waiter, {Code::conflict, "another publisher is attached"});
  if (tickets_.full(peer->id)) return refuse(slug, waiter, {Code::no_room, "too many tickets"});
  sessions_.send(peer->id, Published{.slug = slug, .largest_group = stream.own->largest_group});
  timers_.drop({.kind = TimerKind::publisher, .name = slug});
  StreamInfo info = *directory_.stream(slug);
  info.ended = stream.own->ended = stream.own->away = false;
  keep(info);
  if (stream.own->publisher == 0) consumer_.attach(stream, peer->id);
  if (!waiter.media.empty()) info.media = waiter.media;
  if (waiter.bitrate_kbps > 0) info.bitrate_kbps = waiter.bitrate_kbps;  // until it is measured
  budget_.told(info);
  keep(std::move(info));
  changed(stream);
}

void Publishing::refuse(const Slug &slug, const Waiter &waiter, const Error &error) {
  if (waiter.call) return outbox_.answer(*waiter.call, tl::unexpected<Error>(error));
  const auto code = [&] {
    switch (error.code) {
      case Code::conflict:
      case Code::refused:
        return RefusalCode::conflict;
      case Code::no_room:
        return RefusalCode::no_room;
      case Code::timeout:
      case Code::unreachable:
        return RefusalCode::timeout;
      default:
        return RefusalCode::bad_request;
    }
  }();
  sessions_.send(waiter.peer, Refusal{.ticket = {}, .slug = slug, .code = code, .message = error.detail});
}

void Publishing::changed(StreamState &stream, bool registered) {
  StreamInfo info = *directory_.stream(stream.slug);
  info.streaming = stream.own->publisher != 0 && !stream.own->paused && !stream.own->away;
  info.paused = stream.own->paused;
  info.ended = stream.own->ended;
  info.updated = node_.next_version(directory_.version(stream.slug));
  stream.own->told_kbps = info.bitrate_kbps;
  keep(std::move(info));
  outbox_.post(OwnChanged{.slug = stream.slug, .registered = registered});
}

void Publishing::set_streaming(const SetStreaming &input) {
  const Expected<StreamInfo> ours = may_delete(input.slug);
  if (!ours) return outbox_.answer(input.call, tl::unexpected<Error>(ours.error()));
  StreamState &stream = *streams_.find(input.slug);
  if (stream.own->paused == input.streaming) {
    stream.own->paused = !input.streaming;
    if (stream.own->paused)
      consumer_.pause(stream, "paused", "the stream is paused");
    else
      consumer_.resume(stream);
    changed(stream);
  }
  outbox_.answer(input.call, Answered{.stream = *directory_.stream(input.slug)});
}

Expected<StreamInfo> Publishing::may_delete(const Slug &slug) const {
  const StreamInfo *stream = directory_.stream(slug);
  if (stream == nullptr) return fail(Code::not_found, "no such stream");
  if (!directory_.is_own(slug))
    return fail(Code::refused,
                "it belongs to node " + directory_.name_of(stream->source) + ": pause or delete it there");
  return *stream;
}

Gone Publishing::last_word(const Slug &slug) {
  StreamInfo info = *directory_.stream(slug);
  if (!info.is_signed()) return {.slug = slug, .updated = info.updated};
  info.streaming = info.paused = false;
  info.ended = info.deleted = true;
  info.updated = node_.next_version(directory_.version(slug));
  keep(std::move(info));
  const StreamInfo &word = *directory_.stream(slug);
  return {.slug = slug, .updated = word.updated, .stream = {word}};
}

void Publishing::forget(const Slug &slug) {
  timers_.drop({.kind = TimerKind::publisher, .name = slug});
  directory_.disown(slug);
  if (node_.settings.has_origin) outbox_.emit(UnregisterStream{.slug = slug});
}

void Publishing::media(const Peer &peer, const Media &media) {
  StreamState *stream = streams_.find(media.slug);
  if (!published_by(stream, peer.id) || !is_text(media.media, max_media)) return;
  StreamInfo info = *directory_.stream(media.slug);
  if (info.media == media.media || info.is_private) return;
  info.media = media.media;
  keep(std::move(info));
  changed(*stream);
}

void Publishing::ended(const Peer &peer, const Ended &ended) {
  StreamState *stream = streams_.find(ended.slug);
  if (published_by(stream, peer.id)) finish(*stream);
}

void Publishing::goodbye(const Peer &peer) {
  for (auto &[slug, stream] : streams_.all)
    if (published_by(&stream, peer.id)) finish(stream);
}

void Publishing::peer_gone(PeerId peer) {
  for (auto &[slug, stream] : streams_.all) {
    if (!published_by(&stream, peer)) continue;
    detach(stream, "the publisher is gone");
    timers_.set({.kind = TimerKind::publisher, .name = slug},
                node_.now + node_.settings.timeouts.publisher_wait);
  }
}

void Publishing::publisher_due(const Slug &slug) {
  StreamState *stream = streams_.find(slug);
  if (stream != nullptr && stream->own && stream->own->publisher == 0) finish(*stream);
}

void Publishing::away(const PublisherAway &input) {
  StreamState *stream = streams_.find(input.slug);
  if (stream == nullptr || !stream->own || stream->own->publisher == 0) return;
  if (std::exchange(stream->own->away, input.away) != input.away) changed(*stream);
}

void Publishing::reworded(const StreamReworded &input) {
  StreamState *stream = streams_.find(input.slug);
  if (stream != nullptr && stream->own) changed(*stream);
}

void Publishing::detach(StreamState &stream, const std::string &why) {
  stream.own->publisher = 0;
  consumer_.pause(stream, "ended", why);
  changed(stream);
}

void Publishing::finish(StreamState &stream) {
  stream.own->publisher = 0;
  stream.own->away = false;
  stream.own->ended = true;
  changed(stream);
  consumer_.finish(stream);
}

void Publishing::measured(const MediaMeasured &input) {
  StreamState *stream = streams_.find(input.slug);
  if (stream == nullptr) return;
  budget_.measured(input.slug, input.rate_bps);
  if (!stream->own) return;
  stream->own->largest_group = std::max(stream->own->largest_group, input.largest_group);
  const StreamInfo &before = *directory_.stream(input.slug);
  StreamInfo info = before;
  const std::uint64_t kbps = input.rate_bps / 1000 + (input.rate_bps % 1000 == 0 ? 0 : 1);
  if (kbps > 0) info.bitrate_kbps = std::min(kbps, max_rate_kbps);
  const bool other_caps =
      !info.is_private && !input.caps.empty() && is_text(input.caps, max_media) && input.caps != info.media;
  if (other_caps) info.media = input.caps;
  if (info == before) return;
  budget_.told(info);  // this node is the publisher: what it measures is its word
  const bool is_first = stream->own->told_kbps == 0 && info.bitrate_kbps != 0;
  keep(std::move(info));
  if (other_caps || is_first) changed(*stream);
}

void Publishing::beat() {
  bool is_on_air = false;
  for (auto &[slug, stream] : streams_.all) {
    if (!stream.own) continue;
    const StreamInfo &info = *directory_.stream(slug);
    is_on_air = is_on_air || info.streaming;
    const std::uint64_t rate = info.bitrate_kbps;
    const std::uint64_t told = stream.own->told_kbps;
    const std::uint64_t apart = rate > told ? rate - told : told - rate;
    // The version may be in the future, because it is above all that other nodes know. Nodes whose clocks are
    // behind ours refuse it, so they are told again until that time has come.
    const bool early = static_cast<std::int64_t>(info.updated) > node_.unix_ms();
    const bool is_old =
        info.is_signed() && static_cast<std::int64_t>(info.expires) < node_.unix_ms() + statement_life / 2ms;
    const bool is_overtaken = directory_.version(slug) > info.updated;
    if (early || is_old || is_overtaken || apart > told / 10) changed(stream);
  }
  if (is_on_air && !node_.supernode()) outbox_.post(OnAir{});
}

void Publishing::leave() {
  for (auto &[slug, stream] : streams_.all)
    if (stream.own) detach(stream, "shutting down");
}

}  // namespace astral::core
