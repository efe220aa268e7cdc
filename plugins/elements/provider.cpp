// SPDX-License-Identifier: BSD-3-Clause
#include "elements/provider.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "glue/descriptors.hpp"
#include "glue/match.hpp"
#include "moqt/fetch_stream.hpp"
#include "trust/proof.hpp"

namespace astral::elements {

namespace {

constexpr moqt::TrackAlias catalog_alias{0}, media_alias{1};

std::int64_t nanoseconds(Time time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time).count();
}

}  // namespace

Provider::Provider(Settings settings, GMainContext *context, Owner &owner)
    : settings_(std::move(settings)),
      owner_(owner),
      context_(context),
      store_(settings_.store),
      timer_(context, [this] { pump(); }),
      mailbox_(context) {}

Provider::~Provider() {
  closing_ = true;
  for (auto &[ticket, child] : children_)
    child.link->close(moqt::CloseCode::no_error, {Code::unreachable, "the provider has stopped"});
}

void Provider::handle(const signalling::Message &message) {
  std::visit(Match{[this](const signalling::Request &asked) { request(asked); },
                   [this](const signalling::Confirm &confirmed) { confirm(confirmed); },
                   [this](const signalling::Candidates &more) {
                     const auto child = children_.find(more.ticket);
                     if (child == children_.end()) return;
                     for (const std::string &candidate : more.candidates)
                       if (auto added = child->second.link->add_candidate(candidate); !added)
                         return cancel(more.ticket, added.error());
                   },
                   [this](const signalling::Cancel &gone) {
                     const auto child = children_.find(gone.ticket);
                     if (child == children_.end() || child->second.link->ended()) return;
                     if (gone.code == "ended") end_at_once(child->second);
                     child->second.link->close(moqt::CloseCode::no_error, {Code::unreachable, gone.message});
                   },
                   [](const auto &) {}},
             message);
}

void Provider::request(const signalling::Request &asked) {
  const auto refuse = [&](const char *code, const std::string &why) {
    owner_.on_provider_signal(signalling::to_text(signalling::Refusal{asked.ticket, code, why}));
  };
  if (asked.slug != settings_.slug) return refuse("no-stream", "the stream here is " + settings_.slug);
  if (children_.contains(asked.ticket)) return refuse("bad-request", "the ticket is in use");
  if (children_.size() >= settings_.max_children)
    return refuse("no-room", "the element's property max-children allows no more");
  if (only_the_last_are_free())  // an ICE agent that gets none would end the process
    return refuse("no-room", "no file descriptor is left for a link there (ulimit -n)");
  auto link = Link::open(asked.ticket, moqt::Role::server, settings_.link, context_, *this);
  if (!link) return refuse("no-room", link.error().detail);
  const ice::Description description = (*link)->describe();
  children_[asked.ticket].link = std::move(*link);
  owner_.on_provider_signal(signalling::to_text(signalling::Offer{
      asked.ticket, settings_.link.key.fingerprint(), description, protocol::slug_in(settings_.slug),
      settings_.uuid, children_[asked.ticket].link->offered()}));
}

void Provider::confirm(const signalling::Confirm &confirmed) {
  const auto child = children_.find(confirmed.ticket);
  if (child == children_.end()) return;
  if (auto connected = child->second.link->connect(confirmed.fingerprint, confirmed.ice, confirmed.direct);
      !connected)
    return cancel(confirmed.ticket, connected.error());
}

void Provider::cancel(const std::string &ticket, const Error &why) {
  const auto child = children_.find(ticket);
  if (child != children_.end()) child->second.link->close(moqt::CloseCode::internal_error, why);
}

void Provider::on_link_candidate(Link &link, const std::string &candidate) {
  owner_.on_provider_signal(signalling::to_text(signalling::Candidates{link.ticket(), {candidate}}));
}

Provider::Child &Provider::child_of(const Link &link) {
  const auto child = children_.find(link.ticket());
  assert(child != children_.end() && child->second.link.get() == &link);  // see the header
  return child->second;
}

Provider::Subscription *Provider::find(Child &child, moqt::RequestId request) {
  for (auto *subscription : {&child.media, &child.catalog})
    if (*subscription && (*subscription)->request == request) return &**subscription;
  return nullptr;
}

void Provider::on_link_event(Link &link, moqt::Event &event) {
  if (closing_) return;
  Child &child = child_of(link);
  std::visit(Match{[&](const moqt::Subscribed &asked) { subscribed(child, asked); },
                   [&](const moqt::UpdateReceived &update) { updated(child, update); },
                   [&](const moqt::Fetched &asked) { fetched(child, asked); },
                   [&](const moqt::FetchCancelled &gone) { child.fetches.erase(gone.request); },
                   [&](const moqt::Unsubscribed &gone) {
                     if (child.media && child.media->request == gone.request) child.media.reset();
                     if (child.catalog && child.catalog->request == gone.request) child.catalog.reset();
                   },
                   [&](const moqt::GroupStopped &stopped) {
                     if (Subscription *subscription = find(child, stopped.request))
                       if (subscription->stream == stopped.stream) subscription->stream.reset();
                   },
                   [](const auto &) {}},
             event);
}

