// SPDX-License-Identifier: BSD-3-Clause
#include "origin/registry.hpp"

#include <algorithm>
#include <string_view>

namespace astral::origin {
namespace {

// One page of those of `all` that are `listed`, in the order of `key`. Both are called once for each entry.
template <typename T, typename Listed, typename Key>
std::vector<const T *> cut_page(const std::map<std::string, T> &all, Page page, Listed listed, Key key) {
  using Item = std::pair<decltype(key(std::declval<const T &>())), const T *>;
  std::vector<Item> items;
  items.reserve(all.size());
  for (const auto &[name, value] : all) {
    if (listed(value)) items.emplace_back(key(value), &value);
  }
  const auto size = static_cast<std::int64_t>(items.size());
  const auto first = items.begin() + std::clamp<std::int64_t>(page.offset, 0, size);
  const auto last = first + std::clamp<std::int64_t>(page.limit, 0, items.end() - first);
  std::partial_sort(items.begin(), last, items.end(),
                    [](const Item &a, const Item &b) { return a.first < b.first; });
  std::vector<const T *> found;
  for (auto item = first; item != last; ++item) found.push_back(item->second);
  return found;
}

}  // namespace

void Registry::restore(Node node) {
  enter(std::move(node));
}

void Registry::restore(Stream stream) {
  enter(std::move(stream));
}

void Registry::restore(const std::string &name, Ban ban) {
  (void)bans_.add(name, std::move(ban));  // fits: the store has no more than were added
}

void Registry::enter(Node node) {
  const auto known = nodes_.find(node.uuid);
  if (known != nodes_.end()) drop_from_indices(known->second);
  by_heard_.emplace(node.heard, node.uuid);
  if (node.owner.empty()) unsigned_by_heard_.emplace(node.heard, node.uuid);
  nodes_of_.add(node.reporter);
  neighbours_.put(node);
  node.is_public ? (void)public_.insert(node.uuid) : (void)public_.erase(node.uuid);
  nodes_.insert_or_assign(node.uuid, std::move(node));
}

void Registry::drop_from_indices(const Node &node) {
  by_heard_.erase({node.heard, node.uuid});
  unsigned_by_heard_.erase({node.heard, node.uuid});
  nodes_of_.remove(node.reporter);
}

void Registry::enter(Stream stream) {
  const auto known = streams_.find(stream.slug);
  if (known != streams_.end()) {
    by_name_.erase(known->second.name);
    streams_of_.remove(known->second.reporter);
    if (known->second.source != stream.source) leave_source(known->second);
  }
  by_name_.insert_or_assign(stream.name, stream.slug);
  streams_of_.add(stream.reporter);
  by_source_[stream.source].insert(stream.slug);
  streams_.insert_or_assign(stream.slug, std::move(stream));
  ++streams_version_;
}

void Registry::leave_source(const Stream &stream) {
  const auto own = by_source_.find(stream.source);
  own->second.erase(stream.slug);
  if (own->second.empty()) by_source_.erase(own);
}

// Removes a node. Its streams keep the time of its last report.
void Registry::leave(const std::string &uuid, bool silenced) {
  const auto node = nodes_.find(uuid);
  if (const auto own = by_source_.find(uuid); own != by_source_.end()) {
    for (const std::string &slug : own->second) {
      Stream &stream = streams_.at(slug);
      stream.heard = std::max(stream.heard, node->second.heard);
      if (silenced) stream.streaming = false;
      changes_.streams[slug] = stream;
    }
    ++streams_version_;
  }
  drop_from_indices(node->second);
  neighbours_.remove(uuid);
  public_.erase(uuid);
  changes_.nodes[uuid] = std::nullopt;
  nodes_.erase(node);
}

void Registry::lapse(UnixTime now) {
  while (!by_heard_.empty() && !is_alive(by_heard_.begin()->first, now)) {
    leave(std::string(by_heard_.begin()->second), false);
  }
}

// When the registry is full, a node that nobody signs makes way for one that is signed.
Expected<void> Registry::make_room(const Node &node) {
  if (nodes_of_.of(node.reporter) >= capacity_.nodes_of_a_network)
    return fail(Code::no_room, "this origin knows enough nodes of your network and takes no more");
  if (nodes_.size() < capacity_.nodes) return {};
  if (node.owner.empty() || unsigned_by_heard_.empty()) {
    return fail(Code::no_room,
                "this origin knows " + std::to_string(nodes_.size()) + " nodes and takes no more");
  }
  leave(std::string(unsigned_by_heard_.begin()->second), false);
  return {};
}

Expected<Change> Registry::put(Node node) {
  const UnixTime now = node.heard;
  const Author author{node.reporter, node.owner};
  lapse(now);
  const auto known = nodes_.find(node.uuid);
  const bool is_new = known == nodes_.end();
  if (is_new) {
    if (auto room = make_room(node); !room) return tl::unexpected<Error>(room.error());
    if (by_source_.contains(node.uuid)) ++streams_version_;  // its streams may be live again
  } else if (!speaks_for(author, known->second) && !makes_way(known->second.owner, author)) {
    return fail(Code::conflict, "node " + node.uuid + " is alive at another address or with another key");
  } else if (known->second.ip_address == node.ip_address && known->second.port == node.port) {
    node.reachable = known->second.reachable;
    node.checked = known->second.checked;
  }
  changes_.nodes[node.uuid] = node;
  enter(std::move(node));
  return is_new ? Change::created : Change::updated;
}

const Node *Registry::node(const std::string &uuid, UnixTime now) {
  lapse(now);
  const auto known = nodes_.find(uuid);
  return known == nodes_.end() ? nullptr : &known->second;
}

std::vector<Node> Registry::nodes(Page page, UnixTime now) {
  lapse(now);
  std::vector<Node> list;
  for (const Node *node : cut_page(
           nodes_, page, [](const Node &) { return true; },
           [](const Node &n) { return std::pair(!n.supernode, std::string_view(n.uuid)); }))
    list.push_back(*node);
  return list;
}

std::vector<Node> Registry::sample(const std::string &asker, std::size_t limit, UnixTime now) {
  lapse(now);
  std::vector<Node> list;
  for (const std::string &uuid : neighbours_.sample(asker, limit, rng_)) list.push_back(nodes_.at(uuid));
  return list;
}

bool Registry::remove_node(const std::string &uuid) {
  if (!nodes_.contains(uuid)) return false;
  leave(uuid, true);
  return true;
}

void Registry::found(const std::string &uuid, bool reachable, UnixTime now) {
  const auto node = nodes_.find(uuid);
  if (node == nodes_.end()) return;
  node->second.reachable = reachable;
  node->second.checked = now;
  neighbours_.put(node->second);
}

const Node *Registry::public_node(const std::string &first, UnixTime now) {
  lapse(now);
  const auto good = [this](const std::string &uuid) { return nodes_.at(uuid).reachable == true; };
  if (public_.contains(first) && good(first)) return &nodes_.at(first);
  std::vector<std::string> others;
  for (const std::string &uuid : public_) {
    if (good(uuid)) others.push_back(uuid);
  }
  return others.empty() ? nullptr : &nodes_.at(others[rng_.below(others.size())]);
}

std::size_t Registry::count_of(const std::string &source) const {
  const auto own = by_source_.find(source);
  return own == by_source_.end() ? 0 : own->second.size();
}

Expected<Change> Registry::put(Stream stream) {
  const UnixTime now = stream.heard;
  lapse(now);
  const auto find = [this](const std::string &slug) -> const Stream * {
    const auto found = streams_.find(slug);
    return found == streams_.end() ? nullptr : &found->second;
  };
  const Stream *same_slug = find(stream.slug);
  const auto name = by_name_.find(stream.name);
  const Stream *same_name = name == by_name_.end() ? nullptr : find(name->second);
  auto change = admit(stream, same_slug, same_name);
  if (!change) return change;
  if (auto admitted = bans_.admit({.key = stream.owner}); !admitted)
    return tl::unexpected<Error>(admitted.error());
  const Author author{stream.reporter, stream.caller};
  const bool is_way_made = same_slug && makes_way(same_slug->owner, author);
  const auto allowed =
      allow(author, is_way_made ? nullptr : same_slug, node(stream.source, now), stream.owner);
  if (!allowed) return tl::unexpected<Error>(allowed.error());
  if (same_slug && is_overtaken(stream, *same_slug)) return change;
  // A copy, since sweep() may remove that stream.
  const std::string rival = same_name && same_name->slug != stream.slug ? same_name->slug : "";
  if (same_slug) stream.hidden = same_slug->hidden;
  if (change == Change::updated && !is_way_made) {
    stream.created = same_slug->created;
  } else if (!same_slug) {
    const std::size_t own = count_of(stream.source);
    if (own >= capacity_.streams_of_a_node) {
      return fail(Code::no_room,
                  "this node has " + std::to_string(own) + " streams, the most that are allowed");
    }
    if (streams_of_.of(stream.reporter) >= capacity_.streams_of_a_network)
      return fail(Code::no_room, "this origin knows enough streams of your network and takes no more");
    if (streams_.size() >= capacity_.streams) sweep(now);
    if (streams_.size() >= capacity_.streams) {
      return fail(Code::no_room,
                  "this origin knows " + std::to_string(streams_.size()) + " streams and takes no more");
    }
  }
  if (streams_.contains(rival)) erase(rival);
  if (is_way_made) erase(stream.slug);
  changes_.streams[stream.slug] = stream;
  enter(std::move(stream));
  return change;
}

void Registry::erase(const std::string &slug) {
  const auto known = streams_.find(slug);
  leave_source(known->second);
  by_name_.erase(known->second.name);
  streams_of_.remove(known->second.reporter);
  changes_.streams[slug] = std::nullopt;
  streams_.erase(known);
  ++streams_version_;
}

std::size_t Registry::count_listed(UnixTime now) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(streams_, [&](const auto &entry) { return is_shown(entry.second, now); }));
}

