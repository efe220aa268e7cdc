// SPDX-License-Identifier: BSD-3-Clause
// Streams with the real elements in one process. The test passes the signalling messages between them, as
// nodes would.
#include "media/stream.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>
#include "window.hpp"

namespace astral::media {
namespace {

constexpr char publisher[] =
    "videotestsrc is-live=true ! video/x-raw,width=320,height=180,framerate=25/1 "
    "! x264enc tune=zerolatency key-int-max=10 bitrate=300 speed-preset=ultrafast ! mpegtsmux "
    "! astralsink name=sink signaller=application slug=demo";

std::string request(const std::string &ticket) {
  return R"({"type":"request","ticket":")" + ticket + R"(","slug":"demo","destination":"somebody"})";
}
std::string cancel(const std::string &ticket, const std::string &code) {
  return R"({"type":"cancel","ticket":")" + ticket + R"(","code":")" + code +
         R"(","message":"the test says so"})";
}
bool is_of(const std::string &json, const std::string &type) {
  return json.find("\"" + type + "\"") != std::string::npos;
}
bool names(const std::string &json, const std::string &ticket) {
  return json.find("\"" + ticket + "\"") != std::string::npos;
}

formats::HlsLimits short_segments() {
  formats::HlsLimits limits;
  limits.shortest = 300ms;
  return limits;
}

class Context {
 public:
  Context() { g_main_context_push_thread_default(context_.get()); }
  ~Context() { g_main_context_pop_thread_default(context_.get()); }
  Context(const Context &) = delete;
  Context &operator=(const Context &) = delete;
  GMainContext *get() const { return context_.get(); }

  template <typename Condition>
  bool pump_until(Condition condition) {
    const Time deadline = now() + 30s;
    Timer wake(context_.get(), [] {});
    while (!condition()) {
      if (now() > deadline) return false;
      wake.set(now() + 20ms);  // the window grows without waking our context
      g_main_context_iteration(context_.get(), TRUE);
    }
    return true;
  }

 private:
  const Ref<GMainContext> context_ = Ref<GMainContext>::adopt(g_main_context_new());
};

// Knows both ends of each ticket and passes messages between them.
class Post : public Handler {
 public:
  using Send = std::function<void(const std::string &json)>;

  // Requests a ticket for `consumer`. `to_provider` sends a message to the provider.
  void ask(const std::string &ticket, Stream &consumer, Send to_provider) {
    tickets_[ticket] = {&consumer, to_provider};
    to_provider(request(ticket));
  }
  // Sends nothing to the providers from now on.
  void forget() { tickets_.clear(); }
  void from_provider(std::string json) {
    if (is_of(json, "cancel")) return;  // the link reports the end too; the two would race
    if (!fake_fingerprint.empty() && is_of(json, "offer")) {
      const std::size_t field = json.find("\"fingerprint\"");
      json.replace(json.find('"', json.find(':', field)) + 1, 64, fake_fingerprint);
    }
    for (auto &[ticket, ends] : tickets_) {
      if (!names(json, ticket)) continue;
      if (is_of(json, "offer")) {
        const auto added = ends.consumer->add_source({.ticket = ticket, .offer = json});
        EXPECT_TRUE(added) << added.error().detail;
      } else if (is_of(json, "refusal")) {
        refusals.push_back(json);
      } else {
        ends.consumer->to_source(ticket, json);
      }
    }
  }

  void on_relay_message(const std::string &, const std::string &json) override { from_provider(json); }
  void on_source_message(const std::string &, const std::string &ticket, const std::string &json) override {
    const auto found = tickets_.find(ticket);
    if (found != tickets_.end() && names(json, ticket)) found->second.to_provider(json);
  }
  void on_source_ended(const std::string &, const std::string &ticket, const Error &error) override {
    ended[ticket] = error;
  }
  void on_media(const std::string &, const std::string &caps) override { media = caps; }
  void on_source_linked(const std::string &, const std::string &ticket) override { linked.insert(ticket); }
  void on_source_flows(const std::string &, const std::string &ticket) override { flowing.insert(ticket); }
  void on_facts(const std::string &) override { ++facts; }
  void on_hls_news(const std::string &) override {}
  void on_silence(const std::string &) override { ++silences; }
  void on_child_slow(const std::string &, const std::string &) override {}

