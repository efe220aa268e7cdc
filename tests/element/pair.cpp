// SPDX-License-Identifier: BSD-3-Clause
#include "pair.hpp"

#include <gtest/gtest.h>

namespace astral::test {

namespace {

constexpr gint64 deadline = 20 * G_USEC_PER_SEC;

Ref<GstElement> make(const char *factory) {
  GstElement *element = gst_element_factory_make(factory, nullptr);
  g_assert(element);  // missing: check GST_PLUGIN_PATH
  return Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(element)));
}

Ref<GstElement> make_pipeline(std::initializer_list<GstElement *> elements) {
  auto pipeline = Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new(nullptr))));
  GstElement *before = nullptr;
  for (GstElement *element : elements) {
    gst_bin_add(GST_BIN(pipeline.get()), element);
    if (before) {
      EXPECT_TRUE(gst_element_link(before, element));
    }
    before = element;
  }
  return pipeline;
}

std::string type_of(const char *json) {
  const std::string text = json;
  const std::size_t at = text.find("\"type\"");
  const std::size_t open = text.find('"', text.find(':', at));
  return text.substr(open + 1, text.find('"', open + 1) - open - 1);
}

}  // namespace

bool eventually(const std::function<bool()> &done) {
  const gint64 end = g_get_monotonic_time() + deadline;
  while (!done()) {
    if (g_get_monotonic_time() > end) return false;
    g_usleep(2000);
  }
  return true;
}

Publishing::Publishing(const char *caps, const std::string &slug, const char *key)
    : source_(make("appsrc")), sink_(make("astralsink")) {
  g_object_set(source_.get(), "format", GST_FORMAT_TIME, "is-live", TRUE, nullptr);
  gst_util_set_object_arg(G_OBJECT(sink_.get()), "signaller", "application");
  const GString_ file(g_build_filename(g_get_user_state_dir(), key, nullptr));
  g_object_set(sink_.get(), "slug", slug.c_str(), "stream-key-file", file.get(), nullptr);
  pipeline_ = make_pipeline({source_.get(), sink_.get()});
  const auto fixed = Ref<GstCaps>::adopt(gst_caps_from_string(caps));
  set_caps(fixed.get());
  EXPECT_NE(gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
}

Publishing::~Publishing() {
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
}

void Publishing::set_caps(GstCaps *caps) {
  gst_app_src_set_caps(GST_APP_SRC(source_.get()), caps);
}

void Publishing::push(const Data &data, GstClockTime pts, bool delta) {
  GstBuffer *buffer = gst_buffer_new_memdup(data.data(), data.size());
  GST_BUFFER_PTS(buffer) = pts;
  if (delta) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  EXPECT_EQ(gst_app_src_push_buffer(GST_APP_SRC(source_.get()), buffer), GST_FLOW_OK);
}

void Publishing::end() {
  gst_app_src_end_of_stream(GST_APP_SRC(source_.get()));
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline_.get()));
  const auto message = Ref<GstMessage>::adopt(gst_bus_timed_pop_filtered(
      bus.get(), deadline * 1000, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
  EXPECT_TRUE(message && GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_EOS);
}

Viewing::Viewing(GstElement *provider, const std::string &ticket, const std::string &slug,
                 const std::function<void(std::string &)> &tamper, const std::string &stream_key,
                 const std::string &invitation)
    : source_(make("astralsrc")),
      sink_(make("appsink")),
      provider_(Ref<GstElement>::retain(provider)),
      ticket_(ticket),
      tamper_(tamper) {
  gst_util_set_object_arg(G_OBJECT(source_.get()), "signaller", "application");
  g_object_set(source_.get(), "slug", slug.c_str(), "stream-key",
               stream_key.empty() ? nullptr : stream_key.c_str(), "invitation",
               invitation.empty() ? nullptr : invitation.c_str(), nullptr);
  g_object_set(sink_.get(), "sync", FALSE, nullptr);
  pipeline_ = make_pipeline({source_.get(), sink_.get()});
  const auto carry = +[](GstElement *, const char *json, Viewing *self) {
    std::string text = json;
    if (text.find("\"" + self->ticket_ + "\"") == std::string::npos) return;
    if (self->tamper_) self->tamper_(text);
    g_signal_emit_by_name(self->source_.get(), "handle-signalling", text.c_str());
  };
  provider_handler_ = g_signal_connect(provider, "signalling-message", G_CALLBACK(carry), this);
  g_signal_connect(source_.get(), "signalling-message",
                   G_CALLBACK(+[](GstElement *, const char *json, Viewing *self) {
                     if (type_of(json) == "hello" || type_of(json) == "request") return;
                     std::string text = json;
                     if (self->tamper_) self->tamper_(text);
                     g_signal_emit_by_name(self->provider_.get(), "handle-signalling", text.c_str());
                   }),
                   this);
  EXPECT_NE(gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
  const std::string request = R"({"type":"request","ticket":")" + ticket + R"(","slug":")" + slug + "\"}";
  g_signal_emit_by_name(provider, "handle-signalling", request.c_str());
}

Viewing::~Viewing() {
  g_signal_handler_disconnect(provider_.get(), provider_handler_);
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
}

Ref<GstSample> Viewing::pull() {
  return Ref<GstSample>::adopt(gst_app_sink_try_pull_sample(GST_APP_SINK(sink_.get()), deadline * 1000));
}

bool Viewing::has_sample() {
  return Ref<GstSample>::adopt(gst_app_sink_try_pull_sample(GST_APP_SINK(sink_.get()), 0)).get() != nullptr;
}

bool Viewing::warned() {
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline_.get()));
  return Ref<GstMessage>::adopt(gst_bus_timed_pop_filtered(bus.get(), deadline * 1000, GST_MESSAGE_WARNING))
             .get() != nullptr;
}

