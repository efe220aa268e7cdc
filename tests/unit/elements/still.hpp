// SPDX-License-Identifier: BSD-3-Clause
// A simulated world around an element: no thread, no socket, no clock. A program that compiles still.cpp uses
// its loops, timers, ICE, QUIC and clock instead of those in plugins/. Everything else of the element is
// real. The program decides, step by step, what happens and when.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "glue/time.hpp"
#include "ice/agent.hpp"
#include "quic/connection.hpp"

namespace astral::still {

// One link, seen from the peer. **Why** calls and not datagrams: QUIC's guarantees hold (a stream's bytes are
// in order and it ends once); within them the peer may do anything. Each call is one arrival; drained() ends
// a batch of them.
class Wire {
 public:
  // ---- what arrives ----
  void find();  // ICE has found a path
  void lose();  // ICE has found no path
  void establish();
  void data(quic::StreamId id, Bytes bytes, bool fin);
  void reset(quic::StreamId id, std::uint64_t code);
  void stop(quic::StreamId id, std::uint64_t code);
  void end();  // the connection ends with an idle timeout
  void drained();

  bool alive() const { return agent != nullptr; }
  bool open() const { return handler != nullptr && is_established && !is_closed; }
  std::size_t held() const;  // bytes that the peer has not acknowledged

  // ---- how the peer treats what it gets ----
  enum class Takes { all, unacknowledged, nothing };
  Takes takes = Takes::all;
  std::uint64_t streams = 1'000'000;  // streams of each kind that the peer grants
  Time rtt = 1ms;
  struct Sent {
    std::vector<std::uint8_t> bytes;
    std::size_t waiting = 0;  // bytes that no packet carries yet
    std::size_t flying = 0;   // bytes that are sent and not acknowledged
    bool fin = false;
    bool reset = false;
    bool over() const { return fin || reset; }
  };
  std::map<quic::StreamId, Sent> sent;

  // ---- the link's own, for still.cpp ----
  ice::Handler *agent = nullptr;
  quic::Handler *handler = nullptr;
  bool is_server = false;
  bool is_found = false;
  bool is_described = false;
  bool is_established = false;
  bool is_closed = false;
  int inside = 0;
  std::optional<quic::CloseReason> closing;
  std::uint64_t opened[2] = {0, 0};  // unidirectional, bidirectional
  std::set<quic::StreamId> known;    // the peer's streams
  std::set<quic::StreamId> dropped;  // streams that have ended or whose data is dropped
  void settle();

 private:
  bool can_receive(quic::StreamId id);
};

// The wires of all existing links, the oldest first.
std::vector<std::shared_ptr<Wire>> wires();
// Runs the mailboxes' tasks and the timers that are due, until there are none.
void run();
// Advances the clock, and calls run().
void pass(Time time);

}  // namespace astral::still
