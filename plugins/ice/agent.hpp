// SPDX-License-Identifier: BSD-3-Clause
// One ICE component: finds a path for datagrams between two ends and carries them. Decides which peer
// descriptions are valid and how a burst is sent. Whether a silent path is alive is for QUIC to decide.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "glue/bytes.hpp"
#include "glue/error.hpp"
#include "glue/turn_uri.hpp"
#include "ice/description.hpp"
#include "quic/path.hpp"

typedef struct _GMainContext GMainContext;

namespace astral::ice {

struct Config {
  bool controlling = false;         // the ends must differ; in Astral the QUIC client controls
  GMainContext *context = nullptr;  // runs all callbacks; null: the default context
  std::string stun_host{};          // an IP address; empty: no server-reflexive candidates
  std::uint16_t stun_port = 3478;
  TurnServer turn{};      // with an IP address as host; empty: no relay candidates
  bool loopback = false;  // also offer 127.0.0.1; always offered if there is no other address
};

// The agent's context calls these, never a call of the Agent itself. A handler may destroy the Agent, as its
// last action.
class Handler {
 public:
  virtual ~Handler() = default;
  // A line `candidate:…` for the peer's add_remote_candidate().
  virtual void on_local_candidate(const std::string &candidate) = 0;
  // Called once: local() is complete.
  virtual void on_gathered() = 0;
  // Called once: datagrams can be sent. Later the path may change to a better one, without a call.
  virtual void on_connected() = 0;
  // May be called before on_connected(). `data` is valid during the call only.
  virtual void on_datagram(Bytes data) = 0;
  // All datagrams that had arrived have been delivered: flush the answers now.
  virtual void on_drained() = 0;
  // The last call, at most once: no path was found.
  virtual void on_failed(const Error &error) = 0;
};

// **Thread**: the one that runs `context`. **Owns** the sockets.
class Agent : public quic::Path {
 public:
  // Starts to gather candidates. Errors: invalid (a server's address), failed.
  static Expected<std::unique_ptr<Agent>> open(const Config &config, Handler &handler);
  ~Agent() override;
  Agent(const Agent &) = delete;
  Agent &operator=(const Agent &) = delete;

  // Our description, with the candidates found so far. on_local_candidate() reports each of them too.
  Description local() const;

  // Call this once. Errors: invalid, too_large, conflict (called twice). Uses nothing of a refused
  // description.
  Expected<void> set_remote(const Description &description);
  // Call this after set_remote(). Errors: invalid, too_large (more than max_candidates in all).
  Expected<void> add_remote_candidate(std::string_view candidate);

  bool connected() const;
  // Before set_remote() this returns false. Between set_remote() and the connection it keeps up to 32 KiB,
  // which are sent when the connection is there.
  bool send(Bytes packets, std::size_t segment) override;

  struct Stats {
    std::string local;  // "type address port" of the selected pair; empty: none yet
    std::string remote;
    std::uint64_t segmented = 0;  // bursts sent in one system call
    std::uint64_t single = 0;     // datagrams sent through libnice
    std::uint64_t bypassed = 0;   // datagrams received on the bypass socket
  };
  Stats stats() const;

 private:
  class Impl;
  explicit Agent(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace astral::ice
