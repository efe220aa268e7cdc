// SPDX-License-Identifier: BSD-3-Clause
// Decodes control messages. A body that is longer or shorter than its fields is a protocol violation. Each
// decoder checks this once, at its end: a Reader never reads past the end.
#include <utility>

#include "moqt/limits.hpp"
#include "moqt/messages.hpp"

namespace astral::moqt {

namespace {

Decoded<Message> ended(const Reader &in, Message message) {
  if (!in.ok()) return violation("message is shorter than its fields");
  if (in.left() != 0) return violation("message is longer than its fields");
  return message;
}

Decoded<std::string> read_text(Reader &in, std::size_t maximum, const char *what) {
  const std::uint64_t size = in.vi64();
  if (size > maximum) return violation(std::string(what) + " is too long");
  return std::string(as_text(in.take(size)));
}

// Stores a decoded part, or copies its violation to `why`.
template <typename T>
bool store(Decoded<T> from, T &to, Violation &why) {
  if (!from) {
    why = std::move(from.error());
    return false;
  }
  to = std::move(*from);
  return true;
}

Decoded<Message> decode_setup(Reader &in) {
  Setup setup;
  Violation why;
  if (!store(decode_properties(in.take_rest()), setup.options, why)) return tl::unexpected(why);
  return ended(in, std::move(setup));
}

Decoded<Message> decode_goaway(Reader &in, Version version) {
  Goaway goaway;
  Violation why;
  if (!store(read_text(in, max_goaway_uri, "GOAWAY's URI"), goaway.uri, why)) return tl::unexpected(why);
  goaway.timeout_ms = in.vi64();
  if (version == Version::draft18 && in.left() != 0) goaway.request = RequestId{in.vi64()};
  return ended(in, std::move(goaway));
}

template <typename Request>
Decoded<Message> decode_track_request(Reader &in, ParameterScope scope) {
  Request request;
  Violation why;
  request.id = RequestId{in.vi64()};
  if (!store(read_track_name(in), request.track, why) ||
      !store(read_parameters(in, scope), request.parameters, why))
    return tl::unexpected(why);
  return ended(in, std::move(request));
}

template <typename Answer>
Decoded<Message> finish_answer(Reader &in, Answer answer, ParameterScope scope) {
  Violation why;
  if (!store(read_parameters(in, scope), answer.parameters, why) ||
      !store(decode_properties(in.take_rest()), answer.properties, why))
    return tl::unexpected(why);
  return ended(in, std::move(answer));
}

Decoded<Message> decode_request_error(Reader &in) {
  RequestError error;
  Violation why;
  error.code = static_cast<RequestCode>(in.vi64());
  error.retry = in.vi64();
  if (!store(read_text(in, max_reason_phrase, "reason phrase"), error.reason, why))
    return tl::unexpected(why);
  if (error.code == RequestCode::redirect) {
    Redirect redirect;
    if (!store(read_text(in, max_goaway_uri, "redirect's URI"), redirect.uri, why) ||
        !store(read_track_name(in), redirect.track, why))
      return tl::unexpected(why);
    error.redirect = std::move(redirect);
  }
  return ended(in, std::move(error));
}

Decoded<Message> decode_request_update(Reader &in) {
  RequestUpdate update;
  Violation why;
  update.id = RequestId{in.vi64()};
  if (!store(read_parameters(in, ParameterScope::request_update), update.parameters, why))
    return tl::unexpected(why);
  return ended(in, std::move(update));
}

Decoded<Message> decode_publish(Reader &in) {
  Publish publish;
  Violation why;
  publish.id = RequestId{in.vi64()};
  if (!store(read_track_name(in), publish.track, why)) return tl::unexpected(why);
  publish.alias = TrackAlias{in.vi64()};
  return finish_answer(in, std::move(publish), ParameterScope::publish);
}

Decoded<Message> decode_publish_done(Reader &in) {
  PublishDone done;
  Violation why;
  done.code = static_cast<DoneCode>(in.vi64());
  done.stream_count = in.vi64();
  if (!store(read_text(in, max_reason_phrase, "reason phrase"), done.reason, why)) return tl::unexpected(why);
  return ended(in, std::move(done));
}

// `space` is the member for the request's namespace or prefix.
template <typename Request>
Decoded<Message> decode_space_request(Reader &in, Namespace Request::*space, ParameterScope scope) {
  Request request;
  Violation why;
  request.id = RequestId{in.vi64()};
  if (!store(read_namespace(in), request.*space, why) ||
      !store(read_parameters(in, scope), request.parameters, why))
    return tl::unexpected(why);
  return ended(in, std::move(request));
}

template <typename Notice>
Decoded<Message> decode_suffix(Reader &in) {
  Notice notice;
  Violation why;
  if (!store(read_namespace(in), notice.suffix, why)) return tl::unexpected(why);
  return ended(in, std::move(notice));
}

Decoded<Message> decode_publish_blocked(Reader &in) {
  TrackName track;
  Violation why;
  if (!store(read_track_name(in), track, why)) return tl::unexpected(why);
  return ended(in, PublishBlocked{std::move(track.space), std::move(track.name)});
}

Decoded<Message> decode_fetch(Reader &in) {
  Fetch fetch;
  Violation why;
  fetch.id = RequestId{in.vi64()};
  const std::uint64_t type = in.vi64();
  if (in.ok() && (type < 1 || type > 3)) return violation("unknown fetch type");
  if (type == 1) {
    StandaloneFetch range;
    if (!store(read_track_name(in), range.track, why)) return tl::unexpected(why);
    range.start = in.location();
    range.end = in.location();
    fetch.range = std::move(range);
  } else {
    JoiningFetch joining;
    joining.relative = type == 2;
    joining.request = RequestId{in.vi64()};
    joining.start = in.vi64();
    fetch.range = joining;
  }
  if (!store(read_parameters(in, ParameterScope::fetch), fetch.parameters, why)) return tl::unexpected(why);
  return ended(in, std::move(fetch));
}

Decoded<Message> decode_fetch_ok(Reader &in) {
  FetchOk ok;
  const std::uint8_t end_of_track = in.uint8();
  if (end_of_track > 1) return violation("End Of Track is neither 0 nor 1");
  ok.end_of_track = end_of_track == 1;
  ok.end = in.location();
  return finish_answer(in, std::move(ok), ParameterScope::fetch_ok);
}

}  // namespace

Decoded<Message> decode(MessageType type, Bytes body, Version version) {
  Reader in(body);
  switch (type) {
    case MessageType::setup:
      return decode_setup(in);
    case MessageType::goaway:
      return decode_goaway(in, version);
    case MessageType::subscribe:
      return decode_track_request<Subscribe>(in, ParameterScope::subscribe);
    case MessageType::track_status:
      return decode_track_request<TrackStatus>(in, ParameterScope::track_status);
    case MessageType::subscribe_ok: {
      SubscribeOk ok;
      ok.alias = TrackAlias{in.vi64()};
      return finish_answer(in, std::move(ok), ParameterScope::subscribe_ok);
    }
    case MessageType::request_ok:
      return finish_answer(in, RequestOk{}, ParameterScope::request_ok);
    case MessageType::request_error:
      return decode_request_error(in);
    case MessageType::request_update:
      return decode_request_update(in);
    case MessageType::publish:
      return decode_publish(in);
    case MessageType::publish_done:
      return decode_publish_done(in);
    case MessageType::publish_namespace:
      return decode_space_request(in, &PublishNamespace::space, ParameterScope::publish_namespace);
    case MessageType::subscribe_namespace:
      return decode_space_request(in, &SubscribeNamespace::prefix, ParameterScope::subscribe_namespace);
    case MessageType::subscribe_tracks:
      return decode_space_request(in, &SubscribeTracks::prefix, ParameterScope::subscribe_tracks);
    case MessageType::namespace_:
      return decode_suffix<NamespaceFound>(in);
    case MessageType::namespace_done:
      return decode_suffix<NamespaceDone>(in);
    case MessageType::publish_blocked:
      return decode_publish_blocked(in);
    case MessageType::fetch:
      return decode_fetch(in);
    case MessageType::fetch_ok:
      return decode_fetch_ok(in);
  }
  return violation("unknown message type");
}

}  // namespace astral::moqt
