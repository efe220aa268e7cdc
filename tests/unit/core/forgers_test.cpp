// SPDX-License-Identifier: BSD-3-Clause
// Streams that have a key: only what the key has signed changes what is known of them, and who brings
// something else is not asked again. Here `signed_by` stands for a signature: the driver has checked it.
#include "core/forgers.hpp"

#include "bench.hpp"
#include "core/directory.hpp"

namespace astral::core {
namespace {

StreamInfo stream(const Slug &slug, const Uuid &source, std::uint64_t updated) {
  return {.slug = slug, .name = slug, .source = source, .streaming = true, .updated = updated};
}

StreamInfo signed_by(const std::string &key, StreamInfo info) {
  info.fingerprint = key;
  info.signature = "of " + key;
  info.expires = 9'999'999'999'999;
  return info;
}

StreamInfo deleted(StreamInfo info) {
  info.deleted = true;
  return info;
}

TEST(SignedStream, IsChangedByItsKeyOnlyWhoeverBringsIt) {
  Directory directory;
  ASSERT_TRUE(directory.learn(signed_by("k", stream("t", "s", 5)), Heard::elsewhere));
  EXPECT_FALSE(directory.learn(stream("t", "s", 9), Heard::itself)) << "not signed";
  EXPECT_FALSE(directory.learn(stream("t", "s", 9), Heard::origin)) << "not signed";
  EXPECT_TRUE(directory.learn(signed_by("other", stream("t", "s", 9)), Heard::itself)) << "another stream";
  EXPECT_FALSE(directory.learn(signed_by("k", stream("t", "s", 4)), Heard::itself))
      << "an old word, replayed";
  EXPECT_FALSE(directory.learn(signed_by("k", stream("t", "s", 5)), Heard::itself)) << "the same word";
  EXPECT_TRUE(directory.learn(signed_by("k", stream("t", "x", 6)), Heard::elsewhere)) << "another machine";
  EXPECT_EQ(directory.stream("t")->source, "x");
}

TEST(SignedStream, KeepsItsNameUntilItsWordExpires) {
  Directory directory;
  StreamInfo first = signed_by("k", stream("t", "s", 5));
  first.expires = 1000;
  ASSERT_TRUE(directory.learn(first, Heard::elsewhere));
  const StreamInfo other = signed_by("other", stream("t", "x", 9));
  EXPECT_TRUE(directory.learn(other, Heard::elsewhere)) << "another stream";
  EXPECT_FALSE(directory.learn(other, Heard::elsewhere)) << "the same word";
  EXPECT_EQ(directory.stream("t")->source, "s");
  ASSERT_EQ(directory.rivals("t").size(), 1u);
  EXPECT_EQ(directory.rivals("t")[0].slug, "t~othe");
  EXPECT_EQ(directory.stream("t~othe")->source, "x");
  EXPECT_EQ(Directory::as_told(*directory.stream("t~othe")), other);
  EXPECT_TRUE(directory.rivals("u").empty());
  directory.set_clock(1001);
  EXPECT_TRUE(directory.learn(other, Heard::elsewhere));
  EXPECT_TRUE(directory.rivals("t").empty());
}

TEST(Forgers, ANodeIsCaughtAfterItHasGone) {
  Forgers forgers;
  EXPECT_FALSE(forgers.caught_by("t", 1s));
  forgers.gone("t", "liar");
  forgers.gone("u", "honest");
  EXPECT_TRUE(forgers.caught_by("t", 1s));
  EXPECT_FALSE(forgers.caught_by("t", 1s)) << "once for each ticket";
  EXPECT_EQ(forgers.list(2s), std::vector<Uuid>{"liar"});
}

TEST(SignedStream, IsNamedByItsKeyWhereAnotherOneHasItsSlug) {
  Directory directory;
  EXPECT_EQ(directory.name_for("t", "first"), "t") << "nothing is known by it";
  directory.learn(signed_by("first", stream("t", "s", 5)), Heard::elsewhere);
  EXPECT_EQ(directory.name_for("t", "other"), "") << "not known";
  directory.learn(signed_by("other", stream("t", "x", 5)), Heard::elsewhere);
  EXPECT_EQ(directory.name_for("t", "first"), "t");
  EXPECT_EQ(directory.name_for("t", "other"), "t~othe");
  EXPECT_EQ(directory.name_for("t", "otherwise"), "") << "the digits agree, the key does not";
  EXPECT_EQ(directory.name_for("t", ""), "t");
  const Gone gone{.slug = "t", .updated = 6, .stream = {deleted(signed_by("other", stream("t", "x", 6)))}};
  EXPECT_TRUE(directory.gone(gone, Heard::elsewhere));
  EXPECT_EQ(directory.stream("t~othe"), nullptr);
  EXPECT_NE(directory.stream("t"), nullptr);
  EXPECT_FALSE(directory.learn(signed_by("other", stream("t", "x", 6)), Heard::elsewhere)) << "replayed";
}

TEST(SignedStream, HasABoundedNumberOfRivals) {
  Directory directory;
  directory.learn(signed_by("k", stream("t", "s", 5)), Heard::elsewhere);
  for (std::size_t i = 0; i <= max_rivals; ++i)
    directory.learn(signed_by(std::to_string(1000 + i), stream("t", "x", 9)), Heard::elsewhere);
  EXPECT_EQ(directory.rivals("t").size(), max_rivals);
}

TEST(SignedStream, IsNotFromTheFuture) {
  Directory directory;
  const auto latest = static_cast<std::uint64_t>(max_ahead / 1ms);
  EXPECT_FALSE(directory.learn(signed_by("k", stream("t", "s", latest + 1)), Heard::itself));
  EXPECT_TRUE(directory.learn(signed_by("k", stream("t", "s", latest)), Heard::itself));
}

TEST(SignedStream, TakesTheNameThatNobodyHasSignedFor) {
  Directory directory;
  directory.learn(stream("t", "squatter", 9), Heard::elsewhere);
  EXPECT_TRUE(directory.learn(signed_by("k", stream("t", "s", 5)), Heard::elsewhere));
  directory.learn(stream("u", "s", 9), Heard::origin);
  EXPECT_FALSE(directory.learn(signed_by("k", stream("u", "x", 9)), Heard::elsewhere)) << "the origin's word";
  EXPECT_TRUE(directory.learn(signed_by("k", stream("u", "s", 5)), Heard::elsewhere));
}

TEST(SignedStream, IsGoneIfItsKeySaysSo) {
  const auto word = [](const std::string &key, std::uint64_t updated) {
    return Gone{
        .slug = "t", .updated = updated, .stream = {deleted(signed_by(key, stream("t", "s", updated)))}};
  };
  Directory directory;
  directory.learn(signed_by("k", stream("t", "s", 5)), Heard::elsewhere);
  EXPECT_FALSE(directory.gone({.slug = "t", .updated = 9}, Heard::elsewhere));
  EXPECT_FALSE(directory.gone({.slug = "t", .updated = 0}, Heard::itself));
  EXPECT_FALSE(directory.gone(word("other", 9), Heard::itself));
  EXPECT_FALSE(directory.gone(word("k", 5), Heard::itself)) << "a word from before";
  Gone living = word("k", 9);
  living.stream[0].deleted = false;
  EXPECT_FALSE(directory.gone(living, Heard::elsewhere)) << "it says that it lives";
  EXPECT_TRUE(directory.gone(word("k", 9), Heard::elsewhere));
  EXPECT_FALSE(directory.learn(signed_by("k", stream("t", "s", 8)), Heard::itself)) << "replayed";
  EXPECT_FALSE(directory.learn(deleted(signed_by("k", stream("t", "s", 10))), Heard::itself))
      << "no news of life";
  EXPECT_TRUE(directory.learn(signed_by("k", stream("t", "s", 10)), Heard::elsewhere)) << "made again";
}

TEST(SignedStream, OfOursThatAnotherRunHasSignedLaterIsNoted) {
  Directory directory;
  directory.own(signed_by("k", stream("t", "us", 5)));
  EXPECT_TRUE(directory.learn(signed_by("other", stream("t", "us", 99)), Heard::itself)) << "another stream";
  EXPECT_EQ(directory.version("t"), 5u);
  EXPECT_FALSE(directory.learn(signed_by("k", stream("t", "us", 77)), Heard::elsewhere));
  EXPECT_EQ(directory.version("t"), 77u);
  EXPECT_EQ(directory.stream("t")->updated, 5u);
}

TEST(ForgersOfANode, AreAvoidedLongerEachTime) {
  Forgers forgers;
  forgers.caught("p", 100s);
  EXPECT_TRUE(forgers.has("p", 100s + 9min));
  EXPECT_FALSE(forgers.has("p", 100s + 10min));
  EXPECT_TRUE(forgers.list(100s + 10min).empty());
  forgers.caught("p", 2000s);
  EXPECT_TRUE(forgers.has("p", 2000s + 39min));
  EXPECT_FALSE(forgers.has("p", 2000s + 40min));
  EXPECT_FALSE(forgers.has("q", 2000s));
}

TEST(ForgersOfANode, AreBounded) {
  Forgers forgers;
  for (std::size_t i = 0; i <= max_forgers; ++i)
    forgers.caught("n" + std::to_string(i), 100s + Time{1ms} * static_cast<Time::rep>(i));
  EXPECT_EQ(forgers.size(), max_forgers);
  EXPECT_FALSE(forgers.has("n0", 101s));
}

// Signs as a key would.
class Keys : public StreamKeys {
 public:
  Expected<void> sign(StreamInfo &info) override {
    if (broken) return fail(Code::failed, "the disk is full");
    info.fingerprint = key_of(info.slug);
    info.signature = "of " + info.fingerprint + " " + std::to_string(info.updated);
    return {};
  }
  bool has(const Slug &slug, const std::string &fingerprint) override { return fingerprint == key_of(slug); }
  static std::string key_of(const Slug &slug) { return "the key of " + slug; }
  bool broken = false;
};

Settings with(Keys &keys) {
  Settings settings = Bench::settings();
  settings.stream_keys = &keys;
  settings.unix_ms_at_zero = 1'700'000'000'000;
  return settings;
}

TEST(Forgery, IsNoParentForSomeTime) {
  Bench bench;
  bench.watches();
  const SourceEnded ended{.slug = "talk", .ticket = "t2", .error = {Code::forged, "not signed"}};
  bench.say(ended);
  EXPECT_EQ(bench.said, (Lines{"Send 2 cancel t2 link-ended", "RemoveSource talk t2"}));
  EXPECT_EQ(bench.node.forgers(bench.now), std::vector<Uuid>{"parent"});
  bench.wait(1s);  // the search for another parent
  bench.hears(2, bench.offer("t3", {"parent"}));
  EXPECT_EQ(bench.said, Lines{"Send 2 cancel t3 not-requested"}) << "it offers in vain";
  bench.hears(1, bench.offer("t4", {"x", "child"}));
  bench.wait(80ms);
  EXPECT_TRUE(bench.node.find_ticket("t4"));
}

TEST(Forgery, IsOnlyNotedOfNodes) {
  Bench bench;
  bench.fed_own();
  bench.say(SourceEnded{.slug = "own", .ticket = bench.own, .error = {Code::forged, "not signed"}});
  EXPECT_TRUE(bench.node.forgers(bench.now).empty()) << "the publisher is let in again";
}

TEST(OwnStream, IsSignedWhateverChanges) {
  Keys keys;
  Bench bench(with(keys));
  const auto is_signed = [&] {
    const StreamInfo info = *bench.node.find_stream("own");
    StreamInfo again = info;
    EXPECT_TRUE(keys.sign(again));
    EXPECT_EQ(info, again);
    return info.updated;
  };
  bench.fed_own();
  const std::uint64_t begun = is_signed();
  bench.say(MediaMeasured{.slug = "own", .rate_bps = 1'000'000});
  is_signed();
  bench.say(SetStreaming{.call = 5, .slug = "own", .streaming = false});
  EXPECT_GT(is_signed(), begun);
  EXPECT_EQ(bench.node.find_stream("own")->expires,
            1'700'000'000'000u + static_cast<std::uint64_t>((bench.now + statement_life) / 1ms));
}

TEST(OwnStream, ThatCannotBeSignedIsRefused) {
  Keys keys;
  keys.broken = true;
  Bench bench(with(keys));
  bench.hears(3, Publish{.slug = "own"});
  EXPECT_EQ(bench.said, Lines{"Send 3 refusal  bad-request"});
}

TEST(OwnStream, IsTakenBackFromAnotherMachineByItsKey) {
  Keys keys;
  Bench bench(with(keys));
  bench.hears(2, Streams{.streams = {signed_by("another", stream("theirs", "parent", 1))}});
  bench.hears(2, Streams{.streams = {signed_by(Keys::key_of("own"), stream("own", "parent", 1))}});
  bench.hears(3, Publish{.slug = "theirs"});
  EXPECT_EQ(bench.said, Lines{"Send 3 refusal  conflict"});
  bench.hears(3, Publish{.slug = "own"});
  EXPECT_EQ(bench.node.find_stream("own")->source, "us");
}

TEST(OwnStream, SpeaksAgainIfAnotherRunsClockWasAhead) {
  Keys keys;
  Bench bench(with(keys));
  bench.publishes();
  const std::uint64_t before = bench.node.find_stream("own")->updated;
  bench.hears(2, Streams{.streams = {signed_by(Keys::key_of("own"), stream("own", "us", before + 60'000))}});
  for (int i = 0; i < 6; ++i) bench.wait(1s);
  EXPECT_GT(bench.node.find_stream("own")->updated, before + 60'000);
}

TEST(OwnStream, SaysWithItsLastWordThatItIsDeleted) {
  Keys keys;
  Bench bench(with(keys));
  bench.child_confirmed();
  const std::uint64_t before = bench.node.find_stream("own")->updated;
  Effects effects;
  bench.node.handle(DeleteStream{.call = 4, .slug = "own"}, bench.now, effects);
  int told = 0;
  for (const Effect &effect : effects) {
    const auto *send = std::get_if<Send>(&effect);
    const auto *gone = send == nullptr ? nullptr : std::get_if<Gone>(&send->message);
    if (gone == nullptr) continue;
    ++told;
    ASSERT_EQ(gone->stream.size(), 1u);
    StreamInfo word = gone->stream[0];
    EXPECT_TRUE(word.deleted && word.ended && !word.streaming);
    EXPECT_GT(word.updated, before);
    EXPECT_TRUE(keys.sign(word));
    EXPECT_EQ(word, gone->stream[0]);
  }
  EXPECT_EQ(told, 2);
}

TEST(SourceWithAnOldClock, HearsWhatItsKeyHasSaid) {
  Bench bench;
  bench.hears(2, Streams{.streams = {signed_by("k", stream("talk", "parent", 9))}});
  Effects effects;
  bench.node.handle(
      PeerSaid{.peer = 2, .message = Streams{.streams = {signed_by("k", stream("talk", "parent", 5))}}},
      bench.now, effects);
  ASSERT_EQ(effects.size(), 1u);
  const auto &sent = std::get<Send>(effects[0]);
  EXPECT_EQ(sent.peer, 2u);
  EXPECT_EQ(std::get<Streams>(sent.message).streams.at(0).updated, 9u);
}

}  // namespace
}  // namespace astral::core