  std::string fake_fingerprint;
  std::map<std::string, Error> ended;
  std::vector<std::string> refusals;
  std::string media;
  std::set<std::string> linked;
  std::set<std::string> flowing;
  int silences = 0;
  int facts = 0;

 private:
  struct Ends {
    Stream *consumer;
    Send to_provider;
  };
  std::map<std::string, Ends> tickets_;
};

// An astralsink in a pipeline of its own. Its messages arrive on the context.
class Publisher {
 public:
  Publisher(GMainContext *context, Post &post) : post_(post), mailbox_(context) {
    pipeline_ =
        Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(gst_parse_launch(publisher, nullptr))));
    sink_ = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "sink"));
    // The next run is the same stream: it has the same key.
    const GString_ key(g_build_filename(g_get_user_state_dir(), "demo.pem", nullptr));
    g_object_set(sink_.get(), "stream-key-file", key.get(), nullptr);
    g_signal_connect(
        sink_.get(), "signalling-message",
        G_CALLBACK(+[](GstElement *, const char *json, gpointer self) noexcept {
          Publisher *from = static_cast<Publisher *>(self);
          from->mailbox_.post([from, text = std::string(json)] { from->post_.from_provider(text); });
        }),
        this);
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
  }
  ~Publisher() { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); }
  Publisher(const Publisher &) = delete;
  Publisher &operator=(const Publisher &) = delete;

  Post::Send door() {
    return [this](const std::string &json) {
      g_signal_emit_by_name(sink_.get(), "handle-signalling", json.c_str());
    };
  }

 private:
  Post &post_;
  Ref<GstElement> pipeline_;
  Ref<GstElement> sink_;
  Mailbox mailbox_;
};

std::unique_ptr<Stream> open(Post &post) {
  Settings settings;
  settings.hls = short_segments();
  auto stream = Stream::open("demo", settings, post);
  EXPECT_TRUE(stream) << stream.error().detail;
  return stream ? std::move(*stream) : nullptr;
}

Post::Send door(Stream &stream) {
  return [&stream](const std::string &json) { stream.to_relay(json); };
}

std::uint64_t received(const Stream &stream, const std::string &ticket) {
  for (const LinkStats &link : stream.stats().links)
    if (link.ticket == ticket) return link.bytes_received;
  return 0;
}

std::uint64_t newest(const Stream &stream) {
  return formats::newest_segment(stream.playlist({}).value_or(""));
}

TEST(Stream, HasNothingToPlayBeforeTheFirstMedia) {
  Context context;
  Post post;
  const auto stream = open(post);
  ASSERT_TRUE(stream);
  EXPECT_FALSE(stream->hls()->ready());
  EXPECT_EQ(stream->playlist({}).error().code, Code::unreachable);
  EXPECT_EQ(stream->hls()->segment(1).error().code, Code::not_found);
  EXPECT_EQ(stream->stats().peers, 0);
  stream->remove_source("nobody");
  stream->to_source("nobody", "{}");
}

