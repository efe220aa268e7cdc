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
  const auto read = [](json::Reader &in) -> Message {
    T value;
    FieldReader fields(in);
    describe(fields, value);
    return value;
  };
  return {name, read, may_be_enclosed};
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
    type<Viewers>("viewers", true),
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

json::Builder message_json(const Message &message) {
  json::Builder out;
  FieldWriter fields(out);
  std::visit([&](const auto &content) { describe(fields, content); }, message);
  return out.set("type", types[message.index()].name);
}

}  // namespace

std::string_view cut(std::string_view text, std::size_t max) {
  if (text.size() <= max) return text;
  std::size_t end = max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

// Null: of a type that this version does not know.
std::shared_ptr<const Enclosed> read_enclosed(json::Reader &in) {
  const Type *type = find(in);
  if (type == nullptr) return nullptr;
  if (!type->may_be_enclosed) {
    in.complain("type", "must not be inside another message");
    return nullptr;
  }
  return std::make_shared<const Enclosed>(Enclosed{type->read(in)});
}

json::Builder enclosed_json(const std::shared_ptr<const Enclosed> &what) {
  return message_json(what->message);
}

Expected<std::shared_ptr<const Enclosed>> read_inside(std::string_view text) {
  auto in = json::Reader::parse(text, {.max_bytes = max_message_bytes});
  if (!in) return tl::unexpected<Error>(in.error());
  auto what = read_enclosed(*in);
  return in->result(std::move(what));
}

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
  return message_json(message).text();
}

std::optional<RefusalCode> refusal_code(std::string_view name) {
  const auto known = std::find_if(refusal_codes.begin(), refusal_codes.end(),
                                  [&](const auto &entry) { return name == entry.second; });
  return known == refusal_codes.end() ? std::nullopt : std::optional(known->first);
}

}  // namespace astral::protocol
