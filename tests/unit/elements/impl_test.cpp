// SPDX-License-Identifier: BSD-3-Clause
// The three elements without GObject and pipelines: a sink, a relay and two sources, each with
// its loop thread, over real links on loopback. ThreadSanitizer can see all of this; GStreamer itself is not
// instrumented.
#include <gst/gst.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <regex>
#include <thread>

#include "elements/direct.hpp"
#include "elements/relay_impl.hpp"
#include "elements/sink_impl.hpp"
#include "elements/source_impl.hpp"
#include "http_port.hpp"
#include "trust/proof.hpp"

namespace astral::elements {
namespace {

constexpr int key_distance = 10;

ElementSettings settings() {
  ElementSettings made;
  made.slug = "talk";
  made.signaller = SignallerKind::application;
  return made;
}

// Delivers signalling messages between elements, from any thread. The receiver of a name can be replaced or
// removed.
class Post {
 public:
  using Deliver = std::function<void(const std::string &)>;
  void send(const std::string &text) {
    std::lock_guard lock(mutex_);
    if (deliver_) deliver_(text);
  }
  void deliver_to(Deliver deliver) {
    std::lock_guard lock(mutex_);
    deliver_ = std::move(deliver);
  }

 private:
  std::mutex mutex_;
  Deliver deliver_;
};

// Counts peers; a test can wait for a number of them.
class Peers {
 public:
  Hooks hooks(Post &out) {
    return {[&out](const std::string &text) { out.send(text); },
            [this](const std::string &, const std::string &) { change(1); },
            [this](const std::string &, const std::string &) { change(-1); }, [](const Error &) {}};
  }
  bool wait_for(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), [&] { return count_ == count; });
  }

