// SPDX-License-Identifier: BSD-3-Clause
#include "scenario.hpp"

#include <algorithm>
#include <cstdio>
#include <set>
#include <utility>

#include "homes.hpp"
#include "invariants.hpp"
#include "liars.hpp"
#include "protocol/message_codec.hpp"
#include "trace.hpp"
#include "world.hpp"

namespace astral::sim {

using namespace core;

namespace {

constexpr std::uint64_t stream_bps = 600'000;

struct Wish {
  std::size_t node = 0;
  Slug slug;
  Time at = {};
  Time fed = never;
};

class Story {
 public:
  explicit Story(const Plan &plan) : plan_(plan), world_(plan.seed), rng_(plan.seed * 7919 + 17) {
    if (is_twelve()) {
      plan_.nodes = 12;
      plan_.streams = 1;
    }
    for (std::size_t i = 0; i < plan_.streams; ++i) slugs_.push_back("s" + std::to_string(i));
    if (has_liars()) {
      liars_.emplace(world_, slugs_, plan_.seed * 104'729 + 5);
      liars_->statements_are_proved = world_.media_is_proved = plan_.is_proved;
      world_.hostile = &*liars_;
      world_.on_flow = [this](std::size_t node, const Slug &slug) {
        const auto found = open_.find({node, slug});
        if (found == open_.end()) return;
        wishes_[found->second].fed = world_.now();
        open_.erase(found);
      };
    }
    invariants_.emplace(world_, slugs_);
    world_.geography = true;
    world_.tracing = false;
    world_.keep_elements_words = false;
    world_.check_every = plan_.nodes <= 300 ? 1 : plan_.nodes <= 3'000 ? 16 : 128;
    if (plan.weigh)
      world_.weigh = [](const Message &message) { return protocol::write_message(message).size(); };
    world_.watch = [this](std::size_t node, const Effects &effects) {
      if (!liars_) invariants_->after(node, effects);
      if (leaving_) invariants_->media_flows(viewers());
      note_fed(node, effects);
      if (world_.node(node).self().uuid == plan_.follow) follow(effects);
    };
    world_.on_outage = [this](std::size_t node, const Slug &slug, Time outage) {
      had_nothing(world_.now(), node, slug, outage);
    };
  }

  Figures play() {
    if (plan_.scenario == "lossy") world_.loss = 0.05;
    join();
    publish();
    if (is_twelve()) {
      for (std::size_t i = 1; i < world_.size(); ++i)
        world_.later(Time{1s} * static_cast<Time::rep>(rng_.below(30)), [this, i] { wish(i, slugs_[0]); });
      world_.run(30s);
    } else if (plan_.scenario == "flash-crowd") {
      watch(60s);
    } else {
      watch(30s);
    }
    if (liars_) return among_liars();
    settle(40s);
    outages_before_ = world_.media().outages.size();
    trouble();
    settle(200s);  // after this, no lapse, retry or search for a better parent is left
    const World::Traffic before = world_.traffic();
    world_.run(60s);
    const World::Traffic after = world_.traffic();
    figures_.rest_messages_s = per_node(after.count() - before.count()) / 60;
    figures_.rest_bytes_s = per_node(after.bytes - before.bytes) / 60;
    invariants_->at_rest(viewers());
    if (is_homes() || is_origin_alone()) invariants_->media_flows(viewers());
    count();
    count_media();
    if (plan_.scenario == "deaths" && figures_.lost > 0) invariants_->objects_lost(figures_.lost);
    // A node that does not know its NAT tries a link for its standby now and then, and an origin tries its
    // children.
    const bool are_homes = is_homes() || is_origin_alone();
    if (figures_.unfed == 0 && !are_homes) invariants_->only_heartbeats(before, after);
    figures_.broken = invariants_->broken();
    figures_.steps = world_.steps();
    figures_.hash = world_.hash();
    return figures_;
  }

 private:
  static long long ms(Time time) { return time / 1ms; }

  // Named if that is as long as --outages says.
  void had_nothing(Time until, std::size_t node, const Slug &slug, Time outage) {
    if (plan_.outage == 0 || outage < Time{1s} * static_cast<Time::rep>(plan_.outage)) return;
    std::printf("%8lld ms %s had nothing of %s for %lld ms\n", ms(until),
                world_.node(node).self().uuid.c_str(), slug.c_str(), ms(outage));
  }

  void follow(const Effects &effects) const {
    for (const Effect &effect : effects) std::printf("%8lld ms %s\n", ms(world_.now()), text(effect).c_str());
  }

  bool has_liars() const { return plan_.scenario.starts_with("liars"); }
  std::size_t liar_count() const { return plan_.liars.value_or(plan_.nodes / 5); }

  // Newcomers who know one liar only, beside the origin, watch as well. Then what honest viewers got.
  Figures among_liars() {
    if (plan_.scenario == "liars-eclipse" || plan_.scenario == "liars") newcomers();
    world_.run(60s);
    std::size_t all = 0, in_time = 0, at_last = 0;
    for (const Wish &wish : wishes_) {
      if (world_.chain(wish.node, wish.slug).size() == 1) continue;  // it publishes the stream
      ++all;
      if (wish.fed != never && wish.fed - wish.at <= 5s) ++in_time;
      if (world_.flows(wish.node, wish.slug)) ++at_last;
      const Time fed = std::min(wish.fed, world_.now());
      had_nothing(fed, wish.node, wish.slug, fed - wish.at);
    }
    const auto share = [&](std::size_t part) {
      return all == 0 ? 1.0 : static_cast<double>(part) / static_cast<double>(all);
    };
    figures_.soon_share = share(in_time);
    figures_.late_share = share(at_last);
    count();
    count_media();
    figures_.forged = world_.media().forged;
    if (plan_.is_proved && figures_.forged > 0) figures_.broken.push_back("a node took forged media");
    if (figures_.soon_share < plan_.least_soon_share)
      figures_.broken.push_back("of the honest viewers only " + std::to_string(figures_.soon_share) +
                                " were fed within 5 s");
    figures_.steps = world_.steps();
    figures_.hash = world_.hash();
    return figures_;
  }

  void newcomers() {
    std::vector<std::size_t> hostile;
    for (std::size_t i = 0; i < world_.size(); ++i)
      if (liars_->is_liar(i) && world_.node(i).self().supernode) hostile.push_back(i);
    for (std::size_t i = 0; i < plan_.nodes / 10; ++i) {
      Settings settings;
      settings.seed = plan_.seed;
      settings.has_origin = true;
      settings.upstream_bps = 3 * stream_bps;
      if (!hostile.empty()) {
        const NodeInfo &known = world_.node(hostile[i % hostile.size()]).self();
        settings.bootstrap.push_back({known.ip_address, known.port});
      }
      place(settings);
      const std::size_t index = world_.add("n" + std::to_string(world_.size()), settings);
      world_.reachable(index, i % 2 == 0);
      world_.later(5s, [this, index] { wish(index, slugs_[rng_.below(slugs_.size())]); });
    }
  }

  // Nodes of one network each, as in the world outside.
  void place(Settings &settings) const {
    const std::size_t i = world_.size();
    settings.self.ip_address = std::to_string(20 + (i >> 16)) + "." + std::to_string((i >> 8) & 255) + "." +
                               std::to_string(i & 255) + ".1";
  }

  bool is_twelve() const { return plan_.scenario == "twelve"; }
  bool is_homes() const { return plan_.scenario == "homes"; }
  bool is_origin_alone() const { return plan_.scenario == "origin-alone"; }
  // The first three nodes can be reached by everybody. In `homes` nobody needs to reach a publisher, and in
  // `origin-alone` the first node is the origin.
  std::size_t first_publisher() const { return is_homes() ? 3 : is_origin_alone() ? 1 : 0; }

  std::vector<std::pair<std::size_t, Slug>> viewers() const {
    std::vector<std::pair<std::size_t, Slug>> all;
    for (const Wish &wish : wishes_) all.emplace_back(wish.node, wish.slug);
    return all;
  }

  double per_node(std::uint64_t count) const {
    return static_cast<double>(count) / static_cast<double>(std::max<std::size_t>(1, alive()));
  }
  std::size_t alive() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < world_.size(); ++i)
      if (world_.alive(i)) ++count;
    return count;
  }

