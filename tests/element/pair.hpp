// SPDX-License-Identifier: BSD-3-Clause
// A publisher and its viewers in one process. The test does the node's part and carries their signalling
// messages. ICE, QUIC and MOQT between them are real, on loopback.
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

// Waits until `done` is true; false after a generous deadline. These tests wait in no other way.
bool eventually(const std::function<bool()> &done);

// Waits for the pipeline's first error message and compares its domain and code.
bool wait_error(GstElement *pipeline, GQuark domain, int code);

// A pipeline with an astralsink; the test pushes buffers into it. `key`: the name of its stream's key.
class Publishing {
 public:
  explicit Publishing(const char *caps, const std::string &slug = "demo", const char *key = "key.pem");
  ~Publishing();
  GstElement *sink() const { return sink_.get(); }
  GstElement *pipeline() const { return pipeline_.get(); }
  void push(const Data &data, GstClockTime pts, bool delta = false);
  void set_caps(GstCaps *caps);
  void end();

 private:
  Ref<GstElement> pipeline_, source_, sink_;
};

// A pipeline with an astralsrc that plays from a publisher or a relay.
class Viewing {
 public:
  // `provider`: the astralsink or astralrelay that offers the ticket.
  Viewing(GstElement *provider, const std::string &ticket, const std::string &slug = "demo",
          const std::function<void(std::string &)> &tamper = nullptr, const std::string &stream_key = {},
          const std::string &invitation = {});
  ~Viewing();
  GstElement *source() const { return source_.get(); }
  GstElement *pipeline() const { return pipeline_.get(); }
  // Returns the next sample; null after the deadline, an error or the end.
  Ref<GstSample> pull();
  // Pulls samples until there are `count` bytes of payload.
  Data pull_bytes(std::size_t count);
  bool at_end();
  bool has_sample();  // now
  bool warned();      // waits for a warning
  bool wait_error(GQuark domain, int code) { return test::wait_error(pipeline_.get(), domain, code); }

 private:
  Ref<GstElement> pipeline_, source_, sink_, provider_;
  std::string ticket_;
  std::function<void(std::string &)> tamper_;
  gulong provider_handler_ = 0;
};

Data bytes_of(GstSample *sample);
guint64 stat(GstElement *element, const char *field);

}  // namespace astral::test
