// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: both ends of a link, each against a peer that may send anything above QUIC (unit/elements/still.hpp).
// The input's first byte chooses the end, the rest is steps: a provider with its children's requests, or a
// consumer with its parent's answers.
#include <gst/gst.h>

#include <cassert>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "../unit/elements/still.hpp"
#include "elements/consumer.hpp"
#include "elements/provider.hpp"
#include "elements/unpacker.hpp"
#include "moqt/fetch_stream.hpp"
#include "moqt/subgroup.hpp"
#include "steps.hpp"
#include "track/timing.hpp"
#include "trust/signer.hpp"

using namespace astral;
using namespace astral::elements;
using fuzz::Steps;
using still::Wire;

namespace {

const std::string fingerprint(64, 'a');
const ice::Description description{"abcd", "0123456789abcdefghijkl", {}};
constexpr std::size_t slack = 1024 * 1024;  // bytes: answers to what arrived in one step

LinkSettings link_settings() {
  static const Key key = *Key::generate();
  return {.key = key, .stun = {}};
}

moqt::Location location(Steps &steps) {
  const std::uint64_t group = steps.number();
  return {group, steps.number()};
}

const Key &stream_key() {
  static const Key key = *Key::generate();
  return key;
}

// As the publisher signs it, or by another key.
std::vector<std::uint8_t> proven(Steps &steps, const char *track, moqt::Location at, Bytes own,
                                 Bytes payload) {
  static const Key other = *Key::generate();
  const trust::Signer signer(steps.below(16) == 0 ? other : stream_key(), track_name("talk", track));
  trust::Claim claim{steps.below(4) == 0 ? steps.number() : at.group, std::nullopt};
  if (steps.flag() && at.group > 0) claim.ended = moqt::Location{at.group - 1, steps.number()};
  return signer.prove(at, claim, own, payload);
}

std::vector<std::uint8_t> properties(Steps &steps, moqt::Location at, Bytes payload) {
  switch (steps.below(8)) {
    case 0: {
      const Bytes raw = steps.bytes();
      return {raw.begin(), raw.end()};
    }
    case 1:
      return {};
    default: {
      track::Timing timing;
      timing.pts = static_cast<std::int64_t>(steps.number());
      if (steps.flag()) timing.dts = static_cast<std::int64_t>(steps.number());
      if (steps.flag()) timing.duration = static_cast<std::int64_t>(steps.number());
      timing.catalog = steps.below(3);
      const std::vector<std::uint8_t> own = track::encode_timing(timing);
      return steps.below(8) == 0 ? own : proven(steps, media_track, at, own, payload);
    }
  }
}

track::Object object(Steps &steps) {
  track::Object made;
  made.id = location(steps);
  if (steps.below(4) == 0) {
    made.wire = moqt::encode_end_of_group();
    made.status = moqt::ObjectStatus::end_of_group;
    made.payload_offset = made.wire.size();
    return made;
  }
  const std::string payload(1 + steps.below(3) * 3000, 'x');
  const std::vector<std::uint8_t> own = properties(steps, made.id, as_bytes(payload));
  if (!moqt::check_properties(own)) return made;  // without a wire image: no reader accepts such properties
  made.wire = moqt::encode_object(own, as_bytes(payload));
  const auto view = moqt::view_object(made.wire.bytes());
  made.properties_offset = static_cast<std::size_t>(view->properties.data() - made.wire.data());
  made.properties_size = view->properties.size();
  made.payload_offset = made.wire.size() - view->payload.size();
  return made;
}

std::string catalog_text(Steps &steps) {
  static const std::vector<std::string> caps = {"video/x-frames", "video/x-frames,a={1,2}",    "ANY", "EMPTY",
                                                "rubbish",        "a/b,c=(GstCaps)\\\"d/e\\\""};
  if (steps.below(8) == 0) return steps.text();
  const std::string chosen = steps.below(8) == 0 ? "a/b,c=" + std::string(200 * steps.below(256), '{')
                                                 : caps[steps.below(caps.size())];
  return R"({"version":1,"tracks":[{"name":"media","caps":")" + chosen + R"(","streamheader":["QUJD"]}]})";
}

// What either side may send on any stream, in any state.
void disturb(Wire &wire, Steps &steps) {
  const quic::StreamId stream = steps.byte();
  switch (steps.below(6)) {
    case 0:
      wire.data(stream, steps.bytes(), false);
      break;
    case 1:
      wire.data(stream, steps.bytes(), true);
      break;
    case 2:
      wire.reset(stream, steps.number());
      break;
    case 3:
      wire.stop(stream, steps.number());
      break;
    case 4:
      wire.takes = static_cast<Wire::Takes>(steps.below(3));
      break;
    default:
      wire.streams = steps.below(4);
      break;
  }
}

void say(Wire &wire, Steps &steps, const moqt::Message &message) {
  const quic::StreamId stream = 4 * steps.below(16);
  const bool fin = steps.below(8) == 0;
  wire.data(stream, moqt::encode(message), fin);
}

moqt::Parameters asked(Steps &steps) {
  moqt::Parameters made;
  if (steps.below(8) != 0) made.tokens.push_back({.value = "t" + std::to_string(steps.below(2))});
  if (steps.flag()) made.forward = steps.flag();
  if (steps.flag()) made.subscriber_priority = steps.byte();
  return made;
}

// ---- a provider, and its children ----

class Children final : public Provider::Owner {
 public:
  explicit Children(Steps &steps) : steps_(steps) {}

