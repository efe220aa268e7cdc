// SPDX-License-Identifier: BSD-3-Clause
// core::Node makes all decisions of a node: which node to ask for a stream, which child gets a ticket, what
// to tell the others. It holds no clock, socket, thread or random source. The driver performs its effects
// after handle().
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/audience.hpp"
#include "core/child_tickets.hpp"
#include "core/effect.hpp"
#include "core/finder.hpp"
#include "core/input.hpp"
#include "core/line.hpp"
#include "core/loop_checks.hpp"
#include "core/membership.hpp"
#include "core/message.hpp"
#include "core/node_context.hpp"
#include "core/node_role.hpp"
#include "core/node_view.hpp"
#include "core/provider.hpp"
#include "core/publishing.hpp"
#include "core/records.hpp"
#include "core/relaying.hpp"
#include "core/routes.hpp"
#include "core/settings.hpp"
#include "core/streams/consumer.hpp"
#include "core/types.hpp"
#include "core/witnesses.hpp"

namespace astral::core {

// running ──Shutdown──▶ leaving ──the children are gone, or their time is up──▶ stopped
//    └───────────────── nobody gets a stream from us ────────────────────────────▲
// While it leaves it takes no child and no ticket. Once stopped it answers every call with an error and
// ignores all else.
//
// **Thread**: none; one caller at a time. Only handle() changes it; all else observes.
// **Why parts**: NodeRole, Membership, Routes, Finder, Relaying, Consumer, Provider, ChildTickets, LoopChecks
// and Publishing each decide one thing. They do not call each other: a part posts an InternalEvent, and Node
// dispatches it after the part has returned.
class Node final : public NodeView {
 public:
  using Settings = core::Settings;

  explicit Node(Settings settings);
  Node(const Node &) = delete;
  Node &operator=(const Node &) = delete;

  // Before the first Tick it connects to nobody; deadline() is then Time{0}.
  void handle(const Input &input, Time now, Effects &out);
  Time deadline() const { return context_.timers.next(); }  // the driver then calls handle(Tick{}, now)

  const NodeInfo &self() const override { return context_.node.settings.self; }
  std::vector<NodeInfo> nodes() const override;
  std::vector<StreamInfo> streams() const override;
  std::vector<TicketView> tickets() const override;
  std::vector<TicketView> tickets(const Slug &slug) const override;
  std::optional<NodeInfo> find_node(const Uuid &uuid) const override;
  std::optional<StreamInfo> find_stream(const Slug &slug) const override;
  std::vector<StreamInfo> rivals(const Slug &slug) const override { return context_.directory.rivals(slug); }
  std::optional<TicketView> find_ticket(const TicketId &id) const override;
  std::optional<TicketView> find_ticket(const Slug &slug, const Uuid &destination) const override;
  std::uint32_t fed_children() const override { return context_.budget.children(); }
  std::uint64_t slow_children() const override { return child_tickets_.slow_children(); }
  std::vector<Uuid> unreachable(Time now) const override { return context_.failed_paths.list(now); }
  std::vector<Uuid> forgers(Time now) const override { return context_.forgers.list(now); }
  RoleState role() const { return role_.role(); }
  Uuid primary() const { return context_.node.settings.self.primary; }
  // The nodes to connect to after a restart: supernodes first, without those that the last try did not reach.
  std::vector<NodeInfo> remembered() const;
  std::uint64_t viewers(const Slug &slug) const override { return audience_.here(slug); }
  std::uint64_t audience(const Slug &slug) const override { return audience_.all(slug); }
  bool has_media(const Slug &slug) const;  // between OpenMedia and CloseMedia
  std::uint64_t promised_bps() const override { return context_.budget.used_bps(); }
  std::uint64_t overcommitted_bps() const {
    return context_.budget.overcommitted_bps();
  }  // of these, beyond the upstream
  std::size_t peers() const override { return context_.sessions.peers.size(); }
  std::size_t supernode_links() const { return context_.sessions.overlay.links().size(); }
  std::uint32_t places(const Slug &slug) const;  // how many more children we would take now
  std::optional<std::uint64_t> upstream_bps() const { return context_.budget.limit_bps(); }
  bool cut_off(const Slug &slug) const;  // a node on its path has no parent
  bool resting() const;                  // no search runs, and no link is coming up

