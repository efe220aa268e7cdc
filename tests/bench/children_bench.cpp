// SPDX-License-Identifier: BSD-3-Clause
// Keeps children registered at a supernode on this machine: real WebSockets, each with a hello, a register
// and heartbeats like a node's. Prints one JSON line with the CPU and memory that they cost the supernode's
// process. The exit status is 0 if all were registered and none was lost.
//   children_bench PORT PID CHILDREN SECONDS
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "core/limits.hpp"
#include "core/slug.hpp"
#include "glue/loop.hpp"
#include "peer/peers.hpp"

namespace astral {
namespace {

constexpr std::size_t at_once = 32;  // connect at a time, or handshake timeouts would end some
constexpr std::uint16_t discard_port = 9;  // the children do not listen

double cpu_ms(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) * 1e3 + static_cast<double>(used.tv_nsec) / 1e6;
}

double memory_kib(pid_t pid) {
  long size = 0, resident = 0;
  std::ifstream("/proc/" + std::to_string(pid) + "/statm") >> size >> resident;
  return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / 1024;
}

std::uint64_t unix_ms() {
  return static_cast<std::uint64_t>(g_get_real_time() / 1000);
}

class Children : private peer::Peers::Handler {
 public:
  Children(std::uint16_t port, std::size_t count)
      : port_(port), count_(count), beat_timer_(g_main_context_default(), [this] { beat(); }) {
    connect_more();
  }

  bool answered() const { return registered_ + full_ + lost_ == count_; }
  std::size_t registered() const { return registered_; }
  std::size_t full() const { return full_; }
  std::size_t lost() const { return lost_; }
  std::size_t heartbeats() const { return heartbeats_; }  // received from the supernode

 private:
  struct Child {  // a node of its own, with its key
    Child(peer::Peers::Handler &handler, Key key)
        : uuid(core::uuid_of(key.fingerprint())), peers(handler, std::move(key), true) {}

    std::string uuid;
    peer::Peers peers;
    std::size_t *counted = nullptr;  // registered_ or full_, whichever counts this child
    std::uint64_t their_ms = 0;
    Time their_at = {};
  };

  void connect_more() {
    while (asked_ < count_ && asked_ - registered_ - full_ - lost_ < at_once) {
      const core::PeerId peer = core::first_own_id + asked_++;
      peer::Peers::Handler &handler = *this;
      children_.try_emplace(peer, handler, Key::generate().value())
          .first->second.peers.connect(peer, "127.0.0.1", port_);
    }
  }

  void on_peer_connected(core::PeerId peer, bool, const std::string &) override {
    Child &child = children_.at(peer);
    child.peers.send(peer, core::Hello{.node = {.uuid = child.uuid, .port = discard_port}});
  }

  void on_peer_proved(core::PeerId, const Fingerprint &) override {}

  void on_peer_message(core::PeerId peer, core::Message message) override {
    if (std::holds_alternative<core::Welcome>(message)) children_.at(peer).peers.send(peer, core::Register{});
    if (std::holds_alternative<core::Full>(message)) count(peer, full_);
    if (std::holds_alternative<core::Registered>(message)) {
      // Spreads the children's heartbeats evenly over the interval.
      const auto place = static_cast<Time::rep>(registered_);
      beats_.emplace(now() + interval_ * place / static_cast<Time::rep>(count_), peer);
      beat_timer_.set(beats_.begin()->first);
      count(peer, registered_);
    }
    if (const auto *heartbeat = std::get_if<core::Heartbeat>(&message)) {
      ++heartbeats_;
      children_.at(peer).their_ms = heartbeat->sent_ms;
      children_.at(peer).their_at = now();
    }
  }

  void on_peer_lost(core::PeerId peer, const std::string &reason) override {
    std::fprintf(stderr, "child %llu: %s\n", static_cast<unsigned long long>(peer - core::first_own_id),
                 reason.c_str());
    if (std::size_t *counted = std::exchange(children_.at(peer).counted, nullptr)) --*counted;
    lost_children_.insert(peer);
    ++lost_;
    connect_more();
  }

  void count(core::PeerId peer, std::size_t &among) {
    children_.at(peer).counted = &among;
    ++among;
    connect_more();
  }

  void beat() {
    while (!beats_.empty() && beats_.begin()->first <= now()) {
      const auto [due, peer] = *beats_.begin();
      beats_.erase(beats_.begin());
      if (lost_children_.contains(peer)) continue;
      Child &child = children_.at(peer);
      const auto held = (now() - child.their_at) / 1ms;
      child.peers.send(peer, core::Heartbeat{.sent_ms = unix_ms(),
                                             .echo_ms = child.their_ms,
                                             .held_ms = static_cast<std::uint64_t>(held)});
      beats_.emplace(due + interval_, peer);
    }
    if (!beats_.empty()) beat_timer_.set(beats_.begin()->first);
  }

  const std::uint16_t port_;
  const std::size_t count_;
  const Time interval_ = core::Timeouts{}.heartbeat;
  std::size_t asked_ = 0, registered_ = 0, full_ = 0, lost_ = 0, heartbeats_ = 0;
  std::map<core::PeerId, Child> children_;
  std::set<core::PeerId> lost_children_;
  std::multimap<Time, core::PeerId> beats_;
  Timer beat_timer_;
};

int run(std::uint16_t port, pid_t pid, std::size_t count, Time window) {
  const double none_kib = memory_kib(pid);
  const Time began = now();
  Children children(port, count);
  while (!children.answered()) g_main_context_iteration(nullptr, TRUE);
  const double registering_s = std::chrono::duration<double>(now() - began).count();

  const double before_ms = cpu_ms(pid);
  const std::size_t heard = children.heartbeats();
  const Time start = now();
  bool over = false;
  Timer end(g_main_context_default(), [&] { over = true; });
  end.set(start + window);
  while (!over && children.lost() == 0) g_main_context_iteration(nullptr, TRUE);
  const double seconds = std::chrono::duration<double>(now() - start).count();
  const double used_ms = cpu_ms(pid) - before_ms;

  const auto each = static_cast<double>(count);
  std::printf(
      "{\"bench\":\"children\",\"children\":%zu,\"registered\":%zu,\"full\":%zu,\"lost\":%zu,\"registering_"
      "s\":%.2f,"
      "\"seconds\":%.1f,\"cpu_ms_per_child_s\":%.4f,\"kib_per_child\":%.1f,\"heartbeats\":%zu}\n",
      count, children.registered(), children.full(), children.lost(), registering_s, seconds,
      used_ms / seconds / each, (memory_kib(pid) - none_kib) / each, children.heartbeats() - heard);
  return children.registered() == count ? 0 : 1;
}

}  // namespace
}  // namespace astral

int main(int argc, char **argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: children_bench PORT PID CHILDREN SECONDS\n");
    return 2;
  }
  std::signal(SIGINT, SIG_DFL);  // a shell that starts it in the background leaves SIGINT ignored
  rlimit files{};  // each child needs one descriptor
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const auto window = astral::Time(std::chrono::seconds(std::atoi(argv[4])));
  return astral::run(static_cast<std::uint16_t>(std::atoi(argv[1])), std::atoi(argv[2]),
                     static_cast<std::size_t>(std::atoi(argv[3])), window);
}
