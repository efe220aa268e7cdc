// SPDX-License-Identifier: BSD-3-Clause
#include "ctl/feed.hpp"

#include <algorithm>

#include "ctl/show.hpp"

namespace astral::ctl {
namespace {

constexpr Time every = 1s;
constexpr Time gather = 100ms;  // events come in bursts
constexpr Time patience = 8s;   // for a whole round; a node answers these calls at once
constexpr Time first_wait = 1s;
constexpr Time longest_wait = 10s;

struct Question {
  const char *path;
  std::string Bodies::*where;
};
constexpr std::array<Question, 4> questions{{{"/node", &Bodies::node},
                                             {"/streams", &Bodies::streams},
                                             {"/tickets", &Bodies::tickets},
                                             {"/nodes", &Bodies::nodes}}};

struct UriUnref {
  void operator()(GUri *uri) const { g_uri_unref(uri); }
};

}  // namespace

Feed::Feed(Target target, Listen listen, News news)
    : target_(std::move(target)),
      listen_(listen),
      news_(std::move(news)),
      session_(make_session(
          static_cast<unsigned>(std::chrono::duration_cast<std::chrono::seconds>(patience).count()))),
      next_(g_main_context_default(), [this] { ask(); }),
      patience_(g_main_context_default(),
                [this] { finish(fail(Code::timeout, "no answer from " + target_.node + " in time")); }),
      wait_(first_wait) {
  ask();
}

void Feed::ask() {
  began_ = now();
  changed_ = false;
  patience_.set(began_ + patience);
  missing_ = questions.size();
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const Question &question = questions[i];
    fetches_[i] = std::make_unique<Fetch>(
        session_, target_, Call{"GET", question.path, {}},
        [this, where = question.where](const Expected<Answer> &answer) { take(where, answer); });
  }
}

void Feed::take(std::string Bodies::*where, const Expected<Answer> &answer) {
  if (!answer) return finish(tl::unexpected(answer.error()));
  if (answer->status != SOUP_STATUS_OK) {
    return finish(fail(Code::refused, target_.node + ": " + show_error("top", answer->status, answer->body)));
  }
  bodies_.*where = answer->body;
  if (--missing_ == 0) finish(bodies_);
}

void Feed::finish(const Expected<Bodies> &result) {
  missing_ = 0;
  for (auto &fetch : fetches_) fetch.reset();
  patience_.set(never);
  next_.set(changed_ && result ? now() + gather : std::max(began_ + every, now() + gather));
  if (result) listen();
  news_(result);
}

void Feed::listen() {
  if (listen_ == Listen::no || socket_ || now() < listen_at_) return;
  const std::unique_ptr<GUri, UriUnref> url(g_uri_parse(target_.node.c_str(), G_URI_FLAGS_NONE, nullptr));
  if (!url || std::string_view(g_uri_get_scheme(url.get())) != "http") return;
  const int port = g_uri_get_port(url.get());
  http::WebSocket::Handler handler{.on_open = [this] { wait_ = first_wait; },
                                   .on_text = [this](std::string_view) { on_event(); },
                                   .on_closed = [this](const http::CloseReason &) { on_silence(); }};
  socket_ =
      http::WebSocket::connect(g_uri_get_host(url.get()), static_cast<std::uint16_t>(port > 0 ? port : 80),
                               "/events", std::move(handler));
}

void Feed::on_event() {
  changed_ = true;
  if (missing_ == 0) next_.set(now() + gather);
}

void Feed::on_silence() {
  socket_.reset();
  listen_at_ = now() + wait_;
  wait_ = std::min(2 * wait_, longest_wait);
}

}  // namespace astral::ctl
