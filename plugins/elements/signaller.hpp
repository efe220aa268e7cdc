// SPDX-License-Identifier: BSD-3-Clause
// The way an element's messages take to the rest of Astral: over a WebSocket to a node, or by the hands of
// the application that owns the element. Decides nothing about what is said.
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
    virtual void on_signaller_open() = 0;  // messages may be sent
    virtual void on_signaller_message(const std::string &text) = 0;
    // Once, the last call. Errors: unreachable, timeout, refused.
    virtual void on_signaller_lost(const Error &error) = 0;
  };

  virtual ~Signaller() = default;
  virtual void send(const std::string &text) = 0;
};

// `node`: http://HOST:PORT; its /peer is connected. Heartbeats keep it.
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

// What is sent goes to `emit`; what comes is given to the owner by the element itself.
class ApplicationSignaller final : public Signaller {
 public:
  explicit ApplicationSignaller(std::function<void(const std::string &)> emit) : emit_(std::move(emit)) {}
  void send(const std::string &text) override { emit_(text); }

 private:
  std::function<void(const std::string &)> emit_;
};

}  // namespace astral::elements
