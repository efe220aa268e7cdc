// SPDX-License-Identifier: BSD-3-Clause
// astralsrc ! astralrelay: what the children and the source pad get, also while parents are added and
// removed.
#include <gtest/gtest.h>

#include "glue/key.hpp"
#include "pair.hpp"
#include "protocol/invitation.hpp"

namespace astral::test {
namespace {

constexpr const char *frames = "video/x-test-frames";

Data frame(int number) {
  return Data(200, static_cast<std::uint8_t>(number));
}

void publish(Publishing &publisher, int from, int to) {
  for (int i = from; i < to; ++i)
    publisher.push(frame(i), static_cast<GstClockTime>(i) * 20 * GST_MSECOND, i % 5 != 0);
}

bool served(GstElement *element, guint64 count) {
  return eventually([&] { return stat(element, "peers") == count; });
}

// A pipeline with a relay whose source pad feeds an appsink. Parents can be added and removed while it runs.
class Relaying {
 public:
  explicit Relaying(const std::string &signing_key = {}, const std::string &privacy = {}) {
    pipeline_ = Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new(nullptr))));
    relay_ = gst_element_factory_make("astralrelay", nullptr);
    sink_ = gst_element_factory_make("appsink", nullptr);
    gst_util_set_object_arg(G_OBJECT(relay_), "signaller", "application");
    g_object_set(relay_, "slug", "demo", "signing-key", signing_key.empty() ? nullptr : signing_key.c_str(),
                 "privacy", privacy.empty() ? nullptr : privacy.c_str(), nullptr);
    g_object_set(sink_, "sync", FALSE, "async", FALSE, nullptr);
    gst_bin_add_many(GST_BIN(pipeline_.get()), relay_, sink_, nullptr);
    EXPECT_TRUE(gst_element_link(relay_, sink_));
    EXPECT_NE(gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
  }
  ~Relaying() {
    while (!parents_.empty()) remove_parent();
    gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  }
  GstElement *relay() const { return relay_; }

  void add_parent(GstElement *provider, const std::string &ticket) {
    GstElement *source = gst_element_factory_make("astralsrc", nullptr);
    gst_util_set_object_arg(G_OBJECT(source), "signaller", "application");
    g_object_set(source, "slug", "demo", nullptr);
    gst_bin_add(GST_BIN(pipeline_.get()), source);
    auto parent = std::make_unique<Parent>();
    parent->source = source;
    parent->provider = Ref<GstElement>::retain(provider);
    parent->ticket = ticket;
    const auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(source, "src"));
    parent->pad = Ref<GstPad>::adopt(gst_element_request_pad_simple(relay_, "sink_%u"));
    EXPECT_EQ(gst_pad_link(pad.get(), parent->pad.get()), GST_PAD_LINK_OK);
    parent->from_provider = g_signal_connect(
        provider, "signalling-message", G_CALLBACK(+[](GstElement *, const char *json, Parent *self) {
          if (std::string(json).find("\"" + self->ticket + "\"") != std::string::npos)
            g_signal_emit_by_name(self->source, "handle-signalling", json);
        }),
        parent.get());
    g_signal_connect(source, "signalling-message",
                     G_CALLBACK(+[](GstElement *, const char *json, Parent *self) {
                       g_signal_emit_by_name(self->provider.get(), "handle-signalling", json);
                     }),
                     parent.get());
    EXPECT_TRUE(gst_element_sync_state_with_parent(source));
    parents_.push_back(std::move(parent));
    const std::string request = R"({"type":"request","ticket":")" + ticket + R"(","slug":"demo"})";
    g_signal_emit_by_name(provider, "handle-signalling", request.c_str());
  }
  void remove_parent() { remove_parent(parents_.begin()); }  // the oldest
  void remove_newest_parent() { remove_parent(std::prev(parents_.end())); }
  bool wait_error(GQuark domain, int code) { return test::wait_error(pipeline_.get(), domain, code); }
  Data pull() {
    const auto sample =
        Ref<GstSample>::adopt(gst_app_sink_try_pull_sample(GST_APP_SINK(sink_), 20 * GST_SECOND));
    return sample ? bytes_of(sample.get()) : Data();
  }

 private:
  struct Parent {
    GstElement *source = nullptr;
    Ref<GstElement> provider;
    Ref<GstPad> pad;
    std::string ticket;
    gulong from_provider = 0;
  };
  void remove_parent(std::vector<std::unique_ptr<Parent>>::iterator which) {
    const auto parent = std::move(*which);
    parents_.erase(which);
    g_signal_handler_disconnect(parent->provider.get(), parent->from_provider);
    gst_element_set_locked_state(parent->source, TRUE);
    gst_element_set_state(parent->source, GST_STATE_NULL);
    const auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(parent->source, "src"));
    gst_pad_unlink(pad.get(), parent->pad.get());
    gst_element_release_request_pad(relay_, parent->pad.get());
    gst_bin_remove(GST_BIN(pipeline_.get()), parent->source);
  }

  Ref<GstElement> pipeline_;
  GstElement *relay_ = nullptr, *sink_ = nullptr;
  std::vector<std::unique_ptr<Parent>> parents_;
};

