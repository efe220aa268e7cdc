// SPDX-License-Identifier: BSD-3-Clause
// Which nodes may get a ticket, apart from the room of the upstream.
#include "core/admission.hpp"

#include <gtest/gtest.h>

#include "core/limits.hpp"

namespace astral::core {
namespace {

struct Asking : testing::Test {
  Asking() {
    stream.slug = "talk";
    stream.position = {.hops = 1, .path = {"source"}};
  }
  std::string why() const {
    const auto found = objection(&stream, request, at, times);
    return found ? found->why : "";
  }
  StreamState stream;
  Request request{.slug = "talk", .destination = "child"};
  Admission at{.now = 100s, .open = true};
  Timeouts times;
};

TEST_F(Asking, ANodeMayGetAStreamThatIsOpenToChildren) {
  EXPECT_EQ(why(), "");
}

TEST_F(Asking, AStreamThatIsNotCarriedIsUnknown) {
  EXPECT_EQ(objection(nullptr, request, at, times)->code, RefusalCode::no_stream);
}

TEST_F(Asking, ANodeOnOurPathWouldCloseALoop) {
  request.destination = "source";
  EXPECT_EQ(objection(&stream, request, at, times)->code, RefusalCode::loop);
}

TEST_F(Asking, ANodeWithoutAPathToThePublisherGivesNoTicket) {
  at.open = false;
  EXPECT_EQ(why(), "no parent ourselves");
}

TEST_F(Asking, ANodeWhoseParentIsSilentTakesNoChildForFiveSeconds) {
  stream.silence = Silence{.since = 99s};
  EXPECT_EQ(why(), "nothing comes here either");
  stream.silence->since = at.now - times.no_room;
  EXPECT_EQ(why(), "");
}

TEST_F(Asking, AChildThatDidNotHoldTheRateIsSentElsewhere) {
  at.shunned = true;
  EXPECT_EQ(why(), "it did not hold the rate, or nobody found a place below it");
}

TEST_F(Asking, OnlyGuestsGetAPrivateStream) {
  at.invited = false;
  EXPECT_EQ(objection(&stream, request, at, times)->code, RefusalCode::not_invited);
}

TEST(Invited, ToAPublicStreamIsEverybody) {
  const StreamInfo open{.slug = "talk"};
  EXPECT_TRUE(invited(&open, {}, false, 0));
  EXPECT_TRUE(invited(nullptr, {}, false, 0));
}

TEST(Invited, ToAPrivateStreamIsWhoShowsAGoodPass) {
  StreamInfo closed{.slug = "talk", .is_private = true, .revoked = {"00000000000000bb"}};
  const Pass pass{.id = "00000000000000aa", .expires = 100};
  EXPECT_TRUE(invited(&closed, pass, true, 99'999));
  EXPECT_FALSE(invited(&closed, pass, false, 99'999));
  EXPECT_FALSE(invited(&closed, pass, true, 100'000));
  EXPECT_FALSE(invited(&closed, {}, false, 99'999));
  closed.revoked.push_back(pass.id);
  EXPECT_FALSE(invited(&closed, pass, true, 99'999));
}

TEST_F(Asking, ThePathIsBounded) {
  stream.position.path.assign(max_path - 1, "n");
  EXPECT_EQ(why(), "too far from the publisher");
}

TEST_F(Asking, AStreamThatNobodyWantsHasNoStandbys) {
  stream.unwanted = 1s;
  EXPECT_EQ(why(), "");
  request.standby = true;
  EXPECT_EQ(why(), "nobody wants it here");
}

}  // namespace
}  // namespace astral::core
