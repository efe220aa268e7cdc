// SPDX-License-Identifier: BSD-3-Clause
#include "elements/opener.hpp"

#include "elements/signed_object.hpp"

namespace astral::elements {

Expected<void> Opener::change_catalog(const Taken &taken) {
  if (taken.catalog == sealed_) {
    if (refusal_) return tl::unexpected<Error>(*refusal_);
    return {};
  }
  sealed_ = taken.catalog;
  opened_.reset();
  key_.reset();
  refusal_.reset();
  const auto refuse = [this](Error why) {
    refusal_ = why;
    return tl::unexpected<Error>(std::move(why));
  };
  if (!guest_) return refuse({Code::refused, "the stream is private, and this is no guest of it"});
  const Bytes key = sealed_->key.bytes();
  const auto secret = trust::find_guest(sealed_->guests.bytes(), *guest_, key);
  if (!secret) return refuse(secret.error());
  key_.emplace(*secret, key);
  auto opened = open_catalog(*sealed_, *key_);
  if (!opened) return refuse(opened.error());
  opened_ = std::make_shared<const Catalog>(std::move(*opened));
  return {};
}

// What ends a group or a run is empty. What is encrypted never is.
bool Opener::is_sealed(const Taken &taken) {
  return taken.object.status == moqt::ObjectStatus::normal && !taken.past && taken.catalog &&
         taken.catalog->is_private() && !taken.object.payload().empty();
}

Expected<SharedTaken> Opener::open(const SharedTaken &taken) {
  if (!is_sealed(*taken)) return taken;
  if (const auto changed = change_catalog(*taken); !changed) return tl::unexpected<Error>(changed.error());
  const auto payload = key_->open(taken->object.id, taken->object.payload().bytes());
  if (!payload) return tl::unexpected<Error>(payload.error());
  auto out = std::make_shared<Taken>(*taken);
  out->catalog = opened_;
  out->object = object_of(taken->object.id, taken->object.properties(), *payload);
  out->object.subgroup = taken->object.subgroup;
  out->object.priority = taken->object.priority;
  return out;
}

}  // namespace astral::elements
