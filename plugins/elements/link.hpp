// SPDX-License-Identifier: BSD-3-Clause
// The link of one ticket: a transport, a QUIC connection over it, a MOQT session over that. Decides the order
// in which the three start and end, and passes on the session's commands and events. Does not decide what is
// sent.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "elements/transport.hpp"
#include "glue/key.hpp"
#include "glue/loop.hpp"
#include "moqt/session.hpp"
#include "quic/connection.hpp"

namespace astral::elements {

// Settings that all links of an element share.
struct LinkSettings {
  Key key;
  StunServer stun = {};
  TurnServer turn = {};                               // its host is an IP address; empty: none
  std::shared_ptr<udp::Endpoint> endpoint = nullptr;  // null: as Transport::Settings says
};

// **Thread**: the element's loop. The provider is the QUIC server and the controlled ICE agent; the consumer
// is the QUIC client and the controlling one.
//
//     gathering ─describe()d─▶ waiting ─connect()─▶ connecting ─a way, then QUIC─▶ ready ──▶ ended
//
class Link final : private Transport::Handler, private quic::Handler {
 public:
  // The loop calls these, outside or inside the owner's calls of perform(), connect() and close(), which run
  // perform(); never inside another call. The owner must not destroy the link inside one of them.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_link_candidate(Link &link, const std::string &candidate) = 0;
    virtual void on_link_ready(Link &link) = 0;
    virtual void on_link_event(Link &link, moqt::Event &event) = 0;
    // The link can take more objects. Called after on_link_ready() and whenever data has been sent.
    virtual void on_link_writable(Link &link) = 0;
    // The last call, once. Errors: refused: wrong key; not_found and others: as the peer said.
    virtual void on_link_ended(Link &link, const Error &error) = 0;
  };

  // Objects wait in the store, not in the link: with more unsent bytes than this the link takes no more
  // objects.
  static constexpr std::size_t max_unsent = 64 * 1024;
  // The same for the background (Catchup::past_priority), which is sent only as far as it causes no queue.
  static constexpr std::size_t max_unsent_background = 16 * 1024;
  // The same for bytes that are sent and not acknowledged, whatever the peer's flow control allows.
  static constexpr std::size_t max_in_flight = quic::Connection::connection_window;
  // The most bytes that one child can keep from being freed, with an object or two on top. Above it the link
  // is closed.
  static constexpr std::size_t max_held = max_in_flight + 2 * max_unsent + 2 * moqt::Limits{}.max_object;
  // Maximum number of waiting actions. Answers are small and are not held back as objects are. A peer that
  // keeps requesting, but reads no answers and grants no streams for them, is closed.
  static constexpr std::size_t max_waiting = 4096;  // actions
  // Time from open() to ready. A path that ICE has not found by then does not exist.
  static constexpr Time setup_timeout = 10s;
  // Maximum number of candidates that are sent after the description; each travels in its own message.
  static constexpr std::size_t max_late_candidates = ice::max_candidates;

  static Expected<std::unique_ptr<Link>> open(std::string ticket, moqt::Role role,
                                              const LinkSettings &settings, GMainContext *context,
                                              Owner &owner);
  ~Link() override;

  const std::string &ticket() const { return ticket_; }
  const std::string &peer_fingerprint() const { return peer_; }

  // Our ICE description for the peer. on_link_candidate() reports candidates that are found later.
  ice::Description describe();
  // The ways without ICE: for the provider's offer, and the consumer's confirm after connect().
  Direct offered() const { return transport_->offered(); }
  // Sets the peer's fingerprint and description, and its ways without ICE. Errors: invalid, too_large,
  // conflict (called twice).
  Expected<void> connect(const std::string &fingerprint, const ice::Description &remote,
                         const Direct &direct = {});
  Expected<void> add_candidate(const std::string &candidate);

  // Give commands to the session, then call perform() once for the batch; it carries them out.
  moqt::Session &session() { return session_; }
  void perform();
  bool started() const { return quic_ != nullptr; }  // the QUIC handshake has begun
  bool ready() const { return ready_; }
  bool ended() const { return ended_; }
  bool writable() const {
    return ready_ && !ended_ && waiting_.empty() &&
           quic_->backlog() - quic_->background_backlog() < max_unsent && quic_->in_flight() < max_in_flight;
  }
  bool takes_background() const { return writable() && quic_->background_backlog() < max_unsent_background; }
  // The peer has acknowledged everything that the session sent.
  bool drained() const {
    return !ready_ || ended_ || (waiting_.empty() && quic_->backlog() + quic_->in_flight() == 0);
  }
  // Ends the link. The peer gets the code and `why.detail`. The owner gets `why`, unless the link had already
  // ended for another reason.
  void close(moqt::CloseCode code, Error why);

  // How long data has been in flight and nothing has come from the peer.
  Time unanswered(Time now) const {
    return quic_ && quic_->unanswered_since() != never ? now - quic_->unanswered_since() : Time{};
  }
  quic::Stats stats() const { return quic_ ? quic_->stats() : quic::Stats{}; }
  const char *way() const { return transport_->way(); }

 private:
  Link(std::string ticket, moqt::Role role, const LinkSettings &settings, GMainContext *context,
       Owner &owner);

  void on_transport_candidate(const std::string &candidate) override;
  void on_transport_connected() override;
  void on_transport_datagram(Bytes data) override;
  Time heard_at() const override;
  void on_transport_drained() override;
  void on_transport_failed(const Error &error) override;

  void on_established() override;
  void on_stream_data(quic::StreamId id, Bytes data, bool fin) override;
  void on_stream_reset(quic::StreamId id, std::uint64_t code) override;
  void on_stop_sending(quic::StreamId id, std::uint64_t code) override;
  void on_stream_credit() override {}
  void on_closed(const quic::CloseReason &reason) override;

  void start_quic();
  void carry_out(std::vector<moqt::Action> actions);
  bool carry_out(moqt::Action &action);
  bool is_overrun() const;
  void wake();
  void end(Error error);

  const std::string ticket_;
  const moqt::Role role_;
  const LinkSettings settings_;
  Owner &owner_;
  std::string peer_;
  moqt::Session session_;
  std::vector<moqt::Action> waiting_;  // they wait until QUIC allows a new stream
  std::vector<std::string> described_;
  std::size_t late_candidates_ = 0;
  std::unique_ptr<Transport> transport_;
  std::unique_ptr<quic::Connection> quic_;
  std::optional<Error> end_;  // found, not reported yet
  Time setup_deadline_ = never;
  bool became_ready_ = false;
  bool ready_ = false;
  bool ended_ = false;
  bool performing_ = false;
  Timer timer_;
};

}  // namespace astral::elements
