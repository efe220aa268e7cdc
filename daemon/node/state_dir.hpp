// SPDX-License-Identifier: BSD-3-Clause
// The state directory of a node.
#pragma once

#include <string>

#include "glue/error.hpp"

namespace astral::node {

// `path` seen from the folder in which the program was started: a node in the background leaves it.
std::string absolute(const std::string &path);

// XDG_STATE_HOME/astral. With a `label` that is not empty astral-LABEL, so that several nodes run on one
// machine.
std::string default_state_dir(const std::string &label);

// Makes the directory and its parents (mode 0700) unless it exists. Error: failed.
Expected<void> make_state_dir(const std::string &directory);

// The directory's file `devices.json`, the paired devices; empty if there is none. Error: failed.
Expected<std::string> kept_devices(const std::string &directory);
// Only the node's user may read the file. Error: failed.
Expected<void> keep_devices(const std::string &directory, const std::string &devices);

// Logs a warning if others on this machine can read the file, which holds a secret. Empty: no file.
void warn_of_readers(const std::string &file);

}  // namespace astral::node
