// SPDX-License-Identifier: BSD-3-Clause
#include "elements/link.hpp"

#include <algorithm>
#include <cassert>

#include "glue/match.hpp"
#include "glue/time.hpp"

namespace astral::elements {

namespace {

constexpr int control_priority = 0;

}  // namespace

Link::Link(std::string ticket, moqt::Role role, const LinkSettings &settings, GMainContext *context,
           Owner &owner)
    : ticket_(std::move(ticket)),
      role_(role),
      settings_(settings),
      owner_(owner),
      session_(role),
      timer_(context, [this] { wake(); }) {}

Link::~Link() = default;

Expected<std::unique_ptr<Link>> Link::open(std::string ticket, moqt::Role role, const LinkSettings &settings,
                                           GMainContext *context, Owner &owner) {
  std::unique_ptr<Link> link(new Link(std::move(ticket), role, settings, context, owner));
  const Transport::Settings transport{.is_server = role == moqt::Role::server,
                                      .stun = settings.stun,
                                      .turn = settings.turn,
                                      .endpoint = settings.endpoint};
  auto opened = Transport::open(transport, context, *link);
  if (!opened) return tl::unexpected<Error>(opened.error());
  link->transport_ = std::move(*opened);
  link->setup_deadline_ = now() + setup_timeout;
  link->timer_.set(link->setup_deadline_);
  return link;
}

ice::Description Link::describe() {
  ice::Description description = transport_->describe();
  described_ = description.candidates;
  return description;
}

Expected<void> Link::connect(const std::string &fingerprint, const ice::Description &remote,
                             const Direct &direct) {
  if (!peer_.empty()) return fail(Code::conflict, "the ticket has been confirmed already");
  if (!is_fingerprint(fingerprint))
    return fail(Code::invalid, "the fingerprint is not 64 hexadecimal digits");
  if (auto set = transport_->connect(remote, direct); !set) return set;
  peer_ = fingerprint;
  if (role_ == moqt::Role::server || transport_->can_send()) start_quic();
  transport_->deliver_early();
  return {};
}

Expected<void> Link::add_candidate(const std::string &candidate) {
  if (ended_ || peer_.empty()) return {};
  return transport_->add_candidate(candidate);
}

void Link::start_quic() {
  if (quic_ || ended_) return;
  quic::Config config{.key = settings_.key, .peer_fingerprint = peer_};
  config.server = role_ == moqt::Role::server;
  // A viewer that moves to another network says so by its next packet, and in silence it has no other.
  if (!config.server) config.keep_alive = 1s;
  config.alpn = moqt::alpn(moqt::Version::draft18);
  config.id_prefix = transport_->id_prefix();
  config.first_id = transport_->first_id();
  auto connection = quic::Connection::open(config, *this, *transport_, now());
  if (!connection) {
    end_ = connection.error();
    return;
  }
  quic_ = std::move(*connection);
  perform();
}

void Link::on_transport_candidate(const std::string &candidate) {
  if (described_.empty() || std::ranges::find(described_, candidate) != described_.end()) return;
  if (++late_candidates_ > max_late_candidates) return;
  owner_.on_link_candidate(*this, candidate);
}

void Link::on_transport_connected() {
  if (!peer_.empty()) start_quic();
}

void Link::on_transport_datagram(Bytes data) {
  if (quic_ && !ended_) quic_->receive(data, now());
}

Time Link::heard_at() const {
  return quic_ ? quic_->heard_at() : Time{};
}

void Link::on_transport_drained() {
  perform();
}

void Link::on_transport_failed(const Error &error) {
  if (!end_) end_ = error;
  perform();
}

void Link::on_established() {
  transport_->settle();
  session_.start();
  became_ready_ = true;
}

void Link::on_stream_data(quic::StreamId id, Bytes data, bool fin) {
  session_.receive(moqt::StreamId{id}, data, fin);
}

void Link::on_stream_reset(quic::StreamId id, std::uint64_t code) {
  session_.reset(moqt::StreamId{id}, code);
}

void Link::on_stop_sending(quic::StreamId id, std::uint64_t code) {
  session_.stop_sending(moqt::StreamId{id}, code);
}

void Link::on_closed(const quic::CloseReason &reason) {
  if (!end_) end_ = reason.error;
}

void Link::wake() {
  const Time time = now();
  if (!ready_ && time >= setup_deadline_ && !end_)
    end_ = Error{Code::timeout,
                 transport_->has_heard() ? "the peer did not answer" : "no path to the peer was found"};
  else if (quic_)
    quic_->tick(time);
  perform();
}

bool Link::carry_out(moqt::Action &action) {
  return std::visit(Match{[this](const moqt::OpenStream &open) {
                            const auto id = quic_->open_stream(open.bidi);
                            if (!id) return false;
                            // The session and QUIC number our streams in the same order.
                            assert(*id == moqt::raw(open.stream));
                            // The first unidirectional stream of each end is its control stream (MOQT draft
                            // 18, 3.3).
                            if (open.bidi || *id <= 3)
                              quic_->set_priority(*id, control_priority);
                            else if (open.priority != moqt::default_priority)
                              quic_->set_priority(*id, open.priority);
                            return true;
                          },
                          [this](moqt::Send &send) {
                            quic_->send(moqt::raw(send.stream), std::move(send.bytes), send.fin);
                            return true;
                          },
                          [this](const moqt::Reset &reset) {
                            quic_->reset(moqt::raw(reset.stream), static_cast<std::uint64_t>(reset.code));
                            return true;
                          },
                          [this](const moqt::StopSending &stop) {
                            quic_->stop_sending(moqt::raw(stop.stream),
                                                static_cast<std::uint64_t>(stop.code));
                            return true;
                          },
                          [this](const moqt::Close &close) {
                            quic_->close(static_cast<std::uint64_t>(close.code), close.reason, now());
                            return true;
                          }},
                    action);
}

// Keeps the order: if a stream cannot be opened, everything after it waits for stream credit too.
void Link::carry_out(std::vector<moqt::Action> actions) {
  std::vector<moqt::Action> todo = std::move(waiting_);
  waiting_.clear();
  if (todo.empty())
    todo = std::move(actions);
  else
    std::ranges::move(actions, std::back_inserter(todo));
  for (auto action = todo.begin(); action != todo.end(); ++action) {
    if (quic_->closed()) return;
    if (carry_out(*action)) continue;
    waiting_.assign(std::move_iterator(action), std::move_iterator(todo.end()));
    return;
  }
}

bool Link::is_overrun() const {
  return quic_->backlog() + quic_->in_flight() > max_held || waiting_.size() > max_waiting;
}

void Link::perform() {
  if (performing_ || ended_) return;
  performing_ = true;
  if (quic_) {
    for (;;) {
      if (became_ready_ && !ready_) {
        ready_ = true;
        owner_.on_link_ready(*this);
      }
      std::vector<moqt::Event> events = session_.take_events();
      for (moqt::Event &event : events) owner_.on_link_event(*this, event);
      std::vector<moqt::Action> actions = session_.take_actions();
      if (events.empty() && actions.empty() && waiting_.empty()) break;
      const std::size_t waited = waiting_.size();
      const bool idle = events.empty() && actions.empty();
      carry_out(std::move(actions));
      if (idle && waiting_.size() == waited) break;
    }
    quic_->flush(now());
    while (writable() && !end_) {
      owner_.on_link_writable(*this);
      std::vector<moqt::Action> actions = session_.take_actions();
      if (actions.empty()) break;
      carry_out(std::move(actions));
      quic_->flush(now());
    }
    if (is_overrun()) {
      if (!end_) end_ = Error{Code::refused, "the peer does not read our answers"};
      quic_->close(static_cast<std::uint64_t>(moqt::CloseCode::internal_error), end_->detail, now());
    }
  }
  performing_ = false;
  if (end_) return end(*end_);
  Time next = quic_ ? quic_->deadline() : never;
  if (!ready_) next = std::min(next, setup_deadline_);
  timer_.set(next);
}

void Link::close(moqt::CloseCode code, Error why) {
  if (ended_) return;
  if (!end_) end_ = std::move(why);
  if (quic_ && !quic_->closed()) quic_->close(static_cast<std::uint64_t>(code), end_->detail, now());
  perform();
}

void Link::end(Error error) {
  if (ended_) return;
  ended_ = true;
  timer_.set(never);
  owner_.on_link_ended(*this, error);
}

}  // namespace astral::elements
