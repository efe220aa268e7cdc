// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/object_codec.hpp"

#include <algorithm>

#include "glue/key.hpp"
#include "protocol/limits.hpp"
#include "protocol/object_fields.hpp"
#include "protocol/slug.hpp"

namespace astral::protocol {
namespace {

// A host becomes part of a URI, so other characters are refused.
bool is_host(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == ':' || c == '-';
  });
}

bool is_hexadecimal(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_plain(std::string_view text) {
  return is_text(text, text.size());
}

constexpr const char *plain = "text without control characters";

}  // namespace

const json::Text host_rule{.min = 1, .max = 255, .good = is_host, .wanted = "an address"};
const json::Text uuid_rule{
    .min = 1, .max = max_uuid, .good = is_uuid, .wanted = "letters, digits and hyphens"};
const json::Text label_rule{.min = 1,
                            .max = max_uuid,
                            .good = is_label,
                            .wanted = "letters, digits and hyphens, and no uuid of a key"};
const json::Text slug_rule{
    .min = 1, .max = max_slug, .good = is_slug, .wanted = "lower-case letters, digits and single hyphens"};
const json::Text stream_name_rule{.min = 1,
                                  .max = max_stream_name,
                                  .good = is_stream_name,
                                  .wanted = "a slug, or one with ~ and four hex digits"};
const json::Text fingerprint_rule{
    .min = 64, .max = 64, .good = is_fingerprint, .wanted = "64 lower-case hex digits"};
const json::Text key_rule{.min = 64, .max = 64, .good = is_hexadecimal, .wanted = "64 lower-case hex digits"};
const json::Text signature_rule{
    .min = 128, .max = 128, .good = is_hexadecimal, .wanted = "128 lower-case hex digits"};
const json::Text guest_id_rule{
    .min = 16, .max = 16, .good = is_hexadecimal, .wanted = "16 lower-case hex digits"};
const json::Text name_rule{.min = 1, .max = max_name, .good = is_plain, .wanted = plain};
const json::Text name_or_nothing_rule{.min = 0, .max = max_name, .good = is_plain, .wanted = plain};
const json::Text description_rule{.min = 0, .max = max_description, .good = is_plain, .wanted = plain};
const json::Text media_rule{.min = 0, .max = max_media, .good = is_plain, .wanted = plain};
const json::Text version_rule{.min = 0, .max = 64};

NodeInfo read_node(json::Reader &in, Port port) {
  NodeInfo node;
  FieldReader fields(in);
  describe(fields, node, port);
  return node;
}

StreamInfo read_stream(json::Reader &in) {
  StreamInfo stream;
  FieldReader fields(in);
  describe(fields, stream);
  return stream;
}

StreamInfo read_new_stream(json::Reader &in) {
  StreamInfo stream;
  FieldReader fields(in);
  describe_new(fields, stream);
  return stream;
}

// What says whether the stream is live says all of its state.
void change_stream(json::Reader &in, StreamInfo &stream) {
  if (in.has("streaming")) stream.paused = stream.ended = false;
  FieldReader fields(in, true);
  describe(fields, stream);
}

json::Builder node_json(const NodeInfo &node) {
  json::Builder out;
  FieldWriter fields(out);
  describe(fields, node);
  return out.set("rtt_ms", node.rtt_ms);
}

json::Builder stream_json(const StreamInfo &stream) {
  json::Builder out;
  FieldWriter fields(out);
  describe(fields, stream);
  return out;
}

json::Builder plain_stream_json(StreamInfo stream) {
  stream.expires = 0;
  stream.key.clear();
  stream.signature.clear();
  stream.revoked.clear();
  return stream_json(stream);
}

}  // namespace astral::protocol
