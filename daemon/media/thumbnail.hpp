// SPDX-License-Identifier: BSD-3-Clause
// Makes a small JPEG of a key frame: decodes, scales and encodes it on a thread of its own, with a new
// pipeline for each picture.
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

// **Thread**: one context. **Owns** the thread, which starts with the first picture and makes one picture
// after another. The destructor gives up the unfinished picture and waits for that.
class Thumbnailer {
 public:
  // Called as a task on the context. not_found: no picture can be decoded. timeout: it took too long.
  using Done = std::function<void(const Expected<Slice> &)>;

  explicit Thumbnailer(GMainContext *context, Time limit = 2s);
  ~Thumbnailer();
  Thumbnailer(const Thumbnailer &) = delete;
  Thumbnailer &operator=(const Thumbnailer &) = delete;

  // `key_frame`: MPEG-TS that begins with PAT and PMT, or fragmented MP4, and has one picture.
  void make(std::vector<Slice> key_frame, Done done);

 private:
  Expected<Slice> make_now(const std::vector<Slice> &key_frame) const;

  const Time limit_;
  std::atomic<bool> is_ending_ = false;
  Mailbox mailbox_;
  std::unique_ptr<LoopThread> thread_;
};

}  // namespace astral::media
