// SPDX-License-Identifier: BSD-3-Clause
#include "ice/agent.hpp"

#include <nice/agent.h>
#include <nice/interfaces.h>

#include <cassert>
#include <deque>
#include <functional>

#include "glue/ref.hpp"
#include "ice/bypass.hpp"
#include "udp/udp_sender.hpp"

namespace astral::ice {
namespace {

constexpr guint component = 1;
constexpr std::size_t max_addresses = 12;  // each gives up to 2 candidates (host, srflx): 24 of 32
constexpr std::size_t max_addresses_with_turn = 10;      // and a relay candidate
constexpr gint64 connect_timeout = 10 * G_USEC_PER_SEC;  // from set_remote(); libnice gives up after 2.6 s
// Bytes that send() keeps until this end is connected. The peer may be connected a moment earlier, and its
// first packets may be here: our answers wait for our own connection.
constexpr std::size_t max_early = 32 * 1024;
constexpr int socket_buffer = 1 << 20;  // for a key frame's burst; rmem_max may allow less
// Five times faster than RFC 8445 suggests: a link is up after 11 ms on loopback instead of 26.
constexpr guint stun_pacing_ms = 5;
constexpr guint idle_timeout_ms = 500;

struct NiceFree {
  void operator()(NiceCandidate *candidate) const { nice_candidate_free(candidate); }
};
using Candidate = std::unique_ptr<NiceCandidate, NiceFree>;

std::string address_text(const NiceAddress &address) {
  char text[INET6_ADDRSTRLEN] = {};
  nice_address_to_string(&address, text);
  return std::string(text) + " " + std::to_string(nice_address_get_port(&address));
}

bool is_server_address(const std::string &host, std::uint16_t port) {
  NiceAddress address;
  nice_address_init(&address);
  return port != 0 && nice_address_set_from_string(&address, host.c_str());
}

bool is_link_local(const std::string &text) {
  return text.starts_with("fe80:") || text.starts_with("169.254.");
}

// The machine's addresses, without link-local ones (a peer cannot know their interface). Loopback only if
// asked for, or if there is no other address.
std::vector<std::string> local_addresses(bool loopback, std::size_t most) {
  std::vector<std::string> found;
  GList *all = nice_interfaces_get_local_ips(FALSE);
  for (GList *item = all; item && found.size() < most; item = item->next) {
    std::string text = static_cast<const char *>(item->data);
    if (!is_link_local(text)) found.push_back(std::move(text));
  }
  g_list_free_full(all, g_free);
  if (loopback || found.empty()) found.emplace_back("127.0.0.1");
  return found;
}

}  // namespace

// States; gathering runs at the same time:     new ──set_remote()──▶ checking ──▶ connected
//                                                                      └──▶ failed
// libnice's events are queued and delivered from `wake_`, so that no handler runs inside a call of the owner.
class Agent::Impl : public std::enable_shared_from_this<Agent::Impl> {
 public:
  explicit Impl(const Config &config, Handler &handler) : config_(config), handler_(&handler) {}

  Expected<void> open();
  void detach();
  Description local() const;
  Expected<void> set_remote(const Description &description);
  Expected<void> add_remote_candidate(std::string_view candidate);
  bool connected() const { return connected_; }
  bool send(Bytes packets, std::size_t segment);
  Stats stats() const;

 private:
  static Impl &self(gpointer data) { return *static_cast<Impl *>(data); }
  void on_local(const NiceCandidate &candidate);
  void on_state(guint state);
  void on_data(Bytes data);
  void on_drained();
  void refresh_pair();
  void post(std::function<void()> event);
  void arm();
  void dispatch();
  void fail_with(Code code, const char *detail);
  bool apply(const std::vector<std::string> &candidates);
  std::string sdp(const NiceCandidate &candidate) const;
  void close();

