// SPDX-License-Identifier: BSD-3-Clause
#include "api/origin_client.hpp"

#include <algorithm>
#include <utility>

#include "api/object_json.hpp"

namespace astral::api {
namespace {

constexpr Time announce_every = 30s;
constexpr Time first_retry = 1s;
constexpr Time soon = 200ms;  // several changes are one
constexpr guint timeout_seconds = 5;
constexpr std::size_t max_pending = 64;
constexpr std::size_t max_answer = 4 * 1024 * 1024;
constexpr std::size_t max_entries = 10'000;
constexpr std::size_t chunk = 64 * 1024;

Error error_of(unsigned status, const std::string &body) {
  std::string said;
  if (auto in = json::Reader::parse(body, {.max_bytes = max_answer}); in && in->has("error")) {
    said = in->object("error").text("message", {.min = 0, .max = 1024});
  }
  const std::string detail =
      "the origin answers " + std::to_string(status) + (said.empty() ? "" : ": " + said);
  switch (status) {
    case 400:
      return {Code::invalid, detail};
    case 403:
      return {Code::refused, detail};
    case 404:
      return {Code::not_found, detail};
    case 409:
      return {Code::conflict, detail};
    case 503:
      return {Code::no_room, detail};
    default:
      return {Code::failed, detail};
  }
}

}  // namespace

// One request and its answer, read within its bound. Lives until the last callback.
struct OriginClient::Exchange {
  std::weak_ptr<OriginClient *> client;
  std::shared_ptr<std::size_t> pending;
  Ref<SoupMessage> message;
  Ref<GCancellable> cancellable;
  Ref<GInputStream> stream;
  std::string answer;
  Done done;

  static void finish(std::unique_ptr<Exchange> exchange, Expected<json::Reader> result) {
    --*exchange->pending;
    if (exchange->client.lock() && exchange->done) exchange->done(std::move(result));
  }

  static void sent(GObject *session, GAsyncResult *result, gpointer data) noexcept {
    std::unique_ptr<Exchange> exchange(static_cast<Exchange *>(data));
    GError *raw = nullptr;
    exchange->stream =
        Ref<GInputStream>::adopt(soup_session_send_finish(SOUP_SESSION(session), result, &raw));
    const GErrorPtr error(raw);
    if (error)
      return finish(std::move(exchange),
                    fail(Code::unreachable, std::string("no origin: ") + error->message));
    read_on(std::move(exchange));
  }

  static void read_on(std::unique_ptr<Exchange> exchange) {
    GInputStream *stream = exchange->stream.get();
    GCancellable *cancellable = exchange->cancellable.get();
    g_input_stream_read_bytes_async(stream, chunk, G_PRIORITY_DEFAULT, cancellable, got, exchange.release());
  }

