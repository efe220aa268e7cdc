// SPDX-License-Identifier: BSD-3-Clause
#include "http/call.hpp"

#include <libsoup/soup.h>

namespace astral::http {
namespace {

struct Meaning {
  const char *name;
  unsigned status;
};

Meaning meaning(Code code) {
  switch (code) {
    case Code::invalid:
      return {"invalid", 400};
    case Code::too_large:
      return {"too-large", 413};
    case Code::not_found:
      return {"not-found", 404};
    case Code::no_room:
      return {"no-room", 412};
    case Code::refused:
    case Code::forged:
      return {"refused", 403};
    case Code::unreachable:
      return {"unreachable", 503};
    case Code::timeout:
      return {"timeout", 503};
    case Code::unsupported:
      return {"unsupported", 415};
    case Code::conflict:
      return {"conflict", 409};
    case Code::failed:
      return {"failed", 500};
  }
  return {"failed", 500};
}

Reply error_reply(const char *name, const std::string &message, unsigned status) {
  json::Builder error, body;
  error.set("code", name).set("message", message);
  return reply(body.set("error", error), status);
}

}  // namespace

Reply reply(const json::Builder &body, unsigned status) {
  return {.status = status, .body = body.text() + "\n", .headers = {{"Cache-Control", "no-store"}}};
}

Reply reply_error(const Error &error, std::optional<unsigned> status) {
  const Meaning known = meaning(error.code);
  Reply out = error_reply(known.name, error.detail, status.value_or(known.status));
  if (out.status == 503) out.headers.emplace_back("Retry-After", "1");
  return out;
}

Reply method_not_allowed(const std::string &allow) {
  Reply out = error_reply("method", "this resource takes " + allow, 405);
  out.headers.emplace_back("Allow", allow);
  return out;
}

bool is_form(const Call &call) {
  return call.content_type == "application/x-www-form-urlencoded";
}

Expected<json::Reader> read_body(const Call &call, bool may_be_empty) {
  if (call.body.empty() && may_be_empty) return json::Reader::parse("{}");
  if (is_form(call)) {
    json::Builder fields;
    GHashTable *form = soup_form_decode(call.body.c_str());
    GHashTableIter iter;
    gpointer name = nullptr, value = nullptr;
    g_hash_table_iter_init(&iter, form);
    // The strings of GHashTable end at a NUL.
    bool is_text = call.body.find('\0') == std::string::npos && call.body.find("%00") == std::string::npos;
    while (g_hash_table_iter_next(&iter, &name, &value)) {
      const auto *field = static_cast<const char *>(name), *text = static_cast<const char *>(value);
      is_text = is_text && g_utf8_validate(field, -1, nullptr) && g_utf8_validate(text, -1, nullptr);
      if (*field != '\0') fields.set(field, text);
    }
    g_hash_table_unref(form);
    if (!is_text) return fail(Code::invalid, "the form must be UTF-8 without NUL");
    return json::Reader::parse(fields.text(), {.max_bytes = call.body.size() * 8 + 1024});
  }
  if (call.content_type != "application/json" && !(call.content_type.empty() && !call.body.empty())) {
    return fail(Code::unsupported, "the body must be application/json or a form");
  }
  return json::Reader::parse(call.body);
}

}  // namespace astral::http
