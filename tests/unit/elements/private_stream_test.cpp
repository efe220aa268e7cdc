// SPDX-License-Identifier: BSD-3-Clause
// A private stream, from the node that it is published at to a guest: relays see nothing of it, guests see it
// as it was published, and who is revoked sees nothing of the next key epoch.
#include <gtest/gtest.h>

#include <string>

#include "elements/countersigner.hpp"
#include "elements/opener.hpp"
#include "elements/signed_object.hpp"
#include "glue/json.hpp"
#include "trust/verifier.hpp"

namespace astral::elements {
namespace {

constexpr std::uint64_t run = 5000;  // the publisher's first group
const std::string frame(1000, 'f');

trust::Guest guest(std::uint8_t id) {
  return {{id}, Secret::random()};
}

class Private : public testing::Test {
 protected:
  Private() { countersigner.set_privacy({"The talk", "about it", {alice, bob}}, Time{}); }

  std::shared_ptr<const Catalog> catalog(std::uint64_t group, const char *caps = "video/x-frames") {
    Catalog made = *make_catalog(group, caps, {Slice::copy(as_bytes("header"))});
    const trust::Signer signer(publisher, track_name("talk", catalog_track));
    made.proof = Slice::copy(signer.prove({group, 0}, {run, std::nullopt}, {}, made.text.bytes()));
    return std::make_shared<const Catalog>(std::move(made));
  }
  SharedTaken published(moqt::Location at, const std::string &payload = frame) {
    Taken taken;
    taken.catalog = published_catalog;
    taken.timing.pts = 7;
    taken.timing.catalog = published_catalog->group;
    const trust::Signer signer(publisher, track_name("talk", media_track));
    const bool over = payload.empty();
    const trust::Claim claim{run, over ? std::optional(moqt::Location{at.group - 1, 3}) : std::nullopt, over};
    const auto properties = signer.prove(at, claim, track::encode_timing(taken.timing), as_bytes(payload));
    taken.object = object_of(at, properties, as_bytes(payload));
    return std::make_shared<const Taken>(std::move(taken));
  }
  SharedTaken send(moqt::Location at, Time now = {}) { return countersigner.sign(published(at), now); }

