// SPDX-License-Identifier: BSD-3-Clause
// How GStreamer applications use elements: properties, URIs, queries, repeated state changes.
#include <gio/gio.h>
#include <gst/check/gstharness.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "pair.hpp"

namespace astral::test {
namespace {

Ref<GstElement> make(const char *factory) {
  return Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(gst_element_factory_make(factory, nullptr))));
}

std::string text(GstElement *element, const char *property) {
  char *raw = nullptr;
  g_object_get(element, property, &raw, nullptr);
  const GString_ value(raw);
  return value ? value.get() : "";
}

TEST(Properties, AUriSetsTheAddressAndOtherProperties) {
  const auto source = make("astralsrc");
  GError *raw = nullptr;
  ASSERT_TRUE(gst_uri_handler_set_uri(GST_URI_HANDLER(source.get()),
                                      "astral://10.1.2.3:9001/my-talk?latency=250&store-time=5000", &raw));
  EXPECT_EQ(text(source.get(), "node"), "http://10.1.2.3:9001");
  EXPECT_EQ(text(source.get(), "slug"), "my-talk");
  guint latency = 0, store_time = 0;
  g_object_get(source.get(), "latency", &latency, "store-time", &store_time, nullptr);
  EXPECT_EQ(latency, 250u);
  EXPECT_EQ(store_time, 5000u);
  const std::string pinned(64, 'a');
  ASSERT_TRUE(gst_uri_handler_set_uri(GST_URI_HANDLER(source.get()),
                                      ("astral://h/talk?key=" + pinned).c_str(), &raw));
  EXPECT_EQ(text(source.get(), "stream-key"), pinned);
  ASSERT_TRUE(gst_uri_handler_set_uri(GST_URI_HANDLER(source.get()), "astral://h/my-talk", &raw));
  for (const char *bad : {"astral://h/UPPER", "astral://h/talk?no-such=1", "astral://h/talk?name=x"}) {
    EXPECT_FALSE(gst_uri_handler_set_uri(GST_URI_HANDLER(source.get()), bad, &raw)) << bad;
    const GErrorPtr error(std::exchange(raw, nullptr));
    EXPECT_TRUE(g_error_matches(error.get(), GST_URI_ERROR, GST_URI_ERROR_BAD_URI)) << bad;
    EXPECT_EQ(text(source.get(), "slug"), "my-talk") << "a refused URI changes nothing";
  }
}

TEST(Properties, TheTurnServersPasswordCannotBeReadAndIsInNoUri) {
  for (const char *factory : {"astralsink", "astralsrc", "astralrelay"}) {
    const auto element = make(factory);
    const GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element.get()), "turn-server");
    ASSERT_TRUE(spec) << factory;
    EXPECT_TRUE(spec->flags & G_PARAM_WRITABLE);
    EXPECT_FALSE(spec->flags & G_PARAM_READABLE);
  }
  const auto source = make("astralsrc");
  for (const char *query : {"signing-key=secret", "invitation=secret", "privacy=secret",
                            "turn-server=turn://me:secret@h", "no-such=1&turn-server=turn://me:secret@h"}) {
    GError *raw = nullptr;
    const std::string uri = std::string("astral://h/talk?") + query;
    EXPECT_FALSE(gst_uri_handler_set_uri(GST_URI_HANDLER(source.get()), uri.c_str(), &raw));
    const GErrorPtr error(raw);
    EXPECT_EQ(std::string(error->message).find("secret"), std::string::npos) << error->message;
  }
}

TEST(Properties, GStreamerFindsTheElementsForAUri) {
  for (const auto type : {GST_URI_SRC, GST_URI_SINK}) {
    GError *raw = nullptr;
    const auto element = Ref<GstElement>::adopt(GST_ELEMENT(
        gst_object_ref_sink(gst_element_make_from_uri(type, "astral://127.0.0.1/talk", nullptr, &raw))));
    ASSERT_TRUE(element);
    EXPECT_EQ(text(element.get(), "slug"), "talk");
  }
}

