// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: a whole node with other nodes (which prove their key or do not), elements, listeners, callers of its
// API and media, while time passes. node_world.hpp says what is real. After each step the node's invariants
// hold and its messages can be read; at the end every call has got one answer.
#include <algorithm>

#include "formats/rtc_frame.hpp"
#include "node_world.hpp"

using namespace astral;
using namespace astral::fuzz;

namespace {

class Play {
 public:
  explicit Play(char role)
      : world_(media_,
               role == 's'   ? core::Role::supernode
               : role == 'c' ? core::Role::child
                             : core::Role::automatic,
               role == 'c' ? std::vector<core::Address>{{"192.0.2.1", 8001}}
                           : std::vector<core::Address>{}) {}

  void step(std::string_view line) {
    act(line[0], line.size() > 1 ? line[1] : '0', line.substr(std::min<std::size_t>(line.size(), 2)));
    world_.look();
  }

  // All pending media operations fail, so that the calls that wait for them are answered.
  void end() {
    for (int i = 0; i < 3; ++i) {
      while (!media_.rtc_peers.empty()) {
        end(*media_.rtc_peers.front());
        settle();
      }
      if (media_.picture_wanted) std::exchange(media_.picture_wanted, {})(fail(Code::failed, "no picture"));
      pass(30s);
      world_.look();
    }
    world_.check_answers();
  }

 private:
  void act(char what, char which, std::string_view rest) {
    switch (what) {
      case 'n':
        return world_.open_session("/peer", &key(static_cast<unsigned char>(which)), false);
      case 'e':
        return world_.open_session("/peer", nullptr, which != 's');
      case 'v':
        return world_.open_session("/events", nullptr, true);
      case 't':
        if (Session *session = world_.session(which)) session->say(world_.filled(rest));
        return;
      case 'm':
        if (Session *session = world_.session(which)) session->say(sample(rest));
        return;
      case 'b':
        if (Session *session = world_.session(which)) session->say_bytes(rest);
        return;
      case 'g':
        if (Session *session = world_.session(which)) session->say_goodbye(1000);
        return;
      case 'x':
        if (Session *session = world_.session(which)) session->hang_up();
        return;
      case 'z':
        return world_.drop_session(which);
      case 'w':
        return pass(time_of(which));
      case 'r':
        return static_cast<void>(world_.ask(which, request_of(world_.filled(rest))));
      case 's':
        return source(which, rest);
      case 'p':
        return player(which, rest);
      case 'q':
        return world_.app().shut_down();
      default:
        return;
    }
  }

  static std::string sample(std::string_view number) {
    static const std::vector<std::string> all = protocol::samples();
    return all[std::strtoul(std::string(number).c_str(), nullptr, 10) % all.size()];
  }

  // Events of the media backend, about stream `a` and the ticket that was named last.
  void source(char what, std::string_view rest) {
    const std::string ticket = world_.ticket(), slug = "a";
    const auto heard = [&](const std::string &text) {
      media_.listener->on_source_message(slug, ticket, text);
    };
    if (media_.listener == nullptr) return;
    switch (what) {
      case 'k':
        return media_.listener->on_source_linked(slug, ticket);
      case 'f':
        return media_.listener->on_source_flows(slug, ticket);
      case 'e':
        return media_.listener->on_source_ended(slug, ticket, {Code::failed, "ended"});
      case 'c':
        return heard(world_.filled(R"({"type":"confirm","ticket":"@T","fingerprint":")" +
                                   protocol::fingerprint + R"(","ice":)" + protocol::ice + "}"));
      case 'm':
        return heard(world_.filled(rest));
      case 'o':
        return media_.listener->on_relay_message(slug, world_.filled(rest));
      case 'y':
        return media_.listener->on_silence(slug);
      case 'l':
        return media_.listener->on_child_slow(slug, ticket);
      case 'b':
        media_.broken = !media_.broken;
        return;
      default:
        return media_.listener->on_media(slug);
    }
  }

  // What players and publishers get from the media backend, and events of WebRTC sessions.
  void player(char what, std::string_view rest) {
    const Slice frame = Slice::copy(as_bytes(rest.empty() ? "frame" : rest));
    const auto each = [&](auto tell) {
      for (test::FakeMedia::FakePeer *peer : std::vector(media_.rtc_peers))
        if (std::find(media_.rtc_peers.begin(), media_.rtc_peers.end(), peer) != media_.rtc_peers.end())
          tell(*peer);
    };
    switch (what) {
      case 'f':
        for (auto &[format, fanout] : media_.players) fanout.push(frame, true);
        return;
      case 'g':
        for (auto &[format, fanout] : media_.players) fanout.push(frame, false);
        return;
      case 'e':
        for (auto &[format, fanout] : media_.players) fanout.end({Code::not_found, "the stream has ended"});
        return;
      case 't':
        return media_.players[formats::Format::webrtc].set_header(
            formats::write_tracks({true, true, "42001f"}));
      case 'i':
        if (media_.picture_wanted) std::exchange(media_.picture_wanted, {})(frame);
        return;
      case 'a':
        // Each WebRTC session answers once.
        return each([&](test::FakeMedia::FakePeer &peer) {
          if (peer.played++ == 0) peer.handler.on_answer("v=0\r\n");
        });
      case 'c':
        return each([](test::FakeMedia::FakePeer &peer) { peer.handler.on_connected(); });
      case 'm':
        return each([&](test::FakeMedia::FakePeer &peer) {
          peer.handler.on_media({.timestamp = 1, .content = rtmp::flv::Video{.data = frame}});
        });
      case 'h':
        if (media_.hls_news) media_.hls_news("a");
        return;
      case 'l':
        media_.streams.insert_or_assign("a", std::string("#EXTM3U\n"));
        return;
      case 'o':
        if (!media_.ingests.empty()) end(*media_.ingests.begin()->second);
        return;
      default:
        return each([](test::FakeMedia::FakePeer &peer) { end(peer); });
    }
  }

  // Copies the callback, because calling it destroys its owner.
  static void end(const test::FakeMedia::FakePeer &peer) {
    const auto over = peer.handler.on_over;
    over({Code::failed, "over"});
  }
  static void end(const test::FakeMedia::FakeIngest &ingest) {
    const auto over = ingest.over;
    over({Code::not_found, "all is out"});
  }

  test::FakeMedia media_;
  NodeWorld world_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  reset_outside();
  std::string_view script(reinterpret_cast<const char *>(data), size);
  Play play(script.empty() ? 'a' : script[0]);
  run_script(script.substr(std::min<std::size_t>(script.size(), 1)),
             [&](std::string_view line) { play.step(line); });
  play.end();
  return 0;
}
