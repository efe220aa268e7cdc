// SPDX-License-Identifier: BSD-3-Clause
// When a home's router is asked to forward this node's ports, asked again, and told to stop. Pure: what is
// known of the network, a router's answers and the time go in, what is to be asked comes out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/types.hpp"
#include "glue/error.hpp"
#include "glue/time.hpp"

namespace astral::node {

struct Ports {
  std::uint16_t udp = 0, tcp = 0;  // 0: none
  bool operator==(const Ports &) const = default;
};

// What a router said.
struct RouterAnswer {
  std::string protocol = {};  // "NAT-PMP" or "UPnP"; empty: no router forwards anything
  std::string address = {};   // of the router's outside; empty: it did not say
  Ports outside = {};         // what it forwards to us
  Time lease = {};            // how long; zero: until it is told to stop
  std::string url = {};       // where a UPnP router describes itself
  std::string error = {};     // for people: why it does not forward everything
  bool operator==(const RouterAnswer &) const = default;
};

// Reads the line that astral-portmap prints. Routers' texts are in it, so nothing is believed. Errors:
// invalid, too_large.
Expected<RouterAnswer> read_router_answer(std::string_view line);

//   idle ──a NAT, or no word of one for a while──▶ asking ──it forwards──▶ mapped ──half of the lease──▶
//   asking
//                                                    └──it does not──▶ refused ──a pause──▶ asking
// A mapping lives on while it is asked for again, until its lease is over.
class PortMapping {
 public:
  struct Surroundings {
    bool allowed = false;      // by the settings, and others can reach this node's ports on this machine
    std::string gateway = {};  // the router's address; empty: none
    std::string local = {};    // this machine's address on the way there
    Ports inside = {};
    core::Udp udp = core::Udp::unknown;
    bool operator==(const Surroundings &) const = default;
  };

  // `known`: what the router said last time; it is asked for the same ports in the same way.
  struct Ask {
    std::uint32_t number;  // for answered()
    RouterAnswer known;
  };
  struct Remove {
    RouterAnswer known;
  };
  struct Changed {};  // mapped() is another one, or none any more
  using Effect = std::variant<Ask, Remove, Changed>;

  enum class State { off, waiting, asking, mapped, refused };

  // A node without STUN servers never learns what is before it.
  static constexpr Time first_wait = 10s;
  static constexpr Time shortest_renewal = 1min, longest_renewal = 12h;
  static constexpr Time first_pause = 1min, longest_pause = 1h;

  void observe(const Surroundings &surroundings, Time now, std::vector<Effect> &out);
  void answered(std::uint32_t number, const RouterAnswer &answer, Time now, std::vector<Effect> &out);
  void tick(Time now, std::vector<Effect> &out);
  void leave(std::vector<Effect> &out);  // the last call: the node ends
  Time deadline() const;                 // of the next tick()

  State state() const;
  const std::optional<RouterAnswer> &mapped() const { return mapped_; }
  const Surroundings &surroundings() const { return surroundings_; }
  // Why the router forwards nothing, or not everything; empty: it was not asked or it does.
  const std::string &error() const { return error_; }

 private:
  bool is_wanted() const;
  void forget(std::vector<Effect> &out);

  Surroundings surroundings_;
  std::optional<RouterAnswer> mapped_;
  RouterAnswer known_;  // survives the mapping, for the next time it is asked for
  std::string error_;
  std::uint32_t number_ = 0;
  bool is_asking_ = false, was_refused_ = false;
  Time next_ = never;            // when it is asked for
  std::optional<Time> asked_{};  // when it was last
  Time lapses_ = never;
  Time pause_ = first_pause;
};

const char *text(PortMapping::State state);  // "off", "waiting", "asking", "mapped", "refused"

}  // namespace astral::node
