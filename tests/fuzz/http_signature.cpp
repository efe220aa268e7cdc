// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: requests with signature headers, one per line of the input: Content-Digest, Signature-Input,
// Signature, method, path, query, and then the body. Nobody has the key of the corpus any more, so only the
// request that is in the corpus has a signer.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/signature.hpp"

using namespace astral::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char *>(data), size);
  Call call;
  for (std::string *line : {&call.signature.digest, &call.signature.input, &call.signature.signature,
                            &call.method, &call.path, &call.raw_query}) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    *line = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  call.body = bytes;
  const auto signer = verify(call);
  if (!signer) {
    assert(!signer.error().detail.empty());
    return 0;
  }
  if (!*signer) {
    assert(call.signature.input.empty() && call.signature.signature.empty());
    return 0;
  }
  assert(call.method == "POST" && call.path == "/nodes" && call.body == "{\"uuid\":\"n\",\"port\":8000}");
  assert(astral::is_fingerprint((*signer)->key) && (*signer)->nonce.size() == 32);
  return 0;
}
