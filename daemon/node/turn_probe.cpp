// SPDX-License-Identifier: BSD-3-Clause
#include "node/turn_probe.hpp"

#include <array>
#include <utility>

#include "glue/bytes.hpp"
#include "glue/random.hpp"
#include "glue/time.hpp"

namespace astral::node {
namespace {

constexpr std::size_t max_received = 4096;  // an answer has two texts of at most 763 bytes each

std::array<stun::TransactionId, 3> random_ids() {
  std::array<stun::TransactionId, 3> ids;
  for (stun::TransactionId &id : ids) id = stun::id_with_cookie(random_bytes<12>());
  return ids;
}

Ref<GSocket> connected_to(const TurnServer &server) {
  const auto address =
      Ref<GSocketAddress>::adopt(g_inet_socket_address_new_from_string(server.host.c_str(), server.port));
  if (!address) return {};
  auto socket = Ref<GSocket>::adopt(g_socket_new(
      g_socket_address_get_family(address.get()),
      server.over_tcp ? G_SOCKET_TYPE_STREAM : G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_DEFAULT, nullptr));
  if (!socket) return {};
  g_socket_set_blocking(socket.get(), FALSE);
  GError *raw = nullptr;
  g_socket_connect(socket.get(), address.get(), nullptr, &raw);
  const GErrorPtr error(raw);
  return raw && !g_error_matches(raw, G_IO_ERROR, G_IO_ERROR_PENDING) ? Ref<GSocket>() : std::move(socket);
}

}  // namespace

TurnProbe::TurnProbe(const TurnServer &server, std::function<void()> done)
    : over_tcp_(server.over_tcp),
      done_(std::move(done)),
      check_(server.user, server.password, random_ids()),
      socket_(connected_to(server)),
      is_connected_(!server.over_tcp),
      timer_(g_main_context_default(), [this] {
        stun::TurnCheck::Messages out;
        check_.tick(now(), out);
        send(out);
      }) {
  if (socket_) watch(is_connected_ ? G_IO_IN : G_IO_OUT);
  stun::TurnCheck::Messages out;
  check_.start(now(), out);
  send(out);
}

void TurnProbe::watch(GIOCondition condition) {
  source_ = Source(g_socket_create_source(socket_.get(), condition, nullptr));
  const GSocketSourceFunc ready = [](GSocket *, GIOCondition happened, gpointer data) noexcept -> gboolean {
    return static_cast<TurnProbe *>(data)->on_ready(happened) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
  };
  g_source_set_callback(source_.get(), G_SOURCE_FUNC(ready), this, nullptr);
  g_source_attach(source_.get(), nullptr);
}

bool TurnProbe::on_ready(GIOCondition condition) {
  if (is_connected_) return receive();
  if ((condition & (G_IO_ERR | G_IO_HUP)) != 0 || !g_socket_check_connect_result(socket_.get(), nullptr))
    return false;
  is_connected_ = true;
  flush();
  watch(G_IO_IN);
  return true;  // of the source that has just been replaced
}

bool TurnProbe::receive() {
  std::array<gchar, max_received> buffer;
  const gssize size = g_socket_receive(socket_.get(), buffer.data(), buffer.size(), nullptr, nullptr);
  if (size <= 0) return !over_tcp_;  // of UDP an ICMP error, which may pass
  if (!over_tcp_) received_.clear();
  received_.insert(received_.end(), buffer.begin(), buffer.begin() + size);
  if (received_.size() > max_received) return false;
  take();
  return true;
}

// Over TCP a message's header says how long it is.
void TurnProbe::take() {
  stun::TurnCheck::Messages out;
  while (received_.size() >= stun::header_size) {
    const std::size_t size =
        over_tcp_ ? stun::header_size + (std::size_t{received_[2]} << 8 | received_[3]) : received_.size();
    if (received_.size() < size) break;
    check_.handle(Bytes(received_).first(size), now(), out);
    received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(size));
  }
  send(out);
}

void TurnProbe::send(const stun::TurnCheck::Messages &messages) {
  for (const auto &message : messages) {
    unsent_ = message;
    flush();
  }
  timer_.set(check_.deadline());
  if (check_.done() && !std::exchange(is_over_, true)) done_();
}

void TurnProbe::flush() {
  if (!socket_ || !is_connected_) return;
  g_socket_send(socket_.get(), reinterpret_cast<const gchar *>(unsent_.data()), unsent_.size(), nullptr,
                nullptr);
}

}  // namespace astral::node
