// SPDX-License-Identifier: BSD-3-Clause
#include "trace.hpp"

#include <variant>

namespace astral::core {
namespace {

std::string code(RefusalCode refusal) {
  switch (refusal) {
    case RefusalCode::no_stream:
      return "no-stream";
    case RefusalCode::no_room:
      return "no-room";
    case RefusalCode::loop:
      return "loop";
    case RefusalCode::timeout:
      return "timeout";
    case RefusalCode::bad_request:
      return "bad-request";
    case RefusalCode::conflict:
      return "conflict";
    case RefusalCode::no_path:
      return "no-path";
    case RefusalCode::not_invited:
      return "not-invited";
  }
  return "";
}

std::string joined(const std::vector<Uuid> &uuids) {
  std::string line;
  for (const Uuid &uuid : uuids) line += (line.empty() ? "" : ",") + uuid;
  return line;
}

std::string named(const std::vector<NodeInfo> &nodes) {
  std::string line;
  for (const NodeInfo &node : nodes) line += " " + node.uuid;
  return line;
}

struct Words {
  std::string operator()(const Hello &m) const { return "hello " + m.node.uuid; }
  std::string operator()(const Welcome &m) const { return "welcome " + m.node.uuid; }
  std::string operator()(const Register &) const { return "register"; }
  std::string operator()(const Registered &m) const { return "registered" + named(m.others); }
  std::string operator()(const Full &m) const { return "full" + named(m.others); }
  std::string operator()(const Unregister &) const { return "unregister"; }
  std::string operator()(const Summon &) const { return "summon"; }
  std::string operator()(const Probe &) const { return "probe"; }
  std::string operator()(const Probed &m) const {
    return m.reached ? "probed reached" : "probed not reached";
  }
  std::string operator()(const Request &m) const {
    if (!m.search.empty())
      return "request of " + m.asker.uuid + " for " + m.slug + (m.relay ? ", to be relayed" : "");
    return "request " + m.ticket + " " + m.slug + " for " + m.destination;
  }
  std::string operator()(const Hold &m) const { return "hold " + m.ticket; }
  std::string operator()(const LoopCheck &m) const { return "check of " + m.mover + " for " + m.slug; }
  std::string operator()(const LoopChecked &m) const { return m.clear ? "checked clear" : "checked loop"; }
  std::string operator()(const Leaving &m) const { return "leaving " + m.ticket; }
  std::string operator()(const Viewers &m) const {
    return "viewers " + m.ticket + " " + std::to_string(m.viewers);
  }
  std::string operator()(const Carrying &m) const {
    if (m.over) return "carrying " + m.slug + " no more";
    return "carrying " + m.slug + " hops " + std::to_string(m.hops) + " room " + std::to_string(m.room);
  }
  std::string operator()(const Advert &m) const {
    std::string line = "advert " + m.slug + " through " + m.supernode.uuid;
    if (m.over) return line + (m.stream.empty() ? " no more" : " it has ended");
    line += " hops " + std::to_string(m.hops) + " room " + std::to_string(m.room);
    return line + (m.copied ? " copy" : "");
  }
  std::string operator()(const Find &m) const {
    const char *stages[] = {"home", "key owner", "carrier"};
    return std::string("find ") + m.request.slug + " for " + m.request.destination + " at " +
           stages[static_cast<int>(m.stage)] + (m.wide ? " wide" : "") +
           (m.request.standby || m.request.except.empty() ? "" : " but not " + joined(m.request.except)) +
           (m.request.unreachable.empty() ? "" : " but " + joined(m.request.unreachable)) +
           (m.request.relay ? ", to be relayed" : "");
  }
  std::string operator()(const Here &m) const { return "here " + m.place.uuid + " via " + m.place.via; }
  std::string operator()(const Seed &m) const { return "seed " + m.slug; }
  std::string operator()(const Seeded &m) const { return m.done ? "seeded" : "seeded not: " + m.message; }
  std::string operator()(const Routed &m) const {
    return "routed to " + m.to.uuid + " from " + m.from.uuid + ": " +
           (m.what ? text(m.what->message) : "nothing");
  }
  std::string operator()(const Offer &m) const {
    return "offer " + m.ticket + " hops " + std::to_string(m.hops) + " path " + joined(m.path);
  }
  std::string operator()(const Refusal &m) const {
    const std::string search = m.ticket.empty() ? "of a search" : "of a search, for " + m.ticket;
    const std::string relay = m.relay.empty() ? "" : ", " + m.relay + " relays";
    return "refusal " + (m.search.empty() ? m.ticket : search) + " " + code(m.code) + relay;
  }
  std::string operator()(const Confirm &m) const { return "confirm " + m.ticket; }
  std::string operator()(const Candidates &m) const { return "candidates " + m.ticket; }
  std::string operator()(const Cancel &m) const { return "cancel " + m.ticket + " " + m.code; }
  std::string operator()(const Path &m) const {
    const std::string line =
        "path " + m.ticket + " hops " + std::to_string(m.hops) + " path " + joined(m.path);
    return line + (m.granted ? " granted" : "") + (m.cut ? " cut" : "");
  }
  std::string operator()(const Streams &m) const {
    std::string line = "streams";
    for (const StreamInfo &stream : m.streams) line += " " + stream.slug + (stream.streaming ? "+" : "-");
    return line;
  }
  std::string operator()(const Gone &m) const { return "gone " + m.slug; }
  std::string operator()(const Heartbeat &m) const { return "heartbeat " + joined(m.tickets); }
  std::string operator()(const Goodbye &) const { return "goodbye"; }
  std::string operator()(const Publish &m) const { return "publish " + m.slug; }
  std::string operator()(const Published &m) const {
    return "published " + m.slug + " " + std::to_string(m.largest_group);
  }
  std::string operator()(const Media &m) const { return "media " + m.slug; }
  std::string operator()(const Ended &m) const { return "ended " + m.slug; }

