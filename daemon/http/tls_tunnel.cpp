// SPDX-License-Identifier: BSD-3-Clause
#include "http/tls_tunnel.hpp"

#include <fcntl.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "glue/bytes.hpp"
#include "glue/key.hpp"

namespace astral::http {
namespace {

constexpr char handshake_record = 0x16;
constexpr Time linger = 5s;  // for the other side to take the last bytes, and to close

bool would_block(int status) {
  return status == GNUTLS_E_AGAIN || status == GNUTLS_E_INTERRUPTED;
}

bool socket_would_block() {
  return errno == EAGAIN || errno == EINTR;
}

std::string binding_of(gnutls_session_t session) {
  gnutls_datum_t binding{};
  if (gnutls_protocol_get_version(session) != GNUTLS_TLS1_3 ||
      gnutls_session_channel_binding(session, GNUTLS_CB_TLS_EXPORTER, &binding) != GNUTLS_E_SUCCESS)
    return {};
  std::string text = to_hex(Bytes(binding.data, binding.size));
  gnutls_free(binding.data);
  return text;
}

// Of a client that shows nothing and takes what it is shown.
gnutls_certificate_credentials_t no_credentials() {
  static const struct Owner {
    Owner() { gnutls_certificate_allocate_credentials(&credentials); }
    ~Owner() { gnutls_certificate_free_credentials(credentials); }
    gnutls_certificate_credentials_t credentials = nullptr;
  } owner;
  return owner.credentials;
}

// A connection of GIO around the descriptor, which it owns then.
Ref<GSocketConnection> connection_of(int fd) {
  GError *raw = nullptr;
  const auto socket = Ref<GSocket>::adopt(g_socket_new_from_fd(fd, &raw));
  const GErrorPtr error(raw);
  if (!socket) {
    close(fd);
    return {};
  }
  return Ref<GSocketConnection>::adopt(g_socket_connection_factory_create_connection(socket.get()));
}

}  // namespace

bool begins_tls(GSocketConnection *connection) {
  const int fd = g_socket_get_fd(g_socket_connection_get_socket(connection));
  char first = 0;
  return recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1 && first == handshake_record;
}

Expected<TlsTunnel::Opened> TlsTunnel::open(Ref<GSocketConnection> outside,
                                            std::shared_ptr<const Certificate> certificate,
                                            std::function<void()> on_ended) {
  std::array<int, 2> pair{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair.data()) != 0)
    return fail(Code::failed, "no descriptor is left for TLS");
  Opened opened;
  opened.inside = connection_of(pair[0]);
  opened.tunnel.reset(
      new TlsTunnel(std::move(outside), std::move(certificate), pair[1], std::move(on_ended)));
  if (!opened.inside || !opened.tunnel->session_) return fail(Code::failed, "no TLS session");
  opened.binding = opened.tunnel->binding_;
  opened.tunnel->pump();
  return opened;
}

Expected<TlsTunnel::Opened> TlsTunnel::open_as_client(Ref<GSocketConnection> outside,
                                                      std::function<void()> on_ended) {
  return open(std::move(outside), nullptr, std::move(on_ended));
}

