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

class SinkImpl {
 public:
  // Bytes that may wait for the loop thread, which takes them at once: children never slow down a publisher.
  static constexpr std::size_t max_waiting = 16 * 1024 * 1024;
  // How long end() waits for the children's acknowledgements.
  static constexpr Time drain_timeout = 2s;

  static Expected<std::unique_ptr<SinkImpl>> start(const ElementSettings &settings, Hooks hooks);
  ~SinkImpl();

  // Called by the streaming thread. False: flushing.
  bool set_caps(const GstCaps *caps);
  bool render(Ref<GstBuffer> buffer, const track::Timing &timing);
  // Ends the stream. Returns when the children have everything, at the latest after drain_timeout.
  void end();

  // Any thread.
  void set_flushing(bool flushing);
  void take_signalling(std::string text) { outlet_.take_signalling(std::move(text)); }
  Statistics statistics() { return outlet_.statistics(); }

 private:
  struct Caps {
    std::string media_type, text;
    std::vector<Slice> streamheader;
    unsigned bitrate_kbps = 0;
  };
  struct Frame {
    Ref<GstBuffer> buffer;
    track::Timing timing;
  };
  using Input = std::variant<Caps, Frame>;

  SinkImpl(const ElementSettings &settings, const LinkSettings &link, const Key &stream_key, Hooks hooks);
  bool push(Input input, std::size_t cost);
  void take_inputs();
  Expected<void> take_input(Input &input);

  const Hooks hooks_;
  Queue<Input> inputs_{max_waiting};
  std::atomic<bool> task_posted_ = false;  // a task that empties inputs_ is posted
  bool failed_ = false;
  std::optional<Publisher> publisher_;
  Outlet outlet_;
};

}  // namespace astral::elements
