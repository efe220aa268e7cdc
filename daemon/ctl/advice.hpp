// SPDX-License-Identifier: BSD-3-Clause
// What a person can do when the node refuses a command. Pure.
#pragma once

#include <string>
#include <string_view>

namespace astral::ctl {

// `command`: its long name. `code`: of the node's error body, "unreachable" if there was no answer. Empty:
// the refusal says it all.
std::string advice(std::string_view command, std::string_view code);

}  // namespace astral::ctl
