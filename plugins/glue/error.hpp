// SPDX-License-Identifier: BSD-3-Clause
// The type of every expected failure: a code that callers switch on and a detail that people read. Uses no
// library but tl::expected, so pure code may include it.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace astral {

enum class Code {
  invalid,      // cannot be parsed, or breaks a rule of the protocol
  too_large,    // above a named maximum
  not_found,    // no such stream, node or ticket
  no_room,      // no capacity now; a later attempt may succeed
  refused,      // the peer refuses: wrong key, or not allowed
  unreachable,  // no connection, or the connection broke
  timeout,      // no answer within the deadline
  unsupported,  // valid, but not implemented here
  conflict,     // another owner has the name or the resource
  failed,       // a library or system call failed; the detail names it
  forged,       // the key that must have signed it has not, or it was signed for another place
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