TlsTunnel::TlsTunnel(Ref<GSocketConnection> outside, std::shared_ptr<const Certificate> certificate,
                     int inside, std::function<void()> on_ended)
    : context_(Ref<GMainContext>::adopt(g_main_context_ref_thread_default())),
      outside_(std::move(outside)),
      certificate_(std::move(certificate)),
      outside_fd_(g_socket_get_fd(g_socket_connection_get_socket(outside_.get()))),
      inside_fd_(inside),
      on_ended_(std::move(on_ended)) {
  const bool is_client = !certificate_;
  const unsigned end = is_client ? GNUTLS_CLIENT : GNUTLS_SERVER;
  if (gnutls_init(&session_, end | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0) {
    session_ = nullptr;
    return;
  }
  const char *versions =
      is_client ? "NORMAL:-VERS-ALL:+VERS-TLS1.3" : "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
  gnutls_priority_set_direct(session_, versions, nullptr);
  gnutls_credentials_set(session_, GNUTLS_CRD_CERTIFICATE,
                         is_client ? no_credentials() : certificate_->credentials());
  gnutls_transport_set_int(session_, outside_fd_);
  std::string name = "http/1.1";  // RTMP clients ask for no protocol
  const gnutls_datum_t protocol{reinterpret_cast<unsigned char *>(name.data()),
                                static_cast<unsigned>(name.size())};
  gnutls_alpn_set_protocols(session_, &protocol, 1, 0);
}

TlsTunnel::~TlsTunnel() {
  out_.is_blocked = false;
  for (bool moved = has_shaken_hands_; moved && !is_over_;) moved = move_out();
  outside_input_.reset();
  inside_input_.reset();
  outside_output_.reset();
  inside_output_.reset();
  if (session_) gnutls_deinit(session_);
  close(inside_fd_);
  g_io_stream_close(G_IO_STREAM(outside_.get()), nullptr, nullptr);
}

void TlsTunnel::pump() {
  if (is_over_) return;
  if (has_shaken_hands_ || shake_hands()) {
    in_.is_blocked = out_.is_blocked = false;
    for (bool moved = true; moved && !is_over_;) {
      const bool in = move_in();
      moved = (!is_over_ && move_out()) || in;
    }
  }
  if (!is_over_) watch();
}

bool TlsTunnel::shake_hands() {
  const int status = gnutls_handshake(session_);
  if (status == GNUTLS_E_SUCCESS) {
    *binding_ = binding_of(session_);
    return has_shaken_hands_ = true;
  }
  if (would_block(status) || !gnutls_error_is_fatal(status)) {
    char byte = 0;
    if (recv(inside_fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) end();  // the program waits no longer
    return false;
  }
  g_debug("TLS: %s", gnutls_strerror(status));
  gnutls_alert_send_appropriate(session_, status);
  end();
  return false;
}

bool TlsTunnel::move_in() {
  bool moved = false;
  if (in_.empty() && !in_.has_ended) {
    const ssize_t got = gnutls_record_recv(session_, in_.bytes.data(), in_.bytes.size());
    if (got > 0) {
      in_.begin = 0;
      in_.end = static_cast<std::size_t>(got);
      moved = true;
    } else if (got == 0 || got == GNUTLS_E_PREMATURE_TERMINATION) {  // many clients end without a word
      in_.has_ended = true;
    } else if (!would_block(static_cast<int>(got)) && gnutls_error_is_fatal(static_cast<int>(got))) {
      end();
      return false;
    }
  }
  while (!in_.empty() && !in_.is_blocked) {
    const ssize_t sent =
        send(inside_fd_, in_.bytes.data() + in_.begin, in_.end - in_.begin, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      in_.begin += static_cast<std::size_t>(sent);
      moved = true;
    } else if (socket_would_block()) {
      in_.is_blocked = true;
    } else {
      end();
      return false;
    }
  }
  if (in_.has_ended && in_.empty() && !std::exchange(in_.is_closed, true)) shutdown(inside_fd_, SHUT_WR);
  return moved;
}

bool TlsTunnel::move_out() {
  bool moved = false;
  if (out_.empty() && !out_.has_ended) {
    const ssize_t got = recv(inside_fd_, out_.bytes.data(), out_.bytes.size(), MSG_DONTWAIT);
    if (got > 0) {
      out_.begin = 0;
      out_.end = static_cast<std::size_t>(got);
      moved = true;
    } else if (got == 0 || !socket_would_block()) {
      out_.has_ended = true;
    }
  }
  while (!out_.empty() && !out_.is_blocked) {
    const ssize_t sent = gnutls_record_send(session_, out_.bytes.data() + out_.begin, out_.end - out_.begin);
    if (sent > 0) {
      out_.begin += static_cast<std::size_t>(sent);
      moved = true;
    } else if (would_block(static_cast<int>(sent))) {
      out_.is_blocked = true;
    } else {
      end();
      return false;
    }
  }
  if (out_.has_ended && out_.empty() && !out_.is_closed && !out_.is_blocked) close_out();
  return moved;
}

void TlsTunnel::close_out() {
  const int status = gnutls_bye(session_, GNUTLS_SHUT_WR);
  if (would_block(status)) return static_cast<void>(out_.is_blocked = true);
  out_.is_closed = true;
  shutdown(outside_fd_, SHUT_WR);
  if (in_.has_ended) return end();
  linger_ = std::make_unique<Timer>(context_.get(), [this] { end(); });
  linger_->set(now() + linger);
}

void TlsTunnel::watch() {
  if (in_.is_closed && out_.is_closed) return end();
  const auto input = [this](Epoll::Watch &watch, int fd, bool is_wanted) {
    if (!is_wanted) return watch.reset();
    if (!watch) watch = Epoll::Watch(context_.get(), fd, [this] { pump(); });
  };
  const bool shaking = !has_shaken_hands_;
  input(outside_input_, outside_fd_, !in_.has_ended && (shaking || in_.empty()));
  input(inside_input_, inside_fd_, !out_.has_ended && out_.empty());
  const bool outside_is_full = shaking ? gnutls_record_get_direction(session_) == 1 : out_.is_blocked;
  if (!outside_is_full) outside_output_.reset();
  if (outside_is_full && !outside_output_) outside_output_ = wait_to_write(outside_fd_);
  if (!in_.is_blocked) inside_output_.reset();
  if (in_.is_blocked && !inside_output_) inside_output_ = wait_to_write(inside_fd_);
}

Source TlsTunnel::wait_to_write(int fd) {
  const GUnixFDSourceFunc writable = [](gint, GIOCondition, gpointer self) noexcept -> gboolean {
    static_cast<TlsTunnel *>(self)->pump();
    return G_SOURCE_CONTINUE;
  };
  Source source(g_unix_fd_source_new(fd, G_IO_OUT));
  g_source_set_callback(source.get(), G_SOURCE_FUNC(writable), this, nullptr);
  g_source_attach(source.get(), context_.get());
  return source;
}

void TlsTunnel::end() {
  if (std::exchange(is_over_, true)) return;
  outside_input_.reset();
  inside_input_.reset();
  outside_output_.reset();
  inside_output_.reset();
  notice_ = Source(g_idle_source_new());
  const GSourceFunc tell = [](gpointer self) noexcept -> gboolean {
    const auto on_ended = static_cast<TlsTunnel *>(self)->on_ended_;
    on_ended();
    return G_SOURCE_REMOVE;
  };
  g_source_set_priority(notice_.get(), G_PRIORITY_DEFAULT);
  g_source_set_callback(notice_.get(), tell, this, nullptr);
  g_source_attach(notice_.get(), context_.get());
}

}  // namespace astral::http