TEST(Source, IsLiveAndReportsItsLatency) {
  const auto source = make("astralsrc");
  gst_util_set_object_arg(G_OBJECT(source.get()), "signaller", "application");
  g_object_set(source.get(), "slug", "talk", "latency", 300u, nullptr);
  EXPECT_EQ(gst_element_set_state(source.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_NO_PREROLL);
  GstQuery *query = gst_query_new_latency();
  ASSERT_TRUE(gst_element_query(source.get(), query));
  gboolean live = FALSE;
  GstClockTime least = 0, most = 0;
  gst_query_parse_latency(query, &live, &least, &most);
  gst_query_unref(query);
  EXPECT_TRUE(live);
  EXPECT_EQ(least, 300 * GST_MSECOND);
  EXPECT_GT(most, least);
  gst_element_set_state(source.get(), GST_STATE_NULL);
}

TEST(States, CanBeRepeated) {
  for (const char *factory : {"astralsrc", "astralsink", "astralrelay"}) {
    const auto element = make(factory);
    gst_util_set_object_arg(G_OBJECT(element.get()), "signaller", "application");
    g_object_set(element.get(), "slug", "talk", nullptr);
    for (int round = 0; round < 20; ++round)
      for (const GstState state : {GST_STATE_READY, GST_STATE_PAUSED, GST_STATE_PLAYING, GST_STATE_PAUSED,
                                   GST_STATE_READY, GST_STATE_NULL})
        ASSERT_NE(gst_element_set_state(element.get(), state), GST_STATE_CHANGE_FAILURE)
            << factory << " to " << gst_element_state_get_name(state);
  }
}

TEST(States, AViewerCanJoinAndLeaveFiftyTimes) {
  Publishing publisher("video/x-test-frames");
  for (int round = 0; round < 50; ++round) {
    Viewing viewer(publisher.sink(), "ticket-" + std::to_string(round));
    ASSERT_TRUE(eventually([&] { return stat(publisher.sink(), "peers") == 1; })) << round;
    publisher.push(Data(100, static_cast<std::uint8_t>(round)),
                   static_cast<GstClockTime>(round) * GST_SECOND * 2);
    for (int group = std::max(round - 1, 0); group <= round; ++group)  // the viewer fetches the newest group
      ASSERT_EQ(bytes_of(viewer.pull().get()), Data(100, static_cast<std::uint8_t>(group)));
    gst_element_set_state(viewer.pipeline(), GST_STATE_NULL);
    ASSERT_TRUE(eventually([&] { return stat(publisher.sink(), "peers") == 0; })) << round;
  }
}

TEST(States, AStreamMustBeNamed) {
  for (const char *factory : {"astralsrc", "astralsink", "astralrelay"}) {
    const auto element = make(factory);
    EXPECT_EQ(gst_element_set_state(element.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE) << factory;
    gst_element_set_state(element.get(), GST_STATE_NULL);
  }
}

TEST(States, ARefusedUriIsReportedAtTheStart) {
  const auto source = make("astralsrc");
  g_object_set(source.get(), "uri", "astral://127.0.0.1:x/talk", nullptr);
  const auto bus = Ref<GstBus>::adopt(gst_bus_new());
  gst_element_set_bus(source.get(), bus.get());
  EXPECT_EQ(gst_element_set_state(source.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  const auto message = Ref<GstMessage>::adopt(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR));
  ASSERT_TRUE(message);
  GError *raw = nullptr;
  gst_message_parse_error(message.get(), &raw, nullptr);
  const GErrorPtr error(raw);
  EXPECT_NE(std::string(raw->message).find("127.0.0.1:x"), std::string::npos) << raw->message;
  gst_element_set_state(source.get(), GST_STATE_NULL);
  gst_element_set_bus(source.get(), nullptr);  // messages that wait on the bus hold the element
}

TEST(Errors, AMissingNodeIsReported) {
  struct Row {
    const char *pipeline;
    int code;
  };
  const Row rows[] = {{"astralsrc uri=astral://127.0.0.1:1/talk auto-reconnect=false ! fakesink",
                       GST_RESOURCE_ERROR_OPEN_READ},
                      {"videotestsrc is-live=true ! astralsink uri=astral://127.0.0.1:1/talk",
                       GST_RESOURCE_ERROR_OPEN_WRITE}};
  for (const Row &row : rows) {
    const auto pipeline =
        Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(gst_parse_launch(row.pipeline, nullptr))));
    gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
    const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline.get()));
    const auto message =
        Ref<GstMessage>::adopt(gst_bus_timed_pop_filtered(bus.get(), 20 * GST_SECOND, GST_MESSAGE_ERROR));
    ASSERT_TRUE(message) << row.pipeline;
    GError *raw = nullptr;
    gst_message_parse_error(message.get(), &raw, nullptr);
    const GErrorPtr error(raw);
    EXPECT_TRUE(g_error_matches(raw, GST_RESOURCE_ERROR, row.code)) << row.pipeline << ": " << raw->message;
    gst_element_set_state(pipeline.get(), GST_STATE_NULL);
  }
}

