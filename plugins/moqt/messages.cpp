// SPDX-License-Identifier: BSD-3-Clause
// Encodes control messages, reads their frames and gives their names. messages_decode.cpp decodes the bodies.
#include "moqt/messages.hpp"

#include <cassert>

#include "moqt/limits.hpp"

namespace astral::moqt {

namespace {

MessageType write_body(Writer &out, const Setup &setup, Version) {
  write(out, setup.options);
  return MessageType::setup;
}

MessageType write_body(Writer &out, const Goaway &goaway, Version version) {
  out.prefixed(goaway.uri).vi64(goaway.timeout_ms);
  if (version == Version::draft18 && goaway.request) out.vi64(raw(*goaway.request));
  return MessageType::goaway;
}

void write_track_request(Writer &out, RequestId id, const TrackName &track, const Parameters &parameters) {
  out.vi64(raw(id));
  write(out, track);
  write(out, parameters);
}

MessageType write_body(Writer &out, const Subscribe &subscribe, Version) {
  write_track_request(out, subscribe.id, subscribe.track, subscribe.parameters);
  return MessageType::subscribe;
}

MessageType write_body(Writer &out, const TrackStatus &status, Version) {
  write_track_request(out, status.id, status.track, status.parameters);
  return MessageType::track_status;
}

MessageType write_body(Writer &out, const SubscribeOk &ok, Version) {
  out.vi64(raw(ok.alias));
  write(out, ok.parameters);
  write(out, ok.properties);
  return MessageType::subscribe_ok;
}

MessageType write_body(Writer &out, const RequestOk &ok, Version) {
  write(out, ok.parameters);
  write(out, ok.properties);
  return MessageType::request_ok;
}

MessageType write_body(Writer &out, const RequestError &error, Version) {
  // Checks our own caller; Astral never redirects.
  assert((error.code == RequestCode::redirect) == error.redirect.has_value());
  out.vi64(static_cast<std::uint64_t>(error.code)).vi64(error.retry).prefixed(error.reason);
  if (error.redirect) {
    out.prefixed(error.redirect->uri);
    write(out, error.redirect->track);
  }
  return MessageType::request_error;
}

MessageType write_body(Writer &out, const RequestUpdate &update, Version) {
  out.vi64(raw(update.id));
  write(out, update.parameters);
  return MessageType::request_update;
}

MessageType write_body(Writer &out, const Publish &publish, Version) {
  out.vi64(raw(publish.id));
  write(out, publish.track);
  out.vi64(raw(publish.alias));
  write(out, publish.parameters);
  write(out, publish.properties);
  return MessageType::publish;
}

MessageType write_body(Writer &out, const PublishDone &done, Version) {
  out.vi64(static_cast<std::uint64_t>(done.code)).vi64(done.stream_count).prefixed(done.reason);
  return MessageType::publish_done;
}

void write_space_request(Writer &out, RequestId id, const Namespace &space, const Parameters &parameters) {
  out.vi64(raw(id));
  write(out, space);
  write(out, parameters);
}

MessageType write_body(Writer &out, const PublishNamespace &publish, Version) {
  write_space_request(out, publish.id, publish.space, publish.parameters);
  return MessageType::publish_namespace;
}

MessageType write_body(Writer &out, const SubscribeNamespace &subscribe, Version) {
  write_space_request(out, subscribe.id, subscribe.prefix, subscribe.parameters);
  return MessageType::subscribe_namespace;
}

MessageType write_body(Writer &out, const SubscribeTracks &subscribe, Version) {
  write_space_request(out, subscribe.id, subscribe.prefix, subscribe.parameters);
  return MessageType::subscribe_tracks;
}

MessageType write_body(Writer &out, const NamespaceFound &found, Version) {
  write(out, found.suffix);
  return MessageType::namespace_;
}

MessageType write_body(Writer &out, const NamespaceDone &done, Version) {
  write(out, done.suffix);
  return MessageType::namespace_done;
}

MessageType write_body(Writer &out, const PublishBlocked &blocked, Version) {
  write(out, blocked.suffix);
  out.prefixed(blocked.name);
  return MessageType::publish_blocked;
}

MessageType write_body(Writer &out, const Fetch &fetch, Version) {
  out.vi64(raw(fetch.id));
  if (const auto *range = std::get_if<StandaloneFetch>(&fetch.range)) {
    out.vi64(1);
    write(out, range->track);
    out.location(range->start).location(range->end);
  } else {
    const auto &joining = std::get<JoiningFetch>(fetch.range);
    out.vi64(joining.relative ? 2 : 3).vi64(raw(joining.request)).vi64(joining.start);
  }
  write(out, fetch.parameters);
  return MessageType::fetch;
}

MessageType write_body(Writer &out, const FetchOk &ok, Version) {
  out.uint8(ok.end_of_track ? 1 : 0).location(ok.end);
  write(out, ok.parameters);
  write(out, ok.properties);
  return MessageType::fetch_ok;
}

}  // namespace

std::vector<std::uint8_t> encode(const Message &message, Version version) {
  Writer body;
  const MessageType type =
      std::visit([&](const auto &one) { return write_body(body, one, version); }, message);
  assert(body.size() <= max_control_body);  // precondition, see the header
  Writer out;
  out.vi64(static_cast<std::uint64_t>(type))
      .uint16(static_cast<std::uint16_t>(body.size()))
      .bytes(body.view());
  return out.take();
}

Decoded<Frame> next_frame(Bytes stream) {
  Reader in(stream);
  Frame frame;
  const std::uint64_t type = in.vi64();
  if (!in.ok()) return frame;
  frame.type = static_cast<MessageType>(type);
  if (name_of(frame.type).empty()) return violation("unknown message type " + std::to_string(type));
  const std::uint16_t length = in.uint16();
  frame.body = in.take(length);
  if (in.ok()) frame.size = stream.size() - in.left();
  return frame;
}

std::string_view name_of(MessageType type) {
  switch (type) {
    case MessageType::request_update:
      return "REQUEST_UPDATE";
    case MessageType::subscribe:
      return "SUBSCRIBE";
    case MessageType::subscribe_ok:
      return "SUBSCRIBE_OK";
    case MessageType::request_error:
      return "REQUEST_ERROR";
    case MessageType::publish_namespace:
      return "PUBLISH_NAMESPACE";
    case MessageType::request_ok:
      return "REQUEST_OK";
    case MessageType::namespace_:
      return "NAMESPACE";
    case MessageType::publish_done:
      return "PUBLISH_DONE";
    case MessageType::track_status:
      return "TRACK_STATUS";
    case MessageType::namespace_done:
      return "NAMESPACE_DONE";
    case MessageType::publish_blocked:
      return "PUBLISH_BLOCKED";
    case MessageType::goaway:
      return "GOAWAY";
    case MessageType::fetch:
      return "FETCH";
    case MessageType::fetch_ok:
      return "FETCH_OK";
    case MessageType::publish:
      return "PUBLISH";
    case MessageType::subscribe_namespace:
      return "SUBSCRIBE_NAMESPACE";
    case MessageType::subscribe_tracks:
      return "SUBSCRIBE_TRACKS";
    case MessageType::setup:
      return "SETUP";
  }
  return {};
}

}  // namespace astral::moqt
