// SPDX-License-Identifier: BSD-3-Clause
#include "gateways/media_connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace astral::gateways {
namespace {

// For the peer to read the last bytes and close first: close() with unread input discards unsent output.
constexpr Time linger = 2s;
constexpr std::size_t read_at_once = 64 * 1024;

Ref<GSocket> socket_of(GIOStream *stream) {
  return Ref<GSocket>::retain(g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream)));
}

}  // namespace

MediaConnection::MediaConnection(Ref<GIOStream> stream, const Limits &limits, Handler handler)
    : limits_(limits),
      handler_(std::move(handler)),
      stream_(std::move(stream)),
      socket_(socket_of(stream_.get())),
      timer_(g_main_context_default(), [this] { on_timer(); }),
      input_(g_main_context_default(), g_socket_get_fd(socket_.get()), [this] { read(); }) {
  g_socket_set_blocking(socket_.get(), FALSE);
  g_socket_set_option(socket_.get(), IPPROTO_TCP, TCP_NODELAY, 1, nullptr);
}

// Closes explicitly: dropping our reference closes nothing while others hold the socket.
MediaConnection::~MediaConnection() {
  input_.reset();
  output_.reset();
  g_io_stream_close(stream_.get(), nullptr, nullptr);
}

void MediaConnection::read() {
  static std::array<std::uint8_t, read_at_once> buffer;
  const ssize_t got = recv(g_socket_get_fd(socket_.get()), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return end(got == 0 ? "the peer has closed the connection" : "the connection broke");
  if (!is_closing_) handler_.on_bytes({buffer.data(), static_cast<std::size_t>(got)});
}

void MediaConnection::send(Slice bytes) {
  if (queued_ + bytes.size() > limits_.queue) drop_media();
  if (queued_ + bytes.size() > limits_.queue) return end("the peer does not read");
  enqueue(std::move(bytes), false);
}

void MediaConnection::play(const Slice &frame, bool is_start) {
  if (is_closing_) return;
  if (queued_ + frame.size() > limits_.queue) {
    drop_media();
    is_skipping_ = true;
  }
  if (is_skipping_ && (!is_start || queued_ + frame.size() > limits_.queue)) {
    ++skipped_;
    return;
  }
  is_skipping_ = false;
  enqueue(frame, true);
}

// Keeps a frame that has been sent in part.
void MediaConnection::drop_media() {
  const auto first = queue_.begin() + (written_ > 0 ? 1 : 0);
  const auto kept = std::remove_if(first, queue_.end(), [](const Piece &piece) { return piece.is_media; });
  skipped_ += static_cast<std::uint64_t>(queue_.end() - kept);
  queue_.erase(kept, queue_.end());
  queued_ = 0;
  for (const Piece &piece : queue_) queued_ += piece.bytes.size();
}

void MediaConnection::enqueue(Slice bytes, bool is_media) {
  if (bytes.empty() || is_closing_ || !why_.empty()) return;
  queued_ += bytes.size();
  queue_.push_back({std::move(bytes), is_media});
  if (output_) return;  // waits until the socket is writable
  write();
}

void MediaConnection::write() {
  while (!queue_.empty()) {
    const Bytes rest = queue_.front().bytes.bytes().subspan(written_);
    const ssize_t sent =
        ::send(g_socket_get_fd(socket_.get()), rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
      if (output_) return;
      output_ = Source(g_socket_create_source(socket_.get(), G_IO_OUT, nullptr));
      const GSocketSourceFunc writable = [](GSocket *, GIOCondition, gpointer self) noexcept -> gboolean {
        static_cast<MediaConnection *>(self)->write();
        return G_SOURCE_CONTINUE;
      };
      g_source_set_callback(output_.get(), G_SOURCE_FUNC(writable), this, nullptr);
      g_source_attach(output_.get(), nullptr);
      if (!is_closing_) timer_.set(now() + limits_.stall);
      return;
    }
    if (sent < 0) return end("the connection broke");
    if (output_ && !is_closing_) timer_.set(now() + limits_.stall);
    written_ += static_cast<std::size_t>(sent);
    if (written_ < queue_.front().bytes.size()) continue;
    queued_ -= queue_.front().bytes.size();
    written_ = 0;
    queue_.pop_front();
  }
  // Touches the timer only if the socket made us wait, which is rare: setting a timer wakes the context.
  const bool has_waited = static_cast<bool>(output_);
  output_.reset();
  if (is_closing_) return static_cast<void>(shutdown(g_socket_get_fd(socket_.get()), SHUT_WR));
  if (has_waited) timer_.set(never);
}

void MediaConnection::close() {
  if (std::exchange(is_closing_, true) || !why_.empty()) return;
  timer_.set(now() + linger);
  if (queue_.empty()) shutdown(g_socket_get_fd(socket_.get()), SHUT_WR);
}

void MediaConnection::end(const std::string &why) {
  if (!why_.empty()) return;
  why_ = why;
  input_.reset();
  output_.reset();
  timer_.set(now());
}

void MediaConnection::on_timer() {
  if (why_.empty()) why_ = is_closing_ ? "closed" : "the peer takes nothing";
  const auto on_gone = handler_.on_gone;
  const std::string why = why_;
  on_gone(why);
}

}  // namespace astral::gateways
