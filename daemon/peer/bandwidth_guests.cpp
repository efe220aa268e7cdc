// SPDX-License-Identifier: BSD-3-Clause
#include "peer/bandwidth_guests.hpp"

#include <algorithm>
#include <utility>

#include "http/remote_address.hpp"

namespace astral::peer {
namespace {

constexpr std::size_t max_places = 1'024;  // that are remembered for a minute
constexpr std::size_t max_name = 64;       // letters of a run
// Each end sends for two seconds at most; a line that is slow to acknowledge gets one more.
constexpr Time turn_patience = 2 * (RateMeter::longest + 1s) + 2s;
constexpr Time wait_patience = 60s;  // for its turn; an honest guest waits no longer

http::RemoteAddress remote(const std::string &address) {
  const auto socket = Ref<GSocketAddress>::adopt(g_inet_socket_address_new_from_string(address.c_str(), 0));
  return socket ? http::remote_address_of(socket.get())
                : http::RemoteAddress{.address = address, .place = address};
}

}  // namespace

BandwidthGuests::BandwidthGuests(Host host)
    : host_(std::move(host)), patience_(g_main_context_default(), [this] { lapse(); }) {}

void BandwidthGuests::allow(Run &run, Time patience) {
  run.until = now() + patience;
  watch_time();
}

void BandwidthGuests::watch_time() {
  Time first = never;
  for (const auto &run : runs_) first = std::min(first, run->until);
  patience_.set(first);
}

void BandwidthGuests::lapse() {
  const Runs runs = runs_;
  for (const auto &run : runs)
    if (run->until <= now()) end(run);
  watch_time();
}

bool BandwidthGuests::may_begin(const std::string &place) {
  if (!has_room() || !host_.may_receive()) return false;
  if (place.empty()) return true;
  if (now() - minute_ >= 1min) {
    minute_ = now();
    begun_.clear();
  }
  if (begun_.size() >= max_places && !begun_.contains(place)) return false;
  return begun_[place]++ < per_minute;
}

std::shared_ptr<BandwidthGuests::Run> BandwidthGuests::begin(const Guest &guest) {
  const http::RemoteAddress from = remote(guest.address);
  if (!may_begin(from.place)) return nullptr;
  auto run = std::make_shared<Run>(Run{.guest = guest, .is_near = from.is_near});
  const std::weak_ptr<Run> weak = run;
  const auto with = [weak](auto what) {
    return [weak, what] {
      if (const auto alive = weak.lock()) what(alive);
    };
  };
  run->measurement = std::make_unique<Measurement>(
      Measurement::Handler{.on_asked = with([this](const std::shared_ptr<Run> &asking) {
                             asking->asked = true;
                             look();
                           }),
                           .on_sent = with([this](const std::shared_ptr<Run> &sent) { on_sent(sent); }),
                           .on_heard = {},
                           .on_gone = with([this](const std::shared_ptr<Run> &gone) { end(gone); }),
                           .may_send = host_.may_send});
  runs_.push_back(run);
  allow(*run, wait_patience);
  return run;
}

void BandwidthGuests::accept(Ref<GIOStream> stream, const Guest &guest) {
  if (guest.run.empty() || guest.run.size() > max_name) return;
  const auto known = std::find_if(runs_.begin(), runs_.end(), [&](const auto &each) {
    return each->guest.run == guest.run && each->guest.address == guest.address;
  });
  const std::shared_ptr<Run> run = known != runs_.end() ? *known : begin(guest);
  if (!run || run->measurement->full()) return;
  run->measurement->add([&](http::WebSocket::Handler handler) {
    return http::WebSocket::accept(std::move(stream), std::move(handler), Measurement::socket_limits());
  });
}

// The next that has asked gets its turn.
void BandwidthGuests::look() {
  if (turn_) return;
  const auto next = std::find_if(runs_.begin(), runs_.end(), [](const auto &run) { return run->asked; });
  if (next == runs_.end()) return;
  turn_ = *next;
  turn_->begun = true;
  allow(*turn_, turn_patience);
  host_.on_begun();
  turn_->measurement->send();
}

void BandwidthGuests::report(Run &run, std::uint64_t bps) {
  if (run.begun && !std::exchange(run.reported, true)) host_.on_measured(bps, run.is_near);
}

void BandwidthGuests::on_sent(const std::shared_ptr<Run> &run) {
  report(*run, run->measurement->interrupted() ? 0 : run->measurement->sent_bps());
  run->measurement->finish();
}

void BandwidthGuests::end(const std::shared_ptr<Run> &run) {
  const std::shared_ptr<Run> kept = run;
  report(*kept, 0);
  std::erase(runs_, kept);
  if (turn_ != kept) return;
  turn_.reset();
  look();
}

}  // namespace astral::peer
