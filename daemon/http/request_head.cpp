// SPDX-License-Identifier: BSD-3-Clause
#include "http/request_head.hpp"

#include <libsoup/soup.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

namespace astral::http {
namespace {

constexpr std::size_t max_method = 32;
constexpr std::size_t around_target = max_method + 16;  // method, spaces, version, line end
constexpr std::size_t max_length_digits = 18;
constexpr auto uri_flags = static_cast<GUriFlags>(SOUP_HTTP_URI_FLAGS);

struct UriUnref {
  void operator()(GUri *uri) const { g_uri_unref(uri); }
};

tl::unexpected<HeadFault> bad(std::string what) {
  return tl::unexpected<HeadFault>(HeadFault{{Code::invalid, std::move(what)}, 400});
}

tl::unexpected<HeadFault> too_large(std::string what, unsigned status) {
  return tl::unexpected<HeadFault>(HeadFault{{Code::too_large, std::move(what)}, status});
}

tl::unexpected<HeadFault> too_long_a_target(const HeadLimits &limits) {
  return too_large("the address is longer than " + std::to_string(limits.target) + " bytes", 414);
}

bool is_token_char(char c) {
  return g_ascii_isalnum(c) ||
         (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool is_authority(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return g_ascii_isalnum(c) || std::string_view(".-_:[]%").find(c) != std::string_view::npos;
  });
}

struct Line {
  std::string_view target;
  bool is_1_0;
};

tl::expected<Line, HeadFault> read_request_line(std::string_view line, const HeadLimits &limits) {
  const std::size_t first = line.find(' '), last = line.rfind(' ');
  const std::string_view method = line.substr(0, first);
  if (first == last || !is_token(method) || method.size() > max_method) {
    return bad("the first line must be METHOD, path and HTTP/1.1");
  }
  const std::string_view target = line.substr(first + 1, last - first - 1), version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return bad("only HTTP/1.1 and HTTP/1.0 are spoken here");
  if (target.size() > limits.target) return too_long_a_target(limits);
  const bool printable =
      std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c < 0x7F; });
  const bool is_form = target.starts_with('/') || target.starts_with("http://");
  if (!printable || !is_form || method == "CONNECT") return bad("the address is no path of this program");
  return Line{target, version == "HTTP/1.0"};
}

// The fields that decide where a request goes and where its body ends.
struct Framing {
  std::optional<std::string_view> host;
  std::optional<std::string_view> length;
  std::optional<std::string_view> encoding;
};

tl::expected<void, HeadFault> take_field(std::string_view line, Framing &framing) {
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  if (colon == std::string_view::npos || !is_token(name))
    return bad("a header must be NAME: value, on one line");
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (std::any_of(value.begin(), value.end(), [](char c) { return g_ascii_iscntrl(c) && c != '\t'; })) {
    return bad("header '" + std::string(name) + "': has a control character");
  }
  for (const auto &[known, kept] : {std::pair{"Host", &framing.host},
                                    {"Content-Length", &framing.length},
                                    {"Transfer-Encoding", &framing.encoding}}) {
    if (!same_word(name, known)) continue;
    if (kept->has_value()) return bad("header '" + std::string(known) + "': is there twice");
    *kept = value;
  }
  return {};
}

tl::expected<void, HeadFault> check_framing(const Framing &framing, const Line &line) {
  if (!framing.host && !line.is_1_0) return bad("header 'Host': is missing");
  if (framing.host && !is_authority(*framing.host)) return bad("header 'Host': must be HOST or HOST:PORT");
  if (framing.length) {
    const std::string_view digits = *framing.length;
    if (digits.empty() || digits.size() > max_length_digits ||
        digits.find_first_not_of("0123456789") != std::string_view::npos) {
      return bad("header 'Content-Length': must be a number of bytes");
    }
  }
  if (!framing.encoding) return {};
  // RFC 9112 §6.1 and §6.3: a request that can be read in two ways is refused.
  if (framing.length) return bad("header 'Transfer-Encoding': and 'Content-Length' cannot both be there");
  if (line.is_1_0 || !same_word(*framing.encoding, "chunked"))
    return bad("header 'Transfer-Encoding': must be chunked, in HTTP/1.1");
  return {};
}

// Whether GLib can parse the target and the host as a URL.
bool is_uri(const Framing &framing, std::string_view target) {
  const std::string host = framing.host ? std::string(*framing.host) : "localhost";
  std::string text(target);
  if (target.starts_with('/')) text = "http://" + host + text;
  const std::unique_ptr<GUri, UriUnref> uri(g_uri_parse(text.c_str(), uri_flags, nullptr));
  return uri && g_uri_get_host(uri.get()) && *g_uri_get_host(uri.get());
}

}  // namespace

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && g_ascii_strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::optional<std::string_view> take_line(std::string_view &bytes) {
  const std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

tl::expected<bool, HeadFault> check_head(std::string_view bytes, const HeadLimits &limits) {
  bytes = bytes.substr(0, limits.bytes);
  if (bytes.empty()) return false;
  if (!is_token_char(bytes.front())) return bad("that is no HTTP; without TLS, please");
  const auto unfinished = [&, whole = bytes.size()]() -> tl::expected<bool, HeadFault> {
    if (whole < limits.bytes) return false;
    return too_large("the headers are larger than " + std::to_string(limits.bytes) + " bytes", 431);
  };
  const auto first = take_line(bytes);
  if (!first && bytes.size() > limits.target + around_target) return too_long_a_target(limits);
  if (!first) return unfinished();
  const auto line = read_request_line(*first, limits);
  if (!line) return tl::unexpected<HeadFault>(line.error());
  Framing framing;
  for (std::size_t fields = 0;; ++fields) {
    const auto field = take_line(bytes);
    if (!field) return unfinished();
    if (field->empty()) break;
    if (fields == limits.fields) {
      return too_large("there are more than " + std::to_string(limits.fields) + " headers", 431);
    }
    if (const auto taken = take_field(*field, framing); !taken) {
      return tl::unexpected<HeadFault>(taken.error());
    }
  }
  if (const auto sound = check_framing(framing, *line); !sound)
    return tl::unexpected<HeadFault>(sound.error());
  if (!is_uri(framing, line->target)) return bad("the address is no path of this program");
  return true;
}

}  // namespace astral::http