  const Key publisher = *Key::generate(), key = *Key::generate();
  const trust::Guest alice = guest(1), bob = guest(2), eve = guest(3);
  std::shared_ptr<const Catalog> published_catalog = catalog(run);
  Countersigner countersigner{key, "talk", 1'000};
  Opener for_alice{alice}, for_bob{bob};
};

TEST_F(Private, ReachesItsGuestsAsItWasPublished) {
  const auto sent = send({run, 0});
  ASSERT_TRUE(sent);
  for (Opener *opener : {&for_alice, &for_bob}) {
    const auto opened = opener->open(sent);
    ASSERT_TRUE(opened) << opened.error().detail;
    EXPECT_EQ(as_text((*opened)->object.payload().bytes()), frame);
    EXPECT_EQ((*opened)->object.id, (moqt::Location{run, 0}));
    EXPECT_EQ((*opened)->timing.pts, 7);
    const Catalog &shown = *(*opened)->catalog;
    EXPECT_EQ(shown.caps, "video/x-frames");
    ASSERT_EQ(shown.streamheader.size(), 1u);
    EXPECT_EQ(as_text(shown.streamheader[0].bytes()), "header");
    EXPECT_EQ(shown.name, "The talk");
    EXPECT_EQ(shown.description, "about it");
  }
}

TEST_F(Private, ShowsNothingToRelays) {
  const auto sent = send({run, 0});
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->catalog->caps, private_caps);
  const std::string catalog_text(as_text(sent->catalog->text.bytes()));
  const std::string wire(as_text(sent->object.wire.bytes()));
  for (const char *word : {"video", "aGVhZGVy", "talk", "about", "ffffff"}) {
    EXPECT_EQ(catalog_text.find(word), std::string::npos) << word;
    EXPECT_EQ(wire.find(word), std::string::npos) << word;
  }
  const auto read = read_catalog(sent->catalog->group, sent->catalog->text);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_TRUE(read->is_private());
  EXPECT_EQ(Opener().open(sent).error().code, Code::refused);
  EXPECT_EQ(Opener(eve).open(sent).error().code, Code::refused);
  EXPECT_EQ(Opener(trust::Guest{alice.id, eve.secret}).open(sent).error().code, Code::forged);
}

TEST_F(Private, IsSignedByTheStreamsKey) {
  const auto sent = send({run, 0});
  ASSERT_TRUE(sent);
  const PublicKey open = *PublicKey::from_raw(key.public_key_raw());
  trust::Verifier media(open, track_name("talk", media_track)),
      catalogs(open, track_name("talk", catalog_track));
  EXPECT_TRUE(media.check(sent->object.id, sent->object.properties(), sent->object.payload().bytes()));
  EXPECT_TRUE(
      catalogs.check({sent->catalog->group, 0}, sent->catalog->proof.bytes(), sent->catalog->text.bytes()));
  EXPECT_EQ(track::decode_timing(sent->object.properties())->catalog, sent->catalog->group);
  countersigner.set_privacy({"", "", {alice}}, Time{});
  const auto next = send({run + 1, 0});
  ASSERT_TRUE(next);
  EXPECT_GT(next->catalog->group, sent->catalog->group);
  EXPECT_TRUE(
      catalogs.check({next->catalog->group, 0}, next->catalog->proof.bytes(), next->catalog->text.bytes()));
}

TEST_F(Private, IsReadByItsOwnNode) {
  const auto sent = send({run, 0});
  Opener own(countersigner.self());
  ASSERT_TRUE(own.open(sent));
  EXPECT_EQ(own.catalog()->name, "The talk");
}

TEST_F(Private, WhoIsRevokedReadsNothingOfTheNextGroup) {
  ASSERT_TRUE(for_bob.open(send({run, 0})));
  countersigner.set_privacy({"The talk", "about it", {alice}}, Time{});
  const auto same_group = send({run, 1});
  EXPECT_TRUE(for_bob.open(same_group));
  const auto next_group = send({run + 1, 0});
  EXPECT_EQ(for_bob.open(next_group).error().code, Code::refused);
  EXPECT_EQ(for_bob.open(send({run + 1, 1})).error().code, Code::refused);
  EXPECT_TRUE(for_alice.open(same_group));
  EXPECT_TRUE(for_alice.open(next_group));
  // Not with what bob has kept either.
  trust::EpochKey kept(*trust::find_guest(same_group->catalog->guests.bytes(), bob, key.public_key_raw()),
                       key.public_key_raw());
  EXPECT_FALSE(kept.open(next_group->object.id, next_group->object.payload().bytes()));
}

TEST_F(Private, WhoIsInvitedReadsTheNextGroup) {
  Opener for_eve{eve};
  EXPECT_FALSE(for_eve.open(send({run, 0})));
  countersigner.set_privacy({"The talk", "about it", {alice, bob, eve}}, Time{});
  EXPECT_FALSE(for_eve.open(send({run, 1})));
  EXPECT_TRUE(for_eve.open(send({run + 1, 0})));
}

TEST_F(Private, DoesNotWaitForAGroupThatDoesNotCome) {
  ASSERT_TRUE(for_bob.open(send({run, 0})));
  countersigner.set_privacy({"", "", {alice}}, 10s);
  EXPECT_TRUE(for_bob.open(send({run, 1}, 10s + Countersigner::max_wait - 1ms)));
  EXPECT_FALSE(for_bob.open(send({run, 2}, 10s + Countersigner::max_wait)));
  EXPECT_TRUE(for_alice.open(send({run, 3}, 10s + Countersigner::max_wait)));
}

TEST_F(Private, AnotherCatalogKeepsTheKeyEpoch) {
  const auto first = send({run, 0});
  published_catalog = catalog(run + 1, "audio/x-other");
  const auto second = send({run + 1, 0});
  ASSERT_TRUE(second);
  EXPECT_NE(first->catalog->group, second->catalog->group);
  EXPECT_TRUE(std::ranges::equal(first->catalog->guests.bytes(), second->catalog->guests.bytes()));
  const auto opened = for_alice.open(second);
  ASSERT_TRUE(opened);
  EXPECT_EQ((*opened)->catalog->caps, "audio/x-other");
}

TEST_F(Private, AnotherStartHasOtherKeysAndLaterCatalogs) {
  const auto sent = send({run, 0});
  Countersigner again(key, "talk", 2'000'000);
  again.set_privacy({"The talk", "about it", {alice, bob}}, Time{});
  const auto anew = again.sign(published({run, 0}), Time{});
  ASSERT_TRUE(anew);
  EXPECT_GT(anew->catalog->group, sent->catalog->group);
  EXPECT_FALSE(std::ranges::equal(sent->object.payload().bytes(), anew->object.payload().bytes()));
  ASSERT_TRUE(for_alice.open(anew));
  EXPECT_TRUE(for_alice.open(sent));
}

// A key that encrypts two payloads in one place gives away how they differ.
TEST_F(Private, EncryptsNoPlaceTwice) {
  ASSERT_TRUE(send({run, 1}));
  EXPECT_FALSE(countersigner.sign(published({run, 1}, "another"), Time{}));
  EXPECT_FALSE(countersigner.sign(published({run, 0}, "another"), Time{}));
  EXPECT_EQ(countersigner.refused(), 2u);
  ASSERT_TRUE(send({run, 2}));
}

TEST_F(Private, TellsItsEndInClear) {
  ASSERT_TRUE(send({run, 0}));
  const auto end = countersigner.sign(published({run + 1, 0}, ""), Time{});
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->object.payload().empty());
  EXPECT_TRUE(trust::is_over(end->object.properties()));
  const auto opened = for_alice.open(end);
  ASSERT_TRUE(opened);
  EXPECT_EQ(*opened, end);
  EXPECT_FALSE(countersigner.end());
}

TEST_F(Private, HasNoPast) {
  Taken past = *published({run, 0});
  past.past = true;
  past.catalog = nullptr;
  EXPECT_FALSE(countersigner.sign(std::make_shared<const Taken>(past), Time{}));
  EXPECT_EQ(countersigner.refused(), 0u);
}

// As a relay takes it from its store: only the catalog says whose stream it is.
TEST_F(Private, IsReadOutOfAStoreToo) {
  Taken stored = *send({run, 0});
  stored.key = {};
  EXPECT_TRUE(for_alice.open(std::make_shared<const Taken>(stored)));
}

TEST(Public, PassesTheOpenerAsItIs) {
  const auto taken = std::make_shared<const Taken>();
  EXPECT_EQ(*Opener().open(taken), taken);
}

TEST(PrivacyText, IsRead) {
  const std::string secret(64, 'a');
  const auto text = [&](const std::string &id, const std::string &of) {
    return R"({"name":"N","description":"D","guests":[{"id":")" + id + R"(","secret":")" + of + R"("}]})";
  };
  const auto read = read_privacy(text("0102030405060708", secret));
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->name, "N");
  EXPECT_EQ(read->description, "D");
  ASSERT_EQ(read->guests.size(), 1u);
  EXPECT_EQ(read->guests[0].id, (trust::GuestId{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(to_hex(read->guests[0].secret.bytes()), secret);
  EXPECT_FALSE(read_privacy(text("01020304050607", secret)));
  EXPECT_FALSE(read_privacy(text("010203040506070g", secret)));
  EXPECT_FALSE(read_privacy(text("0102030405060708", secret.substr(2))));
  EXPECT_FALSE(read_privacy("{}"));
}

}  // namespace
}  // namespace astral::elements
