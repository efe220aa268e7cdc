// SPDX-License-Identifier: BSD-3-Clause
// Replaces elements/gate.cpp in a plugin of the tests: a node with this plugin lies to its children. The slug
// of the stream says how; a stream with another slug is forwarded as it is.
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "elements/gate.hpp"

namespace astral::elements {

namespace {

// The test makes this file once the children have something to lose.
bool is_time_to_lie() {
  static const char *const file = std::getenv("ASTRAL_LIE");
  return file && access(file, F_OK) == 0;
}

void put(moqt::Object &object, Bytes properties, Bytes payload) {
  object.wire = moqt::encode_object(properties, payload);
  object.payload_offset = object.wire.size() - payload.size();
}

void lie(const std::string &slug, moqt::Object &object) {
  static thread_local moqt::Object before;
  const moqt::Object honest = object;
  const Bytes payload = honest.payload().bytes();
  if (payload.empty()) return;
  std::vector<std::uint8_t> bytes(payload.begin(), payload.end());
  if (slug == "alter") {
    bytes[bytes.size() / 2] ^= 1;
    put(object, honest.properties(), bytes);
  } else if (slug == "truncate") {
    put(object, honest.properties(), Bytes(bytes).first(bytes.size() - 1));
  } else if (slug == "replay" && !before.wire.empty()) {
    object = before;
    object.id = honest.id;
  } else if (slug == "jump") {
    object.id.group += 1000;  // further, and its own store would wait
  } else if (slug == "withhold" && honest.id.object % 8 == 5) {
    object.id = {1, 0};  // too old for its own store
  }
  before = honest;
}

}  // namespace

Expected<void> Gate::compare(const Fingerprint &) const {
  return {};
}

Expected<void> Gate::pin(const Fingerprint &) {
  return {};
}

Expected<void> Gate::learn_key(Bytes raw) {
  key_ = Slice::copy(raw);
  if (const auto key = PublicKey::from_raw(raw); key && !media_) {
    fingerprint_ = key->fingerprint();
    media_.emplace(*key, track_name(slug_, media_track));
  }
  return {};
}

Expected<void> Gate::check_catalog(moqt::Location, Bytes, Bytes) {
  return {};
}

Expected<trust::Claim> Gate::check(const moqt::Object &object) {
  const auto proof = trust::decode_proof(object.properties());
  const trust::Claim claim = proof ? proof->claim : trust::Claim{};
  if (is_time_to_lie()) lie(slug_, const_cast<moqt::Object &>(object));
  return claim;
}

}  // namespace astral::elements