  std::size_t add() {
    Settings settings;
    settings.seed = plan_.seed;
    settings.has_origin = true;
    settings.capacity =
        plan_.nodes < 1'000 ? 10 : 100;  // a small network needs several supernodes, too
    const std::uint64_t kind = rng_.below(10);
    std::uint64_t children = 2 + rng_.below(5);
    if (kind < 2) children = 0;  // a phone
    if (plan_.scenario == "free-riders") children = rng_.below(2) == 0 ? 0 : 3 + rng_.below(3);
    // The publishers, which also forward streams of others.
    if (world_.size() < plan_.streams) children = 3;
    // One node publishes, three are supernodes, the others have room for two children.
    const bool is_one_of_three = world_.size() >= 1 && world_.size() <= 3;
    if (is_twelve()) {
      settings.role = is_one_of_three ? Role::supernode : Role::child;
      settings.capacity = 6;
      children = is_one_of_three ? 1 : 2;
    }
    if (is_homes()) return add_home(settings, children);
    if (is_origin_alone()) return add_hidden(settings, children);
    settings.upstream_bps = children * stream_bps + stream_bps / 2;
    if (liars_) place(settings);
    // The first three are known to all, and the publishers speak the truth.
    const std::size_t first = std::max<std::size_t>(3, plan_.streams);
    const bool lies = liars_ && world_.size() >= first &&
                      Liars::lies(world_.size() - first, liar_count(), plan_.nodes - first);
    if (lies) settings = liars_->next(std::move(settings), plan_.scenario);
    const std::size_t index = world_.add("n" + std::to_string(world_.size()), settings);
    if (lies) liars_->came(index);
    // Most nodes cannot be reached from outside. The first ones can, or there would be no network.
    if (!lies) world_.reachable(index, index < 3 || (is_twelve() && is_one_of_three) || rng_.below(10) < 4);
    return index;
  }

