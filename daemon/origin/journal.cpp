// SPDX-License-Identifier: BSD-3-Clause
#include "origin/journal.hpp"

#include <utility>

namespace astral::origin {

Journal::Journal(std::unique_ptr<Store> store)
    : store_(std::move(store)), home_(g_main_context_default()), thread_("store") {}

Journal::~Journal() {
  if (waiting_.empty()) return;
  thread_.post([this, last = std::move(waiting_)] {
    if (const auto kept = store_->write(last); !kept) g_warning("%s", kept.error().detail.c_str());
  });
}

void Journal::keep(Changes changes, Kept kept) {
  waiting_.add(std::move(changes));
  if (kept) waiting_calls_.push_back(std::move(kept));
  if (!under_way_) write();
}

void Journal::write() {
  if (waiting_.empty() && waiting_calls_.empty()) return;
  under_way_ = std::make_shared<const Changes>(std::exchange(waiting_, {}));
  under_way_calls_ = std::exchange(waiting_calls_, {});
  thread_.post([this, changes = under_way_] {
    home_.post([this, result = store_->write(*changes)] { written(result); });
  });
}

void Journal::written(const Expected<void> &result) {
  const auto changes = std::exchange(under_way_, nullptr);
  const auto calls = std::exchange(under_way_calls_, {});
  if (!result) {
    g_warning("%s", result.error().detail.c_str());
    Changes all = *changes;
    all.add(std::move(waiting_));
    waiting_ = std::move(all);
  }
  // Starts the next transaction before the answers go out; after a failure only if a caller waits for it.
  if (result || !waiting_calls_.empty()) write();
  for (const Kept &kept : calls) kept(result);
}

}  // namespace astral::origin
