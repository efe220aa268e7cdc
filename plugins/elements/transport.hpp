// SPDX-License-Identifier: BSD-3-Clause
// The way of a link's datagrams: directly to the provider's UDP port, through an ICE component, or over TCP
// to the other node's HTTP port. Decides which of them is used: QUIC's handshake runs over all at once, and
// the fastest wins. TCP is tried only where UDP seems to be blocked.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "elements/direct.hpp"
#include "glue/loop.hpp"
#include "ice/agent.hpp"
#include "quic/path.hpp"
#include "udp/endpoint.hpp"

namespace astral::elements {

struct StunServer {
  std::string host{};  // an IP address; empty: no server-reflexive candidates
  std::uint16_t port = 0;
};

// **Thread**: the element's loop. The client sends to all ways until one answers, and stays with that. The
// server answers on the way that spoke last. settle() ends the race: what is not used is closed.
//
//     open ──connect()──▶ racing ──settle()──▶ settled (direct, ICE or TCP)
class Transport final : public quic::Path, private ice::Handler, private udp::RouteHandler {
 public:
  // A handler may call everything, and must not destroy the Transport.
  class Handler {
   public:
    virtual ~Handler() = default;
    virtual void on_transport_candidate(const std::string &candidate) = 0;
    virtual void on_transport_connected() = 0;  // by ICE or TCP; datagrams can be sent
    virtual void on_transport_datagram(Bytes data) = 0;
    // When the last datagram came that only the peer can have made.
    virtual Time heard_at() const = 0;
    virtual void on_transport_drained() = 0;
    virtual void on_transport_failed(const Error &error) = 0;  // no way is left, or it has ended
  };
  struct Settings {
    bool is_server = false;
    StunServer stun{};
    TurnServer turn{};
    std::shared_ptr<udp::Endpoint> endpoint{};  // null: a client opens one for itself, a server has none
  };
  // Datagrams that come before connect() wait: the client's handshake may overtake its Confirm.
  static constexpr std::size_t max_early = 16;
  static constexpr std::size_t max_early_size = 2048;  // of each
  // A peer that moves to another address is followed when nothing has come from the old one for this long. So
  // whoever takes a packet from the wire and sends it from elsewhere can turn the stream away for a moment
  // only.
  static constexpr Time move_after = 300ms;
  // A client tries all addresses of its provider again after this.
  static constexpr Time silent_after = 800ms;
  // So long UDP may be silent before TCP is tried. The first answer takes a round trip directly, and two to
  // three through ICE: enough for lines of 200 ms.
  static constexpr Time tcp_after = 600ms;
  // The same if this end knows no way over TCP: so the other end may have opened one by then.
  static constexpr Time give_up_after = 2 * tcp_after;

  static Expected<std::unique_ptr<Transport>> open(const Settings &settings, GMainContext *context,
                                                   Handler &handler);
  ~Transport() override;

  ice::Description describe() const { return ice_->local(); }
  // What this end says of itself. Server: in its offer, before connect(). Client: in its confirm, after it.
  Direct offered() const;
  // `direct`: what the other end says of itself. Errors: as ice::Agent::set_remote().
  Expected<void> connect(const ice::Description &remote, const Direct &direct);
  Expected<void> add_candidate(const std::string &candidate);
  // The client's handshake may begin, or has a way at last.
  bool can_send() const { return !targets_.empty() || (ice_ && ice_->connected()); }
  // Hands over what came before connect().
  void deliver_early();
  // The handshake is through.
  void settle();

  bool send(Bytes packets, std::size_t segment) override;

  // For quic::Config.
  std::vector<std::uint8_t> id_prefix() const;
  std::vector<std::uint8_t> first_id() const;
  bool has_heard() const { return last_ != Way::none; }  // anything from the peer
  // "direct", "ice", "tcp"; empty: not settled.
  const char *way() const;

 private:
  enum class Way { none, direct, ice, tcp };
  Transport(const Settings &settings, GMainContext *context, Handler &handler)
      : settings_(settings),
        context_(context),
        handler_(handler),
        tcp_timer_(context, [this] { try_tcp(); }) {}
  bool open_route();
  void try_tcp();
  void give_up_without_udp();
  void take_from_elsewhere(Bytes data, const udp::Flow &flow);
  bool send_directly(Bytes packets, std::size_t segment);
  bool follows() const;  // whether a datagram changes the way

  void on_local_candidate(const std::string &candidate) override;
  void on_gathered() override {}
  void on_connected() override;
  void on_datagram(Bytes data) override;
  void on_drained() override { handler_.on_transport_drained(); }
  void on_failed(const Error &error) override;
  void on_route_datagram(Bytes data, const udp::Flow &flow) override;
  void on_route_drained() override { handler_.on_transport_drained(); }
  void on_route_stream(const udp::Flow &flow, bool is_open) override;

  const Settings settings_;
  GMainContext *const context_;
  Handler &handler_;
  bool connected_ = false;  // connect() was called
  bool settled_ = false;
  Way last_ = Way::none;  // the way of the last datagram that came; client: of the first
  bool ice_failed_ = false;
  bool tcp_failed_ = true;          // or there is none
  bool tcp_waited_ = false;         // once more, because something was heard
  Direct direct_;                   // the other end's
  std::vector<udp::Flow> targets_;  // client: where its first packets go, and those into silence
  // Of the last datagram that came directly or over TCP; once settled: see move_after.
  std::optional<udp::Flow> flow_;
  Time flow_heard_{};  // once settled: when the last datagram came by it
  // Client: its last burst, before anything was heard. A way that opens later gets it at once.
  std::vector<std::uint8_t> unheard_;
  std::size_t unheard_segment_ = 0;
  std::vector<std::pair<std::vector<std::uint8_t>, udp::Flow>> early_;
  std::unique_ptr<ice::Agent> ice_;
  std::unique_ptr<udp::Route> route_;
  Timer tcp_timer_;
};

}  // namespace astral::elements
