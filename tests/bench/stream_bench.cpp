// SPDX-License-Identifier: BSD-3-Clause
// Publishes a stream of 4 Mbit/s into any sink and receives it from any sources, in one process with one
// clock, and prints JSON lines. Sinks and sources are gst-launch text, so other programs are measured in the
// same way.
//
// stream_bench startup RUNS GOP SINK SOURCE
//   From a viewer's start: the time to its first key frame (there is one every GOP seconds), the age of that
//   frame, and the time to the first frame that is at most 100 ms old.
// stream_bench latency SECONDS SINK SOURCE...
//   The time from the publisher's push to each viewer's buffer.
// stream_bench fanout SECONDS VIEWERS PID SINK SOURCE
//   CPU seconds of process PID per gigabyte that the viewers received.
// stream_bench publish GOP SINK
//   Publishes until it is killed.
// stream_bench view SOURCE
//   Prints a line for each whole frame, from the first key frame until the source ends: its number, the time
//   when it was whole (s, steady clock), and its age then (ms).
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "frames.hpp"
#include "glue/guarded.hpp"
#include "glue/ref.hpp"
#include "glue/time.hpp"

namespace astral {
namespace {

using bench::frames_per_second;
constexpr auto no_answer = 30s;
constexpr double live_ms = 100;  // a frame of at most this age is live

Ref<GstElement> parse(const std::string &text) {
  GError *raw = nullptr;
  GstElement *pipeline = gst_parse_launch(text.c_str(), &raw);
  const GErrorPtr error(raw);
  if (!pipeline || raw) {
    std::fprintf(stderr, "%s: %s\n", text.c_str(), raw ? raw->message : "?");
    std::exit(2);
  }
  return Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(pipeline)));
}

class Publisher {
 public:
  explicit Publisher(const std::string &sink, int gop = 1)
      : gop_(gop * frames_per_second),
        flv_(sink.find("rtmp2sink") != std::string::npos),
        pipeline_(parse(std::string("appsrc name=in format=time is-live=true caps=") +
                        (flv_ ? "video/x-flv" : "video/mpegts,systemstream=true,packetsize=188") + " ! " +
                        sink)),
        source_(Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "in"))) {
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
    thread_ = std::thread([this] { run(); });
  }
  ~Publisher() {
    stop_ = true;
    thread_.join();
    gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  }

 private:
  void run() {
    const Time start = now();
    for (int number = 0; !stop_; ++number) {
      const Time due = start + Time(1s) * number / frames_per_second;
      std::this_thread::sleep_until(std::chrono::steady_clock::time_point(due));
      const bench::Frame frame{number, number % gop_ == 0, now().count()};
      const auto bytes = flv_ ? bench::flv(frame) : bench::ts(frame);
      GstBuffer *buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
      GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>((due - start).count());
      gst_app_src_push_buffer(GST_APP_SRC(source_.get()), buffer);
    }
  }

  const int gop_;  // frames
  const bool flv_;
  Ref<GstElement> pipeline_, source_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

class Viewer {
 public:
  using Take = std::function<void(const bench::Frame &, Time)>;  // a frame, and the time when it was whole

