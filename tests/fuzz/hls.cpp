// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: HLS players at a node. Whole requests go through the routes to the HLS windows of two streams, while
// media comes, streams break, end and begin again, and players wait. What a playlist lists can be fetched;
// every waiting player gets one answer.
#include <algorithm>

#include "formats/playlist.hpp"
#include "node_world.hpp"

using namespace astral;
using namespace astral::fuzz;

namespace {

// The streams' HLS windows, without the pipelines that fill them.
class Windows : public test::FakeMedia {
 public:
  struct Stream {
    formats::HlsWindow window;
    Time pts{};
    std::uint64_t group = 0;
    std::size_t in_group = 0;
  };

  Expected<std::string> playlist(const std::string &slug,
                                 const formats::PlaylistQuery &query) const override {
    const auto found = windows.find(slug);
    if (found == windows.end()) return fail(Code::not_found, "not carried");
    return found->second.window.playlist(query);
  }
  Expected<std::vector<Slice>> segment(const std::string &slug, const std::string &file) const override {
    const auto found = windows.find(slug);
    if (found == windows.end()) return fail(Code::not_found, "not carried");
    const formats::HlsWindow &window = found->second.window;
    if (const auto part = formats::parse_part_name(file)) return window.part(*part);
    const auto sequence = formats::parse_segment_name(file);
    if (!sequence) return fail(Code::not_found, "no segment is called that");
    auto segment = window.segment(*sequence);
    if (!segment) return tl::unexpected<Error>(segment.error());
    return std::move(segment->pieces);
  }
  Time hls_patience(const std::string &slug) const override {
    const auto found = windows.find(slug);
    return found == windows.end() ? Time::zero() : found->second.window.patience();
  }

  std::map<std::string, Stream> windows;
};

class Play {
 public:
  Play() : world_(media_, core::Role::automatic, {}) {
    world_.answered = [this](const http::Call &call, const Request &request) { check(call, request); };
  }

  void step(std::string_view line) {
    const std::string slug = line.size() > 1 && line[1] == 'b' ? "b" : "a";
    act(line[0], slug, line.substr(std::min<std::size_t>(line.size(), 2)));
    world_.look();
  }

  void end() {
    for (int i = 0; i < 4; ++i) {
      pass(12s);
      world_.look();
    }
    world_.check_answers();
  }

 private:
  void act(char what, const std::string &slug, std::string_view rest) {
    const std::size_t number = std::strtoul(std::string(rest).c_str(), nullptr, 10);
    const auto found = media_.windows.find(slug);
    switch (what) {
      case 'o': {
        constexpr formats::HlsLimits small{.ready = 1, .listed = 3, .kept = 1, .bytes = 64 * 1024};
        const formats::HlsLimits limits = slug == "b" ? small : formats::HlsLimits{};
        media_.windows.erase(slug);
        media_.windows.emplace(slug, Windows::Stream{.window = formats::HlsWindow(number, limits)});
        media_.streams.insert_or_assign(slug, std::string());
        return;
      }
      case 'c':
        media_.windows.erase(slug);
        media_.streams.erase(slug);
        return;
      case 'p':
        return push(slug, number % 128, rest.size() % 7 * 700);
      case 'j':
        if (found != media_.windows.end()) found->second.pts += Time(1ms) * static_cast<int>(number % 20'000);
        return;
      case 'g':
        if (found != media_.windows.end()) found->second.group += number % 5;
        return;
      case 'd':
        if (found != media_.windows.end()) found->second.window.mark_discontinuity();
        return;
      case 'w':
        return pass(time_of(rest.empty() ? '1' : rest[0]));
      case 'r':
        return static_cast<void>(world_.ask(rest.empty() ? 'l' : rest[0],
                                            request_of(rest.substr(std::min<std::size_t>(rest.size(), 1)))));
      default:
        return;
    }
  }

  void push(const std::string &slug, std::size_t count, std::size_t size) {
    const auto found = media_.windows.find(slug);
    if (found == media_.windows.end()) return;
    Windows::Stream &stream = found->second;
    for (std::size_t i = 0; i < count; ++i) {
      const Slice bytes = Slice::copy(as_bytes(std::string(size + 1, 'p')));
      const bool is_more = stream.window.push({stream.group, stream.pts, bytes, false}, {});
      stream.pts += 40ms;
      if (++stream.in_group % 25 == 0) ++stream.group;
      if (is_more && media_.hls_news) media_.hls_news(slug);
    }
  }

  // Everything that the playlist lists can be fetched now.
  void check(const http::Call &call, const Request &request) {
    if (request.status != 200 || !call.path.ends_with("/index.m3u8")) return;
    const std::string &slug = call.params.at("slug");
    std::string_view text = request.text;
    assert(text.starts_with("#EXTM3U\n"));
    while (const auto line = http::take_line(text)) {
      if (line->empty()) continue;
      if (!line->starts_with('#')) assert(media_.segment(slug, std::string(*line)));
      if (line->starts_with("#EXT-X-PART:")) assert(media_.segment(slug, quoted(*line)));
      if (!line->starts_with("#EXT-X-PRELOAD-HINT:")) continue;
      const auto next = media_.segment(slug, quoted(*line));
      assert(next || next.error().code == Code::unreachable);
    }
    assert(text.empty());
  }

  static std::string quoted(std::string_view line) {
    const std::size_t at = line.find("URI=\"");
    assert(at != std::string_view::npos);
    const std::string_view rest = line.substr(at + 5);
    return std::string(rest.substr(0, rest.find('"')));
  }

  Windows media_;
  NodeWorld world_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  reset_outside();
  Play play;
  run_script({reinterpret_cast<const char *>(data), size}, [&](std::string_view line) { play.step(line); });
  play.end();
  return 0;
}