  void play() {
    while (!steps_.done()) {
      step();
      check();
    }
    for (const auto &wire : still::wires()) read(*wire);
  }

 private:
  void on_provider_signal(const std::string &text) override { assert(signalling::parse(text)); }
  void on_child_added(const std::string &, const std::string &) override { ++added_; }
  void on_child_removed(const std::string &, const Error &) override { ++removed_; }
  void on_child_slow(const std::string &) override {}

  void step() {
    const auto wires = still::wires();
    Wire *child = wires.empty() ? nullptr : wires[steps_.below(wires.size())].get();
    switch (steps_.below(16)) {
      case 0: {
        const std::string ticket = "t" + std::to_string(steps_.below(3));
        provider_.handle(signalling::Request{ticket, "talk"});
        provider_.handle(signalling::Confirm{ticket, fingerprint, description});
        if (const auto made = still::wires(); !made.empty()) made.back()->establish();
        break;
      }
      case 1:
        provider_.handle(
            signalling::Cancel{"t" + std::to_string(steps_.below(3)), steps_.flag() ? "ended" : "", ""});
        break;
      case 2:
        if (auto catalog = make_catalog(steps_.number(), "video/x-frames", {}))
          provider_.set_catalog(*catalog);
        break;
      case 3:
      case 4:
        if (track::Object next = object(steps_); !next.wire.empty())
          provider_.add(std::move(next), static_cast<std::int64_t>(steps_.number()));
        provider_.pump();
        break;
      case 5:
        if (steps_.flag())
          provider_.finish();
        else
          provider_.drain([] {});
        break;
      case 6:
        still::pass(std::chrono::milliseconds(50 * steps_.byte()));
        break;
      default:
        if (child) request(*child);
        break;
    }
  }

  void request(Wire &child) {
    switch (steps_.below(10)) {
      case 0:
      case 1:
      case 2: {
        moqt::Subscribe subscribe;
        subscribe.id = moqt::RequestId{steps_.number()};
        static constexpr std::array<const char *, 4> tracks{media_track, catalog_track, "other", media_track};
        subscribe.track = track_name("talk", tracks[steps_.below(tracks.size())]);
        subscribe.parameters = asked(steps_);
        if (steps_.flag())
          subscribe.parameters.filter =
              moqt::Filter{static_cast<moqt::Filter::Kind>(1 + steps_.below(4)), location(steps_), 0};
        say(child, steps_, subscribe);
        break;
      }
      case 3: {
        moqt::RequestUpdate update;
        update.id = moqt::RequestId{steps_.number()};
        update.parameters = asked(steps_);
        update.parameters.tokens.clear();
        say(child, steps_, update);
        break;
      }
      case 4:
      case 5: {
        moqt::Fetch fetch;
        fetch.id = moqt::RequestId{steps_.number()};
        fetch.parameters = asked(steps_);
        if (steps_.flag())
          fetch.range = moqt::JoiningFetch{steps_.flag(), moqt::RequestId{steps_.number()}, steps_.number()};
        else
          fetch.range =
              moqt::StandaloneFetch{track_name("talk", media_track), location(steps_), location(steps_)};
        say(child, steps_, fetch);
        break;
      }
      case 6:
        child.drained();
        break;
      case 7:
        if (steps_.below(4) == 0) child.end();
        child.drained();
        break;
      default:
        disturb(child, steps_);
        if (steps_.flag()) child.drained();
        break;
    }
  }

