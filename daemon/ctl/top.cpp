// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/top.hpp"

#include <glib-unix.h>
#include <unistd.h>

#include <cstdio>

#include "ctl/feed.hpp"
#include "ctl/screen.hpp"
#include "ctl/terminal.hpp"

namespace astral::ctl {
namespace {

constexpr char ctrl_c = 0x03, ctrl_d = 0x04, ctrl_l = 0x0c, ctrl_z = 0x1a;

enum class Mode { screen, once, json };

Mode mode_of(const Arguments &arguments) {
  if (arguments.json) return Mode::json;
  return Terminal::is_there() ? Mode::screen : Mode::once;
}

std::int64_t unix_ms() {
  return g_get_real_time() / 1000;
}

std::string clock() {
  const std::unique_ptr<GDateTime, void (*)(GDateTime *)> local(g_date_time_new_now_local(),
                                                                g_date_time_unref);
  return GString_(g_date_time_format(local.get(), "%H:%M:%S")).get();
}

bool emit(const std::string &text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
}

// **Thread**: the default main context.
class Top {
 public:
  Top(const Arguments &arguments, Mode mode);
  int run();

 private:
  void on_news(const Expected<Bodies> &bodies);
  void draw();
  void print_once();
  void print_line(const Expected<Bodies> &bodies);
  void on_keys();
  void quit(int status);
  void on_signal(int number, void (Top::*handle)());
  void resized();
  void end() { quit(0); }

  const Mode mode_;
  View view_;
  Time known_at_{};
  int status_ = 0;
  const Ref<GMainLoop> loop_ = Ref<GMainLoop>::adopt(g_main_loop_new(nullptr, FALSE));
  std::unique_ptr<Terminal> terminal_;
  Source keys_;
  struct Signal {
    Top *top;
    void (Top::*handle)();
    Source source;
  };
  std::vector<std::unique_ptr<Signal>> signals_;
  Feed feed_;
};

Top::Top(const Arguments &arguments, Mode mode)
    : mode_(mode),
      terminal_(mode == Mode::screen ? std::make_unique<Terminal>() : nullptr),
      feed_({arguments.node, arguments.token}, mode == Mode::screen ? Feed::Listen::yes : Feed::Listen::no,
            [this](const Expected<Bodies> &bodies) { on_news(bodies); }) {
  view_.node = arguments.node;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) on_signal(number, &Top::end);
  if (!terminal_) return;
  on_signal(SIGWINCH, &Top::resized);
  if (terminal_->has_keys()) {
    keys_ =
        Source(g_unix_fd_source_new(STDIN_FILENO, static_cast<GIOCondition>(G_IO_IN | G_IO_HUP | G_IO_ERR)));
    const GUnixFDSourceFunc pressed = [](gint, GIOCondition, gpointer top) noexcept -> gboolean {
      static_cast<Top *>(top)->on_keys();
      return G_SOURCE_CONTINUE;
    };
    g_source_set_callback(keys_.get(), G_SOURCE_FUNC(pressed), this, nullptr);
    g_source_attach(keys_.get(), nullptr);
  }
  draw();
}

int Top::run() {
  g_main_loop_run(loop_.get());
  return status_;
}

void Top::on_signal(int number, void (Top::*handle)()) {
  auto signal = std::make_unique<Signal>(Signal{this, handle, Source(g_unix_signal_source_new(number))});
  const GSourceFunc came = [](gpointer data) noexcept -> gboolean {
    const auto &what = *static_cast<Signal *>(data);
    (what.top->*what.handle)();
    return G_SOURCE_CONTINUE;
  };
  g_source_set_callback(signal->source.get(), came, signal.get(), nullptr);
  g_source_attach(signal->source.get(), nullptr);
  signals_.push_back(std::move(signal));
}

void Top::on_news(const Expected<Bodies> &bodies) {
  if (mode_ == Mode::json) return print_line(bodies);
  auto snapshot = bodies.and_then([](const Bodies &good) { return read_snapshot(good); });
  if (snapshot) {
    view_.known = std::move(*snapshot);
    view_.trouble.reset();
    known_at_ = now();
  } else {
    view_.trouble = snapshot.error().detail;
  }
  if (mode_ == Mode::once) return print_once();
  draw();
}

void Top::draw() {
  view_.clock = clock();
  view_.age_s =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now() - known_at_).count());
  const auto [width, height] = terminal_->size();
  terminal_->show(ctl::draw(view_, width, height));
}

void Top::print_once() {
  if (view_.trouble) {
    std::fprintf(stderr, "astralctl: %s\n", view_.trouble->c_str());
    return quit(1);
  }
  view_.clock = clock();
  std::string text;
  for (const Line &line : ctl::draw(view_, unlimited, unlimited)) text += line.text + "\n";
  quit(emit(text) ? 0 : 1);
}

void Top::print_line(const Expected<Bodies> &bodies) {
  const auto line = bodies.and_then([](const Bodies &good) { return snapshot_line(good, unix_ms()); });
  if (!emit((line ? *line : trouble_line(line.error(), unix_ms())) + "\n")) quit(1);
}

// Reads one key at a time, so that keys after the last one stay for the shell.
void Top::on_keys() {
  char key = 0;
  if (::read(STDIN_FILENO, &key, 1) <= 0) return quit(0);  // the terminal is gone
  switch (key) {
    case 'q':
    case ctrl_c:
    case ctrl_d:
      return quit(0);
    case ctrl_l:
      return resized();
    case ctrl_z:
      terminal_->suspend();
      return draw();
    default:
      return;
  }
}

void Top::resized() {
  terminal_->forget();
  draw();
}

void Top::quit(int status) {
  status_ = status;
  g_main_loop_quit(loop_.get());
}

}  // namespace

int run_top(const Arguments &arguments) {
  return Top(arguments, mode_of(arguments)).run();
}

}  // namespace astral::ctl
