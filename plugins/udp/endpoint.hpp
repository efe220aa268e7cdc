// SPDX-License-Identifier: BSD-3-Clause
// The one UDP port of a node: answers STUN, finds out what the NAT does, and carries the QUIC connections of
// all links that need no ICE; those whose UDP is blocked over a stream each. Decides by a datagram's first
// bytes where it goes; QUIC checks who sent it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "glue/error.hpp"
#include "glue/guarded.hpp"
#include "glue/loop.hpp"
#include "stun/discovery.hpp"
#include "stun/server.hpp"
#include "udp/inbox.hpp"
#include "udp/local_addresses.hpp"
#include "udp/probe.hpp"
#include "udp/receiver.hpp"
#include "udp/routes.hpp"
#include "udp/socket_group.hpp"
#include "udp/stream.hpp"
#include "udp/udp_sender.hpp"

namespace astral::udp {

class Endpoint;

// The place of one link at an endpoint. **Thread**: the link's. **Owns** a share of the endpoint.
class Route {
 public:
  ~Route();
  Route(const Route &) = delete;
  Route &operator=(const Route &) = delete;

  const RouteId &id() const { return ids_.route; }
  const Secret &secret() const { return ids_.secret; }
  // Opens the stream of this link: to the HTTP port at `to`, where a link has the secret `theirs`. The
  // handler hears when it is open, and when it ends. A link has one stream in its life; further calls do
  // nothing.
  void open_stream(const Address &to, const Secret &theirs);
  void close_stream();  // either end's; the handler hears nothing more of it
  // As quic::Path::send().
  bool send(Bytes packets, std::size_t segment, const Flow &to);
  std::size_t segmented() const { return sender_.segmented(); }
  const Endpoint &endpoint() const { return *endpoint_; }

 private:
  friend class Endpoint;
  Route(std::shared_ptr<Endpoint> endpoint, std::shared_ptr<Inbox> inbox, const Routes<Slot>::Ids &ids)
      : endpoint_(std::move(endpoint)), inbox_(std::move(inbox)), ids_(ids) {}

  const Socket &socket() const;

  const std::shared_ptr<Endpoint> endpoint_;
  const std::shared_ptr<Inbox> inbox_;
  const Routes<Slot>::Ids ids_;
  Flow aim_;
  UdpSender sender_;
};

// **Thread**: any, unless noted. **Owns** the socket and, without a context, a thread. The endpoint ends with
// its last owner: routes share it.
class Endpoint final : public std::enable_shared_from_this<Endpoint>, private ReceiverHandler {
 public:
  static constexpr std::size_t max_addresses = 6;  // that a link's offer names
  // How often the NAT is looked at again: a laptop changes networks, and a NAT forgets an idle mapping after
  // two minutes at the earliest (RFC 4787, REQ-5), many after 30 s.
  static constexpr Time check_interval = 20s;
  // What the NAT filters is asked another server, so it is looked at again only then, or when others see
  // another host.
  static constexpr Time filter_check_interval = 10min;

  struct Config {
    std::uint16_t port = 0;           // 0: a free one
    // Receives everything; null: a thread of the endpoint's own receives, for all that have no socket yet.
    GMainContext *context = nullptr;
    bool answers_stun = true;
  };
  // Called on the receiving thread.
  struct Events {
    std::function<void(const stun::Nat &)> nat_changed;
    // The driver asks the third server for a response with this id to our port `port`.
    std::function<void(const stun::TransactionId &id, std::uint16_t port)> ask_third;
  };

  // With a context: call it and destroy the last share on the context's thread. Errors: as Socket::open().
  static Expected<std::shared_ptr<Endpoint>> open(const Config &config, Events events = {});
  ~Endpoint() override;
  Endpoint(const Endpoint &) = delete;
  Endpoint &operator=(const Endpoint &) = delete;

