// SPDX-License-Identifier: BSD-3-Clause
// One ICE component: finds a way for datagrams between two ends and carries them. Decides which descriptions
// are believed and how a burst leaves; not whether a quiet path is alive (QUIC does).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "ice/description.hpp"
#include "quic/path.hpp"

typedef struct _GMainContext GMainContext;

namespace astral::ice {

struct Config {
  bool controlling = false;         // the two ends differ; astral: the consumer (QUIC client) controls
  GMainContext *context = nullptr;  // all callbacks come from it; null: the default one
  std::string stun_host{};          // an IP address; empty: no server-reflexive candidates
  std::uint16_t stun_port = 3478;
  bool loopback = false;  // offer 127.0.0.1 too; a machine that has nothing else always does
};

// Called from the agent's context, never from within a call of the Agent's. Destroying the Agent from inside
// is safe in each of them; it is then the last thing that the callback may do with it.
class Handler {
 public:
  virtual ~Handler() = default;
  // A line `candidate:…`, for the peer's add_remote_candidate().
  virtual void on_local_candidate(const std::string &candidate) = 0;
  // local() is complete. Once.
  virtual void on_gathered() = 0;
  // Datagrams can be sent. Once; the path may change for a better one afterwards without a word.
  virtual void on_connected() = 0;
  // May come before on_connected(). `data` is valid during the call only.
  virtual void on_datagram(Bytes data) = 0;
  // What had arrived has been handed over: the moment to flush what answers it.
  virtual void on_drained() = 0;
  // No way was found, or the one there was has broken. Once, the last call.
  virtual void on_failed(const Error &error) = 0;
};

// Thread: the one that runs `context`. Owns: the sockets.
class Agent : public quic::Path {
 public:
  // Starts gathering. Errors: invalid (the STUN server's address), failed.
  static Expected<std::unique_ptr<Agent>> open(const Config &config, Handler &handler);
  ~Agent() override;
  Agent(const Agent &) = delete;
  Agent &operator=(const Agent &) = delete;

  // Ours, with the candidates that there are so far; each also comes through on_local_candidate().
  Description local() const;

  // Once. Errors: invalid, too_large, conflict (called twice); nothing of a refused description is used.
  Expected<void> set_remote(const Description &description);
  // After set_remote(). Errors: invalid, too_large (more than max_candidates in all).
  Expected<void> add_remote_candidate(std::string_view candidate);

  bool connected() const;
  // Between set_remote() and the connection a little is kept back and leaves with it; before that nothing
  // goes.
  bool send(Bytes packets, std::size_t segment) override;

  struct Stats {
    std::string local;  // "type address:port" of the selected pair, empty before
    std::string remote;
    std::uint64_t segmented = 0;  // bursts that left in one system call
    std::uint64_t single = 0;     // datagrams that left through libnice
    std::uint64_t bypassed = 0;   // datagrams that came past libnice (on the selected pair's socket)
  };
  Stats stats() const;

 private:
  class Impl;
  explicit Agent(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace astral::ice
