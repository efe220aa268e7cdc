// SPDX-License-Identifier: BSD-3-Clause
// Objects and the streams that carry them: subgroups, fetches, datagrams.
#include "moqt/subgroup.hpp"

#include <gtest/gtest.h>

#include <random>

#include "hex.hpp"
#include "moqt/datagram.hpp"
#include "moqt/fetch_stream.hpp"
#include "moqt/limits.hpp"
#include "moqt/properties.hpp"

namespace astral::moqt {
namespace {

using Step = SubgroupReader::Step;

struct Parsed {
  std::optional<SubgroupHeader> header;
  std::vector<Object> objects;
  std::optional<Violation> violation;
  Step last = Step::need_more;
  bool at_boundary = false;
};

// Reads a stream whose bytes arrive in pieces of these sizes; the last size repeats.
Parsed parse(Bytes stream, std::vector<std::size_t> pieces = {SIZE_MAX}, std::uint64_t max_object = 1 << 20) {
  Parsed parsed;
  SplitVi64 type;
  std::optional<SubgroupReader> reader;
  for (std::size_t i = 0; !stream.empty(); ++i) {
    Bytes in = stream.first(std::min(stream.size(), pieces[std::min(i, pieces.size() - 1)]));
    stream = stream.subspan(in.size());
    while (!in.empty()) {
      if (!reader) {
        const auto value = type.take(in);
        if (!value) break;
        if (!is_subgroup_type(*value)) {
          parsed.violation = Violation{CloseCode::protocol_violation, "type"};
          return parsed;
        }
        reader.emplace(*value, max_object);
        continue;
      }
      const auto step = reader->read(in);
      if (!step) {
        parsed.violation = step.error();
        return parsed;
      }
      parsed.last = *step;
      if (*step == Step::header) parsed.header = reader->header();
      if (*step == Step::object) parsed.objects.push_back(reader->take_object());
      if (*step == Step::too_large || *step == Step::malformed) return parsed;
    }
  }
  parsed.at_boundary = reader && reader->at_boundary();
  return parsed;
}

TEST(SubgroupVectors, PlainHeaderAndObjects) {
  const auto wire = hex("70 07 05 | 00 04 61626364 | 00 04 65666768 | 00 00 03");
  const Parsed parsed = parse(wire);
  ASSERT_FALSE(parsed.violation);
  ASSERT_TRUE(parsed.header);
  EXPECT_EQ(parsed.header->alias, TrackAlias{7});
  EXPECT_EQ(parsed.header->group, 5u);
  EXPECT_EQ(parsed.header->subgroup, 0u);
  EXPECT_FALSE(parsed.header->priority);
  EXPECT_TRUE(parsed.header->first_object);
  EXPECT_EQ(to_hex(encode(*parsed.header)), "700705");
  ASSERT_EQ(parsed.objects.size(), 3u);
  EXPECT_EQ(parsed.objects[0].id, (Location{5, 0}));
  EXPECT_TRUE(parsed.objects[0].first_object);
  EXPECT_EQ(as_text(parsed.objects[0].payload().bytes()), "abcd");
  EXPECT_EQ(to_hex(parsed.objects[0].wire.bytes()),
            "000004"
            "61626364")
      << "the same image as with the PROPERTIES bit";
  EXPECT_EQ(parsed.objects[1].id, (Location{5, 1}));
  EXPECT_FALSE(parsed.objects[1].first_object);
  EXPECT_EQ(parsed.objects[2].id, (Location{5, 2}));
  EXPECT_EQ(parsed.objects[2].status, ObjectStatus::end_of_group);
  EXPECT_TRUE(parsed.objects[2].payload().empty());
  EXPECT_EQ(to_hex(parsed.objects[2].wire.bytes()), to_hex(encode_end_of_group().bytes()));
  EXPECT_TRUE(parsed.at_boundary);
}

TEST(SubgroupVectors, FullHeader) {
  const auto wire = hex("5d 07 05 09 c8");
  const Parsed parsed = parse(wire);
  ASSERT_TRUE(parsed.header);
  EXPECT_EQ(parsed.header->subgroup, 9u);
  EXPECT_EQ(parsed.header->priority, 200);
  EXPECT_TRUE(parsed.header->properties && parsed.header->end_of_group && parsed.header->first_object);
  EXPECT_EQ(to_hex(encode(*parsed.header)), to_hex(wire));
}

TEST(Subgroup, AcceptsExactlyTheTypesOfTheDraft) {
  for (std::uint64_t type = 0; type < 0x200; ++type) {
    bool valid = false;
    for (const std::uint64_t base : {0x10u, 0x18u, 0x30u, 0x38u, 0x50u, 0x58u, 0x70u, 0x78u})
      valid = valid || (type >= base && type <= base + 5);
    EXPECT_EQ(is_subgroup_type(type), valid) << type;
  }
}

TEST(Subgroup, TheSubgroupIdMayBeTheFirstObjectsId) {
  const auto wire = hex("13 07 05 80 | 04 00 01 61 | 01 00 01 62");
  const Parsed parsed = parse(wire);
  ASSERT_EQ(parsed.objects.size(), 2u);
  EXPECT_EQ(parsed.objects[0].subgroup, 4u);
  EXPECT_EQ(parsed.objects[0].priority, 0x80);
  EXPECT_EQ(parsed.objects[1].subgroup, 4u);
  EXPECT_EQ(parsed.objects[1].id.object, 6u);
}

// A stream with every feature of a subgroup.
std::vector<std::uint8_t> rich_stream() {
  Properties properties;
  properties.add(0x3800, 12345).add(0x3801, "signature");
  SubgroupHeader header;
  header.alias = TrackAlias{1000};
  header.group = 1'700'000'000'000;
  header.mode = SubgroupHeader::Mode::field;
  header.subgroup = 3;
  header.priority = 7;
  header.first_object = true;
  Writer out;
  out.bytes(encode(header));
  out.bytes(encode_object(encode(properties), as_bytes("first")).bytes());
  out.bytes(encode_object({}, Bytes{}).bytes());
  out.vi64(70).bytes(encode_object(encode(properties), as_bytes(std::string(300, 'p'))).from(1).bytes());
  out.bytes(encode_end_of_group().bytes());
  return out.take();
}

void expect_rich(const Parsed &parsed) {
  ASSERT_FALSE(parsed.violation) << parsed.violation->reason;
  ASSERT_EQ(parsed.objects.size(), 4u);
  EXPECT_EQ(parsed.objects[0].id.object, 0u);
  EXPECT_EQ(as_text(parsed.objects[0].payload().bytes()), "first");
  const auto properties = decode_properties(parsed.objects[0].properties());
  ASSERT_TRUE(properties);
  EXPECT_EQ(properties->number(0x3800), 12345u);
  EXPECT_EQ(properties->bytes(0x3801), "signature");
  EXPECT_EQ(parsed.objects[1].id.object, 1u);
  EXPECT_TRUE(parsed.objects[1].payload().empty());
  EXPECT_EQ(parsed.objects[1].status, ObjectStatus::normal);
  EXPECT_EQ(parsed.objects[2].id.object, 72u);
  EXPECT_EQ(parsed.objects[2].payload().size(), 300u);
  EXPECT_EQ(parsed.objects[3].status, ObjectStatus::end_of_group);
  EXPECT_TRUE(parsed.at_boundary);
  for (const Object &object : parsed.objects) {
    EXPECT_EQ(object.wire.data()[0], 0);
    const auto view = view_object(object.wire.bytes());
    ASSERT_TRUE(view) << view.error().detail;
    EXPECT_EQ(to_hex(view->properties), to_hex(object.properties()));
    EXPECT_EQ(to_hex(view->payload), to_hex(object.payload().bytes()));
    EXPECT_EQ(view->status, object.status);
    EXPECT_EQ(object.subgroup, 3u);
    EXPECT_EQ(object.priority, 7);
  }
}

TEST(Subgroup, IsReadTheSameInPiecesOfAnySize) {
  const auto stream = rich_stream();
  expect_rich(parse(stream));
  expect_rich(parse(stream, {1}));
  for (std::size_t at = 1; at < stream.size(); ++at) expect_rich(parse(stream, {at, SIZE_MAX}));
  std::mt19937_64 random(3);
  for (int i = 0; i < 200; ++i) {
    std::vector<std::size_t> pieces;
    for (int j = 0; j < 40; ++j) pieces.push_back(1 + random() % 20);
    expect_rich(parse(stream, pieces));
  }
}

TEST(Subgroup, AStreamCutAnywhereNeedsMoreBytes) {
  const auto stream = rich_stream();
  std::size_t boundaries = 0;
  for (std::size_t size = 0; size < stream.size(); ++size) {
    const Parsed parsed = parse(Bytes(stream).first(size));
    EXPECT_FALSE(parsed.violation);
    if (parsed.at_boundary) ++boundaries;
  }
  EXPECT_EQ(boundaries, 4u) << "after the header and after each object but the last";
}

TEST(Subgroup, WithoutPropertiesYieldsTheSameImage) {
  SubgroupHeader header;
  header.properties = false;
  Writer out;
  out.bytes(encode(header));
  out.vi64(0).prefixed("payload");
  out.vi64(0).vi64(0).vi64(0);
  const Parsed parsed = parse(out.view(), {1});
  ASSERT_EQ(parsed.objects.size(), 2u);
  EXPECT_EQ(to_hex(parsed.objects[0].wire.bytes()), to_hex(encode_object({}, as_bytes("payload")).bytes()));
  EXPECT_EQ(to_hex(parsed.objects[1].wire.bytes()), to_hex(encode_object({}, Bytes{}).bytes()));
}

TEST(Subgroup, NonMinimalLengthsBecomeMinimal) {
  const auto wire = hex("11 07 05 80 | 8000 8003 0e 8064 c00001 61");
  const Parsed parsed = parse(wire, {1});
  ASSERT_EQ(parsed.objects.size(), 1u);
  EXPECT_EQ(to_hex(parsed.objects[0].wire.bytes()),
            "00030e8064"
            "0161")
      << "properties are kept unchanged";
}

TEST(Subgroup, RefusesInvalidStatusesPropertiesAndIds) {
  EXPECT_TRUE(parse(hex("70 07 05 00 00 01")).violation) << "unknown status";
  EXPECT_TRUE(parse(hex("71 07 05 00 02 0e64 00 03")).violation) << "status with properties";
  EXPECT_TRUE(parse(hex("71 07 05 00 02 0e80 01 61")).violation) << "properties cut short";
  EXPECT_TRUE(parse(hex("70 07 05 ffffffffffffffffff 01 61 00 01 61")).violation) << "id above 2^64-1";
  EXPECT_TRUE(parse(hex("70 07 05 05 01 61 ffffffffffffffffff 01 61")).violation) << "id above 2^64-1";
  EXPECT_EQ(parse(hex("70 07 05 00 00 03 00 01 61")).last, Step::malformed)
      << "object after the end of the group";
  EXPECT_EQ(parse(hex("71 07 05 00 04 c0400001 01 61")).last, Step::malformed)
      << "a mandatory track property";
}

TEST(Subgroup, AnAnnouncedLengthAllocatesNothing) {
  SubgroupReader reader(0x11 | 0x20, 8 * 1024 * 1024);
  Writer out;
  out.vi64(1).vi64(2).vi64(0).vi64(0).vi64(8 * 1024 * 1024).bytes(std::string(10, 'x'));
  Bytes in = out.view();
  while (!in.empty()) ASSERT_TRUE(reader.read(in));
  EXPECT_LE(reader.held(), 270 * 1024u);
  const std::string chunk(100 * 1024, 'x');
  for (std::size_t got = 10; got + chunk.size() < 8 * 1024 * 1024; got += chunk.size()) {
    in = as_bytes(chunk);
    while (!in.empty()) ASSERT_TRUE(reader.read(in));
    EXPECT_LE(reader.held(), 2 * (got + chunk.size()) + 270 * 1024);
  }
}

TEST(Subgroup, StopsAtItsMaxima) {
  Writer large;
  large.bytes(hex("70 07 05 00")).vi64(1001);
  EXPECT_EQ(parse(large.view(), {SIZE_MAX}, 1000).last, Step::too_large);
  Writer largest;
  largest.bytes(hex("70 07 05 00")).vi64(1000).bytes(std::string(1000, 'x'));
  EXPECT_EQ(parse(largest.view(), {SIZE_MAX}, 1000).objects.size(), 1u);
  Writer properties;
  properties.bytes(hex("71 07 05 00")).vi64(max_properties + 1);
  EXPECT_EQ(parse(properties.view()).last, Step::too_large);
  Writer beyond;
  beyond.bytes(hex("70 07 05 00")).vi64(~std::uint64_t{0});
  EXPECT_EQ(parse(beyond.view()).last, Step::too_large);
}

TEST(Subgroup, AChangedByteIsReadSafely) {
  auto stream = rich_stream();
  for (std::size_t at = 0; at < stream.size(); ++at) {
    for (int change = 1; change < 256; ++change) {
      stream[at] = static_cast<std::uint8_t>(stream[at] ^ change);
      for (const Object &object : parse(stream).objects) EXPECT_TRUE(view_object(object.wire.bytes()));
      stream[at] = static_cast<std::uint8_t>(stream[at] ^ change);
    }
  }
}

// ---- wire images ----

TEST(WireImage, JoinsSeveralPayloadParts) {
  const std::string a = "one ", b = "", c = "two";
  const std::vector<Bytes> parts{as_bytes(a), as_bytes(b), as_bytes(c)};
  const Slice wire = encode_object(hex("0e64"), parts);
  EXPECT_EQ(to_hex(wire.bytes()), to_hex(hex("00 02 0e64 07 \"one two\"")));
}

TEST(WireImage, MustBeExactlyOneObject) {
  EXPECT_TRUE(view_object(hex("00 00 00 00")));
  EXPECT_TRUE(view_object(hex("00 00 00 04")));
  for (const char *bad : {"", "00", "0000", "000000", "00000001", "0000000300", "01000161", "00000261",
                          "0000016161", "800000000", "0002 0e64 00 03"})
    EXPECT_FALSE(view_object(hex(bad))) << bad;
  Writer large;
  large.vi64(0).vi64(max_properties + 1);
  EXPECT_EQ(view_object(large.view()).error().code, Code::too_large);
}

// ---- fetch streams ----

TEST(FetchVectors, ThreeObjects) {
  const auto wire = hex("1f 05 00 03 80 01 78 | 17 00 01 80 01 79 | 1f 00 00 00 80 01 7a");
  FetchContext context;
  Bytes in(wire);
  std::vector<Location> ids;
  while (!in.empty()) {
    const auto item = context.next(in);
    ASSERT_TRUE(item) << item.error().reason;
    ASSERT_TRUE(*item);
    EXPECT_EQ((*item)->subgroup, 0u);
    EXPECT_EQ((*item)->priority, 128);
    ids.push_back((*item)->id);
  }
  EXPECT_EQ(ids, (std::vector<Location>{{5, 3}, {5, 4}, {6, 0}}));
  EXPECT_EQ(to_hex(encode(FetchHeader{RequestId{2}})), "0502");
}

TEST(Fetch, DecodesToWhatWasEncodedInBothOrders) {
  std::mt19937_64 random(4);
  for (int run = 0; run < 500; ++run) {
    const GroupOrder order = run % 2 == 0 ? GroupOrder::ascending : GroupOrder::descending;
    FetchContext writer(order), reader(order);
    std::vector<FetchItem> items;
    Location at{1000, random() % 5};
    const auto properties = hex("0e64");
    const std::string payload = "payload";
    for (int i = 0; i < 20; ++i) {
      FetchItem item;
      item.id = at;
      const auto kind = random() % 8;
      if (kind == 0) item.kind = FetchItem::Kind::end_of_nonexistent;
      if (kind == 1) item.kind = FetchItem::Kind::end_of_unknown;
      if (kind > 1) {
        if (random() % 4 == 0)
          item.subgroup.reset();
        else
          item.subgroup = random() % 3;
        item.priority = static_cast<std::uint8_t>(random() % 3);
        if (random() % 2 == 0) item.properties = properties;
        item.payload = as_bytes(payload).first(random() % payload.size());
      }
      items.push_back(item);
      if (random() % 3 == 0) {
        at.group = order == GroupOrder::ascending ? at.group + 1 + random() % 3 : at.group - 1 - random() % 3;
        at.object = random() % 4;
      } else {
        at.object += 1 + random() % 3;
      }
    }
    Writer out;
    for (const FetchItem &item : items) writer.write(out, item);
    // A cut anywhere but between items needs more bytes.
    Bytes in = out.view();
    for (const FetchItem &item : items) {
      const Bytes before = in;
      FetchContext probe = reader;
      const auto got = reader.next(in);
      ASSERT_TRUE(got && *got);
      const std::size_t size = before.size() - in.size();
      for (std::size_t cut = 0; cut < size; ++cut) {
        Bytes part = before.first(cut);
        const auto none = probe.next(part);
        ASSERT_TRUE(none && !*none);
        ASSERT_EQ(part.size(), cut);
      }
      ASSERT_EQ((*got)->kind, item.kind);
      ASSERT_EQ((*got)->id, item.id);
      if (item.kind != FetchItem::Kind::object) continue;
      ASSERT_EQ((*got)->subgroup, item.subgroup);
      ASSERT_EQ((*got)->priority, item.priority);
      ASSERT_EQ(to_hex((*got)->properties), to_hex(item.properties));
      ASSERT_EQ(to_hex((*got)->payload), to_hex(item.payload));
    }
    ASSERT_TRUE(in.empty());
  }
}

TEST(Fetch, RefusesAReferenceToAMissingPredecessor) {
  for (const char *bad : {"13 00 80 01 78", "17 00 01 80 01 78", "0f 05 00 03 01 78", "1d 05 03 80 01 78",
                          "1e 05 03 80 01 78", "8080 00", "818c", "810d 05 05"}) {
    const auto wire = hex(bad);
    Bytes in(wire);
    FetchContext context;
    EXPECT_FALSE(context.next(in)) << bad;
  }
  const auto after_range = hex("808c 05 05 | 1d 00 03 80 01 78");
  Bytes in(after_range);
  FetchContext context;
  ASSERT_TRUE(context.next(in));
  EXPECT_FALSE(context.next(in)) << "a range has no subgroup that an object could refer to";
}

// ---- datagrams ----

TEST(Datagram, DecodesToWhatWasEncoded) {
  const auto properties = hex("0e64");
  std::vector<ObjectDatagram> datagrams(5);
  datagrams[0].payload = as_bytes("x");
  datagrams[1] = {TrackAlias{7}, {5, 3},       std::uint8_t{200},  true,
                  properties,    std::nullopt, as_bytes("payload")};
  datagrams[2].status = ObjectStatus::end_of_track;
  datagrams[3].id = {9, 1};
  datagrams[4].properties = properties;
  datagrams[4].status = ObjectStatus::normal;
  for (const ObjectDatagram &datagram : datagrams) {
    const auto wire = encode(datagram);
    const auto again = decode_datagram(wire);
    ASSERT_TRUE(again && *again) << to_hex(wire);
    EXPECT_EQ((*again)->alias, datagram.alias);
    EXPECT_EQ((*again)->id, datagram.id);
    EXPECT_EQ((*again)->priority, datagram.priority);
    EXPECT_EQ((*again)->end_of_group, datagram.end_of_group);
    EXPECT_EQ((*again)->status, datagram.status);
    EXPECT_EQ(to_hex((*again)->payload), to_hex(datagram.payload));
    EXPECT_EQ(to_hex(encode(**again)), to_hex(wire));
    for (std::size_t size = 0; size < wire.size(); ++size) {
      const auto cut = decode_datagram(Bytes(wire).first(size));
      EXPECT_TRUE(!cut || !datagram.status) << "only a payload may be shorter";
    }
  }
}

TEST(Datagram, AnInvalidDatagramIsRefused) {
  const auto padding = decode_datagram(hex("f0132b3e29 0000"));
  ASSERT_TRUE(padding);
  EXPECT_FALSE(*padding);
  for (const char *bad : {"", "10 07 05", "22 07 05 00 80 00", "01 07 05 00 80 00", "20 07 05 00 80 01",
                          "21 07 05 00 80 02 0e64 03", "20 07 05 00 80 03 00", "8030"})
    EXPECT_FALSE(decode_datagram(hex(bad))) << bad;
}

}  // namespace
}  // namespace astral::moqt
