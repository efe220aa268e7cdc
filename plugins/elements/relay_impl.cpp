// SPDX-License-Identifier: BSD-3-Clause
#include "elements/relay_impl.hpp"

#include <algorithm>

#include "elements/signed_object.hpp"

namespace astral::elements {

RelayImpl::RelayImpl(const ElementSettings &settings, const LinkSettings &link, const Secrets &secrets,
                     Hooks hooks)
    : hooks_(hooks),
      opener_(secrets.guest),
      stream_key_(stream_key_of(settings)),
      outlet_(settings, link, std::move(hooks)) {
  if (secrets.signing_key) {
    stream_key_ = secrets.signing_key->fingerprint();
    signer_.emplace(*secrets.signing_key, settings.slug, first_group());
    if (secrets.privacy) signer_->set_privacy(*secrets.privacy, now());
    opener_ = Opener(signer_->self());
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
      statistics.refused = refused_ + (signer_ ? signer_->refused() : 0);
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
  Secrets secrets;
  if (!settings.signing_key.empty()) {
    auto key = Key::from_pem(as_bytes(settings.signing_key));
    if (!key) return fail(key.error().code, "signing-key: " + key.error().detail);
    secrets.signing_key = std::move(*key);
  }
  if (!settings.privacy.empty()) {
    auto privacy = read_privacy(settings.privacy);
    if (!privacy) return fail(privacy.error().code, "privacy: " + privacy.error().detail);
    if (!secrets.signing_key) return fail(Code::invalid, "privacy needs a signing-key");
    secrets.privacy = std::move(*privacy);
  }
  auto guest = guest_of(settings);
  if (!guest) return tl::unexpected<Error>(guest.error());
  secrets.guest = std::move(*guest);
  return std::unique_ptr<RelayImpl>(new RelayImpl(settings, *link, secrets, std::move(hooks)));
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
  if (key == stream_key_ || signer_) return;
  if (!stream_key_.empty()) key_ = {};
  stream_key_ = key;
  needs_.with([this](Needs &needs) { needs.key = stream_key_; });
}

// The publisher has left without a word, and the node has given it up.
void RelayImpl::sign_end() {
  if (auto end = signer_ ? signer_->end() : std::nullopt)
    outlet_.provider().add(std::move(*end), std::nullopt);
}

void RelayImpl::take(const SharedTaken &given) {
  const SharedTaken taken = signer_ ? signer_->sign(given, now()) : given;
  if (!taken || (!signer_ && !is_ours(*taken))) return;
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

// Null: the source pad's guest cannot read it.
SharedTaken RelayImpl::opened(const SharedTaken &taken) {
  if (!Opener::is_sealed(*taken)) return taken;
  auto open = opener_.open(taken);
  const std::string why = open ? "" : open.error().detail;
  const bool is_news = why != locked_ || (open && opener_.catalog() != told_);
  if (is_news && hooks_.opened) hooks_.opened(opener_.catalog().get(), why);
  const bool was_locked = !locked_.empty();
  locked_ = why;
  told_ = opener_.catalog();
  if (!open) return nullptr;
  if (!was_locked) return *open;
  auto first = std::make_shared<Taken>(**open);
  first->skipped = true;
  return first;
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
      next_ = output_wanted_ ? opened(std::make_shared<const Taken>(std::move(*taken))) : nullptr;
      if (!*next_) {
        next_.reset();
        continue;
      }
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
