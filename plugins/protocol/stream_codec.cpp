// SPDX-License-Identifier: BSD-3-Clause
#include "protocol/message_fields.hpp"

#include <memory>
#include <utility>

namespace astral::protocol::codec {

Message read(json::Reader &in, Tag<Streams>) {
  return Streams{read_streams(in, "streams", max_list)};
}
json::Builder write(const Streams &streams) {
  json::Builder out;
  return out.set("streams", streams_json(streams.streams));
}

Message read(json::Reader &in, Tag<Gone>) {
  return Gone{in.text("slug", slug_rule), in.number_if("updated", 0, max_updated).value_or(0)};
}
json::Builder write(const Gone &gone) {
  json::Builder out;
  return out.set("slug", gone.slug).set("updated", gone.updated);
}

Message read(json::Reader &in, Tag<Carrying>) {
  Carrying carrying;
  carrying.slug = in.text("slug", slug_rule);
  carrying.hops = static_cast<std::uint32_t>(in.number_if("hops", 0, max_hops).value_or(0));
  carrying.room = static_cast<std::uint32_t>(in.number_if("room", 0, max_room).value_or(0));
  carrying.leaves = static_cast<std::uint32_t>(in.number_if("leaves", 0, max_room).value_or(0));
  carrying.over = in.flag_if("over").value_or(false);
  return carrying;
}
json::Builder write(const Carrying &carrying) {
  json::Builder out;
  out.set("slug", carrying.slug);
  if (carrying.over) return out.set("over", true);
  if (carrying.leaves > 0) out.set("leaves", carrying.leaves);
  return out.set("hops", carrying.hops).set("room", carrying.room);
}

Message read(json::Reader &in, Tag<Advert>) {
  Advert advert;
  advert.slug = in.text("slug", slug_rule);
  advert.supernode = read_place(in.object("supernode"));
  advert.hops = static_cast<std::uint32_t>(in.number_if("hops", 0, max_hops).value_or(0));
  advert.room = static_cast<std::uint32_t>(in.number_if("room", 0, max_room).value_or(0));
  advert.leaves = static_cast<std::uint32_t>(in.number_if("leaves", 0, max_room).value_or(0));
  advert.over = in.flag_if("over").value_or(false);
  advert.copied = in.flag_if("copied").value_or(false);
  advert.stream = read_streams(in, "stream", 1);
  return advert;
}
json::Builder write(const Advert &advert) {
  json::Builder out;
  out.set("slug", advert.slug).set("supernode", place_json(advert.supernode));
  out.set("hops", advert.hops).set("room", advert.room);
  if (advert.leaves > 0) out.set("leaves", advert.leaves);
  if (advert.over) out.set("over", true);
  if (advert.copied) out.set("copied", true);
  if (!advert.stream.empty()) out.set("stream", streams_json(advert.stream));
  return out;
}

Message read(json::Reader &in, Tag<Find>) {
  Find find;
  find.request = read_request(in);
  find.stage = static_cast<Stage>(in.number_if("stage", 0, 2).value_or(0));
  find.wide = in.flag_if("wide").value_or(false);
  find.carriers = static_cast<std::uint32_t>(in.number_if("carriers", 0, max_offers).value_or(0));
  return find;
}
json::Builder write(const Find &find) {
  json::Builder out = request_json(find.request);
  out.set("stage", static_cast<std::uint32_t>(find.stage)).set("carriers", find.carriers);
  if (find.wide) out.set("wide", true);
  return out;
}

Message read(json::Reader &in, Tag<Here>) {
  Here here;
  here.place = read_place(in.object("place"));
  here.updated = in.number("updated", 0, max_updated);
  here.copied = in.flag_if("copied").value_or(false);
  return here;
}
json::Builder write(const Here &here) {
  json::Builder out;
  out.set("place", place_json(here.place)).set("updated", here.updated);
  if (here.copied) out.set("copied", true);
  return out;
}

Message read(json::Reader &in, Tag<Seed>) {
  return Seed{in.number("call", 0, max_call), in.text("slug", slug_rule)};
}
json::Builder write(const Seed &seed) {
  json::Builder out;
  return out.set("call", seed.call).set("slug", seed.slug);
}

Message read(json::Reader &in, Tag<Seeded>) {
  return Seeded{in.number("call", 0, max_call), in.flag("done"),
                in.text_if("message", explanation_rule).value_or("")};
}
json::Builder write(const Seeded &seeded) {
  json::Builder out;
  return out.set("call", seeded.call).set("done", seeded.done).set("message", cut(seeded.message));
}

Message read(json::Reader &in, Tag<Routed>) {
  Routed routed;
  routed.to = read_place(in.object("to"));
  routed.from = read_place(in.object("from"));
  routed.hops = static_cast<std::uint32_t>(in.number_if("hops", 0, max_hops).value_or(0));
  routed.sought = in.flag_if("sought").value_or(false);
  json::Reader what = in.object("what");
  std::optional<Message> message = read_enclosed(what);
  if (message) routed.what = std::make_shared<const Enclosed>(Enclosed{std::move(*message)});
  return routed;
}
json::Builder write(const Routed &routed) {
  json::Builder out;
  out.set("to", place_json(routed.to)).set("from", place_json(routed.from)).set("hops", routed.hops);
  if (routed.sought) out.set("sought", true);
  if (routed.what) out.set("what", message_object(routed.what->message));
  return out;
}

Message read(json::Reader &in, Tag<Publish>) {
  Publish publish;
  publish.slug = in.text("slug", slug_rule);
  json::Text name = name_rule;
  name.min = 0;
  publish.name = in.text_if("name", name).value_or("");
  publish.description = in.text_if("description", description_rule).value_or("");
  publish.media = in.text_if("media", media_rule).value_or("");
  return publish;
}
json::Builder write(const Publish &publish) {
  json::Builder out;
  out.set("slug", publish.slug).set("name", publish.name).set("description", publish.description);
  return out.set("media", publish.media);
}

Message read(json::Reader &in, Tag<Published>) {
  return Published{in.text("slug", slug_rule), in.number_if("largest_group", 0, max_group).value_or(0)};
}
json::Builder write(const Published &published) {
  json::Builder out;
  return out.set("slug", published.slug).set("largest_group", published.largest_group);
}

Message read(json::Reader &in, Tag<Media>) {
  return Media{in.text("slug", slug_rule), in.text("media", media_rule)};
}
json::Builder write(const Media &media) {
  json::Builder out;
  return out.set("slug", media.slug).set("media", media.media);
}

Message read(json::Reader &in, Tag<Ended>) {
  return Ended{in.text("slug", slug_rule)};
}
json::Builder write(const Ended &ended) {
  json::Builder out;
  return out.set("slug", ended.slug);
}

}  // namespace astral::protocol::codec
