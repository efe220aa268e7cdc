// SPDX-License-Identifier: BSD-3-Clause
// A publisher and its viewers in one process: what a node does for them is done by the test, which carries
// their messages to and fro. Real ICE, QUIC and MOQT between them, on loopback.
#pragma once

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "glue/ref.hpp"

namespace astral::test {

using Data = std::vector<std::uint8_t>;

// True when `done` came true within a generous deadline: the only way these tests wait.
bool eventually(const std::function<bool()> &done);

// Pushes what it is given into an astralsink.
class Publishing {
 public:
  explicit Publishing(const char *caps, const std::string &slug = "demo");
  ~Publishing();
  GstElement *sink() const { return sink_.get(); }
  GstElement *pipeline() const { return pipeline_.get(); }
  void push(const Data &data, GstClockTime pts, bool delta = false);
  void set_caps(GstCaps *caps);
  void end();

 private:
  Ref<GstElement> pipeline_, source_, sink_;
};

// Takes what an astralsrc gives, from the publisher or through a relay.
class Viewing {
 public:
  // `provider`: the astralsink or astralrelay that the ticket is with.
  Viewing(GstElement *provider, const std::string &ticket, const std::string &slug = "demo",
          const std::function<void(std::string &)> &tamper = nullptr);
  ~Viewing();
  GstElement *source() const { return source_.get(); }
  GstElement *pipeline() const { return pipeline_.get(); }
  // The next sample, or null after the deadline, an error or the end.
  Ref<GstSample> pull();
  // Takes `count` bytes of payload.
  Data pull_bytes(std::size_t count);
  bool at_end();
  // The domain and code of the first error message, once it has come.
  bool wait_error(GQuark domain, int code);

 private:
  Ref<GstElement> pipeline_, source_, sink_, provider_;
  std::string ticket_;
  std::function<void(std::string &)> tamper_;
  gulong provider_handler_ = 0;
};

Data bytes_of(GstSample *sample);
guint64 stat(GstElement *element, const char *field);

}  // namespace astral::test
