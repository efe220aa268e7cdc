// SPDX-License-Identifier: BSD-3-Clause
// Keeps the node's UDP port asking the right STUN servers, and tells the node and the log what its NAT is.
// Resolves names at the start and again when the network changes. Has the router asked to forward the ports.
#pragma once

#include <gio/gio.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/doctor.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "glue/turn_uri.hpp"
#include "media/endpoint.hpp"
#include "media/pipelines.hpp"
#include "node/port_mapper.hpp"
#include "node/stun_servers.hpp"
#include "node/turn_probe.hpp"
#include "peer/third_server.hpp"
#include "runtime/driver.hpp"

namespace astral::node {

// **Thread**: the default main context. Everything that it is given must outlive it.
class NatWatch {
 public:
  struct Settings {
    std::string stun;    // HOST:PORT of --stun; empty: none
    TurnServer turn;     // of --turn; without a host: none
    std::string origin;  // URL; empty: none
    bool maps_ports = false;
    std::uint16_t tcp_port = 0;  // HTTP
  };
  // `endpoint` may be null (--udp-port no): then only the elements learn their servers.
  NatWatch(Settings settings, runtime::Driver &driver, media::Pipelines &pipelines);
  ~NatWatch();
  NatWatch(const NatWatch &) = delete;
  NatWatch &operator=(const NatWatch &) = delete;

  void use(media::Endpoint *endpoint);
  // The known nodes have changed.
  void changed();
  void leave();  // the node ends
  api::Surroundings surroundings() const;
  // For media::Endpoint::Handler.
  void on_nat(const protocol::Nat &found, const std::string &address);
  void on_response_wanted(const std::string &id, std::uint16_t port);

 private:
  struct Lookup;
  void resolve();
  void resolve(GSocketConnectable *parsed, bool http, std::vector<StunServer> &into);
  void resolve(const std::string &name, std::uint16_t port, std::uint16_t http_port,
               std::vector<StunServer> &into);
  void choose();
  void use_turn();
  void on_turn_answer();
  std::vector<std::string> contacted();
  void on_mapping();
  void tell_node();

  const Settings settings_;
  runtime::Driver &driver_;
  media::Pipelines &pipelines_;
  media::Endpoint *endpoint_ = nullptr;
  std::vector<StunServer> given_, origin_, turn_;  // resolved
  StunChoice choice_;
  std::map<std::string, Time> asked_;  // hosts, and until when they were
  std::string address_;   // ours as others see it
  std::string said_;      // the last line for the log
  protocol::Nat nat_;     // as the node knows it
  protocol::Nat before_;  // what the NAT did before it forwarded the port
  peer::ThirdServer third_;
  std::unique_ptr<TurnProbe> turn_probe_;
  stun::TurnAnswer turn_answer_ = stun::TurnAnswer::none;  // the last one
  int turn_error_ = 0;
  PortMapper mapper_;
  Ref<GCancellable> cancellable_;
  SignalHandler network_;
  bool is_due_ = false;  // choosing_ is set
  Timer choosing_, resolving_;
};

}  // namespace astral::node