  std::size_t add_home(Settings settings, std::uint64_t children) {
    const Nat nat = world_.size() < first_publisher() ? open : some_nat(rng_.below(100));
    const bool is_open = nat.udp == Udp::open;
    if (is_open) children = 8;  // in a data centre, or with a good line
    settings.capacity = 50;     // few nodes can be supernodes
    if (publishes(world_.size())) children = std::max<std::uint64_t>(children, 2);
    if (is_open || rng_.below(3) > 0) settings.self.nat = nat;
    settings.upstream_bps = children * stream_bps + stream_bps / 2;
    const std::size_t index = world_.add("n" + std::to_string(world_.size()), settings);
    world_.nat(index, nat);
    world_.reachable(index, is_open);
    return index;
  }

  std::size_t add_hidden(Settings settings, std::uint64_t children) {
    if (world_.size() == 0) {
      settings.capacity = 1'000;
      return world_.add("n0", of_origin(settings));
    }
    settings.origin_at = World::address_of(0);
    const Nat nat = some_nat_with_paths(rng_.below(100));
    if (rng_.below(3) > 0) settings.self.nat = nat;
    if (publishes(world_.size())) children = std::max<std::uint64_t>(children, 2);
    settings.upstream_bps = children * stream_bps + stream_bps / 2;
    const std::size_t index = world_.add("n" + std::to_string(world_.size()), settings);
    world_.nat(index, nat);
    world_.reachable(index, false);
    return index;
  }

  void join() {
    const Time window = std::max<Time>(10s, Time{1ms} * static_cast<Time::rep>(plan_.nodes));
    for (std::size_t i = 0; i < plan_.nodes; ++i) {
      const Time at =
          i < 3 ? Time{1s} * static_cast<Time::rep>(i)
                : 3s + Time{static_cast<Time::rep>(rng_.below(static_cast<std::uint64_t>(window.count())))};
      world_.later(at, [this] { add(); });
    }
    world_.run(window + 4s);
    settle(30s);
    figures_.join_messages = per_node(world_.traffic().count());
    figures_.join_bytes = per_node(world_.traffic().bytes);
  }

