// SPDX-License-Identifier: BSD-3-Clause
// The rules of names: the slug of a stream, the uuid and the label of a node, texts that people write. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace astral::protocol {

inline constexpr std::size_t max_slug = 48;
inline constexpr std::size_t max_uuid = 64;
inline constexpr std::size_t max_stream_name = max_slug + 5;

// "My Talk!" → "my-talk": ASCII letters become lower case, digits stay, each run of other characters between
// them becomes one hyphen. Cut to max_slug; never ends in a hyphen. Empty if the name has no letter or digit.
std::string slug_of(std::string_view name);

bool is_slug(std::string_view text);                    // what slug_of() can return, except the empty string

// Two streams may have one slug and different keys. A node keeps the slug for the first one that it met, and
// names another one by its slug and the first four digits of its key's fingerprint: "talk~3f0a". Such a name
// means something at that node only. Between nodes, the slug and the key say which stream is meant.
std::string rival_name(std::string_view slug, std::string_view fingerprint);
bool is_stream_name(std::string_view text);  // a slug, or the name of a rival
bool is_rival(std::string_view name);
std::string slug_in(std::string_view name);

bool is_text(std::string_view text, std::size_t most);  // no control characters but newline, return, tab
bool is_uuid(std::string_view text);                    // 1 to 64 of letters, digits and hyphens

// A node is its key: its uuid is the first half of the key's fingerprint (glue/key.hpp). Nobody can find
// another key with the same 128 bits.
std::string uuid_of(std::string_view fingerprint);
bool is_uuid_of_a_key(std::string_view uuid);  // it may be one: nobody has it without a key
bool is_label(std::string_view text);          // as a uuid, and nobody takes it for that of a key

}  // namespace astral::protocol
