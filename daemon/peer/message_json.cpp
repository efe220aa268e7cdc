// SPDX-License-Identifier: BSD-3-Clause
#include "peer/message_json.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "peer/message_words.hpp"

namespace astral::peer {
namespace {

struct Type {
  const char *name;
  core::Message (*read)(json::Reader &);
  bool may_be_enclosed;
};

template <typename T>
constexpr Type type(const char *name, bool may_be_enclosed = false) {
  return {name, [](json::Reader &in) { return words::read(in, words::Tag<T>{}); }, may_be_enclosed};
}

// In the order of core::Message.
constexpr std::array<Type, std::variant_size_v<core::Message>> types{
    type<core::Hello>("hello"),
    type<core::Welcome>("welcome"),
    type<core::Register>("register"),
    type<core::Registered>("registered"),
    type<core::Full>("full"),
    type<core::Unregister>("unregister"),
    type<core::Summon>("summon"),
    type<core::Probe>("probe"),
    type<core::Probed>("probed"),
    type<core::Heartbeat>("heartbeat", true),
    type<core::Goodbye>("goodbye"),
    type<core::Request>("request", true),
    type<core::Offer>("offer", true),
    type<core::Refusal>("refusal", true),
    type<core::Hold>("hold", true),
    type<core::Confirm>("confirm", true),
    type<core::Candidates>("candidates", true),
    type<core::Cancel>("cancel", true),
    type<core::Path>("path", true),
    type<core::Climb>("climb", true),
    type<core::Climbed>("climbed", true),
    type<core::Leaving>("leaving", true),
    type<core::Streams>("streams", true),
    type<core::Gone>("gone", true),
    type<core::Carrying>("carrying"),
    type<core::Advert>("advert"),
    type<core::Find>("find"),
    type<core::Here>("here"),
    type<core::Seed>("seed", true),
    type<core::Seeded>("seeded", true),
    type<core::Routed>("routed"),
    type<core::Publish>("publish"),
    type<core::Published>("published"),
    type<core::Media>("media"),
    type<core::Ended>("ended"),
};

const Type *find(json::Reader &in) {
  const std::string name = in.text("type", {.min = 1, .max = 64});
  const auto found =
      std::find_if(types.begin(), types.end(), [&](const Type &known) { return name == known.name; });
  return found == types.end() ? nullptr : &*found;
}

}  // namespace

namespace words {

std::optional<core::Message> read_enclosed(json::Reader &in) {
  const Type *type = find(in);
  if (type == nullptr) return std::nullopt;
  if (!type->may_be_enclosed) {
    in.complain("type", "does not travel over others");
    return std::nullopt;
  }
  return type->read(in);
}

json::Builder message_object(const core::Message &message) {
  json::Builder out = std::visit([](const auto &content) { return words::write(content); }, message);
  return out.set("type", types[message.index()].name);
}

}  // namespace words

Expected<std::optional<core::Message>> read_message(std::string_view text) {
  auto in = json::Reader::parse(text, {.max_bytes = max_message_bytes});
  if (!in) return tl::unexpected<Error>(in.error());
  const Type *type = find(*in);
  if (!in->good()) return tl::unexpected<Error>(in->error());
  if (type == nullptr) return std::nullopt;
  core::Message message = type->read(*in);
  return in->result(std::optional(std::move(message)));
}

std::string write_message(const core::Message &message) {
  return words::message_object(message).text();
}

}  // namespace astral::peer