TEST(Relay, FeedsItsChildrenAndItsSourcePad) {
  Publishing publisher(frames);
  Relaying relay;
  relay.add_parent(publisher.sink(), "up");
  ASSERT_TRUE(served(publisher.sink(), 1));
  Viewing child(relay.relay(), "down-1"), other(relay.relay(), "down-2");
  ASSERT_TRUE(served(relay.relay(), 2));
  publish(publisher, 0, 30);
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(relay.pull(), frame(i));
    EXPECT_EQ(bytes_of(child.pull().get()), frame(i));
    EXPECT_EQ(bytes_of(other.pull().get()), frame(i));
  }
}

TEST(Relay, TwoParentsGiveEachObjectOnce) {
  Publishing publisher(frames);
  Relaying relay;
  relay.add_parent(publisher.sink(), "up-1");
  relay.add_parent(publisher.sink(), "up-2");
  ASSERT_TRUE(served(publisher.sink(), 2));
  Viewing child(relay.relay(), "down");
  ASSERT_TRUE(served(relay.relay(), 1));
  publish(publisher, 0, 20);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(bytes_of(child.pull().get()), frame(i));
  // One parent is removed: nothing is missing and nothing comes twice.
  relay.remove_parent();
  ASSERT_TRUE(served(publisher.sink(), 1));
  publish(publisher, 20, 40);
  for (int i = 20; i < 40; ++i) EXPECT_EQ(bytes_of(child.pull().get()), frame(i));
  for (int i = 0; i < 40; ++i) EXPECT_EQ(relay.pull(), frame(i));
}

TEST(Relay, ContinuesWithThePublishersNextRun) {
  auto publisher = std::make_unique<Publishing>(frames);
  Relaying relay;
  relay.add_parent(publisher->sink(), "run-1");
  ASSERT_TRUE(served(publisher->sink(), 1));
  Viewing child(relay.relay(), "down");
  ASSERT_TRUE(served(relay.relay(), 1));
  publish(*publisher, 0, 10);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(bytes_of(child.pull().get()), frame(i));
  const guint64 before = stat(relay.relay(), "largest-group");
  publisher->end();
  relay.remove_parent();
  publisher = std::make_unique<Publishing>(frames);
  relay.add_parent(publisher->sink(), "run-2");
  ASSERT_TRUE(served(publisher->sink(), 1));
  publish(*publisher, 100, 110);
  const auto first = child.pull();
  EXPECT_EQ(bytes_of(first.get()), frame(100));
  EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(gst_sample_get_buffer(first.get()), GST_BUFFER_FLAG_DISCONT));
  for (int i = 101; i < 110; ++i) EXPECT_EQ(bytes_of(child.pull().get()), frame(i));
  EXPECT_TRUE(eventually([&] { return stat(relay.relay(), "largest-group") > before; }));
}

TEST(Relay, RefusesAnotherStreamOfTheSameName) {
  Publishing publisher(frames);
  Relaying relay;
  relay.add_parent(publisher.sink(), "ours");
  ASSERT_TRUE(served(publisher.sink(), 1));
  Viewing child(relay.relay(), "down");
  ASSERT_TRUE(served(relay.relay(), 1));
  publish(publisher, 0, 5);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(bytes_of(child.pull().get()), frame(i));
  {
    Publishing stranger(frames, "demo", "stranger.pem");
    Viewing other(stranger.sink(), "theirs");
    ASSERT_TRUE(served(stranger.sink(), 1));
    publish(stranger, 50, 60);
    EXPECT_EQ(bytes_of(other.pull().get()), frame(50)) << "its film is there to see";
    relay.add_parent(stranger.sink(), "forged");
    EXPECT_TRUE(relay.wait_error(GST_STREAM_ERROR, GST_STREAM_ERROR_DECRYPT));
    relay.remove_newest_parent();
  }
  publish(publisher, 5, 10);
  for (int i = 5; i < 10; ++i) EXPECT_EQ(bytes_of(child.pull().get()), frame(i));
}

