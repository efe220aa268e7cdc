// SPDX-License-Identifier: BSD-3-Clause
// A node's answer as text for people. Pure: JSON in, text out.
#pragma once

#include <string>
#include <string_view>

#include "ctl/command.hpp"
#include "glue/error.hpp"

namespace astral::ctl {

// Bytes. 100,000 streams with long descriptions fit.
inline constexpr std::size_t max_answer = 64 * 1024 * 1024;

// **Errors** invalid, too_large: the answer is not the one that the node's openapi.json describes.
Expected<std::string> show(const Plan &plan, std::string_view answer, const std::string &node);

// The message of an error answer and what to do then, otherwise its status. `command`: its long name.
std::string show_error(std::string_view command, unsigned status, std::string_view answer);

}  // namespace astral::ctl
