// SPDX-License-Identifier: BSD-3-Clause
// Converts AAC to Opus, which WebRTC plays. It has a pipeline of its own.
#pragma once

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include <functional>
#include <memory>

#include "formats/adts.hpp"
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

  // `chain`: what converts ADTS, in gst-launch's language.
  static Expected<std::unique_ptr<Opus>> open(GMainContext *context, Take take, Fail fail,
                                              const char *chain = aac_to_opus);
  ~Opus();
  Opus(const Opus &) = delete;
  Opus &operator=(const Opus &) = delete;

  // `frame` is AAC without ADTS, at least 0 ns on a time line that goes on.
  void push(Time time, const formats::adts::Config &config, Bytes frame);

 private:
  static const char *const aac_to_opus;

  Opus(GMainContext *context, Take take, Fail fail);
  Expected<void> build(const char *chain);

  const Take take_;
  const Fail fail_;
  Ref<GstElement> pipeline_;
  Ref<GstAppSrc> source_;
  Mailbox mailbox_;
  Tap tap_;
  std::unique_ptr<BusErrors> errors_;
};

}  // namespace astral::media
