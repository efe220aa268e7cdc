// SPDX-License-Identifier: BSD-3-Clause
#include "core/streams/plan.hpp"

#include <algorithm>

#include "core/ranking.hpp"

namespace astral::core {
namespace {

constexpr std::uint32_t most_improvements = 2;  // since the stream came back
constexpr std::uint32_t most_spares = 3;        // searches for one that does not depend on the parent
constexpr std::uint32_t most_doublings = 6;
constexpr std::size_t enough_offers = 2;  // the best, and a standby
constexpr std::uint32_t quick_tries = 8;  // of standbys beside a new parent, before each gets more time

bool up(const Link *link) {
  return link != nullptr && (link->state == LinkState::ready || link->state == LinkState::tried);
}

class Planner {
 public:
  Planner(const StreamState &stream, const Circumstances &at, const Timeouts &times)
      : stream_(stream), at_(at), times_(times) {
    static_cast<Roles &>(plan_) = roles(stream);
    plan_.over = over_ = is_over(stream, at, times);
    wanted_ = at.wanted && !over_ && !stream.ended;
  }

  Plan make() {
    plan_.ending = ending();
    plan_.starves = starves();
    plan_.hungry = wanted_ && at_.streaming && !stream_.own && !at_.shutting_down &&
                   (parent() == nullptr || !parent()->media);
    plan_.doubts = plan_.hungry && stream_.hungry && past(stream_.doubt_at);
    needs();
    takes_over_ = takes_over();
    plan_.ask_publisher = asks_publisher();
    plan_.search = search();
    if (plan_.search && runs()) {
      plan_.step = next_step(*stream_.search, offers(), races(stream_) ? 2 * max_offers : enough_offers,
                             may_pause(), at_.now, times_);
      if (plan_.next_parent != nullptr) plan_.step = {};  // the link has its own timeout
      look(plan_.step.until);
    }
    duties();
    told();
    plan_.answer_watchers = !stream_.watchers.empty() && watched_enough();
    return std::move(plan_);
  }

 private:
  const Link *parent() const { return plan_.parent; }
  const Link *next() const { return plan_.next_parent; }
  const Link *standby() const { return plan_.standby; }

  void look(Time when) {
    if (when > at_.now) plan_.look_again = std::min(plan_.look_again, when);
  }
  bool past(Time when) {
    look(when);
    return when <= at_.now;
  }
  // The search that runs began while the present parent fed us.
  bool runs() const {
    return stream_.search && stream_.search->parent == (parent() == nullptr ? TicketId{} : parent()->id);
  }
  bool runs(Purpose purpose) const { return runs() && stream_.search->purpose == purpose; }
  bool runs_a_move() const { return runs() && moves(stream_.search->purpose); }

  Ending ending() {
    if (const Ending ends = end(); ends != Ending::none) return ends;
    const bool needed = at_.wanted || (stream_.own && stream_.own->publisher != 0);
    if (needed) return Ending::none;
    if (stream_.own) {
      const bool over = stream_.media && stream_.unwanted && past(*stream_.unwanted + times_.unwanted);
      return over ? Ending::close_media : Ending::none;
    }
    const bool kept = stream_.media && (!stream_.unwanted || !past(*stream_.unwanted + times_.unwanted));
    return kept ? Ending::none : Ending::close;
  }

  // Until its media is closed, a stream that ended does not begin again: the children and the players here
  // still get the rest.
  Ending end() {
    if (!stream_.media) return Ending::none;
    if (stream_.ended) {
      const bool passed_on = past(*stream_.ended + times_.ending);
      return !over_ || passed_on ? Ending::close_media : Ending::none;
    }
    if (over_) return Ending::end;
    if (at_.ended && stream_.end_heard) look(*stream_.end_heard + times_.ending);
    return Ending::none;
  }

  // A silent parent stays as long as its link: a path that was cut heals.
  static bool goes(const Link &parent) { return parent.leaving || parent.silent; }

