// SPDX-License-Identifier: BSD-3-Clause
// The way of a link's datagrams where UDP is blocked: a WebSocket to a node's HTTP port, one binary message
// for each datagram. Decides when it is open; QUIC checks who is at the other end.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "udp/datagram_queue.hpp"
#include "udp/inbox.hpp"
#include "websocket/frames.hpp"
#include "websocket/handshake.hpp"

namespace astral::udp {

// **Thread**: the endpoint's, but for send(), which any thread may call. **Owns** its TCP connection. The
// link's thread hears through its Slot that the stream is open, what came, and that it has ended.
//
//     connecting ──TCP is connected──▶ upgrading ──101──▶ open ──▶ ended
//                             accepted by the node's HTTP port ─┘
class Stream : public std::enable_shared_from_this<Stream> {
 public:
  static constexpr std::size_t max_datagram = 2048;  // a link's have at most 1,452 bytes

  // Where the stream belongs: a link, and the mailbox of the endpoint's thread, which outlives every send().
  struct Place {
    RouteId route;
    std::shared_ptr<Slot> slot;
    Mailbox &mailbox;
  };
  // To /link of the HTTP port at `to`, where a link has the secret `theirs`.
  static std::shared_ptr<Stream> connect(const Place &place, const Address &to, const Secret &theirs);
  // The node has done the server's half of the handshake. Takes over the descriptor.
  static std::shared_ptr<Stream> accept(const Place &place, int descriptor);
  ~Stream();
  Stream(const Stream &) = delete;
  Stream &operator=(const Stream &) = delete;

  void start(GMainContext *context);  // call it once
  // As quic::Path::send(). What the queue drops counts as sent: QUIC finds out that it is lost.
  bool send(Bytes packets, std::size_t segment);
  void stop();  // says nothing to the link any more

 private:
  enum class State { connecting, upgrading, open, ended };
  Stream(const Place &place, State state, int descriptor, const Address &remote);
  void on_ready();
  void request();
  void read();
  void take(std::string_view bytes);
  void take_frames(std::string_view bytes);
  void become_open();
  void answer(std::string_view ping);
  std::string frame(websocket::Opcode opcode, std::string_view payload) const;
  // These two with mutex_ held.
  void flush();
  bool write();  // false: the socket takes no more now
  void watch(GIOCondition condition);
  void close();
  void end();

  const Place place_;
  const Flow flow_;
  const bool masks_;  // a client's frames are masked
  State state_;
  std::string path_;
  std::optional<websocket::ClientHandshake> handshake_;  // while it lasts
  websocket::FrameReader reader_;
  gpointer ready_ = nullptr;  // the descriptor, in source_
  Source source_;
  std::mutex mutex_;  // of what follows
  int descriptor_;    // -1: closed
  bool is_open_ = false;
  bool waits_ = false;  // for the socket to take more
  DatagramQueue queue_;
};

}  // namespace astral::udp