// A node that closes each connection.
struct BadNode {
  BadNode()
      : socket(Ref<GSocket>::adopt(
            g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, nullptr))) {
    const auto any = Ref<GSocketAddress>::adopt(g_inet_socket_address_new_from_string("127.0.0.1", 0));
    EXPECT_TRUE(g_socket_bind(socket.get(), any.get(), TRUE, nullptr));
    EXPECT_TRUE(g_socket_listen(socket.get(), nullptr));
    g_socket_set_timeout(socket.get(), 20);
  }
  std::string uri() const {
    const auto at = Ref<GSocketAddress>::adopt(g_socket_get_local_address(socket.get(), nullptr));
    const guint16 port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(at.get()));
    return "astral://127.0.0.1:" + std::to_string(port) + "/talk";
  }
  bool is_asked() const {
    const auto connection = Ref<GSocket>::adopt(g_socket_accept(socket.get(), nullptr, nullptr));
    return static_cast<bool>(connection);
  }
  Ref<GSocket> socket;
};

TEST(Errors, ASourceWarnsAndGoesOnTryingByDefault) {
  const BadNode node;
  const auto pipeline = Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(
      gst_parse_launch(("astralsrc uri=" + node.uri() + " ! fakesink").c_str(), nullptr))));
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  EXPECT_TRUE(node.is_asked());
  EXPECT_TRUE(node.is_asked());
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline.get()));
  const auto either = static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);
  const auto message = Ref<GstMessage>::adopt(gst_bus_timed_pop_filtered(bus.get(), 20 * GST_SECOND, either));
  ASSERT_TRUE(message);
  EXPECT_EQ(GST_MESSAGE_TYPE(message.get()), GST_MESSAGE_WARNING);
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
}

TEST(Harness, TheSinkAcceptsAnyCaps) {
  const auto sink = make("astralsink");
  gst_util_set_object_arg(G_OBJECT(sink.get()), "signaller", "application");
  g_object_set(sink.get(), "slug", "talk", nullptr);
  GstHarness *harness = gst_harness_new_with_element(sink.get(), "sink", nullptr);
  gst_harness_set_src_caps_str(harness, "application/x-anything");
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(gst_harness_push(harness, gst_harness_create_buffer(harness, 100)), GST_FLOW_OK);
  EXPECT_TRUE(eventually([&] { return stat(sink.get(), "objects") == 10; }));
  EXPECT_TRUE(gst_harness_push_event(harness, gst_event_new_eos()));
  gst_harness_teardown(harness);
}

}  // namespace
}  // namespace astral::test
