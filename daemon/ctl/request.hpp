// SPDX-License-Identifier: BSD-3-Clause
// What all HTTP calls of astralctl have in common, blocking (client) or not (fetch).
#pragma once

#include <libsoup/soup.h>

#include <string>

#include "ctl/command.hpp"
#include "glue/error.hpp"
#include "glue/ref.hpp"

namespace astral::ctl {

struct Answer {
  unsigned status = 0;
  std::string location;
  std::string body;
};

// A node, and the token of the caller.
struct Target {
  std::string node;   // URL, without a slash at the end
  std::string token;  // empty: none
};

// `timeout_s`: a call fails after so long without any traffic.
Ref<SoupSession> make_session(unsigned timeout_s);

// Does not follow redirections, since the token is for this node only. **Errors** invalid: not a URL.
Expected<Ref<SoupMessage>> make_message(const Target &target, const Call &call);

Answer begin_answer(SoupMessage *message);  // without the body

// **Errors** too_large.
Expected<void> append(Answer &answer, const void *bytes, std::size_t count, const Target &target);

// An Error with code timeout or unreachable. Frees `raw`.
Error failure(const Target &target, GError *raw);

}  // namespace astral::ctl