UnixTime Registry::heard_of(const Stream &stream) const {
  const auto source = nodes_.find(stream.source);
  return source == nodes_.end() ? stream.heard : std::max(stream.heard, source->second.heard);
}

Stream Registry::shown(const Stream &stream) const {
  Stream copy = stream;
  copy.heard = heard_of(stream);
  return copy;
}

Stream Registry::kept(const std::string &slug) const {
  return shown(streams_.at(slug));
}

std::optional<Stream> Registry::stream(const std::string &slug, UnixTime now) {
  lapse(now);
  const auto known = streams_.find(slug);
  if (known == streams_.end() || !is_shown(known->second, now)) return std::nullopt;
  return shown(known->second);
}

std::vector<Stream> Registry::streams(Order order, Page page, UnixTime now) {
  lapse(now);
  const auto rank = [&](const Stream &stream) -> std::int64_t {
    switch (order) {
      case Order::live:
        return stream.streaming && is_alive(heard_of(stream), now) ? 0 : 1;
      case Order::viewers:
        return -static_cast<std::int64_t>(stream.viewers.value_or(0));
      case Order::bitrate:
        return -static_cast<std::int64_t>(stream.bitrate_kbps);
      case Order::created:
        return -stream.created;
      case Order::name:
        break;
    }
    return 0;
  };
  std::vector<Stream> list;
  for (const Stream *stream : cut_page(
           streams_, page, [&](const Stream &s) { return is_shown(s, now); },
           [&](const Stream &s) { return std::pair(rank(s), std::string_view(s.name)); }))
    list.push_back(shown(*stream));
  return list;
}

