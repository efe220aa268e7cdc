// SPDX-License-Identifier: BSD-3-Clause
// Private streams: who gets a ticket, for how long, and whose pass a relay shows.
#include "bench.hpp"

namespace astral::core {
namespace {

constexpr std::int64_t begin_ms = 1'700'000'000'000;

// Of a private stream of this node.
class Keys : public StreamKeys {
 public:
  Expected<void> sign(StreamInfo &info) override {
    info.fingerprint = "its key";
    info.signature = "by " + info.fingerprint + " " + std::to_string(info.updated);
    info.is_private = true;
    info.revoked = revoked;
    return {};
  }
  bool has(const Slug &, const std::string &) override { return true; }

  std::vector<std::string> revoked;
};

Settings with(Keys &keys) {
  Settings settings = Bench::settings();
  settings.stream_keys = &keys;
  settings.unix_ms_at_zero = begin_ms;
  return settings;
}

Pass pass(const std::string &id, std::uint64_t seconds = 3600, std::uint64_t shown = 1) {
  return {.id = id, .expires = begin_ms / 1000 + seconds, .shown = begin_ms + shown};
}

Request shows(Request wish, const Pass &pass, bool is_good = true) {
  wish.pass = pass;
  wish.invited = is_good;
  return wish;
}

class PrivateStream : public testing::Test {
 protected:
  PrivateStream() { bench.fed_own(); }

  void feed(const Pass &pass) {
    bench.hears(P, shows(bench.wish("own"), pass));
    bench.say(RelaySaid{.slug = "own", .message = Offer{.ticket = bench.given}});
    bench.hears(1, Confirm{.ticket = bench.given});
  }
  // The child goes on to name its ticket.
  void wait(Time time) {
    for (const Time end = bench.now + time; bench.now < end;) {
      bench.now += 1s;
      for (const PeerId peer : {PeerId{1}, PeerId{2}, P}) bench.hears(peer, Heartbeat{});
      bench.hears(1, Heartbeat{.tickets = {bench.given}});
      bench.say(Tick{});
      if (!bench.node.find_ticket(bench.given)) return;
    }
  }
  bool is_fed() { return bench.node.find_ticket(bench.given).has_value(); }

  Keys keys;
  Bench bench{with(keys)};
};

TEST_F(PrivateStream, IsForGuestsOnly) {
  const Lines refusal{"Send 1 refusal of a search not-invited"};
  bench.hears(P, bench.wish("own"));
  EXPECT_EQ(bench.said, refusal);
  bench.hears(P, shows(bench.wish("own"), pass("ann"), false));
  EXPECT_EQ(bench.said, refusal);
  bench.hears(P, shows(bench.wish("own"), pass("ann")));
  EXPECT_EQ(bench.said, (Lines{"TellRelay own request G own for child"}));
}

TEST_F(PrivateStream, LeavesAGuestWhoIsRevoked) {
  feed(pass("ann"));
  keys.revoked = {"bob"};
  bench.say(StreamReworded{.slug = "own"});
  wait(10s);
  EXPECT_TRUE(is_fed());
  keys.revoked = {"bob", "ann"};
  bench.say(StreamReworded{.slug = "own"});
  wait(10s);
  EXPECT_FALSE(is_fed());
  EXPECT_EQ(bench.said, (Lines{"TellRelay own cancel G not-invited", "Send 1 cancel G not-invited"}));
}

TEST_F(PrivateStream, LeavesAGuestWhoseInvitationExpires) {
  feed(pass("ann", 60));
  wait(50s);
  EXPECT_TRUE(is_fed());
  wait(20s);
  EXPECT_FALSE(is_fed());
}

// What a relay that is no guest shows when it needs a new parent.
class RelayOfAPrivateStream : public testing::Test {
 protected:
  RelayOfAPrivateStream() {
    say_of_talk(1, {});
    bench.say(AskTicket{.call = 1, .slug = "talk", .destination = {}, .pass = pass("ann")});
    bench.hears(2, bench.offer("t2", {"parent"}));
    bench.wait(80ms);
    bench.say(SourceSaid{.slug = "talk", .ticket = "t2", .message = Confirm{}});
    bench.say(SourceFlows{.slug = "talk", .ticket = "t2"});
    bench.hears(P, shows(bench.wish("talk"), pass("bob", 3600, 2)));
    bench.say(RelaySaid{.slug = "talk", .message = Offer{.ticket = bench.given}});
    bench.hears(1, Confirm{.ticket = bench.given});
  }
  void say_of_talk(std::uint64_t updated, std::vector<std::string> revoked) {
    bench.hears(2, Streams{.streams = {{.slug = "talk",
                                        .source = "parent",
                                        .fingerprint = "its key",
                                        .streaming = true,
                                        .updated = updated,
                                        .expires = begin_ms + 3'600'000,
                                        .signature = "of its key",
                                        .is_private = true,
                                        .revoked = std::move(revoked)}}});
  }
  // By whose pass the relay searches after its parent has gone.
  std::string shown() {
    EXPECT_TRUE(bench.node.find_ticket("t2"));
    Effects effects;
    const SourceEnded ended{.slug = "talk", .ticket = "t2", .error = {Code::unreachable, "gone"}};
    bench.node.handle(ended, bench.now, effects);
    bench.node.handle(Tick{}, bench.now + 1s, effects);
    for (const Effect &effect : effects)
      if (const auto *send = std::get_if<Send>(&effect))
        if (const auto *find = std::get_if<Find>(&send->message)) return find->request.pass.id;
    return "nothing was asked";
  }

  Bench bench{[] {
    Settings settings = Bench::settings();
    settings.unix_ms_at_zero = begin_ms;
    return settings;
  }()};
};

TEST_F(RelayOfAPrivateStream, ShowsThePassItWasGiven) {
  EXPECT_EQ(shown(), "ann");
}

TEST_F(RelayOfAPrivateStream, ShowsAnotherGuestsPassIfThatOneIsRevoked) {
  say_of_talk(2, {"ann"});
  EXPECT_EQ(shown(), "bob");
}

}  // namespace
}  // namespace astral::core
