// SPDX-License-Identifier: BSD-3-Clause
#include "udp/inbox.hpp"

#include <utility>

#include "glue/loop.hpp"

namespace astral::udp {
namespace {

// The acknowledgements of so many links are worth a wait. Fewer would only be slowed down: a link that waits
// for each of them by a millisecond carries a twentieth of what it can.
constexpr std::size_t many = 8;

}  // namespace

std::shared_ptr<Inbox> Inbox::open(GMainContext *context) {
  std::shared_ptr<Inbox> inbox(new Inbox);
  const auto deliver = [](gpointer data) noexcept -> gboolean {
    const auto alive = static_cast<Inbox *>(data)->shared_from_this();
    alive->deliver();
    return G_SOURCE_CONTINUE;
  };
  inbox->source_ = Source(new_timed_source(context, deliver, inbox.get(), nullptr, "astral datagrams"));
  inbox->slot_->wake_by(inbox->source_.get());
  return inbox;
}

std::shared_ptr<Inbox> Inbox::open(GMainContext *context, const std::shared_ptr<SocketGroup> &group,
                                   Others others) {
  std::shared_ptr<Inbox> inbox = open(context);
  inbox->own_ = group->take();
  if (!inbox->own_) return inbox;
  inbox->group_ = group;
  inbox->others_ = std::move(others);
  ReceiverHandler &handler = *inbox;
  inbox->receiver_.emplace(*inbox->own_->socket, context, handler);
  return inbox;
}

Inbox::~Inbox() {
  slot_->wake_by(nullptr);
  receiver_.reset();
  if (own_) group_->give_back(own_->number);
}

void Slot::put(const RouteId &route, Bytes data, const Flow &flow) {
  const std::lock_guard lock(mutex_);
  const std::size_t held = waiting_.bytes.size() + waiting_.items.size() * sizeof(Item);
  if (!source_ || held + data.size() > max_waiting) return;
  waiting_.bytes.insert(waiting_.bytes.end(), data.begin(), data.end());
  add({route, data.size(), flow});
}

void Slot::note(const RouteId &route, const Flow &flow, Kind kind) {
  const std::lock_guard lock(mutex_);
  if (source_) add({route, 0, flow, kind});
}

void Slot::add(const Item &item) {
  waiting_.items.push_back(item);
  if (waiting_.items.size() == 1) g_source_set_ready_time(source_, 0);
}

void Slot::swap(Waiting &taken) {
  const std::lock_guard lock(mutex_);
  std::swap(waiting_, taken);
}

void Slot::wake_by(GSource *source) {
  const std::lock_guard lock(mutex_);
  source_ = source;
}

RouteHandler *Inbox::handler(const RouteId &route) const {
  const auto found = handlers_.find(route);
  return found == handlers_.end() ? nullptr : found->second;
}

bool Inbox::deliver(const RouteId &route, Bytes datagram, const Flow &flow) {
  RouteHandler *to = handler(route);
  if (!to) return false;
  reached_.insert(route);
  to->on_route_datagram(datagram, flow);
  return true;
}

void Inbox::drain() {
  for (const RouteId &route : std::exchange(reached_, {}))
    if (RouteHandler *to = handler(route)) to->on_route_drained();
}

void Inbox::on_readable() {
  const auto alive = shared_from_this();
  const std::size_t datagrams =
      receiver_->receive(handlers_.size() >= many, [this](Bytes datagram, const Flow &flow) {
        const std::optional<RouteId> route = destination_of(datagram).route;
        if (!route || !deliver(*route, datagram, flow)) others_.take(datagram, flow);
      });
  others_.count(datagrams);
  drain();
}

void Inbox::deliver() {
  slot_->swap(delivering_);
  Bytes rest(delivering_.bytes);
  for (const Slot::Item &item : delivering_.items) {
    const Bytes data = rest.first(item.size);
    rest = rest.subspan(item.size);
    if (item.kind == Slot::Kind::datagram) {
      deliver(item.route, data, item.flow);
    } else if (RouteHandler *to = handler(item.route)) {
      reached_.insert(item.route);
      to->on_route_stream(item.flow, item.kind == Slot::Kind::opened);
    }
  }
  drain();
  delivering_.items.clear();
  delivering_.bytes.clear();
}

}  // namespace astral::udp