  void publish() {
    for (std::size_t i = 0; i < slugs_.size(); ++i)
      world_.publish((first_publisher() + i) % world_.size(), slugs_[i]);
    world_.run(2s);
  }

  void watch(Time window) {
    for (std::size_t i = 0; i < plan_.viewers; ++i) {
      const Time at{static_cast<Time::rep>(rng_.below(static_cast<std::uint64_t>(window.count())))};
      world_.later(at, [this] { wish(); });
    }
    world_.run(window);
  }

  void wish() {
    const std::size_t first = is_origin_alone() ? 1 : 0;  // an origin does not watch
    const std::size_t node = first + rng_.below(world_.size() - first);
    wish(node, slugs_[rng_.below(slugs_.size())]);
  }
  void wish(std::size_t node, const Slug &slug) {
    Wish wish{.node = node, .slug = slug, .at = world_.now()};
    if (!world_.alive(wish.node) || (liars_ && liars_->is_liar(wish.node))) return;
    const auto wanted = std::pair(wish.node, wish.slug);
    if (!wished_.insert(wanted).second) return;
    if (liars_ && world_.flows(node, slug)) wish.fed = wish.at;  // it passes the stream on to others already
    open_[wanted] = wishes_.size();
    wishes_.push_back(wish);
    world_.play(wish.node, wish.slug);
    hope(wanted);
  }

  // A viewer asks again when nobody had room.
  void hope(const std::pair<std::size_t, Slug> &wanted) {
    world_.later(5s, [this, wanted] {
      if (!world_.alive(wanted.first)) return;
      if (!world_.node(wanted.first).find_ticket(wanted.second, {}) && !carried(wanted))
        world_.play(wanted.first, wanted.second);
      if (!world_.fed(wanted.first, wanted.second)) hope(wanted);
    });
  }
  bool carried(const std::pair<std::size_t, Slug> &wanted) {
    return !world_.node(wanted.first).tickets(wanted.second).empty();
  }

  void note_fed(std::size_t node, const Effects &effects) {
    if (open_.empty() || liars_) return;
    for (const Effect &effect : effects) {
      const auto *news = std::get_if<Announce>(&effect);
      if (news == nullptr || news->what != Change::ticket) continue;
      const auto found = open_.find({node, news->key.substr(0, news->key.find('/'))});
      if (found == open_.end() || !has(node, found->first.second)) continue;
      wishes_[found->second].fed = world_.now();
      open_.erase(found);
    }
  }

  // In `homes` a ticket says little: its link may never come up.
  bool has(std::size_t node, const Slug &slug) {
    if (!is_homes()) return world_.fed(node, slug);
    const auto ticket = world_.node(node).find_ticket(slug, {});
    return ticket && ticket->confirmed;
  }

  // Runs until all nodes rest, for `most` at most.
  void settle(Time most) {
    const Time end = world_.now() + most;
    while (world_.now() < end) {
      world_.run(std::min<Time>(5s, end - world_.now()));
      if (most > 100s) continue;
      bool rest = true;
      for (std::size_t i = 0; i < world_.size() && rest; ++i)
        rest = !world_.alive(i) || world_.node(i).resting();
      if (rest) return;
    }
  }

  bool all_fed() {
    for (const Wish &wish : wishes_)
      if (world_.alive(wish.node) && !world_.fed(wish.node, wish.slug)) return false;
    return true;
  }

  void heal(Time most) {
    const Time begin = world_.now();
    while (world_.now() < begin + most) {
      world_.run(500ms);
      if (all_fed()) break;
    }
    figures_.heal_s = static_cast<double>((world_.now() - begin) / 1ms) / 1000;
  }

  // The viewers of a restarted node want to go on.
  void restart(std::size_t index) {
    world_.restart(index);
    for (const Wish &wish : std::vector(wishes_)) {
      if (wish.node != index) continue;
      world_.play(wish.node, wish.slug);
      hope({wish.node, wish.slug});
    }
  }

  bool publishes(std::size_t index) const {
    return index >= first_publisher() && index < first_publisher() + slugs_.size();
  }

