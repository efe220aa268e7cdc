// SPDX-License-Identifier: BSD-3-Clause
// /stream/SLUG/key: the secret key of a stream, for its owner who moves it to another machine.
#include "api/calls.hpp"
#include "core/slug.hpp"
#include "glue/key.hpp"

namespace astral::api {
namespace {

constexpr json::Text key_pem_rule{.min = 1, .max = Key::max_file_size};

// The key itself travels only where nobody listens.
Expected<core::Slug> allowed_slug(const http::Call &call) {
  const std::string &slug = call.params.at("slug");
  if (!core::is_slug(slug)) return fail(Code::not_found, "no stream has such a name");
  if (!call.is_loopback && !call.is_secure)
    return fail(Code::refused, "a key is given and taken over https or on this machine only");
  return slug;
}

json::Builder key_json(const core::Slug &slug, const Key &key) {
  return json::Builder().set("slug", slug).set("fingerprint", key.fingerprint());
}

void show_key(runtime::Driver &driver, const http::Call &call, const http::Answer &answer) {
  const auto slug = allowed_slug(call);
  if (!slug) return answer(http::reply_error(slug.error()));
  const auto key = driver.stream_key(*slug);
  if (!key) return answer(http::reply_error(key.error()));
  json::Builder out = key_json(*slug, *key);
  answer(http::reply(json::Builder().set("key", out.set("pem", as_text(key->private_key_pem())))));
}

void put_key(runtime::Driver &driver, const http::Call &call, const http::Answer &answer) {
  const auto slug = allowed_slug(call);
  if (!slug) return answer(http::reply_error(slug.error()));
  auto in = http::read_body(call);
  if (!in) return answer(http::reply_error(in.error()));
  const std::string pem = in->text("pem", key_pem_rule);
  if (!in->good()) return answer(http::reply_error(in->error()));
  const auto key = driver.import_stream_key(*slug, pem);
  if (!key && key.error().code == Code::invalid)
    return answer(http::reply_error({Code::invalid, "field 'pem': " + key.error().detail}));
  if (!key) return answer(http::reply_error(key.error()));
  answer(http::reply(json::Builder().set("key", key_json(*slug, *key))));
}

}  // namespace

void add_key_calls(std::vector<http::Route> &routes, runtime::Driver &driver) {
  runtime::Driver *d = &driver;
  routes.push_back(
      {.method = "GET",
       .pattern = "/stream/:slug/key",
       .handle = [d](const http::Call &call, const http::Answer &answer) { show_key(*d, call, answer); },
       .who = http::Who::owner});
  routes.push_back(
      {.method = "PUT",
       .pattern = "/stream/:slug/key",
       .handle = [d](const http::Call &call, const http::Answer &answer) { put_key(*d, call, answer); },
       .who = http::Who::owner});
}

}  // namespace astral::api
