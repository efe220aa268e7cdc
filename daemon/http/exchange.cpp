// SPDX-License-Identifier: BSD-3-Clause
#include "http/exchange.hpp"

#include <memory>
#include <utility>

#include "glue/loop.hpp"

namespace astral::http {
namespace {

constexpr gsize chunk = 64 * 1024;
constexpr int max_interim = 8;  // 102 and 103 are rare, and no request asks for 100

// Lives until the last callback. `own` is cancelled when `owners` is, and at the deadline.
struct Work {
  Ref<SoupMessage> message;
  Ref<GCancellable> owners;
  std::size_t max_answer;
  std::function<void(Expected<Told>)> done;
  Ref<GCancellable> own;
  Ref<GInputStream> stream = {};
  Told told = {};
  bool late = false;
  Timer deadline{g_main_context_default(), [this] {
                   late = true;
                   g_cancellable_cancel(own.get());
                 }};
  gulong cancelled = g_cancellable_connect(owners.get(), G_CALLBACK(cancel_own), own.get(), nullptr);

  ~Work() {
    // Not g_cancellable_disconnect(): if a cancellation destroys this object, that waits for ever.
    if (cancelled != 0) g_signal_handler_disconnect(owners.get(), cancelled);
  }

  static void cancel_own(GCancellable *, gpointer own) noexcept {
    g_cancellable_cancel(static_cast<GCancellable *>(own));
  }

  static void finish(const std::unique_ptr<Work> &work, Expected<Told> result) {
    if (!g_cancellable_is_cancelled(work->owners.get())) work->done(std::move(result));
  }

  static void finish(const std::unique_ptr<Work> &work, const GErrorPtr &error) {
    if (work->late || g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
      return finish(work, fail(Code::timeout, "no answer in time"));
    // finish() drops the result if the owner has cancelled, so this is bound_interim_answers().
    if (g_error_matches(error.get(), G_IO_ERROR, G_IO_ERROR_CANCELLED))
      return finish(work, fail(Code::unreachable, "the answer is announced without end"));
    finish(work, fail(Code::unreachable, error->message));
  }

  static void read_on(std::unique_ptr<Work> work) {
    GInputStream *stream = work->stream.get();
    GCancellable *own = work->own.get();
    g_input_stream_read_bytes_async(stream, chunk, G_PRIORITY_DEFAULT, own, got, work.release());
  }

  static void sent(GObject *session, GAsyncResult *result, gpointer data) noexcept {
    std::unique_ptr<Work> work(static_cast<Work *>(data));
    GError *error = nullptr;
    work->stream = Ref<GInputStream>::adopt(soup_session_send_finish(SOUP_SESSION(session), result, &error));
    if (error) return finish(work, GErrorPtr(error));
    work->told.status = soup_message_get_status(work->message.get());
    Told &told = work->told;
    for (const auto &[name, text] : {std::pair{"Date", &told.date},
                                     {"Content-Digest", &told.signature.digest},
                                     {"Signature-Input", &told.signature.input},
                                     {"Signature", &told.signature.signature}}) {
      SoupMessageHeaders *headers = soup_message_get_response_headers(work->message.get());
      if (const char *value = soup_message_headers_get_list(headers, name)) *text = value;
    }
    read_on(std::move(work));
  }

  static void got(GObject *stream, GAsyncResult *result, gpointer data) noexcept {
    std::unique_ptr<Work> work(static_cast<Work *>(data));
    GError *error = nullptr;
    const auto bytes =
        Ref<GBytes>::adopt(g_input_stream_read_bytes_finish(G_INPUT_STREAM(stream), result, &error));
    if (error) return finish(work, GErrorPtr(error));
    gsize size = 0;
    const auto *part = static_cast<const char *>(g_bytes_get_data(bytes.get(), &size));
    if (size == 0) return finish(work, std::move(work->told));
    if (work->told.body.size() + size > work->max_answer)
      return finish(work, fail(Code::too_large, "the answer is too long"));
    work->told.body.append(part, size);
    read_on(std::move(work));
  }
};

}  // namespace

void bound_interim_answers(SoupMessage *message, const Ref<GCancellable> &cancellable) {
  struct Count {
    Ref<GCancellable> cancellable;
    int seen = 0;
  };
  const auto seen = +[](SoupMessage *, gpointer data) noexcept {
    auto &count = *static_cast<Count *>(data);
    if (++count.seen > max_interim) g_cancellable_cancel(count.cancellable.get());
  };
  const auto drop = +[](gpointer data, GClosure *) noexcept { delete static_cast<Count *>(data); };
  g_signal_connect_data(message, "got-informational", G_CALLBACK(seen), new Count{cancellable}, drop,
                        static_cast<GConnectFlags>(0));
}

Expected<void> exchange(const Ref<SoupSession> &session, const Question &question,
                        const Ref<GCancellable> &cancellable, std::function<void(Expected<Told>)> done) {
  auto message = Ref<SoupMessage>::adopt(soup_message_new(question.method, question.url.c_str()));
  if (!message) return fail(Code::invalid, "not a URL: " + question.url);
  soup_message_add_flags(message.get(), SOUP_MESSAGE_NO_REDIRECT);
  // No request sends a password or wants compression; without these features libsoup parses less of what a
  // foreign server sends.
  soup_message_disable_feature(message.get(), SOUP_TYPE_AUTH_MANAGER);
  soup_message_disable_feature(message.get(), SOUP_TYPE_CONTENT_DECODER);
  const auto own = Ref<GCancellable>::adopt(g_cancellable_new());
  bound_interim_answers(message.get(), own);
  soup_message_headers_replace(soup_message_get_request_headers(message.get()), "Accept", "application/json");
  for (const auto &[name, value] : question.headers)
    soup_message_headers_replace(soup_message_get_request_headers(message.get()), name, value.c_str());
  if (!question.body.empty()) {
    const auto bytes = Ref<GBytes>::adopt(g_bytes_new(question.body.data(), question.body.size()));
    soup_message_set_request_body_from_bytes(message.get(), question.type, bytes.get());
  }
  auto *work = new Work{std::move(message), cancellable, question.max_answer, std::move(done), own};
  if (question.patience != never) work->deadline.set(now() + question.patience);
  soup_session_send_async(session.get(), work->message.get(), G_PRIORITY_DEFAULT, work->own.get(), Work::sent,
                          work);
  return {};
}

}  // namespace astral::http
