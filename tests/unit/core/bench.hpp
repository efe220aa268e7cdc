// SPDX-License-Identifier: BSD-3-Clause
// Tests of one node as a table. A row says the state that the node is brought to, the input, and the effects
// that must follow; announcements, heartbeats and news of streams are left out. The node under test is `us`,
// a child of the supernode `super`. Its peers:
//   P  the session with `super`      2  the node `parent`    9  connected, no hello yet
//   1  the node `child`              3  an element
// Tickets that the node makes have random ids. S stands for the last one that it asked its own sink for, and
// G for the last one that it offered. Tickets of others have the names that the test gives them: t1, t2, ...
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "core/limits.hpp"
#include "core/node.hpp"
#include "stream_rate.hpp"
#include "trace.hpp"

namespace astral::core {

using Lines = std::vector<std::string>;

class Bench {
 public:
  static constexpr PeerId primary = first_own_id;

  explicit Bench(Settings of_node = settings()) : node(std::move(of_node)) {
    say(Tick{});
    say(PeerConnected{.peer = primary, .outbound = true, .address = "10.0.0.2"});
    say(PeerProved{.peer = primary, .fingerprint = "super"});
    Welcome welcome;
    welcome.node = {.uuid = "super", .ip_address = "10.0.0.2", .port = 7000, .supernode = true};
    hears(primary, welcome);
    say(Tick{});
    hears(primary, Registered{});
    EXPECT_EQ(node.primary(), "super");
    join(1, "child", PeerKind::node);
    join(2, "parent", PeerKind::node);
    join(3, "element", PeerKind::element);
    say(PeerConnected{.peer = 9, .outbound = false, .address = "10.0.0.9"});
  }

  static Settings settings() {
    Settings settings;
    settings.self = {.uuid = "us", .ip_address = "10.0.0.1", .port = 8000};
    settings.role = Role::child;
    settings.bootstrap = {{"10.0.0.2", 7000}};
    settings.seed = 1;
    return settings;
  }

  void join(PeerId peer, const Uuid &uuid, PeerKind kind) {
    say(PeerConnected{.peer = peer, .outbound = false, .address = "10.0.0.3"});
    if (kind == PeerKind::node) say(PeerProved{.peer = peer, .fingerprint = uuid});
    Hello hello{.node = {}, .kind = kind};
    hello.node.uuid = uuid;
    hello.node.port = 7000;
    hears(peer, hello);
  }

  void say(const Input &input) {
    Effects effects;
    node.handle(input, now, effects);
    node.check_invariants();
    said.clear();
    for (const Effect &effect : effects) {
      learn(effect);
      std::string line = text(effect);
      if (line.starts_with("Announce") || line.starts_with("MeasureBandwidth")) continue;
      for (const auto &[id, name] : {std::pair(own, "S"), {given, "G"}, {std::to_string(primary), "P"}})
        for (std::size_t at; !id.empty() && (at = line.find(id)) != std::string::npos;)
          line.replace(at, id.size(), name);
      bool news = false;
      for (const char *word : {" heartbeat ", " streams", " carrying "})
        news = news || line.find(word) != std::string::npos;
      if (!news) said.push_back(line);
    }
  }
  void hears(PeerId peer, const Message &message) { say(PeerSaid{.peer = peer, .message = message}); }
  void wait(Time time) {
    now += time;
    say(Tick{});
  }
  // Each peer names its ticket in its heartbeats.
  void keep_alive(Time time, const std::vector<std::pair<PeerId, TicketId>> &tickets) {
    for (const Time until = now + time; now < until;) {
      now += 1s;
      for (const auto &[peer, ticket] : tickets) hears(peer, Heartbeat{.tickets = {ticket}});
      hears(primary, Heartbeat{});
      say(Tick{});
    }
  }
  // All peers send heartbeats, but none of them names this ticket.
  void wait_for_the_end_of(const TicketId &id) {
    for (int seconds = 0; node.find_ticket(id) && seconds < 60; ++seconds) {
      now += 1s;
      for (const PeerId peer : {PeerId{1}, PeerId{2}, primary}) hears(peer, Heartbeat{});
      say(Tick{});
    }
  }

