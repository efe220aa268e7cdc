// SPDX-License-Identifier: BSD-3-Clause
// Passes items between a loop thread and a streaming thread. Bounded by the items' costs; any thread can
// flush it.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace astral::elements {

template <typename Item>
class Queue {
 public:
  explicit Queue(std::size_t limit) : limit_(limit) {}

  // Adds the item if there is room or the queue is empty. False: full or flushing. After a refusal, pop()
  // reports once when half of the room is free again.
  bool try_push(Item &item, std::size_t cost) {
    std::lock_guard lock(mutex_);
    refused_ = !push_locked(item, cost);
    return !refused_;
  }
  // Waits for room. False: flushing.
  bool push(Item item, std::size_t cost) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return flushing_ || items_.empty() || cost_ + cost <= limit_; });
    return push_locked(item, cost);
  }
  // Waits for an item. nullopt: flushing. `wanted`: a try_push() was refused, and would succeed now.
  std::optional<Item> pop(bool &wanted) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return flushing_ || !items_.empty(); });
    auto item = pop_locked();
    wanted = refused_ && cost_ <= limit_ / 2;
    if (wanted) refused_ = false;
    return item;
  }
  std::optional<Item> try_pop() {
    std::lock_guard lock(mutex_);
    return pop_locked();
  }
  void set_flushing(bool flushing) {
    std::lock_guard lock(mutex_);
    flushing_ = flushing;
    changed_.notify_all();
  }

 private:
  bool push_locked(Item &item, std::size_t cost) {
    if (flushing_ || (!items_.empty() && cost_ + cost > limit_)) return false;
    items_.emplace_back(std::move(item), cost);
    cost_ += cost;
    changed_.notify_all();
    return true;
  }
  std::optional<Item> pop_locked() {
    if (flushing_ || items_.empty()) return std::nullopt;
    std::optional<Item> item(std::move(items_.front().first));
    cost_ -= items_.front().second;
    items_.pop_front();
    changed_.notify_all();
    return item;
  }

  const std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<Item, std::size_t>> items_;
  std::size_t cost_ = 0;
  bool flushing_ = false;
  bool refused_ = false;
};

}  // namespace astral::elements
