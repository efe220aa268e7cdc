// SPDX-License-Identifier: BSD-3-Clause
// The calls of the API that concern several parts, and the messages with which one node asks another for
// them.
#include <cassert>
#include <utility>

#include "core/limits.hpp"
#include "core/network.hpp"
#include "core/node.hpp"
#include "core/slug.hpp"

namespace astral::core {

void Node::on(const DeleteStream &input) {
  const Expected<StreamInfo> stream = publishing_.may_delete(input.slug);
  if (!stream) return context_.outbox.answer(input.call, tl::unexpected<Error>(stream.error()));
  const Gone gone = publishing_.last_word(input.slug);
  membership_.tell_gone(gone, input.slug, 0);
  finder_.stream_gone(gone, 0);
  child_tickets_.revoke_all(input.slug, "ended", "the stream has ended");
  consumer_.drop(input.slug, {Code::not_found, "the stream has ended"}, "ended");
  publishing_.forget(input.slug);
  context_.outbox.answer(input.call, Answered{.stream = *stream});
}

void Node::on(const AskTicket &input) {
  if (!is_stream_name(input.slug))
    return context_.outbox.answer(input.call, fail(Code::not_found, "no such stream"));
  if (is_rival(input.slug) && !context_.directory.stream(input.slug))
    return context_.outbox.answer(input.call, fail(Code::not_found, "no stream has this name"));
  if (input.destination.empty() || input.destination == context_.node.self()) return consumer_.watch(input);
  if (is_rival(input.slug))
    return context_.outbox.answer(input.call,
                                  fail(Code::invalid, "its name means something at this node only"));
  if (!is_uuid(input.destination))
    return context_.outbox.answer(input.call, fail(Code::not_found, "no such node"));
  if (!context_.sessions.settled())
    return context_.outbox.answer(input.call, fail(Code::unreachable, "this node has no supernode yet"));
  context_.timers.set({.kind = TimerKind::seed, .name = input.destination, .number = input.call},
                      context_.node.now + context_.node.settings.timeouts.search);
  StreamKeys *keys = context_.node.settings.stream_keys;
  context_.sessions.tell(
      {.uuid = input.destination, .via = {}, .at = {}},
      Seed{.call = input.call,
           .slug = input.slug,
           .pass = keys == nullptr ? Pass{} : keys->pass(input.slug, context_.node.unix_ms())});
}

// A node of this machine or site. Without a session: as is the supernode that brought its word.
bool Node::is_near(const Peer &peer) const {
  const Peer *seen = peer.routed ? context_.sessions.peers.find(peer.through) : &peer;
  return seen != nullptr && are_neighbours(seen->address, seen->address);
}

// Another node wants this node to carry a stream. This node does so as if its own API had been asked.
void Node::seed(const Peer &peer, const Seed &seed) {
  const auto answer = [&](bool done, const char *why) {
    context_.sessions.send(peer.id, Seeded{.call = seed.call, .done = done, .message = why});
  };
  const SeededBy who = context_.node.settings.seeded_by;
  if (who == SeededBy::nobody || (who == SeededBy::neighbours && !is_near(peer)))
    return answer(false, "that node does not let others choose");
  if (!is_slug(seed.slug)) return answer(false, "no such stream");
  const CallId call = context_.outbox.next_id++;
  if (seeds_.size() >= max_waiting_calls) return answer(false, "too many want something of that node");
  seeds_[call] = {.asker = peer.id, .call = seed.call};
  consumer_.watch({.call = call, .slug = seed.slug, .pass = seed.pass});
}

// Only the node that was asked is believed.
void Node::seeded(const Peer &peer, const Seeded &seeded) {
  if (peer.kind != PeerKind::node) return;
  const TimerId asked{.kind = TimerKind::seed, .name = peer.uuid, .number = seeded.call};
  if (!context_.timers.has(asked)) return;
  context_.timers.drop(asked);
  if (seeded.done)
    context_.outbox.answer(seeded.call, Answered{.created = true});
  else
    context_.outbox.answer(seeded.call, fail(Code::no_room, seeded.message));
}

void Node::on(const BandwidthMeasured &input) {
  if (line_.measured(input)) room_changed();
}

void Node::on(const LinksSeen &input) {
  if (line_.seen(input.links)) room_changed();
}

void Node::room_changed() {
  child_tickets_.budget_changed();
  for (const auto &[slug, stream] : context_.streams.all) context_.outbox.post(CarryChanged{.slug = slug});
}

void Node::on(const NatKnown &input) {
  NodeInfo &self = context_.node.settings.self;
  if (self.nat == input.nat && self.udp_port == input.udp_port && self.families == input.families) return;
  self.nat = input.nat;
  self.families = input.families;
  self.udp_port = input.udp_port;
  context_.failed_paths.clear();  // it is another network, or the reason of the failures is known now
  membership_.say_self();
  context_.outbox.announce(Change::node, self.uuid);
}

void Node::answer_ticket(CallId call, const Ticket *ticket) {
  if (ticket == nullptr) return context_.outbox.answer(call, fail(Code::not_found, "no such ticket"));
  context_.outbox.answer(call, Answered{.ticket = ticket->id});
}

void Node::on(const RefreshTicket &input) {
  const Ticket *ticket = ticket_to(input.slug, input.destination);
  if (ticket != nullptr) context_.tickets.find(ticket->id)->refreshed = context_.node.now;
  answer_ticket(input.call, ticket);
}

// The media backend confirms tickets by itself. This call only says whether the ticket exists.
void Node::on(const ConfirmTicket &input) {
  answer_ticket(input.call, ticket_to(input.slug, input.destination));
}

void Node::on(const RevokeTicket &input) {
  const bool ours = input.destination.empty() || input.destination == context_.node.self();
  if (ours) {
    const StreamState *stream = context_.streams.find(input.slug);
    if (stream == nullptr) return context_.outbox.answer(input.call, fail(Code::not_found, "no such ticket"));
    if (stream->own)
      return context_.outbox.answer(input.call,
                                    fail(Code::conflict, "published here: pause or delete the stream"));
    // Our children look for other parents themselves.
    child_tickets_.revoke_all(input.slug, "revoked", "the node gave the stream up");
    consumer_.drop(input.slug, {Code::refused, "the ticket was given up meanwhile"}, "revoked");
    return context_.outbox.answer(input.call, Answered{});
  }
  const Ticket *ticket = ticket_to(input.slug, input.destination);
  if (ticket == nullptr) return context_.outbox.answer(input.call, fail(Code::not_found, "no such ticket"));
  while ((ticket = ticket_to(input.slug, input.destination)) != nullptr)
    child_tickets_.revoke(*ticket, "revoked", "the node stopped forwarding");
  context_.outbox.answer(input.call, Answered{});
}

void Node::on(const RegisterNode &input) {
  if (!is_uuid(input.node.uuid) || input.node.port == 0 || input.node.ip_address.empty())
    return context_.outbox.answer(input.call, fail(Code::invalid, "uuid, ip_address, port: needed"));
  if (!context_.directory.timely(input.node.updated))
    return context_.outbox.answer(input.call,
                                  fail(Code::invalid, "updated: in the future, by the clock of this node"));
  const bool created = !find_node(input.node.uuid);
  if (input.node.uuid != context_.node.self() && !membership_.add_node(input.node))
    return context_.outbox.answer(input.call, fail(Code::no_room, "this node knows too many nodes"));
  context_.outbox.answer(input.call, Answered{.created = created});
}

void Node::on(const ForgetNode &input) {
  if (input.uuid == context_.node.self())
    return context_.outbox.answer(input.call,
                                  fail(Code::conflict, "that is this node: DELETE /node shuts it down"));
  if (!membership_.forget_node(input.uuid))
    return context_.outbox.answer(input.call, fail(Code::not_found, "no such node"));
  context_.outbox.answer(input.call, Answered{});
}

}  // namespace astral::core