  std::string operator()(const Connect &e) const {
    return "Connect " + e.ip_address + ":" + std::to_string(e.port);
  }
  std::string operator()(const Send &e) const {
    return "Send " + std::to_string(e.peer) + " " + text(e.message);
  }
  std::string operator()(const Disconnect &e) const {
    return "Disconnect " + std::to_string(e.peer) + " " + e.reason;
  }
  std::string operator()(const OpenMedia &e) const { return "OpenMedia " + e.slug; }
  std::string operator()(const CloseMedia &e) const { return "CloseMedia " + e.slug; }
  std::string operator()(const EndMedia &e) const { return "EndMedia " + e.slug; }
  std::string operator()(const TellRelay &e) const { return "TellRelay " + e.slug + " " + text(e.message); }
  std::string operator()(const AddSource &e) const {
    std::string text = "AddSource " + e.slug + " " + e.offer.ticket + (e.standby ? " standby" : "");
    for (const std::string &candidate : e.offer.ice.candidates) text += " " + candidate;
    return text;
  }
  std::string operator()(const SwitchSource &e) const {
    return "SwitchSource " + e.slug + " " + e.ticket + (e.standby ? " standby" : " on");
  }
  std::string operator()(const TellSource &e) const { return "TellSource " + e.slug + " " + text(e.message); }
  std::string operator()(const RemoveSource &e) const {
    return "RemoveSource " + e.slug + " " + e.ticket + (e.drain ? " drain" : "");
  }
  std::string operator()(const Answer &e) const {
    std::string line = "Answer " + std::to_string(e.call);
    if (!e.result) return line + " error " + std::to_string(static_cast<int>(e.result.error().code));
    if (e.result->ticket) line += " ticket " + *e.result->ticket;
    if (e.result->stream) line += " stream " + e.result->stream->slug;
    return line + (e.result->created ? " created" : "");
  }
  std::string operator()(const Announce &e) const { return "Announce " + e.key; }
  std::string operator()(const RegisterStream &e) const { return "RegisterStream " + e.stream.slug; }
  std::string operator()(const UnregisterStream &e) const { return "UnregisterStream " + e.slug; }
  std::string operator()(const AskOrigin &) const { return "AskOrigin"; }
  std::string operator()(const MeasureBandwidth &e) const { return "MeasureBandwidth " + e.ip_address; }
  std::string operator()(const Quit &) const { return "Quit"; }
};

}  // namespace

std::string text(const Message &message) {
  return std::visit(Words{}, message);
}
std::string text(const Effect &effect) {
  return std::visit(Words{}, effect);
}

}  // namespace astral::core
