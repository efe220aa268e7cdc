// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: RTMP publishers, one after another, into an Ingest with its real pipeline. If the input's first byte
// is even, the rest is the bytes of RTMP connections; if it is odd, the rest is steps, each a byte and its
// arguments. Whatever came before, the ingest ends once after finish().
#include <gst/gst.h>

#include <algorithm>
#include <cassert>
#include <memory>
#include <optional>

#include "formats/rtmp/session.hpp"
#include "glue/loop.hpp"
#include "media/ingest.hpp"

using namespace astral;
using namespace astral::rtmp;

namespace {

// A keyframe of 32 x 32 pixels, the next picture, and 23 ms of silence.
constexpr std::uint8_t avc_config[] = {0x01, 0x42, 0xc0, 0x0a, 0xff, 0xe1, 0x00, 0x19, 0x67, 0x42,
                                       0xc0, 0x0a, 0xda, 0x25, 0xb0, 0x16, 0xa0, 0xc0, 0xc0, 0xd4,
                                       0xa0, 0x00, 0x00, 0x03, 0x00, 0x20, 0x00, 0x00, 0x06, 0x51,
                                       0xe2, 0x44, 0xd4, 0x01, 0x00, 0x04, 0x68, 0xce, 0x3c, 0x80};
constexpr std::uint8_t avc_key[] = {0x00, 0x00, 0x00, 0x0d, 0x65, 0x88, 0x84, 0x05, 0xa8,
                                    0x98, 0xa0, 0x00, 0x3b, 0xbf, 0x27, 0x5d, 0x78};
constexpr std::uint8_t avc_inter[] = {0x00, 0x00, 0x00, 0x05, 0x41, 0x9a, 0x20, 0x3e, 0x8b};
constexpr std::uint8_t aac_config[] = {0x12, 0x10};
constexpr std::uint8_t aac_frame[] = {0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c};
constexpr std::uint8_t mp3_frame[] = {0xff, 0xfb, 0x90, 0x64, 0x00, 0x0f, 0xf0, 0x00};

// Differences between timestamps (ms): usual ones, none, backwards, beyond what is accepted, around the wrap.
constexpr std::uint32_t steps[] = {20,   33,         0,          1000,       4999,
                                   5001, 0xffffffff, 0x7fffffff, 0x80000000, 0xffffec00};

class Publishers {
 public:
  Publishers() { g_main_context_push_thread_default(context_.get()); }
  ~Publishers() {
    finish();
    ingest_.reset();
    g_main_context_pop_thread_default(context_.get());
  }
  Publishers(const Publishers &) = delete;
  Publishers &operator=(const Publishers &) = delete;

  void begin() {
    if (ingest_) return ingest_->begin();
    overs_ = 0;
    // The application's signaller needs no node.
    ingest_ = std::make_unique<media::Ingest>("astral://127.0.0.1:9/talk?signaller=application", "talk",
                                              context_.get(), [this](const Error &error) {
                                                assert(!error.detail.empty());
                                                ++overs_;
                                              });
  }
  void expect(const Metadata &metadata) {
    if (ingest_) ingest_->expect(metadata);
  }
  // A refused piece of media ends the ingest, as at a node.
  void push(const Media &media) {
    if (!ingest_) begin();
    const auto pushed = ingest_->push(media);
    if (pushed && overs_ == 0) return;
    if (!pushed) assert(!pushed.error().detail.empty());
    ingest_.reset();
  }
  void finish() {
    if (!ingest_) return;
    ingest_->finish();
    while (overs_ == 0) g_main_context_iteration(context_.get(), TRUE);
    iterate();
    assert(overs_ == 1);
    ingest_.reset();
  }
  // Gives the streaming threads time, which may otherwise see nothing of a publisher that ends at once.
  void pause() {
    bool is_over = false;
    Timer timer(context_.get(), [&] { is_over = true; });
    timer.set(now() + 5ms);
    while (!is_over) g_main_context_iteration(context_.get(), TRUE);
  }
  void iterate() {
    while (g_main_context_iteration(context_.get(), FALSE)) continue;
  }