  void check() {
    assert(provider_.children() <= max_children && removed_ <= added_);
    assert(provider_.store().bytes() <= store_bytes + track::Store::max_ahead * track::Store::object_cost);
    for (const auto &wire : still::wires()) assert(wire->held() <= Link::max_held + slack);
  }

  // A correct peer can read all that it was sent.
  static void read(const Wire &wire) {
    for (const auto &[id, stream] : wire.sent) {
      if (!quic::is_unidirectional(id)) continue;
      moqt::SplitVi64 number;
      Bytes in(stream.bytes);
      const auto type = number.take(in);
      if (!type) continue;
      if (moqt::is_subgroup_type(*type)) {
        moqt::SubgroupReader reader(*type, slack);
        while (!in.empty()) {
          const auto step = reader.read(in);
          assert(step && *step != moqt::SubgroupReader::Step::too_large);
          if (*step == moqt::SubgroupReader::Step::malformed) break;  // a relayed mandatory property
          if (*step == moqt::SubgroupReader::Step::object) reader.take_object();
        }
      } else if (*type == moqt::fetch_stream_type && number.take(in)) {
        moqt::FetchReader reader(moqt::GroupOrder::ascending, slack);
        while (!in.empty()) {
          const auto step = reader.read(in);
          assert(step && *step != moqt::FetchReader::Step::too_large);
          if (*step == moqt::FetchReader::Step::malformed) break;
          if (*step == moqt::FetchReader::Step::object) reader.take_object();
        }
      }
    }
  }

  static constexpr std::size_t max_children = 2;
  static constexpr std::size_t store_bytes = 64 * 1024;
  Steps &steps_;
  std::size_t added_ = 0, removed_ = 0;
  Provider provider_{{.slug = "talk",
                      .uuid = "p",
                      .link = link_settings(),
                      .max_children = max_children,
                      .store = {.bytes = store_bytes, .age = 10s}},
                     nullptr,
                     *this};
};

// ---- a consumer, and its parent ----

class Parent final : public Consumer::Owner {
 public:
  explicit Parent(Steps &steps) : steps_(steps), is_spare_(steps.below(4) == 0) {}

  void play() {
    consumer_.handle(signalling::Offer{"t0", fingerprint, description, "talk", "p"});
    wire_ = still::wires().back();
    wire_->rtt = steps_.flag() ? 1ms : 100ms;
    wire_->find();
    wire_->establish();
    wire_->drained();
    while (!steps_.done()) {
      step();
      take();
      assert(wire_->held() <= Link::max_held + slack);
    }
  }

 private:
  void on_consumer_signal(const std::string &text) override { assert(signalling::parse(text)); }
  void on_consumer_connected(const std::string &, const std::string &) override {}
  Needs on_consumer_needs() override { return {position_, steps_.flag()}; }
  void on_consumer_ready() override {}
  void on_consumer_thin(const std::optional<LineMeter::Rates> &) override {}
  void on_consumer_ended(const std::optional<Error> &) override {
    assert(!is_over_);
    is_over_ = true;
  }

