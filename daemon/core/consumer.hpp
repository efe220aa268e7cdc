// SPDX-License-Identifier: BSD-3-Clause
// The tickets that this node holds: it searches for whom to get a stream from, links to the first who offers,
// and searches again when that link ends, for as long as somebody wants the stream. Of our own streams the
// parent is the publisher's element, and there is nothing to search.
#pragma once

#include <optional>
#include <string>

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

  // From parents.
  void offer(const Peer &peer, const Offer &offer);
  void refusal(const Peer &peer, const Refusal &refusal);
  void path(const Peer &peer, const Path &path);
  void cancelled(const Ticket &ticket, const std::string &code);
  void peer_ready(PeerId peer);
  void peer_gone(PeerId peer);
  void origin_heard();
  void lapse();  // those that no heartbeat has named

  // From the media floor.
  void source_said(const SourceSaid &input);
  void source_ended(const SourceEnded &input);

  // Of our own streams.
  void attach(Carried &stream, PeerId publisher);
  void pause(Carried &stream, const std::string &code, const std::string &why);  // the link to the sink ends
  void begin(Carried &stream);  // no-op unless it is an orphan that may be fed

  void step_due(const Slug &slug);
  void search_due(const Slug &slug);
  void retry_due(const Slug &slug);
  void unwanted_due(const Slug &slug);

 private:
  void enter(Carried &stream, Phase phase);
  bool wanted(const Carried &stream) const;
  Carried *holder(const Ticket &ticket);
  void fill(Carried &stream);
  void advance(Carried &stream);
  bool ask(Carried &stream, const Peer &peer);
  void fail_search(Carried &stream);
  void stop_search(Carried &stream);
  // The link, or the wish for one, is over; what comes next depends on the phase.
  void lose(Carried &stream, const char *cancel_code, const std::string &why);
  void release(Carried &stream, const char *cancel_code, const std::string &why);
  void retry(Carried &stream);
  void fed(Carried &stream);
  void answer_calls(Carried &stream, const Expected<Answered> &answer);
  void close(Carried &stream);
  void step_timer(const Carried &stream, Time after);

  Desk &desk_;
};

}  // namespace astral::core