  std::uint16_t port() const { return group_->first().port(); }
  // Whether the caller runs on the endpoint's own thread, where its last share must not be dropped.
  bool is_own_thread() const { return thread_ && g_main_context_is_owner(thread_->context()); }
  // Where others may reach this endpoint: this machine's addresses, and what the NAT shows if it lets
  // strangers in.
  std::vector<Address> addresses() const;
  stun::Nat nat() const;
  udp::Families families() const;  // in which others may reach this endpoint
  // STUN servers were asked, and none answered. At the start, a guess after some silence.
  bool udp_blocked() const { return udp_blocked_; }

  // Call it on the thread of `context`, which runs the handler. The handler outlives the route.
  std::unique_ptr<Route> open_route(GMainContext *context, RouteHandler &handler);

  // Whether a link here has this secret and has had no stream, so that the other end may open one.
  bool expects_stream(const Secret &secret) const;
  // Takes over the descriptor of a WebSocket that the other end of that link has opened; false: closes it.
  bool accept_stream(const Secret &secret, int descriptor);

  // The servers that are asked about the NAT, now and every check_interval; none: nobody is asked.
  // `third`: who sends the response that Events::ask_third asks for; it may be one of the servers. Unset:
  // nobody.
  void ask_servers(std::vector<Address> servers, const Address &third);
  // The address outside that the NAT says it forwards to our port; unset: none. Looks at the NAT again.
  void set_forwarded(const Address &address);
  // The part of the third server: one response with this id. The caller has made sure that `to` asked for it.
  bool send_response(const stun::TransactionId &id, const Address &to);

  struct Counts {
    std::uint64_t datagrams = 0;  // received
    std::uint64_t handed_on = 0;  // by one thread to another
    std::uint64_t stray = 0;      // of no link and no STUN
    std::uint64_t stun_answered = 0;
    std::uint64_t stun_limited = 0;
  };
  Counts counts() const;
  std::size_t routes() const;

 private:
  friend class Route;
  Endpoint(std::unique_ptr<Socket> socket, const Config &config, Events events);
  GMainContext *context() const;
  void start();
  void on_readable() override;
  void take(Bytes datagram, const Flow &flow);
  void hand_on(Bytes datagram, const Flow &flow);
  std::shared_ptr<Inbox> open_inbox(GMainContext *context);
  void take_stun(Bytes datagram, const Flow &flow);
  bool take_answer(Bytes datagram, const Flow &flow);
  void begin_discovery();
  void tick();
  void perform(std::vector<stun::Discovery::Effect> effects);
  void conclude();
  void remove(const Routes<Slot>::Ids &ids);
  bool add_stream(const RouteId &route, const std::shared_ptr<Stream> &stream);
  std::shared_ptr<Stream> stream_of(const RouteId &route) const;
  void stop(std::shared_ptr<Stream> stream);

  const std::shared_ptr<SocketGroup> group_;
  const Config config_;
  const Events events_;
  struct Table {
    Routes<Slot> routes;
    std::map<RouteId, std::shared_ptr<Stream>> streams;  // those that have ended, too, until their link ends
    std::map<GMainContext *, std::weak_ptr<Inbox>> inboxes;
  };
  mutable Guarded<Table> table_;
  mutable Guarded<stun::Nat> nat_;
  mutable Guarded<Counts> counts_;
  std::atomic<bool> udp_blocked_ = false;

  // The receiving thread's.
  stun::Server server_;
  std::vector<Address> servers_;
  Address third_, forwarded_;
  bool has_concluded_ = false;  // the first conclusion is news, also if it is that no server answers
  Time filter_known_until_{};
  std::unique_ptr<Probe> probe_;  // of discovery_
  std::optional<stun::Discovery> discovery_;
  Time next_check_ = never;
  std::unique_ptr<Timer> timer_;
  std::unique_ptr<Mailbox> mailbox_;
  std::optional<Receiver> receiver_;
  std::unique_ptr<LoopThread> thread_;  // declared last: its thread uses the members above
};

}  // namespace astral::udp