bool Provider::good_token(const Child &child, const moqt::Parameters &parameters) const {
  return parameters.tokens.size() == 1 && parameters.tokens[0].value == child.link->ticket();
}

void Provider::subscribed(Child &child, const moqt::Subscribed &asked) {
  moqt::Session &session = child.link->session();
  if (!good_token(child, asked.subscribe.parameters))
    return session.refuse(asked.request, moqt::RequestCode::unauthorized, "the token is not the ticket");
  const moqt::TrackName &track = asked.subscribe.track;
  const bool media = track == track_name(settings_.slug, media_track);
  if (!media && track != track_name(settings_.slug, catalog_track))
    return session.refuse(asked.request, moqt::RequestCode::does_not_exist, "no such track");
  auto &slot = media ? child.media : child.catalog;
  if (slot)
    return session.refuse(asked.request, moqt::RequestCode::duplicate_subscription, "already subscribed");
  Subscription subscription;
  subscription.track = media ? Track::media : Track::catalog;
  subscription.request = asked.request;
  subscription.asked = asked.subscribe;
  subscription.forward = asked.subscribe.parameters.forward.value_or(true);
  slot = std::move(subscription);
  if (media) {
    child.served = true;
    owner_.on_child_added(child.link->ticket(), child.link->peer_fingerprint());
  }
  if (catalog_.group != 0) accept(child, *slot);  // without a catalog, set_catalog() accepts later
}

// A fetch brings the objects that have arrived so far; a subscription begins after them.
void Provider::fetched(Child &child, const moqt::Fetched &asked) {
  moqt::Session &session = child.link->session();
  const auto refuse = [&](moqt::RequestCode code, const char *why) {
    session.refuse(asked.request, code, why);
  };
  if (!good_token(child, asked.parameters))
    return refuse(moqt::RequestCode::unauthorized, "the token is not the ticket");
  if (asked.track != track_name(settings_.slug, media_track))
    return refuse(moqt::RequestCode::does_not_exist, "only the media track can be fetched");
  if (child.fetches.size() >= max_fetches)
    return refuse(moqt::RequestCode::excessive_load, "too many fetches at a time");
  const auto largest = store_.largest();
  if (!largest || asked.start > *largest)
    return refuse(moqt::RequestCode::invalid_range, "no object there has arrived yet");
  moqt::Location end{largest->group, largest->object + 1};
  if (!moqt::in_front_of(*largest, asked.end))  // the requested end precedes our largest object
    end = asked.end.object > 0 ? asked.end : moqt::Location{asked.end.group + 1, 0};
  const bool later = asked.parameters.subscriber_priority.value_or(0) > moqt::default_priority;
  if (const auto stream = session.accept_fetch(asked.request, end))
    child.fetches.emplace(asked.request, Fetching{*stream, track::Range(asked.start, end), later});
}

// FORWARD 0 stops the objects at once; FORWARD 1 continues with the next object.
void Provider::updated(Child &child, const moqt::UpdateReceived &update) {
  Subscription *subscription = find(child, update.request);
  if (!subscription) return;
  const auto largest = store_.largest();
  const bool media = subscription->track == Track::media;
  if (media && subscription->forward && !update.forward && subscription->stream) {
    child.link->session().abort_group(*subscription->stream, moqt::ResetCode::cancelled);
    subscription->stream.reset();
  }
  if (media && subscription->forward && !update.forward) subscription->paused = now();
  if (media && !subscription->forward && update.forward) {
    subscription->cursor =
        track::Cursor(largest ? moqt::Location{largest->group, largest->object + 1} : moqt::Location{});
    if (const Time time = now(); time - subscription->paused < skip_time) skipped(child, true, time);
  }
  subscription->forward = update.forward;
  child.link->session().accept_update(update.request, media ? largest : moqt::Location{catalog_.group, 0});
}

