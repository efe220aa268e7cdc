// SPDX-License-Identifier: BSD-3-Clause
// What other nodes were seen to do. Anybody can say that it has room; only media that came shows it.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <vector>

#include "core/paths.hpp"
#include "core/types.hpp"
#include "glue/time.hpp"

namespace astral::core {

// The nodes that gave us media, or should have. A node that brought nothing while another one brought the
// same stream is avoided for a time that grows with each failure.
class Deliveries {
 public:
  void brought(const Uuid &node, Time now);
  void brought_nothing(const Uuid &node, Time now) { failures_.failed(node, now); }
  bool is_avoided(const Uuid &node, Time now) const { return failures_.has(node, now); }
  bool is_proven(const Uuid &node) const { return proven_.contains(node); }  // it brought media
  std::vector<Uuid> avoided(Time now) const { return failures_.list(now); }
  std::size_t size() const { return failures_.size() + proven_.size(); }

 private:
  FailedPaths failures_;
  std::map<Uuid, Time> proven_;  // when it last did
};

// What nodes say to a supernode of others that gave them no link or no media. A supernode asks a node last of
// which many complain. Each complainant counts once, and only its latest complaints: so a liar can speak ill
// of a few nodes, once each, while all complain of the liar.
class Complaints {
 public:
  void heard(const Uuid &from, const std::vector<Uuid> &of, Time now);
  std::size_t against(const Uuid &node, Time now) const;
  std::size_t size() const { return latest_.size(); }

 private:
  std::map<Uuid, std::map<Uuid, Time>> latest_;   // by complainant
  std::deque<Uuid> order_;                        // of complainants, the oldest first
  std::map<Uuid, std::map<Uuid, Time>> against_;  // by node: when who complained last
};

}  // namespace astral::core
