// SPDX-License-Identifier: BSD-3-Clause
// Delays answers until their changes are on the disk. While one transaction is being written, further changes
// gather for the next: the busier the origin, the more changes share one wait for the disk.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "origin/records.hpp"
#include "origin/store.hpp"

namespace astral::origin {

// **Thread** the default main context; the journal uses the store on a thread of its own. **Owns** both.
// **Errors** if a transaction fails, its callers get the error, and its changes are written with the next
// one.
class Journal {
 public:
  using Kept = std::function<void(Expected<void>)>;

  explicit Journal(std::unique_ptr<Store> store);
  ~Journal();  // writes the waiting changes, without calls of `kept`
  Journal(const Journal &) = delete;
  Journal &operator=(const Journal &) = delete;

  // `kept` is called later, never inside this call. It may be empty.
  void keep(Changes changes, Kept kept);

 private:
  void write();
  void written(const Expected<void> &result);

  std::unique_ptr<Store> store_;
  Changes waiting_;
  std::vector<Kept> waiting_calls_;
  std::shared_ptr<const Changes> under_way_;  // null: no transaction is being written
  std::vector<Kept> under_way_calls_;
  Mailbox home_;
  LoopThread thread_;
};

}  // namespace astral::origin
