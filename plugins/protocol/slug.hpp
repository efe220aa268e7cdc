// SPDX-License-Identifier: BSD-3-Clause
// The two names of the API and what they may look like: the slug of a stream, the uuid of a node; and what
// any text may look like that people write. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace astral::protocol {

inline constexpr std::size_t max_slug = 48;
inline constexpr std::size_t max_uuid = 64;

// "My Talk!" → "my-talk": ASCII letters in lower case and digits stay, everything between them is one hyphen.
// Empty when the name has neither; never ends in a hyphen, also where it was cut.
std::string slug_of(std::string_view name);

bool is_slug(std::string_view text);                    // what slug_of can return, and not empty
bool is_text(std::string_view text, std::size_t most);  // no control characters but newline, return and tab
bool is_uuid(std::string_view text);                    // 1 to 64 of letters, digits and hyphens

}  // namespace astral::protocol
