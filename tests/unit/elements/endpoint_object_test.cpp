// SPDX-License-Identifier: BSD-3-Clause
// AstralEndpoint as an application sees it: by properties and signals.
#include <gio/gio.h>
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <thread>

#include "elements/gstastral.hpp"
#include "elements/settings.hpp"
#include "glue/guarded.hpp"
#include "glue/ref.hpp"
#include "udp/endpoint.hpp"

namespace astral::elements {
namespace {

Ref<GObject> make_endpoint(guint port, GError **error = nullptr) {
  return Ref<GObject>::adopt(static_cast<GObject *>(
      g_initable_new(astral_endpoint_get_type(), nullptr, error, "port", port, nullptr)));
}

guint port_of(const Ref<GObject> &endpoint) {
  guint port = 0;
  g_object_get(endpoint.get(), "port", &port, nullptr);
  return port;
}

class EndpointObject : public testing::Test {
 protected:
  static void SetUpTestSuite() { gst_init(nullptr, nullptr); }
};

TEST_F(EndpointObject, OpensAPortOnceAndSaysWhichOne) {
  const auto endpoint = make_endpoint(0);
  ASSERT_TRUE(endpoint);
  EXPECT_NE(port_of(endpoint), 0u);
  GError *raw = nullptr;
  EXPECT_FALSE(make_endpoint(port_of(endpoint), &raw));
  const GErrorPtr error(raw);
  EXPECT_TRUE(g_error_matches(raw, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE));
}

TEST_F(EndpointObject, AnElementUsesItAsLongAsItNeedsIt) {
  auto endpoint = make_endpoint(0);
  const guint port = port_of(endpoint);
  ElementSettings settings;
  GValue value = G_VALUE_INIT;
  g_value_init(&value, G_TYPE_OBJECT);
  g_value_set_object(&value, endpoint.get());
  EXPECT_TRUE(set_property(settings, prop_endpoint, &value));
  g_value_unset(&value);
  endpoint.reset();
  ASSERT_TRUE(settings.endpoint);
  EXPECT_EQ(settings.endpoint->port(), port);
  settings = {};
  EXPECT_TRUE(make_endpoint(port));  // the port is free again
}

// impl_test has links over TCP; here, what the signals refuse.
TEST_F(EndpointObject, TakesNoStreamForAnIdThatNoLinkHas) {
  const auto endpoint = make_endpoint(0);
  for (const char *id : {"", "x", "00112233445566778899aabbccddeeff"}) {
    gboolean expected = TRUE, accepted = TRUE;
    g_signal_emit_by_name(endpoint.get(), "expects-stream", id, &expected);
    g_signal_emit_by_name(endpoint.get(), "accept-stream", id, 0, &accepted);
    EXPECT_FALSE(expected || accepted) << id;
  }
}

// Its handlers run on the endpoint's thread.
struct Heard {
  GObject *third;
  Guarded<std::string> nat{}, wanted{};
  static std::string read(Guarded<std::string> &text) {
    for (;;) {
      const std::string found = text.with([](const std::string &value) { return value; });
      if (!found.empty()) return found;
      std::this_thread::yield();
    }
  }
};

bool send_response(GObject *endpoint, const std::string &id, const std::string &address) {
  gboolean sent = FALSE;
  g_signal_emit_by_name(endpoint, "send-response", id.c_str(), address.c_str(), &sent);
  return sent;
}

TEST_F(EndpointObject, TellsWhatItsNatIsAndAsksForTheThirdServer) {
  const auto first = make_endpoint(0), second = make_endpoint(0), third = make_endpoint(0),
             asker = make_endpoint(0);
  Heard heard{third.get()};
  const auto on_nat = +[](GObject *, const GstStructure *nat, gpointer data) noexcept {
    const GString_ text(gst_structure_to_string(nat));
    const gchar *filtering = gst_structure_get_string(nat, "filtering");
    if (g_strcmp0(filtering, "unknown") == 0) return;  // the third server was not heard yet
    static_cast<Heard *>(data)->nat.with([&](std::string &to) { to = text.get(); });
  };
  const auto on_wanted = +[](GObject *, const char *id, guint port, gpointer data) noexcept {
    auto &to = *static_cast<Heard *>(data);
    to.wanted.with([&](std::string &text) { text = id; });
    EXPECT_TRUE(send_response(to.third, id, "127.0.0.1:" + std::to_string(port)));
  };
  const SignalHandler nat(asker.get(),
                          g_signal_connect(asker.get(), "nat-changed", G_CALLBACK(on_nat), &heard));
  const SignalHandler wanted(asker.get(),
                             g_signal_connect(asker.get(), "response-wanted", G_CALLBACK(on_wanted), &heard));
  const std::string servers =
      "127.0.0.2:" + std::to_string(port_of(first)) + ",127.0.0.3:" + std::to_string(port_of(second));
  const std::string third_server = "127.0.0.1:" + std::to_string(port_of(third));
  g_object_set(asker.get(), "third-server", third_server.c_str(), "stun-servers", servers.c_str(), nullptr);
  const std::string found = Heard::read(heard.nat);
  EXPECT_NE(found.find("127.0.0.1:" + std::to_string(port_of(asker))), std::string::npos) << found;
  EXPECT_NE(found.find("reachable=(boolean)true"), std::string::npos) << found;
  EXPECT_EQ(Heard::read(heard.wanted).size(), 32u);
}

TEST_F(EndpointObject, SendsNoResponseWithoutAGoodIdAndAddress) {
  const auto endpoint = make_endpoint(0);
  const std::string id = "2112a442000102030405060708090a0b";
  EXPECT_TRUE(send_response(endpoint.get(), id, "127.0.0.1:9"));
  for (const char *bad :
       {"", "00000000000102030405060708090a0b", "2112a442000102030405060708090a0B", "2112a442"})
    EXPECT_FALSE(send_response(endpoint.get(), bad, "127.0.0.1:9")) << bad;
  for (const char *bad : {"", "here:9", "127.0.0.1", "127.0.0.1:0"})
    EXPECT_FALSE(send_response(endpoint.get(), id, bad)) << bad;
}

}  // namespace
}  // namespace astral::elements
