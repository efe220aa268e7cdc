// SPDX-License-Identifier: BSD-3-Clause
#include "gateways/hls.hpp"

#include <utility>

#include "formats/endpoints.hpp"
#include "gateways/viewer_session.hpp"
#include "http/access.hpp"
#include "runtime/stream_error.hpp"

namespace astral::gateways {
namespace {

constexpr Time look_every = 100ms;

http::Reply cached(http::Reply out, const char *cache) {
  out.headers.emplace_back("Cache-Control", cache);
  return out;
}

http::Reply refusal(const Error &error, const std::string &slug) {
  return cached(http::reply_error(runtime::about_stream(error, slug)), "no-store");
}

http::Reply playlist_reply(std::string text) {
  return cached({.type = formats::hls.type, .body = std::move(text)}, "no-cache");
}

}  // namespace

Hls::Hls(runtime::Driver &driver, Time patience)
    : driver_(driver), patience_(patience), look_(g_main_context_default(), [this] { look(""); }) {
  driver_.media().hear_hls([this](const std::string &slug) { look(slug); });
}

Hls::~Hls() {
  driver_.media().hear_hls({});
}

void Hls::playlist(const http::Call &call, http::Answer answer) {
  const std::string &slug = call.params.at("slug");
  if (!call.may_watch_private && driver_.is_private(slug))
    return answer(refusal(http::not_a_private_viewer(), slug));
  driver_.player_asked(slug, player_of(call));
  if (std::string session = begin_session(call); !session.empty())
    answer = [session = std::move(session), answer = std::move(answer)](http::Reply out) {
      if (out.status == 200) out.headers.emplace_back("Set-Cookie", session);
      answer(std::move(out));
    };
  const auto query = formats::parse_playlist_query(call.raw_query);
  if (!query) return answer(refusal(query.error(), slug));
  const Ask ask = [this, slug, query = *query]() -> Expected<http::Reply> {
    auto text = driver_.media().playlist(slug, query);
    if (!text && text.error().code == Code::not_found && has_ended(slug))
      text = driver_.media().ended_playlist(slug);
    if (!text && text.error().code == Code::unreachable)
      if (std::string silent = runtime::why_silent(driver_.node(), slug); !silent.empty())
        return fail(Code::unreachable, std::move(silent));
    if (!text) return tl::unexpected<Error>(text.error());
    return playlist_reply(std::move(*text));
  };
  const auto here = ask();
  if (here) return answer(*here);
  if (here.error().code == Code::unreachable) return wait(slug, ask, std::move(answer));
  if (here.error().code != Code::not_found) return answer(refusal(here.error(), slug));
  bring(call, ask, std::move(answer));
}

void Hls::bring(const http::Call &call, Ask ask, http::Answer answer) {
  const std::string &slug = call.params.at("slug");
  if (!driver_.node().find_stream(slug)) return answer(refusal({Code::not_found, ""}, slug));
  if (!call.may_watch) return answer(refusal(http::not_a_viewer(), slug));
  driver_.call(core::AskTicket{.slug = slug, .player = true},
               [this, slug, ask, answer](const Expected<core::Answered> &result) {
                 if (!result) return answer(refusal(result.error(), slug));
                 wait(slug, ask, answer);
               });
}

bool Hls::has_ended(const std::string &slug) const {
  const auto stream = driver_.node().find_stream(slug);
  return !stream || stream->ended;
}

void Hls::segment(const http::Call &call, http::Answer answer) {
  const std::string &slug = call.params.at("slug");
  if (!call.may_watch_private && driver_.is_private(slug))
    return answer(refusal(http::not_a_private_viewer(), slug));
  driver_.player_asked(slug, player_of(call));
  const Ask ask = [this, slug, file = call.params.at("file")]() -> Expected<http::Reply> {
    auto pieces = driver_.media().segment(slug, file);
    if (!pieces) return tl::unexpected<Error>(pieces.error());
    http::Reply out{.type = formats::media_type(file)};
    out.parts = std::move(*pieces);
    return cached(std::move(out), "public, max-age=60");
  };
  const auto here = ask();
  if (here) return answer(*here);
  if (here.error().code == Code::unreachable) return wait(slug, ask, std::move(answer));
  answer(refusal(here.error(), slug));
}

void Hls::wait(const std::string &slug, Ask ask, http::Answer answer) {
  const Time hold = driver_.media().hls_patience(slug);
  if (waiting_.size() >= max_waiting)
    return answer(refusal({Code::unreachable, "too many requests wait at this node"}, slug));
  if (waiting_.empty()) look_.set(now() + look_every);
  waiting_.push_back(
      {slug, std::move(ask), std::move(answer), now() + (hold > Time::zero() ? hold : patience_)});
}

void Hls::look(const std::string &slug) {
  for (auto waiting = waiting_.begin(); waiting != waiting_.end();) {
    if (!slug.empty() && waiting->slug != slug) {
      ++waiting;
      continue;
    }
    const auto found = waiting->ask();
    if (!found && found.error().code == Code::unreachable && now() < waiting->deadline) {
      ++waiting;
      continue;
    }
    waiting->answer(found ? *found : refusal(found.error(), waiting->slug));
    waiting = waiting_.erase(waiting);
  }
  if (slug.empty() && !waiting_.empty()) look_.set(now() + look_every);
}

void add_hls_calls(std::vector<http::Route> &routes, Hls &hls) {
  Hls *h = &hls;
  routes.push_back(
      {.method = "GET",
       .pattern = "/stream/:slug" + formats::hls.path,
       .handle = [h](const http::Call &call, const http::Answer &answer) { h->playlist(call, answer); },
       .is_open = true});
  routes.push_back(
      {.method = "GET",
       .pattern = "/stream/:slug/hls/:file",
       .handle = [h](const http::Call &call, const http::Answer &answer) { h->segment(call, answer); },
       .is_open = true});
}

}  // namespace astral::gateways
