// SPDX-License-Identifier: BSD-3-Clause
// The `catalog` track describes the media track of the same stream: one JSON object, in a new group whenever
// it changes. The newest catalog is also a property of both tracks, so SUBSCRIBE_OK brings it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "moqt/types.hpp"
#include "protocol/slug.hpp"
#include "trust/epoch_key.hpp"

namespace astral::elements {

inline constexpr const char *catalog_track = "catalog";
inline constexpr const char *media_track = "media";
// Track property, private to Astral: the bytes of the newest catalog.
inline constexpr std::uint64_t catalog_property = 0x3803;
// Track property: the group of that catalog.
inline constexpr std::uint64_t catalog_group_property = 0x3804;
// Track property: the properties of that catalog's object, with its proof (trust/proof.hpp).
inline constexpr std::uint64_t catalog_proof_property = 0x3805;
// Track property: the publisher's running time, in nanoseconds, of an object that would reach the provider
// now by the shortest way. Negative values are two's complement.
inline constexpr std::uint64_t present_property = 0x3806;
// Maximum number of "{", "<" and "[" in the caps: GStreamer parses what they enclose recursively, without a
// limit of its own.
inline constexpr std::size_t max_caps_brackets = 32;
// Maximum size of a catalog: a property's value has at most 65535 bytes (MOQT draft 18, 1.4.3).
inline constexpr std::size_t max_catalog = 60'000;

// Of a stream whose name at this node is `name`: others know it by its slug.
inline moqt::TrackName track_name(const std::string &name, const char *track) {
  return {{"astral", protocol::slug_in(name)}, track};
}

struct Catalog {
  std::uint64_t group = 0;  // in the catalog track; 0: no catalog yet
  std::string caps;         // from gst_caps_to_string(), without streamheader
  std::vector<Slice> streamheader;
  Slice text;     // its JSON, forwarded unchanged, as the next two are
  Slice key{};    // the stream's public key, raw
  Slice proof{};  // the properties of the catalog's object
  // Of a private stream, as everybody sees it: the list of guests and what is encrypted. Its caps are
  // private_caps.
  Slice guests{}, sealed{};
  bool is_private() const { return !sealed.empty(); }
  // Of a private stream, as its guests see it.
  std::string name{}, description{};
};

inline constexpr const char *private_caps = "application/x-astral-private";
// Maximum size of a private stream's name and description together.
inline constexpr std::size_t max_catalog_words = 2'000;

// Errors: too_large; also if the caps have too many brackets.
Expected<Catalog> make_catalog(std::uint64_t group, const std::string &caps, std::vector<Slice> streamheader);
// Errors: invalid, too_large.
Expected<Catalog> read_catalog(std::uint64_t group, Slice text);

// A private stream's catalog: `plain` (caps, stream headers, name, description), encrypted, with the list of
// those who can open it (trust/guest_list.hpp). Errors: too_large; invalid: the key has sealed this group or
// a later one.
Expected<Catalog> seal_catalog(std::uint64_t group, const Catalog &plain, trust::EpochKey &key, Bytes guests);
// Its key and proof stay. Errors: forged; those of read_catalog().
Expected<Catalog> open_catalog(const Catalog &sealed, const trust::EpochKey &key);

}  // namespace astral::elements
