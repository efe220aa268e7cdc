// SPDX-License-Identifier: BSD-3-Clause
// One node, one row: the state it is brought to, the input, the effects that must follow (announcements and
// news left out). Peers: 1 is node `child`, 2 is node `parent`, 3 an element; 9 has only connected.
#include <gtest/gtest.h>

#include <functional>

#include "core/limits.hpp"
#include "core/node.hpp"
#include "trace.hpp"

namespace astral::core {
namespace {

class Bench {
 public:
  Bench() : node({.self = {.uuid = "us", .ip_address = "10.0.0.1", .port = 8000, .version = ""}, .seed = 1}) {
    say(Tick{});
    join(1, "child", PeerKind::node);
    join(2, "parent", PeerKind::node);
    join(3, "element", PeerKind::element);
    say(PeerConnected{.peer = 9, .outbound = false, .address = "10.0.0.9"});
  }

  void join(PeerId peer, const Uuid &uuid, PeerKind kind) {
    say(PeerConnected{.peer = peer, .outbound = false, .address = "10.0.0.2"});
    Hello hello{.node = {}, .kind = kind};
    hello.node.uuid = uuid;
    hello.node.port = 7000;
    say(PeerSaid{.peer = peer, .message = hello});
  }

  void say(const Input &input) {
    Effects effects;
    node.handle(input, now, effects);
    node.check_invariants();
    said.clear();
    for (const Effect &effect : effects) {
      if (const auto *send = std::get_if<Send>(&effect))
        if (const auto *request = std::get_if<Request>(&send->message)) held = request->ticket;
      std::string line = text(effect);
      if (line.starts_with("Announce") || line.find("streams") != std::string::npos) continue;
      if (line.find(" nodes") != std::string::npos || line.find(" heartbeat ") == 6) continue;
      // Tickets that the node made are random: call the last one T.
      for (std::size_t at; !held.empty() && (at = line.find(held)) != std::string::npos;)
        line.replace(at, held.size(), "T");
      said.push_back(line);
    }
  }
  void hears(PeerId peer, const Message &message) { say(PeerSaid{.peer = peer, .message = message}); }
  void wait(Time time) {
    now += time;
    say(Tick{});
  }

  // States.
  void publishes() { hears(3, Publish{.slug = "own", .name = "", .description = "", .media = ""}); }
  void fed_own() {
    publishes();
    hears(3, offer_from("sink"));
    say(SourceSaid{.slug = "own", .ticket = held, .message = Confirm{}});
  }
  void child_requested() {
    fed_own();
    hears(1, Request{.ticket = "t1", .slug = "own", .destination = "child"});
  }
  void child_offered() {
    child_requested();
    say(RelaySaid{.slug = "own", .message = Offer{.ticket = "t1"}});
  }
  void child_confirmed() {
    child_offered();
    hears(1, Confirm{.ticket = "t1"});
  }
  void knows_talk() {
    hears(2, Streams{.streams = {{.slug = "talk",
                                  .name = "",
                                  .description = "",
                                  .source = "parent",
                                  .media = "",
                                  .updated = 1}}});
  }
  void asks() {
    knows_talk();
    say(AskTicket{.call = 1, .slug = "talk", .destination = {}});
  }
  void joins() {
    asks();
    hears(2, offer_from("parent", {"parent"}));
  }
  void watches() {
    joins();
    say(SourceSaid{.slug = "talk", .ticket = held, .message = Confirm{}});
  }

  Offer offer_from(const Uuid &source, std::vector<Uuid> path = {}) const {
    const auto hops = static_cast<std::uint32_t>(path.size());
    return {.ticket = held,
            .slug = source == "sink" ? "own" : "talk",
            .source = source,
            .hops = hops,
            .path = std::move(path),
            .fingerprint = {},
            .ice = {}};
  }

