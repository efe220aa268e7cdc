// SPDX-License-Identifier: BSD-3-Clause
// Any message, made of few names, so that many messages concern the same thing; and answers that fit. Now and
// then a number is the largest of its type, or a version is from the future.
#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "choices.hpp"
#include "core/message.hpp"

namespace astral::core {

class BabbleWords {
 public:
  explicit BabbleWords(Choices &choices) : choices_(choices) {}

  std::uint64_t now_ms = 0;  // the node's clock

  Slug slug() { return pick(std::vector<Slug>{"a", "b", "c", "d", "no slug"}); }
  Uuid uuid() { return pick(std::vector<Uuid>{"us", "u1", "u2", "u3", "u4", "u5", ""}); }
  std::string fingerprint() { return pick(std::vector<std::string>{"k1", "k2", "k3"}); }
  TicketId ticket() { return tickets_.empty() ? "t" : pick(tickets_); }
  Place place(const Uuid &uuid) {
    return {
        .uuid = uuid.empty() ? "u1" : uuid, .via = chance(2) ? this->uuid() : uuid, .at = {"10.0.0.9", 9}};
  }
  // Below `usual`, or rarely an extreme.
  std::uint64_t number(std::uint64_t usual) {
    static constexpr std::uint64_t ends[] = {0,          65,
                                             1'000,      (std::uint64_t{1} << 31) - 1,
                                             UINT32_MAX, 1'000'000'000'000'000,
                                             INT64_MAX,  std::uint64_t{1} << 63,
                                             UINT64_MAX};
    return chance(30) ? ends[choices_.below(std::size(ends))] : choices_.below(usual);
  }
  std::uint32_t count(std::uint64_t usual) { return static_cast<std::uint32_t>(number(usual)); }
  std::uint64_t version(std::uint64_t usual) {
    return chance(30) ? now_ms + 299'999 + choices_.below(3) : number(usual);
  }
  StreamInfo stream() {
    return {.slug = slug(),
            .source = uuid(),
            .fingerprint = chance(2) ? "" : fingerprint(),
            .streaming = chance(2),
            .bitrate_kbps = number(900),
            .updated = version(10)};
  }
  NodeInfo node() {
    return {.uuid = uuid(),
            .ip_address = chance(9) ? "" : "10.0.0.9",
            .port = 9,
            .supernode = chance(2),
            .children = count(4),
            .capacity = 3,
            .nat = nat(),
            .families = families(),
            .updated = version(3)};
  }
  Nat nat() {
    return {.udp = static_cast<Udp>(choices_.below(4)),
            .mapping = static_cast<NatRule>(choices_.below(4)),
            .filtering = static_cast<NatRule>(choices_.below(4))};
  }
  Families families() { return rarely() ? Families{.ipv4 = chance(2), .ipv6 = chance(2)} : Families{}; }
  std::vector<Uuid> path(const Uuid &last) {
    std::vector<Uuid> uuids;
    for (std::uint64_t i = choices_.below(3); i > 0; --i) uuids.push_back(uuid());
    uuids.push_back(last);
    return uuids;
  }
  void trim() {
    while (tickets_.size() > 14) tickets_.erase(tickets_.begin());
    while (searches_.size() > 6) searches_.erase(searches_.begin());
  }

