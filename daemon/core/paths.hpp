// SPDX-License-Identifier: BSD-3-Clause
// Between which nodes there is no direct path: known from their NATs, or because no link came up lately. The
// search for a parent does not try such a pair; it recruits a relay instead.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "core/message.hpp"
#include "core/types.hpp"
#include "glue/time.hpp"

namespace astral::core {

// A node that could give the asker of a search the stream.
struct Giver {
  const Uuid &uuid;
  const Nat &nat;
  const std::string &address;  // as others see it; empty: not known
  bool supernode = false;      // others reach it over TCP, as their supernode
  bool turn = false;           // it has a TURN server
  Families families = {};
};

// `known`: what the nodes say of their NATs, and the failures of the last minutes. `certain`: only what
// cannot be otherwise. A link can fail for a reason that has gone, and STUN servers can be silent though UDP
// is not blocked.
enum class Doubt { known, certain };

// Why the asker of `request` and the giver have no path, for people. Empty: they may have one, and it is
// tried. Without an address family that both have there is none, whatever else helps. Two nodes at the same
// address are behind the same NAT and may meet inside. To and from a supernode the link may go over TCP, and
// a TURN server of either end may relay it.
std::string no_path(const Request &request, const Giver &giver, Doubt doubt = Doubt::known);
// Whether the pair has a path through a TURN server only, as far as their NATs say.
bool needs_turn(const Request &request, const Giver &giver);

// "HOST:PORT" at which a link to the node may be opened over TCP. Empty: nobody knows whether it can be
// reached.
std::string tcp_address(const NodeInfo *node);

// The nodes to which no link came up, for some minutes each. They may be asked again only if there is nobody
// else.
class FailedPaths {
 public:
  void failed(const Uuid &node, Time now);
  void works(const Uuid &node) { failures_.erase(node); }
  bool has(const Uuid &node, Time now) const;
  std::vector<Uuid> list(Time now) const;  // at most max_unreachable
  void clear() { failures_.clear(); }      // this node has another NAT or address
  std::size_t size() const { return failures_.size(); }

 private:
  struct Failure {
    Time until = {};
    Time pause = {};  // the next one is twice as long
  };
  std::map<Uuid, Failure> failures_;
};

}  // namespace astral::core
