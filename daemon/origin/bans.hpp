// SPDX-License-Identifier: BSD-3-Clause
// Keys and networks from which the origin takes nothing. Pure.
#pragma once

#include <gio/gio.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "glue/error.hpp"
#include "glue/ref.hpp"
#include "origin/records.hpp"

namespace astral::origin {

class Bans {
 public:
  static constexpr std::size_t most = 10'000;

  // The name of a ban: a fingerprint, an IP address, or ADDRESS/BITS, in the one way that it is written here.
  // **Errors** invalid.
  static Expected<std::string> name_of(const std::string &key_or_address);

  Expected<void> add(const std::string &name, Ban ban);  // **Errors** no_room
  bool remove(const std::string &name);
  // **Errors** refused: the author is banned; for its eyes.
  Expected<void> admit(const Author &author) const;
  // Null: the author is not banned.
  const Ban *find(const Author &author) const;
  const Ban *of_node(const std::string &uuid) const;  // of its key
  const std::map<std::string, Ban> &all() const { return all_; }

 private:
  std::map<std::string, Ban> all_;  // by name
  std::vector<std::pair<Ref<GInetAddressMask>, std::string>> networks_;
};

}  // namespace astral::origin
