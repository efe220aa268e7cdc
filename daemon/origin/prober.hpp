// SPDX-License-Identifier: BSD-3-Clause
// Asks nodes whether they are there: `GET /node` at the address they registered, and nothing else. No proxy,
// no redirection, no cookie, one deadline, a bounded answer. When to ask whom is Checks' decision.
#pragma once

#include <gio/gio.h>
#include <libsoup/soup.h>

#include <functional>
#include <string>

#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "origin/checks.hpp"

namespace astral::origin {

// **Thread** the default main context. Nothing is called back after it has gone, nor from inside want().
class Prober {
 public:
  // Whether the node of that uuid answered.
  using Found = std::function<void(const std::string &uuid, bool answered)>;

  explicit Prober(Found found, const Asking &limits = {});
  ~Prober();
  Prober(const Prober &) = delete;
  Prober &operator=(const Prober &) = delete;

  bool want(const Check &check);  // as Checks has it

 private:
  void start_due();
  void start(const Check &check);
  void finish(const std::string &uuid, bool answered);

  const Found found_;
  const Asking limits_;
  Checks checks_;
  Ref<SoupSession> session_;
  Ref<GCancellable> cancellable_;
  Timer next_;
};

}  // namespace astral::origin
