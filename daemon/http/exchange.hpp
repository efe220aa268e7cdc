// SPDX-License-Identifier: BSD-3-Clause
// One HTTP request of ours and its whole answer, within a bound and a deadline. No redirection is followed:
// an answer is of whom was asked. Nor may it be announced without end.
#pragma once

#include <gio/gio.h>
#include <libsoup/soup.h>

#include <functional>
#include <string>

#include "glue/error.hpp"
#include "glue/ref.hpp"
#include "glue/time.hpp"

namespace astral::http {

struct Question {
  const char *method = "GET";
  std::string url;
  std::string body = {};  // empty: none
  const char *type = "application/json";
  std::size_t max_answer = 64 * 1024;
  Time patience = never;  // for all of it; for silence the session may have its own
};

struct Told {
  unsigned status = 0;
  std::string body;
};

// More than a few interim answers (1xx) cancel the message. **Why**: libsoup 3.2 reads them one after the
// other as long as they come, and meanwhile this thread does nothing else, not even look at a deadline.
void bound_interim_answers(SoupMessage *message, const Ref<GCancellable> &cancellable);

// **Thread**: the default main context. `done` comes once, never from inside, and not after `cancellable` was
// cancelled. **Errors**: too_large, timeout, unreachable; at once, and then `done` never comes: invalid, not
// a URL.
Expected<void> exchange(const Ref<SoupSession> &session, const Question &question,
                        const Ref<GCancellable> &cancellable, std::function<void(Expected<Told>)> done);

}  // namespace astral::http
