// SPDX-License-Identifier: BSD-3-Clause
// A key frame as a small JPEG: decoded, scaled and encoded on a thread of its own, by a pipeline that lives
// for this one picture, and only so long.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "glue/time.hpp"

namespace astral::media {

// **Thread**: one context. **Owns** the thread, from the first picture on: one picture after the other.
// Destroyed while a picture is made, it waits for that one to be given up.
class Thumbnailer {
 public:
  // A letter. not_found: there is no picture in it. timeout: none within the time.
  using Done = std::function<void(const Expected<Slice> &)>;

  explicit Thumbnailer(GMainContext *context, Time limit = 2s);
  ~Thumbnailer();
  Thumbnailer(const Thumbnailer &) = delete;
  Thumbnailer &operator=(const Thumbnailer &) = delete;

  // Of MPEG-TS that begins with its tables and has one picture.
  void make(std::vector<Slice> key_frame, Done done);

 private:
  Expected<Slice> make_now(const std::vector<Slice> &key_frame) const;

  const Time limit_;
  std::atomic<bool> is_ending_ = false;
  Mailbox mailbox_;
  std::unique_ptr<LoopThread> thread_;
};

}  // namespace astral::media
