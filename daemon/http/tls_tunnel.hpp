// SPDX-License-Identifier: BSD-3-Clause
// Takes TLS off one connection: the other side speaks TLS on the outside, the program reads and writes plain
// bytes on the inside, which is one end of a socket pair. **Why a pair**: whoever speaks HTTP, WebSocket or
// RTMP here reads and writes a socket, and needs to know nothing of TLS.
#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "http/certificate.hpp"
#include "http/epoll.hpp"

namespace astral::http {

// Whether the first byte that waits there is that of a TLS record (RFC 8446, 5.1). Reads nothing.
bool begins_tls(GSocketConnection *connection);

// **Thread**: the context that is thread-default when it is made. **Owns** the outside connection and its own
// end of the pair. It ends when one of them breaks, or a while after the inside has ended. The destructor
// sends what the program has written and the network takes at once, a last word perhaps, and breaks both.
class TlsTunnel {
 public:
  struct Opened {
    std::unique_ptr<TlsTunnel> tunnel;
    Ref<GSocketConnection> inside;
    // The tls-exporter of the session (RFC 9266), in hexadecimal digits; empty before the handshake is over,
    // and without TLS 1.3.
    std::shared_ptr<const std::string> binding;
  };
  // Nothing has been read from `outside` yet. `on_ended` comes once, from the context, and destroys the
  // tunnel. failed: no descriptor is left.
  static Expected<Opened> open(Ref<GSocketConnection> outside, std::shared_ptr<const Certificate> certificate,
                               std::function<void()> on_ended);
  // This program is the client, of TLS 1.3. It takes any certificate, and tells the server no name.
  static Expected<Opened> open_as_client(Ref<GSocketConnection> outside, std::function<void()> on_ended);
  ~TlsTunnel();
  TlsTunnel(const TlsTunnel &) = delete;
  TlsTunnel &operator=(const TlsTunnel &) = delete;

 private:
  static constexpr std::size_t piece = 16 * 1024;  // the most that one TLS record holds

  // Bytes that one side has sent and the other has not taken.
  struct Way {
    std::array<unsigned char, piece> bytes;
    std::size_t begin = 0, end = 0;
    bool has_ended = false;   // its source
    bool is_closed = false;   // and its destination knows
    bool is_blocked = false;  // the destination takes nothing now
    bool empty() const { return begin == end; }
  };

  TlsTunnel(Ref<GSocketConnection> outside, std::shared_ptr<const Certificate> certificate, int inside,
            std::function<void()> on_ended);
  void pump();
  bool shake_hands();  // false: not done
  bool move_in();      // false: nothing moved
  bool move_out();
  void close_out();
  void watch();
  Source wait_to_write(int fd);
  void end();

  const Ref<GMainContext> context_;
  const Ref<GSocketConnection> outside_;
  const std::shared_ptr<const Certificate> certificate_;  // null: a client
  const int outside_fd_, inside_fd_;
  const std::function<void()> on_ended_;
  gnutls_session_t session_ = nullptr;
  const std::shared_ptr<std::string> binding_ = std::make_shared<std::string>();
  bool has_shaken_hands_ = false;
  bool is_over_ = false;
  Way in_, out_;  // in_: from the other side to the program
  Epoll::Watch outside_input_, inside_input_;
  Source outside_output_, inside_output_;
  std::unique_ptr<Timer> linger_;  // while the other side may still read
  Source notice_;                  // calls on_ended_
};

}  // namespace astral::http
