// SPDX-License-Identifier: BSD-3-Clause
#include "origin/stun_port.hpp"

#include <algorithm>

#include "glue/key.hpp"
#include "glue/time.hpp"

namespace astral::origin {

Expected<std::unique_ptr<StunPort>> StunPort::open(std::uint16_t port) {
  auto socket = udp::Socket::open(port);
  if (!socket) return tl::unexpected<Error>(socket.error());
  auto other = udp::Socket::open(0);
  std::unique_ptr<StunPort> made(new StunPort(std::move(*socket), other ? std::move(*other) : nullptr));
  made->source_ = made->watch(*made->socket_, [](gint, GIOCondition, gpointer data) noexcept -> gboolean {
    static_cast<StunPort *>(data)->receive();
    return G_SOURCE_CONTINUE;
  });
  if (made->other_)
    made->other_source_ =
        made->watch(*made->other_, [](gint, GIOCondition, gpointer data) noexcept -> gboolean {
          static_cast<StunPort *>(data)->receive_at_other();
          return G_SOURCE_CONTINUE;
        });
  return made;
}

StunPort::~StunPort() = default;

Source StunPort::watch(udp::Socket &socket, GUnixFDSourceFunc ready) {
  Source source(g_unix_fd_source_new(socket.descriptor(), G_IO_IN));
  g_source_set_callback(source.get(), G_SOURCE_FUNC(ready), this, nullptr);
  g_source_attach(source.get(), nullptr);
  return source;
}

void StunPort::receive() {
  socket_->receive([this](Bytes run, std::size_t segment, const udp::Flow &flow) {
    for (; !run.empty(); run = run.subspan(std::min(segment, run.size())))
      answer(*socket_, run.first(std::min(segment, run.size())), flow);
  });
}

void StunPort::receive_at_other() {
  other_->receive([this](Bytes run, std::size_t segment, const udp::Flow &flow) {
    for (; !run.empty(); run = run.subspan(std::min(segment, run.size())))
      answer(*other_, run.first(std::min(segment, run.size())), flow);
  });
}

void StunPort::answer(udp::Socket &at, Bytes datagram, const udp::Flow &flow) {
  stun::Address other;
  if (&at == socket_.get() && other_ && flow.local.is_set()) {
    other = flow.local;
    other.port = other_->port();
  }
  const stun::Server::Answer answer = server_.answer(datagram, flow.remote, other, now());
  if (!answer.datagram.empty()) (answer.from_other_port ? *other_ : at).send(answer.datagram, flow);
}

bool StunPort::send_response(const std::string &id, const std::string &address) {
  const auto to = stun::parse_address(address);
  stun::TransactionId transaction{};
  if (!to || id.size() != 2 * transaction.size()) return false;
  std::ranges::copy(from_hex(id), transaction.begin());
  return socket_->send(stun::write_success(transaction, *to), {*to, {}});
}

}  // namespace astral::origin
