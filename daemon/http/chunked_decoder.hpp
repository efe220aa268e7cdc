// SPDX-License-Identifier: BSD-3-Clause
// Decodes a body in chunks (RFC 9112 §7.1). Pure. Chunk extensions and trailers are checked and dropped.
// Lines must end with CRLF: two programs that disagree about a bare LF here disagree about where the next
// request begins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "glue/error.hpp"

namespace astral::http {

class ChunkedDecoder {
 public:
  // Takes bytes off the front of `bytes`. Returns the next piece of the body, a view into them; empty if the
  // body is done or more bytes are needed. **Errors**: invalid; after that nothing more may be fed.
  Expected<std::string_view> next(std::string_view &bytes);
  bool is_done() const { return state_ == State::done; }

 private:
  //   size ──▶ data ──▶ data_end ──▶ size …     a chunk of size 0: size ──▶ trailer ──an empty line──▶ done
  enum class State { size, data, data_end, trailer, done };

  Expected<void> take_line();

  State state_ = State::size;
  std::string line_;          // the part that has come of a size line, an end of data or a trailer
  std::uint64_t left_ = 0;    // bytes of the current chunk
  std::size_t trailers_ = 0;  // bytes of all trailers
};

}  // namespace astral::http
