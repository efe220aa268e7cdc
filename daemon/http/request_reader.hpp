// SPDX-License-Identifier: BSD-3-Clause
// Reads the requests of one connection, one after the other: the head within its limits, then the body.
// Pure: no socket, no clock.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "http/call.hpp"
#include "http/request.hpp"
#include "http/request_body.hpp"
#include "http/request_head.hpp"

namespace astral::http {

using BodyRules = std::function<BodyRule(const Call &)>;

class RequestReader {
 public:
  //   idle ──a byte──▶ head ──it is whole──▶ body ──it is whole──▶ whole ──take()──▶ idle …
  //                     └──it breaks a rule─────┴──────────────▶ refused, for good
  enum class State { idle, head, body, whole, refused };

  // `rules` outlives the reader.
  RequestReader(const HeadLimits &limits, const BodyRules &rules) : limits_(limits), rules_(rules) {}

  void add(std::string_view bytes);
  // Goes as far as the bytes allow; not past a request that is whole.
  State advance();
  State state() const { return state_; }
  Request take();                                    // of `whole`: the request with its body
  const Reply &refusal() const { return refusal_; }  // of `refused`
  // True once for a request whose client waits for 100 Continue and has sent nothing of its body.
  bool take_expectation();
  bool has_rest() const { return at_ < buffer_.size(); }  // bytes behind what has been read

 private:
  void read_head();
  void read_body();
  void refuse(const Error &error, std::optional<unsigned> status = std::nullopt);

  const HeadLimits limits_;
  const BodyRules &rules_;
  State state_ = State::idle;
  std::string buffer_;
  std::size_t at_ = 0;  // of the first byte in the buffer that has not been read
  Request request_;
  BodyReader body_;
  Reply refusal_;
};

}  // namespace astral::http
