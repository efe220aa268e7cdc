// SPDX-License-Identifier: BSD-3-Clause
#include "http/request_reader.hpp"

#include <utility>

namespace astral::http {

void RequestReader::add(std::string_view bytes) {
  buffer_.erase(0, std::exchange(at_, 0));
  buffer_ += bytes;
}

RequestReader::State RequestReader::advance() {
  if (state_ == State::idle && has_rest()) state_ = State::head;
  if (state_ == State::head) read_head();
  if (state_ == State::body) read_body();
  return state_;
}

void RequestReader::read_head() {
  const std::string_view rest = std::string_view(buffer_).substr(at_);
  const auto is_whole = check_head(rest, limits_);
  if (!is_whole) return refuse(is_whole.error().error, is_whole.error().status);
  if (!*is_whole) return;
  request_ = read_request(rest);
  at_ += request_.head_size;
  body_ = BodyReader(request_, rules_(request_.call));
  state_ = State::body;
}

void RequestReader::read_body() {
  std::string_view rest = std::string_view(buffer_).substr(at_);
  const auto is_whole = body_.read(rest);
  at_ = buffer_.size() - rest.size();
  if (!is_whole) return refuse(is_whole.error());
  if (!*is_whole) return;
  request_.call.body = body_.take_text();
  state_ = State::whole;
}

void RequestReader::refuse(const Error &error, std::optional<unsigned> status) {
  refusal_ = reply_error(error, status);
  buffer_ = {};
  at_ = 0;
  state_ = State::refused;
}

Request RequestReader::take() {
  state_ = State::idle;
  return std::exchange(request_, {});
}

bool RequestReader::take_expectation() {
  return state_ == State::body && !body_.has_begun() && std::exchange(request_.expects_continue, false);
}

}  // namespace astral::http