  bool is_new(const Link *parent) const { return parent != nullptr && !parent->media && !stream_.own; }

  bool starves() {
    const bool waits = is_new(parent()) && wanted_ && at_.streaming && !parent()->cut && next() == nullptr;
    return waits && past(overdue(*parent(), times_));
  }

  // Which searches are needed, and how long each pauses before it begins. After a failure the pause is
  // longer.
  void needs() {
    const auto need = [&](Purpose purpose, Time pause) {
      plan_.needs[static_cast<std::size_t>(purpose)] = pause;
      if (const auto &until = stream_.pause(purpose).until) look(*until);
    };
    if (parent() == nullptr) {
      const bool may = stream_.own ? at_.publisher_here : wanted_;
      if (may && next() == nullptr) need(Purpose::parent, Time{});
      return;
    }
    need(Purpose::renewal, times_.renew);
    if (stream_.own || next() != nullptr) return;
    if (goes(*parent())) return need(Purpose::away, Time{});
    if (runs_a_move()) return;
    const std::uint32_t improvements = stream_.pause(Purpose::better).tries;
    if (parent()->hops > worth_moving && improvements < most_improvements) {
      Time pause = times_.improve;
      for (std::uint32_t i = 0; i < improvements; ++i) pause *= 3;
      need(Purpose::better, pause);
    }
    if (needs_standby())
      need(Purpose::standby, standby() != nullptr
                                 ? times_.standby_again
                                 : std::max(times_.standby, stream_.pause(Purpose::standby).length));
  }

  bool needs_standby() const {
    if (!wanted_) return false;
    if (standby() == nullptr) return true;
    if (races(stream_)) return raced() < max_raced;
    return standby()->state == LinkState::ready && stream_.pause(Purpose::standby).tries < most_spares &&
           (standby()->cut || shares_parent(parent(), *standby()));
  }

  std::size_t raced() const {
    const auto stands_by = [](const auto &entry) { return on_standby(entry.second.state); };
    return static_cast<std::size_t>(std::count_if(stream_.links.begin(), stream_.links.end(), stands_by));
  }

  bool due(Purpose purpose) const {
    const auto &until = stream_.pause(purpose).until;
    return plan_.needs[static_cast<std::size_t>(purpose)] && until && *until <= at_.now;
  }

  // Whether the standby replaces the parent. Its link is up, so its media comes soon; the parent, if there is
  // one, stays until then.
  bool takes_over() {
    if (!up(standby()) || standby()->cut) return false;
    if (parent() == nullptr) return wanted_ && (next() == nullptr || next()->state == LinkState::linking);
    if (next() != nullptr) return false;
    if (goes(*parent()) || parent()->cut) return !shares_parent(parent(), *standby());
    const Time doubt = is_new(parent()) ? Time{} : times_.silent;
    if (stream_.silence && standby()->state == LinkState::tried && standby()->media &&
        past(*standby()->media + doubt))
      return true;
    return due(Purpose::renewal) && !runs_a_move();
  }

  bool asks_publisher() const {
    if (!stream_.own || next() != nullptr || at_.shutting_down || !at_.publisher_here) return false;
    return due(parent() == nullptr ? Purpose::parent : Purpose::renewal);
  }

  std::optional<Purpose> search() const {
    const auto goes_on = [&](Purpose purpose) {
      return runs(purpose) || (due(purpose) && !at_.shutting_down);
    };
    if (stream_.own || takes_over_) return {};
    // A link that the search found comes up. The other offers are kept, in case it fails.
    if (next() != nullptr) return runs() ? std::optional(stream_.search->purpose) : std::nullopt;
    if (parent() == nullptr) {
      if (wanted_ && goes_on(Purpose::parent)) return Purpose::parent;
      return {};
    }
    if (goes(*parent())) {
      if (goes_on(Purpose::away)) return Purpose::away;
      return {};
    }
    for (const Purpose purpose : {Purpose::renewal, Purpose::better})
      if (runs(purpose)) return purpose;
    for (const Purpose purpose : {Purpose::renewal, Purpose::better})
      if (goes_on(purpose)) return purpose;
    const bool listens = !races(stream_) && standby() != nullptr && standby()->state == LinkState::tried;
    if (needs_standby() && !listens && goes_on(Purpose::standby)) return Purpose::standby;
    return {};
  }

