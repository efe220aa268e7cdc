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

}  // namespace

Expected<Catalog> make_catalog(std::uint64_t group, const std::string &caps,
                               std::vector<Slice> streamheader) {
  if (streamheader.size() > max_headers)
    return fail(Code::too_large, "the caps have too many stream headers");
  if (!is_flat(caps)) return fail(Code::too_large, "the caps have too many lists");
  std::vector<std::string> headers;
  for (const Slice &header : streamheader) headers.push_back(to_base64(header));
  json::Builder track;
  track.set("name", media_track).set("caps", caps).set("streamheader", headers);
  json::Builder out;
  out.set("version", 1).set("tracks", std::vector<json::Builder>{track});
  const std::string text = out.text();
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
  return in->result(std::move(catalog));
}

}  // namespace astral::elements
