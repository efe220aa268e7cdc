// SPDX-License-Identifier: BSD-3-Clause
#include "formats/hls_request.hpp"

#include <algorithm>
#include <charconv>

namespace astral::formats {

namespace {

constexpr std::string_view ts_suffix = ".ts", mp4_suffix = ".m4s", init_suffix = ".init.mp4";

std::string_view suffix_of(Container container) {
  return container == Container::ts ? ts_suffix : mp4_suffix;
}

// Decimal, without a sign and without leading zeros.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Expected<void> read_number(std::string_view name, std::string_view text,
                           std::optional<std::uint64_t> &number) {
  const auto value = parse_number(text);
  if (!value) return fail(Code::invalid, std::string(name) + " must be a number");
  if (number) return fail(Code::invalid, std::string(name) + " is given twice");
  number = value;
  return {};
}

Expected<void> read_directive(std::string_view name, std::string_view value, PlaylistQuery &query) {
  if (name == "_HLS_msn") return read_number(name, value, query.sequence);
  if (name == "_HLS_part") return read_number(name, value, query.part);
  if (name == "_HLS_skip") query.may_skip = value == "YES" || value == "v2";
  return {};
}

}  // namespace

std::string segment_name(std::uint64_t sequence, Container container) {
  return std::to_string(sequence).append(suffix_of(container));
}

std::optional<std::uint64_t> parse_segment_name(std::string_view name) {
  for (const std::string_view suffix : {ts_suffix, mp4_suffix})
    if (name.ends_with(suffix)) return parse_number(name.substr(0, name.size() - suffix.size()));
  return std::nullopt;
}

std::string part_name(const PartId &part, Container container) {
  return std::to_string(part.sequence).append(".") + segment_name(part.index, container);
}

std::optional<PartId> parse_part_name(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto sequence = parse_number(name.substr(0, dot));
  const auto index = parse_segment_name(name.substr(dot + 1));
  if (!sequence || !index) return std::nullopt;
  return PartId{*sequence, *index};
}

std::string init_name(std::uint64_t sequence) {
  return std::to_string(sequence).append(init_suffix);
}

std::optional<std::uint64_t> parse_init_name(std::string_view name) {
  if (!name.ends_with(init_suffix)) return std::nullopt;
  return parse_number(name.substr(0, name.size() - init_suffix.size()));
}

const char *media_type(std::string_view name) {
  return name.ends_with(ts_suffix) ? "video/mp2t" : "video/mp4";
}

Expected<PlaylistQuery> parse_playlist_query(std::string_view query) {
  PlaylistQuery out;
  while (!query.empty()) {
    const std::string_view field = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(field.size() + 1, query.size()));
    const std::string_view name = field.substr(0, field.find('='));
    const std::string_view value = field.substr(std::min(name.size() + 1, field.size()));
    if (auto read = read_directive(name, value, out); !read) return tl::unexpected(read.error());
  }
  if (out.part && !out.sequence) return fail(Code::invalid, "_HLS_part needs _HLS_msn");
  return out;
}

}  // namespace astral::formats
