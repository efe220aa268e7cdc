// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <map>

#include "api/calls.hpp"
#include "api/names.hpp"
#include "api/ticket_json.hpp"
#include "core/slug.hpp"
#include "http/access.hpp"
#include "protocol/object_codec.hpp"
#include "runtime/stream_error.hpp"

namespace astral::api {
namespace {

// The ticket that a call is about. An empty destination means this node.
struct Subject {
  core::Slug slug;
  core::Uuid destination;
};

Subject subject(const http::Call &call) {
  const auto uuid = call.params.find("uuid");
  return {call.params.at("slug"), uuid == call.params.end() ? "" : uuid->second};
}

Expected<Subject> checked(const core::NodeView &node, const http::Call &call) {
  Subject about = subject(call);
  if (!core::is_stream_name(about.slug)) return fail(Code::not_found, "no such stream");
  if (about.destination.empty()) return about;
  if (!core::is_uuid(about.destination)) return fail(Code::not_found, "no such ticket");
  auto uuid = meant(node, about.destination);
  if (!uuid) return tl::unexpected<Error>(uuid.error());
  about.destination = std::move(*uuid);
  return about;
}

std::string path_of(const Subject &about) {
  return "/stream/" + about.slug + "/ticket" + (about.destination.empty() ? "" : "/" + about.destination);
}

// Adds what the link of the ticket measures, if it has one.
json::Builder shown_ticket(const core::NodeView &node, const core::TicketView &ticket,
                           const std::map<std::string, media::Link> &links) {
  json::Builder out = ticket_json(node, ticket);
  const auto link = links.find(ticket.id);
  if (link == links.end()) return out;
  return out.set("rtt_ms", static_cast<std::uint64_t>(std::llround(link->second.rtt_ms)))
      .set("bytes_sent", link->second.bytes_sent)
      .set("bytes_received", link->second.bytes_received)
      .set("kept_streams", link->second.kept_streams);
}

// Strangers learn how many there are.
json::Builder tickets_body(runtime::Driver &driver, const http::Call &call,
                           const std::vector<core::TicketView> &tickets) {
  if (!call.may_see_peers)
    return json::Builder().set("tickets", std::vector<json::Builder>()).set("count", tickets.size());
  std::map<core::Slug, std::map<std::string, media::Link>> links;  // one query for each stream
  std::vector<json::Builder> shown;
  for (const core::TicketView &ticket : tickets) {
    const auto [found, is_new] = links.try_emplace(ticket.stream);
    if (is_new) found->second = driver.media().links(ticket.stream);
    shown.push_back(shown_ticket(driver.node(), ticket, found->second));
  }
  json::Builder body;
  return body.set("tickets", shown).set("count", tickets.size());
}

std::optional<core::TicketView> find(const core::NodeView &node, const Subject &about,
                                     const core::Answered &answered) {
  if (answered.ticket) {
    if (auto ticket = node.find_ticket(*answered.ticket)) return ticket;
  }
  return node.find_ticket(about.slug, about.destination);
}

// Replies with the ticket that the call was about, and `status`; a 303 has its Location.
runtime::Driver::Done show(runtime::Driver &driver, const Subject &about, unsigned status,
                           const http::Answer &answer) {
  return [&driver, about, status, answer](const Expected<core::Answered> &result) {
    if (!result) return answer(http::reply_error(runtime::about_stream(result.error(), about.slug)));
    const auto ticket = find(driver.node(), about, *result);
    // The other node carries the stream now. Its ticket may come from a third node, which we do not see.
    if (!ticket && result->created && !about.destination.empty())
      return answer(
          http::reply(json::Builder().set("seeded", about.destination).set("stream", about.slug), 201));
    if (!ticket)
      return answer(
          http::reply_error(runtime::about_stream({Code::not_found, "no such ticket"}, about.slug)));
    http::Reply out = http::reply(json::Builder().set("ticket", ticket_json(driver.node(), *ticket)), status);
    if (status == 303) out.headers.emplace_back("Location", path_of(about));
    answer(std::move(out));
  };
}

void list_tickets(runtime::Driver &driver, const http::Call &call, const http::Answer &answer) {
  const std::string &slug = call.params.at("slug");
  const auto tickets = driver.node().tickets(slug);
  if (tickets.empty() && !driver.node().find_stream(slug)) {
    return answer(http::reply_error(runtime::about_stream({Code::not_found, ""}, slug)));
  }
  answer(http::reply(tickets_body(driver, call, tickets)));
}

void ask(runtime::Driver &driver, const http::Call &call, const http::Answer &answer) {
  auto in = http::read_body(call, true);
  if (!in) return answer(http::reply_error(in.error()));
  const std::string name = in->text_if("destination_uuid", protocol::uuid_rule).value_or("");
  const bool player = in->flag_if("player").value_or(false);
  if (!in->good()) return answer(http::reply_error(in->error()));
  if (!call.is_owner) {
    if (!player || !name.empty()) return answer(http::reply_error(http::not_the_owner(call)));
    if (!call.may_watch) return answer(http::reply_error(http::not_a_viewer()));
  }
  const auto destination = name.empty() ? Expected<core::Uuid>("") : meant(driver.node(), name);
  if (!destination) return answer(http::reply_error(destination.error()));
  const Subject about{call.params.at("slug"), *destination == driver.node().self().uuid ? "" : *destination};
  driver.call(
      core::AskTicket{.slug = about.slug, .destination = *destination, .until_media = true, .player = player},
      show(driver, about, 303, answer));
}

void refresh(runtime::Driver &driver, const http::Call &call, const http::Answer &answer) {
  const auto about = checked(driver.node(), call);
  if (!about) return answer(http::reply_error(runtime::about_stream(about.error(), call.params.at("slug"))));
  // A viewer keeps this node's own ticket alive by reading it.
  if (!call.may_see_peers && !about->destination.empty())
    return answer(http::reply_error(http::not_one_who_sees_peers()));
  if (!call.may_see_peers && !call.may_watch) return answer(http::reply_error(http::not_a_viewer()));
  driver.call(core::RefreshTicket{.slug = about->slug, .destination = about->destination},
              show(driver, *about, 200, answer));
}

void confirm(runtime::Driver &driver, const http::Call &call, const http::Answer &answer) {
  const auto about = checked(driver.node(), call);
  if (!about) return answer(http::reply_error(runtime::about_stream(about.error(), call.params.at("slug"))));
  auto in = http::read_body(call);
  if (!in) return answer(http::reply_error(in.error()));
  if (!in->flag("confirmed") && in->good())
    in->complain("confirmed", "must be true: DELETE gives a ticket up");
  if (!in->good()) return answer(http::reply_error(in->error()));
  driver.call(core::ConfirmTicket{.slug = about->slug, .destination = about->destination},
              show(driver, *about, 200, answer));
}

void revoke(runtime::Driver &driver, const http::Call &call, const http::Answer &answer) {
  const auto about = checked(driver.node(), call);
  if (!about) return answer(http::reply_error(runtime::about_stream(about.error(), call.params.at("slug"))));
  const auto ticket = driver.node().find_ticket(about->slug, about->destination);
  driver.call(core::RevokeTicket{.slug = about->slug, .destination = about->destination},
              [&driver, about = *about, ticket, answer](const Expected<core::Answered> &result) {
                if (!result)
                  return answer(http::reply_error(runtime::about_stream(result.error(), about.slug)));
                json::Builder body;
                if (ticket) body.set("ticket", ticket_json(driver.node(), *ticket).set("state", "ended"));
                answer(http::reply(body));
              });
}

}  // namespace

void add_ticket_calls(std::vector<http::Route> &routes, runtime::Driver &driver) {
  runtime::Driver *d = &driver;
  const auto on = [&routes](const char *method, const char *pattern, http::Who who,
                            const http::Handle &handle) {
    routes.push_back({.method = method, .pattern = pattern, .handle = handle, .who = who});
  };
  on("GET", "/tickets", http::Who::anyone, [d](const http::Call &call, const http::Answer &answer) {
    answer(http::reply(tickets_body(*d, call, d->node().tickets())));
  });
  on("GET", "/stream/:slug/tickets", http::Who::anyone,
     [d](const http::Call &call, const http::Answer &answer) { list_tickets(*d, call, answer); });
  // Who may watch may make this node fetch the stream for as long as it is played; the rest is the owner's.
  on("POST", "/stream/:slug/tickets", http::Who::anyone,
     [d](const http::Call &call, const http::Answer &answer) { ask(*d, call, answer); });
  for (const char *pattern : {"/stream/:slug/ticket", "/stream/:slug/ticket/:uuid"}) {
    on("GET", pattern, http::Who::anyone,
       [d](const http::Call &call, const http::Answer &answer) { refresh(*d, call, answer); });
    on("PUT", pattern, http::Who::owner,
       [d](const http::Call &call, const http::Answer &answer) { confirm(*d, call, answer); });
    on("DELETE", pattern, http::Who::owner,
       [d](const http::Call &call, const http::Answer &answer) { revoke(*d, call, answer); });
  }
}

}  // namespace astral::api
