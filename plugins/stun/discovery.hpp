// SPDX-License-Identifier: BSD-3-Clause
// What the NAT in front of one UDP socket does, in RFC 4787's terms: asks two STUN servers, and has one
// answer to a port that never sent to it; or asks one server with two ports. Decides what is sent when, and
// what the answers say. Has no socket.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "glue/time.hpp"
#include "stun/message.hpp"

namespace astral::stun {

enum class Mapping {
  unknown,  // fewer than two servers answered
  none,     // no NAT: the socket has the address that the servers see
  endpoint_independent,
  dependent,  // on the address, or on the address and port: another port for each peer ("symmetric")
};
enum class Filtering {
  unknown,  // no third server could be asked
  endpoint_independent,
  address_dependent,  // who was sent to before is heard from any port; others perhaps too
  dependent,          // who was not sent to before is not heard
};
struct Nat {
  bool udp = false;  // any server answered
  Address mapped{};  // as the first server sees us; with the forwarded port if strangers are heard there
  Mapping mapping = Mapping::unknown;
  Filtering filtering = Filtering::unknown;
  std::array<bool, 2> answered{};  // the servers, in their order
  bool operator==(const Nat &) const = default;

  // Whoever sends to `mapped` is heard.
  bool reachable() const { return udp && filtering == Filtering::endpoint_independent; }
};
const char *to_text(Mapping mapping);
const char *to_text(Filtering filtering);
// `found`, which knows no filter, with the filter that `before` knows, if others see the same host: then the
// NAT is the same.
Nat with_filter_of(const Nat &before, Nat found);

//   asking ──both answered, or no more time──▶ listening for the third ──▶ done
// **Why** the third comes last: what it sends is heard through any NAT that lets everybody in, but the port
// that it must send to is known from the others only.
// **The probe.** Where the third is one of the two, our socket sends to it. So another socket of ours, the
// probe, asks the other of the two, and the third sends to the probe's port. What the NAT does to one port,
// it does to all.
// **One server with two ports** (RFC 5780). It is the second server as well: a NAT that maps anew for each
// address but not for each port is not noticed. The probe asks it to answer from the other port.
class Discovery {
 public:
  struct Send {
    Address to;
    std::vector<std::uint8_t> datagram;
    bool from_probe = false;
  };
  // Have a third server send a success response with this id to our port `port`.
  struct AskThird {
    TransactionId id;
    std::uint16_t port;
  };
  using Effect = std::variant<Send, AskThird>;

  // RFC 8489, 6.2.1: doubles from 500 ms; shorter here, because a node waits for it before its first offer.
  static constexpr Time first_timeout = 200ms;
  static constexpr int max_requests = 5;         // to each server: silence for 6.2 s
  static constexpr Time third_interval = 500ms;  // the third is asked twice: datagrams get lost
  static constexpr int max_asks = 2;

  // `ids`: random; two for the servers, one for the third, one for the probe. Servers beyond the second are
  // ignored. `third`: who answers AskThird; unset: nobody. `local`: addresses of this machine with the
  // socket's port. `forwarded`: the address outside that the NAT says it forwards to the socket; unset: none.
  // What the socket sends may leave from another port. The third proves it. Without a third the NAT is
  // believed, if the servers see the same address.
  // `knows_filter`: a server with two ports is not asked what the NAT filters.
  Discovery(std::vector<Address> servers, std::vector<Address> local, const Address &third,
            const std::array<TransactionId, 4> &ids, const Address &forwarded = {},
            bool knows_filter = false);

  void start(Time now, std::vector<Effect> &out);
  // False: not an answer to this discovery.
  bool handle(const Message &message, const Address &from, Time now, std::vector<Effect> &out);
  void tick(Time now, std::vector<Effect> &out);
  Time deadline() const;
  bool done() const { return state_ == State::done; }
  bool knows_mapping() const { return state_ != State::asking; }
  // Nobody has answered two requests: UDP is most likely blocked.
  bool is_silent() const;
  const Nat &nat() const { return nat_; }  // complete when done()

 private:
  enum class State { asking, listening, done };
  struct Asked {
    Address server;
    TransactionId id{};
    int requests = 0;
    Time next = never;
    std::optional<Address> seen{};
    bool is_open() const { return !seen && next != never; }
  };
  template <typename Call>
  void for_each_asked(const Call &call);
  void ask(Asked &asked, Time now, std::vector<Effect> &out);
  void ask_other(std::uint16_t port, Time now, std::vector<Effect> &out);
  void judge_mapping(const Asked &answered);
  void conclude(Time now, std::vector<Effect> &out);
  void ask_third(Time now, std::vector<Effect> &out);
  bool can_guess_port() const { return nat_.mapping != Mapping::dependent; }

  std::vector<Asked> asked_;
  std::optional<Asked> probe_;
  const std::vector<Address> local_;
  const Address third_;
  const TransactionId third_id_, other_id_;
  const bool knows_filter_;
  const bool is_alone_;           // there is one server, and no third
  Address other_;                 // its other port; unset: not known, or there is none
  Address forwarded_;             // unset: none, or nobody is heard there
  std::uint16_t third_port_ = 0;  // where the third shall send
  int asks_ = 0;
  Time third_next_ = never;
  State state_ = State::asking;
  Nat nat_;
};

}  // namespace astral::stun
