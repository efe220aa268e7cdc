// SPDX-License-Identifier: BSD-3-Clause
#include "http/chunked_decoder.hpp"

#include <algorithm>
#include <charconv>

namespace astral::http {
namespace {

constexpr std::size_t max_line = 1024;          // a size with its extensions, or one trailer
constexpr std::size_t max_digits = 15;          // hexadecimal; more would not fit into 63 bits
constexpr std::size_t max_trailers = 8 * 1024;  // bytes, of all trailers of one body

tl::unexpected<Error> bad_chunks(const char *what) {
  return fail(Code::invalid, std::string("the body in chunks: ") + what);
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
}

// chunk-size [ chunk-ext ]. The extension begins with a semicolon, possibly after spaces.
Expected<std::uint64_t> size_of(std::string_view line) {
  const std::size_t digits = std::min(line.find_first_not_of("0123456789abcdefABCDEF"), line.size());
  if (digits == 0 || digits > max_digits) return bad_chunks("a size must be 1 to 15 hexadecimal digits");
  const std::string_view rest = line.substr(digits);
  const std::size_t extension = rest.find_first_not_of(" \t");
  if (!rest.empty() && (extension == std::string_view::npos || rest[extension] != ';'))
    return bad_chunks("a size must be followed by ';' or the end of the line");
  std::uint64_t size = 0;
  std::from_chars(line.data(), line.data() + digits, size, 16);
  return size;
}

}  // namespace

Expected<std::string_view> ChunkedDecoder::next(std::string_view &bytes) {
  while (!bytes.empty() && state_ != State::done) {
    if (state_ == State::data) {
      const std::string_view piece = bytes.substr(0, std::min<std::uint64_t>(left_, bytes.size()));
      bytes.remove_prefix(piece.size());
      left_ -= piece.size();
      if (left_ == 0) state_ = State::data_end;
      return piece;
    }
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end == std::string_view::npos ? end : end + 1);
    if (line_.size() + part.size() > max_line) return bad_chunks("a line is longer than 1024 bytes");
    line_ += part;
    bytes.remove_prefix(part.size());
    if (end == std::string_view::npos) break;
    if (!line_.ends_with("\r\n")) return bad_chunks("lines must end with CRLF");
    line_.resize(line_.size() - 2);
    if (has_control_character(line_)) return bad_chunks("a line has a control character");
    if (const auto taken = take_line(); !taken) return tl::unexpected<Error>(taken.error());
    line_.clear();
  }
  return std::string_view();
}

Expected<void> ChunkedDecoder::take_line() {
  if (state_ == State::data_end) {
    if (!line_.empty()) return bad_chunks("a chunk is longer than its size");
    state_ = State::size;
    return {};
  }
  if (state_ == State::trailer) {
    trailers_ += line_.size();
    if (trailers_ > max_trailers) return bad_chunks("the trailers are larger than 8192 bytes");
    const std::size_t colon = line_.find(':');
    if (!line_.empty() && (colon == 0 || colon == std::string::npos))
      return bad_chunks("a trailer must be NAME: value");
    if (line_.empty()) state_ = State::done;
    return {};
  }
  const auto size = size_of(line_);
  if (!size) return tl::unexpected<Error>(size.error());
  left_ = *size;
  state_ = left_ == 0 ? State::trailer : State::data;
  return {};
}

}  // namespace astral::http
