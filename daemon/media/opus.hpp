// SPDX-License-Identifier: BSD-3-Clause
// Converts AAC or MPEG audio (MP3) to Opus, which WebRTC plays. It has a pipeline of its own.
#pragma once

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include <functional>
#include <memory>
#include <string>

#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "glue/time.hpp"
#include "media/tap.hpp"

namespace astral::media {

// **Thread**: one context. **Owns** its pipeline, which runs from open() to the destructor.
class Opus {
 public:
  using Take = std::function<void(Time, const Slice &)>;  // one packet of 20 ms
  using Fail = std::function<void(const Error &)>;        // as a task on the context

  enum class From { aac, mpeg_audio };

  // `decoder`: of what will be pushed, in gst-launch's language; null: the usual one.
  static Expected<std::unique_ptr<Opus>> open(GMainContext *context, From from, Take take, Fail fail,
                                              const char *decoder = nullptr);
  ~Opus();
  Opus(const Opus &) = delete;
  Opus &operator=(const Opus &) = delete;

  From from() const { return from_; }
  // AAC with ADTS, or a frame of MPEG audio; at least 0 ns on a time line that goes on.
  void push(Time time, Bytes frame);

 private:
  Opus(GMainContext *context, From from, Take take, Fail fail);
  Expected<void> build(const std::string &decoder);

  const From from_;
  const Take take_;
  const Fail fail_;
  Ref<GstElement> pipeline_;
  Ref<GstAppSrc> source_;
  Mailbox mailbox_;
  Tap tap_;
  std::unique_ptr<BusErrors> errors_;
};

}  // namespace astral::media
