// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: signalling messages from a node or an application to an element, mixed with all else that happens to
// the element: it starts and stops, media comes, links come up and end, time passes
// (unit/elements/still.hpp). The input's first byte chooses the element, the rest is steps. The element
// offers a ticket once and ends it once, and a bad message about one ticket disturbs no other.
#include <gst/gst.h>

#include <array>
#include <cassert>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>

#include "../unit/elements/still.hpp"
#include "elements/relay_impl.hpp"
#include "elements/sink_impl.hpp"
#include "elements/source_impl.hpp"
#include "glue/json.hpp"
#include "moqt/messages.hpp"
#include "steps.hpp"

using namespace astral;
using namespace astral::elements;
using fuzz::Steps;
using still::Wire;

namespace {

constexpr unsigned max_children = 3;

class Game {
 public:
  explicit Game(Steps &steps) : steps_(steps) { settings_.slug = "talk"; }

  void play() {
    settings_.signaller = SignallerKind::application;
    settings_.max_children = max_children;
    kind_ = steps_.below(3);
    settings_.standby = steps_.flag();
    start();
    while (!steps_.done()) {
      step();
      still::run();
      check();
    }
    stop();
  }

 private:
  // ---- the element ----

  void start() {
    Hooks hooks{[this](const std::string &text) { hear(text); },
                [this](const std::string &ticket, const std::string &) { added(ticket); },
                [this](const std::string &ticket, const std::string &) { removed(ticket); },
                [](const Error &error) { assert(!error.detail.empty()); }};
    hooks.needs = [this] { return Needs{{}, steps_.flag()}; };
    if (kind_ == 0) sink_ = std::move(*SinkImpl::start(settings_, hooks));
    if (kind_ == 1) relay_ = std::move(*RelayImpl::start(settings_, hooks));
    if (kind_ == 2) source_ = std::move(*SourceImpl::start(settings_, hooks));
    still::run();
  }
  void stop() {
    sink_.reset();
    relay_.reset();
    source_.reset();
    assert(still::wires().empty());
    offered_.clear();
    peers_.clear();
  }
  void tell(const std::string &text) {
    if (sink_) sink_->take_signalling(text);
    if (relay_) relay_->take_signalling(text);
    if (source_) source_->take_signalling(text);
  }
  void media() {
    if (!sink_) return;
    if (steps_.below(4) == 0) {
      static constexpr std::array<const char *, 3> all{"video/x-frames", "video/mpegts", "audio/x-opus"};
      const auto caps = Ref<GstCaps>::adopt(gst_caps_from_string(all[steps_.below(all.size())]));
      sink_->set_caps(caps.get());
      return;
    }
    const std::string bytes = 'x' + steps_.text();
    track::Timing timing;
    timing.pts = frame_++ * 20'000'000;
    timing.delta = steps_.flag();
    sink_->render(Ref<GstBuffer>::adopt(gst_buffer_new_memdup(bytes.data(), bytes.size())), timing);
  }

  // ---- the output of the element ----

  void hear(const std::string &text) {
    const auto message = signalling::parse(text);
    assert(message);
    if (!*message) return;  // a message that only a node reads
    if (const auto *offer = std::get_if<signalling::Offer>(&**message)) {
      assert(kind_ != 2 && offered_.insert(offer->ticket).second);
    } else if (const auto *cancel = std::get_if<signalling::Cancel>(&**message)) {
      assert(kind_ == 2 || offered_.erase(cancel->ticket) == 1);
    }
  }
  void added(const std::string &ticket) { peers_.insert(ticket); }
  void removed(const std::string &ticket) {
    assert(peers_.contains(ticket));
    peers_.erase(ticket);
  }
  void check() {
    assert(still::wires().size() <= (kind_ == 2 ? 1u : max_children));
    assert(kind_ == 2 || offered_.size() <= max_children);
  }

  // ---- the input of the element ----

