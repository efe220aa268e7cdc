// SPDX-License-Identifier: BSD-3-Clause
#include "api/names.hpp"

#include <vector>

#include "core/slug.hpp"

namespace astral::api {

Expected<core::Uuid> meant(const core::NodeView &node, const std::string &name) {
  if (core::is_uuid_of_a_key(name)) return name;
  std::vector<core::Uuid> found;
  for (const core::NodeInfo &one : node.nodes()) {
    if (one.uuid == name || one.label == name) found.push_back(one.uuid);
  }
  if (found.empty()) return name;
  if (found.size() == 1) return found[0];
  std::string all;
  for (const core::Uuid &uuid : found) all += (all.empty() ? "" : ", ") + uuid;
  return fail(Code::conflict, "several nodes are called '" + name + "': give the uuid, one of " + all);
}

void set_label(json::Builder &out, const char *field, const core::NodeView &node, const core::Uuid &uuid) {
  const auto known = node.find_node(uuid);
  if (known && !known->label.empty()) out.set(field, known->label);
}

}  // namespace astral::api
