// SPDX-License-Identifier: BSD-3-Clause
// Consumer's part that deals with what its link brings: answers, objects, catalogs.
#include <utility>

#include "elements/consumer.hpp"
#include "glue/match.hpp"

namespace astral::elements {

namespace {

Code code_of(moqt::RequestCode code) {
  switch (code) {
    case moqt::RequestCode::unauthorized:
      return Code::refused;
    case moqt::RequestCode::does_not_exist:
      return Code::not_found;
    case moqt::RequestCode::not_supported:
      return Code::unsupported;
    case moqt::RequestCode::excessive_load:
      return Code::no_room;
    default:
      return Code::failed;
  }
}

// Whether it takes the stream's key to deal with this event, or comes after such events.
bool is_checked(const moqt::Event &event) {
  return std::holds_alternative<moqt::ObjectReceived>(event) ||
         std::holds_alternative<moqt::FetchMissing>(event) ||
         std::holds_alternative<moqt::FetchEnded>(event) || std::holds_alternative<moqt::GroupEnded>(event) ||
         std::holds_alternative<moqt::Done>(event);
}

}  // namespace

void Consumer::on_link_event(Link &link, moqt::Event &event) {
  if (closing_) return;
  if (!gate_.has_key() && is_checked(event)) return keep_unchecked(event);
  handle(link, event);
  if (gate_.has_key())
    for (moqt::Event &kept : std::exchange(unchecked_, {})) handle(link, kept);
  if (!fresh_) return;
  fresh_ = false;
  owner_.on_consumer_ready();
}

void Consumer::keep_unchecked(moqt::Event &event) {
  if (const auto *object = std::get_if<moqt::ObjectReceived>(&event))
    unchecked_bytes_ += object->object.wire.size();
  unchecked_.push_back(std::move(event));
  if (unchecked_bytes_ > max_unchecked || unchecked_.size() > max_unchecked_events)
    refuse({Code::refused, "the peer sends objects and does not answer the subscription"});
}

void Consumer::refuse(const Error &why) {
  refusing_ = true;
  if (link_ && !link_->ended()) link_->close(moqt::CloseCode::protocol_violation, why);
}

void Consumer::subscribed(Link &link, const moqt::SubscribeAccepted &accepted) {
  const auto text = accepted.properties.bytes(catalog_property);
  const auto group = accepted.properties.number(catalog_group_property);
  if (!text || !group)
    return link.session().close(moqt::CloseCode::protocol_violation, "the track has no catalog");
  if (auto known = gate_.learn_key(as_bytes(accepted.properties.bytes(trust::key_property).value_or("")));
      !known)
    return refuse(known.error());
  learn_catalog({*group, 0}, Slice::copy(as_bytes(*text)),
                as_bytes(accepted.properties.bytes(catalog_proof_property).value_or("")));
  if (refusing_) return;
  if (const auto pts = accepted.properties.number(present_property)) {
    present_ = Present{static_cast<std::int64_t>(*pts), now()};
    line_.anchor(present_->pts, present_->at);
  }
  if (accepted.request == media_) answered(accepted.largest);
}

void Consumer::handle(Link &link, moqt::Event &event) {
  if (refusing_) return;
  std::visit(Match{[&](const moqt::SubscribeAccepted &accepted) { subscribed(link, accepted); },
                   [&](const moqt::UpdateAccepted &accepted) { answered(accepted.largest); },
                   [&](const moqt::SubscribeRefused &refused) {
                     link.close(moqt::CloseCode::no_error, {code_of(refused.code), refused.reason});
                   },
                   [&](moqt::ObjectReceived &received_object) { received(received_object); },
                   [&](const moqt::FetchAccepted &accepted) {
                     if (Catchup *asked = asker(accepted.request)) asked->accepted(accepted);
                   },
                   [&](const moqt::FetchRefused &refused) {
                     if (Catchup *asked = asker(refused.request)) asked->refused(refused);
                     fresh_ = true;
                   },
                   [&](const moqt::FetchMissing &missing) {
                     if (Catchup *asked = asker(missing.request)) asked->missing(missing);
                     fresh_ = true;
                   },
                   [&](const moqt::FetchEnded &fetch) {
                     if (Catchup *asked = asker(fetch.request)) asked->ended(fetch);
                     fresh_ = true;
                   },
                   [&](const moqt::Done &done) {
                     if (done.request != media_) return;
                     track_ended_ = done.code == moqt::DoneCode::track_ended && is_over();
                     link.close(moqt::CloseCode::no_error, {Code::unreachable, done.reason});
                   },
                   [&](const moqt::GroupEnded &group) {
                     if (group.request != media_ || group.complete) return;
                     store_.abandon(group.group);
                     if (group.code == moqt::ResetCode::too_far_behind && group.group >= first_group_)
                       aborted_ = group.group;
                     fresh_ = true;
                   },
                   [](const auto &) {}},
             event);
}

void Consumer::received(moqt::ObjectReceived &event) {
  if (event.object.status != moqt::ObjectStatus::normal) return;  // nobody has signed it: see end_group()
  if (event.request == catalog_)
    return learn_catalog(event.object.id, event.object.payload(), event.object.properties());
  const auto claim = gate_.check(event.object);
  if (!claim) return refuse(claim.error());
  if (auto timing = track::decode_timing(event.object.properties()); !timing) {
    return link_->close(moqt::CloseCode::protocol_violation, timing.error());
  }
  if (claim->over) over_ = event.object.id;
  const std::size_t size = event.object.wire.size() - event.object.payload_offset;
  const Time time = now();
  if (Catchup *asked = asker(event.request)) asked->fetched(event.object.id);
  if (past_ && past_->fetch.is_about(event.request)) {
    if (claim->ended) past_->store.end_group(*claim->ended, time);
    past_->store.add(std::move(event.object), time);
    fresh_ = true;
    return;
  }
  const bool begins = event.object.id.object == 0;
  if (begins && event.request == media_) group_begun(event.object.id.group);
  if (claim->ended) store_.end_group(*claim->ended, time);
  const track::Store::Added added = store_.add(std::move(event.object), time);
  if (added == track::Store::Added::different) ++different_;
  if (added != track::Store::Added::fresh) {
    if (++repeated_ > objects_ + max_repeated)
      refuse({Code::forged, "the peer sends the same or older objects again and again"});
    return;
  }
  fresh_ = true;
  if (claim->over) return;
  if (begins) ++groups_;
  bytes_ += size;
  ++objects_;
  rate_.add(size, time);
}

// The stream's key has said that nothing comes behind what has come.
bool Consumer::is_over() const {
  const auto largest = store_.largest();
  return over_ && largest && *largest <= *over_;
}

// A provider that stops one group and then begins another one skips what is between: nobody waits for that.
void Consumer::group_begun(std::uint64_t group) {
  if (!aborted_ || group <= *aborted_) return;
  if (group > *aborted_ + 1 && (!catchup_ || catchup_->done()))
    store_.lose_until({group - 1, track::Store::max_id});
  aborted_.reset();
}

void Consumer::learn_catalog(moqt::Location at, Slice text, Bytes proof) {
  if (auto checked = gate_.check_catalog(at, proof, text.bytes()); !checked) return refuse(checked.error());
  auto catalog = read_catalog(at.group, std::move(text));
  if (!catalog)
    return refuse({Code::invalid, "the stream's catalog cannot be read: " + catalog.error().detail});
  catalog->key = gate_.key();
  catalog->proof = Slice::copy(proof);
  sequence_.learn(std::make_shared<const Catalog>(std::move(*catalog)));
  fresh_ = true;
}

}  // namespace astral::elements
