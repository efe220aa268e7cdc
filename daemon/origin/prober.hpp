// SPDX-License-Identifier: BSD-3-Clause
// Checks whether nodes can be reached, by `GET /node` at the address that they registered. No proxy, no
// redirections, no cookies, one deadline, a bounded answer. Checks decides which node to check and when.
#pragma once

#include <gio/gio.h>
#include <libsoup/soup.h>

#include <functional>
#include <string>

#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "origin/checks.hpp"

namespace astral::origin {

// **Thread** the default main context. Calls `found` neither inside want() nor after its destruction.
class Prober {
 public:
  // `answered`: the node of that uuid answered for itself.
  using Found = std::function<void(const std::string &uuid, bool answered)>;

  explicit Prober(Found found, const CheckLimits &limits = {});
  ~Prober();
  Prober(const Prober &) = delete;
  Prober &operator=(const Prober &) = delete;

  bool want(const Check &check);  // as Checks::want()

 private:
  void start_due();
  void start(const Check &check);
  void finish(const std::string &uuid, bool answered);

  const Found found_;
  const CheckLimits limits_;
  Checks checks_;
  Ref<SoupSession> session_;
  Ref<GCancellable> cancellable_;
  Timer next_;
};

}  // namespace astral::origin