  void check_invariants() const override;

 private:
  void on(const PeerConnected &input) { membership_.connected(input); }
  void on(const PeerProved &input) { membership_.proved(input); }
  void on(const PeerSaid &input);
  void on(const PeerLost &input) { membership_.lost(input); }
  void on(const BandwidthMeasured &input);
  void on(const SourceLinked &input) { consumer_.source_linked(input); }
  void on(const MeasuringBegun &) { line_.begun(); }
  void on(const LinksSeen &input);
  void on(const SourceFlows &input) { consumer_.source_flows(input); }
  void on(const StreamSilent &input) { consumer_.silent(input); }
  void on(const CreateStream &input) { publishing_.create(input); }
  void on(const SetStreaming &input) { publishing_.set_streaming(input); }
  void on(const DeleteStream &input);
  void on(const AskTicket &input);
  void on(const RefreshTicket &input);
  void on(const ConfirmTicket &input);
  void on(const RevokeTicket &input);
  void on(const RegisterNode &input);
  void on(const ForgetNode &input);
  void on(const Shutdown &input);
  void on(const RelaySaid &input) { child_tickets_.relay_said(input.slug, input.message); }
  void on(const SourceSaid &input) { consumer_.source_said(input); }
  void on(const ChildSlow &input) { child_tickets_.slow(input); }
  void on(const SourceEnded &input) { consumer_.source_ended(input); }
  void on(const MediaMeasured &input) {
    publishing_.measured(input);
    consumer_.measured(input);
    child_tickets_.measured(input);
    child_tickets_.budget_changed();
  }
  void on(const PlayersSeen &input) {
    audience_.seen(input);
    consumer_.players_seen(input);
  }
  void on(const PublisherAway &input) { publishing_.away(input); }
  void on(const StreamReworded &input) { publishing_.reworded(input); }
  void on(const OriginKnows &input) { membership_.origin_knows(input); }
  void on(const OriginAnswered &input) { publishing_.origin_answered(input); }
  void on(const NatKnown &input);
  void on(const ClockSet &input);
  void on(const Tick &input);

  void said(Peer &peer, const Message &message);
  void routed(std::optional<Routed> routed, PeerId by = 0);  // by: the neighbour that brought it
  void witness_ready(PeerId witness);
  void outdone(PeerId by);
  void send_elsewhere(const Uuid &supernode);
  void hear(Peer &peer);
  void from_neighbour(Peer &peer, const Message &message);
  bool is_near(const Peer &peer) const;
  void seed(const Peer &peer, const Seed &seed);
  void seeded(const Peer &peer, const Seeded &seeded);
  void room_changed();
  void stop();
  void heartbeat(Peer &peer, const Heartbeat &heartbeat);
  void cancel(const Peer &peer, const Cancel &cancel);
  void candidates(const Peer &peer, const Candidates &candidates);
  void answer_through(PeerId by, const Request &request);
  void take_request(const Peer &peer, const Request &request);
  void take_find(Peer &peer, Find find);
  void fall_due(const TimerId &key);
  void forgive_silence();
  void dispatch(const InternalEvent &event);
  void dispatch_events();
  void refuse(const Input &input);
  const Ticket *ticket_to(const Slug &slug, const Uuid &destination) const;
  void answer_ticket(CallId call, const Ticket *ticket);
  TicketView view(const Ticket &ticket) const;
  std::string role_of(const Ticket &ticket) const;

  struct Seeding {  // a node that asked us to watch a stream, and waits for the result
    PeerId asker = 0;
    CallId call = 0;
  };
  NodeContext context_;
  Line line_;
  Records records_;
  NodeRole role_;
  Membership membership_;
  Routes routes_;
  Finder finder_;
  Relaying relaying_;
  ChildTickets child_tickets_;
  Provider provider_;
  LoopChecks loop_checks_;
  Consumer consumer_;
  Witnesses witnesses_;
  Publishing publishing_;
  Audience audience_;
  std::map<CallId, Seeding> seeds_;
  bool stopped_ = false;
};

}  // namespace astral::core
