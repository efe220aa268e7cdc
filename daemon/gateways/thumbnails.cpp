// SPDX-License-Identifier: BSD-3-Clause
#include "gateways/thumbnails.hpp"

#include <algorithm>
#include <utility>

#include "formats/carriage.hpp"
#include "http/access.hpp"
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
    : driver_(driver), limits_(limits), timer_(g_main_context_default(), [this] { advance_all(); }) {}

Thumbnails::~Thumbnails() {
  for (const auto &[slug, thumbnail] : thumbnails_)
    if (thumbnail.key_frame) driver_.media().leave(slug, formats::Format::ts, *thumbnail.key_frame);
}

void Thumbnails::show(const http::Call &call, const http::Answer &answer) {
  const std::string &slug = call.params.at("slug");
  if (!call.may_watch_private && driver_.is_private(slug))
    return answer(reply_of(tl::unexpected<Error>(http::not_a_private_viewer()), slug));
  const auto found = thumbnails_.find(slug);
  if (found != thumbnails_.end() && found->second.picture)
    return answer(reply_of(*found->second.picture, slug));
  if (found != thumbnails_.end()) return found->second.waiting.push_back(answer);
  auto key_frame = std::make_unique<formats::KeyFrame>();
  if (!driver_.media().play(slug, formats::Format::ts, *key_frame)) {
    const bool is_known = driver_.node().find_stream(slug).has_value();
    return answer(reply_of(fail(Code::not_found, is_known ? "this node does not carry it" : ""), slug));
  }
  thumbnails_.emplace(slug, Thumbnail{.waiting = {answer},
                                      .key_frame = std::move(key_frame),
                                      .until = now() + limits_.patience});
  advance_all();
}

void Thumbnails::advance_all() {
  Time next = never;
  for (auto entry = thumbnails_.begin(); entry != thumbnails_.end();) {
    auto &[slug, thumbnail] = *entry;
    if (!advance(slug, thumbnail)) {
      entry = thumbnails_.erase(entry);
      continue;
    }
    next = std::min(next, thumbnail.key_frame ? now() + try_every : thumbnail.until);
    ++entry;
  }
  timer_.set(next);
}

// False: it is done and can be removed.
bool Thumbnails::advance(const std::string &slug, Thumbnail &thumbnail) {
  if (!thumbnail.key_frame) return now() < thumbnail.until;
  const auto facts = driver_.media().facts(slug);
  const bool is_in_hls = facts.video && !formats::is_in_ts(facts.video->codec);
  if (is_in_hls) look_into_hls(slug, thumbnail);
  const auto frame = thumbnail.key_frame.get();
  if (is_in_hls && !frame->has_begun() && now() < thumbnail.until) return true;
  if (!frame->over() && !frame->is_whole() && now() < thumbnail.until) return true;
  if (!frame->over()) driver_.media().leave(slug, formats::Format::ts, *frame);
  if (frame->has_begun()) {
    make_picture(slug, thumbnail);
    return true;
  }
  answer_all(slug, thumbnail,
             fail(Code::not_found, frame->over() ? frame->over()->detail : "no key frame has come yet"));
  return false;
}

// A picture that MPEG-TS does not carry is in the fragments of HLS, as soon as these have come.
void Thumbnails::look_into_hls(const std::string &slug, Thumbnail &thumbnail) {
  auto key_frame = std::make_unique<formats::KeyFrame>();
  const bool is_there = driver_.media().play(slug, formats::Format::key, *key_frame).has_value();
  if (!is_there || !key_frame->has_begun()) return;
  if (!thumbnail.key_frame->over()) driver_.media().leave(slug, formats::Format::ts, *thumbnail.key_frame);
  thumbnail.key_frame = std::move(key_frame);
}

void Thumbnails::make_picture(const std::string &slug, Thumbnail &thumbnail) {
  const auto frame = std::move(thumbnail.key_frame);
  thumbnail.until = never;
  driver_.media().make_thumbnail(frame->pieces(), [this, alive = std::weak_ptr<Thumbnails *>(alive_),
                                                   slug](const Expected<Slice> &picture) {
    if (!alive.lock()) return;
    Thumbnail &made = thumbnails_.at(slug);  // advance_all() has kept it: its `until` is `never`
    made.picture = picture;
    made.until = now() + limits_.age;
    answer_all(slug, made, picture);
    advance_all();
  });
}

void Thumbnails::answer_all(const std::string &slug, Thumbnail &thumbnail, const Expected<Slice> &picture) {
  for (const http::Answer &answer : std::exchange(thumbnail.waiting, {})) answer(reply_of(picture, slug));
}

void add_thumbnail_calls(std::vector<http::Route> &routes, Thumbnails &thumbnails) {
  routes.push_back({.method = "GET",
                    .pattern = "/stream/:slug/thumbnail.jpg",
                    .handle = [t = &thumbnails](const http::Call &call, const http::Answer &answer) {
                      t->show(call, answer);
                    }});
}

}  // namespace astral::gateways
