// SPDX-License-Identifier: BSD-3-Clause
// Whatever a peer sends over a link, in any order, can at most end that link. Tests provider, consumer and
// relay with everything above QUIC, against a peer that the test controls.
#include <gst/gst.h>
#include <gtest/gtest.h>

#include <limits>

#include "elements/consumer.hpp"
#include "elements/provider.hpp"
#include "elements/relay_impl.hpp"
#include "elements/source_impl.hpp"
#include "moqt/control_reader.hpp"
#include "moqt/fetch_stream.hpp"
#include "moqt/subgroup.hpp"
#include "still.hpp"
#include "track/timing.hpp"
#include "trust/signer.hpp"

namespace astral::elements {
namespace {

using still::Wire;

constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
const std::string fingerprint(64, 'a');
const ice::Description description{"abcd", "0123456789abcdefghijkl", {}};

LinkSettings link() {
  static const Key key = *Key::generate();
  return {.key = key, .stun = {}};
}

// The stream's key. Each group is an epoch of its own.
const Key &stream_key() {
  static const Key key = *Key::generate();
  return key;
}

track::Object object(moqt::Location id, std::string_view text = "x", const Key &key = stream_key(),
                     std::optional<moqt::Location> ended = std::nullopt, bool over = false) {
  track::Timing timing;
  timing.pts = 1;
  timing.catalog = 1;
  const trust::Signer signer(key, track_name("talk", media_track));
  track::Object made;
  made.id = id;
  made.wire = moqt::encode_object(
      signer.prove(id, {id.group, ended, over}, track::encode_timing(timing), as_bytes(text)),
      as_bytes(text));
  const auto view = moqt::view_object(made.wire.bytes());
  made.properties_offset = static_cast<std::size_t>(view->properties.data() - made.wire.data());
  made.properties_size = view->properties.size();
  made.payload_offset = made.wire.size() - view->payload.size();
  return made;
}

moqt::Parameters parameters(const std::string &ticket) {
  moqt::Parameters made;
  made.tokens.push_back({.value = ticket});
  return made;
}

moqt::Subscribe subscribe(std::uint64_t id, const char *track) {
  return {moqt::RequestId{id}, track_name("talk", track), parameters("t")};
}

moqt::Fetch fetch(std::uint64_t id, moqt::Location start, moqt::Location end) {
  return {moqt::RequestId{id}, moqt::StandaloneFetch{track_name("talk", media_track), start, end},
          parameters("t")};
}

void say(Wire &wire, quic::StreamId stream, const moqt::Message &message) {
  wire.data(stream, moqt::encode(message), false);
}

template <typename T>
std::vector<T> answers(const Wire &wire, quic::StreamId stream) {
  std::vector<T> all;
  const auto found = wire.sent.find(stream);
  if (found == wire.sent.end()) return all;
  moqt::ControlReader reader;
  reader.feed(found->second.bytes);
  for (auto frame = reader.next(); frame && *frame; frame = reader.next()) {
    const auto message = moqt::decode((*frame)->type, (*frame)->body);
    if (const T *one = message ? std::get_if<T>(&*message) : nullptr) all.push_back(*one);
  }
  return all;
}

// ---- a child ----

struct Children final : Provider::Owner {
  void on_provider_signal(const std::string &) override {}
  void on_child_added(const std::string &, const std::string &) override { ++count; }
  void on_child_removed(const std::string &, const Error &error) override {
    --count;
    why = error;
  }
  void on_child_slow(const std::string &) override {}
  int count = 0;
  Error why;
};

class HostileChild : public testing::Test {
 protected:
  HostileChild()
      : provider({.slug = "talk", .uuid = "p", .link = link(), .max_children = 3, .store = {}}, nullptr,
                 children) {
    provider.handle(signalling::Request{"t", "talk"});
    provider.handle(signalling::Confirm{"t", fingerprint, description});
    child = still::wires().back();
    child->establish();
    child->drained();
  }
  void publish(std::uint64_t group) {
    provider.set_catalog(*make_catalog(group, "video/x-frames", {}));
    provider.add(object({group, 0}), std::nullopt);
    provider.pump();
  }

