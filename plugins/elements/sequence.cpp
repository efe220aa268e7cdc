// SPDX-License-Identifier: BSD-3-Clause
#include "elements/sequence.hpp"

#include <utility>

namespace astral::elements {

void Sequence::restart(moqt::Location begin) {
  skipped_ += cursor_.skips();
  cursor_ = track::Cursor(begin);
  held_.reset();
}

void Sequence::skip_to(moqt::Location begin) {
  restart(begin);
  gap_ = jump_ = true;
  ++given_up_;
}

void Sequence::learn(std::shared_ptr<const Catalog> catalog) {
  const std::uint64_t group = catalog->group;
  catalogs_.try_emplace(group, std::move(catalog));
  while (catalogs_.size() > max_catalogs) catalogs_.erase(catalogs_.begin());
}

std::optional<Taken> Sequence::take(Time now) {
  for (;;) {
    if (!held_) {
      const track::Cursor::Next next = cursor_.next(store_, now);
      if (!next.object) return std::nullopt;
      auto timing = track::decode_timing(next.object->properties());
      if (!timing) {
        gap_ = true;
        ++given_up_;
        continue;
      }
      held_ = Taken{*next.object, *timing, nullptr, next.begins_group, next.skipped};
      held_since_ = now;
    }
    if (held_->object.status == moqt::ObjectStatus::normal) {
      const auto catalog = catalogs_.find(held_->timing.catalog);
      if (catalog == catalogs_.end()) {
        if (now - held_since_ < catalog_patience) return std::nullopt;
        held_.reset();
        gap_ = true;
        ++given_up_;
        continue;
      }
      held_->catalog = catalog->second;
    }
    std::optional<Taken> taken = std::exchange(held_, std::nullopt);
    taken->skipped |= std::exchange(gap_, false);
    taken->jumped = std::exchange(jump_, false);
    return taken;
  }
}

}  // namespace astral::elements
