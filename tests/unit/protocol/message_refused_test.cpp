// SPDX-License-Identifier: BSD-3-Clause
// Messages of /peer that break a rule are refused, and the error names the field.
#include <gtest/gtest.h>

#include "protocol/limits.hpp"
#include "message_samples.hpp"
#include "protocol/message_codec.hpp"

namespace astral::protocol {
namespace {

struct Bad {
  std::string text;
  std::string error;
};
void PrintTo(const Bad &bad, std::ostream *out) {
  *out << bad.text.substr(0, 120);
}

// A sample of the type in which `from` is replaced by `to`.
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
        Bad{broken("streams", R"("slug":"my-talk")", R"("slug":"My")"),
            "field 'streams[0].slug': must be lower-case letters, digits and single hyphens"},
        Bad{broken("welcome", R"("uuid":"n1",)", ""), "field 'uuid': is missing"},
        Bad{broken("request", R"("t-1")", R"("t_1")"), "field 'ticket': must be letters, digits and hyphens"},
        Bad{broken("request", R"("a")", R"("A")"),
            "field 'slug': must be a slug, or one with ~ and four hex digits"},
        Bad{broken("request", R"(,"destination":"n2")", ""), "field 'destination': is missing"},
        Bad{broken("offer", fingerprint, std::string(64, 'A')),
            "field 'fingerprint': must be 64 lower-case hex digits"},
        Bad{broken("offer", fingerprint, "ab"), "field 'fingerprint': must have at least 64 bytes"},
        Bad{broken("offer", R"("hops":1)", R"("hops":-1)"), "field 'hops': must be from 0 to 1000"},
        Bad{broken("offer", R"("path":["n0")", R"("path":[0)"), "field 'path[0]': must be a string"},
        Bad{broken("offer", R"("n0","n1")", repeated("\"n\"", max_path + 1)),
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
        Bad{R"({"type":"full","others":[)" +
                repeated(R"({"uuid":"n","port":1})", max_told_supernodes + 1) + "]}",
            "field 'others': must have at most 16 entries"},
        Bad{R"({"type":"registered","others":[)" + repeated(R"({"uuid":"n","port":1})", 17) + "]}",
            "field 'others': must have at most 16 entries"},
        Bad{R"({"type":"registered","others":[3]})", "field 'others[0]': must be an object"},
        Bad{R"({"type":"welcome","uuid":"n","port":1,"nodes":[)" + repeated(R"({"uuid":"n","port":1})", 17) +
                "]}",
            "field 'nodes': must have at most 16 entries"},
        Bad{R"({"type":"heartbeat","tickets":[],"nodes":[)" +
                repeated(R"({"uuid":"n","port":1})", max_others + 1) + "]}",
            "field 'nodes': must have at most 8 entries"},
        Bad{R"({"type":"streams","streams":[)" + repeated("{}", max_list + 1) + "]}",
            "field 'streams': must have at most 256 entries"},
        Bad{R"({"type":"probed"})", "field 'reached': is missing"},
        Bad{broken("heartbeat", R"("echo_ms":1699999999999)", R"("echo_ms":-1)"),
            "field 'echo_ms': must be from 0 to 1000000000000000"},
        Bad{R"({"type":"request","slug":"a","destination":"n"})", "field 'ticket': is missing"},
        Bad{R"({"type":"request","slug":"a","destination":"n","search":"q"})", "field 'asker': is missing"},
        Bad{R"({"type":"request","slug":"a","destination":"n","search":"q 1","asker":{"uuid":"n"}})",
            "field 'search': must be letters, digits and hyphens"},
        Bad{R"({"type":"request","slug":"a","destination":"n","search":"q","asker":{}})",
            "field 'asker.uuid': is missing"},
        Bad{broken("offer", R"("stream":[{)", R"("stream":[{},{)"),
            "field 'stream': must have at most 1 entries"},
        Bad{R"({"type":"hold"})", "field 'ticket': is missing"},
        Bad{R"({"type":"leaving","ticket":"t 1"})", "field 'ticket': must be letters, digits and hyphens"},
        Bad{broken("loop_check", R"("hops":2)", R"("hops":1001)"),
            "field 'hops': must be from 0 to 1000"},
        Bad{broken("loop_check", R"("via":"s1")", R"("via":"s 1")"),
            "field 'provider.via': must be letters, digits and hyphens"},
        Bad{broken("loop_check", R"("10.0.0.1")", R"("10.0.0.1/x")"),
            "field 'provider.ip_address': must be an address"},
        Bad{broken("loop_checked", R"(,"clear":true)", ""), "field 'clear': is missing"},
        Bad{broken("carrying", R"("room":3)", R"("room":1001)"), "field 'room': must be from 0 to 1000"},
        Bad{broken("advert", R"("port":8000)", R"("port":65536)"),
            "field 'supernode.port': must be from 0 to 65535"},
        Bad{broken("advert", R"("stream":[{)", R"("stream":[{},{)"),
            "field 'stream': must have at most 1 entries"},
        Bad{broken("find", R"("stage":2)", R"("stage":3)"), "field 'stage': must be from 0 to 2"},
        Bad{broken("find", R"("carriers":1)", R"("carriers":5)"), "field 'carriers': must be from 0 to 4"},
        Bad{broken("here", R"(,"updated":12)", ""), "field 'updated': is missing"},
        Bad{broken("seed", R"("call":7)", R"("call":-7)"),
            "field 'call': must be from 0 to 1000000000000000"},
        Bad{broken("seeded", R"(,"done":false)", ""), "field 'done': is missing"},
        Bad{broken("seeded", R"("no")", "\"" + std::string(max_explanation + 1, 'x') + "\""),
            "field 'message': must have at most 512 bytes"},
        Bad{broken("routed", R"("hops":3)", R"("hops":1001)"), "field 'hops': must be from 0 to 1000"},
        Bad{R"({"type":"routed","from":{"uuid":"b"},"what":{"type":"heartbeat","tickets":[]}})",
            "field 'to': is missing"},
        Bad{R"({"type":"routed","to":{"uuid":"a"},"from":{"uuid":"b"}})", "field 'what': is missing"},
        Bad{R"({"type":"routed","to":{"uuid":"a"},"from":{"uuid":"b"},"what":{"type":"hold","ticket":"t 1"}})",
            "field 'what.ticket': must be letters, digits and hyphens"},
        Bad{broken("streams", "My Talk!", ""), "field 'streams[0].name': must not be empty"},
        Bad{broken("streams", "My Talk!", std::string(max_name + 1, 'x')),
            "field 'streams[0].name': must have at most 200 bytes"},
        Bad{broken("streams", "My Talk!", "My\\u0007Talk"),
            "field 'streams[0].name': must be text without control characters"},
        Bad{R"({"type":"heartbeat","tickets":[)" + repeated("\"t\"", max_tickets_per_peer + 1) + "]}",
            "field 'tickets': must have at most 256 entries"},
        Bad{broken("publish", "video/mpegts", std::string(max_media + 1, 'x')),
            "field 'media': must have at most 4096 bytes"},
        Bad{broken("media", R"(,"media":"video/x-matroska")", ""), "field 'media': is missing"},
        Bad{broken("published", "1700000000000", "1.5"), "field 'largest_group': must be an integer"},
        Bad{R"({"type":"goodbye","x":")" + std::string(max_message_bytes, 'x') + "\"}",
            "more than 65536 bytes of JSON"}));

}  // namespace
}  // namespace astral::protocol