Expected<void> Registry::remove_stream(const std::string &slug, const Author &author, UnixTime now) {
  lapse(now);
  const auto known = streams_.find(slug);
  if (known == streams_.end() || known->second.removed) return fail(Code::not_found, "no stream " + slug);
  auto allowed = allow(author, &known->second, node(known->second.source, now));
  if (!allowed) return allowed;
  take_down(known->second, now);
  return {};
}

void Registry::take_down(Stream &stream, UnixTime now) {
  if (stream.owner.empty()) return erase(std::string(stream.slug));
  stream.removed = true;
  stream.heard = now;
  changes_.streams[stream.slug] = stream;
  ++streams_version_;
}

bool Registry::is_shown(const Stream &stream, UnixTime now) const {
  if (!is_listed(stream, heard_of(stream), now)) return false;
  return !bans_.find({stream.reporter, stream.owner}) && !bans_.of_node(stream.source);
}

Expected<void> Registry::take_down(const std::string &slug, UnixTime now) {
  const auto known = streams_.find(slug);
  if (known == streams_.end() || known->second.removed) return fail(Code::not_found, "no stream " + slug);
  take_down(known->second, now);
  return {};
}

Expected<Stream> Registry::hide(const std::string &slug, bool hidden) {
  const auto known = streams_.find(slug);
  if (known == streams_.end() || known->second.removed) return fail(Code::not_found, "no stream " + slug);
  known->second.hidden = hidden;
  changes_.streams[slug] = known->second;
  ++streams_version_;
  return shown(known->second);
}

std::vector<std::string> Registry::hidden_streams() const {
  std::vector<std::string> slugs;
  for (const auto &[slug, stream] : streams_) {
    if (stream.hidden && !stream.removed) slugs.push_back(slug);
  }
  return slugs;
}

Expected<void> Registry::ban(const std::string &name, Ban ban) {
  if (auto added = bans_.add(name, ban); !added) return added;
  changes_.bans[name] = std::move(ban);
  std::vector<std::string> gone;
  for (const auto &[uuid, node] : nodes_) {
    if (bans_.find({node.reporter, node.owner})) gone.push_back(uuid);
  }
  for (const std::string &uuid : gone) leave(uuid, true);
  ++streams_version_;
  return {};
}

bool Registry::unban(const std::string &name) {
  if (!bans_.remove(name)) return false;
  changes_.bans[name] = std::nullopt;
  ++streams_version_;
  return true;
}

void Registry::sweep(UnixTime now) {
  lapse(now);
  std::vector<std::string> forgotten;
  for (const auto &[slug, stream] : streams_) {
    if (is_forgotten(stream, heard_of(stream), now)) forgotten.push_back(slug);
  }
  for (const std::string &slug : forgotten) erase(slug);
}

}  // namespace astral::origin
