// SPDX-License-Identifier: BSD-3-Clause
// How an element exchanges signalling messages with the network: over a WebSocket to a node, or through the
// application. Does not decide what the messages say.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "glue/error.hpp"
#include "glue/loop.hpp"

namespace astral::elements {

// **Thread**: the element's loop.
class Signaller {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_signaller_open() = 0;  // send() works from now on
    virtual void on_signaller_message(const std::string &text) = 0;
    // The last call, once. Errors: unreachable, timeout, refused.
    virtual void on_signaller_lost(const Error &error) = 0;
  };

  virtual ~Signaller() = default;
  virtual void send(const std::string &text) = 0;
};

// Connects to /peer of `node` (http://HOST:PORT). Heartbeats keep the connection alive.
class NodeSignaller final : public Signaller {
 public:
  static constexpr Time connect_timeout = 5s;
  static constexpr Time heartbeat = 5s;

  NodeSignaller(const std::string &node, GMainContext *context, Owner &owner);
  ~NodeSignaller() override;
  void send(const std::string &text) override;

 private:
  struct Socket;
  std::unique_ptr<Socket> socket_;
};

// Passes outgoing messages to `emit`; the element itself gives incoming ones to the owner.
class ApplicationSignaller final : public Signaller {
 public:
  explicit ApplicationSignaller(std::function<void(const std::string &)> emit) : emit_(std::move(emit)) {}
  void send(const std::string &text) override { emit_(text); }

 private:
  std::function<void(const std::string &)> emit_;
};

}  // namespace astral::elements
