// SPDX-License-Identifier: BSD-3-Clause
// /stream/SLUG/invitations: who may read a private stream of this node; /invitations: to which streams of
// others this node is invited.
#include "api/calls.hpp"
#include "core/slug.hpp"
#include "runtime/private_streams.hpp"

namespace astral::api {
namespace {

constexpr json::Text invitation_rule{.min = 1, .max = 1'000};
constexpr json::Text guest_name_rule{.max = 100};

// An invitation has a secret, which travels only where nobody listens.
Expected<void> may_travel(const http::Call &call) {
  if (call.is_loopback || call.is_secure) return {};
  return fail(Code::refused, "an invitation is given and taken over https or on this machine only");
}

json::Builder guest_json(const runtime::InvitedGuest &guest) {
  return json::Builder()
      .set("id", guest.id)
      .set("for", guest.name)
      .set("expires", guest.expires)
      .set("revoked", guest.revoked);
}

void list_guests(runtime::Driver &driver, const http::Call &call, const http::Answer &answer) {
  const std::string &slug = call.params.at("slug");
  const auto guests =
      core::is_slug(slug) ? driver.private_streams().guests(slug) : fail(Code::not_found, "no such stream");
  if (!guests) return answer(http::reply_error(guests.error()));
  std::vector<json::Builder> shown;
  for (const runtime::InvitedGuest &guest : *guests) shown.push_back(guest_json(guest));
  answer(http::reply(json::Builder()
                         .set("name", driver.private_streams().title(slug).value_or(media::Title{}).name)
                         .set("invitations", shown)));
}

void invite_guest(runtime::Driver &driver, const http::Call &call, const http::Answer &answer) {
  if (const auto may = may_travel(call); !may) return answer(http::reply_error(may.error()));
  const std::string &slug = call.params.at("slug");
  auto in = http::read_body(call, true);
  if (!in) return answer(http::reply_error(in.error()));
  const std::string guest = in->text_if("for", guest_name_rule).value_or("");
  const std::uint64_t lasts = in->number_if("expires_seconds", 1, runtime::GuestBook::longest)
                                  .value_or(runtime::GuestBook::default_time);
  if (!in->good()) return answer(http::reply_error(in->error()));
  if (!core::is_slug(slug)) return answer(http::reply_error({Code::not_found, "no such stream"}));
  const auto made = driver.private_streams().invite(slug, guest, lasts);
  if (!made) return answer(http::reply_error(made.error()));
  json::Builder shown = guest_json({.id = made->id_text(), .name = guest, .expires = made->expires});
  shown.set("invitation", protocol::text_of(*made));
  answer(http::reply(json::Builder().set("invitation", shown), 201));
}

void revoke_guest(runtime::Driver &driver, const http::Call &call, const http::Answer &answer) {
  const std::string &slug = call.params.at("slug");
  if (!core::is_slug(slug)) return answer(http::reply_error({Code::not_found, "no such stream"}));
  const auto revoked = driver.private_streams().revoke(slug, call.params.at("guest"));
  if (!revoked) return answer(http::reply_error(revoked.error()));
  list_guests(driver, call, answer);
}

void accept_invitation(runtime::Driver &driver, const http::Call &call, const http::Answer &answer) {
  if (const auto may = may_travel(call); !may) return answer(http::reply_error(may.error()));
  auto in = http::read_body(call);
  if (!in) return answer(http::reply_error(in.error()));
  const std::string text = in->text("invitation", invitation_rule);
  if (!in->good()) return answer(http::reply_error(in->error()));
  const auto slug = driver.private_streams().accept(text);
  if (!slug)
    return answer(http::reply_error({slug.error().code, "field 'invitation': " + slug.error().detail}));
  answer(http::reply(json::Builder().set("slug", *slug)));
}

}  // namespace

void add_invitation_calls(std::vector<http::Route> &routes, runtime::Driver &driver) {
  runtime::Driver *d = &driver;
  routes.push_back(
      {.method = "GET",
       .pattern = "/stream/:slug/invitations",
       .handle = [d](const http::Call &call, const http::Answer &answer) { list_guests(*d, call, answer); },
       .who = http::Who::owner});
  routes.push_back(
      {.method = "POST",
       .pattern = "/stream/:slug/invitations",
       .handle = [d](const http::Call &call, const http::Answer &answer) { invite_guest(*d, call, answer); },
       .who = http::Who::owner});
  routes.push_back(
      {.method = "DELETE",
       .pattern = "/stream/:slug/invitation/:guest",
       .handle = [d](const http::Call &call, const http::Answer &answer) { revoke_guest(*d, call, answer); },
       .who = http::Who::owner});
  routes.push_back({.method = "POST",
                    .pattern = "/invitations",
                    .handle = [d](const http::Call &call,
                                  const http::Answer &answer) { accept_invitation(*d, call, answer); },
                    .who = http::Who::owner});
}

}  // namespace astral::api
