// SPDX-License-Identifier: BSD-3-Clause
// The world around an element, standing still: no thread, no socket, no clock. A program that has still.cpp
// among its sources gets its loops and timers, ICE and QUIC from there instead of from plugins/, and the time
// too. All else of the element is real; what happens, and when, the program says step by step.
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

// One link, from the other machine's side. **Why** these calls and no datagrams: what QUIC promises to a link
// holds here as well (a stream's bytes are in order and end once), all else the other machine may do. Each
// call but drained() is what arrives; drained() is the end of what arrived together.
class Wire {
 public:
  // ---- what arrives ----
  void find();  // ICE has found the way
  void lose();  // it has found none
  void establish();
  void data(quic::StreamId id, Bytes bytes, bool fin);
  void reset(quic::StreamId id, std::uint64_t code);
  void stop(quic::StreamId id, std::uint64_t code);
  void end();  // of the connection: by the other machine, or nothing was heard of it
  void drained();

  bool alive() const { return agent != nullptr; }
  bool open() const { return handler != nullptr && is_established && !is_closed; }
  std::size_t held() const;  // bytes that the other machine has not taken

  // ---- what the other machine does with what it gets ----
  enum class Takes { all, unacknowledged, nothing };
  Takes takes = Takes::all;
  std::uint64_t streams = 1'000'000;  // of each kind that it grants
  Time rtt = 1ms;
  struct Sent {
    std::vector<std::uint8_t> bytes;
    std::size_t waiting = 0;  // of them that are in no packet yet
    std::size_t flying = 0;   // or were not acknowledged
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
  std::set<quic::StreamId> known;    // of the other machine's
  std::set<quic::StreamId> deaf;     // nothing of them is delivered any more
  void settle();

 private:
  bool can_receive(quic::StreamId id);
};

// The wires of all links there are, the oldest first.
std::vector<std::shared_ptr<Wire>> wires();
// Delivers letters and what is due, until nothing is.
void run();
// Lets time pass, and run().
void pass(Time time);

}  // namespace astral::still
