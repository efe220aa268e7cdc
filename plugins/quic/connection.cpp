// SPDX-License-Identifier: BSD-3-Clause
// The public interface of a connection, over Impl.
#include "quic/connection.hpp"

#include <cassert>

#include "quic/connection_impl.hpp"

namespace astral::quic {

Expected<std::unique_ptr<Connection>> Connection::open(const Config &config, Handler &handler, Path &path,
                                                       Time now) {
  if (!is_fingerprint(config.peer_fingerprint)) return fail(Code::invalid, "no fingerprint of the peer");
  if (config.alpn.empty() || config.alpn.size() > 255) return fail(Code::invalid, "no ALPN");
  if (config.initial_rtt <= 0ns || config.handshake_timeout <= 0ns || config.idle_timeout <= 0ns ||
      config.keep_alive < 0ns)
    return fail(Code::invalid, "the times of a connection must be positive");
  if (config.id_prefix.size() > max_id_prefix ||
      (!config.first_id.empty() &&
       (config.first_id.size() < NGTCP2_MIN_INITIAL_DCIDLEN || config.first_id.size() > NGTCP2_MAX_CIDLEN)))
    return fail(Code::invalid, "a connection ID of a size that QUIC does not allow");
  auto impl = std::make_unique<Impl>(config, handler, path, now);
  // A server creates its ngtcp2 state when the client's first packet arrives. TLS is prepared now, so that
  // open() reports a bad key in both roles.
  if (auto begun = config.server ? impl->prepare_tls() : impl->begin_client(now); !begun)
    return tl::unexpected(begun.error());
  return std::unique_ptr<Connection>(new Connection(std::move(impl)));
}

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() = default;

void Connection::receive(Bytes datagram, Time now) {
  impl_->receive(datagram, now);
}
void Connection::tick(Time now) {
  impl_->tick(now);
}
Time Connection::deadline() const {
  return impl_->deadline();
}
void Connection::flush(Time now) {
  impl_->flush(now);
}
Expected<StreamId> Connection::open_stream(bool bidirectional) {
  return impl_->open_stream(bidirectional);
}
void Connection::send(StreamId id, Slice data, bool fin) {
  impl_->send(id, std::move(data), fin);
}
void Connection::reset(StreamId id, std::uint64_t code) {
  impl_->reset(id, code);
}
void Connection::stop_sending(StreamId id, std::uint64_t code) {
  impl_->stop_sending(id, code);
}
void Connection::set_priority(StreamId id, int priority) {
  impl_->queue().set_priority(id, priority);
}
std::size_t Connection::backlog() const {
  return impl_->queue().backlog();
}
std::size_t Connection::background_backlog() const {
  return impl_->queue().background_backlog();
}
std::size_t Connection::backlog(StreamId id) const {
  return impl_->queue().backlog(id);
}
std::size_t Connection::in_flight() const {
  return impl_->queue().in_flight();
}
Time Connection::unanswered_since() const {
  return impl_->unanswered_since();
}
Time Connection::heard_at() const {
  return impl_->heard_at();
}
void Connection::close(std::uint64_t code, std::string_view reason, Time now) {
  impl_->close(code, reason, now);
}
bool Connection::established() const {
  return impl_->established();
}
bool Connection::closed() const {
  return impl_->closed();
}
Stats Connection::stats() const {
  return impl_->stats();
}

}  // namespace astral::quic