  Node node;
  Time now = 1s;
  TicketId held;
  std::vector<std::string> said;
};

using Does = std::function<void(Bench &)>;
using Lines = std::vector<std::string>;

struct Row {
  const char *name;
  Does state;
  Does input;
  Lines effects;
};

void PrintTo(const Row &row, std::ostream *out) {
  *out << row.name;
}

class Table : public testing::TestWithParam<Row> {};

TEST_P(Table, Row) {
  Bench bench;
  GetParam().state(bench);
  GetParam().input(bench);
  EXPECT_EQ(bench.said, GetParam().effects);
}

Does hears(PeerId peer, Message message) {
  return [=](Bench &bench) { bench.hears(peer, message); };
}
Does hears_of_held(PeerId peer, const std::function<Message(Bench &)> &make) {
  return [=](Bench &bench) { bench.hears(peer, make(bench)); };
}
Does nothing() {
  return [](Bench &) {};
}
Does wait(Time time) {
  return [=](Bench &bench) { bench.wait(time); };
}
Message request(const TicketId &id, const Slug &slug, const Uuid &destination) {
  return Request{.ticket = id, .slug = slug, .destination = destination};
}
std::string name_of(const testing::TestParamInfo<Row> &info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(
    Greeting, Table,
    testing::Values(
        Row{"NothingBeforeHello", nothing(), hears(9, Goodbye{}), {"Disconnect 9 expected hello"}},
        Row{"NoUuid", nothing(), hears(9, Hello{}), {"Disconnect 9 hello without uuid"}},
        Row{"Twice", nothing(), hears(1, Hello{}), {"Disconnect 1 hello out of turn"}},
        Row{"WelcomeFromWhoConnected", nothing(), hears(9, Welcome{}), {"Disconnect 9 welcome out of turn"}},
        Row{"Silent",
            nothing(),
            wait(16s),
            {"Disconnect 1 silent", "Disconnect 2 silent", "Disconnect 9 no hello", "Connect 10.0.0.2:7000"}},
        Row{"Unknown", nothing(), hears(77, Goodbye{}), {}},
        Row{"NodeMessagesFromAnElement", nothing(), hears(3, Gone{.slug = "own"}), {}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Providing, Table,
    testing::Values(
        Row{"NotCarried", nothing(), hears(1, request("t1", "talk", "child")), {"Send 1 refusal t1 no-stream"}},
        Row{"ForAnother", &Bench::fed_own, hears(1, request("t1", "own", "x")), {"Send 1 refusal t1 bad-request"}},
        Row{"BadTicket", &Bench::fed_own, hears(1, request("t 1", "own", "child")),
            {"Send 1 refusal t 1 bad-request"}},
        Row{"Requested", &Bench::fed_own, hears(1, request("t1", "own", "child")),
            {"TellRelay own request t1 own for child"}},
        Row{"TicketOfAnother", &Bench::child_requested, hears(2, request("t1", "own", "parent")),
            {"Send 2 refusal t1 bad-request"}},
        Row{"AskedAgain", &Bench::child_confirmed, hears(1, request("t2", "own", "child")),
            {"TellRelay own cancel t1 replaced", "Send 1 cancel t1 replaced",
             "TellRelay own request t2 own for child"}},
        Row{"ConfirmedTooEarly", &Bench::child_requested, hears(1, Confirm{.ticket = "t1"}),
            {"TellRelay own cancel t1 protocol", "Send 1 cancel t1 protocol"}},
        Row{"Offered", &Bench::child_requested,
            [](Bench &bench) { bench.say(RelaySaid{.slug = "own", .message = Offer{.ticket = "t1"}}); },
            {"Send 1 offer t1 hops 1 path us"}},
        Row{"RelayRefuses", &Bench::child_requested,
            [](Bench &bench) {
              bench.say(RelaySaid{.slug = "own",
                                  .message = Refusal{.ticket = "t1", .slug = "own", .code = RefusalCode::no_room, .message = ""}});
            },
            {"Send 1 refusal t1 no-room"}},
        Row{"RelaySaysNothing", &Bench::child_requested, wait(5s),
            {"Disconnect 9 no hello", "TellRelay own cancel t1 timeout", "Send 1 cancel t1 timeout"}},
        Row{"Confirmed", &Bench::child_offered, hears(1, Confirm{.ticket = "t1"}), {"TellRelay own confirm t1"}},
        Row{"ConfirmedByAnother", &Bench::child_offered, hears(2, Confirm{.ticket = "t1"}),
            {"Send 2 cancel t1 unknown"}},
        Row{"NeverConfirmed", &Bench::child_offered, wait(5s),
            {"Disconnect 9 no hello", "TellRelay own cancel t1 timeout", "Send 1 cancel t1 timeout"}},
        Row{"ConfirmedTwice", &Bench::child_confirmed, hears(1, Confirm{.ticket = "t1"}),
            {"TellRelay own cancel t1 protocol", "Send 1 cancel t1 protocol"}},
        Row{"Candidates", &Bench::child_offered, hears(1, Candidates{.ticket = "t1"}),
            {"TellRelay own candidates t1"}},
        Row{"CandidatesOfAnother", &Bench::child_offered, hears(2, Candidates{.ticket = "t1"}), {}},
        Row{"CandidatesTooEarly", &Bench::child_requested, hears(1, Candidates{.ticket = "t1"}), {}},
        Row{"Cancelled", &Bench::child_confirmed, hears(1, Cancel{.ticket = "t1"}),
            {"TellRelay own cancel t1 cancelled"}},
        Row{"CancelledByAnother", &Bench::child_confirmed, hears(2, Cancel{.ticket = "t1"}), {}},
        Row{"ChildLost", &Bench::child_confirmed,
            [](Bench &bench) { bench.say(PeerLost{.peer = 1, .reason = ""}); },
            {"TellRelay own cancel t1 cancelled"}},
        Row{"ChildLeaves", &Bench::child_confirmed, hears(1, Goodbye{}),
            {"Disconnect 1 goodbye", "TellRelay own cancel t1 cancelled"}},
        Row{"UnknownInHeartbeat", &Bench::child_confirmed, hears(1, Heartbeat{.tickets = {"t1", "t7"}}),
            {"Send 1 cancel t7 unknown"}},
        Row{"TooMuchHeartbeat", nothing(), hears(1, Heartbeat{.tickets = Lines(max_tickets_per_peer + 1, "t")}),
            {"Disconnect 1 a heartbeat with too many tickets"}},
        Row{"RelayEnds", &Bench::child_confirmed,
            [](Bench &bench) {
              bench.say(RelaySaid{.slug = "own", .message = Cancel{.ticket = "t1", .code = "link-ended", .message = ""}});
            },
            {"Send 1 cancel t1 link-ended"}},
        Row{"RelayOfAnotherStream", &Bench::child_confirmed,
            [](Bench &bench) { bench.say(RelaySaid{.slug = "talk", .message = Cancel{.ticket = "t1"}}); },
            {}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Consuming, Table,
    testing::Values(
        Row{"NobodyToAsk",
            nothing(),
            [](Bench &bench) {
              bench.hears(1, Goodbye{});
              bench.hears(2, Goodbye{});
              bench.say(AskTicket{.call = 1, .slug = "talk", .destination = {}});
            },
            {"Answer 1 error 2"}},
        Row{"NotASlug",
            nothing(),
            [](Bench &bench) { bench.say(AskTicket{.call = 1, .slug = "No Slug", .destination = {}}); },
            {"Answer 1 error 2"}},
        Row{"Asks",
            &Bench::knows_talk,
            [](Bench &bench) { bench.say(AskTicket{.call = 1, .slug = "talk", .destination = {}}); },
            {"Send 2 request T talk for us"}},
        Row{"Refused",
            &Bench::asks,
            hears_of_held(2,
                          [](Bench &bench) {
                            return Refusal{.ticket = bench.held,
                                           .slug = "talk",
                                           .code = RefusalCode::no_room,
                                           .message = ""};
                          }),
            {"Send 1 request T talk for us"}},
        Row{"RefusedByAnother",
            &Bench::asks,
            hears_of_held(1,
                          [](Bench &bench) {
                            return Refusal{.ticket = bench.held,
                                           .slug = {},
                                           .code = RefusalCode::no_room,
                                           .message = ""};
                          }),
            {}},
        Row{"NoAnswer",
            &Bench::asks,
            [](Bench &bench) {
              bench.now += 1500ms;
              bench.say(Tick{});
              EXPECT_EQ(bench.said.size(), 2u);
              EXPECT_EQ(bench.said[0], "Send 2 cancel T timeout");
              bench.said.erase(bench.said.begin());
            },
            {"Send 1 request T talk for us"}},
        Row{"Offered",
            &Bench::asks,
            hears_of_held(2, [](Bench &bench) { return bench.offer_from("parent", {"parent"}); }),
            {"OpenMedia talk", "AddSource talk T"}},
        Row{"OfferNotRequested",
            &Bench::asks,
            hears(2, Offer{.ticket = "t9"}),
            {"Send 2 cancel t9 not-requested"}},
        Row{"OfferOfAnother",
            &Bench::asks,
            hears_of_held(1, [](Bench &bench) { return bench.offer_from("child", {"child"}); }),
            {"Send 1 cancel T not-requested"}},
        Row{"OfferedTwice",
            &Bench::watches,
            hears_of_held(2, [](Bench &bench) { return bench.offer_from("parent", {"parent"}); }),
            {"Send 2 cancel T protocol", "RemoveSource talk T"}},
        Row{"ParentSilent",
            &Bench::watches,
            [](Bench &bench) {
              bench.hears(1, Heartbeat{});
              bench.now += 14s;
              bench.hears(1, Heartbeat{});
              bench.now += 2s;
              bench.say(Tick{});
            },
            {"Disconnect 2 silent", "Disconnect 9 no hello", "RemoveSource talk T"}},
        Row{"NotNamedByTheParent",
            &Bench::watches,
            [](Bench &bench) {
              for (int i = 0; i < 3; ++i) {
                bench.now += 4s;
                for (const PeerId peer : {1, 2}) bench.hears(peer, Heartbeat{});
              }
              bench.now += 4s;
              bench.say(Tick{});
            },
            {"Disconnect 9 no hello", "Send 2 cancel T lapsed", "RemoveSource talk T"}},
        Row{"Confirms",
            &Bench::joins,
            [](Bench &bench) {
              bench.say(SourceSaid{.slug = "talk", .ticket = bench.held, .message = Confirm{}});
            },
            {"Send 2 confirm T", "Answer 1 ticket T created"}},
        Row{"ConfirmsTwice",
            &Bench::watches,
            [](Bench &bench) {
              bench.say(SourceSaid{.slug = "talk", .ticket = bench.held, .message = Confirm{}});
            },
            {}},
        Row{"CandidatesIn",
            &Bench::joins,
            hears_of_held(2, [](Bench &bench) { return Candidates{.ticket = bench.held, .candidates = {}}; }),
            {"TellSource talk candidates T"}},
        Row{"CandidatesOut",
            &Bench::joins,
            [](Bench &bench) {
              bench.say(SourceSaid{.slug = "talk", .ticket = bench.held, .message = Candidates{}});
            },
            {"Send 2 candidates T"}},
        Row{"SourceFails",
            &Bench::watches,
            [](Bench &bench) { bench.say(SourceEnded{.slug = "talk", .ticket = bench.held, .error = {}}); },
            {"Send 2 cancel T link-ended", "RemoveSource talk T"}},
        Row{"ParentCancels",
            &Bench::watches,
            hears_of_held(
                2, [](Bench &bench) { return Cancel{.ticket = bench.held, .code = "x", .message = ""}; }),
            {"RemoveSource talk T"}},
        Row{"CancelOfAnother",
            &Bench::watches,
            hears_of_held(
                1, [](Bench &bench) { return Cancel{.ticket = bench.held, .code = "x", .message = ""}; }),
            {}},
        Row{"PathThroughUs",
            &Bench::watches,
            hears_of_held(2,
                          [](Bench &bench) {
                            return Path{.ticket = bench.held, .hops = 3, .path = {"s", "us", "parent"}};
                          }),
            {"Send 2 cancel T loop", "RemoveSource talk T"}},
        Row{"PathThatDoesNotFit",
            &Bench::watches,
            hears_of_held(2,
                          [](Bench &bench) {
                            return Path{.ticket = bench.held, .hops = 3, .path = {"s", "parent"}};
                          }),
            {"Send 2 cancel T protocol", "RemoveSource talk T"}},
        Row{"PathOfAnother",
            &Bench::watches,
            hears_of_held(
                1, [](Bench &bench) { return Path{.ticket = bench.held, .hops = 1, .path = {"child"}}; }),
            {}},
        Row{"ParentAsksUs",
            &Bench::watches,
            hears(2, request("t1", "talk", "parent")),
            {"Send 2 refusal t1 loop"}},
        Row{"OrphansTakeNoChildren",
            &Bench::asks,
            hears(1, request("t1", "talk", "child")),
            {"Send 1 refusal t1 no-room"}},
        Row{"GoneFromTheSource",
            &Bench::watches,
            hears(2, Gone{.slug = "talk"}),
            {"Send 1 gone talk", "Send 2 cancel T ended", "RemoveSource talk T", "CloseMedia talk"}},
        Row{"GoneFromAnybody", &Bench::watches, hears(1, Gone{.slug = "talk"}), {}},
        Row{"PlayerWaits", &Bench::asks, hears(3, request("t3", "talk", "")), {}},
        Row{"PlayerIsLetIn",
            &Bench::joins,
            hears(3, request("t3", "talk", "")),
            {"TellRelay talk request t3 talk for element"}}),
    name_of);

// A bad offer costs the one who made it, and the next one is asked.
struct BadOffer {
  const char *name;
  std::function<void(Offer &)> change;
  const char *code;
};
class BadOffers : public testing::TestWithParam<BadOffer> {};

TEST_P(BadOffers, AreCancelled) {
  Bench bench;
  bench.asks();
  Offer offer = bench.offer_from("parent", {"source", "parent"});
  GetParam().change(offer);
  bench.hears(2, offer);
  EXPECT_EQ(bench.said,
            (Lines{std::string("Send 2 cancel T ") + GetParam().code, "Send 1 request T talk for us"}));
}

INSTANTIATE_TEST_SUITE_P(Offers, BadOffers,
                         testing::Values(BadOffer{"Loop",
                                                  [](Offer &o) {
                                                    o.path = {"us", "parent"};
                                                  },
                                                  "loop"},
                                         BadOffer{"NoPath", [](Offer &o) { o.path.clear(); }, "protocol"},
                                         BadOffer{"PathOfAnother",
                                                  [](Offer &o) {
                                                    o.path = {"parent", "child"};
                                                  },
                                                  "protocol"},
                                         BadOffer{"Hops", [](Offer &o) { o.hops = 1; }, "protocol"},
                                         BadOffer{"Slug", [](Offer &o) { o.slug = "own"; }, "protocol"},
                                         BadOffer{"TooFar",
                                                  [](Offer &o) {
                                                    o.path.assign(max_path, "x");
                                                    o.path.push_back("parent");
                                                    o.hops = max_path + 1;
                                                  },
                                                  "protocol"}),
                         [](const auto &row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Publishing, Table,
    testing::Values(
        Row{"Publishes",
            nothing(),
            hears(3, Publish{.slug = "own", .name = "", .description = "", .media = ""}),
            {"Send 3 published own 0", "OpenMedia own", "Send 3 request T own for us"}},
        Row{"NotAnElement",
            nothing(),
            hears(1, Publish{.slug = "own", .name = "", .description = "", .media = ""}),
            {"Send 1 refusal  bad-request"}},
        Row{"BadSlug",
            nothing(),
            hears(3, Publish{.slug = "Own!", .name = "", .description = "", .media = ""}),
            {"Send 3 refusal  bad-request"}},
        Row{"TooLong",
            nothing(),
            hears(3, Publish{.slug = "own", .name = std::string(999, 'x'), .description = "", .media = ""}),
            {"Send 3 refusal  bad-request"}},
        Row{"TakenByAnother",
            &Bench::knows_talk,
            hears(3, Publish{.slug = "talk", .name = "", .description = "", .media = ""}),
            {"Send 3 refusal  conflict"}},
        Row{"SinkOffers",
            &Bench::publishes,
            hears_of_held(3, [](Bench &bench) { return bench.offer_from("sink"); }),
            {"AddSource own T"}},
        Row{"SinkIsLate", &Bench::publishes, wait(5s), {"Disconnect 9 no hello", "Send 3 cancel T timeout"}},
        Row{"SinkCancels",
            &Bench::fed_own,
            hears_of_held(
                3, [](Bench &bench) { return Cancel{.ticket = bench.held, .code = "x", .message = ""}; }),
            {"RemoveSource own T"}},
        Row{"Ended",
            &Bench::fed_own,
            hears(3, Ended{.slug = "own"}),
            {"Send 3 cancel T ended", "RemoveSource own T"}},
        Row{"EndedByAnother", &Bench::fed_own, hears(1, Ended{.slug = "own"}), {}},
        Row{"PublisherLost",
            &Bench::child_confirmed,
            [](Bench &bench) { bench.say(PeerLost{.peer = 3, .reason = ""}); },
            {"RemoveSource own T"}},
        Row{"Deleted",
            &Bench::child_confirmed,
            [](Bench &bench) { bench.say(DeleteStream{.call = 4, .slug = "own"}); },
            {"Send 1 gone own", "Send 2 gone own", "TellRelay own cancel t1 ended", "Send 1 cancel t1 ended",
             "Send 3 cancel T ended", "RemoveSource own T", "CloseMedia own", "Answer 4 stream own"}},
        Row{"GivenUp",
            &Bench::fed_own,
            [](Bench &bench) { bench.say(RevokeTicket{.call = 4, .slug = "own", .destination = {}}); },
            {"Answer 4 error 8"}},
        Row{"Shutdown",
            &Bench::child_confirmed,
            [](Bench &bench) { bench.say(Shutdown{}); },
            {"Send 3 cancel T ended", "RemoveSource own T", "TellRelay own cancel t1 goodbye",
             "Send 1 cancel t1 goodbye", "CloseMedia own", "Send 1 goodbye", "Disconnect 1 shutting down",
             "Send 2 goodbye", "Disconnect 2 shutting down", "Send 3 goodbye", "Disconnect 3 shutting down",
             "Disconnect 9 shutting down", "Quit"}}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Nodes, Table,
    testing::Values(
        Row{"Registered",
            nothing(),
            [](Bench &bench) {
              bench.say(RegisterNode{
                  .call = 4, .node = {.uuid = "n", .ip_address = "10.0.0.7", .port = 1, .version = ""}});
            },
            {"Answer 4 created"}},
        Row{"WithoutPort",
            nothing(),
            [](Bench &bench) {
              bench.say(
                  RegisterNode{.call = 4, .node = {.uuid = "n", .ip_address = "10.0.0.7", .version = ""}});
            },
            {"Answer 4 error 0"}},
        Row{"Forgotten",
            nothing(),
            [](Bench &bench) { bench.say(ForgetNode{.call = 4, .uuid = "child"}); },
            {"Disconnect 1 forgotten", "Answer 4"}},
        Row{"ForgottenUnknown",
            nothing(),
            [](Bench &bench) { bench.say(ForgetNode{.call = 4, .uuid = "x"}); },
            {"Answer 4 error 2"}},
        Row{"TicketUnknown",
            &Bench::knows_talk,
            [](Bench &bench) { bench.say(RefreshTicket{.call = 4, .slug = "talk", .destination = {}}); },
            {"Answer 4 error 2"}},
        Row{"TicketOfAChild",
            &Bench::child_confirmed,
            [](Bench &bench) { bench.say(ConfirmTicket{.call = 4, .slug = "own", .destination = "child"}); },
            {"Answer 4 ticket t1"}},
        Row{"TicketRevoked",
            &Bench::child_confirmed,
            [](Bench &bench) { bench.say(RevokeTicket{.call = 4, .slug = "own", .destination = "child"}); },
            {"TellRelay own cancel t1 revoked", "Send 1 cancel t1 revoked", "Answer 4"}}),
    name_of);

}  // namespace
}  // namespace astral::core
