// SPDX-License-Identifier: BSD-3-Clause
#include "still.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <functional>
#include <utility>

#include "glue/loop.hpp"
#include "ice/description.hpp"
#include "udp/endpoint.hpp"

// ---- the clock ----

namespace {

astral::Time the_time = std::chrono::hours(1);

}  // namespace

std::chrono::steady_clock::time_point std::chrono::steady_clock::now() noexcept {
  return time_point(std::chrono::duration_cast<duration>(the_time));
}

namespace astral {

namespace {

struct Due {
  Time when = never;
  const std::function<void()> *fire = nullptr;
};

struct World {
  std::vector<std::weak_ptr<still::Wire>> wires;
  std::weak_ptr<still::Wire> sender;  // whose agent was last asked to send
  std::map<std::uint64_t, Due> timers;  // in the order in which they were made
  std::map<const void *, std::uint64_t> timer_ids;
  std::uint64_t next_timer = 0;
  std::vector<std::pair<std::weak_ptr<void>, std::function<bool()>>> boxes;  // false: no tasks were waiting

  bool deliver() {
    bool any = false;
    for (std::size_t i = 0; i < boxes.size(); ++i)
      if (const auto keep = boxes[i].first.lock()) any = boxes[i].second() || any;
    std::erase_if(boxes, [](const auto &box) { return box.first.expired(); });
    return any;
  }
  bool fire() {
    for (auto &[id, due] : timers) {
      if (due.when > the_time) continue;
      due.when = never;
      (*due.fire)();
      return true;
    }
    return false;
  }
};

World &world() {
  static World one;
  return one;
}

}  // namespace

// ---- glue/loop ----

struct Mailbox::Box {
  std::vector<Task> tasks;
  bool open = true;