  std::string ticket() {
    const std::uint8_t which = steps_.byte();
    return which < 250 ? "t" + std::to_string(which % 5) : steps_.text();
  }
  std::string slug() { return steps_.below(16) == 0 ? steps_.text() : "talk"; }
  std::string fingerprint() {
    switch (steps_.below(16)) {
      case 0:
        return steps_.text();
      case 1:
        return std::string(64, 'G');
      default:
        return std::string(64, 'a');
    }
  }
  std::string candidate() {
    static const std::array<std::string, 12> all{
        "candidate:1 1 UDP 2130706431 127.0.0.1 9 typ host",
        "candidate:1 1 udp 1 fe80::1 65535 typ srflx raddr 0.0.0.0 rport 0",
        "candidate:1 1 UDP 1 224.0.0.1 9 typ host",
        "candidate:1 1 UDP 1 0.0.0.0 9 typ host",
        "candidate:1 2 UDP 1 127.0.0.1 9 typ host",
        "candidate:1 1 TCP 1 127.0.0.1 9 typ host tcptype active",
        "candidate:1 1 UDP 4294967296 127.0.0.1 9 typ host",
        "candidate:1 1 UDP 1 127.0.0.1 0 typ host",
        "candidate:1 1 UDP 1 localhost 9 typ host",
        "candidate:1 1 UDP 1 127.0.0.1 9 typ relay typ host",
        "candidate:",
        std::string(255, ' ')};
    const std::uint8_t which = steps_.byte();
    return which < 128 ? all[0] : which < 250 ? all[which % all.size()] : steps_.text();
  }
  json::Builder ice() {
    json::Builder out;
    out.set("ufrag", steps_.below(16) == 0 ? steps_.text() : "abcd");
    out.set("pwd", steps_.below(16) == 0 ? std::string(steps_.byte(), 'p') : std::string(22, 'p'));
    std::vector<std::string> candidates(steps_.below(3) == 0 ? steps_.below(40) : 1);
    for (std::string &each : candidates) each = candidate();
    return out.set("candidates", candidates);
  }
  std::string message() {
    static constexpr std::array<const char *, 8> types{"request", "confirm", "candidates", "cancel",
                                                       "offer",   "refusal", "published",  "welcome"};
    static constexpr std::array<const char *, 6> codes{"ended",     "closed",  "no-room",
                                                       "no-stream", "timeout", ""};
    const std::string type = types[steps_.below(types.size())];
    json::Builder out;
    out.set("type", steps_.below(64) == 0 ? steps_.text() : type);
    if (steps_.below(32) != 0) out.set("ticket", ticket());
    if (type == "request") out.set("slug", slug());
    if (type == "confirm" || type == "offer") out.set("fingerprint", fingerprint()).set("ice", ice());
    if (type == "candidates") {
      std::vector<std::string> candidates(1 + steps_.below(4));
      for (std::string &each : candidates) each = candidate();
      out.set("candidates", candidates);
    }
    if (type == "cancel" || type == "refusal")
      out.set("code", codes[steps_.below(codes.size())]).set("message", steps_.text());
    if (type == "published") out.set("largest_group", steps_.number() >> 4);
    if (type == "welcome") out.set("uuid", "node");
    return out.text();
  }

  void step() {
    const auto wires = still::wires();
    const std::shared_ptr<Wire> wire = wires.empty() ? nullptr : wires[steps_.below(wires.size())];
    switch (steps_.below(16)) {
      case 0:
        tell(steps_.text());
        break;
      case 1:
        if (steps_.below(8) == 0) {
          stop();
          start();
        }
        break;
      case 2:
      case 3:
        media();
        break;
      case 4:
        still::pass(std::chrono::milliseconds(100 * steps_.byte()));
        break;
      case 5:
        if (source_ && steps_.flag()) source_->set_standby(steps_.flag());
        if (source_) source_->fetch({{steps_.number(), steps_.number()}, {steps_.number(), steps_.number()}});
        if (relay_) relay_->limit_store(steps_.number());
        break;
      case 6:
      case 7:
      case 8:
        if (wire) happen(*wire);
        break;
      default:
        tell(message());
        break;
    }
  }

  // Events of a link. The target `link` fuzzes its MOQT messages.
  void happen(Wire &wire) {
    switch (steps_.below(8)) {
      case 0:
      case 1:
        wire.find();
        break;
      case 2:
        wire.lose();
        break;
      case 3:
        wire.establish();
        break;
      case 4:
        if (steps_.flag()) wire.end();
        break;
      case 5:
      case 6: {
        moqt::Subscribe subscribe;
        subscribe.id = moqt::RequestId{2 * steps_.below(4)};
        subscribe.track = track_name("talk", steps_.flag() ? media_track : catalog_track);
        subscribe.parameters.tokens.push_back({.value = "t" + std::to_string(steps_.below(5))});
        wire.data(2 * raw(subscribe.id), moqt::encode(subscribe), false);
        break;
      }
      default:
        wire.data(steps_.byte(), steps_.bytes(), steps_.flag());
        break;
    }
    if (steps_.below(4) != 0) wire.drained();
  }

  Steps &steps_;
  std::size_t kind_ = 0;
  ElementSettings settings_;
  std::unique_ptr<SinkImpl> sink_;
  std::unique_ptr<RelayImpl> relay_;
  std::unique_ptr<SourceImpl> source_;
  std::set<std::string> offered_;  // tickets, until they are cancelled
  std::set<std::string> peers_;
  std::int64_t frame_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  static const bool ready = [] {
    setenv("GST_REGISTRY_DISABLE", "yes", 1);
    gst_init(nullptr, nullptr);
    return true;
  }();
  assert(ready);
  Steps steps(Bytes(data, size));
  Game(steps).play();
  return 0;
}
