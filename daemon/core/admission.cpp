// SPDX-License-Identifier: BSD-3-Clause
#include "core/admission.hpp"

#include <algorithm>

namespace astral::core {

bool invited(const StreamInfo *stream, const Pass &pass, bool pass_is_good, std::int64_t unix_ms) {
  if (stream == nullptr || !stream->is_private) return true;
  if (!pass_is_good || static_cast<std::int64_t>(pass.expires) <= unix_ms / 1000) return false;
  return std::ranges::find(stream->revoked, pass.id) == stream->revoked.end();
}

std::optional<Objection> objection(const StreamState *stream, const Request &request, const Admission &at,
                                   const Timeouts &times) {
  if (stream == nullptr) return Objection{RefusalCode::no_stream, "not here"};
  if (stream->ended || (stream->own && stream->own->ended))
    return Objection{RefusalCode::no_stream, "the stream has ended"};
  if (stream->position.passes(request.destination))
    return Objection{RefusalCode::loop, "we get it through you"};
  if (!at.invited)
    return Objection{RefusalCode::not_invited, "the stream is private, and the invitation is not good"};
  if (!at.open) return Objection{RefusalCode::no_room, "no parent ourselves"};
  if (stream->silence && at.now - stream->silence->since < times.no_room)
    return Objection{RefusalCode::no_room, "nothing comes here either"};
  if (at.shunned)
    return Objection{RefusalCode::no_room, "it did not hold the rate, or nobody found a place below it"};
  if (stream->position.path.size() + 1 >= max_path)
    return Objection{RefusalCode::no_room, "too far from the publisher"};
  if (request.standby && stream->unwanted) return Objection{RefusalCode::no_room, "nobody wants it here"};
  return std::nullopt;
}

}  // namespace astral::core
