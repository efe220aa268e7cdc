// SPDX-License-Identifier: BSD-3-Clause
#include "glue/loop.hpp"

#include <pthread.h>

#include <algorithm>
#include <cassert>
#include <future>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace astral {

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

// Its source is polled, not told: prepare() runs before each poll of the loop, so a timer that is set by the
// loop's own thread needs no wake-up.
class TimerTable {
 public:
  static std::shared_ptr<TimerTable> of(GMainContext *context) {
    static std::mutex mutex;
    static std::map<GMainContext *, std::weak_ptr<TimerTable>> tables;
    const std::lock_guard lock(mutex);
    std::erase_if(tables, [](const auto &entry) { return entry.second.expired(); });
    auto table = tables[context].lock();
    if (!table) tables[context] = table = std::make_shared<TimerTable>(context);
    return table;
  }

  explicit TimerTable(GMainContext *context) {
    static GSourceFuncs functions = {
        [](GSource *source, gint *timeout_ms) -> gboolean { return table_of(source).prepare(*timeout_ms); },
        [](GSource *source) -> gboolean { return table_of(source).is_due(); },
        [](GSource *source, GSourceFunc, gpointer) -> gboolean {
          table_of(source).fire();
          return G_SOURCE_CONTINUE;
        },
        nullptr,
        nullptr,
        nullptr};
    source_ = Source(g_source_new(&functions, sizeof(TableSource)));
    reinterpret_cast<TableSource *>(source_.get())->table = this;
    g_source_set_static_name(source_.get(), "astral timers");
    g_source_set_can_recurse(source_.get(), TRUE);  // a timer's function may run the loop
    g_source_attach(source_.get(), context);
  }

  void move(Timer &timer, Time to) {
    if (timer.armed_ != never) armed_.erase({timer.armed_, &timer});
    timer.armed_ = to;
    if (to != never) armed_.emplace(to, &timer);
  }

 private:
  using Armed = std::pair<Time, Timer *>;
  struct TableSource {
    GSource source;
    TimerTable *table;
  };
  static TimerTable &table_of(GSource *source) { return *reinterpret_cast<TableSource *>(source)->table; }

  bool is_due() const { return !armed_.empty() && armed_.begin()->first <= now(); }

  // Rounded up: a timer never fires early.
  bool prepare(gint &timeout_ms) const {
    timeout_ms = -1;
    if (armed_.empty()) return false;
    const Time left = armed_.begin()->first - now();
    if (left <= Time::zero()) return true;
    timeout_ms = static_cast<gint>(std::min<Time>(left, 1h) / 1ms) + 1;
    return false;
  }

  // A timer's function may set and destroy any timer. Those that are set meanwhile wait for the next turn.
  void fire() {
    if (armed_.empty()) return;
    const auto alive = armed_.begin()->second->table_;
    std::vector<Armed> due(armed_.begin(), armed_.lower_bound({now() + Time(1), nullptr}));
    for (const Armed &entry : due) {
      if (!armed_.contains(entry)) continue;
      move(*entry.second, never);
      entry.second->fire_();
    }
  }

  std::set<Armed> armed_;
  Source source_;
};

Timer::Timer(GMainContext *context, std::function<void()> fire)
    : table_(TimerTable::of(context)), fire_(std::move(fire)) {}

Timer::~Timer() {
  table_->move(*this, never);
}

void Timer::set(Time when) {
  if (when != armed_) table_->move(*this, when);
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