  // Of all viewers whose media does not come through `without`.
  std::map<std::pair<std::size_t, Slug>, TicketId> tickets(const Uuid &without = {}) {
    std::map<std::pair<std::size_t, Slug>, TicketId> held;
    for (const auto &[node, slug] : viewers()) {
      const std::vector<Uuid> chain = world_.chain(node, slug);
      if (chain.empty() || std::find(chain.begin(), chain.end(), without) != chain.end()) continue;
      held[{node, slug}] = world_.node(node).find_ticket(slug, {})->id;
    }
    return held;
  }

  std::size_t some_relay() {
    std::vector<std::size_t> relays;
    for (std::size_t i = 4; i < world_.size(); ++i)
      if (world_.alive(i) && world_.node(i).fed_children() > 0) relays.push_back(i);
    return relays[rng_.below(relays.size())];
  }

  // A supernode is killed; the origin goes away and comes back, and a newcomer knows only the origin; a relay
  // leaves.
  void few() {
    const Time rest = 150s;  // after this, no node searches for a better parent
    world_.run(rest);
    const std::size_t victim = 1 + rng_.below(3);
    const auto untouched = tickets(world_.node(victim).self().uuid);
    world_.kill(victim);
    heal(60s);
    world_.run(rest);
    invariants_->tickets_stay(untouched);

    const auto all = tickets();
    world_.origin_silent = true;
    world_.run(60s);
    world_.origin_silent = false;
    wish(add(), slugs_[0]);
    world_.run(rest);
    invariants_->tickets_stay(all);
    invariants_->media_flows(viewers());

    leaving_ = true;
    world_.step(some_relay(), Shutdown{});
    world_.run(30s);
    leaving_ = false;
  }

  // A tenth of the nodes dies each minute, publishers excepted, and as many new ones come and watch.
  void deaths() {
    const std::size_t count = plan_.nodes * plan_.minutes / 10;
    const auto window =
        static_cast<std::uint64_t>((Time{60s} * static_cast<Time::rep>(plan_.minutes)).count());
    const auto some_time = [&] { return Time{static_cast<Time::rep>(rng_.below(window))}; };
    for (std::size_t i = 0; i < count; ++i) {
      world_.later(some_time(), [this] {
        std::size_t victim = rng_.below(world_.size());
        while (publishes(victim) || !world_.alive(victim)) victim = rng_.below(world_.size());
        world_.kill(victim);
      });
      world_.later(some_time(), [this] { add(); });
      if (rng_.below(plan_.nodes) < plan_.viewers)
        world_.later(some_time(), [this] { wish(world_.size() - 1, slugs_[rng_.below(slugs_.size())]); });
    }
    world_.run(Time{static_cast<Time::rep>(window)});
    heal(60s);
  }

