// SPDX-License-Identifier: BSD-3-Clause
// The messages of /peer as JSON text, both ways. What comes in is checked here, once, so that Node may
// believe every length and alphabet.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "glue/error.hpp"
#include "protocol/message.hpp"

namespace astral::protocol {

inline constexpr std::size_t max_message_bytes = 64 * 1024;
inline constexpr std::size_t max_candidates = 32;
inline constexpr std::size_t max_candidate_bytes = 256;
inline constexpr std::size_t max_list = 256;         // nodes, streams, tickets in one message
inline constexpr std::size_t max_explanation = 512;  // bytes of a refusal's or a cancel's message

// Nothing: a type that this version does not know, to be ignored. Errors: invalid, too_large; they name the
// field.
Expected<std::optional<Message>> read_message(std::string_view text);

std::string write_message(const Message &message);

// A refusal's code as it is written, and back. Nothing: there is no such code.
const char *name_of(RefusalCode code);
std::optional<RefusalCode> refusal_code(std::string_view name);

}  // namespace astral::protocol
