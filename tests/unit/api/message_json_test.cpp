// SPDX-License-Identifier: BSD-3-Clause
// Messages of /peer: each survives a round trip, each rule is held and names the field, rubbish disturbs
// nothing.
#include "api/message_json.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "core/limits.hpp"
#include "glue/json.hpp"

namespace astral::api {
namespace {

const std::string fingerprint(64, 'a');
constexpr const char *ice =
    R"({"ufrag":"abcd","pwd":"0123456789012345678901","candidates":["candidate:1 1 UDP 1 127.0.0.1 9 typ host"]})";
constexpr const char *node =
    R"({"uuid":"n1","ip_address":"::1","port":8000,"supernode":true,"version":"0.1.0","upstream_kbps":800})";
constexpr const char *stream =
    R"({"slug":"my-talk","name":"My Talk!","description":"é","source":"n1","streaming":true,"media":"video/mpegts","bitrate_kbps":4000,"created":1700000000,"updated":1700000000123})";

// Every type once, with every field, as write_message() writes it.
std::vector<std::string> samples() {
  const std::string n(node), s(stream), i(ice), f = "\"fingerprint\":\"" + fingerprint + "\"";
  const std::string self = n.substr(1, n.size() - 2);
  return {
      "{" + self + R"(,"kind":"node","nodes":[)" + n + R"(],"streams":[)" + s + R"(],"type":"hello"})",
      R"({"uuid":"e1","port":0,"supernode":false,"version":"","kind":"element","nodes":[],"streams":[],"type":"hello"})",
      "{" + self + R"(,"nodes":[],"streams":[],"type":"welcome"})",
      R"({"ticket":"t-1","slug":"a","destination":"n2","type":"request"})",
      R"({"ticket":"t-1","slug":"a","source":"n1","hops":1,"path":["n0","n1"],)" + f + R"(,"ice":)" + i +
          R"(,"type":"offer"})",
      R"({"ticket":"t-1","slug":"a","code":"no-room","message":"full","others":[)" + n +
          R"(],"type":"refusal"})",
      R"({"slug":"a","code":"conflict","message":"","type":"refusal"})",
      R"({"ticket":"t-1",)" + f + R"(,"ice":)" + i + R"(,"type":"confirm"})",
      R"({"ticket":"t-1","candidates":["candidate:2"],"type":"candidates"})",
      R"({"ticket":"t-1","code":"no-room","message":"gone","type":"cancel"})",
      R"({"ticket":"t-1","hops":2,"path":["n0","n1"],"type":"path"})",
      R"({"nodes":[)" + n + R"(],"type":"nodes"})",
      R"({"streams":[)" + s + R"(],"type":"streams"})",
      R"({"slug":"a","updated":12,"type":"gone"})",
      R"({"tickets":["t-1","t-2"],"type":"heartbeat"})",
      R"({"type":"goodbye"})",
      R"({"slug":"a","name":"A","description":"d","media":"video/mpegts","type":"publish"})",
      R"({"slug":"a","largest_group":1700000000000,"type":"published"})",
      R"({"slug":"a","media":"video/x-matroska","type":"media"})",
      R"({"slug":"a","type":"ended"})",
  };
}

TEST(MessageJson, RoundTrips) {
  std::set<std::size_t> seen;
  for (const std::string &text : samples()) {
    const auto message = read_message(text);
    ASSERT_TRUE(message) << text << ": " << message.error().detail;
    ASSERT_TRUE(*message) << text;
    EXPECT_EQ(write_message(**message), text);
    seen.insert((*message)->index());
  }
  EXPECT_EQ(seen.size(), std::variant_size_v<core::Message>);
}

TEST(MessageJson, IgnoresUnknownTypesAndFields) {
  EXPECT_EQ(read_message(R"({"type":"tomorrow","x":{}})").value(), std::nullopt);
  EXPECT_TRUE(read_message(R"({"type":"goodbye","x":[{}]})").value());
  EXPECT_TRUE(
      read_message(R"({"type":"request","ticket":"t","slug":"a","destination":"n","hops":3})").value());
}

TEST(MessageJson, FillsWhatMayBeAbsent) {
  const auto message = read_message(R"({"type":"hello","uuid":"n1","port":1})").value();
  const auto &hello = std::get<core::Hello>(*message);
  EXPECT_EQ(hello.kind, core::PeerKind::node);
  EXPECT_EQ(hello.node.ip_address, "");
  EXPECT_FALSE(hello.node.upstream_kbps);
  EXPECT_TRUE(hello.nodes.empty());
}

TEST(MessageJson, CutsLongExplanationsBetweenCharacters) {
  core::Cancel cancel{"t", "failed", std::string(max_explanation - 1, 'x') + "éé"};
  const auto message = read_message(write_message(cancel));
  ASSERT_TRUE(message) << message.error().detail;
  EXPECT_EQ(std::get<core::Cancel>(**message).message, std::string(max_explanation - 1, 'x'));
}

struct Bad {
  std::string text;
  std::string error;
};
void PrintTo(const Bad &bad, std::ostream *out) {
  *out << bad.text.substr(0, 120);
}

// A sample with one piece replaced.
std::string broken(std::string_view type, const std::string &from, const std::string &to) {
  for (std::string text : samples()) {
    const std::size_t at = text.find(from);
    if (text.find("\"type\":\"" + std::string(type) + "\"") == std::string::npos || at == std::string::npos)
      continue;
    return text.replace(at, from.size(), to);
  }
  return "";
}

std::string repeated(const std::string &item, std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) list += (i ? "," : "") + item;
  return list;
}

class MessageRefused : public ::testing::TestWithParam<Bad> {};

TEST_P(MessageRefused, NamesTheField) {
  const auto message = read_message(GetParam().text);
  ASSERT_FALSE(message);
  EXPECT_EQ(message.error().detail, GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Table, MessageRefused,
    ::testing::Values(
        Bad{"", "not JSON at byte 0: it ends too early"}, Bad{"[]", "the JSON must be an object"},
        Bad{"{}", "field 'type': is missing"}, Bad{R"({"type":1})", "field 'type': must be a string"},
        Bad{R"({"type":""})", "field 'type': must not be empty"},
        Bad{broken("hello", R"("uuid":"n1")", R"("uuid":"n 1")"),
            "field 'uuid': must be letters, digits and hyphens"},
        Bad{broken("hello", R"("uuid":"n1")", R"("uuid":")" + std::string(65, 'a') + "\""),
            "field 'uuid': must have at most 64 bytes"},
        Bad{broken("hello", R"("port":8000)", R"("port":0)"), "field 'port': must be from 1 to 65535"},
        Bad{broken("hello", R"("port":8000)", R"("port":65536)"), "field 'port': must be from 1 to 65535"},
        Bad{broken("hello", R"("::1")", R"("a/b")"), "field 'ip_address': must be an address"},
        Bad{broken("hello", R"("kind":"node")", R"("kind":"frog")"),
            "field 'kind': must be 'node' or 'element'"},
        Bad{broken("hello", R"("supernode":true)", R"("supernode":1)"),
            "field 'supernode': must be true or false"},
        Bad{broken("hello", R"("streams":[{"slug":"my-talk")", R"("streams":[{"slug":"My")"),
            "field 'streams[0].slug': must be lower-case letters, digits and single hyphens"},
        Bad{broken("welcome", R"("uuid":"n1",)", ""), "field 'uuid': is missing"},
        Bad{broken("request", R"("t-1")", R"("t_1")"), "field 'ticket': must be letters, digits and hyphens"},
        Bad{broken("request", R"("a")", R"("A")"),
            "field 'slug': must be lower-case letters, digits and single hyphens"},
        Bad{broken("request", R"(,"destination":"n2")", ""), "field 'destination': is missing"},
        Bad{broken("offer", fingerprint, std::string(64, 'A')),
            "field 'fingerprint': must be 64 lower-case hex digits"},
        Bad{broken("offer", fingerprint, "ab"), "field 'fingerprint': must have at least 64 bytes"},
        Bad{broken("offer", R"("hops":1)", R"("hops":-1)"), "field 'hops': must be from 0 to 1000"},
        Bad{broken("offer", R"("path":["n0")", R"("path":[0)"), "field 'path[0]': must be a string"},
        Bad{broken("offer", R"("n0","n1")", repeated("\"n\"", core::max_path + 1)),
            "field 'path': must have at most 64 entries"},
        Bad{broken("offer", R"("ufrag":"abcd")", R"("ufrag":"abc")"),
            "field 'ice.ufrag': must have at least 4 bytes"},
        Bad{broken("offer", R"("ufrag":"abcd")", R"("ufrag":"ab d")"),
            "field 'ice.ufrag': must be ICE characters"},
        Bad{broken("offer", R"("candidate:1)", R"("banana:1)"),
            "field 'ice.candidates[0]': must be an SDP candidate line"},
        Bad{broken("offer", R"("candidate:1)", R"("candidate:\n1)"),
            "field 'ice.candidates[0]': must be an SDP candidate line"},
        Bad{broken("confirm", R"("ice":{)", R"("ice":[],"x":{)"), "field 'ice': must be an object"},
        Bad{broken("candidates", R"("candidate:2")", repeated("\"candidate:2\"", max_candidates + 1)),
            "field 'candidates': must have at most 32 entries"},
        Bad{broken("candidates", "candidate:2", "candidate:" + std::string(max_candidate_bytes, '2')),
            "field 'candidates[0]': must have at most 256 bytes"},
        Bad{broken("refusal", "no-room", "because"), "field 'code': must be a refusal's code"},
        Bad{broken("refusal", R"("slug":"a","code":"conflict")", R"("code":"conflict")"),
            "field 'ticket': is missing"},
        Bad{broken("cancel", "no-room", "No room"), "field 'code': must be lower-case letters and hyphens"},
        Bad{broken("cancel", "gone", std::string(max_explanation + 1, 'x')),
            "field 'message': must have at most 512 bytes"},
        Bad{R"({"type":"nodes","nodes":[)" + repeated(R"({"uuid":"n","port":1})", max_list + 1) + "]}",
            "field 'nodes': must have at most 256 entries"},
        Bad{R"({"type":"nodes","nodes":[3]})", "field 'nodes[0]': must be an object"},
        Bad{broken("streams", "My Talk!", ""), "field 'streams[0].name': must not be empty"},
        Bad{broken("streams", "My Talk!", std::string(core::max_name + 1, 'x')),
            "field 'streams[0].name': must have at most 200 bytes"},
        Bad{broken("streams", "My Talk!", "My\\u0007Talk"),
            "field 'streams[0].name': must be text without control characters"},
        Bad{R"({"type":"heartbeat","tickets":[)" + repeated("\"t\"", core::max_tickets_per_peer + 1) + "]}",
            "field 'tickets': must have at most 256 entries"},
        Bad{broken("publish", "video/mpegts", std::string(core::max_media + 1, 'x')),
            "field 'media': must have at most 4096 bytes"},
        Bad{broken("media", R"(,"media":"video/x-matroska")", ""), "field 'media': is missing"},
        Bad{broken("published", "1700000000000", "1.5"), "field 'largest_group': must be an integer"},
        Bad{R"({"type":"goodbye","x":")" + std::string(max_message_bytes, 'x') + "\"}",
            "more than 65536 bytes of JSON"}));

