// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/client.hpp"

#include <array>

#include "http/exchange.hpp"

namespace astral::ctl {
namespace {

// Longer than a node searches for a ticket (10 s, core/limits.hpp).
constexpr unsigned timeout_s = 30;

bool is_redirection(const Answer &answer) {
  const std::string &to = answer.location;
  return (answer.status == 302 || answer.status == 303) && to.starts_with('/') && !to.starts_with("//");
}

}  // namespace

Client::Client(Target target) : target_(std::move(target)), session_(make_session(timeout_s)) {}

Expected<Answer> Client::perform(const Call &call) {
  auto answer = send(call);
  return answer && is_redirection(*answer) ? send({"GET", answer->location, {}}) : answer;
}

Expected<Answer> Client::send(const Call &call) {
  const auto message = make_message(target_, call);
  if (!message) return tl::unexpected(message.error());
  const auto cancellable = Ref<GCancellable>::adopt(g_cancellable_new());
  http::bound_interim_answers(message->get(), cancellable);
  GError *error = nullptr;
  const auto stream =
      Ref<GInputStream>::adopt(soup_session_send(session_.get(), message->get(), cancellable.get(), &error));
  if (!stream) return tl::unexpected(failure(target_, error));
  Answer answer = begin_answer(message->get());
  std::array<char, 16 * 1024> buffer;
  for (;;) {
    const gssize count = g_input_stream_read(stream.get(), buffer.data(), buffer.size(), nullptr, &error);
    if (count < 0) return tl::unexpected(failure(target_, error));
    if (count == 0) return answer;
    const auto taken = append(answer, buffer.data(), static_cast<std::size_t>(count), target_);
    if (!taken) return tl::unexpected(taken.error());
  }
}

}  // namespace astral::ctl
