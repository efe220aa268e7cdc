// SPDX-License-Identifier: BSD-3-Clause
#include "http/stun_call.hpp"

#include <algorithm>

namespace astral::http {
namespace {

// A STUN transaction id with its cookie (RFC 8489, 5): a response with it is nothing but STUN.
bool is_transaction_id(std::string_view text) {
  return text.starts_with("2112a442") && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

constexpr json::Text id_rule{
    .min = 32, .max = 32, .good = is_transaction_id, .wanted = "2112a442 and 24 hexadecimal digits"};

// The response goes to the address that this HTTP request came from, and nowhere else: TCP has proved that it
// is the caller's. So nobody can have datagrams sent to somebody else.
void answer_stun(const Call &call, const SendStun &send, const Answer &answer) {
  auto body = read_body(call);
  if (!body) return answer(reply_error(body.error()));
  const std::string id = body->text("id", id_rule);
  const std::uint64_t port = body->number("port", 1, 65535);
  if (const auto read = body->result(0); !read) return answer(reply_error(read.error()));
  const bool six = call.caller.find(':') != std::string::npos;
  const std::string address = (six ? "[" + call.caller + "]" : call.caller) + ":" + std::to_string(port);
  if (!send(id, address)) return answer(reply_error({Code::not_found, "there is no UDP port here"}));
  answer(reply(json::Builder().set("address", address)));
}

}  // namespace

Route stun_call(SendStun send) {
  return {.method = "POST",
          .pattern = "/stun",
          .handle = [send = std::move(send)](const Call &call, const Answer &answer) {
            answer_stun(call, send, answer);
          }};
}

}  // namespace astral::http
