// SPDX-License-Identifier: BSD-3-Clause
// Publishes a stream of 4 Mbit/s into any sink and receives it from any sources, in one process with one
// clock, and prints JSON lines. Sinks and sources are given as gst-launch text, so that others are measured
// alike.
//   stream_bench startup RUNS SINK SOURCE          time from a viewer's start to its first buffer
//   stream_bench latency SECONDS SINK SOURCE...    from the publisher's push to each viewer's buffer
//   stream_bench fanout SECONDS VIEWERS PID SINK SOURCE   CPU of process PID per gigabyte that the viewers
//   got
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "glue/guarded.hpp"
#include "glue/ref.hpp"
#include "glue/time.hpp"

namespace astral {
namespace {

constexpr std::size_t packet_size = 188;
constexpr int frames_per_second = 30, packets_per_frame = 88;  // 3.97 Mbit/s
constexpr std::uint16_t media_pid = 0x41;
constexpr auto no_answer = 30s;

using Packet = std::array<std::uint8_t, packet_size>;

Packet packet(std::uint16_t pid, bool unit_start, const std::vector<std::uint8_t> &payload) {
  Packet bytes;
  bytes.fill(0xff);
  bytes[0] = 0x47;
  bytes[1] = static_cast<std::uint8_t>((unit_start ? 0x40 : 0) | (pid >> 8));
  bytes[2] = static_cast<std::uint8_t>(pid);
  bytes[3] = 0x10;
  std::copy(payload.begin(), payload.end(), bytes.begin() + 4);
  return bytes;
}

// One frame: its first packet says when it was pushed. Every second begins with tables.
std::vector<std::uint8_t> frame(int number) {
  std::vector<std::uint8_t> bytes;
  const auto add = [&](const Packet &p) { bytes.insert(bytes.end(), p.begin(), p.end()); };
  if (number % frames_per_second == 0) {
    add(packet(0, true, {0, 0x00, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xe0, 0x20, 1, 2, 3, 4}));
    add(packet(0x20, true, {0,    0x02, 0xb0, 18,   0,    1,    0xc1, 0, 0, 0xe0, 0x41,
                            0xf0, 0,    0x06, 0xe0, 0x41, 0xf0, 0,    1, 2, 3,    4}));
  }
  std::vector<std::uint8_t> start = {0, 0, 1, 0xbd, 0, 0, 0x80, 0, 0};
  const std::int64_t time = now().count();
  start.resize(start.size() + sizeof time);
  std::memcpy(start.data() + 9, &time, sizeof time);
  add(packet(media_pid, true, start));
  for (int i = 1; i < packets_per_frame; ++i)
    add(packet(media_pid, false, std::vector<std::uint8_t>(184, static_cast<std::uint8_t>(number))));
  return bytes;
}

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
  explicit Publisher(const std::string &sink)
      : pipeline_(parse(
            "appsrc name=in format=time is-live=true caps=video/mpegts,systemstream=true,packetsize=188 ! " +
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
      const auto bytes = frame(number);
      GstBuffer *buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
      GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>((due - start).count());
      gst_app_src_push_buffer(GST_APP_SRC(source_.get()), buffer);
    }
  }

