// SPDX-License-Identifier: BSD-3-Clause
// One parent of a stream: an astralsrc in the stream's pipeline, linked to a sink pad of its own at the
// astralrelay. Tells when its media has come and when it ends.
#pragma once

#include <gst/gst.h>

#include <functional>
#include <memory>
#include <string>

#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "media/astral_element.hpp"

namespace astral::media {

// **Thread**: the mailbox's context. **Owns** the element and the pad: the destructor takes both out of the
// pipeline, while everything else in it plays on.
class Parent {
 public:
  // The stream that the parent belongs to. All of it outlives the parent.
  struct Place {
    GstBin *pipeline;
    GstElement *relay;
    Mailbox &mailbox;
  };
  // Called on the mailbox's context, never from inside a call to the parent and not after its destructor.
  // Each may destroy the parent.
  struct Handler {
    std::function<void(const std::string &json)> on_message;  // signalling for the other end of the ticket
    std::function<void()> on_linked;                          // its link to the other end is up
    // Since it was added or switched on, its media has come and is not behind what other parents bring.
    std::function<void()> on_media;
    std::function<void(const Error &)> on_ended;  // once
  };

  // `standby`: the link is made, but no media is asked for. failed: the element or the pad cannot be had.
  static Expected<std::unique_ptr<Parent>> open(const Place &place, const ElementSettings &settings,
                                                bool standby, Handler handler);
  ~Parent();
  Parent(const Parent &) = delete;
  Parent &operator=(const Parent &) = delete;

  void handle_signalling(const std::string &json) { media::handle_signalling(element_.get(), json); }
  void set_standby(bool standby);
  // `error` of `from`, an object of the pipeline: ends this parent if it comes from its element.
  bool take_error(GstObject *from, const Error &error);
  void end(const Error &error);
  bool has_ended() const { return has_ended_; }
  bool is_standby() const { return is_standby_; }
  StructurePtr stats() const { return stats_of(element_.get()); }

 private:
  struct Awaited;

  Parent(const Place &place, Handler handler);
  Expected<void> start(const ElementSettings &settings, bool standby);
  void await_media();
  // Runs `task` on the mailbox's context, unless the parent is gone by then. A streaming thread.
  void post(std::function<void(Parent &)> task) const;
  static void on_peer(GstElement *element, const char *ticket, const char *peer, gpointer self) noexcept;
  static void on_message(GstElement *element, const char *json, gpointer self) noexcept;
  static GstPadProbeReturn on_event(GstPad *pad, GstPadProbeInfo *info, gpointer self) noexcept;
  static GstPadProbeReturn on_buffer(GstPad *pad, GstPadProbeInfo *info, gpointer awaited) noexcept;

  const Place place_;
  const Handler handler_;
  const std::shared_ptr<Parent *> alive_;  // posted tasks check that it still exists
  bool has_ended_ = false;
  bool is_standby_ = false;
  gulong awaiting_ = 0;  // the probe that waits for media; 0: none
  Ref<GstElement> element_;
  Ref<GstPad> source_;  // the element's
  Ref<GstPad> sink_;    // the relay's
  SignalHandler signal_;
  SignalHandler peer_signal_;
};

}  // namespace astral::media
