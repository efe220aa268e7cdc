// SPDX-License-Identifier: BSD-3-Clause
// Every message of core::Message as a JSON object, read and written side by side. Only message_json.cpp and
// the words_*.cpp include this.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/limits.hpp"
#include "core/message.hpp"
#include "glue/json.hpp"
#include "peer/message_json.hpp"
#include "peer/object_json.hpp"

namespace astral::peer::words {

// Picks the overload.
template <typename T>
struct Tag {};

core::Message read(json::Reader &in, Tag<core::Hello>);
json::Builder write(const core::Hello &message);
core::Message read(json::Reader &in, Tag<core::Welcome>);
json::Builder write(const core::Welcome &message);
core::Message read(json::Reader &in, Tag<core::Register>);
json::Builder write(const core::Register &message);
core::Message read(json::Reader &in, Tag<core::Registered>);
json::Builder write(const core::Registered &message);
core::Message read(json::Reader &in, Tag<core::Full>);
json::Builder write(const core::Full &message);
core::Message read(json::Reader &in, Tag<core::Unregister>);
json::Builder write(const core::Unregister &message);
core::Message read(json::Reader &in, Tag<core::Summon>);
json::Builder write(const core::Summon &message);
core::Message read(json::Reader &in, Tag<core::Probe>);
json::Builder write(const core::Probe &message);
core::Message read(json::Reader &in, Tag<core::Probed>);
json::Builder write(const core::Probed &message);
core::Message read(json::Reader &in, Tag<core::Heartbeat>);
json::Builder write(const core::Heartbeat &message);
core::Message read(json::Reader &in, Tag<core::Goodbye>);
json::Builder write(const core::Goodbye &message);
core::Message read(json::Reader &in, Tag<core::Request>);
json::Builder write(const core::Request &message);
core::Message read(json::Reader &in, Tag<core::Offer>);
json::Builder write(const core::Offer &message);
core::Message read(json::Reader &in, Tag<core::Refusal>);
json::Builder write(const core::Refusal &message);
core::Message read(json::Reader &in, Tag<core::Hold>);
json::Builder write(const core::Hold &message);
core::Message read(json::Reader &in, Tag<core::Confirm>);
json::Builder write(const core::Confirm &message);
core::Message read(json::Reader &in, Tag<core::Candidates>);
json::Builder write(const core::Candidates &message);
core::Message read(json::Reader &in, Tag<core::Cancel>);
json::Builder write(const core::Cancel &message);
core::Message read(json::Reader &in, Tag<core::Path>);
json::Builder write(const core::Path &message);
core::Message read(json::Reader &in, Tag<core::Climb>);
json::Builder write(const core::Climb &message);
core::Message read(json::Reader &in, Tag<core::Climbed>);
json::Builder write(const core::Climbed &message);
core::Message read(json::Reader &in, Tag<core::Leaving>);
json::Builder write(const core::Leaving &message);
core::Message read(json::Reader &in, Tag<core::Streams>);
json::Builder write(const core::Streams &message);
core::Message read(json::Reader &in, Tag<core::Gone>);
json::Builder write(const core::Gone &message);
core::Message read(json::Reader &in, Tag<core::Carrying>);
json::Builder write(const core::Carrying &message);
core::Message read(json::Reader &in, Tag<core::Advert>);
json::Builder write(const core::Advert &message);
core::Message read(json::Reader &in, Tag<core::Find>);
json::Builder write(const core::Find &message);
core::Message read(json::Reader &in, Tag<core::Here>);
json::Builder write(const core::Here &message);
core::Message read(json::Reader &in, Tag<core::Seed>);
json::Builder write(const core::Seed &message);
core::Message read(json::Reader &in, Tag<core::Seeded>);
json::Builder write(const core::Seeded &message);
core::Message read(json::Reader &in, Tag<core::Routed>);
json::Builder write(const core::Routed &message);
core::Message read(json::Reader &in, Tag<core::Publish>);
json::Builder write(const core::Publish &message);
core::Message read(json::Reader &in, Tag<core::Published>);
json::Builder write(const core::Published &message);
core::Message read(json::Reader &in, Tag<core::Media>);
json::Builder write(const core::Media &message);
core::Message read(json::Reader &in, Tag<core::Ended>);
json::Builder write(const core::Ended &message);

// A message inside another: only those of tickets may be.
std::optional<core::Message> read_enclosed(json::Reader &in);
json::Builder message_object(const core::Message &message);

// What several messages have.
extern const json::Text code_rule;
extern const json::Text explanation_rule;
extern const json::Text candidate_rule;
inline constexpr std::uint64_t max_hops = 1'000;
inline constexpr std::uint64_t max_group = 1'000'000'000'000'000;  // unix milliseconds and a long way on
inline constexpr std::uint64_t max_updated = 1'000'000'000'000'000;
inline constexpr std::uint64_t max_call = 1'000'000'000'000'000;
std::string_view cut(std::string_view text);  // at most max_explanation bytes, between characters
core::Ice read_ice(json::Reader in);
json::Builder ice_json(const core::Ice &ice);
std::vector<core::NodeInfo> read_nodes(json::Reader &in, const char *name, std::size_t max);
std::vector<json::Builder> nodes_json(const std::vector<core::NodeInfo> &nodes);
std::vector<core::StreamInfo> read_streams(json::Reader &in, const char *name, std::size_t max);
std::vector<json::Builder> streams_json(const std::vector<core::StreamInfo> &streams);
core::Place read_place(json::Reader in);
json::Builder place_json(const core::Place &place);
core::Request read_request(json::Reader &in);
json::Builder request_json(const core::Request &request);

}  // namespace astral::peer::words
