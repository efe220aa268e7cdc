// SPDX-License-Identifier: BSD-3-Clause
// One ticket at work: an ICE component, over it a QUIC connection, over that a MOQT session. Decides the
// order in which the three come up and go down, and passes the session's commands and events; not what is
// sent.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "glue/key.hpp"
#include "glue/loop.hpp"
#include "ice/agent.hpp"
#include "moqt/session.hpp"
#include "quic/connection.hpp"

namespace astral::elements {

// What every link of an element has in common.
struct LinkSettings {
  Key key;
  std::string stun_host;  // empty: no server-reflexive candidates
  std::uint16_t stun_port = 3478;
};

// **Thread**: the element's loop. The provider is the QUIC server and answers checks; the consumer is the
// client and controls ICE.
//
//     gathering ─describe()d─▶ waiting ─connect()─▶ connecting ─ICE, then QUIC─▶ ready ──▶ ended
//
class Link final : private ice::Handler, private quic::Handler {
 public:
  // Called from the loop, never from within a call of the Link's but perform(). The link must not be
  // destroyed from inside one.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_link_candidate(Link &link, const std::string &candidate) = 0;
    virtual void on_link_ready(Link &link) = 0;
    virtual void on_link_event(Link &link, moqt::Event &event) = 0;
    // There is room for more objects: after something was sent, and after on_link_ready.
    virtual void on_link_writable(Link &link) = 0;
    // Once, the last call. Code::refused: wrong key; not_found, …: as the other end said.
    virtual void on_link_ended(Link &link, const Error &error) = 0;
  };

  // Objects wait in the store, not here: above so many unsent bytes no more are taken.
  static constexpr std::size_t max_unsent = 64 * 1024;
  // Sent and not acknowledged, whatever the other end allows: above it no more are taken.
  static constexpr std::size_t max_in_flight = quic::Connection::connection_window;
  // So this is the most that one child keeps from being freed, with an object or two above; then it is left.
  static constexpr std::size_t max_held = max_in_flight + 2 * max_unsent + 2 * moqt::Limits{}.max_object;
  // Answers are not held back as objects are, and are small: whoever asks and asks and neither takes what it
  // is answered nor grants streams for it is left.
  static constexpr std::size_t max_waiting = 4096;  // actions
  // From describe() to ready; a path that ICE does not find in that time does not exist.
  static constexpr Time setup_timeout = 10s;
  // Candidates that come after the description travel by themselves; more than this many are not sent.
  static constexpr std::size_t max_late_candidates = ice::max_candidates;

  static Expected<std::unique_ptr<Link>> open(std::string ticket, moqt::Role role,
                                              const LinkSettings &settings, GMainContext *context,
                                              Owner &owner);
  ~Link() override;

  const std::string &ticket() const { return ticket_; }
  const std::string &peer_fingerprint() const { return peer_; }

  // What the peer needs to know. Candidates found later come through on_link_candidate.
  ice::Description describe();
  // The peer's half. Errors: invalid, too_large, conflict (twice).
  Expected<void> connect(const std::string &fingerprint, const ice::Description &remote);
  Expected<void> add_candidate(const std::string &candidate);

  // Commands go to the session; perform() carries them out. Call it after every batch.
  moqt::Session &session() { return session_; }
  void perform();
  bool started() const { return quic_ != nullptr; }  // the ends are talking, or trying to
  bool ready() const { return ready_; }
  bool ended() const { return ended_; }
  bool writable() const {
    return ready_ && !ended_ && waiting_.empty() && quic_->backlog() < max_unsent &&
           quic_->in_flight() < max_in_flight;
  }
  // Everything given to the session has been acknowledged by the peer.
  bool drained() const {
    return !ready_ || ended_ || (waiting_.empty() && quic_->backlog() + quic_->in_flight() == 0);
  }
  // Ends the link: the peer is told the code and `why.detail`, the owner `why`, unless it had ended for
  // another reason before.
  void close(moqt::CloseCode code, Error why);

  quic::Stats stats() const { return quic_ ? quic_->stats() : quic::Stats{}; }

 private:
  Link(std::string ticket, moqt::Role role, const LinkSettings &settings, GMainContext *context,
       Owner &owner);

  void on_local_candidate(const std::string &candidate) override;
  void on_gathered() override {}
  void on_connected() override;
  void on_datagram(Bytes data) override;
  void on_drained() override;
  void on_failed(const Error &error) override;

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
  std::vector<moqt::Action> waiting_;  // for a stream that QUIC does not grant yet
  std::vector<std::string> described_;
  std::size_t late_candidates_ = 0;
  std::unique_ptr<ice::Agent> ice_;
  std::unique_ptr<quic::Connection> quic_;
  std::optional<Error> end_;  // found, not told yet
  Time setup_deadline_ = never;
  bool became_ready_ = false;
  bool ready_ = false;
  bool ended_ = false;
  bool performing_ = false;
  Timer timer_;
};

}  // namespace astral::elements