  Message any(const Uuid &who) {
    switch (choices_.below(34)) {
      case 0:
        return rarely() ? Message{Hello{.node = node()}} : Message{beat()};
      case 1:
        return rarely() ? Message{Welcome{.node = node(), .nodes = {node()}}} : Message{Probe{}};
      case 2:
        return Register{};
      case 3:
        return Registered{.others = {node(), node()}};
      case 4:
        return Full{.others = {node()}};
      case 5:
        return rarely() ? Message{Unregister{}} : Message{beat()};
      case 6:
        return Summon{};
      case 7:
        return Probed{.reached = chance(2)};
      case 8:
        return rarely() ? Message{Goodbye{}} : Message{beat()};
      case 9:
        return Request{.ticket = chance(2) ? ticket() : fresh("n"), .slug = slug(), .destination = who};
      case 10:
      case 11:
        return request(rarely() ? who : uuid());
      case 12:
        return offer(rarely() ? uuid() : who, slug(), search(), made());
      case 13:
        return offer(who, slug(), "", ticket());
      case 14:
        return Refusal{.ticket = chance(2) ? ticket() : "",
                       .search = chance(2) ? search() : "",
                       .slug = slug(),
                       .code = static_cast<RefusalCode>(choices_.below(7)),
                       .asked = count(3),
                       .relay = chance(2) ? uuid() : ""};
      case 15:
        return Hold{.ticket = ticket()};
      case 16:
        return Confirm{.ticket = ticket()};
      case 17:
        return Candidates{.ticket = ticket()};
      case 18:
        return Cancel{.ticket = ticket()};
      case 19: {
        const std::vector<Uuid> through = path(who);
        return Path{
            .ticket = ticket(), .hops = hops(through), .path = through, .granted = rarely(), .cut = rarely()};
      }
      case 20:
        return LoopCheck{.ticket = ticket(),
                         .slug = slug(),
                         .mover = uuid(),
                         .provider = place(uuid()),
                         .hops = count(70)};
      case 21:
        return LoopChecked{.ticket = ticket(), .clear = chance(2)};
      case 22:
        return chance(2) ? Message{Viewers{.ticket = ticket(), .viewers = count(9)}}
                         : Message{Leaving{.ticket = ticket()}};
      case 23:
        return Streams{.streams = {stream(), stream()}};
      case 24:
        return rarely() ? Message{Gone{.slug = slug(), .updated = version(10)}}
                        : Message{Published{.slug = slug()}};
      case 25:
        return Carrying{
            .slug = slug(), .hops = count(4), .room = count(3), .leaves = count(2), .over = rarely()};
      case 26: {
        Advert advert{.slug = slug(),
                      .supernode = place(uuid()),
                      .hops = count(4),
                      .room = count(3),
                      .leaves = count(2),
                      .over = rarely(),
                      .copied = chance(2)};
        if (chance(3)) advert.stream.push_back(stream());
        return advert;
      }
      case 27:
        return Find{.request = request(uuid()),
                    .stage = static_cast<Stage>(choices_.below(3)),
                    .wide = chance(2),
                    .carriers = count(3)};
      case 28:
        return Here{.place = place(uuid()), .updated = version(9), .copied = chance(2)};
      case 29:
        return Seed{.call = number(99), .slug = slug()};
      case 30:
        return Seeded{.call = number(99), .done = chance(2)};
      case 31:
        return Publish{.slug = slug(), .media = "m"};
      case 32:
        return rarely() ? Message{Ended{.slug = slug()}} : Message{Publish{.slug = slug(), .media = "m"}};
      default:
        return Media{.slug = slug(), .media = std::to_string(choices_.below(3))};
    }
  }

  // Which answers fit a message that the node sent to `to`, and from which nodes.
  std::vector<std::pair<Uuid, Message>> answers(const Message &said, const Uuid &to) {
    if (const auto *routed = std::get_if<Routed>(&said))
      return routed->what ? answers(routed->what->message, routed->to.uuid)
                          : std::vector<std::pair<Uuid, Message>>{};
    if (std::holds_alternative<Register>(said))
      return {{to, choices_.below(4) != 0 ? Message{Registered{.others = {node()}}}
                                          : Message{Full{.others = {node()}}}}};
    if (std::holds_alternative<Probe>(said)) return {{to, Probed{.reached = chance(2)}}};
    if (const auto *find = std::get_if<Find>(&said)) return found(find->request);
    if (const auto *request = std::get_if<Request>(&said)) {
      if (!request->search.empty()) return {};
      remember(request->ticket);
      if (chance(2)) return {{to, offer(to, request->slug, "", request->ticket)}};
      const std::vector<Uuid> through = path(to);
      const auto hops = static_cast<std::uint32_t>(through.size());
      return {{to, Path{.ticket = request->ticket, .hops = hops, .path = through, .granted = true}}};
    }
    if (const auto *check = std::get_if<LoopCheck>(&said)) {
      remember(check->ticket);
      return {{to, LoopChecked{.ticket = check->ticket, .clear = !rarely()}}};
    }
    if (const auto *seed = std::get_if<Seed>(&said)) return {{to, Seeded{.call = seed->call, .done = true}}};
    if (const auto *offer = std::get_if<Offer>(&said)) {
      remember(offer->ticket);
      std::vector<std::pair<Uuid, Message>> all{{to, Confirm{.ticket = offer->ticket}}};
      if (choices_.below(4) == 0) all.emplace_back(to, Hold{.ticket = offer->ticket});
      return all;
    }
    if (const auto *hold = std::get_if<Hold>(&said)) remember(hold->ticket);
    return {};
  }

