// SPDX-License-Identifier: BSD-3-Clause
// Who waits for a socket to be readable, all of one context in one epoll: GLib looks at every source and
// every descriptor at each wake-up, so with a source each a thousand quiet sockets cost more than what they
// say. Where the kernel has no epoll for us, because no descriptor or no room for a watch is left, a socket
// gets a source of its own: it costs more and does the same.
#pragma once

#include <glib.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "glue/ref.hpp"

namespace astral::http {

// **Thread**: the context's own. Held by its watches.
class Epoll : public std::enable_shared_from_this<Epoll> {
 public:
  // Ends with its destruction; that may be from inside `readable`. The descriptor is the caller's, and open
  // until then.
  class Watch {
   public:
    Watch() = default;
    Watch(GMainContext *context, int fd, std::function<void()> readable);
    Watch(Watch &&other) noexcept { *this = std::move(other); }
    Watch &operator=(Watch &&other) noexcept;
    ~Watch() { reset(); }
    void reset();

   private:
    std::shared_ptr<Epoll> epoll_;  // null: not watched, or by a source of its own
    std::uint64_t id_ = 0;
    int fd_ = -1;
    Source own_;
  };

  Epoll(GMainContext *context, int fd);  // owns `fd`, an epoll's
  ~Epoll();
  Epoll(const Epoll &) = delete;
  Epoll &operator=(const Epoll &) = delete;

 private:
  static std::shared_ptr<Epoll> of(GMainContext *context);  // null: there is no descriptor for it
  bool add(std::uint64_t id, int fd);
  void dispatch();

  const Ref<GMainContext> context_;
  const int fd_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, std::shared_ptr<std::function<void()>>> watches_;
  Source source_;
};

}  // namespace astral::http
