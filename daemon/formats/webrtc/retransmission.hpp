// SPDX-License-Identifier: BSD-3-Clause
// How many packets a viewer may have again (RFC 4588). What it requests is not trusted: each request is small
// and costs a packet of 1,200 bytes. Pure.
#pragma once

#include <algorithm>

#include "formats/webrtc/limits.hpp"
#include "glue/time.hpp"

namespace astral::webrtc {

// All that is kept at once, then so many packets in a second.
class RetransmissionLimit {
 public:
  bool allow(Time now) {
    const Time step = Time(1s) / max_retransmissions;
    free_at_ = std::max(free_at_, now - step * max_kept_packets) + step;
    if (free_at_ <= now) return true;
    free_at_ -= step;
    return false;
  }

 private:
  Time free_at_ = Time::min() / 2;  // when all that was sent again would have been sent at the rate
};

}  // namespace astral::webrtc
