// SPDX-License-Identifier: BSD-3-Clause
#include "gateways/playback_request.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "http/access.hpp"
#include "runtime/stream_error.hpp"

namespace astral::gateways {

PlaybackRequest::PlaybackRequest(runtime::Driver &driver, Wish wish, Handler handler)
    : driver_(driver),
      wish_(std::move(wish)),
      handler_(std::move(handler)),
      deadline_(now() + wish_.patience),
      timer_(g_main_context_default(), [this] { on_timer(); }),
      alive_(std::make_shared<PlaybackRequest *>(this)) {
  driver_.player_came(wish_.slug);
  timer_.set(now());
}

PlaybackRequest::~PlaybackRequest() {
  driver_.player_left(wish_.slug);
  if (is_joined_) driver_.media().leave(wish_.slug, wish_.format, *this);
}

void PlaybackRequest::on_timer() {
  if (state_ == State::fresh) return begin();
  if (state_ == State::over) {
    const auto on_over = handler_.on_over;
    const Error why = why_;
    return on_over(why);
  }
  if (state_ == State::waiting) end({Code::unreachable, why_waiting()});
}

// A player can start only with a key frame or at a recovery point.
std::string PlaybackRequest::why_waiting() const {
  const auto video = driver_.media().facts(wish_.slug).video;
  if (!video || video->keyframe_seconds <= formats::good_keyframe_seconds) {
    const std::string silent = runtime::why_silent(driver_.node(), wish_.slug);
    return silent.empty() ? "there is no media yet" : silent;
  }
  return "no picture that a player can start with has come for " +
         std::to_string(std::lround(video->keyframe_seconds)) +
         " s: the publisher's encoder must send a key frame every second or two";
}

void PlaybackRequest::begin() {
  if (!wish_.may_watch_private && driver_.is_private(wish_.slug)) return end(http::not_a_private_viewer());
  const std::vector<std::string> here = driver_.media().slugs();
  if (std::find(here.begin(), here.end(), wish_.slug) != here.end()) return join();
  if (!driver_.node().find_stream(wish_.slug)) return end({Code::not_found, ""});
  if (!wish_.may_bring) return end(http::not_a_viewer());
  state_ = State::asking;
  driver_.call(core::AskTicket{.slug = wish_.slug, .player = true},
               [alive = std::weak_ptr<PlaybackRequest *>(alive_)](const Expected<core::Answered> &result) {
                 const auto self = alive.lock();
                 if (!self) return;
                 if (!result) return (*self)->end(result.error());
                 (*self)->join();
               });
}

void PlaybackRequest::join() {
  state_ = State::waiting;
  timer_.set(deadline_);
  is_joined_ = true;
  if (const auto joined = driver_.media().play(wish_.slug, wish_.format, *this); !joined) {
    is_joined_ = false;
    end(joined.error());
  }
}

void PlaybackRequest::on_frame(const Slice &frame, bool is_start) {
  if (state_ == State::waiting) {
    state_ = State::playing;
    timer_.set(never);
    handler_.on_ready();
  }
  if (state_ == State::playing) handler_.on_frame(frame, is_start);
}

void PlaybackRequest::on_over(const Error &error) {
  is_joined_ = false;
  end(error);
}

void PlaybackRequest::end(const Error &error) {
  if (std::exchange(state_, State::over) == State::over) return;
  why_ = error;
  timer_.set(now());
}

}  // namespace astral::gateways
