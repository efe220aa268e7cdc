// SPDX-License-Identifier: BSD-3-Clause
// Takes a stream's media from a pad to the HLS window and to the players of its MPEG-TS. MPEG-TS passes
// unchanged, other containers pass a Remux, which makes MPEG-TS of them and, if a codec needs that, fragments
// of MP4 for HLS. Decides where a group begins if the buffers do not say so.
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/facts.hpp"
#include "formats/groups.hpp"
#include "formats/player.hpp"
#include "formats/playlist.hpp"
#include "formats/ts_breaks.hpp"
#include "formats/ts_codecs.hpp"
#include "formats/ts_header.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "media/remux.hpp"
#include "media/tap.hpp"

namespace astral::media {

// **Thread**: one context; streaming threads reach only the tap. **Owns** the element that it adds to the
// bin. Destroy it after the bin has stopped.
class HlsBranch {
 public:
  using CapsKnown = std::function<void(const std::string &caps)>;

  using News = std::function<void()>;
  using Tracks = std::function<void()>;

  // `source`: an unlinked src pad of an element in `bin`. `on_caps` gets the media's caps without their
  // headers; `on_news` says that the playlist has grown, `on_tracks` that tracks() has changed. All run as
  // tasks of their own on the context, and may destroy the branch.
  HlsBranch(
      GstBin *bin, GstPad *source, GMainContext *context, const formats::HlsLimits &limits, CapsKnown on_caps,
      News on_news, Tracks on_tracks = [] {});
  HlsBranch(const HlsBranch &) = delete;
  HlsBranch &operator=(const HlsBranch &) = delete;

  const formats::HlsWindow &window() const { return window_; }
  void limit_dvr(std::size_t bytes) { window_.limit_dvr(bytes); }
  // The stream as MPEG-TS, as it arrives.
  formats::Fanout &live() { return live_; }
  // Why HLS cannot carry this media; empty if it can or if that is not known yet.
  const std::string &refusal() const { return refusal_; }
  // The same of live().
  const std::string &live_refusal() const {
    return is_transport_stream_ || refusal_.empty() ? live_refusal_ : refusal_;
  }
  // What a container other than MPEG-TS says of its first tracks.
  const formats::Facts &tracks() const { return tracks_; }

 private:
  void take(GstSample *sample);
  void take_transport_stream(GstSample *sample);
  void take_packet(GstSample *sample);
  void take_fragment(formats::mp4::Clock::Piece piece);
  void push(std::uint64_t group, Time pts, Slice bytes, bool is_broken);
  void push_live(std::uint64_t group, const Slice &bytes, bool is_broken);
  void push_window(formats::Piece piece);
  void hold_live_header();
  void start(GstCaps *caps);
  bool is_repeated_header(GstBuffer *buffer);
  void open_remux();
  bool follow_codecs(Bytes piece);
  void hold(formats::Piece piece);
  void flush_held();
  void end_remux();
  void give(GstBuffer *buffer, bool is_start, bool is_broken);
  void learn(const formats::Facts &tracks);
  void weigh_groups();
  void stop_remux(const Error &error);
  void push_packets();
  void end();
  void finish();
  std::uint64_t group_of(GstBuffer *buffer, Time pts);
  Time time_of(GstBuffer *buffer, const GstSegment *segment);

  const Ref<GMainContext> context_;
  const CapsKnown on_caps_;
  const News on_news_;
  const Tracks on_tracks_;
  formats::HlsWindow window_;
  formats::Fanout live_;
  formats::TsHeader live_header_;
  bool is_live_header_out_ = false;
  std::optional<std::uint64_t> live_group_;
  std::string refusal_, live_refusal_;
  formats::Facts tracks_;
  formats::Groups fragment_groups_;
  Ref<GstCaps> caps_;
  bool is_transport_stream_ = false;
  // Of a transport stream.
  formats::TsCodecs codecs_;
  bool are_codecs_known_ = false;
  formats::TsBreaks breaks_;
  bool is_draining_ = false;    // the remux gives what is left of it before a break
  bool is_past_break_ = false;  // held_ begins with the break
  std::deque<formats::Piece> held_;
  std::size_t held_bytes_ = 0;
  std::optional<std::uint64_t> given_group_;
  guint headers_to_come_ = 0;        // buffers of the streamheader that still precede the media
  std::uint64_t counted_group_ = 0;  // for buffers without a group id
  Time counted_since_{};             // the first timestamp of counted_group_
  bool is_flagged_ = false;          // a buffer without DELTA_UNIT has come
  bool has_ended_ = false;
  std::optional<Time> last_pts_;
  std::vector<std::uint8_t> packets_;  // from the remux, not pushed yet; all of one group and time
  std::uint64_t packets_group_ = 0;
  Time packets_pts_{};
  std::uint64_t fragment_group_ = 0;
  bool is_fragment_broken_ = false;  // media is missing before the next group of fragments
  Time fragments_since_{};           // the first time of fragment_group_
  bool is_remux_due_ = false;        // the last one has failed: the next group begins another one
  Tap tap_;
  std::unique_ptr<Remux> remux_;
  Mailbox mailbox_;
};

}  // namespace astral::media
