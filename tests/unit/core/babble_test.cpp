// SPDX-License-Identifier: BSD-3-Clause
// One node to which anything is said, in any order: often what fits, as often what does not. It must keep its
// invariants after every step, and answer every call once.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>

#include "core/node.hpp"
#include "core/rng.hpp"
#include "trace.hpp"

namespace astral::core {
namespace {

class Babble {
 public:
  explicit Babble(std::uint64_t seed) : rng_(seed), node_(settings(seed)) {}

  void step() {
    Input input = Tick{};
    if (!fitting_.empty() && rng_.below(3) != 0) {
      input = fitting_.front();
      fitting_.pop_front();
      if (rng_.below(8) == 0) input = Tick{};  // it never comes
    } else {
      input = anything();
    }
    take(input);
    now_ += Time{static_cast<Time::rep>(rng_.below(150'000'000))};
    if (now_ >= node_.deadline()) take(Tick{});
    trim(tickets_);
    trim(peers_);
    trim(questions_);
  }

  void end() {
    take(Shutdown{});
    EXPECT_EQ(last_, "Quit");
    EXPECT_EQ(answers_, calls_);
    EXPECT_TRUE(node_.tickets().empty());
    EXPECT_EQ(node_.peers(), 0u);
  }
  std::size_t confirmed() const { return confirmed_; }

 private:
  Settings settings(std::uint64_t seed) {
    Settings settings;
    settings.self = {.uuid = "us", .ip_address = "10.0.0.1", .port = 8000};
    settings.upstream_bps = 2'000'000;
    settings.has_origin = seed % 2 == 0;
    settings.seed = seed;
    return settings;
  }
  template <typename List>
  auto pick(const List &list) {
    return list[rng_.below(list.size())];
  }
  template <typename List>
  static void trim(List &list) {
    while (list.size() > 12) list.erase(list.begin());
  }
  Slug slug() { return pick(std::vector<Slug>{"a", "b", "c", "d", "no slug"}); }
  Uuid uuid() { return pick(std::vector<Uuid>{"us", "u1", "u2", "u3", "u4", ""}); }
  bool rarely() { return rng_.below(10) == 0; }

  StreamInfo stream() {
    return {.slug = slug(),
            .source = uuid(),
            .streaming = rng_.below(2) == 0,
            .bitrate_kbps = rng_.below(900),
            .updated = rng_.below(10)};
  }
  NodeInfo node() { return {.uuid = uuid(), .ip_address = "10.0.0.9", .port = 9, .updated = rng_.below(3)}; }
  std::vector<Uuid> path(const Uuid &last) {
    std::vector<Uuid> uuids;
    for (std::uint64_t i = rng_.below(3); i > 0; --i) uuids.push_back(uuid());
    uuids.push_back(last);
    return uuids;
  }

  Message message(PeerId from) {
    const TicketId ticket = tickets_.empty() ? "t" : pick(tickets_);
    const Uuid &who = uuids_[from];
    switch (rng_.below(20)) {
      case 0:
        if (!rarely()) return Heartbeat{.tickets = {tickets_.begin(), tickets_.end()}};
        return Hello{.node = node(), .nodes = {node()}, .streams = {stream()}};
      case 1:
        return rarely() ? Message{Welcome{.node = node()}} : Message{Heartbeat{}};
      case 2:
      case 3:
      case 4:
        tickets_.push_back("t" + std::to_string(++made_));
        return Request{.ticket = rarely() ? ticket : tickets_.back(), .slug = slug(), .destination = who};
      case 5: {
        const std::vector<Uuid> through = path(rarely() ? uuid() : who);
        return Offer{.ticket = ticket,
                     .slug = slug(),
                     .source = who,
                     .hops = static_cast<std::uint32_t>(through.size()),
                     .path = through};
      }
      case 6:
        return Refusal{.ticket = ticket,
                       .slug = slug(),
                       .code = static_cast<RefusalCode>(rng_.below(6)),
                       .others = {node(), node()}};
      case 7:
        return Confirm{.ticket = ticket};
      case 8:
        return Candidates{.ticket = ticket};
      case 9:
        return Cancel{.ticket = ticket};
      case 10: {
        const std::vector<Uuid> through = path(who);
        return Path{.ticket = ticket, .hops = static_cast<std::uint32_t>(through.size()), .path = through};
      }
      case 11:
        return Nodes{.nodes = {node()}};
      case 12:
        return Streams{.streams = {stream(), stream()}};
      case 13:
        return rarely() ? Message{Gone{.slug = slug(), .updated = rng_.below(10)}} : Message{Published{}};
      case 14:
        return Heartbeat{.tickets = {ticket, "unknown"}};
      case 15:
      case 16:
        return Publish{.slug = slug(), .media = "m"};
      case 17:
        return rarely() ? Message{Goodbye{}} : Message{Heartbeat{.tickets = {ticket}}};
      case 18:
        return rarely() ? Message{Ended{.slug = slug()}} : Message{Heartbeat{}};
      default:
        return Media{.slug = slug(), .media = std::to_string(rng_.below(3))};
    }
  }

  void arrive() {
    const PeerId peer = ++last_peer_;
    peers_.push_back(peer);
    const bool element = rng_.below(3) == 0;
    uuids_[peer] = element ? "e" + std::to_string(peer) : uuid();
    Hello hello{.kind = element ? PeerKind::element : PeerKind::node};
    hello.node.uuid = uuids_[peer];
    hello.node.port = 9;
    fitting_.emplace_front(PeerSaid{.peer = peer, .message = hello});
  }