  Children children;
  Provider provider;
  std::shared_ptr<Wire> child;
};

TEST_F(HostileChild, CanSubscribeToTheCatalogAlone) {
  say(*child, 0, subscribe(0, catalog_track));
  child->drained();
  EXPECT_TRUE(answers<moqt::SubscribeOk>(*child, 0).empty());
  publish(7);
  const auto answered = answers<moqt::SubscribeOk>(*child, 0);
  ASSERT_EQ(answered.size(), 1u);
  EXPECT_EQ(answered[0].parameters.largest_object, (moqt::Location{7, 0}));
  EXPECT_EQ(answered[0].properties.number(catalog_group_property), 7u);

  publish(8);                         // sends a catalog group and no media group
  EXPECT_EQ(child->sent.size(), 3u);  // control, request, group
  moqt::RequestUpdate pause{moqt::RequestId{2}, {}};
  pause.parameters.forward = false;
  say(*child, 0, pause);
  child->drained();
  const auto updated = answers<moqt::RequestOk>(*child, 0);
  ASSERT_EQ(updated.size(), 1u);
  EXPECT_EQ(updated[0].parameters.largest_object, (moqt::Location{8, 0}));
  EXPECT_EQ(children.count, 0);
  EXPECT_TRUE(child->open());
}

TEST_F(HostileChild, CanSubscribeToBothTracksInAnyOrder) {
  publish(7);
  say(*child, 0, subscribe(0, catalog_track));
  child->drained();
  say(*child, 4, subscribe(2, media_track));
  child->drained();
  child->stop(0, 0);  // cancels the catalog's subscription
  child->drained();
  const auto media = answers<moqt::SubscribeOk>(*child, 4);
  ASSERT_EQ(media.size(), 1u);
  EXPECT_EQ(media[0].parameters.largest_object, (moqt::Location{7, 0}));
  say(*child, 8, subscribe(4, catalog_track));
  child->drained();
  EXPECT_EQ(answers<moqt::SubscribeOk>(*child, 8).size(), 1u);
  EXPECT_EQ(children.count, 1);
  EXPECT_TRUE(child->open());
}

TEST_F(HostileChild, CanFetchUpToTheLargestGroupId) {
  publish(7);
  provider.add(object({7, 1}), std::nullopt);
  say(*child, 0, fetch(0, {7, 0}, {last, 0}));
  say(*child, 4, fetch(2, {0, 0}, {last, last}));
  say(*child, 8, fetch(4, {7, 0}, {7, 0}));
  say(*child, 12, fetch(6, {7, 0}, {7, 1}));
  say(*child, 16, fetch(8, {last, last}, {last, last}));
  child->drained();
  provider.pump();
  still::pass(track::Cursor::default_patience);  // the range waits for objects before the first group
  const moqt::Location ends[] = {{7, 2}, {7, 2}, {7, 2}, {7, 1}};
  for (quic::StreamId stream = 0; stream < 16; stream += 4) {
    const auto answered = answers<moqt::FetchOk>(*child, stream);
    ASSERT_EQ(answered.size(), 1u) << stream;
    EXPECT_EQ(answered[0].end, ends[stream / 4]) << stream;
    EXPECT_TRUE(child->sent[stream].fin) << stream;
  }
  EXPECT_EQ(answers<moqt::RequestError>(*child, 16).size(), 1u);
}

TEST_F(HostileChild, IsClosedIfItReadsNoAnswers) {
  publish(7);
  say(*child, 0, subscribe(0, media_track));
  child->drained();
  ASSERT_EQ(children.count, 1);
  child->takes = Wire::Takes::nothing;
  child->sent[3].flying = Link::max_held - 1000;  // media that is not acknowledged
  for (std::uint64_t id = 2; id < 1000 && child->open(); id += 2) {
    say(*child, 0, moqt::RequestUpdate{moqt::RequestId{id}, {}});
    child->drained();
  }
  EXPECT_FALSE(child->open());
  EXPECT_EQ(children.why.code, Code::refused);
  still::run();
  EXPECT_EQ(provider.children(), 0u);
}

TEST_F(HostileChild, IsClosedIfItGrantsNoStreamsForAnswers) {
  publish(7);
  say(*child, 0, subscribe(0, media_track));
  child->drained();
  child->streams = 0;
  say(*child, 4, fetch(2, {7, 0}, {8, 0}));  // the data stream is not granted
  std::uint64_t id = 4;
  for (std::size_t i = 0; i < 2 * Link::max_waiting && child->open(); ++i, id += 2) {
    say(*child, 0, moqt::RequestUpdate{moqt::RequestId{id}, {}});
    child->drained();
  }
  EXPECT_FALSE(child->open());
  EXPECT_EQ(children.why.code, Code::refused);
}

TEST_F(HostileChild, ASkipIsCountedForItsLink) {
  publish(7);
  say(*child, 0, subscribe(0, media_track));
  child->drained();
  child->sent[3].waiting = Link::max_unsent;  // the link takes no more objects
  provider.limit_store(1024);
  for (std::uint64_t group = 8; group < 40; ++group) publish(group);
  child->sent[3].waiting = 0;
  provider.pump();
  Statistics statistics;
  provider.fill(statistics);
  ASSERT_EQ(statistics.links.size(), 1u);
  EXPECT_EQ(statistics.links[0].skipped, 1u);
  EXPECT_EQ(statistics.links[0].kept_streams, 0u);
}

TEST_F(HostileChild, InvalidAndRepeatedRequestsDoNotAffectOthers) {
  provider.handle(signalling::Request{"t", "talk"});
  provider.handle(signalling::Candidates{"nobody", {"rubbish"}});
  provider.handle(signalling::Confirm{"nobody", fingerprint, description});
  provider.handle(signalling::Cancel{"nobody", "ended", ""});
  provider.handle(signalling::Request{"u", "talk"});
  provider.handle(signalling::Candidates{"u", {"rubbish"}});  // a candidate before the description is ignored
  provider.handle(signalling::Confirm{"u", "no fingerprint", description});
  still::run();
  EXPECT_EQ(provider.children(), 1u);
  publish(7);
  say(*child, 0, subscribe(0, media_track));
  child->drained();
  EXPECT_EQ(children.count, 1);
}

// ---- a parent ----

struct Viewer final : Consumer::Owner {
  void on_consumer_signal(const std::string &) override {}
  void on_consumer_connected(const std::string &, const std::string &) override { ++connected; }
  Needs on_consumer_needs() override { return {}; }
  void on_consumer_ready() override {}
  void on_consumer_thin(const std::optional<LineMeter::Rates> &) override {}
  void on_consumer_ended(const std::optional<Error> &error) override {
    is_over = true;
    why = error;
  }
  int connected = 0;
  bool is_over = false;
  std::optional<Error> why;
};

std::string catalog_of(const std::string &caps) {
  return R"({"version":1,"tracks":[{"name":"media","caps":")" + caps + "\"}]}";
}

const std::string plain = catalog_of("video/x-frames");

class HostileParent : public testing::Test {
 protected:
  static constexpr quic::StreamId catalog = 0, media = 4, newest = 8;  // in the consumer's order

