// SPDX-License-Identifier: BSD-3-Clause
#include "elements/countersigner.hpp"

#include <algorithm>

#include "elements/signed_object.hpp"
#include "glue/json.hpp"

namespace astral::elements {
namespace {

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Expected<Privacy> read_privacy(std::string_view text) {
  auto in = json::Reader::parse(text);
  if (!in) return tl::unexpected<Error>(in.error());
  Privacy privacy;
  privacy.name = in->text("name", {0, max_catalog_words, nullptr, nullptr});
  privacy.description = in->text("description", {0, max_catalog_words, nullptr, nullptr});
  for (json::Reader &guest : in->objects("guests", max_invited)) {
    constexpr std::size_t id_digits = 2 * std::tuple_size_v<trust::GuestId>, digits = 2 * Secret::size;
    const std::string id = guest.text("id", {id_digits, id_digits, is_hex, "hexadecimal digits"});
    const std::string secret = guest.text("secret", {digits, digits, is_hex, "hexadecimal digits"});
    if (!guest.good()) break;
    privacy.guests.push_back({{}, *Secret::from(from_hex(secret))});
    std::ranges::copy(from_hex(id), privacy.guests.back().id.begin());
  }
  return in->result(std::move(privacy));
}

void Countersigner::set_privacy(Privacy privacy, Time now) {
  privacy_ = std::move(privacy);
  due_ = now;
}

// A new key epoch, or the publisher's new catalog. False: it cannot be encrypted. The group is not that of
// the publisher's catalog: it is above all before, also those of an earlier start, whose keys were others.
bool Countersigner::seal_catalog(const Taken &taken, Time now) {
  const moqt::Location at = taken.object.id;
  const bool begins = !epoch_key_ || (due_ && (at.object == 0 || now - *due_ >= max_wait));
  if (!begins && taken.catalog == given_) return own_ != nullptr;
  own_.reset();
  if (begins) {
    due_.reset();
    epoch_key_.emplace(Secret::random(), key().public_key_raw());
    std::vector<trust::Guest> guests = privacy_->guests;
    guests.push_back(self_);
    guests_ = trust::encode_guests(epoch_key_->secret(), guests, key().public_key_raw());
  }
  Catalog plain = *taken.catalog;
  plain.name = privacy_->name;
  plain.description = privacy_->description;
  const std::uint64_t group = std::max(at.group, next_catalog_);
  auto sealed = elements::seal_catalog(group, plain, *epoch_key_, guests_);
  if (!sealed) return false;
  next_catalog_ = group + 1;
  sealed->proof = Slice::copy(catalog_.prove({group, 0}, {group, std::nullopt}, {}, sealed->text.bytes()));
  sealed->key = Slice::copy(key().public_key_raw());
  own_ = std::make_shared<const Catalog>(std::move(*sealed));
  return true;
}

// False: nobody has signed the publisher's catalog, or it is too large.
bool Countersigner::sign_catalog(const Taken &taken, Time now) {
  if (!taken.catalog) return true;
  if (privacy_) {
    const bool good = seal_catalog(taken, now);
    given_ = taken.catalog;
    return good;
  }
  if (taken.catalog == given_) return true;
  Catalog catalog = *taken.catalog;
  auto proof = catalog_.countersign({catalog.group, 0}, catalog.proof.bytes(), catalog.text.bytes());
  if (!proof) return false;
  catalog.proof = Slice::copy(*proof);
  catalog.key = Slice::copy(key().public_key_raw());
  given_ = taken.catalog;
  own_ = std::make_shared<const Catalog>(std::move(catalog));
  return true;
}

SharedTaken Countersigner::sign(const SharedTaken &taken, Time now) {
  if (privacy_ && taken->past) return nullptr;  // the catalog that it needs is not known
  const auto refuse = [this]() -> SharedTaken {
    ++refused_;
    return nullptr;
  };
  if (!sign_catalog(*taken, now)) return refuse();
  Taken own = *taken;
  own.key = Slice::copy(key().public_key_raw());
  if (taken->catalog) own.catalog = own_;
  track::Object &object = own.object;
  if (object.status != moqt::ObjectStatus::normal) return std::make_shared<const Taken>(std::move(own));
  const auto proof = trust::decode_proof(object.properties());
  if (!proof || (privacy_ && !own_)) return refuse();
  const trust::Claim claim = proof->claim;
  std::vector<std::uint8_t> properties, sealed;
  Bytes payload = object.payload().bytes();
  if (!privacy_) {
    properties = *media_.countersign(object.id, object.properties(), payload);
  } else {
    if (!claim.over) {
      auto encrypted = epoch_key_->seal(object.id, payload);
      if (!encrypted) return refuse();
      sealed = std::move(*encrypted);
      payload = sealed;
    }
    own.timing.catalog = own_->group;
    properties = media_.prove(object.id, claim, track::encode_timing(own.timing), payload);
  }
  track::Object signed_object = object_of(object.id, properties, payload);
  signed_object.subgroup = object.subgroup;
  signed_object.priority = object.priority;
  object = std::move(signed_object);
  if (object.id >= newest_) {
    newest_ = object.id;
    epoch_ = claim.epoch;
    catalog_group_ = own.timing.catalog;
    is_over_ = claim.over;
  }
  return std::make_shared<const Taken>(std::move(own));
}

std::optional<track::Object> Countersigner::end() {
  if (is_over_) return std::nullopt;
  is_over_ = true;
  return end_of_run(media_, epoch_, {newest_.group, newest_.object + 1}, {newest_.group + 1, 0},
                    catalog_group_);
}

}  // namespace astral::elements
