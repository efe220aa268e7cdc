// SPDX-License-Identifier: BSD-3-Clause
// One QUIC connection between two ends that know each other's key beforehand. Decides the order of sending,
// how much may be in flight, and the reason of the close. Does not know what the streams mean. Has no socket,
// clock or thread: the caller passes in datagrams and the time, and datagrams leave through a Path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "glue/key.hpp"
#include "glue/time.hpp"
#include "quic/path.hpp"

namespace astral::quic {

// The number on the wire (RFC 9000, 2.1). Bit 0: the opener (0 client, 1 server). Bit 1: unidirectional.
using StreamId = std::uint64_t;
constexpr bool opened_by_server(StreamId id) {
  return id & 1;
}
constexpr bool is_unidirectional(StreamId id) {
  return id & 2;
}

struct Config {
  Key key;
  Fingerprint peer_fingerprint;  // a peer with another key is refused, in both roles
  bool server = false;
  std::string alpn = "moqt-18";
  Time initial_rtt = 20ms;  // until it is measured; sets when a lost first packet is sent again
  Time handshake_timeout = 10s;
  // Closes an established connection after this time without a packet. **Why** so long: a line that is cut
  // for some seconds, by a router that starts again or a phone that changes networks, goes on where it was.
  Time idle_timeout = 20s;
  Time keep_alive = 3s;     // sends a PING after this time of silence; 0: never
  // Every connection ID of this end begins with these bytes, so that a socket that many connections share
  // finds this one; four random bytes follow. Empty: the Path carries no other connection.
  std::vector<std::uint8_t> id_prefix{};  // at most max_id_prefix
  // Client: the destination connection ID of its first packets, 8 to 20 bytes. Empty: a random one.
  std::vector<std::uint8_t> first_id{};
};
inline constexpr std::size_t max_id_prefix = 16;
// While data is unanswered, a probe is sent at least this often.
inline constexpr Time max_probe_interval = 500ms;

struct CloseReason {
  enum class Kind {
    application,  // either end called close(); `code` is the application's
    transport,    // a QUIC error; `code` is the transport's (RFC 9000, 20.1)
    handshake,    // wrong key, no common ALPN, a TLS alert, or no handshake in time
    idle,         // no packet arrived for idle_timeout
  };
  Kind kind = Kind::transport;
  bool by_peer = false;
  std::uint64_t code = 0;
  Error error;  // refused: wrong key or ALPN; timeout: idle or handshake; else unreachable
};

struct Stats {
  Time rtt{};  // smoothed; 0 until measured
  Time min_rtt{};
  std::uint64_t congestion_window = 0;  // bytes
  std::uint64_t bytes_sent = 0;         // datagram payloads
  std::uint64_t bytes_received = 0;
  std::uint64_t datagrams_sent = 0;
  std::uint64_t datagrams_received = 0;
  std::uint64_t datagrams_unsent = 0;  // the Path refused them
  std::uint64_t bursts = 0;            // calls of Path::send
  std::uint64_t packets_lost = 0;      // that carried stream data; counted when their stream ends
  // Unidirectional streams of the peer that ngtcp2 never frees (about 200 bytes each): with 0.12 all of them,
  // with 1.x at most those that begin with a reset. Replace the connection by a new one long before this
  // reaches max_kept_streams.
  std::uint64_t kept_streams = 0;
};

// receive(), tick(), flush() and close() call these. A handler may call everything of the Connection except
// receive(), tick(), flush() and the destructor. The next flush() carries out what a handler asked for; a
// close() takes effect when the outer call returns.
class Handler {
 public:
  virtual ~Handler() = default;

