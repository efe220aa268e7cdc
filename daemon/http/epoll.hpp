// SPDX-License-Identifier: BSD-3-Clause
// Wakes the sockets of one context that are readable, with one epoll. **Why**: GLib looks at every source and
// every descriptor at each wake-up, so a source for each of a thousand quiet sockets would cost more than the
// sockets that have something to read. If no descriptor is left for an epoll, or the kernel has no room for
// another watch, a socket gets a source of its own: that costs more and does the same.
#pragma once

#include <glib.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "glue/ref.hpp"

namespace astral::http {

// **Thread**: the context's own. Its watches own it.
class Epoll : public std::enable_shared_from_this<Epoll> {
 public:
  // Calls `readable` until it is destroyed, which may happen inside `readable`. The caller owns the
  // descriptor and keeps it open until then.
  class Watch {
   public:
    Watch() = default;
    Watch(GMainContext *context, int fd, std::function<void()> readable);
    Watch(Watch &&other) noexcept { *this = std::move(other); }
    Watch &operator=(Watch &&other) noexcept;
    ~Watch() { reset(); }
    void reset();
    explicit operator bool() const { return epoll_ || own_; }  // whether it watches

   private:
    std::shared_ptr<Epoll> epoll_;  // null: not watched, or watched by `own_`
    std::uint64_t id_ = 0;
    int fd_ = -1;
    Source own_;
  };

  Epoll(GMainContext *context, int fd);  // owns `fd`, an epoll descriptor
  ~Epoll();
  Epoll(const Epoll &) = delete;
  Epoll &operator=(const Epoll &) = delete;

 private:
  static std::shared_ptr<Epoll> of(GMainContext *context);  // null: no descriptor is left
  bool add(std::uint64_t id, int fd);
  void dispatch();

  const Ref<GMainContext> context_;
  const int fd_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, std::shared_ptr<std::function<void()>>> watches_;
  Source source_;
};

}  // namespace astral::http