 private:
  const Ref<GMainContext> context_ = Ref<GMainContext>::adopt(g_main_context_new());
  std::unique_ptr<media::Ingest> ingest_;
  int overs_ = 0;
};

void connect(Bytes bytes) {
  Publishers publishers;
  Session session;
  const auto settle = [&] {
    for (const Event &event : session.take_events()) {
      if (std::holds_alternative<PublishAsked>(event)) {
        session.accept();
        publishers.begin();
      }
      if (std::holds_alternative<PlayAsked>(event)) session.refuse({Code::refused, "nobody plays here"});
      if (const auto *metadata = std::get_if<Metadata>(&event)) publishers.expect(*metadata);
      if (const auto *media = std::get_if<Media>(&event)) publishers.push(*media);
      if (std::holds_alternative<Ended>(event)) publishers.finish();
    }
    session.take_output();
    publishers.iterate();
  };
  Buffer greeting(1 + 2 * 1536, 0);
  greeting[0] = 3;
  session.receive(greeting);
  while (!bytes.empty()) {
    // A client waits for the answer to its request before it sends media.
    const std::size_t piece = session.state() == Session::State::publishing ? 512 : 1;
    session.receive(bytes.first(std::min(piece, bytes.size())));
    bytes = bytes.subspan(std::min(piece, bytes.size()));
    settle();
  }
}

class Steps {
 public:
  explicit Steps(Bytes bytes) : in_(bytes) {}

  void run() {
    while (!in_.done()) step(in_.u8());
  }

 private:
  // The low four bits choose the step, the high ones the time since the last one.
  void step(std::uint8_t what) {
    timestamp_ += steps[(what >> 4) % std::size(steps)];
    switch (what & 0xf) {
      case 0:
        return publishers_.begin();
      case 1:
        return publishers_.finish();
      case 2:
        return publishers_.pause();
      case 3: {
        auto values = amf::read(some(), Limits{});
        if (values && !values->empty()) publishers_.expect({std::move(values->front())});
        return;
      }
      case 4:
        return video({.is_config = true, .is_key = true, .data = Slice::copy(avc_config)});
      case 5:
        return video({.is_key = true, .composition = composition(), .data = Slice::copy(avc_key)});
      case 6:
        return video({.composition = composition(), .data = Slice::copy(avc_inter)});
      case 7:
        return audio({.is_config = true, .data = Slice::copy(aac_config)});
      case 8:
        return audio({.data = Slice::copy(aac_frame)});
      case 9:
        return audio({.codec = rtmp::flv::AudioCodec::mp3, .data = Slice::copy(mp3_frame)});
      case 10:
        return read(flv::read_video(Slice::copy(some())));
      case 11:
        return read(flv::read_audio(Slice::copy(some())));
      case 12:
        return video_of({0x17, 0, 0, 0, 0});
      case 13:
        return video_of({0x17, 1, 0, 0, 0});
      case 14:
        return video_of({0x27, 1, 0, 0, 40});
      default:
        for (int i = 0; i < 20; ++i) {
          timestamp_ += 40;
          video({.data = Slice::copy(avc_inter)});
          audio({.data = Slice::copy(aac_frame)});
        }
    }
  }

  Bytes some() {
    const std::size_t size = in_.u8();
    return in_.take(std::min(size, in_.rest().size()));
  }
  std::int32_t composition() { return static_cast<std::int32_t>(in_.u24() << 8) >> 8; }
  void video(flv::Video video) { publishers_.push({timestamp_, std::move(video)}); }
  void audio(flv::Audio audio) { publishers_.push({timestamp_, std::move(audio)}); }
  void video_of(Buffer head) {
    put(head, some());
    read(flv::read_video(shared(std::move(head))));
  }
  template <typename Read>
  void read(const Read &read) {
    if (!read) assert(!read.error().detail.empty());
    if (read && *read) publishers_.push({timestamp_, **read});
  }

  Reader in_;
  std::uint32_t timestamp_ = 0;
  Publishers publishers_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  static const bool is_ready = gst_init_check(nullptr, nullptr, nullptr);
  assert(is_ready);
  if (size == 0) return 0;
  const Bytes rest(data + 1, size - 1);
  if (data[0] % 2 == 0) {
    connect(rest);
  } else {
    Steps(rest).run();
  }
  return 0;
}
