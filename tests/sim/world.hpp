// SPDX-License-Identifier: BSD-3-Clause
// Many nodes in memory on a virtual clock. Connections have a delay and may stall or break; the media
// backends, the links and the origin answer as the real ones do. The seed decides everything that happens.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/node.hpp"
#include "core/rng.hpp"

namespace astral::core {

// What lying machines do at their edge: the Node behind it is the shipped one.
struct Hostile {
  virtual ~Hostile() = default;
  virtual bool says(std::size_t from, Send &send) = 0;  // false: it keeps the message to itself
  // False: its Node does not hear the message.
  virtual bool hears(std::size_t to, PeerId peer, const Message &message) = 0;
  virtual bool forges(std::size_t provider) const = 0;  // the media of its links is not the publisher's
};

class World {
 public:
  struct Element {  // of a publisher or a player, connected to one node
    std::size_t node = 0;
    PeerId peer = 0;
    bool connected = true;
    bool offers = true;  // a publisher that answers requests
    std::vector<Message> heard = {};
  };
  struct Media {  // what viewers got; objects are numbers, the publisher makes one each 100 ms
    std::uint64_t switches = 0;      // to a standby, or back
    std::uint64_t lost = 0;          // objects that a node will never get
    std::vector<Time> outages = {};  // how long a node was without media, each time
    std::uint64_t forged = 0;        // links through which a node took media that its publisher never made
  };
  struct Traffic {
    std::array<std::uint64_t, std::variant_size_v<Message>> messages = {};  // by the index in Message
    std::array<std::uint64_t, std::variant_size_v<Message>> enclosed = {};  // those inside of Routed
    std::uint64_t bytes = 0;  // as JSON; estimated from one message in `weigh_every`
    std::uint64_t count() const;
  };

  Time delay = 5ms;         // one way, of each connection and of each answer of a media backend
  bool geography = false;   // nodes lie on a plane: up to 60 ms more, and a tenth of it at random
  double loss = 0;          // of messages: each is sent again, 200 ms later
  bool links_fail = false;  // sources end instead of confirming
  Time ice_patience = 2600ms;  // until both ends give up a link between two nodes without a path
  bool origin_silent = false;
  bool tracing = true;
  bool keep_elements_words = true;
  Time link_silence = 2s;         // until a media backend notices that the other end of a link is gone
  Time silence = 100ms;           // until a relay reports silence; the time doubles with each report
  std::uint64_t check_every = 1;  // steps of a node between checks of its invariants
  std::function<std::size_t(const Message &)> weigh;  // bytes on the wire
  std::uint64_t weigh_every = 16;
  std::function<void(std::size_t node, const Effects &)> watch;  // after each step
  std::function<void(std::size_t node, const Slug &)> on_flow;   // media came, and none came before
  Hostile *hostile = nullptr;
  // Signatures are modelled, not computed: with this a node knows media that its publisher did not sign.
  bool media_is_proved = false;

  explicit World(std::uint64_t seed = 1) : rng_(seed) {}