void Provider::accept(Child &child, Subscription &subscription) {
  const bool media = subscription.track == Track::media;
  std::optional<moqt::Location> largest;
  moqt::Location start{};
  if (media) {
    largest = store_.largest();
    const auto filter = subscription.asked.parameters.filter.value_or(moqt::Filter{});
    switch (filter.kind) {
      case moqt::Filter::Kind::next_group:
        if (largest) start = {largest->group + 1, 0};
        break;
      case moqt::Filter::Kind::largest_object:
        if (largest) start = {largest->group, largest->object + 1};
        break;
      case moqt::Filter::Kind::absolute_start:
      case moqt::Filter::Kind::absolute_range:
        start = filter.start;
        if (largest) start = std::max(start, moqt::Location{largest->group, largest->object + 1});
        break;
    }
  } else {
    largest = moqt::Location{catalog_.group, 0};
    subscription.sent_catalog = catalog_.group;
  }
  subscription.cursor = track::Cursor(start);
  moqt::Properties properties;
  properties.add(catalog_property, as_text(catalog_.text.bytes()));
  properties.add(catalog_group_property, catalog_.group);
  properties.add(catalog_proof_property, as_text(catalog_.proof.bytes()));
  properties.add(trust::key_property, as_text(catalog_.key.bytes()));
  if (const auto offset = playout_.offset())
    properties.add(present_property,  // wraps, because a hostile pts may have any value
                   static_cast<std::uint64_t>(nanoseconds(now())) - static_cast<std::uint64_t>(*offset));
  const auto accepted = child.link->session().accept(
      subscription.request, media ? media_alias : catalog_alias, largest, properties);
  subscription.accepted = accepted.has_value();
}

void Provider::set_catalog(Catalog catalog) {
  if (catalog.group <= catalog_.group) return;
  catalog_ = std::move(catalog);
  for (auto &[ticket, child] : children_)
    for (auto *subscription : {&child.catalog, &child.media})
      if (*subscription && !(*subscription)->accepted) accept(child, **subscription);
  pump();
}

bool Provider::add(track::Object object, std::optional<std::int64_t> pts) {
  const Time time = now();
  if (const auto ended = trust::ended_before(object.properties())) store_.end_group(*ended, time);
  const track::Store::Added added = store_.add(std::move(object), time);
  if (added == track::Store::Added::different) ++refused_;
  if (added != track::Store::Added::fresh) return false;
  if (pts) playout_.map(*pts, nanoseconds(time));
  return true;
}

void Provider::give_up_before(moqt::Location first) {
  assert(first.group > 0);  // a jump leads to a newer group
  store_.lose_until({first.group - 1, track::Store::max_id});
}

void Provider::anchor(const Present &present) {
  playout_.anchor(present.pts, nanoseconds(present.at));
}

void Provider::pump() {
  for (auto &[ticket, child] : children_) child.link->perform();
  const Time time = now();
  for (auto &[ticket, child] : children_) {
    const bool silent = child.link->unanswered(time) >= silent_after;
    if (!std::exchange(child.silent, silent) && silent) owner_.on_child_silent(ticket);
  }
  set_timer();
}

void Provider::set_timer() {
  Time next = never;
  for (const auto &[ticket, child] : children_) {
    if (child.media) next = std::min(next, child.media->cursor.deadline());
    for (const auto &[request, fetch] : child.fetches) next = std::min(next, fetch.range.deadline());
  }
  timer_.set(next);
}

void Provider::on_link_writable(Link &link) {
  if (closing_) return;
  Child &child = child_of(link);
  send_catalog(child);
  const std::size_t taken = send_media(child, send_fetches(child, false, 0));
  send_fetches(child, true, taken);
  finish_if_sent(child);
  check_drained();
}

void Provider::send_catalog(Child &child) {
  if (!child.catalog || !child.catalog->accepted || child.catalog->sent_catalog >= catalog_.group) return;
  moqt::Session &session = child.link->session();
  const auto stream = session.begin_group(child.catalog->request, catalog_.group, std::nullopt, true);
  if (!stream) return;
  session.write_object(*stream, 0, moqt::encode_object(catalog_.proof.bytes(), catalog_.text.bytes()));
  session.end_group(*stream);
  child.catalog->sent_catalog = catalog_.group;
}

// Fetches that fill the gap before the subscription come first; fetches of the past (`later`) come after the
// media, one object a turn, in the background. One turn sends at most Link::max_unsent and one object, so a
// child that is far behind does not delay the others.
std::size_t Provider::send_fetches(Child &child, bool later, std::size_t taken) {
  moqt::Session &session = child.link->session();
  const Time time = now();
  for (auto each = child.fetches.begin(); each != child.fetches.end();) {
    auto &[stream, range, late] = each->second;
    if (late != later) {
      ++each;
      continue;
    }
    bool done = false;
    const std::size_t before = taken;
    const auto has_room = [&] {
      return later ? taken == before && child.link->takes_background() : taken < Link::max_unsent;
    };
    while (!done && has_room()) {
      const track::Range::Next next = range.next(store_, time);
      if (next.kind == track::Range::Next::Kind::waiting) break;
      if (next.kind == track::Range::Next::Kind::missing) session.write_missing(stream, next.last, true);
      if (next.kind == track::Range::Next::Kind::object) {
        session.write_fetched(stream, next.object->id, next.object->wire);
        taken += next.object->wire.size();
        count(child, next.object->wire.size());
      }
      done = next.kind == track::Range::Next::Kind::done;
    }
    if (done) session.end_fetch(stream);
    each = done ? child.fetches.erase(each) : std::next(each);
  }
  return taken;
}