Data Viewing::pull_bytes(std::size_t count) {
  Data all;
  while (all.size() < count) {
    const auto sample = pull();
    if (!sample) break;
    const Data more = bytes_of(sample.get());
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

bool Viewing::at_end() {
  return eventually([this] { return gst_app_sink_is_eos(GST_APP_SINK(sink_.get())); });
}

bool wait_error(GstElement *pipeline, GQuark domain, int code) {
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline));
  const auto message =
      Ref<GstMessage>::adopt(gst_bus_timed_pop_filtered(bus.get(), deadline * 1000, GST_MESSAGE_ERROR));
  if (!message) return false;
  GError *raw = nullptr;
  gst_message_parse_error(message.get(), &raw, nullptr);
  const GErrorPtr error(raw);
  EXPECT_TRUE(g_error_matches(raw, domain, code))
      << g_quark_to_string(raw->domain) << " " << raw->code << ": " << raw->message;
  return g_error_matches(raw, domain, code);
}

Data bytes_of(GstSample *sample) {
  GstMapInfo info;
  GstBuffer *buffer = gst_sample_get_buffer(sample);
  EXPECT_TRUE(gst_buffer_map(buffer, &info, GST_MAP_READ));
  Data data(info.data, info.data + info.size);
  gst_buffer_unmap(buffer, &info);
  return data;
}

guint64 stat(GstElement *element, const char *field) {
  GstStructure *raw = nullptr;
  g_object_get(element, "stats", &raw, nullptr);
  const StructurePtr stats(raw);
  guint64 value = 0;
  gint small = 0;
  if (gst_structure_get_int(raw, field, &small)) return static_cast<guint64>(small);
  EXPECT_TRUE(gst_structure_get_uint64(raw, field, &value)) << field;
  return value;
}

}  // namespace astral::test

int main(int argc, char **argv) {
  gst_init(&argc, &argv);
  testing::InitGoogleTest(&argc, argv);
  const int failures = RUN_ALL_TESTS();
  gst_deinit();
  return failures;
}
