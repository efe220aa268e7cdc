// SPDX-License-Identifier: BSD-3-Clause
// The objects that the publisher makes of buffers, read from the provider's store by a Sequence.
#include "elements/publisher.hpp"

#include <gtest/gtest.h>

#include "elements/sequence.hpp"
#include "trust/verifier.hpp"

namespace astral::elements {
namespace {

constexpr std::int64_t millisecond = 1'000'000;

class Silent : public Provider::Owner {
  void on_provider_signal(const std::string &) override {}
  void on_child_added(const std::string &, const std::string &) override {}
  void on_child_removed(const std::string &, const Error &) override {}
  void on_child_slow(const std::string &) override {}
};

struct Stage {
  Stage() : provider({"talk", "element", {.key = *Key::generate(), .stun = {}}, 10, {}}, nullptr, silent) {}

  void push(const std::string &text, std::int64_t pts, bool delta) {
    track::Timing timing;
    timing.pts = pts;
    timing.delta = delta;
    const auto pushed = publisher.push(as_bytes(text), timing);
    ASSERT_TRUE(pushed.has_value()) << pushed.error().detail;
  }
  // Everything so far: "|" begins a group, objects as their text in brackets, "." is an End of Group.
  std::string read() {
    Sequence sequence(provider.store());
    sequence.learn(std::make_shared<const Catalog>(provider.catalog()));
    std::string text;
    while (auto taken = sequence.take(now())) {
      if (taken->begins_group) text += "|";
      if (taken->object.status != moqt::ObjectStatus::normal)
        text += ".";
      else
        text += "[" + std::string(as_text(taken->object.payload().bytes())) + "]";
    }
    return text;
  }

