// SPDX-License-Identifier: BSD-3-Clause
// Reads the body of one request, with a length or in chunks, within its maximum. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "glue/error.hpp"
#include "http/chunked_decoder.hpp"
#include "http/request.hpp"

namespace astral::http {

// What the route of a request says of its body.
struct BodyRule {
  std::size_t max = 0;   // bytes
  bool is_kept = false;  // false: the body is counted and dropped
};

class BodyReader {
 public:
  BodyReader() = default;  // of a request without a body
  BodyReader(const Request &request, const BodyRule &rule)
      : rule_(rule), is_chunked_(request.is_chunked), left_(request.body_size) {}

  // Takes bytes off the front of `bytes`. True: the body is whole. False: more bytes are needed.
  // **Errors**: too_large, as soon as that is known; invalid: malformed chunks. Both are final.
  Expected<bool> read(std::string_view &bytes);
  std::string take_text() { return std::move(text_); }
  bool has_begun() const { return has_begun_; }  // a byte of it has come

 private:
  Expected<bool> read_chunks(std::string_view &bytes);
  Expected<void> add(std::string_view piece);

  BodyRule rule_ = {};
  bool is_chunked_ = false;
  bool has_begun_ = false;
  std::size_t left_ = 0;  // bytes, of a body with a length
  std::size_t size_ = 0;  // bytes that have come
  ChunkedDecoder chunks_ = {};
  std::string text_ = {};
};

}  // namespace astral::http
