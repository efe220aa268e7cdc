// SPDX-License-Identifier: BSD-3-Clause
// What an expected failure looks like everywhere in Astral: a code that callers switch on, a detail that
// people read. Knows no library but tl::expected, so the pure floors may use it.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace astral {

enum class Code {
  invalid,      // cannot be parsed, or breaks a rule of the protocol
  too_large,    // above a named maximum
  not_found,    // no such stream, node, ticket
  no_room,      // nobody can forward it now
  refused,      // the other side says no (wrong key, not allowed)
  unreachable,  // no connection, or it broke
  timeout,      // no answer within the deadline
  unsupported,  // valid, but not something we do
  conflict,     // the name is taken by another
  failed,       // a library or the system said no; the detail says which
};

struct Error {
  Code code = Code::failed;
  std::string detail;
};

template <typename T>
using Expected = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Code code, std::string detail) {
  return tl::unexpected<Error>(Error{code, std::move(detail)});
}

}  // namespace astral
