// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: an origin and its callers. Whole requests are read and routed as by the origin's server, while time
// passes, nodes are checked for reachability, and the disk is slow or fails. Each call gets one answer as
// soon as the disk has answered, and a node can read the lists of nodes and streams.
#include <array>
#include <cassert>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/access.hpp"
#include "http/request.hpp"
#include "http/request_head.hpp"
#include "origin/routes.hpp"
#include "protocol/object_codec.hpp"

using namespace astral;
using namespace astral::origin;

namespace {

constexpr std::size_t max_steps = 64;

class Play {
 public:
  void step(std::string_view line) {
    const char what = line[0], which = line.size() > 1 ? line[1] : '0';
    const std::string_view rest = line.substr(std::min<std::size_t>(line.size(), 2));
    switch (what) {
      case 'r':
        return ask(which, rest);
      case 'w':
        now_ += std::chrono::seconds(std::strtoul(std::string(rest).c_str(), nullptr, 10) % 1'000'000);
        return registry_.sweep(now_);
      case 'k':
        return tell_kept(which != 'n');
      case 'f':
        if (asked_.empty()) return;
        return found(registry_, edges_, std::exchange(asked_, {}).back(), which != 'n');
      case 'l':
        is_disk_slow_ = !is_disk_slow_;
        return;
      default:
        return;
    }
  }

  void end() {
    tell_kept(true);
    assert(answers_ == calls_);
    now_ += owned_for + lapse_after;
    registry_.sweep(now_);
    assert(registry_.count_nodes() == 0 && registry_.count_streams() == 0);
  }

 private:
  // Reads and routes a request as the origin's server does.
  void ask(char who, std::string_view line) {
    std::string bytes;
    for (const char c : line) c == '\t' ? (void)bytes.append("\r\n") : bytes.push_back(c);
    const auto sound = http::check_head(bytes);
    if (!sound || !*sound) return;
    http::Request request = http::read_request(bytes);
    assert(request.head_size <= bytes.size());
    if (request.body_size > bytes.size() - request.head_size) return;
    http::Call &call = request.call;
    call.body = bytes.substr(request.head_size, request.body_size);
    constexpr std::array<const char *, 5> addresses{"127.0.0.1", "192.0.2.9", "192.0.2.10", "::1",
                                                    "2001:db8::1"};
    call.caller = addresses.at(static_cast<unsigned char>(who) % addresses.size());
    http::Match match = http::match(routes_, call.method, call.path);
    if (!match.route || call.body.size() > match.route->max_body) return;
    if (call.method != "GET" && !access_.may_change(call, match.route->who, match.route->is_open)) return;
    call.params = std::move(match.params);
    ++calls_;
    match.route->handle(call, [this, call, is_open = std::make_shared<bool>(true)](const http::Reply &reply) {
      assert(std::exchange(*is_open, false));
      ++answers_;
      check(call, reply);
    });
  }

  void check(const http::Call &call, const http::Reply &reply) {
    assert(reply.status >= 200 && reply.status < 600);
    for (const auto &[name, value] : reply.headers)
      assert(value.find_first_of("\r\n") == std::string::npos && value.find('\0') == std::string::npos);
    if (reply.type != "application/json") return;
    auto in = json::Reader::parse(reply.body, {.max_bytes = 4 << 20});
    assert(in);
    if (call.method != "GET" || reply.status != 200) return;
    if (call.path == "/nodes")
      for (json::Reader &node : in->objects("nodes", 10'000)) protocol::read_node(node);
    if (call.path == "/streams")
      for (json::Reader &stream : in->objects("streams", 10'000)) protocol::read_stream(stream);
    assert(in->good());
  }

  void tell_kept(bool is_good) {
    for (const auto &kept : std::exchange(waiting_, {}))
      kept(is_good ? Expected<void>() : fail(Code::failed, "the disk is full"));
  }

  UnixTime now_{std::chrono::seconds(1'700'000'000)};
  std::size_t calls_ = 0, answers_ = 0;
  bool is_disk_slow_ = false;
  std::vector<std::string> asked_;
  std::vector<std::function<void(Expected<void>)>> waiting_;
  Registry registry_{core::Rng(1), {.nodes = 6, .streams = 6, .streams_of_a_node = 3}};
  const Edges edges_{.clock = [this] { return now_; },
                     .keep =
                         [this](Changes, std::function<void(Expected<void>)> kept) {
                           if (kept) waiting_.push_back(std::move(kept));
                           if (!is_disk_slow_) tell_kept(true);
                         },
                     .check =
                         [this](const Check &check) {
                           asked_.push_back(check.uuid);
                           return asked_.size() % 3 != 0;
                         }};
  const std::vector<http::Route> routes_ = routes(registry_, edges_);
  const http::Access access_{{}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  std::string_view script(reinterpret_cast<const char *>(data), size);
  Play play;
  for (std::size_t i = 0; i < max_steps && !script.empty(); ++i) {
    const std::size_t end = std::min(script.find('\n'), script.size());
    if (end > 0) play.step(script.substr(0, end));
    script.remove_prefix(std::min(end + 1, script.size()));
  }
  play.end();
  return 0;
}
