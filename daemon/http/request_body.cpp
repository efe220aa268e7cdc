// SPDX-License-Identifier: BSD-3-Clause
#include "http/request_body.hpp"

#include <algorithm>

namespace astral::http {
namespace {

tl::unexpected<Error> body_too_large(std::size_t max) {
  return fail(Code::too_large, "the body is larger than " + std::to_string(max) + " bytes");
}

}  // namespace

Expected<bool> BodyReader::read(std::string_view &bytes) {
  has_begun_ = has_begun_ || !bytes.empty();
  if (is_chunked_) return read_chunks(bytes);
  if (left_ > rule_.max - size_) return body_too_large(rule_.max);
  const std::string_view piece = bytes.substr(0, std::min(left_, bytes.size()));
  bytes.remove_prefix(piece.size());
  left_ -= piece.size();
  if (const auto added = add(piece); !added) return tl::unexpected<Error>(added.error());
  return left_ == 0;
}

Expected<bool> BodyReader::read_chunks(std::string_view &bytes) {
  while (!chunks_.is_done()) {
    const auto piece = chunks_.next(bytes);
    if (!piece) return tl::unexpected<Error>(piece.error());
    if (piece->empty()) break;
    if (const auto added = add(*piece); !added) return tl::unexpected<Error>(added.error());
  }
  return chunks_.is_done();
}

Expected<void> BodyReader::add(std::string_view piece) {
  if (piece.size() > rule_.max - size_) return body_too_large(rule_.max);
  size_ += piece.size();
  if (rule_.is_kept) text_ += piece;
  return {};
}

}  // namespace astral::http
