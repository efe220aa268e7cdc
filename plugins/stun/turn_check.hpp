// SPDX-License-Identifier: BSD-3-Clause
// Whether a TURN server gives an address to this user: asks for one, and gives it back (RFC 8656, 7; RFC
// 8489, 9.2). Has no socket.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "glue/time.hpp"
#include "stun/message.hpp"

namespace astral::stun {

enum class TurnAnswer {
  none,       // it has been asked
  allocated,  // it has given an address
  wrong_credentials,
  refused,  // for another reason: error_code()
  silent,
};

//   asking without credentials ──401, its realm and nonce──▶ asking with them ──▶ done
//         └──────────── any other answer, or none ──────────────────────────────────┘
class TurnCheck {
 public:
  // As a STUN client's, but a person may be waiting.
  static constexpr Time first_timeout = 500ms;
  static constexpr int max_requests = 4;  // silence for 7.5 s

  // `ids`: random; one for each step.
  TurnCheck(std::string user, std::string password, const std::array<TransactionId, 3> &ids)
      : user_(std::move(user)), password_(std::move(password)), ids_(ids) {}

  // What they append is to be sent, a message each.
  using Messages = std::vector<std::vector<std::uint8_t>>;
  void start(Time now, Messages &out);
  void handle(Bytes message, Time now, Messages &out);
  void tick(Time now, Messages &out);
  Time deadline() const { return next_; }
  bool done() const { return answer_ != TurnAnswer::none; }
  TurnAnswer answer() const { return answer_; }
  int error_code() const { return error_code_; }  // 0: none

 private:
  std::vector<std::uint8_t> with_credentials(std::vector<std::uint8_t> message) const;
  void ask(Time now, Messages &out);
  void conclude(TurnAnswer answer);

  const std::string user_, password_;
  const std::array<TransactionId, 3> ids_;
  std::string realm_, nonce_;
  std::size_t step_ = 0;  // 1: with credentials
  bool was_stale_ = false;
  int requests_ = 0;
  Time next_ = never;
  int error_code_ = 0;
  TurnAnswer answer_ = TurnAnswer::none;
};

}  // namespace astral::stun
