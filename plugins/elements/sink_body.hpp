// SPDX-License-Identifier: BSD-3-Clause
// astralsink without GObject: takes buffers from a streaming thread and publishes them.
#pragma once

#include <gst/gst.h>

#include <atomic>
#include <string>
#include <variant>
#include <vector>

#include "elements/outlet.hpp"
#include "elements/publisher.hpp"
#include "elements/queue.hpp"

namespace astral::elements {

class SinkBody {
 public:
  // What may wait for the loop thread. That takes it at once; a publisher is never slowed down by its
  // children.
  static constexpr std::size_t max_waiting = 16 * 1024 * 1024;
  // At the end of a stream, for the children to acknowledge the last of it.
  static constexpr Time drain_timeout = 2s;

  static Expected<std::unique_ptr<SinkBody>> start(const ElementSettings &settings, Hooks hooks);
  ~SinkBody();

  // From the streaming thread. False: flushing.
  bool set_caps(const GstCaps *caps);
  bool render(Ref<GstBuffer> buffer, const track::Timing &timing);
  // The stream has ended: returns when the children have it all, at the latest after drain_timeout.
  void end();

  // Any thread.
  void set_flushing(bool flushing);
  void take_signalling(std::string text) { outlet_.take_signalling(std::move(text)); }
  Statistics statistics() { return outlet_.statistics(); }

 private:
  struct Caps {
    std::string media_type, text;
    std::vector<Slice> streamheader;
  };
  struct Frame {
    Ref<GstBuffer> buffer;
    track::Timing timing;
  };
  using Input = std::variant<Caps, Frame>;

  SinkBody(const ElementSettings &settings, const LinkSettings &link, Hooks hooks);
  bool push(Input input, std::size_t cost);
  void take_inputs();
  Expected<void> take_input(Input &input);

  const Hooks hooks_;
  Queue<Input> inputs_{max_waiting};
  std::atomic<bool> awake_ = false;  // a turn of the loop is coming that empties inputs_
  bool failed_ = false;
  std::optional<Publisher> publisher_;
  Outlet outlet_;
};

}  // namespace astral::elements
