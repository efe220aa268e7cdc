// SPDX-License-Identifier: BSD-3-Clause
#include "http/request.hpp"

#include <libsoup/soup.h>

#include <algorithm>
#include <charconv>

#include "http/request_head.hpp"

namespace astral::http {
namespace {

void read_target(std::string_view target, Call &call) {
  constexpr std::string_view scheme = "http://";
  if (target.starts_with(scheme)) {  // the form that a client sends to a proxy
    const std::size_t path = target.find_first_of("/?", scheme.size());
    target = path == std::string_view::npos ? "/" : target.substr(path);
  }
  target = target.substr(0, target.find('#'));
  const std::size_t question = target.find('?');
  call.path = target.substr(0, question);
  if (call.path.empty()) call.path = "/";
  if (question == std::string_view::npos) return;
  call.raw_query = target.substr(question + 1);
  GHashTable *query = soup_form_decode(call.raw_query.c_str());
  GHashTableIter iter;
  gpointer name = nullptr, value = nullptr;
  g_hash_table_iter_init(&iter, query);
  while (g_hash_table_iter_next(&iter, &name, &value)) {
    call.query.emplace(static_cast<const char *>(name), value ? static_cast<const char *>(value) : "");
  }
  g_hash_table_unref(query);
}

std::string token_of(std::string_view authorization) {
  constexpr std::string_view scheme = "Bearer ";
  if (!same_word(authorization.substr(0, scheme.size()), scheme)) return "";
  return std::string(authorization.substr(scheme.size()));
}

std::string media_type_of(std::string_view content_type) {
  std::string type(trimmed(content_type.substr(0, content_type.find(';'))));
  for (char &c : type) c = g_ascii_tolower(c);
  return type;
}

// A header that is there several times is one list (RFC 9110 §5.3).
void add_to(std::string &list, std::string_view value) {
  if (!list.empty()) list += ", ";
  list += value;
}

struct Lists {
  std::string authorization, expect;
};

void read_field(std::string_view name, std::string_view value, Request &request, Lists &lists) {
  Call &call = request.call;
  if (same_word(name, "Host")) {
    call.authority = value;
    call.host = host_of(value);
  } else if (same_word(name, "Content-Length")) {
    std::from_chars(value.data(), value.data() + value.size(), request.body_size);
  } else if (same_word(name, "Transfer-Encoding")) {
    request.is_chunked = true;
  } else if (same_word(name, "Content-Type")) {
    call.content_type = media_type_of(value);
  } else if (same_word(name, "Accept")) {
    add_to(call.accept, value);
  } else if (same_word(name, "Accept-Encoding")) {
    add_to(call.accept_encoding, value);
  } else if (same_word(name, "If-None-Match")) {
    add_to(call.if_none_match, value);
  } else if (same_word(name, "Origin")) {
    add_to(call.origin, value);
  } else if (same_word(name, "Cookie")) {
    if (!call.cookies.empty()) call.cookies += "; ";
    call.cookies += value;
  } else if (same_word(name, "User-Agent")) {
    call.user_agent = value;
  } else if (same_word(name, "X-Forwarded-For")) {
    add_to(call.forwarded.addresses, value);
  } else if (same_word(name, "X-Forwarded-Proto")) {
    add_to(call.forwarded.protocol, value);
  } else if (same_word(name, "X-Forwarded-Host")) {
    add_to(call.forwarded.host, value);
  } else if (same_word(name, "X-Forwarded-Prefix")) {
    call.forwarded.prefix = value;
  } else if (same_word(name, "Content-Digest")) {
    add_to(call.signature.digest, value);
  } else if (same_word(name, "Signature-Input")) {
    add_to(call.signature.input, value);
  } else if (same_word(name, "Signature")) {
    add_to(call.signature.signature, value);
  } else if (same_word(name, "Authorization")) {
    add_to(lists.authorization, value);
  } else if (same_word(name, "Connection")) {
    add_to(request.upgrade.connection, value);
  } else if (same_word(name, "Expect")) {
    add_to(lists.expect, value);
  } else if (same_word(name, "Upgrade")) {
    add_to(request.upgrade.protocol, value);
  } else if (same_word(name, "Sec-WebSocket-Version")) {
    add_to(request.upgrade.version, value);
  } else if (same_word(name, "Sec-WebSocket-Key")) {
    add_to(request.upgrade.key, value);
  }
}

}  // namespace

std::string host_of(std::string_view authority) {
  if (authority.starts_with('[')) return std::string(authority.substr(1, authority.find(']') - 1));
  return std::string(authority.substr(0, authority.find(':')));
}

std::vector<std::string_view> cookies_named(std::string_view cookies, std::string_view name) {
  std::vector<std::string_view> values;
  while (!cookies.empty()) {
    const std::size_t end = std::min(cookies.find(';'), cookies.size());
    const std::string_view pair = trimmed(cookies.substr(0, end));
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
    if (pair.size() > name.size() && pair[name.size()] == '=' && pair.starts_with(name))
      values.push_back(pair.substr(name.size() + 1));
  }
  return values;
}

bool list_has(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (same_word(trimmed(list.substr(0, comma)), word)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

Request read_request(std::string_view bytes) {
  Request request;
  const std::size_t size = bytes.size();
  const std::string_view line = take_line(bytes).value_or("");
  const std::size_t first = line.find(' '), last = line.rfind(' ');
  request.call.method = line.substr(0, first);
  request.is_head = request.call.method == "HEAD";
  if (request.is_head) request.call.method = "GET";
  request.is_1_0 = line.substr(last + 1) == "HTTP/1.0";
  read_target(line.substr(first + 1, last - first - 1), request.call);
  Lists lists;
  for (std::string_view field = take_line(bytes).value_or(""); !field.empty();
       field = take_line(bytes).value_or("")) {
    const std::size_t colon = std::min(field.find(':'), field.size());
    read_field(field.substr(0, colon), trimmed(field.substr(std::min(colon + 1, field.size()))), request,
               lists);
  }
  request.call.token = token_of(lists.authorization);
  request.keep_alive = !request.is_1_0 && !list_has(request.upgrade.connection, "close");
  request.expects_continue = !request.is_1_0 && list_has(lists.expect, "100-continue");
  request.head_size = size - bytes.size();
  return request;
}

}  // namespace astral::http
