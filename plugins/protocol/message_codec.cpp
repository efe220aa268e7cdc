// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/message_codec.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "protocol/message_fields.hpp"

namespace astral::protocol {
namespace {

struct Type {
  const char *name;
  Message (*read)(json::Reader &);
  bool may_be_enclosed;
};

template <typename T>
constexpr Type type(const char *name, bool may_be_enclosed = false) {
  return {name, [](json::Reader &in) { return codec::read(in, codec::Tag<T>{}); }, may_be_enclosed};
}

// In the order of Message.
constexpr std::array<Type, std::variant_size_v<Message>> types{
    type<Hello>("hello"),
    type<Welcome>("welcome"),
    type<Register>("register"),
    type<Registered>("registered"),
    type<Full>("full"),
    type<Unregister>("unregister"),
    type<Summon>("summon"),
    type<Probe>("probe"),
    type<Probed>("probed"),
    type<Heartbeat>("heartbeat", true),
    type<Goodbye>("goodbye"),
    type<Request>("request", true),
    type<Offer>("offer", true),
    type<Refusal>("refusal", true),
    type<Hold>("hold", true),
    type<Confirm>("confirm", true),
    type<Candidates>("candidates", true),
    type<Cancel>("cancel", true),
    type<Path>("path", true),
    type<LoopCheck>("loop_check", true),
    type<LoopChecked>("loop_checked", true),
    type<Leaving>("leaving", true),
    type<Streams>("streams", true),
    type<Gone>("gone", true),
    type<Carrying>("carrying"),
    type<Advert>("advert"),
    type<Find>("find"),
    type<Here>("here"),
    type<Seed>("seed", true),
    type<Seeded>("seeded", true),
    type<Routed>("routed"),
    type<Publish>("publish"),
    type<Published>("published"),
    type<Media>("media"),
    type<Ended>("ended"),
};

const Type *find(json::Reader &in) {
  const std::string name = in.text("type", {.min = 1, .max = 64});
  const auto found =
      std::find_if(types.begin(), types.end(), [&](const Type &known) { return name == known.name; });
  return found == types.end() ? nullptr : &*found;
}

}  // namespace

namespace codec {

std::optional<Message> read_enclosed(json::Reader &in) {
  const Type *type = find(in);
  if (type == nullptr) return std::nullopt;
  if (!type->may_be_enclosed) {
    in.complain("type", "does not travel over others");
    return std::nullopt;
  }
  return type->read(in);
}

json::Builder message_object(const Message &message) {
  json::Builder out = std::visit([](const auto &content) { return codec::write(content); }, message);
  return out.set("type", types[message.index()].name);
}

}  // namespace codec

Expected<std::optional<Message>> read_message(std::string_view text) {
  auto in = json::Reader::parse(text, {.max_bytes = max_message_bytes});
  if (!in) return tl::unexpected<Error>(in.error());
  const Type *type = find(*in);
  if (!in->good()) return tl::unexpected<Error>(in->error());
  if (type == nullptr) return std::nullopt;
  Message message = type->read(*in);
  return in->result(std::optional(std::move(message)));
}

std::string write_message(const Message &message) {
  return codec::message_object(message).text();
}

}  // namespace astral::protocol
