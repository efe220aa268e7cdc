// SPDX-License-Identifier: BSD-3-Clause
#include "node/nat_watch.hpp"

#include <algorithm>
#include <utility>

namespace astral::node {
namespace {

constexpr Time settle_time = 100ms;       // many nodes become known at once
constexpr Time resolve_again = 5min;      // a name may move without a change of our network
constexpr Time longest_filter = 10min;    // how long a NAT lets in whom we have sent to, with some to spare
constexpr std::size_t max_addresses = 4;  // of one name

const char *text(stun::TurnAnswer answer) {
  switch (answer) {
    case stun::TurnAnswer::none:
      return "asking";
    case stun::TurnAnswer::allocated:
      return "allocated";
    case stun::TurnAnswer::wrong_credentials:
      return "wrong-credentials";
    case stun::TurnAnswer::refused:
      return "refused";
    case stun::TurnAnswer::silent:
      return "silent";
  }
  return "";
}

}  // namespace

struct NatWatch::Lookup {
  NatWatch *watch;
  std::uint16_t port, http_port;
  std::vector<StunServer> *into;
};

NatWatch::NatWatch(Settings settings, runtime::Driver &driver, media::Pipelines &pipelines)
    : settings_(std::move(settings)),
      driver_(driver),
      pipelines_(pipelines),
      mapper_(settings_.maps_ports, settings_.tcp_port, [this] { on_mapping(); }),
      cancellable_(Ref<GCancellable>::adopt(g_cancellable_new())),
      choosing_(g_main_context_default(), [this] { choose(); }),
      resolving_(g_main_context_default(), [this] { resolve(); }) {
  GNetworkMonitor *monitor = g_network_monitor_get_default();
  const auto on_network = +[](GNetworkMonitor *, gboolean, gpointer self) noexcept {
    static_cast<NatWatch *>(self)->resolving_.set(now() + settle_time);
  };
  network_ = {monitor, g_signal_connect(monitor, "network-changed", G_CALLBACK(on_network), this)};
  resolve();
}

NatWatch::~NatWatch() {
  g_cancellable_cancel(cancellable_.get());
}

void NatWatch::use(media::Endpoint *endpoint) {
  endpoint_ = endpoint;
  nat_ = {};
  tell_node();
  if (endpoint) mapper_.use_udp_port(endpoint->port());
  choose();
}

void NatWatch::tell_node() {
  if (endpoint_) driver_.nat_known(endpoint_->port(), nat_, endpoint_->families());
}

void NatWatch::leave() {
  mapper_.leave();
}

api::Surroundings NatWatch::surroundings() const {
  const PortMapping &mapping = mapper_.mapping();
  api::Surroundings around{.address = address_,
                           .local_address = mapping.surroundings().local,
                           .router = mapping.surroundings().gateway};
  around.port_mapping.allowed = mapping.surroundings().allowed;
  around.port_mapping.state = text(mapping.state());
  around.port_mapping.error = mapping.error();
  if (const auto &mapped = mapping.mapped()) {
    around.port_mapping.protocol = mapped->protocol;
    around.port_mapping.address = mapped->address;
    around.port_mapping.udp_port = mapped->outside.udp;
    around.port_mapping.tcp_port = mapped->outside.tcp;
  }
  if (!settings_.turn.host.empty())
    around.turn_server = {
        .address = StunServer{settings_.turn.host, settings_.turn.port}.text(),
        .over_tcp = settings_.turn.over_tcp,
        .state = turn_answer_ == stun::TurnAnswer::none && turn_.empty() ? "unresolved" : text(turn_answer_),
        .error = static_cast<std::uint16_t>(turn_error_)};
  if (!endpoint_) return around;
  const auto answered = endpoint_->answered();
  for (std::size_t i = 0; i < std::min(choice_.asked.size(), answered.size()); ++i)
    around.stun_servers.push_back({choice_.asked[i].text(), answered[i]});
  return around;
}

// A router that does not say its address is not believed: a third server has to come through.
void NatWatch::on_mapping() {
  const auto &mapped = mapper_.mapping().mapped();
  std::string address;
  if (mapped && mapped->outside.udp != 0)
    address =
        (mapped->address.empty() ? "0.0.0.0" : mapped->address) + ":" + std::to_string(mapped->outside.udp);
  if (endpoint_) endpoint_->set_forwarded(address);
  if (!mapped) before_ = {};
}

void NatWatch::changed() {
  if (!std::exchange(is_due_, true)) choosing_.set(now() + settle_time);
}

void NatWatch::resolve() {
  resolving_.set(now() + resolve_again);
  mapper_.look_at_network();
  tell_node();
  if (!settings_.stun.empty())
    resolve(g_network_address_parse(settings_.stun.c_str(), 0, nullptr), false, given_);
  if (!settings_.origin.empty())
    resolve(g_network_address_parse_uri(settings_.origin.c_str(), 80, nullptr), true, origin_);
  if (!settings_.turn.host.empty()) resolve(settings_.turn.host, settings_.turn.port, 0, turn_);
  choose();
}

void NatWatch::resolve(GSocketConnectable *parsed, bool http, std::vector<StunServer> &into) {
  const auto owner = Ref<GSocketConnectable>::adopt(parsed);
  if (!parsed) return;
  auto *address = reinterpret_cast<GNetworkAddress *>(parsed);
  const std::uint16_t port = g_network_address_get_port(address);
  resolve(g_network_address_get_hostname(address), port, http ? port : 0, into);
}

// While a name cannot be resolved, its last addresses stay.
void NatWatch::resolve(const std::string &name, std::uint16_t port, std::uint16_t http_port,
                       std::vector<StunServer> &into) {
  const auto resolver = Ref<GResolver>::adopt(g_resolver_get_default());
  g_resolver_lookup_by_name_async(
      resolver.get(), name.c_str(), cancellable_.get(),
      [](GObject *source, GAsyncResult *result, gpointer data) noexcept {
        const std::unique_ptr<Lookup> lookup(static_cast<Lookup *>(data));
        GError *raw = nullptr;
        GList *found = g_resolver_lookup_by_name_finish(G_RESOLVER(source), result, &raw);
        const GErrorPtr error(raw);
        if (g_error_matches(raw, G_IO_ERROR, G_IO_ERROR_CANCELLED)) return;
        if (error) return g_warning("STUN or TURN server: %s", raw->message);
        std::vector<StunServer> servers;
        for (GList *item = found; item && servers.size() < max_addresses; item = item->next) {
          const GString_ text(g_inet_address_to_string(static_cast<GInetAddress *>(item->data)));
          servers.push_back({text.get(), lookup->port, lookup->http_port});
        }
        g_resolver_free_addresses(found);
        *lookup->into = std::move(servers);
        lookup->watch->choose();
        if (lookup->into == &lookup->watch->turn_) lookup->watch->use_turn();
      },
      new Lookup{this, port, http_port, &into});
}

// The hosts that have been asked and may still be let in.
std::vector<std::string> NatWatch::contacted() {
  const Time time = now();
  for (const StunServer &server : choice_.asked) asked_[server.host] = time;
  std::erase_if(asked_, [time](const auto &entry) { return entry.second + longest_filter < time; });
  std::vector<std::string> hosts;
  for (const auto &[host, until] : asked_) hosts.push_back(host);
  return hosts;
}

void NatWatch::choose() {
  is_due_ = false;
  const core::NodeView &node = driver_.node();
  StunChoice choice = choose_stun_servers(given_, node.self(), node.nodes(), origin_, contacted());
  const bool is_new = choice != choice_;
  choice_ = std::move(choice);
  if (is_new) pipelines_.use_stun(choice_.asked.empty() ? std::string() : choice_.asked[0].text());
  if (!endpoint_) return;
  std::vector<std::string> servers;
  for (const StunServer &server : choice_.asked) servers.push_back(server.text());
  endpoint_->ask_servers(servers, choice_.third ? choice_.third->text() : "");
}

void NatWatch::use_turn() {
  if (turn_.empty()) return;
  TurnServer server = settings_.turn;
  server.host = turn_[0].host;
  pipelines_.use_turn(to_uri(server));
  turn_probe_ = std::make_unique<TurnProbe>(server, [this] { on_turn_answer(); });
}

void NatWatch::on_turn_answer() {
  turn_answer_ = turn_probe_->check().answer();
  turn_error_ = turn_probe_->check().error_code();
}

void NatWatch::on_nat(const protocol::Nat &found, const std::string &address) {
  protocol::Nat nat = found;
  if (nat.udp == protocol::Udp::behind_nat) before_ = nat;
  // The NAT still does to all other ports what it did.
  if (nat.udp == protocol::Udp::open && mapper_.mapping().mapped() &&
      before_.udp == protocol::Udp::behind_nat) {
    nat.mapping = before_.mapping;
    nat.filtering = before_.filtering;
  }
  const bool blocked = nat.udp == protocol::Udp::blocked;
  if (blocked && !choice_.silence_means_blocked) return;
  address_ = address;
  nat_ = nat;
  tell_node();
  mapper_.nat_known(nat.udp);
  const bool open = nat.udp == protocol::Udp::open;
  const std::string line =
      blocked ? "UDP: no STUN server answers"
              : "UDP: others see " + address +
                    (open ? "; strangers can reach it" : "; a NAT or a firewall is before it");
  if (std::exchange(said_, line) != line) g_message("%s", line.c_str());
}

void NatWatch::on_response_wanted(const std::string &id, std::uint16_t port) {
  if (choice_.third)
    third_.ask("http://" + StunServer{choice_.third->host, choice_.third->http_port}.text(), id, port);
}

}  // namespace astral::node