  Input anything() {
    const PeerId peer = peers_.empty() ? 999'999 : pick(peers_);
    const TicketId ticket = tickets_.empty() ? "t" : pick(tickets_);
    switch (rng_.below(28)) {
      case 0:
        arrive();
        return PeerConnected{.peer = last_peer_, .address = "10.0.0.3"};
      case 1:
        return PeerConnected{.peer = peer, .outbound = peer >= first_own_id};
      case 2:
        return rarely() ? Input{PeerLost{.peer = peer}} : Input{Tick{}};
      case 3:
        return CreateStream{.call = ++calls_, .name = slug()};
      case 4:
        return SetStreaming{.call = ++calls_, .slug = slug(), .streaming = rng_.below(2) == 0};
      case 5:
        return rarely() ? Input{DeleteStream{.call = ++calls_, .slug = slug()}} : Input{Tick{}};
      case 6:
      case 7:
        return AskTicket{.call = ++calls_, .slug = slug(), .destination = rarely() ? uuid() : ""};
      case 8:
        return RefreshTicket{.call = ++calls_, .slug = slug(), .destination = uuid()};
      case 9:
        if (!rarely()) return ConfirmTicket{.call = ++calls_, .slug = slug(), .destination = uuid()};
        return RevokeTicket{.call = ++calls_, .slug = slug(), .destination = uuid()};
      case 10:
        return RegisterNode{.call = ++calls_, .node = node()};
      case 11:
        return rarely() ? Input{ForgetNode{.call = ++calls_, .uuid = uuid()}} : Input{Tick{}};
      case 12:
        return RelaySaid{.slug = slug(), .message = message(0)};
      case 13:
        return SourceSaid{.slug = slug(), .ticket = ticket, .message = message(0)};
      case 14:
        return rarely() ? Input{SourceEnded{.slug = slug(), .ticket = ticket}} : Input{Tick{}};
      case 15:
        return MediaMeasured{
            .slug = slug(), .rate_bps = rng_.below(900'000), .largest_group = rng_.below(99), .caps = "c"};
      case 16:
        return OriginKnows{.nodes = {node()}, .streams = {stream(), stream()}};
      case 17:
        if (questions_.empty()) return Tick{};
        return OriginAnswered{.call = pick(questions_), .result = fail(Code::conflict, "")};
      default:
        return PeerSaid{.peer = peer, .message = message(peer)};
    }
  }

  void take(const Input &input) {
    Effects effects;
    node_.handle(input, now_, effects);
    if (!std::holds_alternative<Shutdown>(input)) node_.check_invariants();
    for (const Effect &effect : effects) {
      last_ = text(effect);
      react(effect);
    }
    confirmed_ +=
        static_cast<std::size_t>(std::count_if(effects.begin(), effects.end(), [](const Effect &effect) {
          return text(effect).find("confirm ") != std::string::npos;
        }));
  }

  // What the other end would do.
  void react(const Effect &effect) {
    if (const auto *connect = std::get_if<Connect>(&effect)) {
      peers_.push_back(connect->peer);
      uuids_[connect->peer] = uuid();
      Welcome welcome;
      welcome.node = {.uuid = uuids_[connect->peer], .ip_address = "10.0.0.9", .port = 9};
      fitting_.emplace_back(PeerConnected{.peer = connect->peer, .outbound = true, .address = "10.0.0.9"});
      fitting_.emplace_back(PeerSaid{.peer = connect->peer, .message = welcome});
    } else if (const auto *claim = std::get_if<RegisterStream>(&effect)) {
      questions_.push_back(claim->call);
      fitting_.emplace_back(OriginAnswered{.call = claim->call, .result = claim->stream});
    } else if (const auto *relay = std::get_if<TellRelay>(&effect)) {
      if (const auto *request = std::get_if<Request>(&relay->message))
        fitting_.emplace_back(RelaySaid{.slug = relay->slug, .message = Offer{.ticket = request->ticket}});
    } else if (const auto *source = std::get_if<AddSource>(&effect)) {
      fitting_.emplace_back(
          SourceSaid{.slug = source->slug, .ticket = source->offer.ticket, .message = Confirm{}});
    } else if (const auto *send = std::get_if<Send>(&effect)) {
      if (const auto *request = std::get_if<Request>(&send->message)) {
        tickets_.push_back(request->ticket);
        const std::vector<Uuid> through = path(uuids_[send->peer]);
        fitting_.emplace_back(PeerSaid{.peer = send->peer,
                                       .message = Offer{.ticket = request->ticket,
                                                        .slug = request->slug,
                                                        .source = through.back(),
                                                        .hops = static_cast<std::uint32_t>(through.size()),
                                                        .path = through}});
      }
      if (const auto *offer = std::get_if<Offer>(&send->message))
        fitting_.emplace_back(PeerSaid{.peer = send->peer, .message = Confirm{.ticket = offer->ticket}});
    } else if (std::holds_alternative<Answer>(effect)) {
      ++answers_;
    }
  }

  Rng rng_;
  Node node_;
  Time now_ = 1s;
  std::deque<Input> fitting_;
  std::vector<PeerId> peers_;
  std::map<PeerId, Uuid> uuids_;
  std::vector<TicketId> tickets_;
  std::vector<CallId> questions_;
  PeerId last_peer_ = 0;
  std::size_t made_ = 0;
  CallId calls_ = 0;
  std::size_t answers_ = 0;
  std::size_t confirmed_ = 0;
  std::string last_;
};

class Babbling : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Babbling, BreaksNothing) {
  Babble babble(GetParam());
  for (int i = 0; i < 8000; ++i) babble.step();
  babble.end();
  EXPECT_GT(babble.confirmed(), 100u);  // it was not all rubbish
}

INSTANTIATE_TEST_SUITE_P(Seeds, Babbling, testing::Range<std::uint64_t>(1, 13));

}  // namespace
}  // namespace astral::core