 private:
  std::string pick(const std::vector<std::string> &list) { return list[choices_.below(list.size())]; }
  bool chance(std::uint64_t of) { return choices_.below(of) == 0; }
  bool rarely() { return chance(10); }
  std::string fresh(const char *what) { return what + std::to_string(++made_); }
  TicketId made() {
    return rarely() ? ticket() : fresh("o");
  }  // a peer may choose an id that is in use
  std::uint32_t hops(const std::vector<Uuid> &path) {
    return rarely() ? count(4) : static_cast<std::uint32_t>(path.size());
  }
  SearchId search() { return searches_.empty() || rarely() ? "s" : pick(searches_); }
  void remember(const TicketId &ticket) { tickets_.push_back(ticket); }

  Heartbeat beat() {
    Heartbeat beat{
        .tickets = tickets_, .sent_ms = number(99'999), .echo_ms = number(3), .held_ms = number(3)};
    if (rarely()) beat.tickets.push_back("unknown");
    if (rarely()) beat.nodes.push_back(node());
    if (rarely()) beat.standby.push_back(ticket());
    return beat;
  }
  Request request(const Uuid &asker) {
    return {.slug = slug(),
            .destination = rarely() ? uuid() : asker,
            .search = rarely() ? search() : fresh("q"),
            .asker = place(asker),
            .parent = chance(2),
            .room = count(2),
            .standby = rarely(),
            .except = rarely() ? std::vector<Uuid>{uuid()} : std::vector<Uuid>{},
            .asked = count(3),
            .nat = nat(),
            .families = families(),
            .address = rarely() ? "10.0.0.9" : "",
            .unreachable = rarely() ? std::vector<Uuid>{uuid()} : std::vector<Uuid>{},
            .direct = chance(2),
            .relay = rarely(),
            .relay_from = families()};
  }
  Offer offer(const Uuid &who, const Slug &slug, const SearchId &search, const TicketId &ticket) {
    std::vector<Uuid> through = path(who);
    if (!ticket.empty()) remember(ticket);
    Offer offer{.ticket = ticket,
                .search = search,
                .slug = slug,
                .source = who,
                .hops = hops(through),
                .path = std::move(through)};
    if (chance(3)) offer.stream.push_back(stream());
    return offer;
  }
  std::vector<std::pair<Uuid, Message>> found(const Request &request) {
    searches_.push_back(request.search);
    std::vector<std::pair<Uuid, Message>> all;
    for (std::uint64_t i = choices_.below(4); i > 0; --i) {
      const Uuid who = pick(std::vector<Uuid>{"u1", "u2", "u3", "u4", "u5"});
      all.emplace_back(who, offer(who, request.slug, request.search, made()));
    }
    if (all.empty())
      all.emplace_back("u1",
                       Refusal{.search = request.search, .slug = request.slug, .code = RefusalCode::no_room});
    return all;
  }

  Choices &choices_;
  std::vector<TicketId> tickets_;
  std::vector<SearchId> searches_;
  std::size_t made_ = 0;
};

}  // namespace astral::core
