// SPDX-License-Identifier: BSD-3-Clause
#include "origin/prober.hpp"

#include <utility>

#include "core/limits.hpp"
#include "core/slug.hpp"
#include "glue/json.hpp"

namespace astral::origin {
namespace {

constexpr json::Text uuid_rule{1, core::max_uuid, core::is_uuid, "a uuid"};

std::string url_of(const Check &check) {
  const bool v6 = check.ip_address.find(':') != std::string::npos;
  return "http://" + (v6 ? "[" + check.ip_address + "]" : check.ip_address) + ":" +
         std::to_string(check.port) + "/node";
}

bool is_answer_of(const std::string &uuid, const std::string &body, std::size_t max) {
  auto in = json::Reader::parse(body, {.max_bytes = max});
  if (!in) return false;
  json::Reader node = in->object("node");
  const std::string said = node.text("uuid", uuid_rule);
  return in->good() && said == uuid;
}

}  // namespace

// One question and its answer. Lives until the last callback. Cancelled at the deadline, and
// when the prober goes.
struct Prober::Exchange {
  std::weak_ptr<Prober *> prober;
  std::string uuid;
  std::size_t max_answer;
  Ref<SoupMessage> message;
  Ref<GCancellable> cancellable;
  Ref<GInputStream> stream = {};
  std::string answer = {};
  std::unique_ptr<Timer> deadline = {};

  static void finish(const std::unique_ptr<Exchange> &exchange, bool answered) {
    if (const auto alive = exchange->prober.lock()) (*alive)->finish(exchange->uuid, answered);
  }

  static void sent(GObject *session, GAsyncResult *result, gpointer data) noexcept {
    std::unique_ptr<Exchange> exchange(static_cast<Exchange *>(data));
    GError *raw = nullptr;
    exchange->stream =
        Ref<GInputStream>::adopt(soup_session_send_finish(SOUP_SESSION(session), result, &raw));
    const GErrorPtr error(raw);
    if (error || soup_message_get_status(exchange->message.get()) != SOUP_STATUS_OK)
      return finish(exchange, false);
    read_on(std::move(exchange));
  }

  static void read_on(std::unique_ptr<Exchange> exchange) {
    GInputStream *stream = exchange->stream.get();
    GCancellable *cancellable = exchange->cancellable.get();
    const std::size_t room = exchange->max_answer + 1 - exchange->answer.size();
    g_input_stream_read_bytes_async(stream, room, G_PRIORITY_DEFAULT, cancellable, got, exchange.release());
  }

  static void got(GObject *stream, GAsyncResult *result, gpointer data) noexcept {
    std::unique_ptr<Exchange> exchange(static_cast<Exchange *>(data));
    GError *raw = nullptr;
    const auto bytes =
        Ref<GBytes>::adopt(g_input_stream_read_bytes_finish(G_INPUT_STREAM(stream), result, &raw));
    const GErrorPtr error(raw);
    if (error) return finish(exchange, false);
    gsize size = 0;
    const auto *part = static_cast<const char *>(g_bytes_get_data(bytes.get(), &size));
    if (size == 0) {
      return finish(exchange, is_answer_of(exchange->uuid, exchange->answer, exchange->max_answer));
    }
    exchange->answer.append(part, size);
    if (exchange->answer.size() > exchange->max_answer) return finish(exchange, false);
    read_on(std::move(exchange));
  }
};

Prober::Prober(Found found, const Asking &limits)
    : found_(std::move(found)),
      limits_(limits),
      checks_(limits),
      session_(Ref<SoupSession>::adopt(
          soup_session_new_with_options("user-agent", "astralorigin", "proxy-resolver", nullptr, "max-conns",
                                        static_cast<int>(limits.at_once), "max-conns-per-host",
                                        static_cast<int>(limits.at_once), nullptr))),
      alive_(std::make_shared<Prober *>(this)),
      next_(g_main_context_default(), [this] { start_due(); }) {}

Prober::~Prober() {
  alive_.reset();
  for (const auto &[uuid, cancellable] : under_way_) g_cancellable_cancel(cancellable.get());
}

bool Prober::want(const Check &check) {
  const bool wanted = checks_.want(check, now());
  if (wanted) next_.set(checks_.next(now()));
  return wanted;
}

void Prober::start_due() {
  for (const Check &check : checks_.due(now())) start(check);
  next_.set(checks_.next(now()));
}

void Prober::start(const Check &check) {
  auto message = Ref<SoupMessage>::adopt(soup_message_new("GET", url_of(check).c_str()));
  if (!message) return finish(check.uuid, false);
  soup_message_add_flags(message.get(), SOUP_MESSAGE_NO_REDIRECT);
  soup_message_headers_replace(soup_message_get_request_headers(message.get()), "Accept", "application/json");
  soup_message_headers_replace(soup_message_get_request_headers(message.get()), "Connection", "close");
  auto cancellable = Ref<GCancellable>::adopt(g_cancellable_new());
  under_way_[check.uuid] = cancellable;
  SoupMessage *raw = message.get();
  GCancellable *own = cancellable.get();
  auto exchange = std::make_unique<Exchange>(
      Exchange{alive_, check.uuid, limits_.max_answer, std::move(message), std::move(cancellable)});
  exchange->deadline =
      std::make_unique<Timer>(g_main_context_default(), [own] { g_cancellable_cancel(own); });
  exchange->deadline->set(now() + limits_.deadline);
  soup_session_send_async(session_.get(), raw, G_PRIORITY_DEFAULT, own, Exchange::sent, exchange.release());
}

void Prober::finish(const std::string &uuid, bool answered) {
  under_way_.erase(uuid);
  checks_.done(uuid);
  next_.set(checks_.next(now()));
  found_(uuid, answered);
}

}  // namespace astral::origin
