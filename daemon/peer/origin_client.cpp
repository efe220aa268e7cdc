// SPDX-License-Identifier: BSD-3-Clause
#include "peer/origin_client.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "http/exchange.hpp"
#include "http/signature.hpp"
#include "peer/origin_url.hpp"
#include "protocol/object_codec.hpp"

namespace astral::peer {
namespace {

constexpr Time announce_every = 30s;
constexpr Time first_retry = 1s;
constexpr Time soon = 200ms;          // changes within this time are announced together
constexpr guint timeout_seconds = 5;  // of silence
constexpr Time patience = 30s;
constexpr std::size_t max_pending = 64;
constexpr std::size_t max_answer = 4 * 1024 * 1024;
constexpr std::size_t max_entries = 10'000;
constexpr std::uint64_t most_viewers = 1'000'000;  // that an origin takes

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

Expected<json::Reader> read_answer(const Expected<http::Told> &told) {
  if (!told) return fail(told.error().code, "the origin does not answer: " + told.error().detail);
  if (told->status < 200 || told->status > 299)
    return tl::unexpected<Error>(error_of(told->status, told->body));
  return json::Reader::parse(told->body, {.max_bytes = max_answer});
}

std::chrono::sys_seconds wall_clock() {
  return std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::string path_of(const std::string &url) {
  const auto parsed = OriginUrl::parse(url);
  return parsed ? parsed->path : "";
}

}  // namespace

OriginClient::OriginClient(std::string url, const std::string &state_dir,
                           const Ref<GTlsDatabase> &authorities, Key key, Handler handler)
    : url_(std::move(url)),
      path_(path_of(url_)),
      key_(std::move(key)),
      pin_(state_dir, url_),
      handler_(std::move(handler)),
      session_(Ref<SoupSession>::adopt(
          soup_session_new_with_options("timeout", timeout_seconds, "user-agent", "astralnode", nullptr))),
      cancellable_(Ref<GCancellable>::adopt(g_cancellable_new())),
      next_(g_main_context_default(), [this] { announce(); }) {
  if (authorities) g_object_set(session_.get(), "tls-database", authorities.get(), nullptr);
  announce_by(Time::zero());
}

OriginClient::~OriginClient() {
  g_cancellable_cancel(cancellable_.get());
}

void OriginClient::call(const char *method, const std::string &path, const std::string &body,
                        const Done &done) {
  call_as(key_, method, path, body, done);
}

void OriginClient::call_as(const Key &key, const char *method, const std::string &path,
                           const std::string &body, const Done &done) {
  Expected<void> asked = fail(Code::failed, "too many requests to the origin at once");
  if (pending_ < max_pending) {
    http::Question question{
        .method = method, .url = url_ + path, .body = body, .max_answer = max_answer, .patience = patience};
    if (std::string_view(method) != "GET") {
      const std::size_t query = std::min(path.find('?'), path.size());
      http::Call::Signature made = http::sign(key, method, path_ + path.substr(0, query),
                                              std::string_view(path).substr(std::min(query + 1, path.size())),
                                              body, wall_clock() + ahead_);
      question.headers = {{"Content-Digest", std::move(made.digest)},
                          {"Signature-Input", std::move(made.input)},
                          {"Signature", std::move(made.signature)}};
    }
    const bool is_list = std::string_view(method) == "GET";
    asked = http::exchange(session_, question, cancellable_,
                           [this, done, path, is_list](const Expected<http::Told> &told) {
                             --pending_;
                             if (told) hear_clock(told->date);
                             if (done) done(is_list ? read_list(path, told) : read_answer(told));
                           });
  }
  if (asked) {
    ++pending_;
    return;
  }
  g_warning("%s", asked.error().detail.c_str());
  if (done) done(tl::unexpected<Error>(asked.error()));
}

// What the origin says of others counts only with its signature.
Expected<json::Reader> OriginClient::read_list(const std::string &path, const Expected<http::Told> &told) {
  if (!told || told->status != 200) return read_answer(told);
  const std::string seen = path_ + path;
  const auto signer =
      http::verify({.status = told->status, .path = seen, .query = "", .body = told->body}, told->signature);
  if (!signer) return fail(signer.error().code, "the origin's answer: " + signer.error().detail);
  if (auto right = pin_.check(*signer); !right) return tl::unexpected<Error>(right.error());
  return read_answer(told);
}

// A signature has a time, which must be right by the origin's clock.
void OriginClient::hear_clock(const std::string &date) {
  const std::unique_ptr<GDateTime, decltype(&g_date_time_unref)> time(
      soup_date_time_new_from_http_string(date.c_str()), g_date_time_unref);
  if (time) ahead_ = std::chrono::seconds(g_date_time_to_unix(time.get())) - wall_clock().time_since_epoch();
}

// The earliest time counts: a change must not put off what is due, and what has changed while the origin's
// answer was on its way must not wait for the next turn.
void OriginClient::announce_by(Time when) {
  due_ = std::min(due_, when);
  next_.set(due_);
}

void OriginClient::announce() {
  if (leaving_) return;
  due_ = never;
  call("POST", "/nodes", handler_.self().text(), [this](const Expected<json::Reader> &answer) {
    if (answer) {
      backoff_ = {};
      announce_by(now() + announce_every);
      return ask();
    }
    if (backoff_ == Time{}) g_message("%s", answer.error().detail.c_str());  // the first of a row
    backoff_ = std::clamp(backoff_ * 2, first_retry, announce_every);
    announce_by(now() + backoff_);
  });
}

void OriginClient::changed() {
  if (!leaving_ && backoff_ == Time{}) announce_by(now() + soon);
}

void OriginClient::put_stream(const core::StreamInfo &stream, std::uint64_t viewers,
                              std::function<void(Expected<core::StreamInfo>)> done) {
  call("POST", "/streams", protocol::stream_json(stream).set("viewers", std::min(viewers, most_viewers)).text(),
       [done = std::move(done)](Expected<json::Reader> answer) {
         if (!answer) return done(tl::unexpected<Error>(answer.error()));
         json::Reader in = answer->object("stream");
         core::StreamInfo kept = protocol::read_stream(in);
         done(in.result(std::move(kept)));
       });
}

void OriginClient::delete_stream(const core::Slug &slug, const core::Uuid &source,
                                 const std::optional<Key> &key) {
  call_as(key ? *key : key_, "DELETE", "/stream/" + slug + "?uuid=" + source, "", {});
}

void OriginClient::forget_node(const core::Uuid &uuid) {
  leaving_ = true;
  next_.set(never);
  call("DELETE", "/node/" + uuid + "?uuid=" + uuid, "", {});
}

void OriginClient::ask() {
  if (asking_ || leaving_) return;  // a fetch that runs brings the same lists
  asking_ = true;
  call("GET", "/nodes", "", [this](Expected<json::Reader> answer) {
    if (!answer) {
      asking_ = false;
      if (answer.error().code == Code::refused) g_warning("%s", answer.error().detail.c_str());
      return;
    }
    Lists lists;
    for (json::Reader &item : answer->objects("nodes", max_entries))
      lists.nodes.push_back(protocol::read_node(item));
    if (!answer->good()) g_warning("the origin's nodes: %s", answer->error().detail.c_str());
    if (!answer->good()) lists.nodes.clear();
    call("GET", "/streams", "", [this, lists = std::move(lists)](Expected<json::Reader> more) mutable {
      asking_ = false;
      if (!more && more.error().code == Code::refused) g_warning("%s", more.error().detail.c_str());
      if (!more) return;
      for (json::Reader &item : more->objects("streams", max_entries))
        lists.streams.push_back(protocol::read_stream(item));
      if (!more->good()) return g_warning("the origin's streams: %s", more->error().detail.c_str());
      handler_.on_lists(std::move(lists));
    });
  });
}

}  // namespace astral::peer
