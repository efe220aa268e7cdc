// SPDX-License-Identifier: BSD-3-Clause
// How other threads reach a GMainContext (Mailbox), and a thread that runs one (LoopThread). Knows no Astral.
#pragma once

#include <gio/gio.h>

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "glue/ref.hpp"
#include "glue/time.hpp"

namespace astral {

// Letters to one GMainContext. **Thread**: post() from any, everything else on the context's own.
// **Owns** the letters: those not delivered when the mailbox goes are destroyed unread.
// **Why** not g_main_context_invoke: attaching a source from another thread is a TSan report in GLib 2.74,
// a source that is there already and is woken is not.
class Mailbox {
 public:
  using Letter = std::function<void()>;

  explicit Mailbox(GMainContext *context);
  ~Mailbox();
  Mailbox(const Mailbox &) = delete;
  Mailbox &operator=(const Mailbox &) = delete;

  void post(Letter letter);

 private:
  struct Box;
  std::shared_ptr<Box> box_;
  Source source_;
};

// One wake-up time on a context. **Thread**: the context's own.
class Timer {
 public:
  Timer(GMainContext *context, std::function<void()> fire);
  Timer(const Timer &) = delete;
  Timer &operator=(const Timer &) = delete;

  // Fires once at `when` (glue/time.hpp), at once when that is past; `never` disarms. Replaces what was set.
  void set(Time when);

 private:
  std::function<void()> fire_;
  Time armed_ = never;
  Source source_;
};

// A thread that runs a GMainContext of its own from construction to destruction.
class LoopThread {
 public:
  explicit LoopThread(const char *name);
  ~LoopThread();  // runs what was posted before, then joins
  LoopThread(const LoopThread &) = delete;
  LoopThread &operator=(const LoopThread &) = delete;

  GMainContext *context() const { return context_.get(); }
  void post(Mailbox::Letter letter) { mailbox_.post(std::move(letter)); }
  // Runs `letter` on the loop and returns when it has run. Never call it from the loop itself.
  void run(const Mailbox::Letter &letter);

 private:
  Ref<GMainContext> context_;
  Ref<GMainLoop> loop_;
  Mailbox mailbox_;
  std::thread thread_;
};

}  // namespace astral
