// SPDX-License-Identifier: BSD-3-Clause
// Tells the memory model that a GStreamer streaming thread uses an object of ours.
#pragma once

#include <atomic>

namespace astral::media {

// Lives while a streaming thread runs code of ours. The object's owner calls open() when streaming threads
// may reach the object from now on, and close() when none does any more. **Why**: GStreamer starts and joins
// these threads in between, but ThreadSanitizer does not know the locks by which it does so. The process has
// one counter: a counter in each object would itself have to be published.
class StreamingScope {
 public:
  StreamingScope() { turns_.fetch_add(1, std::memory_order_acquire); }
  ~StreamingScope() { turns_.fetch_add(1, std::memory_order_release); }
  StreamingScope(const StreamingScope &) = delete;
  StreamingScope &operator=(const StreamingScope &) = delete;

  static void open() { turns_.fetch_add(1, std::memory_order_release); }
  static void close() { turns_.fetch_add(1, std::memory_order_acquire); }

 private:
  inline static std::atomic<unsigned> turns_ = 0;
};

}  // namespace astral::media
