// SPDX-License-Identifier: BSD-3-Clause
#include "elements/relay_impl.hpp"

#include <algorithm>

#include "elements/signed_object.hpp"

namespace astral::elements {

RelayImpl::RelayImpl(const ElementSettings &settings, const LinkSettings &link,
                     std::optional<Key> signing_key, Hooks hooks)
    : hooks_(hooks), stream_key_(settings.stream_key), outlet_(settings, link, std::move(hooks)) {
  if (signing_key) {
    stream_key_ = signing_key->fingerprint();
    signing_.emplace(Signing{.media = {*signing_key, track_name(settings.slug, media_track)},
                             .catalog = {*signing_key, track_name(settings.slug, catalog_track)}});
  } else {
    needs_.with([this](Needs &needs) { needs.key = stream_key_; });
  }
  outlet_.loop().run([this] {
    sequence_.emplace(outlet_.provider().store());
    timer_ = std::make_unique<Timer>(outlet_.loop().context(), [this] {
      look_ahead();
      refill();
    });
    silence_timer_ = std::make_unique<Timer>(outlet_.loop().context(), [this] { check_silence(); });
    gap_timer_ = std::make_unique<Timer>(outlet_.loop().context(), [this] { check_gap(false); });
    outlet_.count = [this](Statistics &statistics) {
      statistics = counts_;
      statistics.refused = refused_;
      statistics.stream_key = stream_key_;
      statistics.rate_bps = rate_.bps(now());
    };
  });
}

RelayImpl::~RelayImpl() {
  set_input_flushing(true);
  set_output_flushing(true);
  outlet_.loop().run([this] {
    outlet_.count = nullptr;
    timer_.reset();
    silence_timer_.reset();
    gap_timer_.reset();
  });
}

Expected<std::unique_ptr<RelayImpl>> RelayImpl::start(const ElementSettings &settings, Hooks hooks) {
  if (auto good = check(settings); !good) return tl::unexpected<Error>(good.error());
  auto link = link_settings(settings);
  if (!link) return tl::unexpected<Error>(link.error());
  std::optional<Key> signing_key;
  if (!settings.signing_key.empty()) {
    auto key = Key::from_pem(as_bytes(settings.signing_key));
    if (!key) return fail(key.error().code, "signing-key: " + key.error().detail);
    signing_key = std::move(*key);
  }
  return std::unique_ptr<RelayImpl>(new RelayImpl(settings, *link, std::move(signing_key), std::move(hooks)));
}

bool RelayImpl::push(const SharedTaken &taken) {
  if (!inputs_.push(taken, taken->object.wire.size() + 1)) return false;
  if (!task_posted_.exchange(true)) outlet_.loop().post([this] { take_inputs(); });
  return true;
}

void RelayImpl::take_inputs() {
  task_posted_ = false;
  bool given_up = false;
  while (auto taken = inputs_.try_pop()) {
    given_up = given_up || ((*taken)->skipped && !(*taken)->jumped && !(*taken)->standby);
    take(*taken);
  }
  outlet_.provider().pump();
  look_ahead();
  check_gap(given_up);
  refill();
  silence_timer_->set(cadence_.deadline());
}

void RelayImpl::look_ahead() {
  bool moved = false;
  while (frontier_.next(outlet_.provider().store(), now()).object) moved = true;
  if (moved) needs_.with([this](Needs &needs) { needs.first = frontier_.position(); });
}

void RelayImpl::check_silence() {
  const Time time = now();
  if (cadence_.silent(time) && hooks_.silent)
    hooks_.silent(static_cast<unsigned>(cadence_.silence(time) / 1ms));
  silence_timer_->set(cadence_.deadline());
}

void RelayImpl::check_gap(bool given_up) {
  const auto gap = outlet_.provider().store().gap(frontier_.position());
  if (gap && given_up) lack_watch_.given_up(*gap);
  if (gap_watch_.ask(gap, given_up, now()) && hooks_.missing) hooks_.missing(*gap);
  gap_timer_->set(gap_watch_.deadline());
}

// Each source has checked what it brings; the parents could still be different streams of one name.
bool RelayImpl::is_ours(const Taken &taken) {
  if (!key_.empty() && std::ranges::equal(key_.bytes(), taken.key.bytes())) return true;
  const auto key = PublicKey::from_raw(taken.key.bytes());
  const bool is_same = stream_key_.empty() || (key && key->fingerprint() == stream_key_);
  if (!key || !is_same) {
    ++refused_;
    return false;
  }
  key_ = taken.key;
  pin(key->fingerprint());
  return true;
}

// What another key has signed goes: it was believed only because nobody knew better.
void RelayImpl::pin(const Fingerprint &key) {
  if (key == stream_key_ || signing_) return;
  if (!stream_key_.empty()) key_ = {};
  stream_key_ = key;
  needs_.with([this](Needs &needs) { needs.key = stream_key_; });
}

// The node let this publisher in, whatever key it signs with: for everybody else the stream has one key.
SharedTaken RelayImpl::countersigned(const SharedTaken &taken) {
  Taken own = *taken;
  own.key = Slice::copy(signing_->media.key().public_key_raw());
  if (taken->catalog && taken->catalog != signing_->given) {
    Catalog catalog = *taken->catalog;
    auto proof =
        signing_->catalog.countersign({catalog.group, 0}, catalog.proof.bytes(), catalog.text.bytes());
    if (!proof) return nullptr;
    catalog.proof = Slice::copy(*proof);
    catalog.key = own.key;
    signing_->given = taken->catalog;
    signing_->own = std::make_shared<const Catalog>(std::move(catalog));
  }
  if (taken->catalog) own.catalog = signing_->own;
  track::Object &object = own.object;
  if (object.status != moqt::ObjectStatus::normal) return std::make_shared<const Taken>(std::move(own));
  const Bytes payload = object.payload().bytes();
  const auto properties = signing_->media.countersign(object.id, object.properties(), payload);
  if (!properties) return nullptr;
  track::Object signed_object = object_of(object.id, *properties, payload);
  signed_object.subgroup = object.subgroup;
  signed_object.priority = object.priority;
  object = std::move(signed_object);
  if (const auto proof = trust::decode_proof(*properties); object.id >= signing_->newest) {
    signing_->newest = object.id;
    signing_->epoch = proof->claim.epoch;
    signing_->catalog_group = own.timing.catalog;
    signing_->is_over = proof->claim.over;
  }
  return std::make_shared<const Taken>(std::move(own));
}

// The publisher has left without a word, and the node has given it up.
void RelayImpl::sign_end() {
  if (!signing_ || signing_->is_over) return;
  signing_->is_over = true;
  const moqt::Location &newest = signing_->newest;
  outlet_.provider().add(end_of_run(signing_->media, signing_->epoch, {newest.group, newest.object + 1},
                                    {newest.group + 1, 0}, signing_->catalog_group),
                         std::nullopt);
}

void RelayImpl::take(const SharedTaken &given) {
  const SharedTaken taken = signing_ ? countersigned(given) : given;
  if (!taken) ++refused_;
  if (!taken || (!signing_ && !is_ours(*taken))) return;
  if (taken->past) {
    look_ahead();  // lets the readers begin at the newest group first
    refill();
    outlet_.provider().add(taken->object, std::nullopt);
    return;
  }
  if (taken->catalog && taken->catalog != catalog_ &&
      (!catalog_ || taken->catalog->group > catalog_->group)) {
    catalog_ = taken->catalog;
    sequence_->learn(catalog_);
    outlet_.provider().set_catalog(*catalog_);
    outlet_.announce(catalog_->caps);
  }
  if (taken->jumped && taken->object.id.object == 0 && taken->object.id.group > 0)
    outlet_.provider().give_up_before(taken->object.id);
  if (taken->present) outlet_.provider().anchor(*taken->present);
  if (!outlet_.provider().add(taken->object, taken->timing.pts)) return;
  if (taken->standby && lack_watch_.filled(taken->object.id, now()) && hooks_.lacking) hooks_.lacking();
  if (taken->object.status != moqt::ObjectStatus::normal) {
    ++counts_.groups;
    return;
  }
  if (taken->object.payload().empty() && trust::is_over(taken->object.properties())) return;
  cadence_.arrived(now());
  const std::size_t payload = taken->object.wire.size() - taken->object.payload_offset;
  ++counts_.objects;
  counts_.bytes += payload;
  counts_.largest_group = std::max(counts_.largest_group, taken->object.id.group);
  rate_.add(payload, now());
}

// Moves objects from the store to the source pad's queue. If the pad is too slow, the reader skips to a newer
// group.
void RelayImpl::refill() {
  if (!timer_) return;
  for (;;) {
    if (!next_) {
      auto taken = sequence_->take(now());
      if (!taken) {
        reader_behind_ = false;
        if (ending_ && sequence_->deadline() == never) {
          SharedTaken last;
          ending_ = output_wanted_ && !outputs_.try_push(last, 1);
        }
        break;
      }
      if (!reader_behind_) taken->arrived = now();
      next_ = std::make_shared<const Taken>(std::move(*taken));
    }
    if (output_wanted_) {
      SharedTaken item = *next_;
      if (!outputs_.try_push(item, item->object.wire.size() + 1)) {
        reader_behind_ = true;
        return;
      }
    }
    next_.reset();
  }
  timer_->set(std::min(sequence_->deadline(), frontier_.deadline()));
}

void RelayImpl::end() {
  outlet_.loop().post([this] {
    take_inputs();
    sign_end();
    ending_ = true;
    outlet_.provider().finish();
    refill();
  });
}

std::optional<SharedTaken> RelayImpl::pop() {
  bool wanted = false;
  auto taken = outputs_.pop(wanted);
  if (wanted) outlet_.loop().post([this] { refill(); });
  return taken;
}

}  // namespace astral::elements
