// SPDX-License-Identifier: BSD-3-Clause
// Every message of Message as a JSON object, read and written side by side. Only message_codec.cpp and
// the *_codec.cpp include this.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glue/json.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"
#include "protocol/message_codec.hpp"
#include "protocol/object_codec.hpp"

namespace astral::protocol::codec {

// Picks the overload.
template <typename T>
struct Tag {};

Message read(json::Reader &in, Tag<Hello>);
json::Builder write(const Hello &message);
Message read(json::Reader &in, Tag<Welcome>);
json::Builder write(const Welcome &message);
Message read(json::Reader &in, Tag<Register>);
json::Builder write(const Register &message);
Message read(json::Reader &in, Tag<Registered>);
json::Builder write(const Registered &message);
Message read(json::Reader &in, Tag<Full>);
json::Builder write(const Full &message);
Message read(json::Reader &in, Tag<Unregister>);
json::Builder write(const Unregister &message);
Message read(json::Reader &in, Tag<Summon>);
json::Builder write(const Summon &message);
Message read(json::Reader &in, Tag<Probe>);
json::Builder write(const Probe &message);
Message read(json::Reader &in, Tag<Probed>);
json::Builder write(const Probed &message);
Message read(json::Reader &in, Tag<Heartbeat>);
json::Builder write(const Heartbeat &message);
Message read(json::Reader &in, Tag<Goodbye>);
json::Builder write(const Goodbye &message);
Message read(json::Reader &in, Tag<Request>);
json::Builder write(const Request &message);
Message read(json::Reader &in, Tag<Offer>);
json::Builder write(const Offer &message);
Message read(json::Reader &in, Tag<Refusal>);
json::Builder write(const Refusal &message);
Message read(json::Reader &in, Tag<Hold>);
json::Builder write(const Hold &message);
Message read(json::Reader &in, Tag<Confirm>);
json::Builder write(const Confirm &message);
Message read(json::Reader &in, Tag<Candidates>);
json::Builder write(const Candidates &message);
Message read(json::Reader &in, Tag<Cancel>);
json::Builder write(const Cancel &message);
Message read(json::Reader &in, Tag<Path>);
json::Builder write(const Path &message);
Message read(json::Reader &in, Tag<LoopCheck>);
json::Builder write(const LoopCheck &message);
Message read(json::Reader &in, Tag<LoopChecked>);
json::Builder write(const LoopChecked &message);
Message read(json::Reader &in, Tag<Leaving>);
json::Builder write(const Leaving &message);
Message read(json::Reader &in, Tag<Streams>);
json::Builder write(const Streams &message);
Message read(json::Reader &in, Tag<Gone>);
json::Builder write(const Gone &message);
Message read(json::Reader &in, Tag<Carrying>);
json::Builder write(const Carrying &message);
Message read(json::Reader &in, Tag<Advert>);
json::Builder write(const Advert &message);
Message read(json::Reader &in, Tag<Find>);
json::Builder write(const Find &message);
Message read(json::Reader &in, Tag<Here>);
json::Builder write(const Here &message);
Message read(json::Reader &in, Tag<Seed>);
json::Builder write(const Seed &message);
Message read(json::Reader &in, Tag<Seeded>);
json::Builder write(const Seeded &message);
Message read(json::Reader &in, Tag<Routed>);
json::Builder write(const Routed &message);
Message read(json::Reader &in, Tag<Publish>);
json::Builder write(const Publish &message);
Message read(json::Reader &in, Tag<Published>);
json::Builder write(const Published &message);
Message read(json::Reader &in, Tag<Media>);
json::Builder write(const Media &message);
Message read(json::Reader &in, Tag<Ended>);
json::Builder write(const Ended &message);

// A message inside another: only those of tickets may be.
std::optional<Message> read_enclosed(json::Reader &in);
json::Builder message_object(const Message &message);

// What several messages have.
extern const json::Text code_rule;
extern const json::Text explanation_rule;
extern const json::Text candidate_rule;
inline constexpr std::uint64_t max_hops = 1'000;
inline constexpr std::uint64_t max_group = 1'000'000'000'000'000;  // unix milliseconds and a long way on
inline constexpr std::uint64_t max_updated = 1'000'000'000'000'000;
inline constexpr std::uint64_t max_call = 1'000'000'000'000'000;
std::string_view cut(std::string_view text);  // at most max_explanation bytes, between characters
Ice read_ice(json::Reader in);
json::Builder ice_json(const Ice &ice);
std::vector<NodeInfo> read_nodes(json::Reader &in, const char *name, std::size_t max);
std::vector<json::Builder> nodes_json(const std::vector<NodeInfo> &nodes);
std::vector<StreamInfo> read_streams(json::Reader &in, const char *name, std::size_t max);
std::vector<json::Builder> streams_json(const std::vector<StreamInfo> &streams);
Place read_place(json::Reader in);
json::Builder place_json(const Place &place);
Request read_request(json::Reader &in);
json::Builder request_json(const Request &request);

}  // namespace astral::protocol::codec