  static void got(GObject *stream, GAsyncResult *result, gpointer data) noexcept {
    std::unique_ptr<Exchange> exchange(static_cast<Exchange *>(data));
    GError *raw = nullptr;
    const auto bytes =
        Ref<GBytes>::adopt(g_input_stream_read_bytes_finish(G_INPUT_STREAM(stream), result, &raw));
    const GErrorPtr error(raw);
    if (error)
      return finish(std::move(exchange),
                    fail(Code::unreachable, std::string("no origin: ") + error->message));
    gsize size = 0;
    const auto *part = static_cast<const char *>(g_bytes_get_data(bytes.get(), &size));
    if (size > 0) {
      exchange->answer.append(part, size);
      if (exchange->answer.size() > max_answer) {
        return finish(std::move(exchange), fail(Code::too_large, "the origin's answer is too long"));
      }
      return read_on(std::move(exchange));
    }
    const unsigned status = soup_message_get_status(exchange->message.get());
    if (status < 200 || status > 299) {
      const Error refused = error_of(status, exchange->answer);
      return finish(std::move(exchange), tl::unexpected<Error>(refused));
    }
    auto answer = json::Reader::parse(exchange->answer, {.max_bytes = max_answer});
    finish(std::move(exchange), std::move(answer));
  }
};

OriginClient::OriginClient(std::string url, Handler handler)
    : url_(std::move(url)),
      handler_(std::move(handler)),
      session_(Ref<SoupSession>::adopt(
          soup_session_new_with_options("timeout", timeout_seconds, "user-agent", "astralnode", nullptr))),
      cancellable_(Ref<GCancellable>::adopt(g_cancellable_new())),
      alive_(std::make_shared<OriginClient *>(this)),
      next_(g_main_context_default(), [this] { announce(); }) {
  next_.set(Time::zero());
}

OriginClient::~OriginClient() {
  alive_.reset();
  g_cancellable_cancel(cancellable_.get());
}

void OriginClient::call(const char *method, const std::string &path, const std::string &body, Done done) {
  const std::string uri = url_ + path;
  auto message = Ref<SoupMessage>::adopt(soup_message_new(method, uri.c_str()));
  std::string problem;
  if (!message) problem = "not a URL: " + uri;
  if (*pending_ >= max_pending) problem = "too many questions to the origin at once";
  if (!problem.empty()) {
    g_warning("%s", problem.c_str());
    if (done) done(fail(Code::failed, problem));
    return;
  }
  soup_message_headers_replace(soup_message_get_request_headers(message.get()), "Accept", "application/json");
  if (!body.empty()) {
    const auto bytes = Ref<GBytes>::adopt(g_bytes_new(body.data(), body.size()));
    soup_message_set_request_body_from_bytes(message.get(), "application/json", bytes.get());
  }
  ++*pending_;
  SoupMessage *raw = message.get();
  auto exchange = std::make_unique<Exchange>(
      Exchange{alive_, pending_, std::move(message), cancellable_, {}, {}, std::move(done)});
  soup_session_send_async(session_.get(), raw, G_PRIORITY_DEFAULT, cancellable_.get(), Exchange::sent,
                          exchange.release());
}

void OriginClient::announce() {
  if (leaving_) return;
  call("POST", "/nodes", handler_.self().text(), [this](const Expected<json::Reader> &answer) {
    if (answer) {
      backoff_ = {};
      next_.set(now() + announce_every);
      return ask();
    }
    g_info("%s", answer.error().detail.c_str());
    backoff_ = std::clamp(backoff_ * 2, first_retry, announce_every);
    next_.set(now() + backoff_);
  });
}

void OriginClient::changed() {
  if (!leaving_ && backoff_ == Time{}) next_.set(now() + soon);
}

void OriginClient::put_stream(const core::StreamInfo &stream,
                              std::function<void(Expected<core::StreamInfo>)> done) {
  call("POST", "/streams", stream_json(stream).text(),
       [done = std::move(done)](Expected<json::Reader> answer) {
         if (!answer) return done(tl::unexpected<Error>(answer.error()));
         json::Reader in = answer->object("stream");
         core::StreamInfo kept = read_stream(in);
         done(in.result(std::move(kept)));
       });
}

void OriginClient::delete_stream(const core::Slug &slug, const core::Uuid &source) {
  call("DELETE", "/stream/" + slug + "?uuid=" + source, "", {});
}

void OriginClient::forget_node(const core::Uuid &uuid) {
  leaving_ = true;
  next_.set(never);
  call("DELETE", "/node/" + uuid + "?uuid=" + uuid, "", {});
}

void OriginClient::ask() {
  if (asking_ || leaving_) return;  // the lists that are on their way will do
  asking_ = true;
  call("GET", "/nodes", "", [this](Expected<json::Reader> answer) {
    if (!answer) {
      asking_ = false;
      return;
    }
    Lists lists;
    for (json::Reader &item : answer->objects("nodes", max_entries)) lists.nodes.push_back(read_node(item));
    if (!answer->good()) g_warning("the origin's nodes: %s", answer->error().detail.c_str());
    if (!answer->good()) lists.nodes.clear();
    call("GET", "/streams", "", [this, lists = std::move(lists)](Expected<json::Reader> more) mutable {
      asking_ = false;
      if (!more) return;
      for (json::Reader &item : more->objects("streams", max_entries))
        lists.streams.push_back(read_stream(item));
      if (!more->good()) return g_warning("the origin's streams: %s", more->error().detail.c_str());
      handler_.on_lists(std::move(lists));
    });
  });
}

}  // namespace astral::api
