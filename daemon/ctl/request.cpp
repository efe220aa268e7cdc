// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/request.hpp"

#include "ctl/show.hpp"
#include "ctl/text.hpp"

namespace astral::ctl {

Ref<SoupSession> make_session(unsigned timeout_s) {
  // Without a proxy, since a node is usually on this machine.
  return Ref<SoupSession>::adopt(soup_session_new_with_options(
      "timeout", timeout_s, "user-agent", "astralctl/" ASTRAL_VERSION, "proxy-resolver", nullptr, nullptr));
}

Expected<Ref<SoupMessage>> make_message(const Target &target, const Call &call) {
  const std::string url = target.node + call.path;
  auto message = Ref<SoupMessage>::adopt(soup_message_new(call.method.c_str(), url.c_str()));
  if (!message) return fail(Code::invalid, "not a URL: " + printable(url));
  soup_message_add_flags(message.get(), SOUP_MESSAGE_NO_REDIRECT);
  SoupMessageHeaders *headers = soup_message_get_request_headers(message.get());
  soup_message_headers_replace(headers, "Accept", "application/json");
  if (!target.token.empty()) {
    soup_message_headers_replace(headers, "Authorization", ("Bearer " + target.token).c_str());
  }
  if (!call.body.empty()) {
    const auto body = Ref<GBytes>::adopt(g_bytes_new(call.body.data(), call.body.size()));
    soup_message_set_request_body_from_bytes(message.get(), "application/json", body.get());
  }
  return message;
}

Answer begin_answer(SoupMessage *message) {
  const char *location = soup_message_headers_get_one(soup_message_get_response_headers(message), "Location");
  return {.status = soup_message_get_status(message), .location = location ? location : "", .body = {}};
}

Expected<void> append(Answer &answer, const void *bytes, std::size_t count, const Target &target) {
  if (answer.body.size() + count > max_answer) {
    return fail(Code::too_large, "the answer of " + target.node + " is larger than 64 MiB");
  }
  answer.body.append(static_cast<const char *>(bytes), count);
  return {};
}

Error failure(const Target &target, GError *raw) {
  const GErrorPtr error(raw);
  const bool late = g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  return {late ? Code::timeout : Code::unreachable,
          "no answer from " + target.node + ": " + printable(error->message)};
}

}  // namespace astral::ctl
