// SPDX-License-Identifier: BSD-3-Clause
// Datagrams for the links of one GMainContext: from a socket of its own, and from other threads. A wake-up
// carries everything that came since the last one, for all of the context's links.
#pragma once

#include <gio/gio.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "glue/ref.hpp"
#include "udp/receiver.hpp"
#include "udp/routes.hpp"
#include "udp/socket_group.hpp"

namespace astral::udp {

class RouteHandler {
 public:
  virtual ~RouteHandler() = default;
  // `data` is valid during the call only. The handler may destroy its Route in either call.
  virtual void on_route_datagram(Bytes data, const Flow &flow) = 0;
  // Everything that had arrived has been delivered.
  virtual void on_route_drained() = 0;
  // The route's stream is open, or has ended; what comes by it has this flow.
  virtual void on_route_stream(const Flow &flow, bool is_open) = 0;
};

// What other threads see of an inbox. **Thread**: any.
class Slot {
 public:
  // What waits while the context is busy, in memory: a datagram over TCP may have a single byte. What comes
  // on top is dropped, like in a socket's buffer.
  static constexpr std::size_t max_waiting = 4 << 20;

  enum class Kind { datagram, opened, closed };  // the latter of the route's stream
  struct Item {
    RouteId route;
    std::size_t size;
    Flow flow;
    Kind kind = Kind::datagram;
  };
  struct Waiting {
    std::vector<Item> items;
    std::vector<std::uint8_t> bytes;  // of all items, back to back
  };
  void put(const RouteId &route, Bytes data, const Flow &flow);
  void note(const RouteId &route, const Flow &flow, Kind kind);
  void swap(Waiting &taken);
  // Null: nobody takes the datagrams any more.
  void wake_by(GSource *source);

 private:
  void add(const Item &item);  // with mutex_ held

  std::mutex mutex_;
  Waiting waiting_;
  GSource *source_ = nullptr;
};

// **Thread**: the context's. Its routes own it.
class Inbox final : public std::enable_shared_from_this<Inbox>, private ReceiverHandler {
 public:
  // Gets what the socket has for no link of this context, and each batch's number of datagrams.
  struct Others {
    std::function<void(Bytes datagram, const Flow &flow)> take;
    std::function<void(std::size_t datagrams)> count;
  };
  // Takes a socket of the group, if there is one.
  static std::shared_ptr<Inbox> open(GMainContext *context, const std::shared_ptr<SocketGroup> &group,
                                     Others others);
  // Without a socket of its own. The endpoint's thread, or nobody else, receives.
  static std::shared_ptr<Inbox> open(GMainContext *context);
  ~Inbox() override;
  Inbox(const Inbox &) = delete;
  Inbox &operator=(const Inbox &) = delete;

  const std::shared_ptr<Slot> &slot() const { return slot_; }
  // Its own socket; null: none.
  const Socket *socket() const { return own_ ? own_->socket : nullptr; }
  // The first byte of its routes' ids.
  std::uint8_t number() const { return own_ ? own_->number : 0; }
  void add(const RouteId &route, RouteHandler &handler) { handlers_[route] = &handler; }
  void remove(const RouteId &route) { handlers_.erase(route); }

 private:
  Inbox() = default;
  void on_readable() override;
  void deliver();
  bool deliver(const RouteId &route, Bytes datagram, const Flow &flow);
  void drain();
  RouteHandler *handler(const RouteId &route) const;

  const std::shared_ptr<Slot> slot_ = std::make_shared<Slot>();
  Slot::Waiting delivering_;  // keeps its memory from one delivery to the next
  std::map<RouteId, RouteHandler *> handlers_;
  std::set<RouteId> reached_;  // by the batch that is being delivered
  Source source_;
  std::shared_ptr<SocketGroup> group_;
  std::optional<SocketGroup::Member> own_;
  Others others_;
  std::optional<Receiver> receiver_;
};

}  // namespace astral::udp
