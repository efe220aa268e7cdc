// SPDX-License-Identifier: BSD-3-Clause
// Seals what this node says to nodes without a session, and opens what it hears from them: each message is
// signed by its author, for its addressee, and counts once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>

#include "core/message.hpp"
#include "glue/error.hpp"
#include "glue/key.hpp"

namespace astral::runtime {

class Seals {
 public:
  // `unix_ms`: now. A node that starts again goes on with larger numbers.
  Seals(Key key, std::int64_t unix_ms);

  // A message of ours for a node without a session, signed. None: it is no such message, or another's.
  std::optional<core::Message> sealed(const core::Message &message);
  // Opens what is for this node. False: whoever brought it did not write it, and it is lost, as any message
  // may be.
  bool admit(core::Message &message, const core::Uuid &self);
  // Opens one for this node. Errors: invalid: see protocol::open(); conflict: it came before, or it is older
  // than the `remembered` last ones of its author.
  Expected<void> open(core::Routed &routed);

  static constexpr std::size_t remembered = 64;
  static constexpr std::size_t max_authors = 4'096;

 private:
  bool is_new(const core::Uuid &author, std::uint64_t number);

  const Key key_;
  std::uint64_t number_;
  std::map<core::Uuid, std::set<std::uint64_t>> seen_;  // the largest numbers of each author
  std::deque<core::Uuid> order_;                        // of authors, the oldest first
};

}  // namespace astral::runtime