  void step() {
    switch (steps_.below(16)) {
      case 0:
      case 1: {
        moqt::SubscribeOk ok;
        ok.alias = moqt::TrackAlias{steps_.below(3)};
        if (steps_.below(4) != 0) ok.parameters.largest_object = location(steps_);
        const std::string text = catalog_text(steps_);
        const std::uint64_t group = steps_.number();
        if (steps_.below(8) != 0) ok.properties.add(catalog_property, text);
        if (steps_.below(8) != 0) ok.properties.add(catalog_group_property, group);
        if (steps_.below(16) != 0)
          ok.properties.add(catalog_proof_property,
                            as_text(proven(steps_, catalog_track, {group, 0}, {}, as_bytes(text))));
        if (steps_.below(16) != 0)
          ok.properties.add(trust::key_property, as_text(stream_key().public_key_raw()));
        if (steps_.flag()) ok.properties.add(present_property, steps_.number());
        say(*wire_, steps_, ok);
        break;
      }
      case 2: {
        moqt::RequestOk ok;
        if (steps_.flag()) ok.parameters.largest_object = location(steps_);
        say(*wire_, steps_, ok);
        break;
      }
      case 3: {
        moqt::RequestError error;
        error.code = static_cast<moqt::RequestCode>(steps_.below(0x33));
        error.reason = "no";
        say(*wire_, steps_, error);
        break;
      }
      case 4: {
        moqt::PublishDone done;
        done.code = moqt::DoneCode::track_ended;
        done.stream_count = steps_.number();
        say(*wire_, steps_, done);
        break;
      }
      case 5:
        say(*wire_, steps_, moqt::FetchOk{steps_.flag(), location(steps_), {}, {}});
        break;
      case 6:
      case 7:
      case 8:
        give();
        break;
      case 9:
        give_fetched();
        break;
      case 10:
        consumer_.set_standby(steps_.flag());
        break;
      case 11: {
        const track::Span gap{location(steps_), location(steps_)};
        consumer_.fetch(gap);
        last_.reset();
        break;
      }
      case 12:
        consumer_.handle(
            signalling::Cancel{steps_.flag() ? "t0" : "t1", steps_.flag() ? "ended" : "closed", ""});
        break;
      case 13:
        still::pass(std::chrono::milliseconds(50 * steps_.byte()));
        break;
      case 14:
        if (steps_.below(16) == 0) wire_->end();
        wire_->drained();
        break;
      default:
        disturb(*wire_, steps_);
        break;
    }
    if (steps_.flag()) wire_->drained();
  }

  // A new subgroup with some objects.
  void give() {
    moqt::SubgroupHeader header;
    header.alias = moqt::TrackAlias{steps_.below(3)};
    header.group = steps_.number();
    moqt::Writer out;
    out.bytes(moqt::encode(header));
    for (std::size_t count = 1 + steps_.below(4); count > 0; --count) {
      const Slice wire = object(steps_).wire;
      if (wire.empty()) break;
      out.vi64(steps_.number()).bytes(wire.from(1).bytes());
    }
    wire_->data(next_stream_, out.view(), steps_.flag());
    next_stream_ += 4;
  }

  void give_fetched() {
    moqt::Writer out;
    out.bytes(moqt::encode(moqt::FetchHeader{moqt::RequestId{2 * steps_.below(8)}}));
    moqt::FetchContext context;
    for (std::size_t count = 1 + steps_.below(4); count > 0; --count) {
      moqt::FetchItem item;
      item.id = location(steps_);
      item.kind = static_cast<moqt::FetchItem::Kind>(steps_.below(3));
      const std::vector<std::uint8_t> own = properties(steps_, item.id, as_bytes("x"));
      item.properties = own;
      item.payload = as_bytes("x");
      if (!context.may_follow(item.id)) break;
      context.write(out, item);
    }
    wire_->data(next_stream_, out.view(), steps_.flag());
    next_stream_ += 4;
  }

  void take() {
    while (auto taken = consumer_.take()) {
      const moqt::Location id = taken->object.id;
      const bool normal = taken->object.status == moqt::ObjectStatus::normal;
      assert(taken->past || !last_ || id > *last_);
      assert(taken->past || !normal || taken->catalog);
      if (!taken->past) {
        last_ = id;
        position_ = normal ? moqt::Location{id.group, id.object + 1} : moqt::Location{id.group + 1, 0};
      }
      const auto out = unpacker_.unpack(std::make_shared<const Taken>(std::move(*taken)), 5'000'000'000);
      if (!out) unpacker_ = {};  // as if the element had ended with that error and been restarted
    }
  }

  Steps &steps_;
  const bool is_spare_;
  bool is_over_ = false;
  quic::StreamId next_stream_ = 7;  // 3 may be the control stream
  std::optional<moqt::Location> last_, position_;
  Unpacker unpacker_;
  std::shared_ptr<Wire> wire_;
  Consumer consumer_{{.slug = "talk",
                      .link = link_settings(),
                      .store = {.bytes = 64 * 1024, .age = 10s},
                      .standby = is_spare_},
                     nullptr,
                     *this};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  static const bool ready = [] {
    setenv("GST_REGISTRY_DISABLE", "yes", 1);
    gst_init(nullptr, nullptr);
    register_object_meta();
    return true;
  }();
  assert(ready);
  Steps steps(Bytes(data, size));
  if (steps.flag())
    Children(steps).play();
  else
    Parent(steps).play();
  still::run();
  assert(still::wires().empty());
  return 0;
}
