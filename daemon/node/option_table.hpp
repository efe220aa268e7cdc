// SPDX-License-Identifier: BSD-3-Clause
// The options of astralnode: one row each. The command line, the settings file and --help are made from these
// rows. A test checks that each default in --help is the default of Options.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "glue/error.hpp"
#include "node/settings.hpp"

namespace astral::node {

struct Option {
  const char *name;         // --NAME on the command line
  char letter = 0;          // -L on the command line; 0: none
  const char *placeholder;  // of the value in --help; null: not on the command line
  const char *help;
  // Checks `value` and stores it. `label` is what an error calls the option. Error: invalid.
  Expected<void> (*set)(Options &options, const Option &option, const std::string &label,
                        const std::string &value);
  const char *fallback = nullptr;  // the default, as --help shows it
  std::uint64_t min = 0, max = 0;  // of a number
  bool is_flag = false;            // the value may be left out on the command line: true
  const char *key = nullptr;       // in the settings file; null: NAME
  // For an option that may be repeated: empties its list. Values of the command line replace those of the
  // file.
  void (*clear)(Options &) = nullptr;
};

std::span<const Option> option_table();

// The help of the row, with the range of a number and the default.
std::string help_text(const Option &option);

}  // namespace astral::node
