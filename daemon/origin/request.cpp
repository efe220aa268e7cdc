// SPDX-License-Identifier: BSD-3-Clause
#include "origin/request.hpp"

#include <libsoup/soup.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "http/request_head.hpp"

namespace astral::origin {
namespace {

using http::same_word;
using http::take_line;
using http::trimmed;

void read_target(std::string_view target, http::Call &call) {
  constexpr std::string_view scheme = "http://";
  if (target.starts_with(scheme)) {  // as one says it to a proxy
    const std::size_t path = target.find_first_of("/?", scheme.size());
    target = path == std::string_view::npos ? "/" : target.substr(path);
  }
  target = target.substr(0, target.find('#'));
  const std::size_t question = target.find('?');
  call.path = target.substr(0, question);
  if (call.path.empty()) call.path = "/";
  if (question == std::string_view::npos) return;
  GHashTable *query = soup_form_decode(std::string(target.substr(question + 1)).c_str());
  GHashTableIter iter;
  gpointer name = nullptr, value = nullptr;
  g_hash_table_iter_init(&iter, query);
  while (g_hash_table_iter_next(&iter, &name, &value)) {
    call.query.emplace(static_cast<const char *>(name), value ? static_cast<const char *>(value) : "");
  }
  g_hash_table_unref(query);
}

void read_field(std::string_view name, std::string_view value, Request &request) {
  http::Call &call = request.call;
  if (same_word(name, "Host")) {
    call.authority = value;
    call.host =
        value.starts_with('[') ? value.substr(1, value.find(']') - 1) : value.substr(0, value.find(':'));
  } else if (same_word(name, "Content-Length")) {
    std::from_chars(value.data(), value.data() + value.size(), request.length);
  } else if (same_word(name, "Content-Type")) {
    call.content_type = trimmed(value.substr(0, value.find(';')));
    for (char &c : call.content_type) c = g_ascii_tolower(c);
  } else if (same_word(name, "Accept")) {
    if (!call.accept.empty()) call.accept += ", ";
    call.accept += value;
  } else if (same_word(name, "Origin")) {
    call.origin = value;
  } else if (same_word(name, "Connection")) {
    while (!value.empty()) {
      const std::size_t comma = std::min(value.find(','), value.size());
      if (same_word(trimmed(value.substr(0, comma)), "close")) request.keeps = false;
      value.remove_prefix(std::min(comma + 1, value.size()));
    }
  } else if (same_word(name, "Expect")) {
    request.waits = same_word(value, "100-continue");
  }
}

}  // namespace

Request read_request(std::string_view bytes) {
  Request request;
  const std::size_t size = bytes.size();
  const std::string_view line = take_line(bytes).value_or("");
  const std::size_t first = line.find(' '), last = line.rfind(' ');
  request.call.method = line.substr(0, first);
  request.is_head = request.call.method == "HEAD";
  if (request.is_head) request.call.method = "GET";
  if (line.substr(last + 1) == "HTTP/1.0") request.keeps = false;
  read_target(line.substr(first + 1, last - first - 1), request.call);
  for (std::string_view field = take_line(bytes).value_or(""); !field.empty();
       field = take_line(bytes).value_or("")) {
    const std::size_t colon = std::min(field.find(':'), field.size());
    read_field(field.substr(0, colon), trimmed(field.substr(std::min(colon + 1, field.size()))), request);
  }
  request.head = size - bytes.size();
  return request;
}

}  // namespace astral::origin
