// SPDX-License-Identifier: BSD-3-Clause
// Nodes by name: callers may give a node's label in place of its uuid, and answers have both.
#pragma once

#include <string>

#include "core/node_view.hpp"
#include "glue/error.hpp"
#include "glue/json.hpp"

namespace astral::api {

// The uuid of the known node that the caller means by its uuid or its label; `name` itself if there is none.
// Errors: conflict: several nodes have that label.
Expected<core::Uuid> meant(const core::NodeView &node, const std::string &name);

// Sets the field to the label of that node, if it is known and has one.
void set_label(json::Builder &out, const char *field, const core::NodeView &node, const core::Uuid &uuid);

}  // namespace astral::api