  explicit Viewer(const std::string &source, Take take = {})
      : take_(std::move(take)),
        pipeline_(parse(source + " ! appsink name=out sync=false max-buffers=0")),
        sink_(Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "out"))) {
    GstAppSinkCallbacks callbacks = {};
    callbacks.new_sample = [](GstAppSink *sink, gpointer self) noexcept {
      static_cast<Viewer *>(self)->arrived(Ref<GstSample>::adopt(gst_app_sink_pull_sample(sink)));
      return GST_FLOW_OK;
    };
    gst_app_sink_set_callbacks(GST_APP_SINK(sink_.get()), &callbacks, this, nullptr);
    started_ = now();
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
  }
  ~Viewer() { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); }

  std::uint64_t bytes() const { return bytes_; }
  void count_from_here() {
    latencies_.with([](auto &all) { all.clear(); });
    bytes_ = 0;
  }
  std::vector<double> latencies_ms() {
    return latencies_.with([](const auto &all) { return all; });
  }
  // The time from the start to the first key frame; negative if none came.
  double first_ms() {
    for (const Time end = now() + no_answer; first_ == 0 && now() < end;) {
      if (!ended(1ms) || first_ != 0) continue;
      // The viewer asked before the node knew the publisher. Try again, as a person would.
      gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
      std::this_thread::sleep_for(200ms);
      started_ = now();
      gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
    }
    return first_ == 0 ? -1 : static_cast<double>(first_ - started_.count()) / 1e6;
  }
  // The age of the first key frame at its arrival. A viewer that plays on from there is so far behind live.
  double behind_ms() const { return behind_ms_; }
  // The time from the start to the first live frame; negative if none came.
  double caught_up_ms() {
    for (const Time end = now() + no_answer; caught_up_ == 0 && now() < end;)
      if (ended(1ms)) break;
    return caught_up_ == 0 ? -1 : static_cast<double>(caught_up_ - started_.count()) / 1e6;
  }
  // Waits up to `patience` for an error or EOS. True if one came.
  bool ended(Time patience) {
    const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline_.get()));
    return static_cast<bool>(Ref<GstMessage>::adopt(
        gst_bus_timed_pop_filtered(bus.get(), static_cast<GstClockTime>(patience.count()),
                                   static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_EOS))));
  }

 private:
  void arrived(const Ref<GstSample> &sample) {
    const Time time = now();
    GstMapInfo info;
    GstBuffer *buffer = gst_sample_get_buffer(sample.get());
    if (!gst_buffer_map(buffer, &info, GST_MAP_READ)) return;
    bytes_ += info.size;
    // Bytes may be missing, also the end of a TS packet. The next group begins with a packet.
    if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT) && info.size > 0 && info.data[0] == 0x47)
      finder_ = {};
    finder_.add({info.data, info.size}, [&](const bench::Frame &frame, bool whole) {
      const double age_ms = static_cast<double>(time.count() - frame.pushed) / 1e6;
      if (first_ == 0 && frame.key) {
        behind_ms_ = age_ms;
        first_ = time.count();
      }
      if (first_ == 0) return;  // cannot be decoded without a key frame
      if (caught_up_ == 0 && age_ms <= live_ms) caught_up_ = time.count();
      if (!whole) latencies_.with([&](auto &all) { all.push_back(age_ms); });
      if (whole && take_) take_(frame, time);
    });
    gst_buffer_unmap(buffer, &info);
  }

  Take take_;
  Ref<GstElement> pipeline_, sink_;
  bench::Finder finder_;
  Time started_{};
  std::atomic<std::int64_t> first_ = 0, caught_up_ = 0;
  std::atomic<double> behind_ms_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
  Guarded<std::vector<double>> latencies_;
};

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