  // A paused stream brings nothing, and its ticket is all that one can have.
  bool watched_enough() {
    if (parent() != nullptr && (stream_.own || parent()->media || !at_.streaming)) return true;
    return past(stream_.watch_until);
  }

  std::size_t offers() const {
    const auto offered = [](const auto &entry) { return entry.second.state == LinkState::offered; };
    return static_cast<std::size_t>(std::count_if(stream_.links.begin(), stream_.links.end(), offered));
  }

  // The nodes that we ask may not know a stream that was just published. If there seems to be no room, a
  // supernode that has just come may not know all nodes that have some.
  bool may_pause() const {
    if (stream_.search->purpose != Purpose::parent) return false;
    if (stream_.search->known) return at_.now - *stream_.search->known < times_.no_room;
    return at_.may_appear;
  }

  void duties() {
    for (const auto &[id, link] : stream_.links)
      if (link.state != LinkState::offered || stream_.own) plan_.links.push_back(duty(link));
    if (!stream_.own) offer_duties();
  }

  static Duty failed(const Link &link, const char *code, const char *why) {
    return {.link = &link, .code = code, .why = why, .failed = true};
  }

  Duty duty(const Link &link) {
    const auto release = [&](const char *code, const char *why) {
      return Duty{.link = &link, .code = code, .why = why};
    };
    if (over_ || plan_.ending == Ending::end) return release("ended", "the stream has ended");
    if (plan_.ending == Ending::close)
      return release("unwanted", stream_.media ? "nobody watches here" : "nobody waits for it any more");
    if (&link == parent()) return {.link = &link, .use = Use::feed};
    if (past(expiry(link, times_))) return failed(link, "timeout", "no answer in time");
    if (on_standby(link.state)) return standby_duty(link);
    if (&link != next()) return release("replaced", "another parent feeds us");
    if (parent() == nullptr) {
      if (!stream_.own && !wanted_) return release("unwanted", "nobody waits for it any more");
      // It was chosen to replace a parent that is lost now: choose again among the nodes that are there.
      const bool from_a_move = link.state == LinkState::linking && stream_.search && !runs();
      if (takes_over_ || from_a_move) return release("unwanted", "the parent was lost meanwhile");
    } else {
      if (link.cut) return release("unwanted", "it is cut off as well");
      if (link.state == LinkState::granted && past(link.since + times_.overlap))
        return release("timeout", "its media did not come");
    }
    return {.link = &link, .use = Use::feed};
  }

  Duty standby_duty(const Link &link) {
    if (&link != standby() && !races(stream_))
      return {.link = &link, .code = "replaced", .why = "another stands by"};
    if (link.leaving) return failed(link, "unwanted", "it leaves");
    if (takes_over_ && &link == standby()) return {.link = &link, .use = Use::feed};
    if (parent() == nullptr || !stream_.silence) return {.link = &link, .use = Use::stand_by};
    if (link.state == LinkState::tried) {
      if (brings_nothing(link)) return failed(link, "silent", "it brings nothing either");
      return {.link = &link, .use = Use::listen};
    }
    const bool listen = link.state == LinkState::ready && next() == nullptr;
    return {.link = &link, .use = listen ? Use::listen : Use::stand_by};
  }

