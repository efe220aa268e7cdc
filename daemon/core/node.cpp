// SPDX-License-Identifier: BSD-3-Clause
#include "core/node.hpp"

#include <utility>

namespace astral::core {

Node::Node(Settings settings) : settings_(std::move(settings)) {}
void Node::handle(const Input &, Time, Effects &) {}
Time Node::deadline() const {
  return never;
}
std::vector<NodeInfo> Node::nodes() const {
  return {settings_.self};
}
std::vector<StreamInfo> Node::streams() const {
  return {};
}
std::vector<TicketView> Node::tickets() const {
  return {};
}
std::optional<NodeInfo> Node::find_node(const Uuid &uuid) const {
  if (uuid == settings_.self.uuid) return settings_.self;
  return std::nullopt;
}
std::optional<StreamInfo> Node::find_stream(const Slug &) const {
  return std::nullopt;
}
std::optional<TicketView> Node::find_ticket(const TicketId &) const {
  return std::nullopt;
}
std::optional<TicketView> Node::find_ticket(const Slug &, const Uuid &) const {
  return std::nullopt;
}
std::vector<TicketView> Node::tickets(const Slug &) const {
  return {};
}
std::uint32_t Node::children() const {
  return 0;
}
std::size_t Node::viewers(const Slug &) const {
  return 0;
}
bool Node::has_media(const Slug &) const {
  return false;
}
void Node::check_invariants() const {}

}  // namespace astral::core
