// SPDX-License-Identifier: BSD-3-Clause
// Many viewers of one stream in one thread, as cheap as they can be: each has a link of its own to the node,
// made by a ticket like an astralsrc's, and drops what it receives. SETTLE seconds after the last viewer's
// first object it prints "steady", and SECONDS later a JSON line with the CPU seconds of the node's process
// per gigabyte of media in between, and with the age of the frames that a few of the viewers got. The frames
// are stream_bench's.
//   viewers_bench NODE SLUG direct|ice COUNT SECONDS SETTLE PID
#include <gst/gst.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "elements/consumer.hpp"
#include "elements/outlet.hpp"
#include "elements/signaller.hpp"
#include "elements/signalling.hpp"
#include "frames.hpp"
#include "udp/endpoint.hpp"

namespace astral {
namespace {

constexpr int sampled = 10;          // viewers that look at the frames
constexpr std::size_t at_once = 16;  // viewers that join at a time
constexpr auto no_media = 60s;

double cpu_seconds(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

double seconds(Time time) {
  return std::chrono::duration<double>(time).count();
}

[[noreturn]] void give_up(const std::string &why) {
  std::fprintf(stderr, "viewers_bench: %s\n", why.c_str());
  std::_Exit(1);
}

class Viewer : private elements::Consumer::Owner, private elements::Signaller::Owner {
 public:
  Viewer(const std::string &node, const std::string &slug, const elements::LinkSettings &link, bool looks)
      : slug_(slug),
        looks_(looks),
        consumer_({.slug = slug, .link = link, .store = {}}, g_main_context_default(),
                  static_cast<elements::Consumer::Owner &>(*this)),
        signaller_(node, g_main_context_default(), static_cast<elements::Signaller::Owner &>(*this)) {}

  bool has_media() const { return bytes_ > 0; }
  std::uint64_t bytes() const { return bytes_; }
  std::vector<double> &ages_ms() { return ages_ms_; }

 private:
  void on_consumer_signal(const std::string &text) override { signaller_.send(text); }
  void on_consumer_connected(const std::string &, const std::string &) override {}
  elements::Needs on_consumer_needs() override { return {}; }
  void on_consumer_thin(const std::optional<elements::LineMeter::Rates> &) override {}
  void on_consumer_ended(const std::optional<Error> &error) override {
    give_up(error ? error->detail : "the stream has ended");
  }
  void on_consumer_ready() override {
    while (const auto taken = consumer_.take()) {
      const Bytes payload = taken->object.wire.bytes().subspan(taken->object.payload_offset);
      bytes_ += payload.size();
      if (!looks_) continue;
      if (taken->object.id.object == 0) finder_ = {};
      finder_.add(payload, [this](const bench::Frame &frame, bool whole) {
        if (whole) ages_ms_.push_back(static_cast<double>(now().count() - frame.pushed) / 1e6);
      });
    }
  }
  void on_signaller_open() override { signaller_.send(elements::signalling::hello(ticket_)); }
  void on_signaller_lost(const Error &error) override { give_up(error.detail); }
  void on_signaller_message(const std::string &text) override {
    const auto message = elements::signalling::parse(text);
    if (!message || !*message) return;
    if (const auto *welcome = std::get_if<elements::signalling::Welcome>(&**message))
      return signaller_.send(elements::signalling::request(ticket_, slug_, {}, welcome->uuid));
    if (const auto *refusal = std::get_if<elements::signalling::Refusal>(&**message))
      give_up(refusal->message);
    consumer_.handle(**message);
  }

  const std::string slug_;
  const bool looks_;
  const std::string ticket_ = elements::random_uuid();
  std::uint64_t bytes_ = 0;
  bench::Finder finder_;
  std::vector<double> ages_ms_;
  elements::Consumer consumer_;
  elements::NodeSignaller signaller_;
};

void run_for(Time time) {
  bool over = false;
  Timer end(g_main_context_default(), [&] { over = true; });
  end.set(now() + time);
  while (!over) g_main_context_iteration(nullptr, TRUE);
}

struct Plan {
  std::string node, slug, way;
  std::size_t count;
  Time window, settle;
  pid_t pid;
};

int run(const Plan &plan) {
  elements::LinkSettings link{.key = Key::generate().value()};
  if (plan.way == "direct") {
    auto endpoint = udp::Endpoint::open({.answers_stun = false});
    if (!endpoint) give_up(endpoint.error().detail);
    link.endpoint = std::move(*endpoint);
  }
  const Time began = now();
  std::vector<std::unique_ptr<Viewer>> viewers;
  std::size_t joined = 0;
  while (joined < plan.count) {
    while (viewers.size() < plan.count && viewers.size() < joined + at_once)
      viewers.push_back(std::make_unique<Viewer>(
          plan.node, plan.slug, link, viewers.size() % std::max<std::size_t>(plan.count / sampled, 1) == 0));
    run_for(1ms);
    while (joined < viewers.size() && viewers[joined]->has_media()) ++joined;
    if (now() - began > no_media) give_up("no media for viewer " + std::to_string(joined));
  }
  const double joining_s = seconds(now() - began);
  run_for(plan.settle);
  std::printf("steady\n");
  std::fflush(stdout);

  const auto all_bytes = [&] {
    double bytes = 0;
    for (const auto &viewer : viewers) bytes += static_cast<double>(viewer->bytes());
    return bytes;
  };
  for (const auto &viewer : viewers) viewer->ages_ms().clear();
  const double bytes_before = all_bytes(), cpu_before = cpu_seconds(plan.pid),
               own_before = cpu_seconds(getpid());
  const Time start = now();
  run_for(plan.window);
  const double cpu = cpu_seconds(plan.pid) - cpu_before, own = cpu_seconds(getpid()) - own_before;
  const double bytes = all_bytes() - bytes_before, window = seconds(now() - start);

  std::vector<double> ages;
  for (const auto &viewer : viewers)
    ages.insert(ages.end(), viewer->ages_ms().begin(), viewer->ages_ms().end());
  std::sort(ages.begin(), ages.end());
  const auto age = [&](double share) {
    return ages.empty() ? std::nan("")
                        : ages[static_cast<std::size_t>(share * static_cast<double>(ages.size() - 1))];
  };
  std::printf(
      "{\"bench\":\"fanout\",\"way\":\"%s\",\"children\":%zu,\"joining_s\":%.1f,\"mbit_s_each\":%.2f,\"cpu_"
      "s\":%.2f,"
      "\"cpu_s_per_gb\":%.2f,\"viewers_cpu_s_per_gb\":%.2f,\"ms_p50\":%.2f,\"ms_p99\":%.2f}\n",
      plan.way.c_str(), plan.count, joining_s, bytes * 8e-6 / window / static_cast<double>(plan.count), cpu,
      cpu / (bytes / 1e9), own / (bytes / 1e9), age(0.5), age(0.99));
  std::fflush(stdout);
  std::_Exit(0);  // without saying goodbye on each link
}

}  // namespace
}  // namespace astral

int main(int argc, char **argv) {
  using namespace astral;
  if (argc != 8) {
    std::fprintf(stderr, "usage: viewers_bench NODE SLUG direct|ice COUNT SECONDS SETTLE PID\n");
    return 2;
  }
  gst_init(nullptr, nullptr);
  rlimit files{};  // over ICE, a link has a socket for each address
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const auto time = [](const char *text) {
    return std::chrono::duration_cast<Time>(std::chrono::duration<double>(std::atof(text)));
  };
  return run({argv[1], argv[2], argv[3], static_cast<std::size_t>(std::atoi(argv[4])), time(argv[5]),
              time(argv[6]), std::atoi(argv[7])});
}
