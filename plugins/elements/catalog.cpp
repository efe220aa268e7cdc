// SPDX-License-Identifier: BSD-3-Clause
#include "elements/catalog.hpp"

#include <glib.h>

#include <algorithm>

#include "glue/json.hpp"
#include "glue/ref.hpp"

namespace astral::elements {

namespace {

constexpr std::size_t max_headers = 64;

bool is_flat(std::string_view caps) {
  const auto brackets = std::ranges::count_if(caps, [](char c) { return c == '{' || c == '<' || c == '['; });
  return static_cast<std::size_t>(brackets) <= max_caps_brackets;
}

std::string to_base64(const Slice &bytes) {
  const GString_ text(g_base64_encode(bytes.data(), bytes.size()));
  return text.get();
}

Slice from_base64(const std::string &text) {
  gsize size = 0;
  const std::unique_ptr<guchar, GFree> bytes(g_base64_decode(text.c_str(), &size));
  return Slice::copy({bytes.get(), size});
}

json::Builder describe(const std::string &caps, const std::vector<Slice> &streamheader) {
  std::vector<std::string> headers;
  for (const Slice &header : streamheader) headers.push_back(to_base64(header));
  json::Builder track;
  track.set("name", media_track).set("caps", caps).set("streamheader", headers);
  return json::Builder().set("version", 1).set("tracks", std::vector<json::Builder>{track});
}

}  // namespace

Expected<Catalog> make_catalog(std::uint64_t group, const std::string &caps,
                               std::vector<Slice> streamheader) {
  if (streamheader.size() > max_headers)
    return fail(Code::too_large, "the caps have too many stream headers");
  if (!is_flat(caps)) return fail(Code::too_large, "the caps have too many lists");
  const std::string text = describe(caps, streamheader).text();
  if (text.size() > max_catalog)
    return fail(Code::too_large, "the caps and their stream headers are too long");
  return Catalog{group, caps, std::move(streamheader), Slice::copy(as_bytes(text))};
}

Expected<Catalog> read_catalog(std::uint64_t group, Slice text) {
  auto in = json::Reader::parse(as_text(text.bytes()), {.max_bytes = max_catalog});
  if (!in) return tl::unexpected<Error>(in.error());
  in->number("version", 1, 1);
  std::vector<json::Reader> tracks = in->objects("tracks", 1);
  if (in->good() && tracks.empty()) in->complain("tracks", "must have a track");
  Catalog catalog{.group = group, .caps = {}, .streamheader = {}, .text = std::move(text)};
  for (json::Reader &track : tracks) {
    catalog.caps = track.text("caps", {1, max_catalog, &is_flat, "caps with fewer lists"});
    for (const std::string &header :
         track.texts("streamheader", max_headers, {0, max_catalog, nullptr, nullptr}))
      catalog.streamheader.push_back(from_base64(header));
  }
  constexpr json::Text words{0, max_catalog_words, nullptr, nullptr}, bytes{1, max_catalog, nullptr, nullptr};
  catalog.name = in->text_if("name", words).value_or("");
  catalog.description = in->text_if("description", words).value_or("");
  if (in->has("private")) {
    json::Reader hidden = in->object("private");
    catalog.guests = from_base64(hidden.text("guests", bytes));
    catalog.sealed = from_base64(hidden.text("catalog", bytes));
  }
  return in->result(std::move(catalog));
}

Expected<Catalog> seal_catalog(std::uint64_t group, const Catalog &plain, trust::EpochKey &key,
                               Bytes guests) {
  if (plain.name.size() + plain.description.size() > max_catalog_words)
    return fail(Code::too_large, "the name and the description are too long");
  const std::string inside = describe(plain.caps, plain.streamheader)
                                 .set("name", plain.name)
                                 .set("description", plain.description)
                                 .text();
  const auto sealed = key.seal_catalog(group, as_bytes(inside));
  if (!sealed) return fail(Code::invalid, "this catalog has been encrypted before");
  Catalog out{.group = group, .caps = private_caps, .streamheader = {}, .text = {}};
  out.guests = Slice::copy(guests);
  out.sealed = Slice::copy(*sealed);
  json::Builder hidden;
  hidden.set("guests", to_base64(out.guests)).set("catalog", to_base64(out.sealed));
  const std::string text = describe(private_caps, {}).set("private", hidden).text();
  if (text.size() > max_catalog)
    return fail(Code::too_large, "the caps and their stream headers are too long for a private stream");
  out.text = Slice::copy(as_bytes(text));
  return out;
}

Expected<Catalog> open_catalog(const Catalog &sealed, const trust::EpochKey &key) {
  const auto inside = key.open_catalog(sealed.group, sealed.sealed.bytes());
  if (!inside) return tl::unexpected<Error>(inside.error());
  auto opened = read_catalog(sealed.group, Slice::copy(*inside));
  if (!opened) return opened;
  if (opened->is_private()) return fail(Code::invalid, "a private catalog inside another one");
  opened->key = sealed.key;
  opened->proof = sealed.proof;
  return opened;
}

}  // namespace astral::elements
