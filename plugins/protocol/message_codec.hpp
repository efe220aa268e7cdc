// SPDX-License-Identifier: BSD-3-Clause
// Messages of /peer as JSON text, both ways. This is the one place that checks them: core::Node may rely on
// every length and alphabet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "glue/error.hpp"
#include "protocol/message.hpp"

namespace astral::protocol {

inline constexpr std::size_t max_message_bytes = 64 * 1024;
inline constexpr std::size_t max_candidate_bytes = 256;
inline constexpr std::size_t max_list = 256;         // streams in one message
inline constexpr std::uint64_t max_sealed_number = 1ULL << 53;
inline constexpr std::size_t max_explanation = 512;  // bytes of a text for people

// No value: a type that this version does not know; ignore it. **Errors** invalid, too_large; they name the
// field.
Expected<std::optional<Message>> read_message(std::string_view text);

std::string write_message(const Message &message);

// What may be inside a Routed. Null: a type that this version does not know. **Errors** as read_message().
Expected<std::shared_ptr<const Enclosed>> read_inside(std::string_view text);

// The code that has this name in JSON.
std::optional<RefusalCode> refusal_code(std::string_view name);

}  // namespace astral::protocol
