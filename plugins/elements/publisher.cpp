// SPDX-License-Identifier: BSD-3-Clause
#include "elements/publisher.hpp"

#include <algorithm>

#include "elements/signed_object.hpp"

namespace astral::elements {

using track::Packaging;

Publisher::Publisher(Provider &provider, const std::string &slug, const Key &key, std::uint64_t first_group)
    : provider_(provider),
      media_(key, track_name(slug, media_track)),
      catalog_(key, track_name(slug, catalog_track)),
      next_epoch_(first_group),
      next_group_(first_group) {}

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
    emit(timing, piece.data);
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
  emit(gathered_timing_, Bytes(gathered_).first(size));
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
  epoch_ = next_epoch_;
  is_over_ = false;
  group_ = next_group_++;
  next_object_ = 0;
  in_group_ = true;
  if (!catalog_due_) return {};
  auto catalog = make_catalog(group_, caps_, streamheader_);
  if (!catalog) return tl::unexpected<Error>(catalog.error());
  catalog_due_ = false;
  catalog_group_ = group_;
  catalog->key = Slice::copy(catalog_.key().public_key_raw());
  catalog->proof =
      Slice::copy(catalog_.prove({group_, 0}, {epoch_, std::nullopt}, {}, catalog->text.bytes()));
  provider_.set_catalog(std::move(*catalog));
  return {};
}

void Publisher::end_group() {
  flush();
  if (!in_group_) return;
  ended_ = {group_, next_object_};
  emit(moqt::end_of_group(*ended_), std::nullopt);
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

void Publisher::finish() {
  end();
  if (!ended_ || is_over_) return;
  is_over_ = true;
  provider_.add(end_of_run(media_, epoch_, *ended_, {next_group_++, 0}, catalog_group_), std::nullopt);
}

void Publisher::go_above(std::uint64_t group) {
  if (group < next_group_ || group >= track::Store::max_id) return;
  next_epoch_ = next_group_ = group + 1;
}

void Publisher::emit(const track::Timing &timing, Bytes payload) {
  const moqt::Location at{group_, next_object_};
  const trust::Claim claim{epoch_, at.object == 0 ? ended_ : std::nullopt};
  const std::vector<std::uint8_t> properties = media_.prove(at, claim, track::encode_timing(timing), payload);
  track::Object object = object_of(at, properties, payload);
  ++counts_.objects;
  counts_.bytes += payload.size();
  rate_.add(payload.size(), now());
  emit(std::move(object), timing.pts);
}

void Publisher::emit(track::Object object, std::optional<std::int64_t> pts) {
  object.id = {group_, next_object_++};
  object.first_object = object.id.object == 0;
  counts_.largest_group = group_;
  provider_.add(std::move(object), pts);
}

}  // namespace astral::elements
