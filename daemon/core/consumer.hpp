// SPDX-License-Identifier: BSD-3-Clause
// The tickets that this node holds: it searches for whom to get a stream from, links to the best who offers,
// keeps the second best standing by, and moves or searches again for as long as somebody wants the stream. Of
// our own streams the parent is the publisher's element, and there is nothing to search.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/desk.hpp"
#include "core/input.hpp"

namespace astral::core {

class Consumer {
 public:
  explicit Consumer(Desk &desk) : desk_(desk) {}

  void watch(CallId call, const Slug &slug);
  void need_changed(const Slug &slug);  // begin, go on, or let it rest
  // Everything of this stream but the tickets given ends now.
  void drop(const Slug &slug, const Error &error, const std::string &code);

  // From parents, and whoever offers to be one.
  void offer(const Peer &peer, const Offer &offer);
  void refusal(const Peer &peer, const Refusal &refusal);
  void path(const Peer &peer, const Path &path);
  void leaving(const Peer &peer, const Leaving &leaving);
  void cancelled(const Ticket &ticket, const std::string &code);
  void peer_gone(PeerId peer);
  void settled();  // there is a supernode to ask
  void lapse();    // those that no heartbeat has named

  // From the media floor.
  void source_said(const SourceSaid &input);
  void source_flows(const SourceFlows &input);
  void silent(const StreamSilent &input);
  void source_ended(const SourceEnded &input);
  void measured(const MediaMeasured &input);

  // Of our own streams.
  void attach(Carried &stream, PeerId publisher);
  void pause(Carried &stream, const std::string &code, const std::string &why);  // the link to the sink ends
  void begin(Carried &stream);  // no-op unless it is an orphan that may be fed

  void step_due(const Slug &slug);
  void search_due(const Slug &slug);
  void retry_due(const Slug &slug);
  void renew_due(const Slug &slug);
  void unwanted_due(const Slug &slug);
  void improve_due(const Slug &slug);
  void overlap_due(const Slug &slug);
  void standby_due(const Slug &slug);

 private:
  void enter(Carried &stream, Phase phase);
  void enter_orphan(Carried &stream);
  bool fits(const Carried &stream, const Peer &peer, const Offer &offer) const;
  bool wanted(const Carried &stream) const;
  Carried *holder(const Ticket &ticket);

  // The search: consumer_search.cpp.
  void search(Carried &stream);
  void find(Carried &stream);
  bool take_offer(Carried &stream, Search &search, const Peer &peer, const Offer &offer);
  void pick(Carried &stream);
  void rank(Carried &stream, std::vector<TicketId> &ids) const;
  bool may_wait(const Carried &stream) const;
  void next_best(Carried &stream);
  void fail_search(Carried &stream);
  void stop_search(Carried &stream);
  void move(Carried &stream, std::uint32_t better_than, const Uuid &away_from);
  void later_improve(Carried &stream);
  void later_renew(Carried &stream);

  // The one that stands by: consumer_standby.cpp.
  void keep_standby(Carried &stream);  // or look for one
  void find_standby(Carried &stream);
  void ask_spare(Carried &stream);
  void no_spare(Carried &stream);  // here; further away there may be one
  void pick_standby(Carried &stream, Search &search);
  void hold(Carried &stream, Ticket &ticket);  // it stands by now
  void standby_lost(Carried &stream);
  void standby_moved(Carried &stream);
  void stop_spare(Carried &stream);
  void standby_timer(const Carried &stream, Time after);
  bool stands_by(const Carried &stream) const;
  bool helps(const Carried &stream) const;
  bool through_parent(const Carried &stream, const std::vector<Uuid> &path) const;
  bool live(const Carried &stream) const;
  void try_standby(Carried &stream);
  void stop_trying(Carried &stream);
  bool use_standby(Carried &stream);   // the parent is gone
  bool take_standby(Carried &stream);  // the parent is still there
  void ask_again(Carried &stream, Ticket &ticket);
  void granted(Carried &stream, Ticket &ticket);
  void cut_off(Carried &stream, bool cut);
  void heard(Carried &stream);
  void go(Carried &stream);
  void stay(Carried &stream);

  void ask(Carried &stream, TicketId &held);
  void link(Carried &stream, const Offer &offer);
  void add_source(Carried &stream, const Offer &offer, bool standby);
  void fed(Carried &stream);
  void replace(Carried &stream);  // the old parent by the one that came
  void parent_lost(Carried &stream, const Uuid &source);
  // A ticket of ours is over; what comes next depends on what it was.
  void lose(const TicketId &id, const char *cancel_code, const std::string &why);
  void release(Carried &stream, const TicketId &id, const char *cancel_code, const std::string &why);
  void release_all(Carried &stream, const char *cancel_code, const std::string &why);
  void retry(Carried &stream);
  void answer_calls(Carried &stream, const Expected<Answered> &answer);
  void close(Carried &stream);
  void step_timer(const Carried &stream, Time after);

  Desk &desk_;
};

}  // namespace astral::core
