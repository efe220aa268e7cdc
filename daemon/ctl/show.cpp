// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/show.hpp"

#include "ctl/advice.hpp"
#include "ctl/doctor.hpp"
#include "ctl/objects.hpp"
#include "ctl/table.hpp"
#include "ctl/text.hpp"
#include "glue/json.hpp"

namespace astral::ctl {
namespace {

constexpr json::Text any_text{0, 65536};
constexpr std::size_t most_listed = 1'000'000, max_bans = 10'000, max_hidden = 100'000;
constexpr std::uint64_t most_seconds = 100'000'000'000;  // the year 5138

std::string nodes(const std::vector<NodeObject> &list) {
  Table table({"NODE", "ADDRESS", "ROLE", "RTT ms", "UP kbit/s", "CHILDREN", "VERSION", "UUID"});
  for (const NodeObject &node : list) {
    table.add({node.name, node.address, node.supernode ? "supernode" : "node", shown_ms(node.rtt_ms),
               shown(node.upstream_kbps), shown(node.children), node.version, node.uuid});
  }
  return table.text();
}

std::string streams(const std::vector<StreamObject> &list) {
  Table table({"SLUG", "NAME", "STATE", "kbit/s", "VIEWERS", "SOURCE"});
  for (const StreamObject &stream : list) {
    table.add({stream.slug, stream.name, stream.state, shown(stream.bitrate_kbps), shown(stream.viewers),
               stream.source_name});
  }
  return table.text();
}

std::string tickets(const std::vector<TicketObject> &list) {
  Table table({"STREAM", "SOURCE", "DESTINATION", "HOPS", "ROLE", "STATE", "CONFIRMED"});
  for (const TicketObject &ticket : list) {
    table.add({ticket.stream, ticket.source_name, ticket.destination_name, shown(ticket.hops), ticket.role,
               ticket.state, ticket.confirmed ? (*ticket.confirmed ? "yes" : "no") : ""});
  }
  return table.text();
}

std::string one_ticket(const TicketObject &ticket) {
  return tickets({ticket}) + (ticket.reason.empty() ? "" : printable(ticket.reason) + "\n");
}

// What a node tells only its owner.
std::string not_shown(json::Reader &in, const char *what) {
  const std::uint64_t count = in.number_if("count", 0, most_listed).value_or(0);
  const std::uint64_t listed = in.objects(what, most_listed).size();
  if (count <= listed) return "";
  return "and " + std::to_string(count - listed) + " more that only the node's owner sees\n";
}

std::string devices(const std::vector<DeviceObject> &list) {
  Table table({"ID", "DEVICE", "PAIRED", "LAST SEEN"});
  for (const DeviceObject &device : list) table.add({device.id, device.name, device.paired, device.seen});
  return table.text();
}

std::string moderation(json::Reader &in) {
  Table table({"WHO", "REASON"});
  for (json::Reader &ban : in.objects("bans", max_bans))
    table.add({ban.text("who", any_text), ban.text("reason", any_text)});
  std::string text = table.text();
  for (const std::string &slug : in.texts("hidden", max_hidden, any_text))
    text += "hidden  " + printable(slug) + "\n";
  return text;
}

std::string pairing(const PairingObject &pairing) {
  const std::string code = printable(pairing.code);
  std::string text =
      "code " + code + ", for one device, good for " + std::to_string(pairing.minutes) + " minutes\n";
  if (pairing.url.empty())
    return text +
           "this node listens on this machine only: start it with --listen 0.0.0.0 to reach it from others\n";
  return text + "open on the device  " + printable(pairing.url) + "\n";
}

std::string authority(const std::string &node) {
  return node.substr(node.find("://") + 3);
}

std::string created_stream(json::Reader in, const std::string &node) {
  const std::string slug = in.text_if("slug", any_text).value_or("");
  return "stream " + printable(slug) + " created; publish into it with\n  … ! astralsink uri=astral://" +
         authority(node) + "/" + printable(slug) + "\n";
}

std::string invitations(json::Reader &in) {
  constexpr std::size_t most = 1000;
  Table table({"GUEST", "FOR", "UNTIL"});
  for (json::Reader &guest : in.objects("invitations", most)) {
    const std::uint64_t expires = guest.number("expires", 0, most_seconds);
    table.add({guest.text("id", any_text), guest.text("for", any_text),
               guest.flag("revoked") ? "revoked" : shown_date(expires * 1000)});
  }
  return table.text();
}

}  // namespace

Expected<std::string> show(const Plan &plan, std::string_view answer, const std::string &node) {
  if (plan.show == Show::done) return plan.subject + "\n";
  if (plan.show == Show::url) return node + "/stream/" + plan.subject + "/hls/index.m3u8\n";
  auto in = json::Reader::parse(answer, {.max_bytes = max_answer});
  if (!in) return fail(in.error().code, "the node's answer: " + in.error().detail);
  std::string shown;
  switch (plan.show) {
    case Show::nodes:
      shown = nodes(read_nodes(*in)) + not_shown(*in, "nodes");
      break;
    case Show::streams:
      shown = streams(read_streams(*in));
      break;
    case Show::tickets:
      shown = tickets(read_tickets(*in)) + not_shown(*in, "tickets");
      break;
    case Show::ticket:
      shown = one_ticket(read_ticket(in->object("ticket")));
      break;
    case Show::seeded:  // no ticket is in the answer if it is between two other nodes
      shown = in->has("ticket") ? tickets({read_ticket(in->object("ticket"))}) : plan.subject + "\n";
      break;
    case Show::doctor:
      shown = show_examination(read_examination(*in));
      break;
    case Show::devices:
      shown = devices(read_devices(*in));
      break;
    case Show::moderation:
      shown = moderation(*in);
      break;
    case Show::pairing:
      shown = pairing(read_pairing(in->object("pairing")));
      break;
    case Show::key:
      shown = in->object("key").text("pem", any_text);
      break;
    case Show::invitation:
      shown = node + "/#invite/" + printable(in->object("invitation").text("invitation", any_text)) + "\n";
      break;
    case Show::invitations:
      shown = invitations(*in);
      break;
    case Show::accepted:
      shown = "invited to " + printable(in->text("slug", any_text)) + "\n";
      break;
    case Show::created_stream:
      shown = created_stream(in->object("stream"), node);
      break;
    case Show::url:
    case Show::done:
    case Show::top:
      break;
  }
  if (!in->good()) return fail(Code::invalid, "the node's answer: " + in->error().detail);
  return shown;
}

std::string show_error(std::string_view command, unsigned status, std::string_view answer) {
  auto in = json::Reader::parse(answer);
  if (in) {
    json::Reader error = in->object("error");
    const std::string message = error.text_if("message", any_text).value_or("");
    const std::string then = advice(command, error.text_if("code", any_text).value_or(""));
    if (in->good() && !message.empty())
      return printable(message) + " (" + std::to_string(status) + ")" + (then.empty() ? "" : "; " + then);
  }
  return "the node answered " + std::to_string(status);
}

}  // namespace astral::ctl