  Ref<GstElement> pipeline_, source_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

class Viewer {
 public:
  explicit Viewer(const std::string &source)
      : pipeline_(parse(source + " ! appsink name=out sync=false max-buffers=0")),
        sink_(Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "out"))) {
    GstAppSinkCallbacks callbacks = {};
    callbacks.new_sample = [](GstAppSink *sink, gpointer self) noexcept {
      static_cast<Viewer *>(self)->take(Ref<GstSample>::adopt(gst_app_sink_pull_sample(sink)));
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
  // From its start to the first media; negative: none came.
  double first_ms() {
    const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline_.get()));
    for (const Time end = now() + no_answer; first_ == 0 && now() < end;) {
      std::this_thread::sleep_for(1ms);
      const auto refused = Ref<GstMessage>::adopt(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR));
      if (!refused || first_ != 0) continue;
      // It came before the publisher was known: it comes again, as a person would.
      gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
      std::this_thread::sleep_for(200ms);
      started_ = now();
      gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
    }
    return first_ == 0 ? -1 : static_cast<double>(first_ - started_.count()) / 1e6;
  }

 private:
  void take(const Ref<GstSample> &sample) {
    const std::int64_t time = now().count();
    GstMapInfo info;
    GstBuffer *buffer = gst_sample_get_buffer(sample.get());
    if (!gst_buffer_map(buffer, &info, GST_MAP_READ)) return;
    bytes_ += info.size;
    for (std::size_t at = 0; at + packet_size <= info.size; at += packet_size) {
      const guint8 *p = info.data + at;
      if (p[0] != 0x47 || p[1] != 0x40 || p[2] != media_pid) continue;
      std::int64_t pushed = 0;
      std::memcpy(&pushed, p + 13, sizeof pushed);
      latencies_.with([&](auto &all) { all.push_back(static_cast<double>(time - pushed) / 1e6); });
      if (first_ == 0) first_ = time;
    }
    gst_buffer_unmap(buffer, &info);
  }

  Ref<GstElement> pipeline_, sink_;
  Time started_{};
  std::atomic<std::int64_t> first_ = 0;
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

int startup(int runs, const std::string &sink, const std::string &source) {
  Publisher publisher(sink);
  if (Viewer first(source); first.first_ms() < 0) return 1;
  std::vector<double> times;
  for (int run = 0; run < runs; ++run) {
    wait(0.1 + 0.37 * run - std::floor(0.37 * run));  // another place in the group each time
    times.push_back(Viewer(source).first_ms());
  }
  std::printf(
      "{\"bench\":\"startup\",\"source\":\"%s\",\"runs\":%d,\"first_buffer_ms_p50\":%.1f,\"first_buffer_ms_"
      "min\":%.1f,"
      "\"first_buffer_ms_max\":%.1f}\n",
      source.c_str(), runs, percentile(times, 0.5), percentile(times, 0), percentile(times, 1));
  return 0;
}

int latency(double seconds, const std::string &sink, const std::vector<std::string> &sources) {
  Publisher publisher(sink);
  std::vector<std::unique_ptr<Viewer>> viewers;
  for (const std::string &source : sources) {
    viewers.push_back(std::make_unique<Viewer>(source));
    if (viewers.back()->first_ms() < 0) return 1;
    wait(4);  // until its node has measured the stream, and counts its room by that
  }
  for (auto &viewer : viewers) viewer->count_from_here();
  wait(seconds);
  std::vector<double> before;
  for (std::size_t i = 0; i < viewers.size(); ++i) {
    const std::vector<double> now_ms = viewers[i]->latencies_ms();
    std::printf("{\"bench\":\"latency\",\"source\":\"%s\",\"frames\":%zu,\"ms_p50\":%.2f,\"ms_p99\":%.2f",
                sources[i].c_str(), now_ms.size(), percentile(now_ms, 0.5), percentile(now_ms, 0.99));
    if (i > 0) {  // the same frames, in the same order
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

}  // namespace
}  // namespace astral

int main(int argc, char **argv) {
  gst_init(&argc, &argv);
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.size() == 4 && args[0] == "startup") return astral::startup(std::stoi(args[1]), args[2], args[3]);
  if (args.size() >= 4 && args[0] == "latency")
    return astral::latency(std::stod(args[1]), args[2], {args.begin() + 3, args.end()});
  if (args.size() == 6 && args[0] == "fanout")
    return astral::fanout(std::stod(args[1]), std::stoi(args[2]), std::stoi(args[3]), args[4], args[5]);
  std::fprintf(stderr, "usage: see the head of stream_bench.cpp\n");
  return 2;
}
