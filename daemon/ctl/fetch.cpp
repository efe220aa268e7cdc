// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/fetch.hpp"

#include "http/exchange.hpp"

namespace astral::ctl {
namespace {

constexpr gsize chunk = 16 * 1024;

}  // namespace

struct Fetch::Work {
  Ref<SoupSession> session;
  Target target;
  Done done;  // empty: called, or cancelled
  Ref<SoupMessage> message = {};
  Ref<GCancellable> cancellable = Ref<GCancellable>::adopt(g_cancellable_new());
  Ref<GInputStream> stream = {};
  Answer answer = {};

  using Held = std::shared_ptr<Work>;

  void end(Expected<Answer> result) {
    if (const Done told = std::exchange(done, {})) told(std::move(result));
  }

  static void read_on(const Held &work) {
    g_input_stream_read_bytes_async(work->stream.get(), chunk, G_PRIORITY_DEFAULT, work->cancellable.get(),
                                    on_bytes, new Held(work));
  }

  static void on_headers(GObject *, GAsyncResult *result, gpointer data) noexcept {
    const std::unique_ptr<Held> held(static_cast<Held *>(data));
    const Held work = *held;
    GError *error = nullptr;
    work->stream = Ref<GInputStream>::adopt(soup_session_send_finish(work->session.get(), result, &error));
    if (!work->stream) return work->end(tl::unexpected(failure(work->target, error)));
    work->answer = begin_answer(work->message.get());
    read_on(work);
  }

  static void on_bytes(GObject *, GAsyncResult *result, gpointer data) noexcept {
    const std::unique_ptr<Held> held(static_cast<Held *>(data));
    const Held work = *held;
    GError *error = nullptr;
    const auto bytes =
        Ref<GBytes>::adopt(g_input_stream_read_bytes_finish(work->stream.get(), result, &error));
    if (!bytes) return work->end(tl::unexpected(failure(work->target, error)));
    gsize count = 0;
    const void *read = g_bytes_get_data(bytes.get(), &count);
    if (count == 0) {
      g_input_stream_close(work->stream.get(), nullptr, nullptr);  // the session can use its connection again
      return work->end(std::move(work->answer));
    }
    const auto taken = append(work->answer, read, count, work->target);
    if (!taken) return work->end(tl::unexpected(taken.error()));
    read_on(work);
  }

  static void on_refused(const Held &work, const Error &error) {
    GSource *soon = g_idle_source_new();
    struct News {
      Held work;
      Error error;
    };
    g_source_set_callback(
        soon,
        [](gpointer data) noexcept -> gboolean {
          auto &news = *static_cast<News *>(data);
          news.work->end(tl::unexpected(news.error));
          return G_SOURCE_REMOVE;
        },
        new News{work, error}, [](gpointer data) noexcept { delete static_cast<News *>(data); });
    g_source_attach(soon, nullptr);
    g_source_unref(soon);
  }
};

Fetch::Fetch(const Ref<SoupSession> &session, const Target &target, const Call &call, Done done)
    : work_(std::make_shared<Work>(Work{.session = session, .target = target, .done = std::move(done)})) {
  auto message = make_message(target, call);
  if (!message) {
    Work::on_refused(work_, message.error());
    return;
  }
  work_->message = std::move(*message);
  http::bound_interim_answers(work_->message.get(), work_->cancellable);
  soup_session_send_async(session.get(), work_->message.get(), G_PRIORITY_DEFAULT, work_->cancellable.get(),
                          Work::on_headers, new Work::Held(work_));
}

Fetch::~Fetch() {
  if (!std::exchange(work_->done, {})) return;
  g_cancellable_cancel(work_->cancellable.get());
}

}  // namespace astral::ctl