TEST(MessageJson, MutationsAreRefusedOrWithinBounds) {
  const std::vector<std::string> seeds = samples();
  std::mt19937 random(2026);
  const auto pick = [&](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
  };
  constexpr std::string_view spice = "{}[]\",:\\u0dDtfn-+.eE1 \n\xc3\xff";
  std::size_t taken = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = seeds[pick(seeds.size())];
    for (std::size_t edits = 1 + pick(3); edits > 0; --edits) {
      const std::size_t at = pick(text.size());
      const std::string &other = seeds[pick(seeds.size())];
      switch (pick(4)) {
        case 0:
          text[at] = spice[pick(spice.size())];
          break;
        case 1:
          text.insert(at, 1, spice[pick(spice.size())]);
          break;
        case 2:
          text.replace(at, 1 + pick(8), "");
          break;
        default:
          text.insert(at, other.substr(pick(other.size()), pick(30)));
          break;
      }
      if (text.empty()) text = "{";
    }
    const auto message = read_message(text);
    if (!message || !*message) continue;
    ++taken;
    const auto again = read_message(write_message(**message));
    ASSERT_TRUE(again) << text << ": " << again.error().detail;
    ASSERT_TRUE(*again) << text;
  }
  EXPECT_GT(taken, 100u);
}

}  // namespace
}  // namespace astral::api