  HostileParent() {
    consumer.handle(signalling::Offer{"t", fingerprint, description, "talk", "p"});
    parent = still::wires().back();
    parent->find();
    parent->establish();
    parent->drained();
  }
  void accept(quic::StreamId stream, std::uint64_t alias, std::string_view text, moqt::Location largest = {},
              const Key &key = stream_key()) {
    moqt::SubscribeOk ok;
    ok.alias = moqt::TrackAlias{alias};
    ok.parameters.largest_object = largest;
    const trust::Signer signer(key, track_name("talk", catalog_track));
    ok.properties.add(catalog_property, text).add(catalog_group_property, 1);
    ok.properties.add(catalog_proof_property,
                      as_text(signer.prove({1, 0}, {1, std::nullopt}, {}, as_bytes(text))));
    ok.properties.add(trust::key_property, as_text(key.public_key_raw()));
    say(*parent, stream, ok);
    parent->drained();
  }
  void accept_both() {
    accept(catalog, 0, plain);
    accept(media, 1, plain, {5, 0});
  }
  // A subgroup with this object, and then the End of Group.
  void give_object(quic::StreamId stream, std::uint64_t alias, const track::Object &object) {
    moqt::SubgroupHeader header;
    header.alias = moqt::TrackAlias{alias};
    header.group = object.id.group;
    moqt::Writer out;
    out.bytes(moqt::encode(header)).vi64(object.id.object).bytes(object.wire.from(1).bytes());
    out.bytes(moqt::encode_end_of_group().bytes());
    parent->data(stream, out.view(), true);
    parent->drained();
  }
  void give(quic::StreamId stream, std::uint64_t alias, moqt::Location id) {
    give_object(stream, alias, object(id));
  }
  // What can be taken: "5.0 " is an object, "5.1e " the end of a group.
  std::string take_text() {
    std::string text;
    while (auto taken = consumer.take())
      text += std::to_string(taken->object.id.group) + "." + std::to_string(taken->object.id.object) +
              (taken->object.status == moqt::ObjectStatus::normal ? " " : "e ");
    return text;
  }
  // The link has ended because of what the parent sent, and nothing of that was given out.
  void expect_refused(std::string_view why) {
    EXPECT_EQ(take_text(), "");
    EXPECT_TRUE(viewer.is_over);
    ASSERT_TRUE(viewer.why);
    EXPECT_EQ(viewer.why->code, Code::forged);
    EXPECT_NE(viewer.why->detail.find(why), std::string::npos) << viewer.why->detail;
    EXPECT_FALSE(parent->open());
  }
  // After PUBLISH_DONE, which names so many data streams. None: the stream has ended.
  std::optional<Code> code_of_end(std::uint64_t streams) {
    say(*parent, media, moqt::PublishDone{moqt::DoneCode::track_ended, streams, "the stream has ended"});
    parent->drained();
    EXPECT_TRUE(viewer.is_over);
    return viewer.why ? std::optional(viewer.why->code) : std::nullopt;
  }
  std::uint64_t refused() const {
    Statistics statistics;
    consumer.fill(statistics);
    return statistics.refused;
  }
  std::size_t take_all(std::size_t most) {
    std::size_t count = 0;
    while (count < most && consumer.take()) ++count;
    return count;
  }

