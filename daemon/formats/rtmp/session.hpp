// SPDX-License-Identifier: BSD-3-Clause
// The server's side of one RTMP connection, as bytes in and out: handshake, commands, media. Decides what is
// valid RTMP. Its owner decides who may publish or play. No socket, no clock.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "formats/rtmp/amf.hpp"
#include "formats/rtmp/chunks.hpp"
#include "formats/rtmp/flv.hpp"
#include "formats/rtmp/limits.hpp"
#include "formats/rtmp/wire.hpp"
#include "glue/bytes.hpp"
#include "glue/error.hpp"

namespace astral::rtmp {

// What a client asks for: rtmp://HOST/APP/KEY?QUERY. The query may also follow the application.
struct Address {
  std::string app, key, query;
};
struct PublishAsked {
  Address address;
};
struct PlayAsked {
  Address address;
};
struct Metadata {
  amf::Value properties;
};
// H.264, AAC or MP3; anything else ends the session.
struct Media {
  std::uint32_t timestamp = 0;  // ms
  std::variant<flv::Video, flv::Audio> content = {};
};
struct OtherTrack {  // which is left out
  bool is_video = false;
};
struct Ended {};  // the client has stopped publishing or playing; it may start again
struct Closed {
  Error error;
};
using Event = std::variant<PublishAsked, PlayAsked, Metadata, Media, OtherTrack, Ended, Closed>;

// hello ─C0 C1▶ reply ─C2▶ connect ─▶ idle ─publish▶ asked_to_publish ─accept▶ publishing ─▶ idle
//                                        └──play──▶ asked_to_play ─────accept▶ playing ────▶ idle
// Any state ▶ closed: the client broke a rule or was refused. Its last answers can still be taken.
class Session {
 public:
  enum class State {
    hello,
    reply,
    connect,
    idle,
    asked_to_publish,
    asked_to_play,
    publishing,
    playing,
    closed,
  };

  explicit Session(const Limits &limits = {}) : limits_(limits), reader_(limits) {}

  void receive(Bytes bytes);
  // Answers PublishAsked or PlayAsked. Media for a player bypasses the session: see write_message().
  void accept();
  void refuse(const Error &error);  // also after accept(); closes
  void finish();                    // the played stream has ended; closes

  std::vector<Event> take_events() { return std::exchange(events_, {}); }
  Buffer take_output() { return std::exchange(output_, {}); }
  State state() const { return state_; }
  bool closed() const { return state_ == State::closed; }

  std::size_t buffered() const { return reader_.buffered() + greeting_.size() + output_.size(); }
  void check_invariants() const;  // asserts what must hold after any input

 private:
  void enter(State state) { state_ = state; }
  void close(const Error &error);
  bool greet(Bytes &bytes);  // the handshake; false: needs more bytes
  void acknowledge();
  void take(Message message);
  void take_user_control(Bytes body);
  void take_media(Message message);
  void take_data(Bytes body);
  void take_command(Bytes body);
  void take_connect(const amf::Array &command);
  void take_request(const amf::Array &command, bool is_publish);
  void end();

  void send(Type type, std::uint32_t stream, Bytes body);
  void send_number(Type type, std::uint32_t number);
  void send_status(std::string_view level, std::string_view code, std::string_view description);

  const Limits limits_;
  State state_ = State::hello;
  ChunkReader reader_;
  Buffer greeting_;             // C0 and C1, until both are complete
  std::size_t reply_left_ = 0;  // bytes of C2 that are still to come
  std::string app_, app_query_;
  std::uint32_t window_ = ack_window;
  std::uint32_t received_ = 0, acknowledged_ = 0;  // bytes; both wrap
  std::vector<Event> events_;
  Buffer output_;
};

}  // namespace astral::rtmp
