// SPDX-License-Identifier: BSD-3-Clause
// What a stream's key says of its stream: who publishes it, what it is, whether it is live, that it is over.
// Whoever passes it on can change nothing of it. Does not decide what is newer; that is the directory's.
#pragma once

#include <cstdint>
#include <vector>

#include "glue/error.hpp"
#include "glue/key.hpp"
#include "protocol/types.hpp"

namespace astral::protocol {

// The bytes that are signed: all of it but `created`, which an origin keeps itself, and `signature`.
std::vector<std::uint8_t> statement(const StreamInfo &stream);

// Sets fingerprint, key and signature.
void sign(StreamInfo &stream, const Key &key);

// Errors: invalid: the key has not signed this, or the fingerprint is another key's.
Expected<void> check(const StreamInfo &stream);

// Removes what check() refuses, so that the stream counts as unsigned.
void strip(StreamInfo &stream);

}  // namespace astral::protocol
