// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/client.hpp"

#include <array>

#include "ctl/show.hpp"

namespace astral::ctl {
namespace {

// Longer than a node takes to search for a ticket (10 s, core/limits.hpp).
constexpr int timeout_s = 30;

tl::unexpected<Error> failure(const std::string &node, GError *raw) {
  const GErrorPtr error(raw);
  const Code code =
      g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_TIMED_OUT) ? Code::timeout : Code::unreachable;
  return fail(code, "no answer from " + node + ": " + error->message);
}

}  // namespace

Client::Client(std::string node)
    : node_(std::move(node)),
      // No proxy: a node is usually on this machine.
      session_(Ref<SoupSession>::adopt(soup_session_new_with_options("timeout", timeout_s, "user-agent",
                                                                     "astralctl/" ASTRAL_VERSION,
                                                                     "proxy-resolver", nullptr, nullptr))) {}

Expected<Answer> Client::perform(const Call &call) {
  const auto message =
      Ref<SoupMessage>::adopt(soup_message_new(call.method.c_str(), (node_ + call.path).c_str()));
  if (!message) return fail(Code::invalid, "not a URL: " + node_ + call.path);
  soup_message_headers_replace(soup_message_get_request_headers(message.get()), "Accept", "application/json");
  if (!call.body.empty()) {
    const auto body = Ref<GBytes>::adopt(g_bytes_new(call.body.data(), call.body.size()));
    soup_message_set_request_body_from_bytes(message.get(), "application/json", body.get());
  }
  GError *error = nullptr;
  const auto stream =
      Ref<GInputStream>::adopt(soup_session_send(session_.get(), message.get(), nullptr, &error));
  if (!stream) return failure(node_, error);
  Answer answer;
  answer.status = soup_message_get_status(message.get());
  std::array<char, 16 * 1024> buffer;
  for (;;) {
    const gssize count = g_input_stream_read(stream.get(), buffer.data(), buffer.size(), nullptr, &error);
    if (count < 0) return failure(node_, error);
    if (count == 0) return answer;
    answer.body.append(buffer.data(), static_cast<std::size_t>(count));
    if (answer.body.size() > max_answer)
      return fail(Code::too_large, "the answer of " + node_ + " does not end");
  }
}

}  // namespace astral::ctl