double cpu_seconds(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string skip;
  for (int i = 0; i < 11; ++i) fields >> skip;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void wait(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

int startup(int runs, int gop, const std::string &sink, const std::string &source) {
  Publisher publisher(sink, gop);
  if (Viewer first(source); first.first_ms() < 0) return 1;
  std::vector<double> times, behind, caught_up;
  for (int run = 0; run < runs; ++run) {
    wait(0.1 + gop * (0.37 * run - std::floor(0.37 * run)));  // joins at another point of the group each time
    Viewer viewer(source);
    times.push_back(viewer.first_ms());
    behind.push_back(viewer.behind_ms());
    caught_up.push_back(viewer.caught_up_ms());
  }
  std::printf("{\"bench\":\"startup\",\"source\":\"%s\",\"gop_s\":%d,\"runs\":%d", source.c_str(), gop, runs);
  for (const auto &[name, values] :
       {std::pair("first_key", times), std::pair("behind", behind), std::pair("caught_up", caught_up)})
    std::printf(",\"%s_ms_p50\":%.1f,\"%s_ms_min\":%.1f,\"%s_ms_max\":%.1f", name, percentile(values, 0.5),
                name, percentile(values, 0), name, percentile(values, 1));
  std::printf("}\n");
  return 0;
}

int latency(double seconds, const std::string &sink, const std::vector<std::string> &sources) {
  Publisher publisher(sink);
  std::vector<std::unique_ptr<Viewer>> viewers;
  for (const std::string &source : sources) {
    viewers.push_back(std::make_unique<Viewer>(source));
    if (viewers.back()->first_ms() < 0) return 1;
    wait(4);  // until the viewer's node has measured the bit rate, by which it counts its free upstream
  }
  for (auto &viewer : viewers) viewer->count_from_here();
  wait(seconds);
  std::vector<double> before;
  for (std::size_t i = 0; i < viewers.size(); ++i) {
    const std::vector<double> now_ms = viewers[i]->latencies_ms();
    std::printf("{\"bench\":\"latency\",\"source\":\"%s\",\"frames\":%zu,\"ms_p50\":%.2f,\"ms_p99\":%.2f",
                sources[i].c_str(), now_ms.size(), percentile(now_ms, 0.5), percentile(now_ms, 0.99));
    if (i > 0) {  // all viewers receive the same frames in the same order
      std::vector<double> added;
      for (std::size_t k = 0; k < std::min(before.size(), now_ms.size()); ++k)
        added.push_back(now_ms[k] - before[k]);
      std::printf(",\"added_ms_p50\":%.2f,\"added_ms_p99\":%.2f", percentile(added, 0.5),
                  percentile(added, 0.99));
    }
    std::printf("}\n");
    before = now_ms;
  }
  return 0;
}

int fanout(double seconds, int count, int pid, const std::string &sink, const std::string &source) {
  Publisher publisher(sink);
  std::vector<std::unique_ptr<Viewer>> viewers;
  for (int i = 0; i < count; ++i) {
    viewers.push_back(std::make_unique<Viewer>(source));
    if (viewers.back()->first_ms() < 0) return 1;
  }
  for (auto &viewer : viewers) viewer->count_from_here();
  const double cpu = cpu_seconds(pid);
  wait(seconds);
  const double used = cpu_seconds(pid) - cpu;
  double bytes = 0;
  for (auto &viewer : viewers) bytes += static_cast<double>(viewer->bytes());
  std::printf(
      "{\"bench\":\"fanout\",\"source\":\"%s\",\"viewers\":%d,\"mbit_s_each\":%.2f,\"cpu_s\":%.2f,\"cpu_s_"
      "per_gb\":%.2f}\n",
      source.c_str(), count, bytes * 8 / 1e6 / seconds / count, used, used / (bytes / 1e9));
  return 0;
}

int publish(int gop, const std::string &sink) {
  const Publisher publisher(sink, gop);
  for (;;) wait(1);
}

int view(const std::string &source) {
  Viewer viewer(source, [](const bench::Frame &frame, Time time) {
    const double age_ms = static_cast<double>(time.count() - frame.pushed) / 1e6;
    std::printf("%d %.4f %.2f\n", frame.number, static_cast<double>(time.count()) / 1e9, age_ms);
    std::fflush(stdout);
  });
  while (!viewer.ended(1s)) continue;
  std::_Exit(1);  // without clean-up: player.py waits for the end to start the next client
}

}  // namespace
}  // namespace astral

int main(int argc, char **argv) {
  gst_init(&argc, &argv);
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.size() == 5 && args[0] == "startup")
    return astral::startup(std::stoi(args[1]), std::stoi(args[2]), args[3], args[4]);
  if (args.size() >= 4 && args[0] == "latency")
    return astral::latency(std::stod(args[1]), args[2], {args.begin() + 3, args.end()});
  if (args.size() == 6 && args[0] == "fanout")
    return astral::fanout(std::stod(args[1]), std::stoi(args[2]), std::stoi(args[3]), args[4], args[5]);
  if (args.size() == 3 && args[0] == "publish") return astral::publish(std::stoi(args[1]), args[2]);
  if (args.size() == 2 && args[0] == "view") return astral::view(args[1]);
  std::fprintf(stderr, "usage: see the first lines of stream_bench.cpp\n");
  return 2;
}