  Viewer viewer;
  Consumer consumer{{.slug = "talk", .link = link(), .store = {}}, nullptr, viewer};
  std::shared_ptr<Wire> parent;
};

TEST_F(HostileParent, IdsWithoutASuccessorAreRefused) {
  accept(catalog, 0, plain);
  accept(media, 1, plain, {last, last});
  give(3, 1, {5, 0});
  give(7, 1, {last, 0});
  give(11, 1, {last - 1, last - 1});
  give(15, 1, {6, last - 1});
  EXPECT_EQ(take_all(100), 1u);  // the first object
  EXPECT_FALSE(viewer.is_over);
}

TEST_F(HostileParent, AnAlteredObjectEndsTheLink) {
  accept_both();
  track::Object altered = object({5, 0}, "payload");
  std::vector<std::uint8_t> wire(altered.wire.bytes().begin(), altered.wire.bytes().end());
  wire.back() ^= 1;
  altered.wire = Slice::copy(wire);
  give_object(3, 1, altered);
  expect_refused("not signed by the stream's key");
  EXPECT_EQ(refused(), 1u);
}

TEST_F(HostileParent, AnObjectInAnotherPlaceEndsTheLink) {
  accept_both();
  track::Object moved = object({5, 0});
  moved.id = {std::uint64_t{1} << 60, 0};  // it would hide all that comes
  give_object(3, 1, moved);
  expect_refused("not signed by the stream's key");
}

TEST_F(HostileParent, AnObjectOfAnotherKeyEndsTheLink) {
  accept_both();
  give_object(3, 1, object({5, 0}, "x", *Key::generate()));
  expect_refused("not signed by the stream's key");
}

TEST_F(HostileParent, ACatalogOfAnotherKeyEndsTheLink) {
  accept(catalog, 0, plain);
  accept(media, 1, plain, {}, *Key::generate());
  expect_refused("different keys");
}

TEST_F(HostileParent, AnAlteredCatalogEndsTheLink) {
  moqt::SubscribeOk ok;
  ok.properties.add(catalog_property, plain).add(catalog_group_property, 2);  // signed for group 1
  const trust::Signer signer(stream_key(), track_name("talk", catalog_track));
  ok.properties.add(catalog_proof_property,
                    as_text(signer.prove({1, 0}, {1, std::nullopt}, {}, as_bytes(plain))));
  ok.properties.add(trust::key_property, as_text(stream_key().public_key_raw()));
  say(*parent, catalog, ok);
  parent->drained();
  expect_refused("not signed by the stream's key");
  EXPECT_EQ(refused(), 1u);
}

TEST_F(HostileParent, AnUnsignedStreamIsRefused) {
  moqt::SubscribeOk ok;
  ok.properties.add(catalog_property, plain).add(catalog_group_property, 1);
  say(*parent, catalog, ok);
  parent->drained();
  expect_refused("is not signed");
}

TEST_F(HostileParent, NobodyCanCutAGroupShort) {
  accept_both();
  give(3, 1, {5, 0});  // and says that the group ends at 5/1
  give(7, 1, {5, 1});
  give_object(11, 1, object({6, 0}, "x", stream_key(), moqt::Location{5, 2}));
  EXPECT_EQ(take_text(), "5.0 5.1 5.2e 6.0 ");
  EXPECT_FALSE(viewer.is_over);
}

// A word of an earlier run does not count: the parent has left, whatever it says.
TEST_F(HostileParent, NobodyButItsKeyEndsAStream) {
  accept_both();
  give_object(3, 1, object({5, 0}, "", stream_key(), std::nullopt, true));
  give(7, 1, {6, 0});
  EXPECT_EQ(code_of_end(2), Code::unreachable);
}

TEST_F(HostileParent, TheKeyOfAStreamEndsIt) {
  accept_both();
  give(3, 1, {5, 0});
  give_object(7, 1, object({6, 0}, "", stream_key(), moqt::Location{5, 1}, true));
  EXPECT_EQ(code_of_end(2), std::nullopt);
  EXPECT_EQ(take_text(), "5.0 5.1e 6.0 ");
}

TEST_F(HostileParent, EndlessReplaysEndTheLink) {
  accept_both();
  const track::Object again = object({5, 0});
  quic::StreamId stream = 3;
  for (std::uint64_t i = 0; i < Consumer::max_repeated; ++i, stream += 4) give_object(stream, 1, again);
  EXPECT_EQ(take_text(), "5.0 ");
  EXPECT_FALSE(viewer.is_over);
  for (int i = 0; i < 3; ++i, stream += 4) give_object(stream, 1, again);
  expect_refused("again and again");
}

// Streams overtake each other: what cannot be checked yet waits for the key, and then is checked.
TEST_F(HostileParent, ObjectsWaitForTheKey) {
  const quic::StreamId fetch = 8;
  say(*parent, fetch,
      moqt::FetchOk{.end_of_track = false, .end = {6, 0}, .parameters = {}, .properties = {}});
  const auto fetched = [&](quic::StreamId stream, const track::Object &one) {
    moqt::Writer out;
    out.bytes(moqt::encode(moqt::FetchHeader{moqt::RequestId{4}}));
    moqt::FetchContext context;
    moqt::FetchItem item;
    item.id = one.id;
    item.kind = moqt::FetchItem::Kind::object;
    item.properties = one.properties();
    const Slice payload = one.payload();
    item.payload = payload.bytes();
    context.write(out, item);
    parent->data(stream, out.view(), true);
    parent->drained();
  };
  fetched(3, object({5, 0}));
  EXPECT_EQ(take_text(), "");
  accept_both();
  EXPECT_EQ(take_text(), "5.0 ");
  EXPECT_FALSE(viewer.is_over);
}

TEST(Pinned, AStreamWithAnotherKeyIsRefused) {
  for (const bool is_same : {true, false}) {
    Viewer viewer;
    Consumer consumer({.slug = "talk",
                       .link = link(),
                       .store = {},
                       .stream_key = is_same ? stream_key().fingerprint() : Key::generate()->fingerprint()},
                      nullptr, viewer);
    consumer.handle(signalling::Offer{"t", fingerprint, description, "talk", "p"});
    const auto parent = still::wires().back();
    parent->find();
    parent->establish();
    parent->drained();
    const trust::Signer signer(stream_key(), track_name("talk", catalog_track));
    moqt::SubscribeOk ok;
    ok.properties.add(catalog_property, plain).add(catalog_group_property, 1);
    ok.properties.add(catalog_proof_property,
                      as_text(signer.prove({1, 0}, {1, std::nullopt}, {}, as_bytes(plain))));
    ok.properties.add(trust::key_property, as_text(stream_key().public_key_raw()));
    say(*parent, 0, ok);
    parent->drained();
    EXPECT_EQ(viewer.is_over, !is_same);
    EXPECT_EQ(parent->open(), is_same);
  }
}

TEST_F(HostileParent, DeeplyNestedCapsAreRefused) {
  accept(catalog, 0, catalog_of("video/x-frames,a=" + std::string(59'000, '{')));
  EXPECT_TRUE(viewer.is_over);
  ASSERT_TRUE(viewer.why);
  EXPECT_EQ(viewer.why->code, Code::invalid);
  EXPECT_NE(viewer.why->detail.find("caps"), std::string::npos) << viewer.why->detail;
}

// Messages that do not fit the state of any request.
TEST_F(HostileParent, UnexpectedAnswersEndAtMostTheLink) {
  for (const moqt::Message &message :
       {moqt::Message(moqt::RequestOk{}), moqt::Message(moqt::FetchOk{}), moqt::Message(moqt::PublishDone{}),
        moqt::Message(moqt::SubscribeOk{})}) {
    Viewer other;
    Consumer another({.slug = "talk", .link = link(), .store = {}}, nullptr, other);
    another.handle(signalling::Offer{"u", fingerprint, description, "talk", "p"});
    const auto wire = still::wires().back();
    wire->find();
    wire->establish();
    wire->drained();
    say(*wire, media, message);
    wire->drained();
    EXPECT_TRUE(other.is_over);
  }
  EXPECT_FALSE(viewer.is_over);
}

// ---- a node ----

TEST(HostileNode, InvalidMessagesDoNotEndAWorkingLink) {
  ElementSettings settings;
  settings.slug = "talk";
  settings.signaller = SignallerKind::application;
  const auto nothing = [](const std::string &, const std::string &) {};
  auto source =
      std::move(*SourceImpl::start(settings, {[](const std::string &) {}, nothing, nothing, nullptr}));
  source->take_signalling(signalling::to_text(signalling::Offer{"t", fingerprint, description, "talk", "p"}));
  still::run();
  const auto parent = still::wires().back();
  parent->find();
  parent->establish();
  parent->drained();
  source->take_signalling("{ rubbish");
  source->take_signalling(R"({"type":"offer","ticket":"t"})");
  source->take_signalling(R"({"type":"cancel","ticket":"t","code":"no-room","message":"over"})");
  still::run();
  const auto item = source->pop();
  ASSERT_TRUE(item && std::holds_alternative<SourceImpl::End>(*item));
  ASSERT_TRUE(std::get<SourceImpl::End>(*item).error);
  EXPECT_EQ(std::get<SourceImpl::End>(*item).error->detail, "over");
}

// ---- the element stops while an event waits to be delivered ----

TEST(HostileEnd, AChildMaySubscribeWhileTheProviderStops) {
  gst_init(nullptr, nullptr);
  ElementSettings settings;
  settings.slug = "talk";
  settings.signaller = SignallerKind::application;
  int added = 0;
  Hooks hooks{[](const std::string &) {}, [&](const std::string &, const std::string &) { ++added; },
              [](const std::string &, const std::string &) {}, [](const Error &) {}};
  auto relay = std::move(*RelayImpl::start(settings, hooks));
  relay->take_signalling(R"({"type":"request","ticket":"t","slug":"talk"})");
  relay->take_signalling(signalling::to_text(signalling::Confirm{"t", fingerprint, description}));
  still::run();
  const auto child = still::wires().back();
  child->establish();
  child->drained();
  say(*child, 0, subscribe(0, media_track));
  relay.reset();
  EXPECT_EQ(added, 0);
  EXPECT_FALSE(child->alive());
}

TEST(HostileEnd, AParentMayAnswerWhileTheConsumerStops) {
  Viewer viewer;
  std::shared_ptr<Wire> parent;
  {
    Consumer consumer({.slug = "talk", .link = link(), .store = {}}, nullptr, viewer);
    consumer.handle(signalling::Offer{"t", fingerprint, description, "talk", "p"});
    parent = still::wires().back();
    parent->find();
    parent->establish();  // ready, but the consumer does not know it yet
  }
  EXPECT_EQ(viewer.connected, 0);
  EXPECT_FALSE(parent->alive());
  EXPECT_FALSE(viewer.is_over);
}

}  // namespace
}  // namespace astral::elements
