// SPDX-License-Identifier: BSD-3-Clause
// One QUIC connection between two ends that know each other's key beforehand. Decides what is written in
// which order, how much may wait, and what its end is called; not what the streams mean. No socket, clock or
// thread of its own: datagrams and the time are handed in, datagrams leave through a Path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "glue/key.hpp"
#include "glue/time.hpp"
#include "quic/path.hpp"

namespace astral::quic {

// As on the wire: bit 0 says who opened it (0 client, 1 server), bit 1 whether it is unidirectional.
using StreamId = std::uint64_t;
constexpr bool opened_by_server(StreamId id) {
  return id & 1;
}
constexpr bool is_unidirectional(StreamId id) {
  return id & 2;
}

struct Config {
  Key key;
  Fingerprint peer_fingerprint;  // whose key has another is refused, in either role
  bool server = false;
  std::string alpn = "moqt-18";
  Time initial_rtt = 20ms;  // until it is measured; decides when a lost first packet is repeated
  Time handshake_timeout = 10s;
  Time idle_timeout = 10s;  // a path that is dead for so long ends the connection
  Time keep_alive = 3s;     // of silence, then a PING; 0: none
};

struct CloseReason {
  enum class Kind {
    application,  // close(), by either end: `code` is the application's
    transport,    // a QUIC error: `code` is the transport's (RFC 9000, 20.1)
    handshake,    // wrong key, no common ALPN, a TLS alert, or no handshake in time
    idle,         // the path has been dead for idle_timeout
  };
  Kind kind = Kind::transport;
  bool by_peer = false;
  std::uint64_t code = 0;
  Error error;  // refused: wrong key or ALPN; timeout: idle, handshake; unreachable: anything else
};

struct Stats {
  Time rtt{};  // smoothed; 0 until measured
  Time min_rtt{};
  std::uint64_t congestion_window = 0;  // bytes
  std::uint64_t bytes_sent = 0;         // datagram payloads
  std::uint64_t bytes_received = 0;
  std::uint64_t datagrams_sent = 0;
  std::uint64_t datagrams_received = 0;
  std::uint64_t datagrams_unsent = 0;  // the Path would not take them
  std::uint64_t bursts = 0;            // calls of Path::send
  std::uint64_t packets_lost = 0;      // of those with stream data; counted when their stream has ended
  // Streams of the peer that ngtcp2 0.12 never frees (about 200 bytes each): renew the connection, make
  // before break, long before this reaches max_kept_streams. Always 0 with ngtcp2 1.x.
  std::uint64_t kept_streams = 0;
};

// Called from within receive(), tick(), flush() and close(). From inside, everything of the Connection may be
// called except receive(), tick(), flush() and its destructor; what is asked for there is carried out by the
// next flush() (close(): when the outer call returns).
class Handler {
 public:
  virtual ~Handler() = default;

  // The handshake is confirmed: each end has checked the other's key. Nothing of a stream is delivered
  // before.
  virtual void on_established() = 0;
  // In order, without gaps; `data` is valid during the call only, may be empty with `fin`. A stream of the
  // peer is new when it is first named here or in on_stream_reset / on_stop_sending.
  virtual void on_stream_data(StreamId id, Bytes data, bool fin) = 0;
  virtual void on_stream_reset(StreamId id, std::uint64_t code) = 0;
  // The peer wants no more of it. The stream has been reset with that code already; send() on it is ignored.
  // `code` is 0 where ngtcp2 does not tell (0.12, bidirectional).
  virtual void on_stop_sending(StreamId id, std::uint64_t code) = 0;
  // open_stream() may succeed again (for one of the two kinds).
  virtual void on_stream_credit() = 0;
  // The last call, exactly once, unless the Connection is destroyed first. Nothing can be sent any more.
  virtual void on_closed(const CloseReason &reason) = 0;
};

// Thread: one. Errors: none can be expected of an open connection but its end, on_closed().
class Connection {
 public:
  // The caller looks at backlog() and holds back; whoever does not runs into this assert.
  static constexpr std::size_t max_backlog = 64 * 1024 * 1024;
  static constexpr std::uint64_t max_bidirectional = 64;  // of the peer's, at a time
  // What moqt::Limits allows: 64 streams with objects, the control stream, and one to spare.
  static constexpr std::uint64_t max_unidirectional = 66;
  static constexpr std::uint64_t stream_window = 4 * 1024 * 1024;
  static constexpr std::uint64_t connection_window = 8 * 1024 * 1024;  // 50 Mbit/s at 200 ms is 1.25 MB
  static constexpr std::uint64_t max_kept_streams = 400'000;
  static constexpr int default_priority = 128;

  // `handler` and `path` outlive the connection. A client's first datagram leaves with the first flush().
  static Expected<std::unique_ptr<Connection>> open(const Config &config, Handler &handler, Path &path,
                                                    Time now);
  // Silent: the peer learns nothing. close() first where it should.
  ~Connection();
  Connection(const Connection &) = delete;
  Connection &operator=(const Connection &) = delete;

  // Any datagram that arrived; what is not of this connection is dropped without a trace. Follow a batch of
  // them with one flush().
  void receive(Bytes datagram, Time now);
  // To be called when deadline() has come. Contains a flush().
  void tick(Time now);
  // Changes with every other call; `never` when there is nothing to wait for.
  Time deadline() const;
  // Writes what congestion control, flow control and pacing allow now, in bursts. Cheap when there is
  // nothing.
  void flush(Time now);

  // Errors: no_room while the peer grants no more streams, unreachable before on_established and after the
  // end.
  Expected<StreamId> open_stream(bool bidirectional);
  // Appends; `data` is referenced, not copied, until it is acknowledged. Nothing leaves before flush().
  // Ignored where the stream is closed for sending already (fin, reset, stop sending) or the connection is.
  void send(StreamId id, Slice data, bool fin);
  // Ends our direction at once: what has not left is dropped. Ignored where that has ended.
  void reset(StreamId id, std::uint64_t code);
  // Asks the peer to do the same with its direction; nothing of the stream is delivered from now on.
  void stop_sending(StreamId id, std::uint64_t code);
  // Lower goes first; streams of one priority go in the order of their opening. 0 to 255.
  void set_priority(StreamId id, int priority);

  std::size_t backlog() const;             // bytes given to send() that are in no packet yet
  std::size_t backlog(StreamId id) const;  // of one stream
  std::size_t in_flight() const;           // bytes of streams sent, not yet acknowledged

  // Tells the peer (reason: at most 256 bytes of it) and calls on_closed. As long as the object lives it
  // answers stray datagrams with the same words.
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
