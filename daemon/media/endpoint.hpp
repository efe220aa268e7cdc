// SPDX-License-Identifier: BSD-3-Clause
// The node's UDP port: an AstralEndpoint of the plugin, which the elements of all streams share.
#pragma once

#include <gst/gst.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "protocol/families.hpp"
#include "protocol/nat.hpp"

namespace astral::media {

// What the plugin's signal nat-changed says. A NAT whose filter lets in only whom we have sent to may ask for
// the address alone or for the port too; that is not found out, and the stricter one is assumed.
protocol::Nat nat_of(const GstStructure *found);

// **Thread**: the default main context, which also calls the handlers. **Owns** a reference to the endpoint;
// links that still run keep the port open.
class Endpoint {
 public:
  struct Handler {
    // `address`: ours as others see it, "HOST:PORT"; empty if UDP is blocked.
    std::function<void(const protocol::Nat &, const std::string &address)> on_nat;
    // Have another server send a STUN response with this id to our port.
    std::function<void(const std::string &id, std::uint16_t port)> on_response_wanted;
  };

  // Port 0: a free one. Errors: conflict (the port is taken), failed.
  static Expected<std::unique_ptr<Endpoint>> open(std::uint16_t port, Handler handler);
  ~Endpoint();
  Endpoint(const Endpoint &) = delete;
  Endpoint &operator=(const Endpoint &) = delete;

  std::uint16_t port() const;
  // "ADDRESS:PORT" each; the first two are asked. `third`: whom on_response_wanted asks; empty: nobody.
  void ask_servers(const std::vector<std::string> &servers, const std::string &third);
  // "ADDRESS:PORT" of the NAT's outside that it says it forwards to ours; empty: none. on_nat follows if that
  // changes anything.
  void set_forwarded(const std::string &address);
  // False: a malformed id or address.
  bool send_response(const std::string &id, const std::string &address);
  std::array<bool, 2> answered() const;  // which of the servers, when they were asked last
  protocol::Families families() const;   // in which others may reach it, at this moment
  // For links over TCP: whether one has this id, and the socket of a WebSocket that was opened for it.
  bool expects_stream(const std::string &id) const;
  bool accept_stream(const std::string &id, GIOStream *connection);
  GObject *object() const { return object_.get(); }

 private:
  Endpoint(Ref<GObject> object, Handler handler);
  std::array<bool, 2> flags(const char *first, const char *second) const;  // of `stats`

  const Ref<GObject> object_;
  const std::shared_ptr<Handler> handler_;
  std::pair<std::string, std::string> asked_;  // as ask_servers() takes them
  // The endpoint's thread posts here.
  const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>(g_main_context_default());
  std::vector<SignalHandler> signals_;
};

}  // namespace astral::media
