// SPDX-License-Identifier: BSD-3-Clause
#include "formats/rtmp/session.hpp"

#include <algorithm>
#include <cassert>

#include "formats/rtmp/enhanced.hpp"

namespace astral::rtmp {
namespace {

constexpr std::uint8_t version = 3;
// A fatal alert of TLS, handshake_failure (RFC 8446, 6.2): a client of RTMPS prints it.
constexpr std::uint8_t tls_refusal[] = {21, 3, 1, 0, 2, 2, 40};
constexpr std::size_t greeting_size = 1536;
constexpr std::uint16_t stream_begin = 0, stream_eof = 1, ping = 6, pong = 7;  // user control (§7.1.7)

amf::Object status(std::string_view level, std::string_view code, std::string_view description) {
  return {{"level", {std::string(level)}},
          {"code", {std::string(code)}},
          {"description", {std::string(description)}}};
}

// Splits "name?query" and drops slashes around the name, which some clients send.
std::pair<std::string, std::string> split(std::string_view text) {
  const std::size_t mark = std::min(text.find('?'), text.size());
  std::string_view name = text.substr(0, mark);
  while (name.starts_with('/')) name.remove_prefix(1);
  while (name.ends_with('/')) name.remove_suffix(1);
  return {std::string(name), std::string(text.substr(std::min(mark + 1, text.size())))};
}

std::string_view publish_code(Code code) {
  return code == Code::conflict || code == Code::refused || code == Code::invalid
             ? "NetStream.Publish.BadName"
             : "NetStream.Publish.Rejected";
}

std::string_view play_code(Code code) {
  return code == Code::not_found ? "NetStream.Play.StreamNotFound" : "NetStream.Play.Failed";
}

}  // namespace

void Session::receive(Bytes bytes) {
  received_ += static_cast<std::uint32_t>(bytes.size());
  while (!closed()) {
    if (state_ == State::hello || state_ == State::reply) {
      if (!greet(bytes)) break;
      continue;
    }
    auto message = reader_.read(bytes);
    if (!message) return close(message.error());
    if (!*message) break;
    take(std::move(**message));
  }
  acknowledge();
}

// S2 repeats C1. S1 has zeros in place of a Flash version, so that no client looks for a digest in it.
bool Session::greet(Bytes &bytes) {
  if (state_ == State::reply) {
    const std::size_t taken = std::min(bytes.size(), reply_left_);
    bytes = bytes.subspan(taken);
    reply_left_ -= taken;
    if (reply_left_ > 0) return false;
    enter(State::connect);
    return true;
  }
  const std::size_t wanted = 1 + greeting_size - greeting_.size();
  const Bytes piece = bytes.first(std::min(bytes.size(), wanted));
  put(greeting_, piece);
  bytes = bytes.subspan(piece.size());
  constexpr std::uint8_t tls_handshake = 22;
  if (!greeting_.empty() && greeting_[0] == tls_handshake) {
    greeting_ = {};
    put(output_, tls_refusal);
    close({Code::unsupported, "this is RTMPS: this node has no certificate, use rtmp://"});
    return false;
  }
  if (!greeting_.empty() && greeting_[0] != version) {
    greeting_ = {};
    close({Code::invalid, "this is not RTMP, or RTMPE"});
    return false;
  }
  if (greeting_.size() < 1 + greeting_size) return false;
  output_.push_back(version);
  output_.resize(output_.size() + greeting_size);
  put(output_, Bytes(greeting_).subspan(1));
  greeting_ = {};
  reply_left_ = greeting_size;
  enter(State::reply);
  return true;
}

void Session::acknowledge() {
  if (closed() || state_ < State::connect || received_ - acknowledged_ < window_) return;
  acknowledged_ = received_;
  send_number(Type::acknowledgement, received_);
}

void Session::take(Message message) {
  const Bytes body(message.payload);
  switch (message.type) {
    case Type::set_chunk_size:
      if (const auto set = reader_.set_chunk_size(Reader(body).u32()); !set) close(set.error());
      return;
    case Type::abort:
      return reader_.abort(Reader(body).u32());
    case Type::window_size:
      window_ = std::max(Reader(body).u32(), least_ack_window);
      return;
    case Type::user_control:
      return take_user_control(body);
    case Type::audio:
    case Type::video:
      return take_media(std::move(message));
    case Type::aggregate:
      if (state_ == State::publishing)
        refuse({Code::unsupported, "this node does not accept aggregate messages"});
      return;
    case Type::data:
      return take_data(body);
    case Type::command:
      return take_command(body);
    case Type::command3:
      return take_command(body.subspan(std::min<std::size_t>(body.size(), 1)));
    default:
      return;  // acknowledgements, shared objects, newer message types
  }
}

void Session::take_user_control(Bytes body) {
  Reader in(body);
  if (in.u16() != ping) return;  // for example buffer lengths
  Buffer answer;
  put(answer, pong, 2);
  put(answer, in.u32(), 4);
  send(Type::user_control, 0, answer);
}

void Session::take_media(Message message) {
  if (state_ != State::publishing || message.payload.empty()) return;
  const Slice body = shared(std::move(message.payload));
  const bool is_video = message.type == Type::video;
  if (is_video ? enhanced::has_other_video(body.bytes()) : enhanced::has_other_audio(body.bytes()))
    events_.emplace_back(OtherTrack{is_video});
  const auto give = [&](const auto &read) {
    if (!read) return refuse(read.error());
    if (*read) events_.emplace_back(Media{message.timestamp, **read});
  };
  if (is_video) return give(flv::read_video(body));
  give(flv::read_audio(body));
}

void Session::take_data(Bytes body) {
  if (state_ != State::publishing) return;
  auto values = amf::read(body, limits_);
  if (!values) return close(values.error());
  const auto is = [&](std::size_t i, std::string_view name) {
    return i < values->size() && (*values)[i].text() == name;
  };
  const std::size_t at = is(0, "@setDataFrame") ? 1 : 0;
  if (is(at, "onMetaData") && at + 1 < values->size())
    events_.emplace_back(Metadata{std::move((*values)[at + 1])});
}

void Session::take_command(Bytes body) {
  const auto command = amf::read(body, limits_);
  if (!command) return close(command.error());
  if (command->size() < 2) return close({Code::invalid, "a command without a name or number"});
  const std::string_view name = command->front().text();
  if (state_ == State::connect && name != "connect")
    return close({Code::invalid, "the first command is not 'connect'"});
  if (name == "connect") return take_connect(*command);
  if (name == "publish" || name == "play") return take_request(*command, name == "publish");
  if (name == "FCUnpublish" || name == "deleteStream" || name == "closeStream") return end();
  if (name == "createStream") {
    Buffer answer;
    amf::write(answer, amf::Value{amf::Array{
                           {std::string("_result")}, {(*command)[1].number()}, {amf::Null{}}, {1.0}}});
    static_assert(media_stream == 1);
    send(Type::command, 0, answer);
  }
  // releaseStream, FCPublish, getStreamLength, _checkbw: no client waits for an answer.
}

void Session::take_connect(const amf::Array &command) {
  if (state_ != State::connect) return close({Code::invalid, "a second 'connect'"});
  const amf::Value *app = command.size() > 2 ? command[2].find("app") : nullptr;
  if (!app || app->text().size() > limits_.max_name)
    return close({Code::invalid, "'connect' names no application"});
  std::tie(app_, app_query_) = split(app->text());
  enter(State::idle);
  send_number(Type::window_size, ack_window);
  Buffer bandwidth;
  put(bandwidth, ack_window, 4);
  bandwidth.push_back(2);  // dynamic
  send(Type::peer_bandwidth, 0, bandwidth);
  send_number(Type::set_chunk_size, sent_chunk_size);
  Buffer answer;
  amf::Object info = status("status", "NetConnection.Connect.Success", "Connected.");
  info.push_back({"objectEncoding", {0.0}});
  amf::write(answer, amf::Value{amf::Array{
                         {std::string("_result")},
                         {command[1].number()},
                         {amf::Object{{"fmsVer", {std::string("FMS/3,0,1,123")}}, {"capabilities", {31.0}}}},
                         {std::move(info)}}});
  send(Type::command, 0, answer);
}

void Session::take_request(const amf::Array &command, bool is_publish) {
  const bool is_publisher = state_ == State::asked_to_publish || state_ == State::publishing;
  if (is_publish && is_publisher) return;  // some encoders ask twice
  if (state_ != State::idle) return refuse({Code::invalid, "this connection carries a stream already"});
  const std::string_view name = command.size() > 3 ? command[3].text() : std::string_view();
  auto [key, query] = split(name.substr(0, limits_.max_name));
  if (key.empty() || name.size() > limits_.max_name) {
    enter(is_publish ? State::asked_to_publish : State::asked_to_play);
    return refuse({Code::invalid, "the stream key is missing or too long"});
  }
  Address address{app_, std::move(key), query.empty() ? app_query_ : std::move(query)};
  if (is_publish) {
    enter(State::asked_to_publish);
    events_.emplace_back(PublishAsked{std::move(address)});
  } else {
    enter(State::asked_to_play);
    events_.emplace_back(PlayAsked{std::move(address)});
  }
}

void Session::end() {
  if (state_ <= State::idle || closed()) return;
  enter(State::idle);
  events_.emplace_back(Ended{});
}

void Session::accept() {
  if (state_ == State::asked_to_publish) {
    enter(State::publishing);
    return send_status("status", "NetStream.Publish.Start", "Publishing.");
  }
  if (state_ != State::asked_to_play) return;
  enter(State::playing);
  Buffer begin;
  put(begin, stream_begin, 2);
  put(begin, media_stream, 4);
  send(Type::user_control, 0, begin);
  send_status("status", "NetStream.Play.Reset", "Playing.");
  send_status("status", "NetStream.Play.Start", "Playing.");
}

void Session::refuse(const Error &error) {
  if (state_ <= State::idle || closed()) return;
  const bool is_play = state_ == State::asked_to_play || state_ == State::playing;
  send_status("error", is_play ? play_code(error.code) : publish_code(error.code), error.detail);
  close(error);
}

void Session::finish() {
  if (state_ != State::playing) return;
  Buffer eof;
  put(eof, stream_eof, 2);
  put(eof, media_stream, 4);
  send(Type::user_control, 0, eof);
  send_status("status", "NetStream.Play.UnpublishNotify", "The stream has ended.");
  send_status("status", "NetStream.Play.Stop", "The stream has ended.");
  close({Code::not_found, "the stream has ended"});
}

void Session::close(const Error &error) {
  if (closed()) return;
  enter(State::closed);
  events_.emplace_back(Closed{error});
}

void Session::send(Type type, std::uint32_t stream, Bytes body) {
  if (closed()) return;
  if (output_.size() > limits_.max_output)
    return close({Code::too_large, "the client does not read the answers"});
  write_message(output_, type, stream, 0, body,
                state_ == State::connect ? first_chunk_size : sent_chunk_size);
}

void Session::send_number(Type type, std::uint32_t number) {
  Buffer body;
  put(body, number, 4);
  send(type, 0, body);
}

void Session::send_status(std::string_view level, std::string_view code, std::string_view description) {
  Buffer body;
  amf::write(body, amf::Value{amf::Array{{std::string("onStatus")},
                                         {0.0},
                                         {amf::Null{}},
                                         {status(level, code, description.substr(0, limits_.max_name))}}});
  send(Type::command, media_stream, body);
}

void Session::check_invariants() const {
  reader_.check_invariants();
  assert(greeting_.size() <= greeting_size);
  assert(output_.size() <= limits_.max_output + 4 * (greeting_size + limits_.max_name));
  assert(state_ != State::hello || output_.empty());
}

}  // namespace astral::rtmp
