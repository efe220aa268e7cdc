// SPDX-License-Identifier: BSD-3-Clause
// An origin as a supernode of last resort: who asks it, and how its children find another supernode. It has
// little room beside its other work, gives no media, and its loss would touch all its children; so everybody
// who can be reached becomes a supernode, and its children leave it for these.
#include <algorithm>

#include "core/limits.hpp"
#include "core/node_role.hpp"

namespace astral::core {

bool NodeRole::is_origin(const Uuid &uuid) const {
  const NodeInfo *node = directory_.node(uuid);
  return node != nullptr && node->origin;
}

// A supernode that has links to origins only is alone in what it can give.
bool NodeRole::has_other_links() const {
  const std::vector<PeerId> links = sessions_.overlay.links();
  return std::any_of(links.begin(), links.end(),
                     [&](PeerId id) { return !is_origin(sessions_.peers.find(id)->uuid); });
}

// Connects to the origin of the settings, and to others that we heard of. False: there is none.
bool NodeRole::ask_origins() {
  const std::optional<Address> &ours = node_.settings.origin_at;
  if (ours) ask_at(*ours);
  for (const NodeInfo &node : directory_.supernodes())
    if (node.origin && (!ours || *ours != Address{node.ip_address, node.port})) ask_node(node);
  return !candidates_.empty();
}

// Another supernode is known: we try to move to it. Not all children of an origin do so at once.
void NodeRole::look_soon() {
  if (!under_origin() || node_.leaving || timers_.has({.kind = TimerKind::seek})) return;
  const std::vector<NodeInfo> known = directory_.supernodes();
  const bool some = std::any_of(known.begin(), known.end(), [&](const NodeInfo &node) {
    return !node.origin && !put_off_now(node.uuid);
  });
  if (!some && node_.settings.bootstrap.empty()) return;
  const auto span = static_cast<std::uint64_t>(node_.settings.timeouts.promote.count());
  timers_.set({.kind = TimerKind::seek}, node_.now + Time{static_cast<Time::rep>(rng_.below(span))});
}

void NodeRole::look() {
  if (!under_origin() || asked_ != 0) return;
  tried_.clear();
  saw_full_ = false;
  if (ask_more()) choose_soon();
}

// No supernode has room: we stay the origin's child for now. Who can be reached makes room by becoming one.
void NodeRole::stay() {
  const Timeouts &timeouts = node_.settings.timeouts;
  timers_.drop({.kind = TimerKind::choose});
  release_candidates();
  if (saw_full_ && reached_ == true && node_.settings.role == Role::automatic) {
    const auto span = static_cast<std::uint64_t>(timeouts.promote.count());
    timers_.set({.kind = TimerKind::promote}, node_.now + Time{static_cast<Time::rep>(rng_.below(span))});
  }
  const Time least = primary_is_origin_ ? timeouts.look : timeouts.reconnect;
  backoff_ = std::clamp(backoff_ * 2, least, timeouts.last_look);
  timers_.set({.kind = TimerKind::seek}, node_.now + rng_.jittered(backoff_));
}

void NodeRole::beat_under_origin() {
  if (!under_origin()) return;
  const bool again = reached_ == false && node_.now - probe_asked_ >= node_.settings.timeouts.probe_again;
  if (primary_is_origin_ && (again || !reached_)) probe_ask(sessions_.primary);
  look_soon();
}

}  // namespace astral::core