  const Config config_;
  Handler *handler_;  // null after the owner was destroyed or on_failed() was called
  Ref<GMainContext> context_;
  Ref<NiceAgent> agent_;
  guint stream_ = 0;
  std::vector<SignalHandler> signals_;
  Source wake_;
  std::deque<std::function<void()>> events_;
  bool drained_due_ = false;
  int inside_ = 0;  // depth of callbacks of libnice or `wake_`
  bool detached_ = false;
  bool has_remote_ = false;
  std::size_t remote_candidates_ = 0;
  gint64 deadline_ = -1;  // until when to connect; monotonic, microseconds; -1: none
  bool connected_ = false;
  bool failed_ = false;
  Ref<GSocket> socket_;
  udp::UdpSender sender_;
  std::unique_ptr<Bypass> bypass_;
  struct Early {
    std::vector<std::uint8_t> packets;
    std::size_t segment;
  };
  std::vector<Early> early_;  // sent between set_remote() and the connection
  std::size_t early_size_ = 0;
  std::uint64_t single_ = 0;
};

Expected<void> Agent::Impl::open() {
  context_ = Ref<GMainContext>::retain(config_.context ? config_.context : g_main_context_default());
  const bool has_turn = !config_.turn.host.empty();
  if (!config_.stun_host.empty() && !is_server_address(config_.stun_host, config_.stun_port))
    return fail(Code::invalid, "the STUN server needs a numeric address and a port");
  if (has_turn && !is_server_address(config_.turn.host, config_.turn.port))
    return fail(Code::invalid, "the TURN server needs a numeric address and a port");
  agent_ = Ref<NiceAgent>::adopt(
      nice_agent_new_full(context_.get(), NICE_COMPATIBILITY_RFC5245, NICE_AGENT_OPTION_NONE));
  g_object_set(agent_.get(), "upnp", FALSE, "ice-tcp", FALSE, "controlling-mode",
               static_cast<gboolean>(config_.controlling), "stun-pacing-timer", stun_pacing_ms,
               "idle-timeout", idle_timeout_ms, nullptr);
  if (!config_.stun_host.empty())
    g_object_set(agent_.get(), "stun-server", config_.stun_host.c_str(), "stun-server-port",
                 static_cast<guint>(config_.stun_port), nullptr);
  stream_ = nice_agent_add_stream(agent_.get(), 1);
  if (stream_ == 0) return fail(Code::failed, "libnice cannot add a stream");
  if (has_turn &&
      !nice_agent_set_relay_info(agent_.get(), stream_, component, config_.turn.host.c_str(),
                                 config_.turn.port, config_.turn.user.c_str(), config_.turn.password.c_str(),
                                 config_.turn.over_tcp ? NICE_RELAY_TYPE_TURN_TCP : NICE_RELAY_TYPE_TURN_UDP))
    return fail(Code::failed, "libnice cannot use the TURN server");
  const std::size_t most = has_turn ? max_addresses_with_turn : max_addresses;
  for (const std::string &text : local_addresses(config_.loopback, most)) {
    NiceAddress address;
    nice_address_init(&address);
    if (nice_address_set_from_string(&address, text.c_str()))
      nice_agent_add_local_address(agent_.get(), &address);
  }

  static GSourceFuncs functions{
      nullptr, nullptr, [](GSource *, GSourceFunc call, gpointer data) -> gboolean { return call(data); },
      nullptr, nullptr, nullptr};
  wake_ = Source(g_source_new(&functions, sizeof(GSource)));
  g_source_set_callback(
      wake_.get(),
      [](gpointer data) -> gboolean {
        const auto alive = self(data).shared_from_this();
        alive->dispatch();
        return G_SOURCE_CONTINUE;
      },
      this, nullptr);
  g_source_attach(wake_.get(), context_.get());

  const auto connect = [this](const char *signal, auto *thunk) {
    signals_.emplace_back(agent_.get(), g_signal_connect(agent_.get(), signal, G_CALLBACK(thunk), this));
  };
  connect(
      "new-candidate-full", +[](NiceAgent *, NiceCandidate *candidate, gpointer data) noexcept {
        self(data).on_local(*candidate);
      });
  connect(
      "candidate-gathering-done", +[](NiceAgent *, guint, gpointer data) noexcept {
        Impl &impl = self(data);
        impl.post([&impl] { impl.handler_->on_gathered(); });
      });
  connect(
      "component-state-changed",
      +[](NiceAgent *, guint, guint, guint state, gpointer data) noexcept { self(data).on_state(state); });
  connect(
      "new-selected-pair-full", +[](NiceAgent *, guint, guint, NiceCandidate *, NiceCandidate *,
                                    gpointer data) noexcept { self(data).refresh_pair(); });
  nice_agent_attach_recv(
      agent_.get(), stream_, component, context_.get(),
      [](NiceAgent *, guint, guint, guint size, gchar *bytes, gpointer data) noexcept {
        const auto alive = self(data).shared_from_this();
        alive->on_data({reinterpret_cast<const std::uint8_t *>(bytes), size});
      },
      this);
  if (!nice_agent_gather_candidates(agent_.get(), stream_))
    return fail(Code::failed, "no local address can be bound");
  GPtrArray *sockets = nice_agent_get_sockets(agent_.get(), stream_, component);
  for (guint i = 0; sockets && i < sockets->len; ++i) {
    const int descriptor = g_socket_get_fd(static_cast<GSocket *>(sockets->pdata[i]));
    for (const int option : {SO_RCVBUF, SO_SNDBUF})
      setsockopt(descriptor, SOL_SOCKET, option, &socket_buffer, sizeof socket_buffer);
  }
  if (sockets) g_ptr_array_unref(sockets);
  return {};
}

void Agent::Impl::close() {
  signals_.clear();
  wake_.reset();
  events_.clear();
  bypass_.reset();
  sender_.reset();
  socket_.reset();
  if (agent_ && stream_ != 0) {
    nice_agent_attach_recv(agent_.get(), stream_, component, context_.get(), nullptr, nullptr);
    // This also sends the request that ends a TURN allocation. Nobody waits for the answer, because the
    // context may end now; libnice logs that.
    nice_agent_remove_stream(agent_.get(), stream_);
  }
  agent_.reset();
}

// The owner is being destroyed. Inside a callback libnice still uses its objects, so they are freed in the
// loop's next turn.
void Agent::Impl::detach() {
  handler_ = nullptr;
  detached_ = true;
  if (inside_ == 0) return close();
  events_.clear();
  wake_.reset();
  if (bypass_) bypass_->stop();
  GSource *later = g_idle_source_new();
  g_source_set_priority(later, G_PRIORITY_DEFAULT);
  g_source_set_callback(
      later,
      [](gpointer data) -> gboolean {
        (*static_cast<std::shared_ptr<Impl> *>(data))->close();
        return G_SOURCE_REMOVE;
      },
      new std::shared_ptr<Impl>(shared_from_this()),
      [](gpointer data) { delete static_cast<std::shared_ptr<Impl> *>(data); });
  g_source_attach(later, context_.get());
  g_source_unref(later);
}

void Agent::Impl::post(std::function<void()> event) {
  if (!handler_) return;
  events_.push_back(std::move(event));
  arm();
}

void Agent::Impl::arm() {
  if (!wake_) return;
  const bool due = !events_.empty() || drained_due_;
  g_source_set_ready_time(wake_.get(), due ? 0 : deadline_);
}

void Agent::Impl::dispatch() {
  ++inside_;
  while (handler_ && !events_.empty()) {
    const auto event = std::move(events_.front());
    events_.pop_front();
    event();
  }
  if (std::exchange(drained_due_, false) && handler_) handler_->on_drained();
  if (handler_ && deadline_ >= 0 && g_get_monotonic_time() >= deadline_)
    fail_with(Code::timeout, "no path to the peer was found in time");
  --inside_;
  arm();
}

void Agent::Impl::fail_with(Code code, const char *detail) {
  deadline_ = -1;
  if (failed_ || connected_) return;
  failed_ = true;
  post([this, error = Error{code, detail}] {
    Handler *handler = std::exchange(handler_, nullptr);
    handler->on_failed(error);
  });
}

std::string Agent::Impl::sdp(const NiceCandidate &candidate) const {
  const GString_ text(
      nice_agent_generate_local_candidate_sdp(agent_.get(), const_cast<NiceCandidate *>(&candidate)));
  return std::string(text.get()).substr(std::string_view("a=").size());
}

void Agent::Impl::on_local(const NiceCandidate &candidate) {
  if (candidate.transport != NICE_CANDIDATE_TRANSPORT_UDP) return;
  post([this, line = sdp(candidate)] { handler_->on_local_candidate(line); });
}

void Agent::Impl::on_state(guint state) {
  if (state == NICE_COMPONENT_STATE_CONNECTED || state == NICE_COMPONENT_STATE_READY) {
    refresh_pair();
    if (std::exchange(connected_, true) || failed_) return;
    deadline_ = -1;
    for (const Early &burst : std::exchange(early_, {})) send(burst.packets, burst.segment);
    post([this] { handler_->on_connected(); });
  } else if (state == NICE_COMPONENT_STATE_FAILED) {
    // After the connection libnice's state is ignored: QUIC notices a dead path sooner, and is never wrong.
    fail_with(Code::unreachable, "no pair of ICE candidates works");
  }
}

void Agent::Impl::on_data(Bytes data) {
  if (!handler_) return;
  ++inside_;
  if (!std::exchange(drained_due_, true)) arm();
  handler_->on_datagram(data);
  --inside_;
}

void Agent::Impl::on_drained() {
  if (!handler_) return;
  ++inside_;
  handler_->on_drained();
  --inside_;
}

void Agent::Impl::refresh_pair() {
  if (bypass_ && bypass_->receiving()) return post([this] { refresh_pair(); });
  sender_.reset();
  socket_ = Ref<GSocket>::adopt(nice_agent_get_selected_socket(agent_.get(), stream_, component));
  NiceCandidate *local = nullptr, *remote = nullptr;
  if (!socket_ || !nice_agent_get_selected_pair(agent_.get(), stream_, component, &local, &remote))
    return bypass_.reset();  // through TURN: libnice must unwrap each datagram
  sockaddr_storage to{};
  nice_address_copy_to_sockaddr(&remote->addr, reinterpret_cast<sockaddr *>(&to));
  const socklen_t size = to.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  const int descriptor = g_socket_get_fd(socket_.get());
  sender_.aim(descriptor, to, size);
  if (bypass_ && bypass_->neighbour() == descriptor) return;
  bypass_.reset();
  bypass_ = Bypass::open(
      descriptor, context_.get(),
      [this](Bytes data) {
        const auto alive = shared_from_this();
        ++inside_;
        if (handler_) handler_->on_datagram(data);
        --inside_;
      },
      [this] {
        const auto alive = shared_from_this();
        on_drained();
      });
}

bool Agent::Impl::send(Bytes packets, std::size_t segment) {
  if (!connected_) {
    if (!has_remote_ || failed_ || early_size_ + packets.size() > max_early) return false;
    early_size_ += packets.size();
    early_.push_back({{packets.begin(), packets.end()}, segment});
    return true;
  }
  if (sender_.aimed()) return sender_.send(packets, segment) == udp::UdpSender::Result::sent;
  // Through TURN: libnice must wrap each datagram.
  for (bool first = true; !packets.empty(); first = false) {
    const Bytes one = packets.first(std::min(segment, packets.size()));
    const gint sent = nice_agent_send(agent_.get(), stream_, component, static_cast<guint>(one.size()),
                                      reinterpret_cast<const gchar *>(one.data()));
    if (sent < 0) return !first;
    ++single_;
    packets = packets.subspan(one.size());
  }
  return true;
}

Description Agent::Impl::local() const {
  Description description;
  gchar *ufrag = nullptr, *pwd = nullptr;
  if (nice_agent_get_local_credentials(agent_.get(), stream_, &ufrag, &pwd)) {
    description.ufrag = ufrag;
    description.pwd = pwd;
    g_free(ufrag);
    g_free(pwd);
  }
  GSList *candidates = nice_agent_get_local_candidates(agent_.get(), stream_, component);
  for (GSList *item = candidates; item; item = item->next) {
    const auto *candidate = static_cast<NiceCandidate *>(item->data);
    if (candidate->transport == NICE_CANDIDATE_TRANSPORT_UDP &&
        description.candidates.size() < max_candidates)
      description.candidates.push_back(sdp(*candidate));
  }
  g_slist_free_full(candidates,
                    [](gpointer data) { nice_candidate_free(static_cast<NiceCandidate *>(data)); });
  return description;
}

bool Agent::Impl::apply(const std::vector<std::string> &candidates) {
  std::vector<Candidate> parsed;
  for (const std::string &line : candidates) {
    Candidate candidate(nice_agent_parse_remote_candidate_sdp(agent_.get(), stream_, ("a=" + line).c_str()));
    if (!candidate) return false;
    parsed.push_back(std::move(candidate));
  }
  GSList *list = nullptr;
  for (auto candidate = parsed.rbegin(); candidate != parsed.rend(); ++candidate)
    list = g_slist_prepend(list, candidate->get());
  if (list) nice_agent_set_remote_candidates(agent_.get(), stream_, component, list);
  g_slist_free(list);
  remote_candidates_ += candidates.size();
  return true;
}

Expected<void> Agent::Impl::set_remote(const Description &description) {
  if (has_remote_) return fail(Code::conflict, "the peer's ICE description has been set already");
  if (auto good = check(description); !good) return good;
  if (!nice_agent_set_remote_credentials(agent_.get(), stream_, description.ufrag.c_str(),
                                         description.pwd.c_str()))
    return fail(Code::failed, "libnice refuses the peer's credentials");
  has_remote_ = true;
  deadline_ = g_get_monotonic_time() + connect_timeout;
  arm();
  if (!apply(description.candidates)) return fail(Code::invalid, "an ICE candidate that libnice cannot read");
  return {};
}

Expected<void> Agent::Impl::add_remote_candidate(std::string_view candidate) {
  if (!has_remote_) return fail(Code::invalid, "an ICE candidate before the description");
  if (remote_candidates_ >= max_candidates) return fail(Code::too_large, "more than 32 ICE candidates");
  if (auto good = check_candidate(candidate); !good) return good;
  if (!apply({std::string(candidate)}))
    return fail(Code::invalid, "an ICE candidate that libnice cannot read");
  return {};
}

Agent::Stats Agent::Impl::stats() const {
  Stats stats;
  stats.segmented = sender_.segmented();
  stats.single = single_;
  stats.bypassed = bypass_ ? bypass_->received() : 0;
  NiceCandidate *local = nullptr, *remote = nullptr;
  if (nice_agent_get_selected_pair(agent_.get(), stream_, component, &local, &remote)) {
    const auto text = [](const NiceCandidate &candidate) {
      return std::string(nice_candidate_type_to_string(candidate.type)) + " " + address_text(candidate.addr);
    };
    stats.local = text(*local);
    stats.remote = text(*remote);
  }
  return stats;
}

Expected<std::unique_ptr<Agent>> Agent::open(const Config &config, Handler &handler) {
  auto impl = std::make_shared<Impl>(config, handler);
  std::unique_ptr<Agent> agent(new Agent(impl));
  if (auto opened = impl->open(); !opened) return tl::unexpected(opened.error());
  return agent;
}

Agent::Agent(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Agent::~Agent() {
  impl_->detach();
}
Description Agent::local() const {
  return impl_->local();
}
Expected<void> Agent::set_remote(const Description &description) {
  return impl_->set_remote(description);
}
Expected<void> Agent::add_remote_candidate(std::string_view candidate) {
  return impl_->add_remote_candidate(candidate);
}
bool Agent::connected() const {
  return impl_->connected();
}
bool Agent::send(Bytes packets, std::size_t segment) {
  return impl_->send(packets, segment);
}
Agent::Stats Agent::stats() const {
  return impl_->stats();
}

}  // namespace astral::ice