  // A far standby answers after a round trip. While no media comes from any node, the publisher may be
  // silent; so each standby gets twice the time of the one before.
  bool brings_nothing(const Link &link) {
    if (link.media || next() != nullptr || runs_a_move() || !at_.streaming) return false;
    const std::uint32_t quick = races(stream_) ? stream_.silence->tries : is_new(parent()) ? quick_tries : 1;
    const std::uint32_t doublings = std::min(std::max(stream_.silence->tries, quick) - quick, most_doublings);
    const Time due = link.since + times_.tried * (1 << doublings);
    return past(is_new(parent()) ? std::max(due, overdue(link, times_)) : due);
  }

  // One offer is chosen and one is kept in reserve. The others are cancelled at once, so that their room is
  // free.
  void offer_duties() {
    const std::vector<const Link *> offers = ranked_offers(stream_);
    const bool ends = over_ || plan_.ending == Ending::end || plan_.ending == Ending::close;
    const bool kept = plan_.search && runs() && !ends;
    const bool chosen = kept && plan_.step.act == SearchAct::choose;
    const bool links = kept && next() != nullptr;
    const bool left = !runs() && parent() != nullptr && standby() == nullptr && !ends;
    for (std::size_t i = 0; i < offers.size(); ++i) {
      Duty duty{.link = offers[i], .code = "not-chosen"};
      if (i == 0 && chosen)
        duty.use = stream_.search->purpose == Purpose::standby ? Use::stand_by : Use::feed;
      else if (i == 0 && left)
        duty.use = Use::stand_by;
      else if (kept && !chosen && (!links || (i == 0 && standby() == nullptr)))
        duty.use = Use::reserve;
      duty.why = kept ? "another offer was better" : "the search is over";
      // The reserve is used, or cancelled, when the best one links.
      if (chosen && i > 0) duty.use = Use::reserve;
      if (races(stream_) && parent() != nullptr && !takes_over_ && !ends) duty.use = Use::stand_by;
      plan_.links.push_back(duty);
    }
  }

  void told() {
    plan_.upstream_lost = stream_.upstream_lost;
    plan_.position = stream_.position;
    if (stream_.own || over_ || stream_.ended) return;
    if (parent() != nullptr)
      plan_.upstream_lost = parent()->cut || parent()->silent;
    else if (next() == nullptr ||
             next()->state != LinkState::switching)  // otherwise it will be known in a moment
      plan_.upstream_lost = stream_.lost.has_value();
    const Link *up = parent() != nullptr ? parent() : next();
    if (up != nullptr) plan_.position = {.hops = up->hops, .path = up->path};
  }

  const StreamState &stream_;
  const Circumstances &at_;
  const Timeouts &times_;
  Plan plan_;
  bool over_ = false;
  bool wanted_ = false;  // and may be had
  bool takes_over_ = false;
};

}  // namespace

std::vector<const Link *> ranked_offers(const StreamState &stream) {
  const Link *parent = roles(stream).parent;
  const bool stand_by = stream.search && stream.search->purpose == Purpose::standby;
  std::vector<const Link *> offers;
  for (const auto &[id, link] : stream.links)
    if (link.state == LinkState::offered) offers.push_back(&link);
  const auto rank = [&](const Link &link) {
    const bool was_lost = !stream.lost_parent.empty() && link.source == stream.lost_parent;
    return Rank{.failed_us = was_lost || link.doubtful,
                .cut_off = link.cut,
                .shares_parent = shares_parent(parent, link),
                .common = stand_by ? common_ancestors(parent, link) : 0,
                .unproven = !link.proven,
                .hops = link.hops,
                .rtt = link.rtt};
  };
  std::stable_sort(offers.begin(), offers.end(),
                   [&](const Link *a, const Link *b) { return rank(*a) < rank(*b); });
  return offers;
}

bool is_over(const StreamState &stream, const Circumstances &at, const Timeouts &times) {
  if (!at.ended) return false;
  if (stream.own || !stream.media || stream.dry || stream.ended) return true;
  return stream.end_heard && at.now - *stream.end_heard >= times.ending;
}

Plan plan(const StreamState &stream, const Circumstances &at, const Timeouts &times) {
  return Planner(stream, at, times).make();
}

}  // namespace astral::core
