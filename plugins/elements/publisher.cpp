// SPDX-License-Identifier: BSD-3-Clause
#include "elements/publisher.hpp"

#include <algorithm>

namespace astral::elements {

using track::Packaging;

Expected<void> Publisher::set_caps(const std::string &media_type, const std::string &caps,
                                   std::vector<Slice> streamheader) {
  if (cutter_ && caps == caps_ && header_given_ == !streamheader.empty() &&
      std::ranges::equal(streamheader, streamheader_, [](const Slice &a, const Slice &b) {
        return std::ranges::equal(a.bytes(), b.bytes());
      }))
    return {};
  if (auto checked = make_catalog(1, caps, streamheader); !checked)
    return tl::unexpected<Error>(checked.error());
  end();
  packaging_ = track::packaging_of(media_type);
  cutter_.emplace(packaging_);
  caps_ = caps;
  header_given_ = !streamheader.empty();
  streamheader_ = std::move(streamheader);
  for (const Slice &header : streamheader_) cutter_->learn_tables(header.bytes());
  tables_version_ = cutter_->tables_version();
  header_seen_ = 0;
  catalog_due_ = true;
  return {};
}

// The catalog carries the streamheader. Muxers also send it first, and that copy would be played twice.
bool Publisher::is_leading_header(Bytes data) {
  if (header_seen_ >= streamheader_.size() || !header_given_) return false;
  if (std::ranges::equal(data, streamheader_[header_seen_].bytes())) {
    ++header_seen_;
    return true;
  }
  header_seen_ = streamheader_.size();
  return false;
}

Expected<void> Publisher::push(Bytes data, const track::Timing &timing) {
  if (!cutter_) return fail(Code::invalid, "a buffer came before the caps");
  if (packaging_ == Packaging::buffers && data.size() > max_buffer)
    return fail(Code::too_large,
                "a buffer of " + std::to_string(data.size()) + " bytes does not fit into an object");
  if (is_leading_header(data)) return {};
  pieces_.clear();
  cutter_->push(data, timing, pieces_);
  for (const track::Piece &piece : pieces_)
    if (auto added = add(piece); !added) return added;
  return {};
}

Expected<void> Publisher::add(const track::Piece &piece) {
  if (piece.starts_group)
    if (auto started = start_group(); !started) return started;
  track::Timing timing = piece.timing;
  timing.catalog = catalog_group_;
  if (packaging_ == Packaging::buffers) {
    emit(moqt::encode_object(track::encode_timing(timing), piece.data), moqt::ObjectStatus::normal,
         timing.pts);
    return {};
  }
  if (packaging_ == Packaging::mpegts) timing.delta = !piece.starts_group;
  if (!gathered_.empty() &&
      (timing.pts.value_or(0) - gathered_timing_.pts.value_or(0) > max_span || timing.discontinuity))
    flush();
  for (Bytes rest = piece.data; !rest.empty();) {
    if (gathered_.empty()) gathered_timing_ = timing;
    const std::size_t part = std::min(rest.size(), max_object + max_tail - gathered_.size());
    gathered_.insert(gathered_.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(part));
    rest = rest.subspan(part);
    if (gathered_.size() == max_object + max_tail) emit_gathered(max_object);
    timing.delta = true;
    timing.discontinuity = false;
  }
  return {};
}

// What is left of the gathered bytes begins at most max_span after them.
void Publisher::emit_gathered(std::size_t size) {
  if (gathered_.empty()) return;
  emit(moqt::encode_object(track::encode_timing(gathered_timing_), Bytes(gathered_).first(size)),
       moqt::ObjectStatus::normal, gathered_timing_.pts);
  gathered_.erase(gathered_.begin(), gathered_.begin() + static_cast<std::ptrdiff_t>(size));
  gathered_timing_.delta = true;
  gathered_timing_.discontinuity = false;
}

Expected<void> Publisher::start_group() {
  end_group();
  if (packaging_ == Packaging::mpegts && !header_given_ && cutter_->tables_version() != tables_version_) {
    tables_version_ = cutter_->tables_version();
    streamheader_ = {Slice::copy(cutter_->tables())};
    if (streamheader_[0].empty()) streamheader_.clear();
    catalog_due_ = true;
  }
  group_ = next_group_++;
  next_object_ = 0;
  in_group_ = true;
  if (!catalog_due_) return {};
  auto catalog = make_catalog(group_, caps_, streamheader_);
  if (!catalog) return tl::unexpected<Error>(catalog.error());
  catalog_due_ = false;
  catalog_group_ = group_;
  provider_.set_catalog(std::move(*catalog));
  return {};
}

void Publisher::end_group() {
  flush();
  if (!in_group_) return;
  emit(moqt::encode_end_of_group(), moqt::ObjectStatus::end_of_group, std::nullopt);
  in_group_ = false;
  ++counts_.groups;
}

void Publisher::end() {
  if (!cutter_) return;
  pieces_.clear();
  cutter_->finish(pieces_);
  for (const track::Piece &piece : pieces_) (void)add(piece);
  end_group();
  cutter_.reset();
}

void Publisher::go_above(std::uint64_t group) {
  next_group_ = std::max(next_group_, group + 1);
}

void Publisher::emit(Slice wire, moqt::ObjectStatus status, std::optional<std::int64_t> pts) {
  moqt::Object object;
  object.id = {group_, next_object_++};
  if (const auto view = moqt::view_object(wire.bytes())) {
    object.properties_offset = static_cast<std::size_t>(view->properties.data() - wire.data());
    object.properties_size = view->properties.size();
    object.payload_offset = wire.size() - view->payload.size();
  }
  object.status = status;
  object.first_object = object.id.object == 0;
  object.wire = std::move(wire);
  const std::size_t payload = object.wire.size() - object.payload_offset;
  if (status == moqt::ObjectStatus::normal) {
    ++counts_.objects;
    counts_.bytes += payload;
    rate_.add(payload, now());
  }
  counts_.largest_group = group_;
  provider_.add(std::move(object), pts);
}

}  // namespace astral::elements
