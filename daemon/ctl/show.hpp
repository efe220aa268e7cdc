// SPDX-License-Identifier: BSD-3-Clause
// What people read of a node's answer. Pure: JSON in, text out.
#pragma once

#include <string>
#include <string_view>

#include "ctl/command.hpp"
#include "glue/error.hpp"

namespace astral::ctl {

inline constexpr std::size_t max_answer =
    64 * 1024 * 1024;  // bytes; 100,000 streams with long descriptions fit

// **Errors** the answer is not what API.md says.
Expected<std::string> show(const Plan &plan, std::string_view answer, const std::string &node);

// The message of an error body, or what the status alone says.
std::string show_error(unsigned status, std::string_view answer);

}  // namespace astral::ctl