  // The states that rows begin with. Each one continues the state that it calls.
  void publishes() { hears(3, Publish{.slug = "own", .bitrate_kbps = stream_kbps}); }
  void fed_own() {
    publishes();
    hears(3, Offer{.ticket = own, .slug = "own", .source = "sink"});
    say(SourceSaid{.slug = "own", .ticket = own, .message = Confirm{}});
  }
  Request wish(const Slug &slug, bool parent = false) const {
    return {.slug = slug,
            .destination = "child",
            .search = "s1",
            .asker = {.uuid = "child", .via = "super"},
            .parent = parent};
  }
  void child_requested() {
    fed_own();
    hears(primary, wish("own"));
  }
  void child_offered() {
    child_requested();
    say(RelaySaid{.slug = "own", .message = Offer{.ticket = given}});
  }
  void child_confirmed() {
    child_offered();
    hears(1, Confirm{.ticket = given});
  }
  void child_held() {
    child_confirmed();
    hears(1, Hold{.ticket = given});
  }
  void knows_talk() { hears(2, Streams{.streams = {{.slug = "talk", .source = "parent", .updated = 1}}}); }
  void talk_is_live() {
    hears(2, Streams{.streams = {{.slug = "talk", .source = "parent", .streaming = true, .updated = 2}}});
  }
  // `parent` has told us that the stream is live; the owner of its key does not know the stream yet.
  void asks_too_early() {
    talk_is_live();
    say(AskTicket{.call = 1, .slug = "talk", .destination = {}});
    for (int i = 0; i < 2; ++i)
      hears(primary, Refusal{.search = search, .slug = "talk", .code = RefusalCode::no_stream});
  }
  void asks() {
    knows_talk();
    say(AskTicket{.call = 1, .slug = "talk", .destination = {}});
  }
  void gathers() {
    asks();
    hears(2, offer("t2", {"parent"}));
  }
  void joins() {
    gathers();
    wait(80ms);
  }
  void watches() {
    joins();
    say(SourceSaid{.slug = "talk", .ticket = "t2", .message = Confirm{}});
    say(SourceFlows{.slug = "talk", .ticket = "t2"});
  }
  void links_standby_first() {
    gathers();
    hears(1, offer("t1", {"x", "child"}));
    say(Tick{});
  }
  // `parent` feeds us; the link to `child`, the standby, is being made.
  void links_standby(std::vector<Uuid> path = {"x", "child"}, std::vector<Uuid> parent = {"parent"}) {
    asks();
    hears(2, offer("t2", std::move(parent)));
    hears(1, offer("t1", std::move(path)));
    say(Tick{});
    say(SourceSaid{.slug = "talk", .ticket = "t2", .message = Confirm{}});
  }
  // `parent` feeds us, `child` stands by.
  void watches_with_standby() {
    links_standby();
    say(SourceSaid{.slug = "talk", .ticket = "t1", .message = Confirm{}});
  }
  Path path(const TicketId &ticket, std::vector<Uuid> path) const {
    const auto hops = static_cast<std::uint32_t>(path.size());
    return {.ticket = ticket, .hops = hops, .path = std::move(path)};
  }
  // `parent` feeds us, we feed `child`.
  void forwards() {
    watches();
    hears(primary, wish("talk"));
    say(RelaySaid{.slug = "talk", .message = Offer{.ticket = given}});
    hears(1, Confirm{.ticket = given});
  }
  // `parent` leaves. `child`, the next parent, is linked; its media has not come yet.
  void moves() {
    watches();
    hears(2, Leaving{.ticket = "t2"});
    hears(1, offer("t1", {"x", "child"}));
    wait(80ms);
    say(SourceSaid{.slug = "talk", .ticket = "t1", .message = Confirm{}});
  }