 private:
  void change(int by) {
    std::lock_guard lock(mutex_);
    count_ += by;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

std::string request(const std::string &ticket) {
  return R"({"type":"request","ticket":")" + ticket + R"(","slug":"talk"})";
}

void push(SinkImpl &sink, int number) {
  const std::string text = "frame " + std::to_string(number);
  track::Timing timing;
  timing.pts = number * 20'000'000LL;
  timing.delta = number % key_distance != 0;
  EXPECT_TRUE(sink.render(Ref<GstBuffer>::adopt(gst_buffer_new_memdup(text.data(), text.size())), timing));
}

// Returns the next object with a payload. `also` gets status objects too.
std::string pull(SourceImpl &source, const std::function<void(const SharedTaken &)> &also = nullptr) {
  for (;;) {
    const auto item = source.pop();
    if (!item) return "flushing";
    if (const auto *end = std::get_if<SourceImpl::End>(&*item))
      return end->error ? end->error->detail : "end";
    const SharedTaken &taken = std::get<SharedTaken>(*item);
    if (also) also(taken);
    if (taken->object.status == moqt::ObjectStatus::normal && !trust::is_over(taken->object.properties()))
      return std::string(as_text(taken->object.payload().bytes()));
  }
}

class Impls : public testing::Test {
 protected:
  static void SetUpTestSuite() { gst_init(nullptr, nullptr); }

  void SetUp() override {
    sink = std::move(*SinkImpl::start(settings(), sink_peers.hooks(from_sink)));
    const auto caps = Ref<GstCaps>::adopt(gst_caps_from_string("video/x-frames"));
    EXPECT_TRUE(sink->set_caps(caps.get()));
  }
  std::unique_ptr<SourceImpl> view(Post &from, Post &to, const std::function<void(std::string)> &provider) {
    auto source = std::move(*SourceImpl::start(settings(), source_peers.hooks(to)));
    from.deliver_to([raw = source.get()](const std::string &text) { raw->take_signalling(text); });
    to.deliver_to(provider);
    return source;
  }

  Post from_sink, to_sink, from_relay, to_relay, nobody;
  Peers sink_peers, relay_peers, source_peers;
  std::unique_ptr<SinkImpl> sink;
};

TEST_F(Impls, AStreamCrossesARelay) {
  auto relay = std::move(*RelayImpl::start(settings(), relay_peers.hooks(from_relay)));
  auto up = view(from_sink, to_sink, [&](const std::string &text) { sink->take_signalling(text); });
  sink->take_signalling(request("up"));
  ASSERT_TRUE(sink_peers.wait_for(1));
  auto down = view(from_relay, to_relay, [&](const std::string &text) { relay->take_signalling(text); });
  relay->take_signalling(request("down"));
  ASSERT_TRUE(relay_peers.wait_for(1));

  constexpr int frames = 200;
  std::thread publisher([&] {
    for (int i = 0; i < frames; ++i) push(*sink, i);
  });
  std::thread between([&] {
    for (int i = 0; i < frames; ++i)
      EXPECT_EQ(pull(*up, [&](const SharedTaken &taken) { relay->push(taken); }),
                "frame " + std::to_string(i));
  });
  for (int i = 0; i < frames; ++i) ASSERT_EQ(pull(*down), "frame " + std::to_string(i));
  publisher.join();
  between.join();
  from_sink.deliver_to(nullptr);
  from_relay.deliver_to(nullptr);
  to_sink.deliver_to(nullptr);
  to_relay.deliver_to(nullptr);
}

// What the viewer's link says of its way, when there is a link.
std::string way_of(SourceImpl &source) {
  for (;;) {
    if (const Statistics statistics = source.statistics(); !statistics.links.empty())
      return statistics.links[0].way;
    std::this_thread::yield();
  }
}

// ICE cannot win the race then.
std::string without_candidates(const std::string &message) {
  static const std::regex line(R"("candidate:[^"]*")");
  return std::regex_replace(message, line, R"("candidate:1 1 UDP 1 192.0.2.1 9 typ host")");
}

// A message without candidates, so that ICE finds no way.
std::string without_ice(std::string text) {
  if (text.find(R"("type":"candidates")") != std::string::npos) return "{}";
  if (const std::size_t at = text.find(R"("candidates":[)"); at != std::string::npos)
    text.replace(at, text.find(']', at) + 1 - at, R"("candidates":[])");
  return text;
}

// The messages of two ends between which UDP is blocked: their addresses lead nowhere. `adds` names an HTTP
// port in the messages of one type.
std::string without_udp(const std::string &said, const std::string &type, const std::string &adds) {
  std::string text = without_ice(said);
  if (const std::size_t at = text.find(R"("direct":[)"); at != std::string::npos)
    text.replace(at, text.find("\"]", at) + 2 - at, R"("direct":["127.0.0.1:9"])");
  if (text.find(R"("type":")" + type + '"') != std::string::npos) text.insert(1, R"("tcp":")" + adds + "\",");
  return text;
}

TEST_F(Impls, AProviderWithAnEndpointIsReachedWithoutIce) {
  for (const bool viewer_has_one : {false, true}) {
    ElementSettings here = settings(), there = settings();
    here.endpoint = *udp::Endpoint::open({});
    if (viewer_has_one) there.endpoint = *udp::Endpoint::open({});
    Peers peers;
    sink = std::move(*SinkImpl::start(here, peers.hooks(from_sink)));
    const auto caps = Ref<GstCaps>::adopt(gst_caps_from_string("video/x-frames"));
    EXPECT_TRUE(sink->set_caps(caps.get()));
    auto source = std::move(*SourceImpl::start(there, source_peers.hooks(to_sink)));
    from_sink.deliver_to([&](const std::string &text) { source->take_signalling(without_candidates(text)); });
    to_sink.deliver_to([&](const std::string &text) { sink->take_signalling(without_candidates(text)); });
    sink->take_signalling(request("t"));
    ASSERT_TRUE(peers.wait_for(1));
    for (int i = 0; i < 50; ++i) {
      push(*sink, i);
      ASSERT_EQ(pull(*source), "frame " + std::to_string(i));
    }
    EXPECT_EQ(way_of(*source), "direct");
    EXPECT_EQ(here.endpoint->routes(), 1u);
    from_sink.deliver_to(nullptr);
    to_sink.deliver_to(nullptr);
    sink.reset();
    EXPECT_EQ(here.endpoint->routes(), 0u);
  }
}

// The offer's addresses lead nowhere: nobody listens at the discard port.
TEST_F(Impls, WhereTheDirectWayLeadsNowhereIceCarriesTheLink) {
  ElementSettings here = settings();
  here.endpoint = *udp::Endpoint::open({});
  Peers peers;
  sink = std::move(*SinkImpl::start(here, peers.hooks(from_sink)));
  const auto caps = Ref<GstCaps>::adopt(gst_caps_from_string("video/x-frames"));
  EXPECT_TRUE(sink->set_caps(caps.get()));
  auto source = std::move(*SourceImpl::start(settings(), source_peers.hooks(to_sink)));
  from_sink.deliver_to([&](std::string text) {
    const std::size_t at = text.find("\"direct\":[");
    if (at != std::string::npos)
      text.replace(at, text.find("\"]", at) + 1 - at, R"("direct":["127.0.0.1:9")");
    source->take_signalling(text);
  });
  to_sink.deliver_to([&](const std::string &text) { sink->take_signalling(text); });
  sink->take_signalling(request("t"));
  ASSERT_TRUE(peers.wait_for(1));
  push(*sink, 0);
  ASSERT_EQ(pull(*source), "frame 0");
  EXPECT_EQ(way_of(*source), "ice");
  EXPECT_EQ(here.endpoint->routes(), 0u);
  from_sink.deliver_to(nullptr);
  to_sink.deliver_to(nullptr);
  sink.reset();  // its thread uses `peers`
}

// Whoever can be reached over TCP is called: `called` is an offer's sender or a confirm's.
struct OverTcp : Impls, testing::WithParamInterface<const char *> {};

TEST_P(OverTcp, WhereUdpIsBlockedTheLinkUsesTheHttpPortOfTheEndThatCanBeReached) {
  const std::string called = GetParam();
  ElementSettings here = settings(), there = settings();
  (called == "offer" ? here : there).endpoint = *udp::Endpoint::open({});  // the other end needs none
  const auto accepting = (called == "offer" ? here : there).endpoint;
  Peers peers;
  udp::HttpPort http;
  sink = std::move(*SinkImpl::start(here, peers.hooks(from_sink)));
  const auto caps = Ref<GstCaps>::adopt(gst_caps_from_string("video/x-frames"));
  EXPECT_TRUE(sink->set_caps(caps.get()));
  auto source = std::move(*SourceImpl::start(there, source_peers.hooks(to_sink)));
  from_sink.deliver_to(
      [&](const std::string &text) { source->take_signalling(without_udp(text, called, http.address())); });
  to_sink.deliver_to(
      [&](const std::string &text) { sink->take_signalling(without_udp(text, called, http.address())); });
  sink->take_signalling(request("t"));
  const int connection = http.accept();
  const auto secret = secret_of(http.value("GET /link?id="));
  ASSERT_TRUE(secret && accepting->expects_stream(*secret));
  http.answer(connection);
  ASSERT_TRUE(accepting->accept_stream(*secret, connection));
  ASSERT_TRUE(peers.wait_for(1));
  for (int i = 0; i < 50; ++i) {
    push(*sink, i);
    ASSERT_EQ(pull(*source), "frame " + std::to_string(i));
  }
  EXPECT_EQ(way_of(*source), "tcp");
  from_sink.deliver_to(nullptr);
  to_sink.deliver_to(nullptr);
  sink.reset();
}

INSTANTIATE_TEST_SUITE_P(Called, OverTcp, testing::Values("offer", "confirm"));

TEST_F(Impls, WhereUdpWorksTcpIsNotUsed) {
  ElementSettings here = settings();
  here.endpoint = *udp::Endpoint::open({});
  Peers peers;
  udp::HttpPort http;
  sink = std::move(*SinkImpl::start(here, peers.hooks(from_sink)));
  const auto caps = Ref<GstCaps>::adopt(gst_caps_from_string("video/x-frames"));
  EXPECT_TRUE(sink->set_caps(caps.get()));
  auto source = std::move(*SourceImpl::start(settings(), source_peers.hooks(to_sink)));
  from_sink.deliver_to([&](std::string text) {
    if (text.find(R"("type":"offer")") != std::string::npos)
      text.insert(1, R"("tcp":")" + http.address() + "\",");
    source->take_signalling(text);
  });
  to_sink.deliver_to([&](const std::string &text) { sink->take_signalling(text); });
  sink->take_signalling(request("t"));
  ASSERT_TRUE(peers.wait_for(1));
  push(*sink, 0);
  ASSERT_EQ(pull(*source), "frame 0");
  EXPECT_NE(way_of(*source), "tcp");
  from_sink.deliver_to(nullptr);
  to_sink.deliver_to(nullptr);
  sink.reset();
}

// At either end. The other one still hopes for ICE.
struct WithoutAnyWay : Impls, testing::WithParamInterface<bool> {};

TEST_P(WithoutAnyWay, AnEndWhoseUdpIsBlockedGivesTheLinkUp) {
  ElementSettings here = settings(), there = settings();
  const auto blocked = (GetParam() ? here : there).endpoint = *udp::Endpoint::open({});
  const int silent = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(silent, reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
  socklen_t size = sizeof address;
  ::getsockname(silent, reinterpret_cast<sockaddr *>(&address), &size);
  blocked->ask_servers({*stun::parse_address("127.0.0.1:" + std::to_string(ntohs(address.sin_port)))}, {});
  while (!blocked->udp_blocked()) std::this_thread::yield();
  sink = std::move(*SinkImpl::start(here, sink_peers.hooks(from_sink)));
  auto source = std::move(*SourceImpl::start(there, source_peers.hooks(to_sink)));
  std::promise<std::string> cancelled;
  std::atomic<bool> is_cancelled = false;
  const auto pass = [&](const std::string &said) {
    if (said.find(R"("type":"cancel")") != std::string::npos && !is_cancelled.exchange(true))
      cancelled.set_value(said);
    std::string text = without_candidates(said);
    if (const std::size_t at = text.find(R"("direct":[)"); at != std::string::npos)
      text.replace(at, text.find("\"]", at) + 2 - at, R"("direct":["127.0.0.1:9"])");
    return text;
  };
  from_sink.deliver_to([&](const std::string &text) { source->take_signalling(pass(text)); });
  to_sink.deliver_to([&](const std::string &text) { sink->take_signalling(pass(text)); });
  sink->take_signalling(request("t"));
  const std::string why = GetParam() ? cancelled.get_future().get() : pull(*source);
  EXPECT_NE(why.find("UDP is blocked"), std::string::npos) << why;
  from_sink.deliver_to(nullptr);
  to_sink.deliver_to(nullptr);
  ::close(silent);
}

INSTANTIATE_TEST_SUITE_P(AtEitherEnd, WithoutAnyWay, testing::Bool());

TEST_F(Impls, ALinkThatHasAWayClosesTheWebSocketThatIsOpenedForIt) {
  ElementSettings here = settings();
  here.endpoint = *udp::Endpoint::open({});
  Peers peers;
  sink = std::move(*SinkImpl::start(here, peers.hooks(from_sink)));
  const auto caps = Ref<GstCaps>::adopt(gst_caps_from_string("video/x-frames"));
  EXPECT_TRUE(sink->set_caps(caps.get()));
  auto source = std::move(*SourceImpl::start(settings(), source_peers.hooks(to_sink)));
  std::optional<udp::Secret> secret;
  from_sink.deliver_to([&](const std::string &text) {
    constexpr std::string_view name = R"("direct_id":")";
    if (const std::size_t at = text.find(name); at != std::string::npos)
      secret = secret_of(std::string_view(text).substr(at + name.size(), 32));
    source->take_signalling(without_ice(text));
  });
  to_sink.deliver_to([&](const std::string &text) { sink->take_signalling(without_ice(text)); });
  sink->take_signalling(request("t"));
  ASSERT_TRUE(peers.wait_for(1));
  push(*sink, 0);
  ASSERT_EQ(pull(*source), "frame 0");
  EXPECT_EQ(way_of(*source), "direct");
  from_sink.deliver_to(nullptr);
  to_sink.deliver_to(nullptr);
  int ends[2];
  ASSERT_TRUE(secret);
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  EXPECT_TRUE(here.endpoint->accept_stream(*secret, ends[0]));
  char byte;
  EXPECT_EQ(::recv(ends[1], &byte, 1, 0), 0);
  EXPECT_FALSE(here.endpoint->expects_stream(*secret));
  ::close(ends[1]);
  sink.reset();
}

TEST_F(Impls, AnotherThreadCanFlushAViewer) {
  auto source = view(from_sink, to_sink, [&](const std::string &text) { sink->take_signalling(text); });
  std::thread streaming([&] { EXPECT_EQ(pull(*source), "flushing"); });
  source->set_flushing(true);
  streaming.join();
  from_sink.deliver_to(nullptr);
  to_sink.deliver_to(nullptr);
}

TEST_F(Impls, TheEndOfTheStreamReachesTheViewer) {
  auto source = view(from_sink, to_sink, [&](const std::string &text) { sink->take_signalling(text); });
  sink->take_signalling(request("t"));
  ASSERT_TRUE(sink_peers.wait_for(1));
  for (int i = 0; i < 15; ++i) push(*sink, i);
  sink->end();
  for (int i = 0; i < 15; ++i) EXPECT_EQ(pull(*source), "frame " + std::to_string(i));
  sink->take_signalling(R"({"type":"cancel","ticket":"t","code":"ended","message":"over"})");
  EXPECT_EQ(pull(*source), "end");
  from_sink.deliver_to(nullptr);
  to_sink.deliver_to(nullptr);
}

TEST_F(Impls, AViewerBeginsWithTheNewestGroup) {
  for (int i = 0; i < 25; ++i) push(*sink, i);
  auto source = view(from_sink, to_sink, [&](const std::string &text) { sink->take_signalling(text); });
  sink->take_signalling(request("t"));
  for (int i = 20; i < 25; ++i) ASSERT_EQ(pull(*source), "frame " + std::to_string(i));
  for (int i = 25; i < 60; ++i) push(*sink, i);
  for (int i = 25; i < 60; ++i) ASSERT_EQ(pull(*source), "frame " + std::to_string(i));
  from_sink.deliver_to(nullptr);
  to_sink.deliver_to(nullptr);
}

// A new relay can also serve the objects before it joined, in case another node's parent dies.
TEST_F(Impls, ANewRelayFetchesThePast) {
  for (int i = 0; i < 25; ++i) push(*sink, i);
  auto relay = std::move(*RelayImpl::start(settings(), relay_peers.hooks(nobody)));
  ElementSettings mine = settings();
  Hooks hooks = source_peers.hooks(to_sink);
  hooks.needs = [&] { return relay->needs(); };
  auto source = std::move(*SourceImpl::start(mine, hooks));
  from_sink.deliver_to([&](const std::string &text) { source->take_signalling(text); });
  to_sink.deliver_to([&](const std::string &text) { sink->take_signalling(text); });
  sink->take_signalling(request("t"));
  // The newest group first, then the past from its beginning.
  std::vector<std::string> seen;
  while (seen.size() < 25)
    seen.push_back(pull(*source, [&](const SharedTaken &taken) { relay->push(taken); }));
  EXPECT_EQ(seen.front(), "frame 20");
  EXPECT_EQ(seen[5], "frame 0");
  EXPECT_EQ(seen.back(), "frame 19");
  for (int i = 20; i < 25; ++i) {
    const auto played = relay->pop();
    ASSERT_TRUE(played);
    EXPECT_EQ(as_text((*played)->object.payload().bytes()), "frame " + std::to_string(i));
  }
  from_sink.deliver_to(nullptr);
  to_sink.deliver_to(nullptr);
}

// Two sources between the sink and a relay, one active at a time: no object is lost and none comes twice.
class TwoWays : public Impls {
 protected:
  struct Way {
    Post out;
    std::unique_ptr<SourceImpl> source;
    std::thread between;
    Guarded<std::function<bool(moqt::Location)>> lacks;
    std::atomic<bool> gives_up = false;
  };
  void SetUp() override {
    Impls::SetUp();
    Hooks hooks = relay_peers.hooks(nobody);
    hooks.missing = [this](const track::Span &gap) {
      for (const auto &[ticket, way] : ways) way.source->fetch(gap);
    };
    hooks.lacking = [this] { ++lacking; };
    relay = std::move(*RelayImpl::start(settings(), hooks));
    open("a", false);
    open("b", true);
    from_sink.deliver_to([this](const std::string &text) {
      for (const auto &[ticket, way] : ways)
        if (text.find('"' + ticket + '"') != std::string::npos) way.source->take_signalling(text);
    });
    for (const auto &[ticket, way] : ways) sink->take_signalling(request(ticket));
  }
  void open(const std::string &ticket, bool standby) {
    Way &way = ways[ticket];
    way.out.deliver_to([this](const std::string &text) { sink->take_signalling(text); });
    ElementSettings mine = settings();
    mine.standby = standby;
    Hooks hooks = source_peers.hooks(way.out);
    hooks.needs = [this] { return relay->needs(); };
    way.source = std::move(*SourceImpl::start(mine, hooks));
    way.between = std::thread([this, &way] {
      bool lacked = false;
      const auto give = [&](const SharedTaken &taken) {
        const moqt::Location id = taken->object.id;
        const bool lacks_it = way.lacks.with([&](auto &lacks) { return lacks && lacks(id); });
        if (!lacks_it) {
          auto told = std::make_shared<Taken>(*taken);
          told->skipped = lacked && way.gives_up;
          relay->push(told);
        }
        lacked = lacks_it;
      };
      while (pull(*way.source, give) != "flushing") {
      }
    });
  }
  std::string read() {
    for (;;) {
      const auto taken = relay->pop();
      if (!taken) return "flushing";
      if ((*taken)->object.status == moqt::ObjectStatus::normal)
        return std::string(as_text((*taken)->object.payload().bytes()));
    }
  }
  void TearDown() override {
    from_sink.deliver_to(nullptr);
    for (auto &[ticket, way] : ways) {
      way.out.deliver_to(nullptr);
      way.source->set_flushing(true);
      way.between.join();
    }
  }

  std::unique_ptr<RelayImpl> relay;
  std::map<std::string, Way> ways;
  std::atomic<int> lacking = 0;
};

TEST_F(TwoWays, ASwitchLosesNothing) {
  ASSERT_TRUE(sink_peers.wait_for(2));  // both have subscribed
  push(*sink, 0);
  ASSERT_EQ(read(), "frame 0");
  int frame = 1, seen = 1;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 7; ++i) push(*sink, frame++);
    ways["a"].source->set_standby(round % 2 == 0);  // the gap between the two calls must be fetched
    for (int i = 0; i < 16; ++i) push(*sink, frame++);
    ways["b"].source->set_standby(round % 2 == 1);
    for (; seen < frame; ++seen) ASSERT_EQ(read(), "frame " + std::to_string(seen));
  }
  EXPECT_EQ(relay->statistics().skipped, 0u);
}

// Objects that are missing in the middle of a group, at its end, and at the beginning of the next.
TEST_F(TwoWays, ObjectsThatAParentLacksAreFetchedFromTheStandby) {
  ASSERT_TRUE(sink_peers.wait_for(2));  // both have subscribed
  ways["a"].lacks.with([](auto &lacks) {
    lacks = [first = std::uint64_t{0}](moqt::Location id) mutable {
      if (first == 0) first = id.group;
      return (id.group == first && (id.object == 3 || id.object > 7)) ||
             (id.group == first + 1 && id.object < 2);
    };
  });
  for (int i = 0; i < 40; ++i) push(*sink, i);
  for (int i = 0; i < 40; ++i) ASSERT_EQ(read(), "frame " + std::to_string(i));
  EXPECT_EQ(relay->statistics().skipped, 0u);
}

TEST_F(TwoWays, AParentThatGivesUpAgainAndAgainIsTold) {
  ASSERT_TRUE(sink_peers.wait_for(2));  // both have subscribed
  ways["a"].gives_up = true;
  ways["a"].lacks.with([](auto &lacks) { lacks = [](moqt::Location id) { return id.object % 5 == 3; }; });
  int frame = 0;
  for (int gap = 1; gap <= 3; ++gap) {
    EXPECT_EQ(lacking, 0);
    for (int i = 0; i < 5; ++i) push(*sink, frame + i);
    for (int i = 0; i < 5; ++i) ASSERT_EQ(read(), "frame " + std::to_string(frame++));
  }
  EXPECT_EQ(lacking, 1);
}

TEST_F(TwoWays, TwoActiveParentsGiveEachObjectOnce) {
  ASSERT_TRUE(sink_peers.wait_for(2));  // both have subscribed
  push(*sink, 0);
  ASSERT_EQ(read(), "frame 0");
  ways["b"].source->set_standby(false);
  for (int i = 1; i < 100; ++i) push(*sink, i);
  for (int i = 1; i < 100; ++i) ASSERT_EQ(read(), "frame " + std::to_string(i));
}

}  // namespace
}  // namespace astral::elements
