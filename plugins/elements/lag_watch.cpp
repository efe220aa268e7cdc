// SPDX-License-Identifier: BSD-3-Clause
#include "elements/lag_watch.hpp"

namespace astral::elements {

bool LagWatch::is_late(Time lag, Time now) {
  if (lag <= max_) {
    lowest_.reset();
    return false;
  }
  if (!lowest_ || now - last_ >= pause || lag + progress <= *lowest_) {
    lowest_ = lag;
    since_ = now;
  }
  return now - since_ >= patience;
}

LagWatch::Verdict LagWatch::arrived(moqt::Location at, Time lag, Time now) {
  if (max_ == Time::zero()) return Verdict::wait;
  const bool late = is_late(lag, now);
  last_ = now;
  if (lag > max_ / 4) disturbed_ = now;
  if (state_ == State::comparing && at >= largest_) {
    restart();
    return Verdict::present;
  }
  if (!late) {
    if (state_ == State::comparing) state_ = State::watching;
    return Verdict::wait;
  }
  if (state_ == State::watching) {
    state_ = State::asking;
    return Verdict::ask;
  }
  if (state_ == State::asking || now - answered_ < comparison) return Verdict::wait;
  restart();
  if (at.group >= largest_.group) return Verdict::wait;  // until there is a newer group
  thin_ = true;
  disturbed_ = now;
  return Verdict::skip;
}

void LagWatch::answered(moqt::Location largest, Time now) {
  if (state_ != State::asking) return;
  state_ = State::comparing;
  largest_ = largest;
  answered_ = now;
}

}  // namespace astral::elements
