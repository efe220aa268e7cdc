// SPDX-License-Identifier: BSD-3-Clause
// Some nodes joined in memory: connections with a delay, media floors and an origin that answer as the real
// ones do, a virtual clock. After every step the node that took it checks its invariants. Deterministic.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/node.hpp"

namespace astral::core {

class World {
 public:
  struct Element {  // of a publisher or a player, connected to one node
    std::size_t node = 0;
    PeerId peer = 0;
    bool connected = true;
    bool offers = true;  // a publisher that answers requests
    std::vector<Message> heard = {};
  };

  Time delay = 5ms;         // one way, of every connection and every answer of a media floor
  bool links_fail = false;  // sources end instead of confirming
  bool origin_silent = false;

  // Named by `uuid`; its address is 10.0.0.<index>:8000.
  std::size_t add(const Uuid &uuid, Settings settings = {});
  static Address address_of(std::size_t index);
  Node &node(std::size_t index) { return *machines_[index].node; }
  Time now() const { return now_; }
  void run(Time time);
  bool run_until(const std::function<bool()> &condition, Time limit = 60s);
  void step(std::size_t index, const Input &input);
  void kill(std::size_t index);  // its connections break
  void mute(std::size_t index,
            bool muted = true);  // nothing arrives from it or at it until then, and nothing breaks
  void connect(std::size_t from, std::size_t to);  // tells `from` of `to`, as POST /nodes does

  CallId ask(std::size_t index, const Slug &slug);  // watch
  const Expected<Answered> *answer(CallId call) const;
  template <typename Call>
  CallId call(std::size_t index, Call input) {
    input.call = ++last_call_;
    step(index, Input{input});
    return last_call_;
  }

  std::size_t element(std::size_t index);  // connected and greeted
  Element &at(std::size_t element) { return elements_[element]; }
  void say(std::size_t element, Message message);
  void hang_up(std::size_t element);
  std::size_t publish(std::size_t index, const Slug &slug);  // element + publish
  std::size_t play(std::size_t index, const Slug &slug);     // element + request
  TicketId ticket_of(std::size_t element) const;             // that play() asked for
  std::optional<std::string> last_of(std::size_t element, const std::string &kind) const;  // "offer", …

  bool fed(std::size_t index, const Slug &slug);  // it holds a confirmed ticket
  // The nodes from the publisher's to this one by confirmed tickets; empty when there is a hole or a circle.
  std::vector<Uuid> chain(std::size_t index, const Slug &slug);
  bool circle(const Slug &slug);
  std::size_t sends() const { return sends_; }
  std::uint64_t hash() const { return hash_; }
  const std::vector<std::string> &trace() const { return trace_; }  // "<uuid> <effect>"
  std::size_t count(const std::string &part) const;                 // lines of the trace that hold it
  const std::map<Slug, StreamInfo> &origin() const { return origin_; }

 private:
  struct Machine {
    std::unique_ptr<Node> node;
    bool alive = true;
    bool muted = false;
    PeerId last_peer = 0;
    bool quit = false;
  };
  struct End {
    std::size_t machine = 0;
    PeerId peer = 0;
    auto operator<=>(const End &) const = default;
  };

  void later(Time after, std::function<void()> what);
  void perform(std::size_t index, const Effect &effect);
  void on_connect(std::size_t index, const Connect &connect);
  void on_send(std::size_t index, const Send &send);
  void on_relay(std::size_t index, const TellRelay &tell);
  void cut(End end, const std::string &reason);  // the other end hears of it
  std::optional<std::size_t> index_of(const Uuid &uuid) const;

  Time now_ = 1s;
  std::uint64_t order_ = 0;
  std::map<std::pair<Time, std::uint64_t>, std::function<void()>> events_;
  std::vector<Machine> machines_;
  std::map<End, End> links_;
  std::vector<std::pair<End, Send>> stalled_;
  std::vector<Element> elements_;
  std::map<End, std::size_t> element_at_;
  std::map<std::size_t, TicketId> asked_;
  CallId last_call_ = 0;
  std::map<CallId, Expected<Answered>> answers_;
  std::map<Slug, StreamInfo> origin_;
  std::size_t sends_ = 0;
  std::uint64_t hash_ = 1469598103934665603u;
  std::vector<std::string> trace_;
};

}  // namespace astral::core
