// SPDX-License-Identifier: BSD-3-Clause
// Holds answers back until what they say is on the disk. While one transaction is written, the changes that
// come meanwhile gather for the next: the busier the origin, the more of them share one wait for the disk.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "origin/records.hpp"
#include "origin/store.hpp"

namespace astral::origin {

// **Thread** the default main context; the store is used on a thread of the journal's own. **Owns** both.
// **Errors** what a transaction could not write is tried again with the next one; whoever waited is told.
class Journal {
 public:
  using Kept = std::function<void(Expected<void>)>;

  explicit Journal(std::unique_ptr<Store> store);
  ~Journal();  // writes what is left; nobody is told any more
  Journal(const Journal &) = delete;
  Journal &operator=(const Journal &) = delete;

  // `kept` is called later, never from inside; it may be empty.
  void keep(Changes changes, Kept kept);

 private:
  void write();
  void written(const Expected<void> &result);

  std::unique_ptr<Store> store_;
  Changes waiting_;
  std::vector<Kept> waiting_calls_;
  std::shared_ptr<const Changes> under_way_;  // null: none
  std::vector<Kept> under_way_calls_;
  Mailbox home_;
  LoopThread thread_;
};

}  // namespace astral::origin
