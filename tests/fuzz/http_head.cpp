// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: request heads that arrive piece by piece. A head that is accepted or refused stays so, whatever bytes
// follow. An accepted head is within its limits; a refused one has a reason and a 4xx status.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/request_head.hpp"

using namespace astral::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char *>(data), size);
  const HeadLimits limits{.bytes = 2048, .target = 256, .fields = 8};
  bool refused = false, passed = false;
  for (std::size_t end = 0; end <= size; end += 1 + size / 64) {
    const auto verdict = check_head(bytes.substr(0, end), limits);
    if (!verdict) {
      assert(!verdict.error().error.detail.empty());
      assert(verdict.error().status >= 400 && verdict.error().status < 500);
    }
    assert(!refused || !verdict);
    assert(!passed || (verdict && *verdict));
    refused = !verdict;
    passed = verdict && *verdict;
  }
  if (!passed) return 0;
  const std::string_view read = bytes.substr(0, limits.bytes);
  assert(read.find("\n\r\n") != std::string_view::npos || read.find("\n\n") != std::string_view::npos);
  assert(read.find(" HTTP/1.") < limits.target + 64 && !read.starts_with("CONNECT "));
  return 0;
}