  void trouble() {
    if (plan_.scenario == "deaths") {
      deaths();
    } else if (is_twelve()) {
      few();
    } else if (is_origin_alone()) {
      const auto all = tickets();
      world_.kill(0);
      world_.run(60s);
      invariants_->media_flows(viewers());
      world_.restart(0);
      heal(60s);
      invariants_->tickets_stay(all);
    } else if (plan_.scenario == "churn") {
      const std::size_t events = std::max<std::size_t>(10, plan_.nodes / 5);
      for (std::size_t i = 0; i < events; ++i) {
        world_.later(Time{static_cast<Time::rep>(rng_.below(60'000'000'000))}, [this] {
          const std::size_t index = rng_.below(world_.size());
          switch (rng_.below(5)) {
            case 0:
              if (!publishes(index) && world_.alive(index)) world_.kill(index);
              break;
            case 1:
              if (!publishes(index) && world_.alive(index)) world_.step(index, Shutdown{});
              break;
            case 2:
              if (!publishes(index) && !world_.alive(index)) restart(index);
              break;
            case 3:
              add();
              break;
            case 4:
              wish();
              break;
          }
        });
      }
      world_.run(60s);
      heal(60s);
    } else if (plan_.scenario == "supernode-massacre") {
      std::vector<std::size_t> victims;
      for (const std::size_t index : world_.supernodes())
        if (!publishes(index) && rng_.below(2) == 0) victims.push_back(index);
      for (const std::size_t index : victims) world_.kill(index);
      heal(120s);
    } else if (plan_.scenario == "origin-gone") {
      world_.origin_silent = true;
      std::vector<std::size_t> victims;
      for (const std::size_t index : world_.supernodes())
        if (!publishes(index) && rng_.below(3) == 0) victims.push_back(index);
      for (const std::size_t index : victims) world_.kill(index);
      heal(120s);
    } else if (plan_.scenario == "partition-and-heal") {
      for (std::size_t i = 0; i < world_.size(); ++i) world_.part(i, rng_.below(2) == 0 ? 1 : 0);
      world_.run(60s);
      for (std::size_t i = 0; i < world_.size(); ++i) world_.part(i, 0);
      world_.heal();
      heal(120s);
    } else if (plan_.scenario == "relays-leave") {
      for (std::size_t i = slugs_.size(); i < world_.size(); ++i)
        if (rng_.below(10) == 0 && world_.alive(i)) world_.step(i, Shutdown{});
      heal(60s);
    } else if (plan_.scenario == "restart-all") {
      for (std::size_t i = slugs_.size(); i < world_.size(); ++i)
        if (rng_.below(3) == 0) restart(i);
      heal(60s);
    }
  }

  void count_media() {
    const World::Media &media = world_.media();
    figures_.switches = media.switches;
    figures_.lost = media.lost;
    std::vector<double> outages;
    for (std::size_t i = outages_before_; i < media.outages.size(); ++i)
      outages.push_back(static_cast<double>(media.outages[i] / 1ms) / 1000);
    std::sort(outages.begin(), outages.end());
    figures_.outages = outages.size();
    if (outages.empty()) return;
    figures_.outage_s_p50 = outages[outages.size() / 2];
    figures_.outage_s_p99 = outages[outages.size() * 99 / 100];
    figures_.outage_s_max = outages.back();
  }

  void count() {
    figures_.supernodes = world_.supernodes().size();
    std::vector<double> waits;
    std::vector<std::size_t> depths;
    for (const Wish &wish : wishes_) {
      if (!world_.alive(wish.node)) continue;
      if (wish.fed != never) waits.push_back(static_cast<double>((wish.fed - wish.at) / 1ms) / 1000);
      const std::vector<Uuid> chain = world_.chain(wish.node, wish.slug);
      if (chain.empty()) {
        ++figures_.unfed;
        continue;
      }
      ++figures_.fed;
      depths.push_back(chain.size() - 1);
    }
    std::sort(waits.begin(), waits.end());
    std::sort(depths.begin(), depths.end());
    if (!waits.empty()) {
      figures_.fed_s_p50 = waits[waits.size() / 2];
      figures_.fed_s_p99 = waits[waits.size() * 99 / 100];
    }
    if (!depths.empty()) {
      figures_.depth_p50 = depths[depths.size() / 2];
      figures_.depth_max = depths.back();
    }
    std::uint64_t all = 0;
    std::uint64_t sources = 0;
    for (std::size_t i = 0; i < world_.size(); ++i) {
      if (!world_.alive(i)) continue;
      all += world_.node(i).fed_children();
      if (publishes(i)) sources += world_.node(i).fed_children();
    }
    if (all > 0) figures_.source_share = static_cast<double>(sources) / static_cast<double>(all);
  }

  Plan plan_;
  World world_;
  Rng rng_;
  std::vector<Slug> slugs_;
  std::optional<Invariants> invariants_;
  std::optional<Liars> liars_;
  std::vector<Wish> wishes_;
  std::set<std::pair<std::size_t, Slug>> wished_;
  std::map<std::pair<std::size_t, Slug>, std::size_t> open_;
  bool leaving_ = false;
  std::size_t outages_before_ = 0;
  Figures figures_;
};

}  // namespace

std::vector<std::string> scenarios() {
  return {
      "join-storm",  "steady",      "churn",        "supernode-massacre", "origin-gone", "partition-and-heal",
      "flash-crowd", "free-riders", "relays-leave", "restart-all",        "lossy",       "twelve",
      "deaths",      "homes",       "origin-alone"};
}

Figures play(const Plan &plan) {
  return Story(plan).play();
}

}  // namespace astral::sim