  // The handshake is confirmed: each end has checked the other's key. No stream data is delivered before
  // this.
  virtual void on_established() = 0;
  // Delivers stream data in order and without gaps. `data` is valid during the call only; it may be empty if
  // `fin` is set. The first call of this, on_stream_reset() or on_stop_sending() with an id announces a new
  // stream of the peer.
  virtual void on_stream_data(StreamId id, Bytes data, bool fin) = 0;
  virtual void on_stream_reset(StreamId id, std::uint64_t code) = 0;
  // The peer asks us to stop sending. The stream has already been reset with that code, and send() on it does
  // nothing. `code` is 0 if ngtcp2 does not report it (0.12, bidirectional streams).
  virtual void on_stop_sending(StreamId id, std::uint64_t code) = 0;
  // The peer allows more streams: open_stream() may succeed again, for one of the two kinds.
  virtual void on_stream_credit() = 0;
  // The last call. It comes exactly once, unless the Connection is destroyed first. Nothing can be sent any
  // more.
  virtual void on_closed(const CloseReason &reason) = 0;
};

// **Thread**: one. **Errors**: an open connection reports only its end, through on_closed().
class Connection {
 public:
  // The caller checks backlog() before it sends. A backlog above this is a bug of the caller and asserts.
  static constexpr std::size_t max_backlog = 64 * 1024 * 1024;
  static constexpr std::uint64_t max_bidirectional = 64;  // open at a time, by the peer
  // 64 data streams (moqt::Limits::max_data_streams), the control stream, and one spare.
  static constexpr std::uint64_t max_unidirectional = 66;
  static constexpr std::uint64_t stream_window = 4 * 1024 * 1024;
  static constexpr std::uint64_t connection_window = 8 * 1024 * 1024;  // 50 Mbit/s at 200 ms is 1.25 MB
  static constexpr std::uint64_t max_kept_streams = 400'000;
  static constexpr int default_priority = 128;
  // Streams with this number or a higher one are sent only as far as they cause no queue on the path.
  static constexpr int background_priority = 192;

  // `handler` and `path` must outlive the connection. The first flush() sends a client's first datagram.
  static Expected<std::unique_ptr<Connection>> open(const Config &config, Handler &handler, Path &path,
                                                    Time now);
  // Sends nothing to the peer; call close() first to tell it.
  ~Connection();
  Connection(const Connection &) = delete;
  Connection &operator=(const Connection &) = delete;

  // Takes any datagram that arrived and ignores those that do not belong to this connection. Call flush()
  // once after a batch of datagrams.
  void receive(Bytes datagram, Time now);
  // Call this when deadline() has come. It includes a flush().
  void tick(Time now);
  // Every other call may change it. `never` if the connection waits for nothing.
  Time deadline() const;
  // Sends what congestion control, flow control and pacing allow now, in bursts. Costs little if there is
  // nothing to send.
  void flush(Time now);

  // Errors: no_room while the peer allows no more streams; unreachable before on_established() and after the
  // end.
  Expected<StreamId> open_stream(bool bidirectional);
  // Appends `data` to the stream; flush() sends it. Keeps a reference to `data` until the peer has
  // acknowledged it. Does nothing if the stream is already closed for sending (fin, reset, stop sending) or
  // the connection is closed.
  void send(StreamId id, Slice data, bool fin);
  // Ends our direction at once and drops what has not been sent. Does nothing if it has ended already.
  void reset(StreamId id, std::uint64_t code);
  // Asks the peer to reset its direction. From now on nothing of that direction is delivered.
  void stop_sending(StreamId id, std::uint64_t code);
  // 0 to 255. A lower number is sent first; among equals the older stream is sent first.
  void set_priority(StreamId id, int priority);

  std::size_t backlog() const;             // bytes that send() took and no packet carries yet
  std::size_t background_backlog() const;  // of these, in streams of background_priority
  std::size_t backlog(StreamId id) const;  // the same, of one stream
  std::size_t in_flight() const;           // bytes of streams that were sent and not acknowledged
  // Since when stream data has been in flight and nothing has arrived. `never`: the peer owes no answer.
  Time unanswered_since() const;

  // When the last packet came that only the peer can have made.
  Time heard_at() const;

  // Tells the peer and calls on_closed(). Sends at most 256 bytes of `reason`. Afterwards, while the object
  // lives, it answers late datagrams with the same CONNECTION_CLOSE.
  void close(std::uint64_t code, std::string_view reason, Time now);

  bool established() const;
  bool closed() const;
  Stats stats() const;

 private:
  class Impl;
  explicit Connection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace astral::quic
