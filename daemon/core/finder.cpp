// SPDX-License-Identifier: BSD-3-Clause
#include "core/finder.hpp"

#include <algorithm>
#include <utility>

#include "core/admission.hpp"
#include "core/limits.hpp"
#include "core/network.hpp"
#include "core/ranking.hpp"
#include "core/slug.hpp"

namespace astral::core {
namespace {

constexpr std::size_t wanted_offers = 2;          // the best, and a standby
constexpr std::size_t max_relays_looked_at = 32;  // supernodes; the first that has a path is asked
constexpr const char *no_relay =
    "; no node that both can reach has room to relay (one node with an open port is enough: "
    "astralctl doctor says how)";

// A change is worth a message if room appeared or is gone, the hops changed, or the room doubled or halved.
template <typename Told, typename Now>
bool worth_telling(const Told &before, const Now &now) {
  const std::uint32_t told = before.room;
  const std::uint32_t room = now.room;
  if (room > 0 && before.hops != now.hops) return true;
  if (room == 0 && (before.leaves == 0) != (now.leaves == 0)) return true;
  return room != told && (told == 0 || room == 0 || room >= 2 * told || 2 * room <= told);
}

// Whoever keeps the stream's records. The second owner is another one, by chance.
Key owner_key(const Slug &slug, bool second) {
  return key_of(second ? slug + "/2" : slug);
}

// This supernode itself.
Giver as_giver(const NodeInfo &self) {
  return {self.uuid, self.nat, self.ip_address, true, false, self.families};
}

}  // namespace

Finder::Offering Finder::own(const Slug &slug) const {
  const auto found = streams_.all.find(slug);
  if (found == streams_.all.end() || !streams_.offers_places(found->second)) return {};
  const bool far = found->second.position.path.size() + 1 >= max_path;
  Offering offering{.hops = found->second.position.hops + 1, .room = far ? 0 : budget_.places(slug)};
  if (far || offering.room > 0) return offering;
  for (const TicketId &id : tickets_.given(slug)) {
    const Ticket &ticket = *tickets_.find(id);
    if (lends_place(ticket))
      ++offering.room;
    else if (ticket.child.leaf && ticket.state == TicketState::confirmed)
      ++offering.leaves;
  }
  return offering;
}

void Finder::carry_changed(const Slug &slug) {
  if (is_rival(slug)) return;
  if (node_.supernode()) return changed(slug);
  StreamState *stream = streams_.find(slug);
  if (stream == nullptr) {
    if (sessions_.primary != 0) sessions_.send(sessions_.primary, Carrying{.slug = slug, .over = true});
    return;
  }
  if (sessions_.primary == 0) return;
  const Offering now = own(slug);
  Carrying &told = stream->told;
  const bool over = now.room == 0 && now.hops == 0;
  if (over && told.over) return;
  if (over == told.over && !worth_telling(told, now)) return;
  told = {.slug = slug, .hops = now.hops, .room = now.room, .leaves = now.leaves, .over = over};
  sessions_.send(sessions_.primary, told);
  if (!stream->own) return;
  for (const PeerId witness : sessions_.witnesses)
    if (witness != sessions_.primary) sessions_.send(witness, told);
}

void Finder::settled() {
  reach_.clear();
  carries_ = {};
  here_said_ = node_.now;
  for (auto &[slug, stream] : streams_.all) {
    stream.told = {.slug = slug, .hops = 0, .room = 0, .over = true};
    carry_changed(slug);
  }
}

void Finder::beat() {
  if (!node_.supernode()) {
    for (const auto &[slug, stream] : streams_.all) carry_changed(slug);
    return;
  }
  records_.lapse(node_.now);
  std::vector<Slug> slugs;
  for (const auto &[slug, reach] : reach_)
    if (node_.now - reach.said >= node_.settings.timeouts.refresh) slugs.push_back(slug);
  for (const Slug &slug : slugs) advert_due(slug);
  for (const auto &[slug, stream] : streams_.all) changed(slug);
  if (node_.now - here_said_ < node_.settings.timeouts.here_refresh) return;
  here_said_ = node_.now;
  for (const PeerId id : sessions_.peers.children()) child_came(*sessions_.peers.find(id));
}

void Finder::announce(PeerId witness) {
  if (node_.supernode() || witness == sessions_.primary) return;
  for (const auto &[slug, stream] : streams_.all) {
    if (!stream.own) continue;
    const Offering now = own(slug);
    const StreamInfo *info = directory_.stream(slug);
    if (now.hops == 0 || info == nullptr || !info->streaming) continue;
    sessions_.send(witness, Carrying{.slug = slug, .hops = now.hops, .room = now.room, .leaves = now.leaves});
    sessions_.send(witness, Streams{.streams = {*info}});
  }
}

void Finder::child_came(const Peer &child) {
  here({.place = {.uuid = child.uuid, .via = node_.self(), .at = sessions_.place().at},
        .updated = static_cast<std::uint64_t>(std::max<std::int64_t>(0, node_.unix_ms()))});
}

void Finder::carrying(const Peer &child, const Carrying &carrying) {
  if (!child.child && (child.kind != PeerKind::node || child.supernode)) return;
  if (carrying.over) {
    const auto reach = reach_.find(carrying.slug);
    if (reach == reach_.end() || reach->second.children.erase(child.uuid) == 0) return;
    carries_.remove(child.uuid);
  } else {
    if (!may_carry(child, carrying.slug)) return;
    reach_[carrying.slug].children[child.uuid] = {.hops = carrying.hops,
                                                  .room = std::min(carrying.room, max_room),
                                                  .leaves = std::min(carrying.leaves, max_room)};
  }
  changed(carrying.slug);
}

// Counts it. One child fills no more than a share, and if there is no room for another stream, the child that
// has most makes way.
bool Finder::may_carry(const Peer &peer, const Slug &slug) {
  const Uuid &child = peer.uuid;
  const auto known = reach_.find(slug);
  if (known != reach_.end() && known->second.children.contains(child)) return true;
  if (carries_.of(child) >= (peer.child ? max_carried_of_child : max_carried_of_guest)) return false;
  if (known == reach_.end() && reach_.size() >= max_streams) {
    if (!carries_.deserves(child)) return false;
    const Uuid most = carries_.largest();
    const auto one = std::find_if(reach_.begin(), reach_.end(), [&](const auto &entry) {
      return entry.second.children.size() == 1 && entry.second.children.contains(most);
    });
    if (one == reach_.end()) return false;
    forget(one);
  }
  carries_.add(child);
  return true;
}

void Finder::forget(std::map<Slug, Reach>::iterator reach) {
  for (const auto &[uuid, one] : reach->second.children) carries_.remove(uuid);
  reach_.erase(reach);
}

void Finder::peer_gone(const PeerGone &gone) {
  if (!node_.supernode() || gone.routed) return;
  const bool there =
      sessions_.peers.socket(gone.uuid, PeerState::ready) != nullptr;  // it has another session
  if (!there) child_left(gone.uuid);
  if (!gone.ready && directory_.doubtful(gone.uuid)) records_.unreachable(gone.uuid);
}

void Finder::child_left(const Uuid &uuid) {
  std::vector<Slug> slugs;
  for (auto &[slug, reach] : reach_)
    if (reach.children.erase(uuid) > 0) {
      carries_.remove(uuid);
      slugs.push_back(slug);
    }
  for (const Slug &slug : slugs) changed(slug);
}

bool Finder::any(const Slug &slug) const {
  const auto reach = reach_.find(slug);
  return (reach != reach_.end() && !reach->second.children.empty()) || own(slug).hops > 0;
}

Finder::Offering Finder::sum(const Slug &slug) const {
  Offering all = own(slug);
  if (all.room == 0) all.hops = 0;
  const auto reach = reach_.find(slug);
  if (reach == reach_.end()) return all;
  for (const auto &[uuid, one] : reach->second.children) {
    all.leaves = std::min(all.leaves + one.leaves, max_room);
    if (one.room == 0) continue;
    all.room = std::min(all.room + one.room, max_room);
    all.hops = all.hops == 0 ? one.hops : std::min(all.hops, one.hops);
  }
  return all;
}

// Changes within a short time are told together.
void Finder::changed(const Slug &slug) {
  if (!node_.supernode() || is_rival(slug) || timers_.has({.kind = TimerKind::advert, .name = slug})) return;
  const auto reach = reach_.find(slug);
  if (reach == reach_.end() || !reach->second.known) {
    if (!any(slug)) return;
  } else {
    const Offering now = sum(slug);
    const Offering &told = reach->second.told;
    if (any(slug) && !worth_telling(told, now)) return;
  }
  timers_.set({.kind = TimerKind::advert, .name = slug}, node_.now + node_.settings.timeouts.advert_pause);
}

void Finder::advert_due(const Slug &slug) {
  if (!node_.supernode()) return;
  timers_.drop({.kind = TimerKind::advert, .name = slug});
  Advert news{.slug = slug, .supernode = sessions_.place()};
  if (!any(slug)) {
    const auto reach = reach_.find(slug);
    if (reach == reach_.end()) return;
    const bool known = reach->second.known;
    forget(reach);
    if (!known) return;
    news.over = true;
    return tell_owners(std::move(news), 0);
  }
  Reach &reach = reach_[slug];
  reach.told = sum(slug);
  reach.known = true;
  reach.said = node_.now;
  news.hops = reach.told.hops;
  news.room = reach.told.room;
  news.leaves = reach.told.leaves;
  tell_owners(std::move(news), 0);
}

// The owner of the key may lie. So the supernodes of the source tell a second one too.
void Finder::tell_owners(Advert advert, PeerId from) {
  const StreamInfo *info = directory_.stream(advert.slug);
  const auto reach = reach_.find(advert.slug);
  const bool is_home =
      info != nullptr && (info->source == node_.self() ||
                          (reach != reach_.end() && reach->second.children.contains(info->source)));
  if (is_home) {
    Advert other = advert;
    other.second = true;
    this->advert(std::move(other), from);
  }
  this->advert(std::move(advert), from);
}

// Sends the message one step nearer to the key. False: this node is the owner of the key.
template <typename M>
bool Finder::pass_on(Key key, const M &message) {
  const std::optional<PeerId> next = sessions_.overlay.next(key);
  if (!next) return false;
  sessions_.send(*next, message);
  return true;
}

// Only the stream's key can say that it is gone, where the key is known. Others say that they have left it.
void Finder::keep(const Advert &advert) {
  const StreamInfo *known = directory_.stream(advert.slug);
  const bool is_word = !advert.stream.empty() &&
                       (known == nullptr || !known->is_signed() ||
                        (advert.stream[0].deleted && advert.stream[0].fingerprint == known->fingerprint));
  if (advert.over && is_word)
    records_.end(advert.slug);
  else
    records_.advert(advert, node_.now + node_.settings.timeouts.refresh * 5 / 2);
}

void Finder::advert(Advert advert, PeerId from) {
  if (!node_.supernode()) return;
  const Key key = owner_key(advert.slug, advert.second);
  if (!advert.copied && pass_on(key, advert)) return;
  keep(advert);
  const bool news = !advert.stream.empty() && advert.stream[0].slug == advert.slug;
  if (news && advert.over) {
    Gone gone{.slug = advert.slug, .updated = advert.stream[0].updated};
    if (advert.stream[0].is_signed()) gone.stream = advert.stream;
    if (directory_.gone(gone, Heard::elsewhere)) {
      if (sessions_.may_tell_children())
        for (const PeerId child : sessions_.peers.children()) sessions_.send(child, gone);
      outbox_.announce(Change::stream, advert.slug);
    }
  } else if (news && directory_.learn(advert.stream[0], Heard::elsewhere)) {
    if (sessions_.may_tell_children())
      for (const PeerId child : sessions_.peers.children())
        if (child != from) sessions_.send(child, Streams{.streams = advert.stream});
    outbox_.announce(Change::stream, directory_.name_for(advert.stream[0]));
  }
  if (std::exchange(advert.copied, true)) return;
  for (const PeerId copy : sessions_.overlay.copies(key, copies_of_records)) sessions_.send(copy, advert);
}

void Finder::here(Here here) {
  if (!node_.supernode() || !directory_.timely(here.updated)) return;
  const Key key = key_of(here.place.uuid);
  if (!here.copied && pass_on(key, here)) return;
  records_.here(here, node_.now + node_.settings.timeouts.here_refresh * 5 / 2);
  if (std::exchange(here.copied, true)) return;
  for (const PeerId copy : sessions_.overlay.copies(key, copies_of_records)) sessions_.send(copy, here);
}

// Tells the key owner about a stream of ours or of a child.
void Finder::stream_news(const StreamInfo &stream, PeerId from) {
  if (!node_.supernode()) return;
  const Peer *child = sessions_.peers.find(from);
  const bool ours = stream.source == node_.self();
  if (!ours && (child == nullptr || child->uuid != stream.source)) return;
  if (!ours && !child->child) {  // its announce() comes before
    const auto reach = reach_.find(stream.slug);
    if (reach == reach_.end() || !reach->second.children.contains(child->uuid)) return;
  }
  const Offering now = sum(stream.slug);
  tell_owners({.slug = stream.slug,
               .supernode = sessions_.place(),
               .hops = std::max(now.hops, 1u),
               .room = now.room,
               .leaves = now.leaves,
               .stream = {stream}},
              from);
  Reach &reach = reach_[stream.slug];
  reach.told = now;
  reach.known = true;
  reach.said = node_.now;
}

void Finder::stream_gone(const Gone &gone, PeerId from) {
  const auto &[slug, updated, word] = gone;
  if (!node_.supernode()) return;
  const Peer *child = sessions_.peers.find(from);
  if (from != 0 && (child == nullptr || !child->child)) return;
  if (const auto reach = reach_.find(slug); reach != reach_.end()) forget(reach);
  timers_.drop({.kind = TimerKind::advert, .name = slug});
  const StreamInfo gone_one{.slug = slug, .name = slug, .source = node_.self(), .updated = updated};
  Advert news{.slug = slug,
              .supernode = sessions_.place(),
              .over = true,
              .second = true,
              .stream = word.empty() ? std::vector{gone_one} : word};
  advert(news, from);
  news.second = false;
  advert(std::move(news), from);
}

bool Finder::note(const Find &find) {
  const std::string what = find.request.search + (find.wide ? "w" : "n") + (find.request.relay ? "r" : "") +
                           (find.second ? "2" : "") + std::to_string(static_cast<int>(find.stage));
  if (!served_.insert(what).second) return false;
  served_order_.push_back(what);
  if (served_order_.size() > max_finds) {
    served_.erase(served_order_.front());
    served_order_.pop_front();
  }
  return true;
}

void Finder::refuse(const Request &request, RefusalCode code, const std::string &message) {
  sessions_.tell(request.asker, Refusal{.search = request.search,
                                        .slug = request.slug,
                                        .code = code,
                                        .message = message,
                                        .asked = request.asked});
}

// Asks the best of our children and this node itself, `most` at most, without those that have no path to the
// asker.
Finder::Handed Finder::hand_out(const Request &request, std::size_t most, bool displace, Doubt doubt) {
  const bool may = displace && !request.leaf();
  const auto fit = [&](const Offering &one) { return one.room > 0 || (may && one.leaves > 0); };
  struct Choice {
    Offering what;
    Peer *child;
    std::string no_path;
    std::size_t complaints = 0;
    std::string network = {};
    bool needs_turn = false;
    bool over_tcp = false;
    Families families = {};
  };
  std::vector<Choice> choices;
  const NodeInfo &self = node_.settings.self;
  const Offering mine = own(directory_.name_for(request.slug, request.key));
  if (fit(mine) && request.takes(node_.self()))
    choices.push_back({.what = mine,
                       .child = nullptr,
                       .no_path = no_path(request, as_giver(self), doubt),
                       .network = network_of(self.ip_address),
                       .families = self.families});
  const auto reach = reach_.find(request.slug);
  if (reach != reach_.end())
    for (const auto &[uuid, one] : reach->second.children) {
      if (!fit(one) || !request.takes(uuid)) continue;
      Peer *child = sessions_.peers.socket(uuid, PeerState::ready);
      if (child == nullptr) continue;
      const NodeInfo *node = directory_.node(uuid);
      const Nat nat = node == nullptr ? Nat{} : node->nat;
      const Families families = node == nullptr ? Families{} : node->families;
      const Giver giver{uuid, nat, child->address, false, node != nullptr && node->turn, families};
      choices.push_back({one, child, no_path(request, giver, doubt), complaints_.against(uuid, node_.now),
                         network_of(child->address), needs_turn(request, giver), nat.udp == Udp::blocked,
                         families});
    }
  std::stable_sort(choices.begin(), choices.end(), [](const Choice &a, const Choice &b) {
    const auto rank = [](const Choice &one) {
      return Rank{.complaints = one.complaints,
                  .full = one.what.room == 0,
                  .needs_turn = one.needs_turn,
                  .hops = one.what.hops,
                  .room = one.what.room};
    };
    return rank(a) < rank(b);
  });
  mix(
      choices, most, [](const Choice &one) { return one.network; }, rng_);
  Handed handed;
  for (const Choice &choice : choices) {
    if (handed.asked == most) break;
    if (!choice.no_path.empty()) {
      if (!handed.blocked)
        handed.blocked = Blocked{choice.child == nullptr ? node_.self() : choice.child->uuid, choice.no_path,
                                 choice.over_tcp, choice.families};
      continue;
    }
    // The asker would choose the shorter way, whatever server it goes through.
    if (choice.needs_turn && handed.asked > 0) continue;
    ++handed.asked;
    if (choice.child == nullptr) {
      outbox_.post(ToServe{request});
      continue;
    }
    Offering &one = reach->second.children.at(choice.child->uuid);
    --(one.room > 0 ? one.room : one.leaves);  // until the child tells us its new room
    sessions_.send(choice.child->id, request);
  }
  return handed;
}

// If all nodes here that have room have no path to the asker, another node is recruited to relay the stream.
// If there is none, the nodes that may have a path after all are asked.
std::size_t Finder::hand_out_or_relay(const Request &request, std::size_t most, bool displace) {
  const Handed handed = hand_out(request, most, displace);
  if (handed.asked > 0 || !handed.blocked || request.direct) return handed.asked;
  const Uuid relay = recruit(request, *handed.blocked);
  const std::string why =
      "no path to " + directory_.name_of(handed.blocked->uuid) + ": " + handed.blocked->why;
  sessions_.tell(
      request.asker,
      Refusal{
          .search = request.search,
          .slug = request.slug,
          .code = RefusalCode::no_path,
          .message = why + (relay.empty() ? no_relay : "; asked " + directory_.name_of(relay) + " to relay"),
          .relay = relay});
  if (!relay.empty()) return 1;
  return hand_out(request, most, displace, Doubt::certain).asked;
}

bool Finder::reaches(const Request &request, const Giver &giver) const {
  return request.takes(giver.uuid) && no_path(request, giver).empty();
}

// This node itself, else a child that anybody can reach, else another supernode. Supernodes are reached over
// TCP too: they need no relay, and only they can help where UDP is blocked, or where an asker that anybody
// can reach got no link. The relay has an address family in common with each of the two. Empty: nobody.
Uuid Finder::recruit(const Request &request, const Blocked &blocked) {
  if (request.asker.via == request.asker.uuid || node_.leaving) return {};
  const NodeInfo &self = node_.settings.self;
  if (!self.origin && reaches(request, as_giver(self)) && may_meet(self.families, blocked.families) &&
      budget_.places(request.slug) > 0) {
    outbox_.post(ToRelay{request});
    return node_.self();
  }
  Request wish = request;
  wish.relay = true;
  wish.relay_from = blocked.families;
  const auto reach = reach_.find(request.slug);
  const Peer *best = nullptr;
  std::uint64_t best_kbps = 0;
  const bool supernodes_only =
      blocked.over_tcp || (is_public(request.nat) && may_meet(request.families, blocked.families));
  for (const PeerId id : sessions_.peers.children()) {
    const Peer &child = *sessions_.peers.find(id);
    const NodeInfo *node = directory_.node(child.uuid);
    if (supernodes_only || node == nullptr || !is_public(node->nat)) continue;
    if (!may_meet(node->families, blocked.families)) continue;
    if (reach != reach_.end() && reach->second.children.contains(child.uuid)) continue;  // it has no room
    if (!reaches(request, {child.uuid, node->nat, child.address, false, node->turn, node->families}))
      continue;
    const std::uint64_t kbps = node->upstream_kbps.value_or(0);
    if (best != nullptr && kbps <= best_kbps) continue;
    best = &child;
    best_kbps = kbps;
  }
  if (best != nullptr) {
    sessions_.send(best->id, std::move(wish));
    return best->uuid;
  }
  if (request.relay) return {};  // another supernode asks us already
  for (const PeerId id : sessions_.overlay.copies(key_of(request.slug), max_relays_looked_at)) {
    const Peer &supernode = *sessions_.peers.find(id);
    const NodeInfo *node = directory_.node(supernode.uuid);
    if (node == nullptr || node->origin || !may_meet(node->families, blocked.families) ||
        !reaches(request, {supernode.uuid, node->nat, supernode.address, true, false, node->families}))
      continue;
    sessions_.send(id, Find{.request = std::move(wish), .stage = Stage::carrier});
    return supernode.uuid;
  }
  return {};
}

void Finder::find(Find find) {
  const Request &request = find.request;
  if (!node_.supernode()) return refuse(request, RefusalCode::no_room, "not a supernode any more");
  if (find.stage == Stage::key_owner && pass_on(owner_key(request.slug, find.second), find)) return;
  if (!note(find)) return;
  switch (find.stage) {
    case Stage::home: {
      if (!find.wide)
        find.carriers =
            static_cast<std::uint32_t>(hand_out_or_relay(request, asked_for(request, wanted_offers), false));
      if (!find.wide && find.carriers == 0 && is_worried(request))
        find.carriers = static_cast<std::uint32_t>(ask_full(request));
      if (find.carriers >= wanted_offers) return;
      if (find.wide) {
        ask_full_too(request, hand_out(request, asked_for(request, wanted_offers), true).asked);
        ask_around(find);
        if (is_worried(request)) ask_second(find);
      }
      find.stage = Stage::key_owner;
      return this->find(std::move(find));
    }
    case Stage::key_owner: {
      const Uuid but = find.wide ? "" : request.asker.via;
      std::size_t asked = 0;
      const std::vector<Records::Carrier> carriers = this->carriers(request, but);
      for (const Records::Carrier &carrier : carriers) {
        records_.promised(request.slug, carrier.supernode.uuid, node_.now + node_.settings.timeouts.promised);
        Find there = find;
        there.stage = Stage::carrier;
        there.carriers += static_cast<std::uint32_t>(asked);  // so that only the first one recruits a relay
        if (find.wide && !find.second) there.request.asked = static_cast<std::uint32_t>(carriers.size());
        if (carrier.supernode.uuid == node_.self())
          outbox_.post(ToFind{std::move(there)});
        else if (!routes_.deliver(carrier.supernode, std::move(there)))
          continue;
        ++asked;
      }
      if (asked + find.carriers > 0) return;
      if (find.wide) find.request.asked = 1;  // this refusal is the only answer
      if (const StreamState *here = streams_.find(request.slug);
          here != nullptr && streams_.offers_places(*here))
        return refuse(request, RefusalCode::no_room,
                      name_of(node_.settings.self) + ": " + budget_.objection());
      if (records_.has(request.slug) || any(request.slug))
        return refuse(request, RefusalCode::no_room, nobody_has_room);
      return refuse(request, RefusalCode::no_stream, "nobody knows this stream");
    }
    case Stage::carrier: {
      if (request.relay) {
        if (recruit(request, {.families = request.relay_from}).empty())
          refuse(request, RefusalCode::no_room, "no room to relay there");
        return;
      }
      // The key owner counts one place as taken now. If it was not taken, the next advert says so.
      const auto reach = reach_.find(request.slug);
      if (reach != reach_.end()) {
        Offering &told = reach->second.told;
        if (told.room > 0)
          --told.room;
        else if (told.leaves > 0)
          --told.leaves;
      }
      const bool first = find.carriers == 0;
      const bool is_around = find.wide && request.asked == 0;  // ask_around() or ask_second() sent it
      const std::size_t most = is_around ? 2 : asked_for(request, 1);
      std::size_t handed =
          first ? hand_out_or_relay(request, most, true) : hand_out(request, most, true).asked;
      handed += ask_full_too(request, handed);
      changed(request.slug);
      if (handed > 0) return;
      // The key owner believes that there is room, so it is told.
      if (!timers_.has({.kind = TimerKind::advert, .name = request.slug}))
        timers_.set({.kind = TimerKind::advert, .name = request.slug},
                    node_.now + node_.settings.timeouts.advert_pause);
      if (is_around) return;  // the asker does not wait for us
      return refuse(request, RefusalCode::no_room, "no room left there");
    }
  }
}

}  // namespace astral::core
