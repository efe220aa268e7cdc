// SPDX-License-Identifier: BSD-3-Clause
// A STUN server without a socket: decides whether a datagram is answered, and with what.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "glue/time.hpp"
#include "stun/message.hpp"

namespace astral::stun {

// Tokens for each network prefix. Bounded: a full table forgets a prefix whose bucket is full again; if there
// is none, strangers share one bucket.
class RateLimit {
 public:
  static constexpr int per_second = 20;  // an ICE agent asks three times, once for each new link
  static constexpr int burst = 100;      // a hundred links at once behind one address
  static constexpr std::size_t max_prefixes = 4096;

  bool allow(const Address &from, Time now);
  std::size_t prefixes() const { return buckets_.size(); }

 private:
  struct Bucket {
    Time full_at{};  // when it would be full again; each answer moves it by 1 s / per_second
  };
  static bool take(Bucket &bucket, Time now);
  void make_room(Time now);

  std::map<std::vector<std::uint8_t>, Bucket> buckets_;
  Bucket strangers_;
  Time swept_{};
};

class Server {
 public:
  struct Answer {
    std::vector<std::uint8_t> datagram;  // empty: no answer
    bool from_other_port = false;
  };
  // `other`: a second port of this server; unset: there is none. What concerns it is answered in no more
  // bytes than the request has.
  Answer answer(Bytes datagram, const Address &from, const Address &other, Time now);
  std::vector<std::uint8_t> answer(Bytes datagram, const Address &from, Time now) {
    return answer(datagram, from, {}, now).datagram;
  }

  struct Counts {
    std::uint64_t answered = 0;
    std::uint64_t limited = 0;  // not answered because their network asks too often
  };
  const Counts &counts() const { return counts_; }

 private:
  RateLimit limit_;
  Counts counts_;
};

}  // namespace astral::stun
