// SPDX-License-Identifier: BSD-3-Clause
#include "trust/epoch_key.hpp"

#include <string_view>

#include "moqt/wire.hpp"

namespace astral::trust {
namespace {

constexpr std::string_view media_label{"astral private media 1\0", 23};
constexpr std::string_view catalog_label{"astral private catalog 1\0", 25};

// The number of the object. The group is in the key.
Aead::Nonce nonce_of(std::uint64_t object) {
  Aead::Nonce nonce{};
  for (std::size_t i = 0; i < 8; ++i) nonce[11 - i] = static_cast<std::uint8_t>(object >> (8 * i));
  return nonce;
}

tl::unexpected<Error> not_ours() {
  return fail(Code::forged, "not encrypted with the key of this stream");
}

}  // namespace

Aead EpochKey::key_of(std::string_view label, std::uint64_t group) const {
  moqt::Writer info;
  info.bytes(label).prefixed(Bytes(stream_)).vi64(group);
  return Aead(derive(secret_.bytes(), {}, info.view()));
}

Aead &EpochKey::media_key(std::uint64_t group) {
  if (!media_ || group != media_group_) media_ = key_of(media_label, group);
  media_group_ = group;
  return *media_;
}

std::optional<std::vector<std::uint8_t>> EpochKey::seal(moqt::Location at, Bytes payload) {
  if (sealed_ && at <= *sealed_) return std::nullopt;
  sealed_ = at;
  return media_key(at.group).seal(nonce_of(at.object), {}, payload);
}

Expected<std::vector<std::uint8_t>> EpochKey::open(moqt::Location at, Bytes sealed) {
  auto plain = media_key(at.group).open(nonce_of(at.object), {}, sealed);
  if (!plain) return not_ours();
  return std::move(*plain);
}

std::optional<std::vector<std::uint8_t>> EpochKey::seal_catalog(std::uint64_t group, Bytes text) {
  if (sealed_catalog_ && group <= *sealed_catalog_) return std::nullopt;
  sealed_catalog_ = group;
  return key_of(catalog_label, group).seal({}, {}, text);
}

Expected<std::vector<std::uint8_t>> EpochKey::open_catalog(std::uint64_t group, Bytes sealed) const {
  auto plain = key_of(catalog_label, group).open({}, {}, sealed);
  if (!plain) return not_ours();
  return std::move(*plain);
}

}  // namespace astral::trust