TEST(Stream, ForwardsOverTwoHopsAndChangesItsParent) {
  Context context;
  Post post;
  Publisher source(context.get(), post);
  const auto first = open(post);
  const auto second = open(post);
  ASSERT_TRUE(first && second);

  post.ask("t1", *first, source.door());
  ASSERT_TRUE(context.pump_until([&] { return first->hls()->ready(); }));
  EXPECT_EQ(post.media.find("video/mpegts"), 0u) << post.media;
  post.ask("t2", *second, door(*first));
  ASSERT_TRUE(context.pump_until([&] { return second->hls()->ready(); }));
  ASSERT_TRUE(context.pump_until([&] { return first->stats().peers == 1 && second->stats().objects > 10; }));
  const Stats stats = second->stats();
  EXPECT_GT(stats.bytes, 10'000u);
  ASSERT_TRUE(context.pump_until([&] { return second->facts() == first->facts() && second->facts().video; }));
  EXPECT_EQ(second->facts().video->width, 320u);
  EXPECT_GT(post.facts, 0);
  EXPECT_GT(stats.largest_group, 1'000'000'000'000u);  // Unix milliseconds, times Store::restart_leap
  ASSERT_EQ(stats.links.size(), 1u);
  EXPECT_EQ(stats.links[0].ticket, "t2");
  EXPECT_TRUE(stats.links[0].parent);
  EXPECT_GT(stats.links[0].bytes_received, 10'000u);
  EXPECT_EQ(second->add_source({.ticket = "t2", .offer = "{}"}).error().code, Code::conflict);

  // The new parent is added before the old one is removed, so the window continues without a break.
  post.ask("t3", *second, source.door());
  ASSERT_TRUE(context.pump_until([&] { return received(*second, "t3") > 10'000; }));
  EXPECT_TRUE(post.linked.contains("t3"));
  second->remove_source("t2");
  const std::uint64_t before = newest(*second);
  ASSERT_TRUE(context.pump_until([&] { return newest(*second) >= before + 4; }));
  EXPECT_EQ(second->playlist({})->find("DISCONTINUITY"), std::string::npos) << *second->playlist({});
  EXPECT_TRUE(post.ended.empty()) << post.ended.begin()->second.detail;

  source.door()(cancel("t3", "ended"));
  ASSERT_TRUE(context.pump_until([&] { return post.ended.contains("t3"); }));
  // The stream's key has not signed an end, so the parent has only left.
  EXPECT_EQ(post.ended["t3"].code, Code::unreachable) << post.ended["t3"].detail;
  EXPECT_FALSE(post.ended.contains("t1"));
  EXPECT_TRUE(second->hls()->ready());  // the window keeps its segments
}

TEST(Stream, ReportsThatAParentHasEnded) {
  Context context;
  Post post;
  const auto stream = open(post);
  ASSERT_TRUE(stream);
  {
    Publisher source(context.get(), post);
    post.ask("t1", *stream, source.door());
    ASSERT_TRUE(context.pump_until([&] { return received(*stream, "t1") > 0; }));
    post.forget();
  }
  ASSERT_TRUE(context.pump_until([&] { return post.ended.contains("t1"); }));
  EXPECT_NE(post.ended["t1"].detail, "");
}

// The second publisher has other groups, another clock and other headers.
TEST(Stream, ContinuesWhenThePublisherRestarts) {
  Context context;
  Post post;
  const auto stream = open(post);
  ASSERT_TRUE(stream);
  {
    Publisher source(context.get(), post);
    post.ask("t1", *stream, source.door());
    ASSERT_TRUE(context.pump_until([&] { return stream->hls()->ready(); }));
    post.forget();
  }
  stream->remove_source("t1");
  const std::uint64_t before = newest(*stream);
  Publisher source(context.get(), post);
  post.ask("t2", *stream, source.door());
  ASSERT_TRUE(context.pump_until([&] { return newest(*stream) >= before + 3; }));
  const std::string playlist = *stream->playlist({});
  EXPECT_EQ(playlist.find("#EXT-X-DISCONTINUITY\n"), playlist.rfind("#EXT-X-DISCONTINUITY\n")) << playlist;
  EXPECT_NE(playlist.find("#EXT-X-DISCONTINUITY\n"), std::string::npos) << playlist;
}

TEST(Stream, RefusesAParentWithAnotherKey) {
  Context context;
  Post post;
  const auto stream = open(post);
  ASSERT_TRUE(stream);
  Publisher source(context.get(), post);
  post.fake_fingerprint = std::string(64, '0');
  post.ask("t1", *stream, source.door());
  ASSERT_TRUE(context.pump_until([&] { return post.ended.contains("t1"); }));
  EXPECT_EQ(post.ended["t1"].code, Code::refused) << post.ended["t1"].detail;
  EXPECT_FALSE(post.linked.contains("t1"));
  stream->remove_source("t1");
  EXPECT_FALSE(stream->has_source("t1"));
  EXPECT_FALSE(stream->hls()->ready());
}

}  // namespace
}  // namespace astral::media
