// SPDX-License-Identifier: BSD-3-Clause
// How many things come from each network (IPv4 /24, IPv6 /48). Local networks are not counted: whoever is in
// one is known to who runs the origin. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "origin/address.hpp"

namespace astral::origin {

class NetworkCount {
 public:
  void add(const std::string &ip_address) {
    if (const auto network = network_of(ip_address); !network.empty()) ++counts_[network];
  }
  void remove(const std::string &ip_address) {
    const auto known = counts_.find(network_of(ip_address));
    if (known != counts_.end() && --known->second == 0) counts_.erase(known);
  }
  std::size_t of(const std::string &ip_address) const {
    const auto known = counts_.find(network_of(ip_address));
    return known == counts_.end() ? 0 : known->second;
  }

 private:
  static std::string network_of(const std::string &ip_address) {
    const auto address = Address::parse(ip_address);
    return address && !address->is_local() ? address->neighbourhood() : "";
  }

  std::map<std::string, std::size_t> counts_;
};

}  // namespace astral::origin