  Offer offer(const TicketId &ticket, std::vector<Uuid> path) const {
    const auto hops = static_cast<std::uint32_t>(path.size());
    return {.ticket = ticket,
            .search = search,
            .slug = "talk",
            .source = path.back(),
            .hops = hops,
            .path = std::move(path)};
  }

  Node node;
  Time now = 1s;
  TicketId own;
  TicketId given;
  SearchId search;
  Lines said;

 private:
  void learn(const Effect &effect) {
    if (const auto *send = std::get_if<Send>(&effect)) {
      const auto *request = std::get_if<Request>(&send->message);
      if (request != nullptr && request->ticket.size() == 32 && send->peer == 3) own = request->ticket;
      if (const auto *find = std::get_if<Find>(&send->message)) search = find->request.search;
    } else if (const auto *relay = std::get_if<TellRelay>(&effect)) {
      const auto *request = std::get_if<Request>(&relay->message);
      if (request != nullptr && request->ticket.size() == 32) given = request->ticket;
    }
  }
};

inline constexpr PeerId P = Bench::primary;

using Does = std::function<void(Bench &)>;

struct Row {
  const char *name;
  Does state;
  Does input;
  Lines effects;
};
inline void PrintTo(const Row &row, std::ostream *out) {
  *out << row.name;
}
inline std::string name_of(const testing::TestParamInfo<Row> &info) {
  return info.param.name;
}

class Table : public testing::TestWithParam<Row> {
 public:
  static void play(const Row &row) {
    Bench bench;
    row.state(bench);
    row.input(bench);
    EXPECT_EQ(bench.said, row.effects);
  }
};

inline Does hears(PeerId peer, Message message) {
  return [=](Bench &bench) { bench.hears(peer, message); };
}
inline Does hears_what(PeerId peer, const std::function<Message(Bench &)> &make) {
  return [=](Bench &bench) { bench.hears(peer, make(bench)); };
}
inline Does says(Input input) {
  return [=](Bench &bench) { bench.say(input); };
}
inline Does nothing() {
  return [](Bench &) {};
}
inline Does wait(Time time) {
  return [=](Bench &bench) { bench.wait(time); };
}
// All steps, in this order.
inline Does after(const std::vector<Does> &steps) {
  return [=](Bench &bench) {
    for (const Does &step : steps) step(bench);
  };
}
// Of "talk". The parent's ticket is t2.
inline Does offers(PeerId peer, const TicketId &ticket, const std::vector<Uuid> &path) {
  return hears_what(peer, [=](Bench &bench) { return bench.offer(ticket, path); });
}
inline Does refuses(PeerId peer, RefusalCode code, std::uint32_t asked = 0) {
  return hears_what(peer, [=](Bench &b) {
    return Refusal{.search = b.search, .slug = "talk", .code = code, .asked = asked};
  });
}
inline const Does parent_lost = says(PeerLost{.peer = 2});
inline const Does parent_leaves = hears(2, Leaving{.ticket = "t2"});

// A message about the ticket that `us` offered last.
template <typename M>
Does of_given(PeerId peer) {
  return [=](Bench &bench) { bench.hears(peer, M{.ticket = bench.given}); };
}
inline Does wish(const Slug &slug, bool parent = false) {
  return [=](Bench &bench) { bench.hears(P, bench.wish(slug, parent)); };
}
inline Request other_wish(const SearchId &search, const Uuid &destination, const Uuid &asker) {
  return {
      .slug = "own", .destination = destination, .search = search, .asker = {.uuid = asker, .via = "super"}};
}
inline void forwards_to_standby(Bench &bench) {
  bench.forwards();
  bench.hears(1, Hold{.ticket = bench.given});
}

}  // namespace astral::core
