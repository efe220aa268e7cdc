// SPDX-License-Identifier: BSD-3-Clause
// Sends one HTTP request to another server and reads the whole response, within a size and a deadline. It
// follows no redirection, so the response comes from the server that was asked. It bounds interim responses.
#pragma once

#include <gio/gio.h>
#include <libsoup/soup.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "glue/error.hpp"
#include "glue/ref.hpp"
#include "glue/time.hpp"
#include "http/call.hpp"

namespace astral::http {

struct Question {
  const char *method = "GET";
  std::string url;
  std::string body = {};  // empty: no body
  const char *type = "application/json";
  std::vector<std::pair<const char *, std::string>> headers = {};
  std::size_t max_answer = 64 * 1024;
  Time patience = never;  // for the whole exchange; the session may have its own timeout for silence
};

struct Told {
  unsigned status = 0;
  std::string date = {};  // of the Date header
  Call::Signature signature = {};
  std::string body = {};
};

// Cancels the message after a few interim responses (1xx). **Why**: libsoup 3.2 reads them in a loop as long
// as they come; meanwhile this thread does nothing else, not even check a deadline.
void bound_interim_answers(SoupMessage *message, const Ref<GCancellable> &cancellable);

// **Thread**: the default main context. Calls `done` once, never before it returns, and not after
// `cancellable` was cancelled. **Errors** of `done`: too_large, timeout, unreachable. Returned at once,
// without a call of `done`: invalid: not a URL.
Expected<void> exchange(const Ref<SoupSession> &session, const Question &question,
                        const Ref<GCancellable> &cancellable, std::function<void(Expected<Told>)> done);

}  // namespace astral::http
