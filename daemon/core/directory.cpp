// SPDX-License-Identifier: BSD-3-Clause
#include "core/directory.hpp"

#include <algorithm>
#include <cassert>
#include <set>
#include <utility>

#include "core/limits.hpp"
#include "core/slug.hpp"

namespace astral::core {
namespace {

constexpr std::uint32_t patience = 3;  // connects that fail before a node is forgotten

bool sound(const NodeInfo &node) {
  return is_uuid(node.uuid) && (node.label.empty() || is_label(node.label)) && node.port != 0 &&
         !node.ip_address.empty() && is_text(node.ip_address, max_name) && is_text(node.version, max_name);
}

bool sound(const StreamInfo &stream) {
  return is_slug(stream.slug) && is_uuid(stream.source) && is_text(stream.name, max_name) &&
         is_text(stream.description, max_description) && is_text(stream.media, max_media);
}

}  // namespace

void Directory::set_clock(std::int64_t unix_ms) {
  latest_ = static_cast<std::uint64_t>(std::max<std::int64_t>(0, unix_ms) + max_ahead / 1ms);
}

bool Directory::timely(std::uint64_t version) const {
  return version <= latest_;
}

bool Directory::learn(const NodeInfo &node, Heard from) {
  if (!sound(node) || !timely(node.updated)) return false;
  const auto known = nodes_.find(node.uuid);
  if (known == nodes_.end()) {
    const auto lost = lost_.find(node.uuid);
    if (lost != lost_.end()) {
      if (from == Heard::elsewhere && node.updated <= lost->second.updated) return false;
      lost_.erase(lost);
    }
    if (nodes_.size() >= max_nodes) return false;
    nodes_.emplace(node.uuid, KnownNode{.info = node});
    return true;
  }
  const bool believed = from == Heard::itself || node.updated > known->second.info.updated;
  if (!believed) return false;
  NodeInfo told = node;
  told.rtt_ms = known->second.info.rtt_ms;
  if (told == known->second.info) return false;
  known->second.info = told;
  known->second.failures = 0;
  return true;
}

bool Directory::learn(const StreamInfo &stream, Heard from) {
  if (!sound(stream) || !timely(stream.updated) || stream.deleted) return false;
  const auto buried = buried_.find(stream.slug);
  const bool is_old = buried != buried_.end() && stream.updated <= buried->second;
  if (is_old && (from != Heard::itself || stream.is_signed())) return false;
  const auto known = streams_.find(stream.slug);
  if (known == streams_.end()) {
    if (!make_room(stream, from)) return false;
    add(stream, from == Heard::origin);
    return true;
  }
  const bool is_news = learn(known->second, stream, from);
  // It was a rival until the other stream had expired; it may be carried by that name.
  if (is_news && stream.is_signed() &&
      key_of_stream(rival_name(stream.slug, stream.fingerprint)) == stream.fingerprint)
    learn_rival(stream);
  return is_news;
}

bool Directory::learn(KnownStream &entry, const StreamInfo &stream, Heard from) {
  const bool is_same = entry.info.is_signed() && entry.info.fingerprint == stream.fingerprint;
  entry.listed = entry.listed || from == Heard::origin;
  if (entry.own) {
    if (is_same && stream.is_signed())
      entry.overtaken = std::max(entry.overtaken, stream.updated);
    else if (entry.info.is_signed() && stream.is_signed())
      return learn_rival(stream);
    return false;
  }
  if (entry.info.is_signed() || stream.is_signed()) {
    if (!stream.is_signed()) return false;
    if (is_same && stream.updated <= entry.info.updated) return false;
    // Another key is another stream. The name goes to one if nobody has it, or if the origin says so.
    const bool is_free =
        entry.info.is_signed() ? is_expired(entry.info) : stream.source == entry.info.source || !entry.listed;
    if (!is_same && !is_free && from != Heard::origin) return entry.info.is_signed() && learn_rival(stream);
    replace(entry, stream);
    return true;
  }
  if (stream.source != entry.info.source) {
    if (from != Heard::origin) return false;
    replace(entry, stream);
    return true;
  }
  StreamInfo told = stream;
  if (from == Heard::origin) told.fingerprint = entry.info.fingerprint;  // the origin knows no fingerprints
  if (!entry.info.fingerprint.empty() && told.fingerprint != entry.info.fingerprint) return false;
  const bool believed = from == Heard::itself || told.updated > entry.info.updated;
  if (!believed || told == entry.info) return false;
  entry.info = std::move(told);
  return true;
}

void Directory::add(const StreamInfo &stream, bool listed) {
  streams_.emplace(stream.slug, KnownStream{.info = stream, .listed = listed});
  sources_.add(stream.source);
  if (is_rival(stream.slug)) ++rivals_;
}

void Directory::replace(KnownStream &entry, const StreamInfo &stream) {
  sources_.remove(entry.info.source);
  sources_.add(stream.source);
  entry.info = stream;
}

void Directory::erase(std::map<Slug, KnownStream>::iterator stream) {
  sources_.remove(stream->second.info.source);
  if (is_rival(stream->first)) --rivals_;
  streams_.erase(stream);
}

// One source gets no more than a share, and in a full directory it makes way for those that have less. What
// the origin lists is not displaced by what it does not list.
bool Directory::make_room(const StreamInfo &stream, Heard from) {
  if (sources_.of(stream.source) >= max_streams_of_source) return false;
  if (streams_.size() < max_streams) return true;
  if (from != Heard::origin && !sources_.deserves(stream.source)) return false;
  const std::string most = sources_.largest();
  const auto one = std::find_if(streams_.begin(), streams_.end(), [&](const auto &entry) {
    return entry.second.info.source == most && !entry.second.own && !entry.second.listed;
  });
  if (one == streams_.end()) return false;
  erase(one);
  return true;
}

// A statement that has expired says nothing any more.
bool Directory::is_expired(const StreamInfo &stream) const {
  return stream.expires + static_cast<std::uint64_t>(max_ahead / 1ms) < latest_;
}

// Kept until it has expired, so that nobody can push it out by inventing others.
bool Directory::learn_rival(const StreamInfo &stream) {
  const Slug name = rival_name(stream.slug, stream.fingerprint);
  StreamInfo told = stream;
  told.slug = name;
  const auto known = streams_.find(name);
  if (known != streams_.end()) {
    KnownStream &entry = known->second;
    if (entry.info.fingerprint != stream.fingerprint || stream.updated <= entry.info.updated) return false;
    replace(entry, told);
    return true;
  }
  for (auto one = streams_.begin(); rivals_ >= max_rivals && one != streams_.end();) {
    const auto next = std::next(one);
    if (is_rival(one->first) && is_expired(one->second.info)) erase(one);
    one = next;
  }
  const auto buried = buried_.find(name);
  if (buried != buried_.end() && stream.updated <= buried->second) return false;
  if (rivals_ >= max_rivals || is_expired(stream) || !make_room(stream, Heard::elsewhere)) return false;
  add(told, false);
  return true;
}

std::vector<StreamInfo> Directory::rivals(const Slug &slug) const {
  std::vector<StreamInfo> list;
  const Slug from = rival_name(slug, "");
  const std::string known = key_of_stream(slug);
  for (auto one = streams_.lower_bound(from); one != streams_.end() && one->first.starts_with(from); ++one)
    if (!is_expired(one->second.info) && one->second.info.fingerprint != known)
      list.push_back(one->second.info);
  return list;
}

Slug Directory::name_for(const Slug &slug, const std::string &key) const {
  const std::string known = key_of_stream(slug);
  if (key.empty() || known.empty() || known == key) return slug;
  const Slug name = rival_name(slug, key);
  return key_of_stream(name) == key ? name : Slug{};
}

Slug Directory::name_for(const StreamInfo &stream) const {
  const Slug name = name_for(stream.slug, stream.fingerprint);
  return name.empty() ? stream.slug : name;
}

Slug Directory::name_for(const Gone &gone) const {
  return gone.stream.empty() ? gone.slug : name_for(gone.stream[0]);
}

bool Directory::knows(const StreamInfo &stream) const {
  return this->stream(name_for(stream.slug, stream.fingerprint)) != nullptr;
}

std::string Directory::key_of_stream(const Slug &name) const {
  const StreamInfo *known = stream(name);
  return known != nullptr && known->is_signed() ? known->fingerprint : std::string{};
}

StreamInfo Directory::as_told(StreamInfo stream) {
  stream.slug = slug_in(stream.slug);
  return stream;
}

bool Directory::gone(const Gone &gone, Heard from) {
  const auto &[slug, updated, word] = gone;
  const Slug name = name_for(gone);
  const auto known = streams_.find(name);
  if (known == streams_.end() || known->second.own) return false;
  if (!timely(updated)) return false;
  const StreamInfo &info = known->second.info;
  const std::uint64_t version = info.updated;
  if (info.is_signed() && from != Heard::origin) {
    if (word.empty() || !word[0].deleted || word[0].slug != slug || word[0].fingerprint != info.fingerprint ||
        word[0].updated <= version || !timely(word[0].updated))
      return false;
    bury(name, word[0].updated);
    erase(known);
    return true;
  }
  if (from == Heard::elsewhere && updated < std::max<std::uint64_t>(version, 1)) return false;
  erase(known);
  // An origin that lost its store forgets streams that are alive: they may come back with the same version.
  // Only the source may name a version that we have not seen; otherwise any node could end a stream for ever.
  if (from != Heard::origin) bury(slug, from == Heard::itself ? std::max(version, updated) : version);
  return true;
}

std::vector<Slug> Directory::missing(const std::vector<StreamInfo> &listed) const {
  std::set<Slug> there;
  for (const StreamInfo &stream : listed) there.insert(stream.slug);
  std::vector<Slug> slugs;
  for (const auto &[slug, known] : streams_)
    if (known.listed && !there.contains(slug)) slugs.push_back(slug);
  return slugs;
}

void Directory::own(const StreamInfo &stream) {
  assert(sound(stream));  // Publishing has checked its texts
  KnownStream &entry = streams_[stream.slug];
  if (!entry.info.source.empty()) sources_.remove(entry.info.source);
  sources_.add(stream.source);
  if (!entry.own) ++own_;
  entry.own = true;
  entry.info = stream;
}

void Directory::disown(const Slug &slug) {
  const auto known = streams_.find(slug);
  assert(known != streams_.end() && known->second.own);  // Publishing::may_delete was asked
  bury(slug, known->second.info.updated);
  erase(known);
  --own_;
}

std::uint64_t Directory::version(const Slug &slug) const {
  const auto known = streams_.find(slug);
  const auto buried = buried_.find(slug);
  return std::max(known == streams_.end() ? 0 : std::max(known->second.info.updated, known->second.overtaken),
                  buried == buried_.end() ? 0 : buried->second);
}

bool Directory::is_own(const Slug &slug) const {
  const auto known = streams_.find(slug);
  return known != streams_.end() && known->second.own;
}

void Directory::bury(const Slug &slug, std::uint64_t updated) {
  if (buried_.insert_or_assign(slug, updated).second) burials_.push_back(slug);
  if (burials_.size() <= remembered_ends) return;
  buried_.erase(burials_.front());
  burials_.pop_front();
}

bool Directory::forget(const Uuid &uuid) {
  return nodes_.erase(uuid) > 0;
}

void Directory::reached(const Uuid &uuid) {
  const auto known = nodes_.find(uuid);
  if (known != nodes_.end()) known->second.failures = 0;
}

void Directory::vouch(const Uuid &uuid) {
  const auto known = nodes_.find(uuid);
  if (known != nodes_.end()) known->second.vouched = {known->second.info.ip_address, known->second.info.port};
}

bool Directory::is_vouched(const Uuid &uuid, const Address &address) const {
  const auto known = nodes_.find(uuid);
  if (known != nodes_.end()) return known->second.vouched == address;
  const auto lost = lost_.find(uuid);  // it was tried before, so its address was good enough
  return lost != lost_.end() && Address{lost->second.ip_address, lost->second.port} == address;
}

bool Directory::unreached(const Uuid &uuid) {
  const auto known = nodes_.find(uuid);
  if (known == nodes_.end() || ++known->second.failures < patience) return false;
  if (known->second.info.supernode) {
    if (lost_.insert_or_assign(uuid, known->second.info).second) losses_.push_back(uuid);
    if (losses_.size() > remembered_losses) {
      lost_.erase(losses_.front());
      losses_.pop_front();
    }
  }
  nodes_.erase(known);
  return true;
}

std::optional<NodeInfo> Directory::lost_one(std::uint64_t chance) const {
  if (lost_.empty()) return std::nullopt;
  return std::next(lost_.begin(), static_cast<std::ptrdiff_t>(chance % lost_.size()))->second;
}

bool Directory::doubtful(const Uuid &uuid) const {
  const auto known = nodes_.find(uuid);
  return known != nodes_.end() && known->second.failures > 0;
}

const NodeInfo *Directory::node(const Uuid &uuid) const {
  const auto known = nodes_.find(uuid);
  return known == nodes_.end() ? nullptr : &known->second.info;
}

std::string Directory::name_of(const Uuid &uuid) const {
  const NodeInfo *known = node(uuid);
  return known == nullptr ? uuid : protocol::name_of(*known);
}

const StreamInfo *Directory::stream(const Slug &slug) const {
  const auto known = streams_.find(slug);
  return known == streams_.end() ? nullptr : &known->second.info;
}

std::vector<NodeInfo> Directory::nodes(std::size_t most) const {
  std::vector<NodeInfo> list;
  for (const auto &[uuid, known] : nodes_) {
    if (list.size() == most) break;
    list.push_back(known.info);
  }
  return list;
}

std::vector<NodeInfo> Directory::supernodes() const {
  std::vector<NodeInfo> list;
  for (const auto &[uuid, known] : nodes_)
    if (known.info.supernode) list.push_back(known.info);
  return list;
}

void Directory::timed(const Uuid &uuid, Time rtt) {
  const auto known = nodes_.find(uuid);
  if (known != nodes_.end()) known->second.info.rtt_ms = static_cast<std::uint32_t>(rtt / 1ms);
}

std::vector<StreamInfo> Directory::streams(std::size_t most) const {
  std::vector<StreamInfo> list;
  for (const bool own : {true, false}) {
    for (const auto &[slug, known] : streams_) {
      if (list.size() == most) return list;
      if (known.own == own) list.push_back(known.info);
    }
  }
  return list;
}

std::vector<Uuid> Directory::some(std::size_t most, std::uint64_t begin) const {
  std::vector<Uuid> super;
  std::vector<Uuid> plain;
  if (nodes_.empty()) return plain;
  auto at = nodes_.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(begin % nodes_.size()));
  for (std::size_t i = 0; i < nodes_.size() && super.size() < most; ++i) {
    const NodeInfo &info = at->second.info;
    if (info.supernode)
      super.push_back(info.uuid);
    else if (plain.size() < most)
      plain.push_back(info.uuid);
    if (++at == nodes_.end()) at = nodes_.begin();
  }
  for (Uuid &uuid : plain) {
    if (super.size() == most) break;
    super.push_back(std::move(uuid));
  }
  return super;
}

}  // namespace astral::core
