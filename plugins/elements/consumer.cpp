// SPDX-License-Identifier: BSD-3-Clause
#include "elements/consumer.hpp"

#include <cassert>
#include <utility>

#include "glue/match.hpp"

namespace astral::elements {

namespace {

constexpr std::uint64_t datagram_overhead = 28;  // the headers of IPv4 and UDP

}  // namespace

Consumer::Consumer(Settings settings, GMainContext *context, Owner &owner)
    : settings_(std::move(settings)),
      owner_(owner),
      context_(context),
      gate_(settings_.slug, settings_.stream_key),
      store_(settings_.store),
      sequence_(store_),
      lag_watch_(settings_.max_lag),
      standby_(settings_.standby),
      timer_(context, [this] { owner_.on_consumer_ready(); }),
      answer_timer_(context, [this] { miss_answer(); }) {}

Consumer::~Consumer() {
  closing_ = true;
  past_.reset();
  catchup_.reset();
  if (link_) link_->close(moqt::CloseCode::no_error, {Code::unreachable, "the consumer has stopped"});
}

void Consumer::handle(const signalling::Message &message) {
  if (ended_) return;
  std::visit(Match{[this](const signalling::Offer &offer) { offered(offer); },
                   [this](const signalling::Candidates &more) {
                     if (!link_ || link_->ticket() != more.ticket) return;
                     for (const std::string &candidate : more.candidates)
                       if (auto added = link_->add_candidate(candidate); !added)
                         return fail_link(added.error());
                   },
                   [this](const signalling::Cancel &gone) {
                     if (!link_ || link_->ticket() != gone.ticket || link_->ended()) return;
                     // The link reports its own end, after the objects that are still in transit.
                     if (gone.code == "closed" && link_->started()) return;
                     if (gone.code == "ended" && link_->ready()) return;
                     if (gone.code == "ended") return end(std::nullopt);
                     fail_link(signalling::error_of(gone.code, gone.message));
                   },
                   [](const auto &) {}},
             message);
}

void Consumer::offered(const signalling::Offer &offer) {
  if (link_) return;
  auto link = Link::open(offer.ticket, moqt::Role::client, settings_.link, context_, *this);
  if (!link) return end(link.error());
  link_ = std::move(*link);
  const ice::Description description = link_->describe();
  if (auto connected = link_->connect(offer.fingerprint, offer.ice, offer.direct); !connected)
    return fail_link(connected.error());
  owner_.on_consumer_signal(signalling::to_text(
      signalling::Confirm{offer.ticket, settings_.link.key.fingerprint(), description, link_->offered()}));
}

void Consumer::on_link_candidate(Link &link, const std::string &candidate) {
  if (closing_) return;
  owner_.on_consumer_signal(signalling::to_text(signalling::Candidates{link.ticket(), {candidate}}));
}

moqt::RequestId Consumer::subscribe(const char *track, bool forward) {
  moqt::Subscribe subscription;
  subscription.track = track_name(settings_.slug, track);
  subscription.parameters.tokens.push_back({.value = link_->ticket()});
  subscription.parameters.filter =
      moqt::Filter{.kind = moqt::Filter::Kind::largest_object, .start = {}, .end_group_delta = 0};
  if (!forward) subscription.parameters.forward = false;
  return link_->session().subscribe(std::move(subscription));
}

void Consumer::on_link_ready(Link &link) {
  if (closing_) return;
  catalog_ = subscribe(catalog_track, true);
  media_ = subscribe(media_track, !standby_);
  answers_ = 1;
  if (!standby_) begin();
  if (refusing_) return;
  owner_.on_consumer_connected(link.ticket(), link.peer_fingerprint());
}

// Sent together with the SUBSCRIBE or REQUEST_UPDATE that starts the objects: one round trip for both.
void Consumer::begin() {
  lag_watch_.restart();
  line_.restart();
  aborted_.reset();
  const Needs needs = owner_.on_consumer_needs();
  const auto &need = needs.first;
  if (auto pinned = gate_.pin(needs.key); !pinned) return refuse(pinned.error());
  first_group_ = need ? need->group : 0;
  catchup_ = std::make_unique<Catchup>(link_->session(), store_, track_name(settings_.slug, media_track),
                                       link_->ticket());
  if (need) {
    store_.restart(*need);
    sequence_.restart(*need);
    catchup_->from(*need);
  } else if (!settings_.standby) {
    catchup_->from_newest_group(media_);
    past_wanted_ = needs.past;
  }
}

Consumer::Past::Past(const track::Store::Limits &limits, moqt::Session &session, moqt::TrackName track,
                     std::string ticket)
    : store(limits), fetch(session, store, std::move(track), std::move(ticket), Catchup::past_priority) {}

void Consumer::fetch_past(const std::optional<moqt::Location> &largest) {
  if (!std::exchange(past_wanted_, false) || !largest) return;
  past_ = std::make_unique<Past>(settings_.store, link_->session(), track_name(settings_.slug, media_track),
                                 link_->ticket());
  past_->fetch.all_before({largest->group, 0});
}

void Consumer::warm_up(const std::optional<moqt::Location> &largest) {
  if (!largest || largest->group == 0 || link_->stats().rtt < far) return;
  past_ = std::make_unique<Past>(settings_.store, link_->session(), track_name(settings_.slug, media_track),
                                 link_->ticket());
  past_->fetch.between({{largest->group - 1, 0}, {largest->group, largest->object + 1}});
}

Catchup *Consumer::asker(moqt::RequestId request) {
  if (catchup_ && catchup_->is_about(request)) return catchup_.get();
  return past_ && past_->fetch.is_about(request) ? &past_->fetch : nullptr;
}

// Where nothing at all comes from the provider, the path may be cut. QUIC ends the link, if that lasts. When
// the path has healed, the provider has as long as before.
void Consumer::miss_answer() {
  const Time time = now();
  const bool was_cut = std::exchange(cut_, probing_ && link_->unanswered(time) > Time{});
  if (cut_ || was_cut) return answer_timer_.set(time + answer_timeout);
  fail_link({Code::timeout, "the peer does not answer"});
}

void Consumer::set_standby(bool standby) {
  const bool same = standby_ == standby;
  standby_ = standby;
  if (!link_ || !link_->ready() || link_->ended()) return;
  if (same && (standby || (answers_ > 0 && !asking_))) return;
  if (!link_->session().update(media_, !standby))
    return fail_link({Code::failed, "the peer does not answer"});
  ++answers_;
  probing_ = same;
  asking_ = asking_ && same;
  if (established_) answer_timer_.set(now() + answer_timeout);
  if (standby) {
    catchup_.reset();
    past_.reset();
  } else if (!same) {
    past_.reset();
    begin();
  }
  link_->perform();
}

void Consumer::fetch(const track::Span &gap) {
  const bool rests = standby_ && established_ && answers_ == 0 && (!catchup_ || catchup_->done());
  if (!rests || !link_->ready() || link_->ended()) return;
  store_.restart(gap.first);
  sequence_.restart(gap.first);
  catchup_ = std::make_unique<Catchup>(link_->session(), store_, track_name(settings_.slug, media_track),
                                       link_->ticket());
  catchup_->between(gap);
  link_->perform();
}

// The answer to the last request says where the subscription begins.
void Consumer::answered(const std::optional<moqt::Location> &largest) {
  if (!std::exchange(established_, true) && standby_) warm_up(largest);
  if (--answers_ > 0) return;
  answer_timer_.set(never);
  cut_ = false;
  if (std::exchange(asking_, false) && largest) lag_watch_.answered(*largest, now());
  if (!std::exchange(probing_, false) && catchup_) catchup_->joined(largest);
  fetch_past(largest);
}

std::optional<Taken> Consumer::take() {
  const Time time = now();
  std::optional<Taken> taken = sequence_.take(time);
  if (taken)
    taken->present = present_;
  else
    timer_.set(sequence_.deadline());
  if (!taken) taken = take_past(time);
  if (!taken) return taken;
  taken->key = gate_.key();
  taken->standby = standby_;
  return taken;
}

void Consumer::observe(const Taken &taken) {
  if (standby_ || taken.past || !taken.timing.pts || !link_ || link_->ended()) return;
  const Time time = now();
  const quic::Stats stats = link_->stats();
  const std::uint64_t received = stats.bytes_received + stats.datagrams_received * datagram_overhead;
  switch (lag_watch_.arrived(taken.object.id, line_.arrived(*taken.timing.pts, received, time), time)) {
    case LagWatch::Verdict::ask:
      ask_largest();
      break;
    case LagWatch::Verdict::present:
      line_.settle();
      break;
    case LagWatch::Verdict::skip:
      if (const LineMeter::Rates rates = line_.rates(); rates.needed_bps > 0 || !thin_) thin_ = rates;
      skip_to(lag_watch_.target());
      owner_.on_consumer_thin(thin_);
      break;
    case LagWatch::Verdict::wait:
      if (!thin_ || lag_watch_.thin(time)) break;
      thin_.reset();
      owner_.on_consumer_thin(thin_);
  }
}

// The answer says what the provider's largest object is. No deadline: on a thin line it may take long.
void Consumer::ask_largest() {
  if (answers_ > 0 || !link_->session().update(media_, true)) return lag_watch_.restart();
  ++answers_;
  probing_ = asking_ = true;
  link_->perform();
}

// FORWARD 0 drops what the provider has not sent yet, FORWARD 1 continues after its largest object.
void Consumer::skip_to(moqt::Location begin) {
  moqt::Session &session = link_->session();
  if (!session.update(media_, false) || !session.update(media_, true))
    return fail_link({Code::failed, "the peer does not answer"});
  answers_ += 2;
  line_.restart();
  past_.reset();
  aborted_.reset();
  first_group_ = begin.group;
  store_.restart(begin);
  sequence_.skip_to(begin);
  catchup_ =
      std::make_unique<Catchup>(session, store_, track_name(settings_.slug, media_track), link_->ticket());
  catchup_->from(begin);
  link_->perform();
}

std::optional<Taken> Consumer::take_past(Time time) {
  if (!past_) return std::nullopt;
  if (const auto next = past_->cursor.next(past_->store, time); next.object) {
    Taken taken;
    taken.object = *next.object;
    taken.past = true;
    return taken;
  }
  if (past_->fetch.done()) past_.reset();
  return std::nullopt;
}

void Consumer::fail_link(Error why) {
  if (link_ && !link_->ended())
    link_->close(moqt::CloseCode::internal_error, std::move(why));
  else
    end(std::move(why));
}

void Consumer::on_link_ended(Link &, const Error &error) {
  track_ended_ ? end(std::nullopt) : end(error);
}

void Consumer::end(std::optional<Error> error) {
  if (ended_ || closing_) return;
  ended_ = true;
  owner_.on_consumer_ended(error);
}

void Consumer::fill(Statistics &statistics) const {
  statistics.bytes = bytes_;
  statistics.objects = objects_;
  statistics.groups = groups_;
  statistics.skipped = sequence_.skips();
  statistics.rate_bps = rate_.bps(now());
  if (const auto largest = store_.largest()) statistics.largest_group = largest->group;
  statistics.lag_ms = static_cast<std::uint64_t>(line_.lag() / 1ms);
  if (thin_) statistics.thin = *thin_;
  statistics.refused = refused();
  statistics.forged = forged();
  statistics.stream_key = gate_.fingerprint();
  if (!link_ || !link_->ready() || link_->ended()) return;
  const quic::Stats stats = link_->stats();
  statistics.links.push_back({link_->ticket(), link_->peer_fingerprint(),
                              std::chrono::duration<double, std::milli>(stats.rtt).count(), stats.bytes_sent,
                              stats.bytes_received, stats.kept_streams, 0, link_->way(),
                              static_cast<std::uint64_t>(link_->unanswered(now()) / 1ms)});
}

}  // namespace astral::elements
