// SPDX-License-Identifier: BSD-3-Clause
#include "elements/transport.hpp"

namespace astral::elements {

Transport::~Transport() = default;

Expected<std::unique_ptr<Transport>> Transport::open(const Settings &settings, GMainContext *context,
                                                     Handler &handler) {
  std::unique_ptr<Transport> transport(new Transport(settings, context, handler));
  const ice::Config config{.controlling = !settings.is_server,
                           .context = context,
                           .stun_host = settings.stun.host,
                           .stun_port = settings.stun.port,
                           .turn = settings.turn,
                           .loopback = true};
  auto agent = ice::Agent::open(config, *transport);
  if (!agent) return tl::unexpected<Error>(agent.error());
  transport->ice_ = std::move(*agent);
  if (settings.is_server && settings.endpoint)
    transport->route_ = settings.endpoint->open_route(context, *transport);
  return transport;
}

Direct Transport::offered() const {
  if (!route_ || !settings_.endpoint) return {};
  Direct own{.secret = route_->secret()};
  if (settings_.is_server) own.addresses = route_->endpoint().addresses();
  return own;
}

// An end without an endpoint uses a port of its own for this link. If there is none, ICE goes on.
bool Transport::open_route() {
  if (route_) return true;
  std::shared_ptr<udp::Endpoint> endpoint = settings_.endpoint;
  if (!endpoint) {
    auto opened = udp::Endpoint::open({.context = context_, .answers_stun = false});
    if (!opened) return false;
    endpoint = std::move(*opened);
  }
  route_ = endpoint->open_route(context_, *this);
  return true;
}

Expected<void> Transport::connect(const ice::Description &remote, const Direct &direct) {
  if (auto set = ice_->set_remote(remote); !set) return set;
  connected_ = true;
  const bool has_port = settings_.endpoint || direct.tcp || !direct.addresses.empty();
  if (!has_port || !open_route()) return {};
  direct_ = direct;
  if (!settings_.is_server)
    for (const udp::Address &address : direct.addresses) targets_.push_back({address, {}});
  if (!direct.tcp) {
    // A TURN server may be inside, or reached over TCP.
    if (settings_.turn.host.empty()) tcp_timer_.set(now() + give_up_after);
    return {};
  }
  tcp_failed_ = false;
  if (route_->endpoint().udp_blocked())
    try_tcp();
  else
    tcp_timer_.set(now() + tcp_after);
  return {};
}

// ICE goes on for seconds where nothing can come of it. Meanwhile another node may relay.
void Transport::give_up_without_udp() {
  if (last_ != Way::none || !tcp_failed_ || !route_->endpoint().udp_blocked()) return;
  handler_.on_transport_failed({Code::unreachable, "UDP is blocked"});
}

// Where something was heard, the handshake is given as much time again.
void Transport::try_tcp() {
  if (settled_ || !route_) return;
  if (!direct_.tcp) return give_up_without_udp();
  if (last_ != Way::none && !std::exchange(tcp_waited_, true)) return tcp_timer_.set(now() + tcp_after);
  route_->open_stream(*direct_.tcp, direct_.secret);
}

Expected<void> Transport::add_candidate(const std::string &candidate) {
  if (!connected_ || !ice_) return {};
  return ice_->add_remote_candidate(candidate);
}

void Transport::deliver_early() {
  if (early_.empty()) return;
  for (const auto &[data, flow] : std::exchange(early_, {})) on_route_datagram(data, flow);
  handler_.on_transport_drained();
}

// The client stays with the way that answered first, so the server's last packet of the handshake has come by
// the way that both settle on.
bool Transport::follows() const {
  return !settled_ && (settings_.is_server || last_ == Way::none);
}

void Transport::settle() {
  settled_ = true;
  unheard_ = {};
  tcp_timer_.set(never);
  if (last_ == Way::direct || last_ == Way::tcp)
    ice_.reset();
  else
    route_.reset();
  std::erase_if(targets_, [this](const udp::Flow &to) { return to.over_tcp || last_ != Way::direct; });
  if (last_ == Way::direct && route_) route_->close_stream();
  flow_heard_ = now();
}

// Before the race has ended the client's packets go everywhere: they are few, and QUIC drops copies.
bool Transport::send(Bytes packets, std::size_t segment) {
  if (last_ == Way::direct && settled_) return send_directly(packets, segment);
  if (last_ == Way::direct || last_ == Way::tcp)
    return route_ && flow_ && route_->send(packets, segment, *flow_);
  if (last_ == Way::ice || settings_.is_server) return ice_ && ice_->send(packets, segment);
  unheard_.assign(packets.begin(), packets.end());
  unheard_segment_ = segment;
  bool sent = false;
  for (const udp::Flow &target : targets_) sent = route_->send(packets, segment, target) || sent;
  return (ice_ && ice_->send(packets, segment)) || sent;
}

// A provider that is silent may have lost the address that the client uses, and keep another one. It follows
// the client.
bool Transport::send_directly(Bytes packets, std::size_t segment) {
  bool sent = route_->send(packets, segment, *flow_);
  if (targets_.empty() || now() - flow_heard_ < silent_after) return sent;
  for (const udp::Flow &target : targets_) sent = route_->send(packets, segment, target) || sent;
  return sent;
}

std::vector<std::uint8_t> Transport::id_prefix() const {
  if (!route_) return {};
  return {route_->id().begin(), route_->id().end()};
}

std::vector<std::uint8_t> Transport::first_id() const {
  if (settings_.is_server || (direct_.addresses.empty() && !direct_.tcp)) return {};
  return {direct_.secret.begin(), direct_.secret.end()};
}

const char *Transport::way() const {
  if (!settled_) return "";
  return last_ == Way::tcp ? "tcp" : last_ == Way::direct ? "direct" : "ice";
}

void Transport::on_local_candidate(const std::string &candidate) {
  handler_.on_transport_candidate(candidate);
}

void Transport::on_connected() {
  handler_.on_transport_connected();
}

void Transport::on_datagram(Bytes data) {
  if (follows()) last_ = Way::ice;
  handler_.on_transport_datagram(data);
}

// By then the direct way has had more than two seconds. Once settled, ICE's failures are ignored because
// libnice reports some by mistake. QUIC decides whether the path is alive.
void Transport::on_failed(const Error &error) {
  ice_failed_ = true;
  if (!settled_ && tcp_failed_ && last_ != Way::direct) handler_.on_transport_failed(error);
}

void Transport::on_route_datagram(Bytes data, const udp::Flow &flow) {
  if (!connected_) {
    if (early_.size() < max_early && data.size() <= max_early_size)
      early_.push_back({{data.begin(), data.end()}, flow});
    return;
  }
  if (follows()) {
    last_ = flow.over_tcp ? Way::tcp : Way::direct;
    flow_ = flow;
  }
  if (settled_ && last_ == Way::direct && flow != *flow_) return take_from_elsewhere(data, flow);
  flow_heard_ = now();
  handler_.on_transport_datagram(data);
}

void Transport::take_from_elsewhere(Bytes data, const udp::Flow &flow) {
  if (flow.over_tcp) return;
  const Time before = handler_.heard_at();
  handler_.on_transport_datagram(data);
  const Time time = now();
  if (handler_.heard_at() == before || time - flow_heard_ < move_after) return;
  flow_ = flow;
  flow_heard_ = time;
}

// The other end may have opened the stream: whoever can be reached is called.
void Transport::on_route_stream(const udp::Flow &flow, bool is_open) {
  if (!is_open) {
    tcp_failed_ = true;
    std::erase(targets_, flow);
    const bool is_last = settled_ ? last_ == Way::tcp : ice_failed_ && last_ != Way::direct;
    if (is_last) handler_.on_transport_failed({Code::unreachable, "the TCP connection has ended"});
    return;
  }
  if (settled_) {  // by another way: no datagram would ever come
    if (route_) route_->close_stream();
    return;
  }
  tcp_failed_ = false;
  if (settings_.is_server) return;
  targets_.push_back(flow);
  if (last_ == Way::none && !unheard_.empty()) route_->send(unheard_, unheard_segment_, flow);
  handler_.on_transport_connected();
}

}  // namespace astral::elements
