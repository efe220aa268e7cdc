// SPDX-License-Identifier: BSD-3-Clause
#include "http/response.hpp"

#include <libsoup/soup.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <memory>
#include <utility>

namespace astral::http {
namespace {

constexpr std::size_t pieces_at_once = 16;

std::string date() {
  const std::time_t seconds = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

std::size_t size_of_body(const Reply &reply) {
  std::size_t size = reply.body.size();
  for (const Slice &part : reply.parts) size += part.size();
  return size;
}

}  // namespace

std::string response_head(const Reply &reply, bool keep_alive, const std::string &server) {
  std::string text = "HTTP/1.1 " + std::to_string(reply.status) + " ";
  text.append(soup_status_get_phrase(reply.status)).append("\r\nDate: ").append(date()).append("\r\n");
  if (!server.empty()) text.append("Server: ").append(server).append("\r\n");
  if (!reply.type.empty()) text.append("Content-Type: ").append(reply.type).append("\r\n");
  // RFC 9110 §8.6; a 304 would have the length of the 200, which its body does not have.
  const bool may_have_length = !reply.take_over && reply.status != 204 && reply.status != 304;
  if (may_have_length)
    text.append("Content-Length: ").append(std::to_string(size_of_body(reply))).append("\r\n");
  if (!keep_alive || reply.take_over) text += "Connection: close\r\n";
  text += "X-Content-Type-Options: nosniff\r\n";
  for (const auto &[name, value] : reply.headers) text.append(name).append(": ").append(value).append("\r\n");
  return text += "\r\n";
}

std::string response(const Reply &reply, const std::string &server) {
  return response_head(reply, false, server) + reply.body;
}

void SendQueue::add(std::string text) {
  const auto owner = std::make_shared<const std::string>(std::move(text));
  add(Slice(owner, as_bytes(*owner)));
}

void SendQueue::add(Slice bytes) {
  if (!bytes.empty()) queue_.push_back(std::move(bytes));
}

bool SendQueue::send(int fd) {
  while (!queue_.empty()) {
    std::array<iovec, pieces_at_once> pieces{};
    std::size_t count = 0;
    for (; count < pieces.size() && count < queue_.size(); ++count) {
      // sendmsg() does not write to it.
      pieces.at(count) = {const_cast<std::uint8_t *>(queue_[count].data()), queue_[count].size()};
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    const ssize_t sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    auto left = static_cast<std::size_t>(sent);
    while (!queue_.empty() && left >= queue_.front().size()) {
      left -= queue_.front().size();
      queue_.pop_front();
    }
    if (left > 0) queue_.front() = queue_.front().from(left);
  }
  return true;
}

}  // namespace astral::http
