// SPDX-License-Identifier: BSD-3-Clause
#include "peer/measurement.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace astral::peer {
namespace {

constexpr std::size_t frame_bytes = 2 << 10;
// An acknowledgement for so many bytes, or for this part of all that came: few on a fast line.
constexpr std::uint64_t told_bytes = 2 << 10;
constexpr std::uint64_t told_part = 64;
constexpr std::uint64_t queued_margin = 128 << 10;       // the headers of the frames in a full queue
constexpr Time line_patience = RateMeter::longest + 1s;  // a line without acknowledgements
// Of 1500 bytes on the wire 1448 are data: the rest is IP and TCP with timestamps.
constexpr std::uint64_t wire_bytes = 1500, data_bytes = 1448;

std::uint64_t on_wire(std::uint64_t bps) {
  return bps * wire_bytes / data_bytes;
}

// Letters in random order, so that no proxy or VPN can compress them much.
const std::string &frame() {
  static const std::string text = [] {
    std::string letters(frame_bytes, 'd');
    std::uint32_t state = g_random_int() | 1;
    for (std::size_t i = 1; i < letters.size(); ++i) {
      state = state * 1664525u + 1013904223u;
      letters[i] = static_cast<char>('!' + (state >> 24) % 94);
    }
    return letters;
  }();
  return text;
}

}  // namespace

http::WebSocketLimits Measurement::socket_limits() {
  return {.message_bytes = frame_bytes, .queue_bytes = RateMeter::most_bytes};
}

Measurement::Measurement(Handler handler)
    : handler_(std::move(handler)),
      patience_(g_main_context_default(), [this] { end_sending(); }),
      mailbox_(g_main_context_default()) {}

void Measurement::later(const std::function<void()> &what) {
  if (what) mailbox_.post([what] { what(); });
}

void Measurement::add(const std::function<std::shared_ptr<http::WebSocket>(http::WebSocket::Handler)> &make) {
  const std::size_t index = channels_.size();
  channels_.emplace_back();
  channels_[index].socket = make({.on_open = [=, this] { on_open(index); },
                                  .on_text = [=, this](std::string_view text) { on_text(index, text); },
                                  .on_closed = [=, this](const http::CloseReason &) { on_closed(index); }});
}

void Measurement::on_open(std::size_t index) {
  channels_[index].open = true;
  if (asking_) channels_[index].socket->send("s");
  if (phase_ == Phase::sending) pump();
}

void Measurement::ask() {
  asking_ = true;
  for (Channel &channel : channels_)
    if (channel.open) channel.socket->send("s");
}

void Measurement::send() {
  if (phase_ != Phase::waiting) return;
  phase_ = Phase::sending;
  patience_.set(now() + line_patience);
  if (must_stop()) return;
  pump();
}

void Measurement::finish() {
  finished_ = true;
  for (Channel &channel : channels_)
    if (channel.open) channel.socket->send("e");
}

void Measurement::on_text(std::size_t index, std::string_view text) {
  Channel &channel = channels_[index];
  channel.open = true;
  if (text.starts_with('d')) return on_data(channel, text.size());
  if (text.starts_with('a')) return on_acknowledged(channel, text.substr(1));
  if (text == "s") {
    if (!std::exchange(asked_, true)) later(handler_.on_asked);
  } else if (text == "e") {
    if (!std::exchange(heard_, true)) later(handler_.on_heard);
  } else {
    break_off();
  }
}

void Measurement::on_data(Channel &channel, std::size_t bytes) {
  channel.received += bytes;
  std::uint64_t total = 0;
  for (const Channel &each : channels_) total += each.received;
  if (!(asking_ || finished_) || total > RateMeter::most_bytes) return break_off();
  if (!heard_) received_.passed(total, now());
  if (channel.received - channel.told < std::max(told_bytes, channel.received / told_part)) return;
  channel.told = channel.received;
  channel.socket->send("a" + std::to_string(channel.received));
}

void Measurement::on_acknowledged(Channel &channel, std::string_view number) {
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), bytes);
  // A liar may acknowledge early, but not what the socket has not taken yet.
  const std::uint64_t queued = channel.socket->queued_bytes();
  if (error != std::errc() || bytes < channel.acknowledged || bytes + queued > channel.sent + queued_margin)
    return;
  channel.acknowledged = bytes;
  if (phase_ != Phase::sending) return;
  std::uint64_t total = 0;
  for (const Channel &each : channels_) total += each.acknowledged;
  sent_.passed(total, now());
  if (sent_.over()) return end_sending();
  if (!must_stop()) pump();
}

void Measurement::break_off() {
  for (Channel &channel : channels_)
    if (channel.socket) channel.socket->close({.code = http::close_code::policy, .text = "not asked for"});
}

bool Measurement::must_stop() {
  if (!handler_.may_send || handler_.may_send()) return false;
  interrupted_ = true;
  end_sending();
  return true;
}

// Fills the socket that has the least on the way.
void Measurement::pump() {
  const auto on_the_way = [](const Channel &channel) { return channel.sent - channel.acknowledged; };
  std::uint64_t all = 0, sent = 0;
  for (const Channel &channel : channels_) {
    all += on_the_way(channel);
    sent += channel.sent;
  }
  for (; all < sent_.allowance() && sent < RateMeter::most_bytes; all += frame_bytes, sent += frame_bytes) {
    Channel *best = nullptr;
    for (Channel &channel : channels_)
      if (channel.open && (best == nullptr || on_the_way(channel) < on_the_way(*best))) best = &channel;
    if (best == nullptr) return;
    best->socket->send(frame());
    best->sent += frame_bytes;
    sent_.sent(sent + frame_bytes, now());
  }
}

void Measurement::end_sending() {
  if (std::exchange(phase_, Phase::sent) == Phase::sent) return;
  patience_.set(never);
  later(handler_.on_sent);
}

void Measurement::on_closed(std::size_t index) {
  channels_[index].open = false;
  channels_[index].socket.reset();
  const bool gone = std::none_of(channels_.begin(), channels_.end(),
                                 [](const Channel &channel) { return channel.socket != nullptr; });
  if (gone) later(handler_.on_gone);
}

std::uint64_t Measurement::sent_bps() const {
  return on_wire(sent_.rate_bps());
}

std::uint64_t Measurement::received_bps() const {
  return on_wire(received_.rate_bps());
}

}  // namespace astral::peer
