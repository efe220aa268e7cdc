// SPDX-License-Identifier: BSD-3-Clause
// Mailbox: how other threads run code on a GMainContext. LoopThread: a thread that runs one.
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

// Tasks for one GMainContext. **Thread**: post() from any thread, everything else on the context's thread.
// **Owns** the tasks; the destructor discards those that have not run. **Why** not
// g_main_context_invoke(): in GLib 2.74 ThreadSanitizer reports a race when another thread attaches a source.
// It reports none when another thread wakes a source that is attached already.
class Mailbox {
 public:
  using Task = std::function<void()>;

  explicit Mailbox(GMainContext *context);
  ~Mailbox();
  Mailbox(const Mailbox &) = delete;
  Mailbox &operator=(const Mailbox &) = delete;

  void post(Task task);

 private:
  struct Box;
  std::shared_ptr<Box> box_;
  Source source_;
};

// A source that is attached to `context` and dispatched only when its ready time (g_source_set_ready_time(),
// from any thread) has come. The caller owns the reference. `name` is a literal.
GSource *new_timed_source(GMainContext *context, GSourceFunc dispatch, gpointer data, GDestroyNotify destroy,
                          const char *name);

class TimerTable;  // the timers of a context

// A one-shot timer on a context. **Thread**: the context's own.
// **Why** all timers of a context share one source: GLib walks through all sources in each turn of the loop,
// and setting a source's ready time costs a system call and another turn. A relay sets the timers of its
// links some thousand times a second.
class Timer {
 public:
  Timer(GMainContext *context, std::function<void()> fire);
  ~Timer();
  Timer(const Timer &) = delete;
  Timer &operator=(const Timer &) = delete;

  // Fires once at `when` (see glue/time.hpp), or at once if `when` is past. `never` disarms the timer.
  // Replaces the time that was set before.
  void set(Time when);

 private:
  friend class TimerTable;
  const std::shared_ptr<TimerTable> table_;
  const std::function<void()> fire_;
  Time armed_ = never;
};

// A thread that runs its own GMainContext from construction to destruction.
class LoopThread {
 public:
  explicit LoopThread(const char *name);
  ~LoopThread();  // runs the tasks that were posted before, then joins
  LoopThread(const LoopThread &) = delete;
  LoopThread &operator=(const LoopThread &) = delete;

  GMainContext *context() const { return context_.get(); }
  void post(Mailbox::Task task) { mailbox_.post(std::move(task)); }
  // Runs `task` on the loop thread and waits for it. Do not call this from the loop thread.
  void run(const Mailbox::Task &task);

 private:
  Ref<GMainContext> context_;
  Ref<GMainLoop> loop_;
  Mailbox mailbox_;
  std::thread thread_;
};

}  // namespace astral
