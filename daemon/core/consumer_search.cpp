// SPDX-License-Identifier: BSD-3-Clause
// How a parent is searched for: our supernode is asked, whoever has room offers, the best is linked.
#include <algorithm>
#include <cassert>
#include <utility>

#include "core/consumer.hpp"
#include "core/limits.hpp"

namespace astral::core {
namespace {

// Here, or anywhere.
bool nobody(const Search &search, const Refusal &refusal) {
  return !search.wide || refusal.code == RefusalCode::no_stream;
}

bool all_refused(Search &search, const Refusal &refusal) {
  return refusal.asked > 0 && ++search.refused >= refusal.asked;
}

}  // namespace

// For an orphan whom nobody stands by, as the callers have seen to.
void Consumer::search(Carried &stream) {
  assert(stream.phase == Phase::asking && stream.held.empty() && !stream.search);
  stream.search.emplace();
  desk_.agenda.set({.due = Due::search, .name = stream.slug}, desk_.now + desk_.settings.timeouts.search);
  find(stream);
}

void Consumer::find(Carried &stream) {
  Search &search = *stream.search;
  if (search.id.empty()) search.id = desk_.rng.hex(24);
  search.step = Step::finding;
  search.refused = 0;
  const Timeouts &timeouts = desk_.settings.timeouts;
  step_timer(stream, stream.leaver.empty() ? timeouts.ask : timeouts.ask_leaving);
  Find find{.request = {.slug = stream.slug,
                        .destination = desk_.self(),
                        .search = search.id,
                        .asker = desk_.place(),
                        .parent = desk_.tickets.given(stream.slug, PeerKind::node) > 0,
                        .room = desk_.room.places(stream.slug)},
            .wide = search.wide};
  if (desk_.supernode()) return desk_.notice(ToFind{std::move(find)});
  if (desk_.primary != 0) desk_.send(desk_.primary, std::move(find));
  // Without a supernode: settled() asks, or the step is over.
}

void Consumer::settled() {
  for (auto &[slug, stream] : desk_.carried)
    if (stream.search && stream.search->step <= Step::waiting) {
      stream.search->id.clear();  // the old one may be under way yet
      find(stream);
    }
}

bool Consumer::take_offer(Carried &stream, Search &search, const Peer &peer, const Offer &offer) {
  const bool spare = stream.spare && &search == &*stream.spare;
  if (peer.kind != PeerKind::node) return false;
  search.known = search.known.value_or(desk_.now);
  if (search.step == Step::linking || search.offers.size() >= max_offers || !fits(stream, peer, offer) ||
      desk_.tickets.full(peer.id) || !offer.search.size() || offer.ticket.empty())
    return false;
  if (search.better_than > 0 && offer.hops >= search.better_than) return false;
  if (peer.uuid == search.away_from) return false;
  if (spare && !stream.standby.empty() && through_parent(stream, offer.path)) return false;
  if (!offer.stream.empty() && offer.stream[0].slug == stream.slug &&
      desk_.directory.learn(offer.stream[0], Heard::elsewhere)) {
    desk_.room.told(offer.stream[0]);
    desk_.announce(Change::stream, stream.slug);
  }
  desk_.add({.id = offer.ticket,
             .slug = stream.slug,
             .side = Side::held,
             .state = TicketState::offered,
             .peer = peer.id,
             .kind = PeerKind::node,
             .source = peer.uuid,
             .destination = desk_.self(),
             .hops = offer.hops,
             .path = offer.path});
  search.offers.emplace(offer.ticket, offer);
  const Time wait = search.offers.size() >= 2 ? Time{} : desk_.settings.timeouts.gather;
  if (search.offers.size() >= 2 || search.step == Step::finding)
    spare ? standby_timer(stream, wait) : step_timer(stream, wait);
  search.step = Step::gathering;
  return true;
}

// The best first: not the one that was just lost, the fewest hops, the nearest.
void Consumer::rank(Carried &stream, std::vector<TicketId> &ids) const {
  for (const auto &[id, offer] : stream.search->offers)
    if (id != stream.coming && id != stream.held) ids.push_back(id);
  const auto worth = [&](const TicketId &id) {
    const Ticket &ticket = *desk_.tickets.find(id);
    const Peer *peer = desk_.peers.find(ticket.peer);
    return std::tuple(ticket.source == stream.avoid, ticket.hops,
                      peer == nullptr ? never : peer->rtt.value_or(1s));
  };
  std::stable_sort(ids.begin(), ids.end(),
                   [&](const TicketId &a, const TicketId &b) { return worth(a) < worth(b); });
}

void Consumer::pick(Carried &stream) {
  std::vector<TicketId> ids;
  rank(stream, ids);
  if (ids.empty()) return next_best(stream);
  const TicketId best = ids.front();
  (stream.phase == Phase::fed ? stream.coming : stream.held) = best;
  link(stream, stream.search->offers.at(best));
  // The second is kept, to stand by, or in case the first fails.
  for (std::size_t i = stream.standby.empty() ? 2 : 1; i < ids.size(); ++i)
    release(stream, ids[i], "not-chosen", "another offer was better");
}

// No offer is left: further away, then not at all.
void Consumer::next_best(Carried &stream) {
  Search &search = *stream.search;
  std::vector<TicketId> ids;
  rank(stream, ids);
  if (!ids.empty()) return pick(stream);
  if (!std::exchange(search.wide, true)) return find(stream);
  if (!may_wait(stream)) return fail_search(stream);
  search.step = Step::waiting;
  step_timer(stream, desk_.settings.timeouts.ask_again);
}

// We have no supernode yet; or what was just published has not been told to the keepers of its name: nobody
// refused, nobody knows. Where there is no room, a supernode that has just come may not know of all who have
// some.
bool Consumer::may_wait(const Carried &stream) const {
  if (stream.phase == Phase::fed) return false;
  if (stream.search->known) return desk_.now - *stream.search->known < desk_.settings.timeouts.no_room;
  const StreamInfo *info = desk_.directory.stream(stream.slug);
  return (!desk_.supernode() && desk_.primary == 0) || (info != nullptr && info->streaming);
}

void Consumer::refusal(const Peer &peer, const Refusal &refusal) {
  if (refusal.search.empty()) {
    const Ticket *ticket = desk_.tickets.find(refusal.ticket);
    if (ticket != nullptr && ticket->side == Side::held && desk_.with(*ticket, peer))
      lose(ticket->id, nullptr, refusal.message);
    return;
  }
  // We had it before we were started again.
  if (!refusal.ticket.empty() && desk_.tickets.find(refusal.ticket) == nullptr)
    desk_.cancel_unknown(peer.id, refusal.ticket);
  Carried *stream = desk_.carries(refusal.slug);
  if (stream != nullptr && stream->spare && stream->spare->id == refusal.search) {
    if (stream->spare->step != Step::finding) return;
    if (nobody(*stream->spare, refusal)) return no_spare(*stream);
    if (all_refused(*stream->spare, refusal)) standby_timer(*stream, desk_.settings.timeouts.late);
    return;
  }
  if (stream == nullptr || !stream->search || stream->search->id != refusal.search) return;
  Search &search = *stream->search;
  if (refusal.code != RefusalCode::no_stream) search.known = search.known.value_or(desk_.now);
  if (search.step != Step::finding) return;
  if (nobody(search, refusal)) return next_best(*stream);
  if (all_refused(search, refusal)) step_timer(*stream, desk_.settings.timeouts.late);
}

void Consumer::step_due(const Slug &slug) {
  Carried *stream = desk_.carries(slug);
  if (stream == nullptr) return;
  if (stream->search && stream->search->step == Step::gathering) return pick(*stream);
  if (stream->search && stream->search->step == Step::finding) return next_best(*stream);
  if (stream->search && stream->search->step == Step::waiting) {
    stream->search->id.clear();  // answered by all who were asked
    stream->search->wide = false;
    return find(*stream);
  }
  if (!stream->coming.empty()) return lose(stream->coming, "timeout", "no link in time");
  if (!stream->held.empty()) lose(stream->held, "timeout", "no answer in time");
}

void Consumer::search_due(const Slug &slug) {
  Carried *stream = desk_.carries(slug);
  if (stream == nullptr || !stream->search) return;
  if (stream->search->step == Step::linking)  // so near: its own step is bounded
    return desk_.agenda.set({.due = Due::search, .name = slug}, desk_.now + desk_.settings.timeouts.ask);
  fail_search(*stream);
}

void Consumer::retry_due(const Slug &slug) {
  if (Carried *stream = desk_.carries(slug)) begin(*stream);
}

void Consumer::stop_search(Carried &stream) {
  if (!stream.search) return;
  std::vector<TicketId> ids;
  rank(stream, ids);
  for (const TicketId &id : ids) release(stream, id, "not-chosen", "the search is over");
  desk_.agenda.drop({.due = Due::search, .name = stream.slug});
  if (stream.search->step != Step::linking || stream.phase == Phase::fed)
    desk_.agenda.drop({.due = Due::step, .name = stream.slug});
  stream.search.reset();
}

void Consumer::fail_search(Carried &stream) {
  const bool exists = stream.search->known || desk_.directory.stream(stream.slug) != nullptr;
  stop_search(stream);
  desk_.agenda.drop({.due = Due::step, .name = stream.slug});
  if (stream.phase == Phase::fed) {  // it stays where it is
    desk_.notice(CarryChanged{.slug = stream.slug});
    later_improve(stream);
    return keep_standby(stream);
  }
  enter(stream, Phase::orphan);
  answer_calls(stream, exists ? fail(Code::no_room, "nobody who has this stream has room or can be reached")
                              : fail(Code::not_found, "nobody knows this stream"));
  if (!stream.media)
    desk_.notice(
        NotFound{.slug = stream.slug, .code = exists ? RefusalCode::no_room : RefusalCode::no_stream});
  retry(stream);
}

// Fed, but elsewhere would be better: the parent stays until the other's media is here.
void Consumer::move(Carried &stream, std::uint32_t better_than, const Uuid &away_from) {
  if (stream.phase != Phase::fed || stream.own || stream.search || !stream.coming.empty() || desk_.leaving)
    return;
  stop_spare(stream);
  stream.search.emplace(Search{.wide = better_than > 0, .better_than = better_than, .away_from = away_from});
  desk_.agenda.drop({.due = Due::improve, .name = stream.slug});
  desk_.agenda.set({.due = Due::search, .name = stream.slug}, desk_.now + desk_.settings.timeouts.search);
  desk_.notice(CarryChanged{.slug = stream.slug});
  find(stream);
}

constexpr std::uint32_t quick_leavings = 8;
constexpr std::uint32_t most_improvements = 2;
constexpr std::uint32_t worth_moving = 2;  // hops fewer: less is not worth the unrest

void Consumer::later_improve(Carried &stream) {
  if (stream.own || stream.phase != Phase::fed || stream.search || !stream.coming.empty()) return;
  // All who had to move at once said no to each other; the next time they do not ask in the same moment.
  if (!stream.leaver.empty()) {
    Time after = desk_.settings.timeouts.leave_again;
    const Time last = desk_.settings.timeouts.last_retry;  // it may ask us to go as often as it likes
    for (std::uint32_t i = quick_leavings; i < stream.leavings && after < last; ++i)
      after = std::min(after * 2, last);
    return desk_.agenda.set({.due = Due::improve, .name = stream.slug},
                            desk_.now + desk_.rng.jittered(after));
  }
  if (stream.hops <= worth_moving || stream.improvements >= most_improvements)
    return desk_.agenda.drop({.due = Due::improve, .name = stream.slug});
  Time after = desk_.settings.timeouts.improve;
  for (std::uint32_t i = 0; i < stream.improvements; ++i) after *= 3;
  desk_.agenda.set({.due = Due::improve, .name = stream.slug}, desk_.now + desk_.rng.jittered(after));
}

void Consumer::improve_due(const Slug &slug) {
  Carried *stream = desk_.carries(slug);
  if (stream == nullptr || stream->phase != Phase::fed) return;
  if (!stream->leaver.empty()) return go(*stream);
  if (stream->hops <= worth_moving) return;
  ++stream->improvements;
  move(*stream, stream->hops - worth_moving + 1, {});
}

void Consumer::later_renew(Carried &stream) {
  stream.renewing.reset();
  desk_.agenda.set({.due = Due::renew, .name = stream.slug},
                   desk_.now + desk_.rng.jittered(desk_.settings.timeouts.renew));
}

// Once a second.
void Consumer::measured(const MediaMeasured &input) {
  if (input.kept_streams < desk_.settings.renew_streams) return;
  const Carried *stream = desk_.carries(input.slug);
  if (stream == nullptr) return;
  if (!stream->renewing || desk_.now - *stream->renewing >= desk_.settings.timeouts.renew_again)
    renew_due(input.slug);
}

// From the one that stands by, or a second link from the same one: the old link stays until the new one's
// media has come.
void Consumer::renew_due(const Slug &slug) {
  Carried *stream = desk_.carries(slug);
  if (stream == nullptr || stream->phase != Phase::fed) return;
  stream->renewing = desk_.now;
  desk_.agenda.set({.due = Due::renew, .name = slug}, desk_.now + desk_.settings.timeouts.renew_again);
  if (stream->own) {
    if (stream->coming.empty() && !desk_.tickets.full(stream->publisher)) ask(*stream, stream->coming);
  } else if (!take_standby(*stream)) {
    move(*stream, 0, {});
  }
}

}  // namespace astral::core
