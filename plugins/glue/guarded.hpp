// SPDX-License-Identifier: BSD-3-Clause
// A value that can be accessed only under its mutex. It is a leaf lock: never call other code while holding
// it.
#pragma once

#include <mutex>
#include <utility>

namespace astral {

template <typename T>
class Guarded {
 public:
  template <typename... Args>
  explicit Guarded(Args &&...args) : value_(std::forward<Args>(args)...) {}

  template <typename F>
  decltype(auto) with(F &&use) {
    std::lock_guard lock(mutex_);
    return std::forward<F>(use)(value_);
  }

 private:
  std::mutex mutex_;
  T value_;
};

}  // namespace astral