  // Named by `uuid`; its address is 10.<index>:8000, if the settings name none. Nodes whose settings have no
  // address family in common have no connection and no link.
  std::size_t add(const Uuid &uuid, Settings settings = {});
  static Address address_of(std::size_t index);
  Node &node(std::size_t index) { return *machines_[index].node; }
  std::size_t size() const { return machines_.size(); }
  bool alive(std::size_t index) const { return machines_[index].alive && !machines_[index].quit; }
  Time now() const { return now_; }
  void run(Time time);
  bool run_until(const std::function<bool()> &condition, Time limit = 60s);
  void later(Time after, std::function<void()> what);
  // For lying machines: a message that their Node did not send; the provider's end of a link, also without
  // media behind it; a socket to another machine that proves nothing and says nothing.
  void inject(std::size_t index, PeerId peer, Message message);
  void provide(std::size_t index, const Slug &slug, const TicketId &ticket);
  PeerId knock(std::size_t index, std::size_t target);
  bool knocks(std::size_t target, PeerId socket) const { return knocking_.contains({target, socket}); }
  std::vector<PeerId> peers(std::size_t index) const;  // its connections to machines
  void step(std::size_t index, const Input &input);
  void kill(std::size_t index);     // its connections break
  void restart(std::size_t index);  // it remembers its peers and its own uuid, nothing else
  // Nothing arrives from a muted node or at it, but no connection breaks.
  void mute(std::size_t index, bool muted = true);
  void reachable(std::size_t index, bool reachable) { machines_[index].reachable = reachable; }
  // The NAT before its UDP port. The node knows of it only what its settings or NatKnown say.
  void nat(std::size_t index, const Nat &nat) { machines_[index].nat = nat; }
  void part(std::size_t index, int side);          // nodes of different sides get no messages from each other
  void heal();                                     // messages that stalled arrive
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

  bool fed(std::size_t index, const Slug &slug);          // it holds a confirmed ticket
  bool flows(std::size_t index, const Slug &slug) const;  // media comes to it, all the way from the publisher
  // The node that feeds it, if the tickets of both ends agree; none also if an element feeds it.
  std::optional<std::size_t> parent(std::size_t index, const Slug &slug);
  // The nodes from the publisher's to this one by confirmed tickets; empty if one is missing or in a circle.
  std::vector<Uuid> chain(std::size_t index, const Slug &slug);
  bool circle(const Slug &slug);
  bool circle_through(std::size_t index, const Slug &slug);
  std::optional<std::size_t> index_of(const Uuid &uuid) const;
  std::optional<Uuid> other_end(std::size_t index, PeerId peer) const;  // while it is connected
  Rng &rng() { return rng_; }
  const std::set<std::size_t> &supernodes() const { return supernodes_; }

  std::uint64_t steps() const { return steps_; }
  const Traffic &traffic() const { return traffic_; }
  const Media &media() const { return media_; }
  std::function<void(std::size_t node, const Slug &slug, std::uint64_t objects)> on_lost;
  std::function<void(std::size_t node, const Slug &slug, Time outage)> on_outage;  // when it is over
  std::uint64_t hash() const { return hash_; }
  const std::vector<std::string> &trace() const { return trace_; }  // "<uuid> <effect>"
  // How many lines of the trace begin so: effects of `node` ("OpenMedia talk"), or messages that `node` or
  // any node sent ("find talk"), routed ones too. With `to`, only what was sent to that peer. The id is the
  // sender's own number for the peer: a test that made the peer knows it; peers that the node connected to
  // count up from first_own_id.
  std::size_t effects_of(const Uuid &node, const std::string &effect) const;
  std::size_t sent(const Uuid &node, const std::string &message, std::optional<PeerId> to = {}) const;
  std::size_t sent_by_any(const std::string &message) const;
  const std::map<Slug, StreamInfo> &origin() const { return origin_; }

