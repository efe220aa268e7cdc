// SPDX-License-Identifier: BSD-3-Clause
#include "api/hls.hpp"

#include <utility>

#include "api/calls.hpp"

namespace astral::api {
namespace {

constexpr Time look_every = 100ms;

// Any page may play what this node carries, and read why it cannot.
Reply open_to_pages(Reply out, const char *cache) {
  out.headers.emplace_back("Access-Control-Allow-Origin", "*");
  out.headers.emplace_back("Cache-Control", cache);
  return out;
}

Reply refusal(const Error &error, const std::string &slug) {
  return open_to_pages(reply_error(about_stream(error, slug)), "no-store");
}

Reply playlist_reply(std::string text) {
  return open_to_pages({.type = "application/vnd.apple.mpegurl", .body = std::move(text)}, "no-cache");
}

}  // namespace

Hls::Hls(Driver &driver, Time patience)
    : driver_(driver), patience_(patience), look_(g_main_context_default(), [this] { look(); }) {}

void Hls::playlist(const Call &call, Answer answer) {
  const std::string &slug = call.params.at("slug");
  auto ready = driver_.media().playlist(slug);
  if (ready) return answer(playlist_reply(std::move(*ready)));
  if (ready.error().code == Code::unreachable) return wait(slug, std::move(answer));
  if (ready.error().code != Code::not_found) return answer(refusal(ready.error(), slug));
  if (!driver_.node().find_stream(slug)) return answer(refusal({Code::not_found, ""}, slug));
  if (!call.is_near && !call.is_owner && !driver_.is_public()) {
    return answer(
        refusal({Code::refused, "only this machine and its network may have a stream brought here"}, slug));
  }
  driver_.call(core::AskTicket{.slug = slug}, [this, slug, answer](const Expected<core::Answered> &result) {
    if (!result) return answer(refusal(result.error(), slug));
    wait(slug, answer);
  });
}

void Hls::wait(const std::string &slug, Answer answer) {
  if (waiting_.size() >= max_waiting) {
    return answer(refusal({Code::unreachable, "too many wait for their first segments"}, slug));
  }
  waiting_.push_back({slug, std::move(answer), now() + patience_});
  look_.set(now() + look_every);
}

void Hls::look() {
  for (auto waiting = waiting_.begin(); waiting != waiting_.end();) {
    auto ready = driver_.media().playlist(waiting->slug);
    if (!ready && ready.error().code == Code::unreachable && now() < waiting->deadline) {
      ++waiting;
      continue;
    }
    waiting->answer(ready ? playlist_reply(std::move(*ready)) : refusal(ready.error(), waiting->slug));
    waiting = waiting_.erase(waiting);
  }
  if (!waiting_.empty()) look_.set(now() + look_every);
}

void Hls::segment(const Call &call, const Answer &answer) const {
  const std::string &slug = call.params.at("slug");
  auto parts = driver_.media().segment(slug, call.params.at("file"));
  if (!parts) return answer(refusal(parts.error(), slug));
  Reply out{.type = "video/mp2t"};
  out.parts = std::move(*parts);
  answer(open_to_pages(std::move(out), "public, max-age=60"));
}

void add_hls_calls(std::vector<Route> &routes, Hls &hls) {
  Hls *h = &hls;
  routes.push_back({.method = "GET",
                    .pattern = "/stream/:slug/hls/index.m3u8",
                    .handle = [h](const Call &call, const Answer &answer) { h->playlist(call, answer); }});
  routes.push_back({.method = "GET",
                    .pattern = "/stream/:slug/hls/:file",
                    .handle = [h](const Call &call, const Answer &answer) { h->segment(call, answer); }});
}

}  // namespace astral::api
