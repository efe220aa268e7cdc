// SPDX-License-Identifier: BSD-3-Clause
#include "udp/endpoint.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>

#include "glue/match.hpp"
#include "glue/random.hpp"
#include "udp/local_addresses.hpp"

namespace astral::udp {

namespace {

constexpr int full_wait_ms =
    5;  // a buffer of 400 KB is empty after that at 640 Mbit/s, and after 34 ms at 100

constexpr std::size_t max_local_addresses = 64;

}  // namespace

Expected<std::shared_ptr<Endpoint>> Endpoint::open(const Config &config, Events events) {
  auto socket = Socket::open(config.port);
  if (!socket) return tl::unexpected<Error>(socket.error());
  std::shared_ptr<Endpoint> endpoint(new Endpoint(std::move(*socket), config, std::move(events)));
  if (!config.context) {
    endpoint->thread_ = std::make_unique<LoopThread>("astral-udp");
    endpoint->thread_->run([&] { endpoint->start(); });
  } else {
    endpoint->start();
  }
  return endpoint;
}

Endpoint::Endpoint(std::unique_ptr<Socket> socket, const Config &config, Events events)
    : group_(std::make_shared<SocketGroup>(std::move(socket))), config_(config), events_(std::move(events)) {}

Endpoint::~Endpoint() {
  const auto stop = [this] {
    receiver_.reset();
    probe_.reset();
    mailbox_.reset();
    timer_.reset();
  };
  thread_ ? thread_->run(stop) : stop();
}

GMainContext *Endpoint::context() const {
  return thread_ ? thread_->context() : config_.context;
}

void Endpoint::start() {
  GMainContext *context = this->context();
  timer_ = std::make_unique<Timer>(context, [this] { tick(); });
  mailbox_ = std::make_unique<Mailbox>(context);
  ReceiverHandler &handler = *this;
  receiver_.emplace(group_->first(), context, handler);
}

void Endpoint::on_readable() {
  const std::size_t datagrams = receiver_->receive(
      thread_ != nullptr, [this](Bytes datagram, const Flow &flow) { take(datagram, flow); });
  const stun::Server::Counts stun = server_.counts();
  counts_.with([&](Counts &counts) {
    counts.datagrams += datagrams;
    counts.stun_answered = stun.answered;
    counts.stun_limited = stun.limited;
  });
}

void Endpoint::take(Bytes datagram, const Flow &flow) {
  if (stun::looks_like_stun(datagram))
    take_stun(datagram, flow);
  else
    hand_on(datagram, flow);
}

// Any thread.
void Endpoint::hand_on(Bytes datagram, const Flow &flow) {
  const auto found = table_.with([&](const Table &table) { return table.routes.find(datagram); });
  counts_.with([&](Counts &counts) { ++(found ? counts.handed_on : counts.stray); });
  if (found) found->second->put(found->first, datagram, flow);
}

void Endpoint::take_stun(Bytes datagram, const Flow &flow) {
  if (config_.answers_stun) {
    const auto answer = server_.answer(datagram, flow.remote, now());
    if (!answer.empty()) {
      group_->first().send(answer, flow);
      return;
    }
  }
  if (!take_answer(datagram, flow)) counts_.with([](Counts &counts) { ++counts.stray; });
}

bool Endpoint::take_answer(Bytes datagram, const Flow &flow) {
  const auto message = stun::parse(datagram);
  std::vector<stun::Discovery::Effect> effects;
  if (!message || !discovery_ || !discovery_->handle(*message, flow.remote, now(), effects)) return false;
  perform(std::move(effects));
  return true;
}

std::vector<Address> Endpoint::addresses() const {
  std::vector<Address> found = local_addresses(port(), group_->first().takes_ipv6(), max_addresses);
  const stun::Nat nat = this->nat();
  if (!nat.reachable() || std::ranges::find(found, nat.mapped) != found.end()) return found;
  if (found.size() == max_addresses) found.pop_back();
  found.insert(found.begin(), nat.mapped);
  return found;
}

stun::Nat Endpoint::nat() const {
  return nat_.with([](const stun::Nat &nat) { return nat; });
}

Families Endpoint::families() const {
  const auto local = local_addresses(port(), group_->first().takes_ipv6(), max_local_addresses);
  return udp::families(local, nat().mapped);
}

Endpoint::Counts Endpoint::counts() const {
  return counts_.with([](const Counts &counts) { return counts; });
}

std::size_t Endpoint::routes() const {
  return table_.with([](const Table &table) { return table.routes.size(); });
}

// With a context, that receives for all.
std::shared_ptr<Inbox> Endpoint::open_inbox(GMainContext *context) {
  if (!thread_) return Inbox::open(context);
  return Inbox::open(context, group_,
                     {.take =
                          [weak = weak_from_this()](Bytes datagram, const Flow &flow) {
                            if (const auto endpoint = weak.lock()) endpoint->hand_on(datagram, flow);
                          },
                      .count =
                          [weak = weak_from_this()](std::size_t datagrams) {
                            if (const auto endpoint = weak.lock())
                              endpoint->counts_.with([&](Counts &counts) { counts.datagrams += datagrams; });
                          }});
}

std::unique_ptr<Route> Endpoint::open_route(GMainContext *context, RouteHandler &handler) {
  auto inbox = table_.with([&](Table &table) { return table.inboxes[context].lock(); });
  if (!inbox) {
    inbox = open_inbox(context);
    table_.with([&](Table &table) {
      std::erase_if(table.inboxes, [](const auto &entry) { return entry.second.expired(); });
      table.inboxes[context] = inbox;
    });
  }
  Routes<Slot>::Ids ids;
  do {
    ids = {random_bytes<std::tuple_size_v<RouteId>>(), random_bytes<std::tuple_size_v<Secret>>()};
    ids.route[0] = inbox->number();
  } while (!table_.with([&](Table &table) { return table.routes.add(ids, inbox->slot()); }));
  inbox->add(ids.route, handler);
  return std::unique_ptr<Route>(new Route(shared_from_this(), std::move(inbox), ids));
}

void Endpoint::remove(const Routes<Slot>::Ids &ids) {
  auto had = table_.with([&](Table &table) {
    table.routes.remove(ids);
    return table.streams.extract(ids.route);
  });
  if (!had.empty()) stop(std::move(had.mapped()));
}

// ---- streams ----

// False: the link has had its stream, or is gone.
bool Endpoint::add_stream(const RouteId &route, const std::shared_ptr<Stream> &stream) {
  const bool added = table_.with([&](Table &table) {
    return table.routes.contains(route) && table.streams.try_emplace(route, stream).second;
  });
  if (added) mailbox_->post([stream, context = context()] { stream->start(context); });
  return added;
}

std::shared_ptr<Stream> Endpoint::stream_of(const RouteId &route) const {
  return table_.with([&](const Table &table) {
    const auto found = table.streams.find(route);
    return found == table.streams.end() ? nullptr : found->second;
  });
}

void Endpoint::stop(std::shared_ptr<Stream> stream) {
  mailbox_->post([stream = std::move(stream)] { stream->stop(); });
}

bool Endpoint::expects_stream(const Secret &secret) const {
  return table_.with([&](const Table &table) {
    const auto found = table.routes.find(secret);
    return found && !table.streams.contains(found->first);
  });
}

bool Endpoint::accept_stream(const Secret &secret, int descriptor) {
  const auto found = table_.with([&](const Table &table) { return table.routes.find(secret); });
  if (!found) {
    ::close(descriptor);
    return false;
  }
  return add_stream(found->first, Stream::accept({found->first, found->second, *mailbox_}, descriptor));
}

void Route::open_stream(const Address &to, const Secret &theirs) {
  if (endpoint_->stream_of(ids_.route)) return;
  endpoint_->add_stream(ids_.route,
                        Stream::connect({ids_.route, inbox_->slot(), *endpoint_->mailbox_}, to, theirs));
}

void Route::close_stream() {
  if (auto stream = endpoint_->stream_of(ids_.route)) endpoint_->stop(std::move(stream));
}

Route::~Route() {
  endpoint_->remove(ids_);
  inbox_->remove(ids_.route);
}

const Socket &Route::socket() const {
  return inbox_->socket() ? *inbox_->socket() : endpoint_->group_->first();
}

bool Route::send(Bytes packets, std::size_t segment, const Flow &to) {
  if (to.over_tcp) {
    const auto stream = endpoint_->stream_of(ids_.route);
    return stream && stream->send(packets, segment);
  }
  const Socket &from = socket();
  if (!sender_.aimed() || aim_ != to) {
    sockaddr_storage address, source;
    const socklen_t size = from.resolve(to.remote, address);
    if (size == 0) return false;
    sender_.aim(from.descriptor(), address, size);
    if (from.resolve(to.local, source) > 0) sender_.leave_from(source);
    aim_ = to;
  }
  UdpSender::Result result = sender_.send(packets, segment);
  // All links of a thread share one send buffer. When it is full the line is, for all of them alike, so
  // waiting for room delays nobody who could send. QUIC would take what is not sent for lost.
  if (result == UdpSender::Result::would_block) {
    pollfd writable{from.descriptor(), POLLOUT, 0};
    if (::poll(&writable, 1, full_wait_ms) > 0) result = sender_.send(packets, segment);
  }
  return result == UdpSender::Result::sent;
}

// ---- the NAT ----

void Endpoint::ask_servers(std::vector<Address> servers, const Address &third) {
  mailbox_->post([this, servers = std::move(servers), third] {
    if (servers == servers_ && third == third_) return;
    servers_ = servers;
    third_ = third;
    filter_known_until_ = {};
    begin_discovery();
  });
}

void Endpoint::set_forwarded(const Address &address) {
  mailbox_->post([this, address] {
    if (std::exchange(forwarded_, address) != address) begin_discovery();
  });
}

bool Endpoint::send_response(const stun::TransactionId &id, const Address &to) {
  return group_->first().send(stun::write_success(id, to), {to, {}});
}

void Endpoint::begin_discovery() {
  probe_.reset();
  next_check_ = servers_.empty() ? never : now() + check_interval;
  if (servers_.empty()) {
    udp_blocked_ = false;
    discovery_.reset();
    timer_->set(never);
    return;
  }
  std::array<stun::TransactionId, 4> ids;
  for (stun::TransactionId &id : ids) id = stun::id_with_cookie(random_bytes<12>());
  const bool knows_filter = now() < filter_known_until_ && !forwarded_.is_set();
  discovery_.emplace(servers_, local_addresses(port(), group_->first().takes_ipv6(), max_local_addresses),
                     knows_filter ? Address{} : third_, ids, forwarded_, knows_filter);
  std::vector<stun::Discovery::Effect> effects;
  discovery_->start(now(), effects);
  perform(std::move(effects));
}

void Endpoint::tick() {
  const Time time = now();
  std::vector<stun::Discovery::Effect> effects;
  if (discovery_ && discovery_->deadline() <= time) discovery_->tick(time, effects);
  if (discovery_ && discovery_->done() && time >= next_check_) return begin_discovery();
  perform(std::move(effects));
}

void Endpoint::perform(std::vector<stun::Discovery::Effect> effects) {
  for (const stun::Discovery::Effect &effect : effects)
    std::visit(Match{[this](const stun::Discovery::Send &send) {
                       if (!send.from_probe) {
                         group_->first().send(send.datagram, {send.to, {}});
                         return;
                       }
                       if (!probe_)
                         probe_ = Probe::open(context(), [this](Bytes datagram, const Flow &flow) {
                           take_answer(datagram, flow);
                         });
                       if (probe_) probe_->send(send.datagram, send.to);
                     },
                     [this](const stun::Discovery::AskThird &ask) {
                       if (events_.ask_third) events_.ask_third(ask.id, ask.port);
                     }},
               effect);
  // At the start nothing is known yet, and a first guess that UDP is blocked keeps people from waiting for
  // links that do not come up. Whoever answers later corrects it.
  if (discovery_->knows_mapping() || (!has_concluded_ && discovery_->is_silent())) conclude();
  timer_->set(discovery_->done() ? next_check_ : std::min(discovery_->deadline(), next_check_));
}

void Endpoint::conclude() {
  if (discovery_->done() && discovery_->nat().filtering != stun::Filtering::unknown)
    filter_known_until_ = now() + filter_check_interval;
  const stun::Nat found = with_filter_of(nat(), discovery_->nat());
  if (discovery_->done() && found.filtering == stun::Filtering::unknown &&
      now() < std::exchange(filter_known_until_, {}))
    next_check_ = now();  // the NAT is another one
  udp_blocked_ = !found.udp;
  const bool changed = nat_.with([&](stun::Nat &nat) { return std::exchange(nat, found) != found; });
  const bool is_first = !std::exchange(has_concluded_, true);
  if ((changed || is_first) && events_.nat_changed) events_.nat_changed(found);
}

}  // namespace astral::udp