TEST(Relay, SignsWhatItsPublishersBringWithTheKeyOfTheStream) {
  const Key key = *Key::generate();
  auto publisher = std::make_unique<Publishing>(frames);
  Relaying relay(std::string(as_text(key.private_key_pem())));
  relay.add_parent(publisher->sink(), "run-1");
  ASSERT_TRUE(served(publisher->sink(), 1));
  publish(*publisher, 0, 5);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(relay.pull(), frame(i));
  publisher->end();
  relay.remove_parent();
  publisher = std::make_unique<Publishing>(frames, "demo", "stranger.pem");
  relay.add_parent(publisher->sink(), "run-2");
  ASSERT_TRUE(served(publisher->sink(), 1));
  publish(*publisher, 100, 105);
  for (int i = 100; i < 105; ++i) EXPECT_EQ(relay.pull(), frame(i));
  Viewing child(relay.relay(), "down", "demo", nullptr, key.fingerprint());
  for (int i = 100; i < 105; ++i) EXPECT_EQ(bytes_of(child.pull().get()), frame(i));
  Viewing stranger(relay.relay(), "stranger", "demo", nullptr, Key::generate()->fingerprint());
  EXPECT_TRUE(stranger.wait_error(GST_STREAM_ERROR, GST_STREAM_ERROR_DECRYPT));
}

struct Guest {
  explicit Guest(const Key &stream, std::uint8_t id)
      : invitation(protocol::invite(stream, "demo", std::array<std::uint8_t, 8>{id}, UINT64_MAX,
                                    Secret::random())) {}
  std::string text() const { return protocol::text_of(invitation); }
  protocol::Invitation invitation;
};

std::string privacy_for(const std::vector<const Guest *> &guests) {
  std::string list;
  for (const Guest *guest : guests)
    list += (list.empty() ? "" : ",") + std::string(R"({"id":")") + guest->invitation.id_text() +
            R"(","secret":")" + to_hex(guest->invitation.secret.bytes()) + "\"}";
  return R"({"name":"Secret","description":"","guests":[)" + list + "]}";
}

TEST(Relay, ForwardsAPrivateStreamThatOnlyGuestsRead) {
  const Key key = *Key::generate();
  const Guest ann(key, 1), bob(key, 2);
  Publishing publisher(frames);
  Relaying node(std::string(as_text(key.private_key_pem())), privacy_for({&ann, &bob}));
  node.add_parent(publisher.sink(), "up");
  ASSERT_TRUE(served(publisher.sink(), 1));
  publish(publisher, 0, 5);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(node.pull(), frame(i));
  Relaying relay;  // is not invited
  relay.add_parent(node.relay(), "relay");
  ASSERT_TRUE(served(node.relay(), 1));
  Viewing to_ann(relay.relay(), "ann", "demo", nullptr, {}, ann.text());
  Viewing to_bob(relay.relay(), "bob", "demo", nullptr, {}, bob.text());
  Viewing to_nobody(relay.relay(), "nobody");
  ASSERT_TRUE(served(relay.relay(), 3));
  publish(publisher, 5, 10);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(bytes_of(to_ann.pull().get()), frame(i));
    EXPECT_EQ(bytes_of(to_bob.pull().get()), frame(i));
  }
  EXPECT_TRUE(to_nobody.warned());
  g_object_set(node.relay(), "privacy", privacy_for({&bob}).c_str(), nullptr);
  publish(publisher, 10, 15);
  for (int i = 10; i < 15; ++i) EXPECT_EQ(bytes_of(to_bob.pull().get()), frame(i));
  EXPECT_TRUE(to_ann.warned());
  EXPECT_FALSE(to_ann.has_sample());
  EXPECT_FALSE(to_nobody.has_sample());
}

TEST(Relay, RefusesBuffersOfOtherElements) {
  const auto pipeline = Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(
      gst_parse_launch("appsrc name=in ! astralrelay signaller=application slug=demo ! fakesink", nullptr))));
  const auto source = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline.get()), "in"));
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  gst_app_src_push_buffer(GST_APP_SRC(source.get()), gst_buffer_new_allocate(nullptr, 10, nullptr));
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline.get()));
  const auto message =
      Ref<GstMessage>::adopt(gst_bus_timed_pop_filtered(bus.get(), 20 * GST_SECOND, GST_MESSAGE_ERROR));
  ASSERT_TRUE(message);
  GError *raw = nullptr;
  gst_message_parse_error(message.get(), &raw, nullptr);
  const GErrorPtr error(raw);
  EXPECT_TRUE(g_error_matches(raw, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT));
  gst_element_set_state(pipeline.get(), GST_STATE_NULL);
}

}  // namespace
}  // namespace astral::test
