// SPDX-License-Identifier: BSD-3-Clause
// The life of a stream as its viewers see it: it stops, continues, pauses and ends. Also who owns its name.
#include "three.hpp"

namespace astral::core {
namespace {

TEST_F(Three, APublisherThatComesBackContinuesItsNumbers) {
  EXPECT_TRUE(watch(r));
  EXPECT_TRUE(watch(v));
  const TicketId of_v = world.node(v).find_ticket("talk", {})->id;
  const TicketId of_r = world.node(r).find_ticket("talk", {})->id;
  world.step(p, MediaMeasured{.slug = "talk", .rate_bps = 500'000, .largest_group = 41, .caps = ""});
  world.hang_up(sink);
  world.run(1s);
  EXPECT_FALSE(world.node(v).find_stream("talk")->streaming);
  EXPECT_EQ(world.effects_of("p", "RemoveSource talk"), 1u);
  EXPECT_EQ(world.effects_of("p", "CloseMedia"), 0u);
  world.run(50s);
  const std::size_t again = world.publish(p, "talk");
  world.run(1s);
  EXPECT_EQ(world.last_of(again, "published"), "published talk 41");
  EXPECT_TRUE(world.node(v).find_stream("talk")->streaming);
  EXPECT_TRUE(world.fed(p, "talk"));
  EXPECT_EQ(world.node(v).find_ticket("talk", {})->id, of_v);
  EXPECT_EQ(world.node(r).find_ticket("talk", {})->id, of_r);
  EXPECT_EQ(world.effects_of("p", "CloseMedia"), 0u);
}

TEST_F(Three, ANodeWhoseLineIsTooThinOffersNoPlaces) {
  EXPECT_TRUE(watch(r));
  EXPECT_EQ(world.node(r).places("talk"), 0u);  // its media has not come
  world.run(1s);
  const std::uint32_t places = world.node(r).places("talk");
  EXPECT_GT(places, 0u);
  world.step(r, MediaMeasured{.slug = "talk", .rate_bps = 500'000, .thin = true});
  EXPECT_EQ(world.node(r).places("talk"), 0u);
  EXPECT_FALSE(watch(v));  // p has room for one child only
  world.step(r, MediaMeasured{.slug = "talk", .rate_bps = 500'000});
  EXPECT_EQ(world.node(r).places("talk"), places);
}

TEST_F(Three, EndedKeepsThePublisherConnected) {
  world.say(sink, Ended{.slug = "talk"});
  world.run(1s);
  EXPECT_FALSE(world.node(r).find_stream("talk")->streaming);
  world.say(sink, Publish{.slug = "talk", .name = "", .description = "", .media = ""});
  world.run(1s);
  EXPECT_TRUE(world.node(r).find_stream("talk")->streaming);
  EXPECT_TRUE(world.fed(p, "talk"));
}

TEST_F(Three, ASecondPublisherIsRefused) {
  const std::size_t other = world.publish(p, "talk");
  const std::size_t elsewhere = world.publish(r, "talk");
  world.run(1s);
  EXPECT_EQ(world.last_of(other, "refusal"), "refusal  conflict");
  EXPECT_EQ(world.last_of(elsewhere, "refusal"), "refusal  conflict");
  EXPECT_TRUE(world.fed(p, "talk"));
}

TEST_F(Three, APauseKeepsTheTicketsOfTheChildren) {
  EXPECT_TRUE(watch(r));
  const CallId pause = world.call(p, SetStreaming{.call = 0, .slug = "talk", .streaming = false});
  EXPECT_FALSE(world.answer(pause)->value().stream->streaming);
  world.run(40s);
  EXPECT_FALSE(world.fed(p, "talk"));
  EXPECT_TRUE(world.last_of(sink, "cancel")->ends_with("paused"));
  EXPECT_FALSE(world.node(r).find_stream("talk")->streaming);
  EXPECT_TRUE(world.fed(r, "talk"));  // children keep their tickets
  world.call(p, SetStreaming{.call = 0, .slug = "talk", .streaming = true});
  world.run(1s);
  EXPECT_TRUE(world.fed(p, "talk"));
  EXPECT_TRUE(world.node(r).find_stream("talk")->streaming);
  const CallId not_ours = world.call(r, SetStreaming{.call = 0, .slug = "talk", .streaming = false});
  EXPECT_EQ(world.answer(not_ours)->error().code, Code::refused);
}

TEST_F(Three, ADeletedStreamIsClosedEverywhere) {
  EXPECT_TRUE(watch(r));
  EXPECT_TRUE(watch(v));
  const std::size_t player = world.play(v, "talk");
  world.run(1s);
  EXPECT_TRUE(world.last_of(player, "offer"));
  const CallId not_ours = world.call(r, DeleteStream{.call = 0, .slug = "talk"});
  EXPECT_EQ(world.answer(not_ours)->error().code, Code::refused);
  const CallId call = world.call(p, DeleteStream{.call = 0, .slug = "talk"});
  EXPECT_TRUE(world.answer(call)->has_value());
  world.run(1s);
  for (const std::size_t node : {p, r, v}) {
    EXPECT_FALSE(world.node(node).find_stream("talk"));
    EXPECT_FALSE(world.node(node).has_media("talk"));
    EXPECT_TRUE(world.node(node).tickets().empty());
  }
  EXPECT_TRUE(world.last_of(player, "cancel")->ends_with("ended"));
  EXPECT_TRUE(world.last_of(sink, "cancel")->ends_with("ended"));
  // The name is free again, and old news does not bring the old stream back.
  world.publish(r, "talk");
  world.run(1s);
  EXPECT_EQ(world.node(v).find_stream("talk")->source, "r");
}

TEST(Origin, GivesANameToTheFirstNode) {
  World world;
  Settings settings;
  settings.has_origin = true;
  const std::size_t a = world.add("a", settings);
  const std::size_t b = world.add("b", settings);
  const CallId one =
      world.call(a, CreateStream{.call = 0, .stream = {.name = "My Talk!", .description = "d"}});
  const CallId two =
      world.call(b, CreateStream{.call = 0, .stream = {.name = "my talk", .description = ""}});
  EXPECT_EQ(world.answer(one), nullptr);  // not before the origin answers
  world.run(1s);
  EXPECT_EQ(world.answer(one)->value().stream->slug, "my-talk");
  EXPECT_TRUE(world.answer(one)->value().created);
  EXPECT_EQ(world.answer(two)->error().code, Code::conflict);
  // B knows nobody; the origin tells it of the stream and of A.
  world.publish(a, "my-talk");
  const CallId watch = world.ask(b, "my-talk");
  world.run(3s);
  EXPECT_TRUE(world.answer(watch)->has_value());
  EXPECT_EQ(world.chain(b, "my-talk"), (Chain{"a", "b"}));
  EXPECT_TRUE(world.origin().at("my-talk").streaming);
  world.call(a, DeleteStream{.call = 0, .slug = "my-talk"});
  EXPECT_TRUE(world.origin().empty());
}

TEST(Origin, ASilentOriginDelaysCallsForElevenSecondsAtMost) {
  World world;
  world.origin_silent = true;
  Settings settings;
  settings.has_origin = true;
  const std::size_t a = world.add("a", settings);
  const CallId create = world.call(a, CreateStream{.call = 0, .stream = {.name = "talk", .description = ""}});
  const CallId watch = world.ask(a, "other");
  const std::size_t sink = world.publish(a, "third");
  world.run(11s);
  EXPECT_EQ(world.answer(create)->error().code, Code::timeout);
  EXPECT_EQ(world.answer(watch)->error().code, Code::not_found);
  EXPECT_EQ(world.last_of(sink, "refusal"), "refusal  timeout");
}

TEST(OwnStreams, AreWaitedForWhileTheirFirstMediaIsOnItsWay) {
  World world;
  const std::size_t a = world.add("a");
  world.publish(a, "talk");
  EXPECT_TRUE(world.run_until([&] { return world.node(a).find_stream("talk").has_value(); }, 1s));
  ASSERT_FALSE(world.fed(a, "talk"));
  const CallId asked = world.ask(a, "talk");
  EXPECT_EQ(world.answer(asked), nullptr);
  EXPECT_TRUE(world.run_until([&] { return world.answer(asked) != nullptr; }, 1s));
  EXPECT_TRUE(world.answer(asked)->has_value());
  EXPECT_TRUE(world.fed(a, "talk"));
}

TEST(Names, AnInvalidNameIsAnErrorAndATakenOneIsNotCreatedAgain) {
  World world;
  const std::size_t a = world.add("a");
  const auto create = [&](const std::string &name) {
    return world.call(a, CreateStream{.call = 0, .stream = {.name = name, .description = ""}});
  };
  EXPECT_EQ(world.answer(create("!!!"))->error().code, Code::invalid);
  EXPECT_EQ(world.answer(create(std::string(201, 'x')))->error().code, Code::too_large);
  EXPECT_EQ(world.answer(create("a\x01"))->error().code, Code::invalid);
  const CallId first = create("Talk");
  EXPECT_TRUE(world.answer(first)->value().created);
  const CallId again = create("talk");
  EXPECT_FALSE(world.answer(again)->value().created);
  EXPECT_EQ(world.node(a).streams().size(), 1u);
  EXPECT_EQ(world.node(a).streams()[0].created, 1'700'000'001);
  const CallId own = world.ask(a, "talk");
  EXPECT_EQ(world.answer(own)->error().code, Code::no_room);  // its publisher is away
}

}  // namespace
}  // namespace astral::core
