// SPDX-License-Identifier: BSD-3-Clause
// What every HTTP call of astralctl has in common, whether somebody waits for it (client) or not (fetch).
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

// A node, and who asks it.
struct Target {
  std::string node;   // URL, without a slash at the end
  std::string token;  // empty: none
};

// `timeout_s`: nothing comes and nothing goes for so long.
Ref<SoupSession> make_session(unsigned timeout_s);

// Redirections are not followed: the token is for this node only. **Errors** invalid: not a URL.
Expected<Ref<SoupMessage>> make_message(const Target &target, const Call &call);

Answer begin_answer(SoupMessage *message);  // all but the body

// **Errors** too_large.
Expected<void> append(Answer &answer, const void *bytes, std::size_t count, const Target &target);

// timeout or unreachable. Takes the error over.
Error failure(const Target &target, GError *raw);

}  // namespace astral::ctl
