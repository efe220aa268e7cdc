// SPDX-License-Identifier: BSD-3-Clause
#include "node/port_mapping.hpp"

#include <algorithm>
#include <utility>

#include "glue/json.hpp"
#include "node/gateway.hpp"

namespace astral::node {
namespace {

constexpr std::size_t max_answer = 4096;          // bytes of the line
constexpr std::uint64_t max_lease_s = 24 * 3600;  // whatever a router promises, it may restart

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
}

constexpr json::Text short_rule{.max = 64, .good = is_printable, .wanted = "printable ASCII"};
constexpr json::Text long_rule{.max = 1024, .good = is_printable, .wanted = "printable ASCII"};

// What has to be asked for anew when it is not the same: a mapping is one machine's at one router.
auto place(const PortMapping::Surroundings &surroundings) {
  return std::tuple(surroundings.gateway, surroundings.local, surroundings.inside.udp,
                    surroundings.inside.tcp);
}

}  // namespace

Expected<RouterAnswer> read_router_answer(std::string_view line) {
  auto in = json::Reader::parse(line, {.max_bytes = max_answer, .max_depth = 2});
  if (!in) return tl::unexpected<Error>(in.error());
  RouterAnswer answer;
  answer.protocol = in->text_if("protocol", short_rule).value_or("");
  answer.address = in->text_if("address", short_rule).value_or("");
  answer.outside.udp = static_cast<std::uint16_t>(in->number_if("udp", 0, 65535).value_or(0));
  answer.outside.tcp = static_cast<std::uint16_t>(in->number_if("tcp", 0, 65535).value_or(0));
  const std::uint64_t lease_s = in->number_if("lease_s", 0, UINT32_MAX).value_or(0);
  answer.lease = std::chrono::seconds(std::min(lease_s, max_lease_s));
  answer.url = in->text_if("url", long_rule).value_or("");
  answer.error = in->text_if("error", long_rule).value_or("");
  if (!in->good()) return tl::unexpected<Error>(in->error());
  return answer;
}

bool PortMapping::is_wanted() const {
  return surroundings_.allowed && is_private_ipv4(surroundings_.gateway) && !surroundings_.local.empty() &&
         surroundings_.inside != Ports{} && (surroundings_.udp != core::Udp::open || mapped_);
}

void PortMapping::forget(std::vector<Effect> &out) {
  if (mapped_) out.emplace_back(Changed{});
  mapped_.reset();
  lapses_ = never;
}

void PortMapping::observe(const Surroundings &surroundings, Time now, std::vector<Effect> &out) {
  const Surroundings before = std::exchange(surroundings_, surroundings);
  if (place(before) != place(surroundings_)) {
    // The old router is out of reach, or gave the ports to an address that we no longer have.
    forget(out);
    known_ = {};
    error_.clear();
    is_asking_ = was_refused_ = false;
    next_ = never;
    asked_.reset();
    pause_ = first_pause;
  }
  if (!is_wanted()) {
    next_ = never;
    return;
  }
  if (is_asking_) return;
  using core::Udp;
  const bool is_known = surroundings_.udp == Udp::behind_nat || surroundings_.udp == Udp::blocked;
  const bool is_lost = mapped_ && before.udp == Udp::open && is_known;
  if (!asked_)
    next_ = std::min(next_, is_known ? now : now + first_wait);
  else if (is_lost)  // the router has restarted, say
    next_ = std::min(next_, std::max(now, *asked_ + shortest_renewal));
  else if (next_ == never)  // it was not wanted for a while
    next_ = std::max(now, *asked_ + pause_);
}

void PortMapping::tick(Time now, std::vector<Effect> &out) {
  if (now >= lapses_) forget(out);
  if (now < next_ || is_asking_) return;
  is_asking_ = true;
  next_ = never;
  asked_ = now;
  out.emplace_back(Ask{++number_, known_});
}

void PortMapping::answered(std::uint32_t number, const RouterAnswer &answer, Time now,
                           std::vector<Effect> &out) {
  if (number != number_ || !is_asking_) return;
  is_asking_ = false;
  error_ = answer.error;
  was_refused_ = answer.outside == Ports{};
  if (was_refused_) {
    if (!mapped_) known_ = {};  // what described itself as a router may be gone
    next_ = now + pause_;
    pause_ = std::min(pause_ * 2, longest_pause);
    return;
  }
  const bool is_new = !mapped_ || mapped_->outside != answer.outside || mapped_->address != answer.address;
  mapped_ = known_ = answer;
  pause_ = first_pause;
  lapses_ = answer.lease == Time{} ? never : now + answer.lease;
  const Time half = (answer.lease == Time{} ? longest_renewal : answer.lease) / 2;
  next_ = now + std::clamp(half, shortest_renewal, longest_renewal);
  if (is_new) out.emplace_back(Changed{});
}

// A router that is being asked may have done already what was asked for.
void PortMapping::leave(std::vector<Effect> &out) {
  if (mapped_ || is_asking_) out.emplace_back(Remove{mapped_.value_or(known_)});
  mapped_.reset();
  surroundings_ = {};
  is_asking_ = false;
  next_ = lapses_ = never;
}

Time PortMapping::deadline() const {
  return std::min(lapses_, is_asking_ ? never : next_);
}

PortMapping::State PortMapping::state() const {
  if (mapped_) return State::mapped;
  if (!is_wanted()) return State::off;
  if (is_asking_) return State::asking;
  return was_refused_ ? State::refused : State::waiting;
}

const char *text(PortMapping::State state) {
  switch (state) {
    case PortMapping::State::off:
      return "off";
    case PortMapping::State::waiting:
      return "waiting";
    case PortMapping::State::asking:
      return "asking";
    case PortMapping::State::mapped:
      return "mapped";
    case PortMapping::State::refused:
      return "refused";
  }
  return "";
}

}  // namespace astral::node
