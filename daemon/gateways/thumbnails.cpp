// SPDX-License-Identifier: BSD-3-Clause
#include "gateways/thumbnails.hpp"

#include <algorithm>
#include <utility>

#include "runtime/stream_error.hpp"

namespace astral::gateways {
namespace {

constexpr Time try_every = 20ms;

http::Reply reply_of(const Expected<Slice> &picture, const std::string &slug) {
  http::Reply out{.type = "image/jpeg"};
  if (picture)
    out.parts = {*picture};
  else
    out = http::reply_error(runtime::about_stream({Code::not_found, picture.error().detail}, slug));
  out.headers.emplace_back("Cache-Control", "no-cache");
  return out;
}

}  // namespace

Thumbnails::Thumbnails(runtime::Driver &driver, const Limits &limits)
    : driver_(driver), limits_(limits), looking_(g_main_context_default(), [this] { look(); }) {}

Thumbnails::~Thumbnails() {
  for (const auto &[slug, shot] : shots_)
    if (shot.key_frame) driver_.media().leave(slug, formats::Format::ts, *shot.key_frame);
}

void Thumbnails::show(const http::Call &call, const http::Answer &answer) {
  const std::string &slug = call.params.at("slug");
  const auto found = shots_.find(slug);
  if (found != shots_.end() && found->second.picture) return answer(reply_of(*found->second.picture, slug));
  if (found != shots_.end()) return found->second.waiting.push_back(answer);
  auto key_frame = std::make_unique<formats::KeyFrame>();
  if (!driver_.media().play(slug, formats::Format::ts, *key_frame)) {
    const bool is_known = driver_.node().find_stream(slug).has_value();
    return answer(reply_of(fail(Code::not_found, is_known ? "this node does not carry it" : ""), slug));
  }
  shots_.emplace(
      slug, Shot{.waiting = {answer}, .key_frame = std::move(key_frame), .until = now() + limits_.patience});
  look();
}

void Thumbnails::look() {
  Time next = never;
  for (auto entry = shots_.begin(); entry != shots_.end();) {
    auto &[slug, shot] = *entry;
    if (!look_at(slug, shot)) {
      entry = shots_.erase(entry);
      continue;
    }
    next = std::min(next, shot.key_frame ? now() + try_every : shot.until);
    ++entry;
  }
  looking_.set(next);
}

// Whether it goes on.
bool Thumbnails::look_at(const std::string &slug, Shot &shot) {
  if (!shot.key_frame) return now() < shot.until;
  const auto frame = shot.key_frame.get();
  if (!frame->over() && !frame->is_whole() && now() < shot.until) return true;
  if (!frame->over()) driver_.media().leave(slug, formats::Format::ts, *frame);
  if (frame->has_begun()) {
    develop(slug, shot);
    return true;
  }
  tell(slug, shot,
       fail(Code::not_found, frame->over() ? frame->over()->detail : "no key frame has come yet"));
  return false;
}

void Thumbnails::develop(const std::string &slug, Shot &shot) {
  const auto frame = std::move(shot.key_frame);
  shot.until = never;
  driver_.media().make_thumbnail(frame->pieces(), [this, alive = std::weak_ptr<Thumbnails *>(alive_),
                                                   slug](const Expected<Slice> &picture) {
    if (!alive.lock()) return;
    Shot &made = shots_.at(slug);  // look() keeps it until now: its `until` is `never`
    made.picture = picture;
    made.until = now() + limits_.age;
    tell(slug, made, picture);
    look();
  });
}

void Thumbnails::tell(const std::string &slug, Shot &shot, const Expected<Slice> &picture) {
  for (const http::Answer &answer : std::exchange(shot.waiting, {})) answer(reply_of(picture, slug));
}

void add_thumbnail_calls(std::vector<http::Route> &routes, Thumbnails &thumbnails) {
  routes.push_back({.method = "GET",
                    .pattern = "/stream/:slug/thumbnail.jpg",
                    .handle = [t = &thumbnails](const http::Call &call, const http::Answer &answer) {
                      t->show(call, answer);
                    }});
}

}  // namespace astral::gateways