 private:
  struct Connection {
    std::size_t machine = 0;  // at the other end
    PeerId peer = 0;
    Time arrived = {};  // the last message; messages keep their order
  };
  struct Machine {
    std::unique_ptr<Node> node;
    Settings settings = {};
    bool alive = true;
    bool muted = false;
    bool reachable = true;
    Nat nat = {};
    bool quit = false;
    int side = 0;
    double x = 0;
    double y = 0;
    std::uint64_t life = 0;  // counts restarts: messages for an earlier life are lost
    PeerId last_peer = 0;
    Time deadline = never;
    std::uint64_t unchecked = 0;
    std::map<PeerId, Connection> connections = {};
  };
  struct Event {
    Time when;
    std::uint64_t order;
    std::function<void()> what;
    bool operator>(const Event &other) const {
      return when != other.when ? when > other.when : order > other.order;
    }
  };
  struct Link {  // of media, by its ticket
    std::optional<std::size_t> provider = {};
    std::optional<std::size_t> consumer = {};
    Slug slug = {};
    bool sink = false;     // from the publisher
    bool tcp = false;      // one end knows where the other can be reached over TCP
    bool up = false;       // both ends have the ticket
    bool open = false;     // and the handshake is over
    bool wanted = true;    // by the consumer, that is, no standby
    bool on = true;        // as the provider knows it
    bool awaited = false;  // the first media has to be reported
  };
  // What a node has of a stream: all objects from its first to `last`, except the holes.
  struct Reception {
    bool live = false;
    bool began = false;
    TicketId through = {};
    std::uint64_t last = 0;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> holes = {};  // from, to; recent ones
    Time since = {};                                                  // not live any more
    std::uint64_t outage = 0;                                         // counts
  };
  struct Made {  // by the publisher of a stream
    std::uint64_t before = 0;
    std::optional<Time> since = {};
  };
  using Here = std::pair<std::size_t, Slug>;
  struct End {
    std::size_t machine = 0;
    PeerId peer = 0;
    auto operator<=>(const End &) const = default;
  };

  Time way(std::size_t from, std::size_t to);
  bool hear(std::size_t a, std::size_t b) const;
  const std::string &host_of(std::size_t index) const { return machines_[index].settings.self.ip_address; }
  void deadline(std::size_t index);
  void perform(std::size_t index, const Effect &effect);
  void on_connect(std::size_t index, const Connect &connect);
  void on_send(std::size_t index, const Send &send);
  void deliver(End from, Message message);
  void on_relay(std::size_t index, const TellRelay &tell);
  void on_source(std::size_t index, const AddSource &source);
  void on_switch(std::size_t index, const SwitchSource &change);
  void on_end(std::size_t index, const Slug &slug);
  void flow(const TicketId &ticket);
  bool impossible(const Link &link) const;
  void give_up(const TicketId &ticket);
  bool delivers(const Link &link) const;
  void refresh(const TicketId &ticket);  // call after any change of this link
  void gain(const TicketId &ticket);
  void forge(const TicketId &ticket);
  void lack(const Here &here);
  void tell_flow(const TicketId &ticket);
  void tell_silence(const Here &here, Time after, std::uint64_t outage);
  void catch_up(Reception &reception, const Here &here, const Reception *from);
  std::uint64_t made(const Slug &slug) const;
  void forget(const Here &here);
  void hear_anew();
  void unlink(const TicketId &ticket, std::size_t by, Time after);
  void on_origin(std::size_t index);
  void cut(End end, const std::string &reason);  // tells the other end
  void mix(std::uint64_t value) { hash_ = (hash_ ^ value) * 1099511628211u; }

  Rng rng_;
  Time now_ = 1s;
  std::uint64_t order_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::set<std::pair<Time, std::size_t>> ticks_;
  std::vector<Machine> machines_;
  std::map<Uuid, std::size_t> names_;
  std::map<std::string, std::size_t> hosts_;
  std::set<End> knocking_;
  std::set<std::size_t> supernodes_;
  std::map<TicketId, Link> links_;
  std::map<Here, std::set<TicketId>> links_to_;
  std::map<Here, std::set<TicketId>> links_from_;
  std::map<Here, Reception> receptions_;
  std::map<Slug, Made> made_;
  Media media_;
  std::vector<std::pair<End, Message>> stalled_;
  std::vector<Element> elements_;
  std::map<End, std::size_t> element_at_;
  std::map<std::size_t, TicketId> asked_;
  CallId last_call_ = 0;
  std::map<CallId, Expected<Answered>> answers_;
  std::map<Slug, StreamInfo> origin_;
  std::uint64_t steps_ = 0;
  Traffic traffic_;
  std::uint64_t hash_ = 1469598103934665603u;
  std::vector<std::string> trace_;
};

}  // namespace astral::core