  Silent silent;
  Provider provider;
  const Key key = *Key::generate();
  Publisher publisher{provider, "talk", key, 1000};
};

TEST(Publisher, OneBufferIsOneObjectExceptInAByteStream) {
  Stage frames;
  ASSERT_TRUE(frames.publisher.set_caps("video/x-h264", "video/x-h264", {}).has_value());
  frames.push("dropped", 0, true);
  frames.push("I", 1 * millisecond, false);
  frames.push("P", 2 * millisecond, true);
  frames.push("I", 3 * millisecond, false);
  frames.publisher.flush();
  EXPECT_EQ(frames.read(), "|[I][P].|[I]");
  EXPECT_EQ(frames.publisher.dropped_bytes(), 7u);

  Stage bytes;
  ASSERT_TRUE(bytes.publisher.set_caps("video/x-flv", "video/x-flv", {}).has_value());
  bytes.push("a", 0, false);
  bytes.push("b", 1 * millisecond, true);
  bytes.push("c", 20 * millisecond, true);  // too much later for the same object
  bytes.push("d", 20 * millisecond, false);
  bytes.publisher.end();
  EXPECT_EQ(bytes.read(), "|[ab][c].|[d].");
}

TEST(Publisher, ALongByteStreamBecomesSmallObjects) {
  Stage run;
  ASSERT_TRUE(run.publisher.set_caps("video/x-flv", "video/x-flv", {}).has_value());
  run.push(std::string(3 * Publisher::max_object + 1, 'x'), 0, false);
  run.publisher.flush();
  EXPECT_EQ(run.publisher.counts().objects, 3u);  // the byte is no object of its own
  run.push(std::string(2 * Publisher::max_object + Publisher::max_tail + 1, 'x'), 0, false);
  run.publisher.flush();
  EXPECT_EQ(run.publisher.counts().objects, 6u);
  EXPECT_EQ(run.publisher.counts().bytes, 5 * Publisher::max_object + Publisher::max_tail + 2);
}

TEST(Publisher, TheLeadingStreamHeaderIsNotSentTwice) {
  Stage run;
  const auto slice = [](const char *text) { return Slice::copy(as_bytes(text)); };
  ASSERT_TRUE(run.publisher.set_caps("video/x-flv", "video/x-flv", {slice("head"), slice("er")}).has_value());
  run.push("head", 0, false);
  run.push("er", 0, false);
  run.push("a", 0, false);
  run.push("head", 1 * millisecond, true);  // later the same bytes are media
  run.publisher.flush();
  EXPECT_EQ(run.read(), "|[ahead]");
  EXPECT_EQ(run.provider.catalog().streamheader.size(), 2u);
}

TEST(Publisher, NumbersGroupsAboveTheEarlierRun) {
  Stage run;
  ASSERT_TRUE(run.publisher.set_caps("a/b", "a/b", {}).has_value());
  run.push("x", 0, false);
  EXPECT_EQ(run.publisher.counts().largest_group, 1000u);
  run.publisher.go_above(5000);
  run.push("y", 1, true);
  run.push("z", 2, false);
  EXPECT_EQ(run.publisher.counts().largest_group, 5001u);
}

TEST(Publisher, RefusesWhatDoesNotFitAnObject) {
  Stage run;
  track::Timing timing;
  timing.pts = 0;
  EXPECT_EQ(run.publisher.push(as_bytes("x"), timing).error().code, Code::invalid);
  EXPECT_EQ(
      run.publisher.set_caps("a/b", "a/b", {Slice::copy(std::vector<std::uint8_t>(100'000))}).error().code,
      Code::too_large);
  ASSERT_TRUE(run.publisher.set_caps("a/b", "a/b", {}).has_value());
  const std::vector<std::uint8_t> huge(Publisher::max_buffer + 1);
  EXPECT_EQ(run.publisher.push(huge, timing).error().code, Code::too_large);
}

TEST(Publisher, SignsItsObjectsAndItsCatalog) {
  Stage run;
  ASSERT_TRUE(run.publisher.set_caps("video/x-h264", "video/x-h264", {}).has_value());
  run.push("I", 1 * millisecond, false);
  run.push("P", 2 * millisecond, true);
  run.push("J", 3 * millisecond, false);
  const PublicKey key = *PublicKey::from_raw(run.key.public_key_raw());
  trust::Verifier media(key, track_name("talk", media_track)),
      catalog(key, track_name("talk", catalog_track));
  std::vector<trust::Claim> claims;
  track::Range all({1000, 0}, {1002, 0});
  for (auto next = all.next(run.provider.store(), now()); next.object;
       next = all.next(run.provider.store(), now())) {
    const track::Object &object = *next.object;
    const auto claim = media.check(object.id, object.properties(), object.payload().bytes());
    ASSERT_TRUE(claim) << trust::text_of(claim.error());
    claims.push_back(*claim);
  }
  EXPECT_EQ(claims, (std::vector<trust::Claim>{
                        {1000, std::nullopt}, {1000, std::nullopt}, {1000, moqt::Location{1000, 2}}}));
  const Catalog &described = run.provider.catalog();
  EXPECT_TRUE(catalog.check({1000, 0}, described.proof.bytes(), described.text.bytes()));
  EXPECT_TRUE(std::ranges::equal(described.key.bytes(), key.raw()));
}

// The node knows of larger groups than this publisher's clock gives: its groups go on above, as another run.
TEST(Publisher, BeginsAnotherEpochWhereItsGroupsJump) {
  Stage run;
  ASSERT_TRUE(run.publisher.set_caps("video/x-h264", "video/x-h264", {}).has_value());
  run.push("I", 1 * millisecond, false);
  run.publisher.go_above(500);  // below: nothing changes
  run.publisher.go_above(track::Store::max_id);
  run.publisher.go_above(8999);
  run.push("P", 2 * millisecond, true);
  run.push("J", 3 * millisecond, false);
  trust::Verifier media(*PublicKey::from_raw(run.key.public_key_raw()), track_name("talk", media_track));
  const std::pair<moqt::Location, std::uint64_t> expected[] = {
      {{1000, 0}, 1000}, {{1000, 1}, 1000}, {{9000, 0}, 9000}};
  for (const auto &[at, epoch] : expected) {
    track::Range one(at, {at.group, at.object + 1});
    const auto next = one.next(run.provider.store(), now());
    ASSERT_TRUE(next.object);
    const auto claim = media.check(at, next.object->properties(), next.object->payload().bytes());
    ASSERT_TRUE(claim) << trust::text_of(claim.error());
    EXPECT_EQ(claim->epoch, epoch);
  }
}

}  // namespace
}  // namespace astral::elements
