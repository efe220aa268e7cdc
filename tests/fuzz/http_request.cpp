// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: the requests of one connection, with bodies in chunks and with a length. Bytes make the same
// requests, and the same refusal, whether they come at once or in small pieces. Bodies stay within their
// maximum.
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/request_reader.hpp"

using namespace astral::http;

namespace {

constexpr std::size_t max_body = 64;
const BodyRules rules = [](const Call &call) {
  return BodyRule{.max = max_body, .is_kept = call.path != "/counted"};
};

// All requests as text, and the refusal.
std::string read_all(std::string_view bytes, std::size_t at_once) {
  RequestReader reader({.bytes = 512, .target = 64, .fields = 8}, rules);
  std::string out;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, at_once);
    bytes.remove_prefix(piece.size());
    reader.add(piece);
    while (reader.advance() == RequestReader::State::whole) {
      const Request request = reader.take();
      assert(request.call.body.size() <= max_body);
      assert(!request.is_chunked || request.body_size == 0);
      out += request.call.method + " " + request.call.path + "\n" + request.call.body + "\n";
    }
    if (reader.state() != RequestReader::State::refused) continue;
    assert(reader.refusal().status >= 400 && reader.refusal().status < 500);
    return out + "refused: " + reader.refusal().body;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char *>(data), size);
  const std::string whole = read_all(bytes, std::max<std::size_t>(size, 1));
  for (const std::size_t at_once : {std::size_t{1}, std::size_t{7}, 1 + size / 16})
    assert(read_all(bytes, at_once) == whole);
  return 0;
}
