// SPDX-License-Identifier: BSD-3-Clause
// The streams of which this node is the source. The API or a publisher's element makes them. They are paused,
// measured and deleted here. A stream that has ended keeps its name, and may begin again; only delete removes it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/directory.hpp"
#include "core/input.hpp"
#include "core/outbox.hpp"
#include "core/sessions.hpp"
#include "core/streams/consumer.hpp"
#include "core/streams/stream_table.hpp"
#include "core/this_node.hpp"
#include "core/tickets.hpp"
#include "core/timer_queue.hpp"
#include "core/upstream_budget.hpp"

namespace astral::core {

class Publishing {
 public:
  Publishing(const ThisNode &node, Outbox &outbox, Sessions &sessions, StreamTable &streams,
             const Tickets &tickets, UpstreamBudget &budget, TimerQueue &timers, Directory &directory,
             Consumer &consumer)
      : node_(node),
        outbox_(outbox),
        sessions_(sessions),
        streams_(streams),
        tickets_(tickets),
        budget_(budget),
        timers_(timers),
        directory_(directory),
        consumer_(consumer) {}

  void create(const CreateStream &input);
  void set_streaming(const SetStreaming &input);
  // The stream, or why it may not be deleted. Before forget() the caller ends its tickets.
  Expected<StreamInfo> may_delete(const Slug &slug) const;
  Gone last_word(const Slug &slug);  // what the others are told then; precondition: may_delete()
  void forget(const Slug &slug);

  // From a publisher's element.
  void publish(const Peer &peer, const Publish &publish);
  void media(const Peer &peer, const Media &media);
  void ended(const Peer &peer, const Ended &ended);
  void goodbye(const Peer &peer);  // ends its streams
  void peer_gone(PeerId peer);     // without a goodbye: its streams wait for it
  void publisher_due(const Slug &slug);
  void away(const PublisherAway &input);
  void reworded(const StreamReworded &input);

  void origin_answered(const OriginAnswered &input);
  void registration_due(CallId question);
  void measured(const MediaMeasured &input);
  void beat();   // says again what has changed a little, or gets too old
  void leave();  // detaches every publisher
  void fail_pending(const Error &error);

 private:
  struct Waiter {  // a call of the API, or a publisher, that asked for the name
    std::optional<CallId> call = {};
    PeerId peer = 0;
    std::string media = {};
    std::uint64_t bitrate_kbps = 0;
  };
  struct Registration {
    StreamInfo stream;
    std::vector<Waiter> waiters;
  };
  void claim(StreamInfo stream, Waiter waiter);
  void establish(const StreamInfo &stream, bool registered);
  void admit(const Slug &slug, const Waiter &waiter, bool created);
  void refuse(const Slug &slug, const Waiter &waiter, const Error &error);
  void changed(StreamState &stream, bool registered = false);
  void detach(StreamState &stream, const std::string &why);
  void finish(StreamState &stream);
  bool may_have(const StreamInfo &known) const;
  Expected<void> sign(StreamInfo &stream) const;
  void keep(StreamInfo info);
  StreamInfo made(const Slug &slug, StreamInfo stream) const;  // ours, with what people say of it

  const ThisNode &node_;
  Outbox &outbox_;
  Sessions &sessions_;
  StreamTable &streams_;
  const Tickets &tickets_;
  UpstreamBudget &budget_;
  TimerQueue &timers_;
  Directory &directory_;
  Consumer &consumer_;
  std::map<CallId, Registration> registrations_;  // the origin's answer is awaited
};

}  // namespace astral::core