  static bool deliver(const std::shared_ptr<Box> &box) {
    const std::vector<Task> tasks = std::exchange(box->tasks, {});
    for (const Task &task : tasks)
      if (box->open) task();
    return !tasks.empty();
  }
};

Mailbox::Mailbox(GMainContext *) : box_(std::make_shared<Box>()) {
  world().boxes.emplace_back(
      box_, [weak = std::weak_ptr<Box>(box_)] { return Box::deliver(std::shared_ptr<Box>(weak)); });
}
Mailbox::~Mailbox() {
  box_->open = false;
  box_->tasks.clear();
}
void Mailbox::post(Task task) {
  box_->tasks.push_back(std::move(task));
}

Timer::Timer(GMainContext *, std::function<void()> fire) : fire_(std::move(fire)) {
  const std::uint64_t id = world().next_timer++;
  world().timers[id].fire = &fire_;
  world().timer_ids[this] = id;
}
Timer::~Timer() {
  world().timers.erase(world().timer_ids.extract(this).mapped());
}
void Timer::set(Time when) {
  world().timers.at(world().timer_ids.at(this)).when = when;
}

LoopThread::LoopThread(const char *) : mailbox_(nullptr) {}
LoopThread::~LoopThread() {
  world().deliver();
}
void LoopThread::run(const Mailbox::Task &task) {
  world().deliver();
  task();
}

// ---- ice/agent ----

class ice::Agent::Impl {
 public:
  std::shared_ptr<still::Wire> wire = std::make_shared<still::Wire>();
  std::size_t candidates = 0;
};

Expected<std::unique_ptr<ice::Agent>> ice::Agent::open(const Config &, Handler &handler) {
  const auto impl = std::make_shared<Impl>();
  impl->wire->agent = &handler;
  std::unique_ptr<Agent> agent(new Agent(impl));
  world().wires.push_back(impl->wire);
  return agent;
}
ice::Agent::Agent(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
ice::Agent::~Agent() {
  impl_->wire->agent = nullptr;
}
ice::Description ice::Agent::local() const {
  return {"abcd", "0123456789012345678901", {"candidate:1 1 UDP 2130706431 127.0.0.1 9 typ host"}};
}
Expected<void> ice::Agent::set_remote(const Description &description) {
  if (impl_->wire->is_described) return fail(Code::conflict, "described already");
  if (auto good = check(description); !good) return good;
  impl_->wire->is_described = true;
  impl_->candidates = description.candidates.size();
  return {};
}
Expected<void> ice::Agent::add_remote_candidate(std::string_view candidate) {
  if (!impl_->wire->is_described) return fail(Code::invalid, "a candidate before the description");
  if (impl_->candidates++ >= max_candidates) return fail(Code::too_large, "too many candidates");
  return check_candidate(candidate);
}
bool ice::Agent::connected() const {
  return impl_->wire->is_found;
}
bool ice::Agent::send(Bytes, std::size_t) {
  world().sender = impl_->wire;
  return true;
}
ice::Agent::Stats ice::Agent::stats() const {
  return {};
}

// ---- udp/endpoint: no port can be opened, so every link goes over ICE ----

Expected<std::shared_ptr<udp::Endpoint>> udp::Endpoint::open(const Config &, Events) {
  return fail(Code::failed, "no sockets here");
}
udp::Endpoint::~Endpoint() = default;
void udp::Endpoint::on_readable() {}
std::unique_ptr<udp::Route> udp::Endpoint::open_route(GMainContext *, RouteHandler &) {
  return nullptr;
}
std::vector<udp::Address> udp::Endpoint::addresses() const {
  return {};
}
stun::Nat udp::Endpoint::nat() const {
  return {};
}
udp::Families udp::Endpoint::families() const {
  return {};
}
udp::Endpoint::Counts udp::Endpoint::counts() const {
  return {};
}
std::size_t udp::Endpoint::routes() const {
  return 0;
}
bool udp::Endpoint::expects_stream(const Secret &) const {
  return false;
}
bool udp::Endpoint::accept_stream(const Secret &, int) {
  return false;
}
void udp::Endpoint::ask_servers(std::vector<Address>, const Address &) {}
void udp::Endpoint::set_forwarded(const Address &) {}
bool udp::Endpoint::send_response(const stun::TransactionId &, const Address &) {
  return false;
}
udp::Route::~Route() = default;
void udp::Route::open_stream(const Address &, const Secret &) {}
void udp::Route::close_stream() {}
bool udp::Route::send(Bytes, std::size_t, const Flow &) {
  return false;
}

// ---- quic/connection ----

class quic::Connection::Impl {
 public:
  std::shared_ptr<still::Wire> wire;
  Time deadline = never;
};

Expected<std::unique_ptr<quic::Connection>> quic::Connection::open(const Config &config, Handler &handler,
                                                                   Path &path, Time now) {
  auto impl = std::make_unique<Impl>();
  path.send({}, 1);  // the link's transport passes it on to its agent
  impl->wire = world().sender.lock();
  impl->wire->handler = &handler;
  impl->wire->is_server = config.server;
  impl->deadline = now + config.handshake_timeout;
  return std::unique_ptr<Connection>(new Connection(std::move(impl)));
}
quic::Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
quic::Connection::~Connection() {
  assert(impl_->wire->inside == 0);
  impl_->wire->handler = nullptr;
}
void quic::Connection::receive(Bytes, Time) {}
void quic::Connection::tick(Time now) {
  if (!impl_->wire->is_established && now >= impl_->deadline) impl_->wire->end();
  impl_->wire->settle();
}
Time quic::Connection::deadline() const {
  return impl_->wire->is_established || impl_->wire->is_closed ? never : impl_->deadline;
}
void quic::Connection::flush(Time) {
  assert(impl_->wire->inside == 0);
  impl_->wire->settle();
}
Expected<quic::StreamId> quic::Connection::open_stream(bool bidirectional) {
  still::Wire &wire = *impl_->wire;
  if (wire.is_closed || wire.closing || !wire.is_established) return fail(Code::unreachable, "not there");
  std::uint64_t &count = wire.opened[bidirectional ? 1 : 0];
  if (count >= wire.streams) return fail(Code::no_room, "no more streams");
  const StreamId id = 4 * count++ + (bidirectional ? 0 : 2) + (wire.is_server ? 1 : 0);
  wire.sent[id];
  return id;
}
void quic::Connection::send(StreamId id, Slice data, bool fin) {
  still::Wire &wire = *impl_->wire;
  const auto found = wire.sent.find(id);
  if (wire.is_closed || wire.closing || found == wire.sent.end() || found->second.over()) return;
  still::Wire::Sent &stream = found->second;
  stream.bytes.insert(stream.bytes.end(), data.bytes().begin(), data.bytes().end());
  if (wire.takes == still::Wire::Takes::nothing) stream.waiting += data.size();
  if (wire.takes == still::Wire::Takes::unacknowledged) stream.flying += data.size();
  stream.fin = fin;
  assert(backlog() <= max_backlog);
}
void quic::Connection::reset(StreamId id, std::uint64_t) {
  const auto found = impl_->wire->sent.find(id);
  if (found == impl_->wire->sent.end() || found->second.over()) return;
  found->second.reset = true;
  found->second.waiting = 0;
}
void quic::Connection::stop_sending(StreamId id, std::uint64_t) {
  impl_->wire->dropped.insert(id);
}
void quic::Connection::set_priority(StreamId, int) {}
std::size_t quic::Connection::backlog() const {
  std::size_t all = 0;
  for (const auto &[id, stream] : impl_->wire->sent) all += stream.waiting;
  return all;
}
std::size_t quic::Connection::backlog(StreamId id) const {
  return impl_->wire->sent.at(id).waiting;
}
std::size_t quic::Connection::background_backlog() const {
  return 0;
}
std::size_t quic::Connection::in_flight() const {
  return impl_->wire->held() - backlog();
}
Time quic::Connection::heard_at() const {
  return {};
}
Time quic::Connection::unanswered_since() const {
  return never;
}
void quic::Connection::close(std::uint64_t code, std::string_view reason, Time) {
  still::Wire &wire = *impl_->wire;
  if (wire.is_closed || wire.closing) return;
  wire.closing =
      CloseReason{CloseReason::Kind::application, false, code, {Code::unreachable, std::string(reason)}};
  wire.settle();
}
bool quic::Connection::established() const {
  return impl_->wire->is_established;
}
bool quic::Connection::closed() const {
  return impl_->wire->is_closed;
}
quic::Stats quic::Connection::stats() const {
  Stats stats;
  stats.rtt = impl_->wire->rtt;
  return stats;
}

// ---- the peer ----

namespace still {

std::size_t Wire::held() const {
  std::size_t all = 0;
  for (const auto &[id, stream] : sent) all += stream.waiting + stream.flying;
  return all;
}

void Wire::settle() {
  if (inside > 0 || !closing || is_closed) return;
  is_closed = true;
  for (auto &[id, stream] : sent) stream.waiting = stream.flying = 0;
  if (handler) handler->on_closed(*closing);
}

void Wire::find() {
  if (!agent || !is_described || std::exchange(is_found, true)) return;
  agent->on_connected();
}

void Wire::lose() {
  if (agent && is_described && !is_found) agent->on_failed({Code::unreachable, "no way"});
}

void Wire::establish() {
  if (!handler || is_closed || closing || std::exchange(is_established, true)) return;
  ++inside;
  handler->on_established();
  --inside;
  settle();
}

// QUIC refuses data on a stream of ours that is not open, and on an ended stream.
bool Wire::can_receive(quic::StreamId id) {
  if (!open() || closing || dropped.contains(id)) return false;
  const bool ours = quic::opened_by_server(id) == is_server;
  if (ours && (quic::is_unidirectional(id) || id / 4 >= opened[1])) return false;
  if (!ours && known.insert(id).second && !quic::is_unidirectional(id)) sent[id];
  return true;
}

void Wire::data(quic::StreamId id, Bytes bytes, bool fin) {
  if (!can_receive(id)) return;
  if (fin) dropped.insert(id);
  ++inside;
  handler->on_stream_data(id, bytes, fin);
  --inside;
  settle();
}

void Wire::reset(quic::StreamId id, std::uint64_t code) {
  if (!can_receive(id)) return;
  dropped.insert(id);
  ++inside;
  handler->on_stream_reset(id, code);
  --inside;
  settle();
}

void Wire::stop(quic::StreamId id, std::uint64_t code) {
  if (!open() || closing) return;
  const bool ours = quic::opened_by_server(id) == is_server;
  if (!ours && (quic::is_unidirectional(id) || (!known.contains(id) && !can_receive(id)))) return;
  const auto found = sent.find(id);
  if (found == sent.end() || found->second.over()) return;
  found->second.reset = true;
  found->second.waiting = 0;
  ++inside;
  handler->on_stop_sending(id, code);
  --inside;
  settle();
}

void Wire::end() {
  if (!handler || is_closed || closing) return;
  closing = quic::CloseReason{quic::CloseReason::Kind::idle, false, 0, {Code::timeout, "nothing was heard"}};
  settle();
}

void Wire::drained() {
  if (agent) agent->on_drained();
}

std::vector<std::shared_ptr<Wire>> wires() {
  std::vector<std::shared_ptr<Wire>> alive;
  std::erase_if(world().wires, [](const auto &wire) { return wire.expired(); });
  for (const auto &each : world().wires)
    if (auto wire = each.lock(); wire && wire->alive()) alive.push_back(std::move(wire));
  return alive;
}

void run() {
  while (world().deliver() || world().fire()) {
  }
}

void pass(Time time) {
  the_time += time;
  run();
}

}  // namespace still
}  // namespace astral
