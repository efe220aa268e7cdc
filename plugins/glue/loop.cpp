// SPDX-License-Identifier: BSD-3-Clause
#include "glue/loop.hpp"

#include <pthread.h>

#include <algorithm>
#include <cassert>
#include <future>
#include <string>

namespace astral {

namespace {

gboolean call(gpointer data) noexcept {
  (*static_cast<std::function<void()> *>(data))();
  return G_SOURCE_CONTINUE;
}

// A GSource that is dispatched only when its ready time has come.
GSource *new_timed_source(GMainContext *context, GSourceFunc dispatch, gpointer data, GDestroyNotify destroy,
                          const char *name) {
  static GSourceFuncs functions = {nullptr,
                                   nullptr,
                                   [](GSource *source, GSourceFunc callback, gpointer user_data) -> gboolean {
                                     g_source_set_ready_time(source, -1);
                                     return callback(user_data);
                                   },
                                   nullptr,
                                   nullptr,
                                   nullptr};
  GSource *source = g_source_new(&functions, sizeof(GSource));
  g_source_set_static_name(source, name);
  g_source_set_callback(source, dispatch, data, destroy);
  g_source_attach(source, context);
  return source;
}

}  // namespace

struct Mailbox::Box {
  std::mutex mutex;
  std::vector<Task> tasks;
  GSource *source = nullptr;  // valid while `open`
  bool open = true;

  // A task may destroy the mailbox: `keep` holds the box alive, and the tasks after it are not run.
  static gboolean deliver(gpointer data) noexcept {
    const std::shared_ptr<Box> keep = *static_cast<std::shared_ptr<Box> *>(data);
    std::vector<Task> tasks;
    {
      std::lock_guard lock(keep->mutex);
      tasks.swap(keep->tasks);
    }
    for (Task &task : tasks) {
      {
        std::lock_guard lock(keep->mutex);
        if (!keep->open) break;
      }
      task();
    }
    return G_SOURCE_CONTINUE;
  }
};

Mailbox::Mailbox(GMainContext *context) : box_(std::make_shared<Box>()) {
  source_ = Source(new_timed_source(
      context, &Box::deliver, new std::shared_ptr<Box>(box_),
      [](gpointer data) { delete static_cast<std::shared_ptr<Box> *>(data); }, "astral mailbox"));
  box_->source = source_.get();
}

Mailbox::~Mailbox() {
  std::vector<Task> unread;
  std::lock_guard lock(box_->mutex);
  box_->open = false;
  unread.swap(box_->tasks);
}

void Mailbox::post(Task task) {
  std::lock_guard lock(box_->mutex);
  box_->tasks.push_back(std::move(task));
  if (box_->tasks.size() == 1) g_source_set_ready_time(box_->source, 0);
}

Timer::Timer(GMainContext *context, std::function<void()> fire) {
  fire_ = [this, fire = std::move(fire)] {
    armed_ = never;
    fire();
  };
  source_ = Source(new_timed_source(context, &call, &fire_, nullptr, "astral timer"));
}

void Timer::set(Time when) {
  if (when == armed_) return;
  armed_ = when;
  // GLib counts the same clock in microseconds. Rounding up keeps the timer from firing early.
  const gint64 ready =
      when == never ? -1 : std::chrono::ceil<std::chrono::microseconds>(std::max(when, Time::zero())).count();
  g_source_set_ready_time(source_.get(), ready);
}

LoopThread::LoopThread(const char *name)
    : context_(Ref<GMainContext>::adopt(g_main_context_new())),
      loop_(Ref<GMainLoop>::adopt(g_main_loop_new(context_.get(), FALSE))),
      mailbox_(context_.get()),
      thread_([context = context_, loop = loop_, label = std::string(name)] {
        pthread_setname_np(pthread_self(), label.substr(0, 15).c_str());
        g_main_context_push_thread_default(context.get());
        g_main_loop_run(loop.get());
        g_main_context_pop_thread_default(context.get());
      }) {}

LoopThread::~LoopThread() {
  mailbox_.post([loop = loop_] { g_main_loop_quit(loop.get()); });
  thread_.join();
}

void LoopThread::run(const Mailbox::Task &task) {
  assert(thread_.get_id() != std::this_thread::get_id());  // precondition, see the header
  std::promise<void> done;
  mailbox_.post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace astral