void Provider::count(Child &child, std::size_t bytes) {
  ++child.objects;
  child.bytes += bytes;
  sent_bytes_ += bytes;
}

void Provider::skipped(Child &child, bool late, Time now) {
  ++skipped_;
  ++child.skips;
  if (!late) return;
  child.late.push_back(now);
  if (child.late.size() < slow_skips) return;
  if (now - child.late.front() <= slow_time) owner_.on_child_slow(child.link->ticket());
  child.late.pop_front();
}

std::size_t Provider::send_media(Child &child, std::size_t taken) {
  if (!child.media || !child.media->accepted || !child.media->forward) return taken;
  Subscription &media = *child.media;
  moqt::Session &session = child.link->session();
  const Time time = now();
  while (taken < Link::max_unsent) {
    const track::Cursor::Next next = media.cursor.next(store_, time);
    if (!next.object) break;
    const moqt::Location at = next.object->id;
    if (next.begins_group || next.skipped) {
      if (media.stream) session.abort_group(*media.stream, moqt::ResetCode::too_far_behind);
      media.stream.reset();
      if (next.skipped) skipped(child, next.late, time);
      const auto stream = session.begin_group(media.request, at.group, std::nullopt, at.object == 0);
      if (!stream) return taken;
      media.stream = *stream;
    }
    if (!media.stream) continue;  // the child stopped this group
    session.write_object(*media.stream, at.object, next.object->wire);
    taken += next.object->wire.size();
    count(child, next.object->wire.size());
    if (next.object->status != moqt::ObjectStatus::normal) {
      session.end_group(*media.stream);
      media.stream.reset();
    }
  }
  return taken;
}

void Provider::finish() {
  finishing_ = true;
  pump();
}

// A fetch of the past is for others than this child's viewers, so nobody waits for it. A child on standby gets
// the end at once.
void Provider::finish_if_sent(Child &child) {
  if (!finishing_ || !child.media || !child.media->accepted) return;
  Subscription &media = *child.media;
  const bool fetches = std::any_of(child.fetches.begin(), child.fetches.end(),
                                   [](const auto &fetch) { return !fetch.second.later; });
  track::Cursor rest = media.cursor;
  const bool waits = rest.next(store_, now()).object || rest.deadline() != never;
  if (media.forward && (fetches || waits)) return;
  if (media.stream) child.link->session().end_group(*media.stream);
  send_done(child);
}

void Provider::end_at_once(Child &child) {
  if (!child.link->ready() || child.link->ended()) return;
  child.link->perform();
  send_done(child);
  child.link->perform();
}

void Provider::send_done(Child &child) {
  for (auto *subscription : {&child.media, &child.catalog})
    if (*subscription) {
      child.link->session().finish((*subscription)->request, moqt::DoneCode::track_ended, "the stream has ended");
      subscription->reset();
    }
}

void Provider::drain(std::function<void()> done) {
  drained_ = std::move(done);
  pump();
  mailbox_.post([this] { check_drained(); });
}

void Provider::check_drained() {
  if (!drained_) return;
  for (const auto &[ticket, child] : children_)
    if (!child.link->drained()) return;
  std::exchange(drained_, nullptr)();
}

void Provider::on_link_ended(Link &link, const Error &error) {
  if (closing_) return;
  // The link is still on the stack, so it is destroyed in the loop's next turn.
  mailbox_.post(
      [this] { std::erase_if(children_, [](const auto &entry) { return entry.second.link->ended(); }); });
  const char *code = finishing_ ? "ended" : "closed";
  owner_.on_provider_signal(signalling::to_text(signalling::Cancel{link.ticket(), code, error.detail}));
  if (child_of(link).served) owner_.on_child_removed(link.ticket(), error);
  check_drained();
}

void Provider::fill(Statistics &statistics) const {
  statistics.skipped += skipped_;
  statistics.refused += refused_;
  for (const auto &[ticket, child] : children_) {
    if (!child.served || child.link->ended()) continue;
    const quic::Stats stats = child.link->stats();
    statistics.links.push_back(
        {ticket, child.link->peer_fingerprint(), std::chrono::duration<double, std::milli>(stats.rtt).count(),
         stats.bytes_sent, stats.bytes_received, stats.kept_streams, child.skips, child.link->way(),
         static_cast<std::uint64_t>(child.link->unanswered(now()) / 1ms)});
  }
}

}  // namespace astral::elements
