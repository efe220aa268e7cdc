// SPDX-License-Identifier: BSD-3-Clause
#include "media/hls_branch.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <ratio>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/carriage.hpp"
#include "media/caps.hpp"
#include "media/make.hpp"

namespace astral::media {

namespace {

constexpr std::size_t most_packets = 64 << 10;  // bytes in one piece
constexpr std::size_t most_held = 64 << 10;     // bytes in front of the first tables
constexpr Time unflagged_group = 1s;
constexpr guint64 latest_pts = std::uint64_t{1} << 62;  // ns; differences of smaller times do not overflow

bool starts_with_pat(GstBuffer *buffer) {
  std::uint8_t start[3] = {};
  return gst_buffer_extract(buffer, 0, start, sizeof start) == sizeof start && start[0] == 0x47 &&
         (start[1] & 0x1f) == 0 && start[2] == 0;
}

Slice header_of(GstCaps *caps) {
  std::vector<std::uint8_t> bytes;
  for (GstBuffer *buffer : stream_headers(caps)) {
    const std::size_t before = bytes.size();
    bytes.resize(before + gst_buffer_get_size(buffer));
    gst_buffer_extract(buffer, 0, bytes.data() + before, bytes.size() - before);
  }
  return Slice::copy(bytes);
}

std::string readable(GstCaps *caps) {
  const auto copy = Ref<GstCaps>::adopt(gst_caps_copy(caps));
  for (guint i = 0; i < gst_caps_get_size(copy.get()); ++i)
    gst_structure_remove_fields(gst_caps_get_structure(copy.get(), i), "streamheader", "codec_data", nullptr);
  return GString_(gst_caps_to_string(copy.get())).get();
}

// Higher than those of an earlier process for this stream, because a segment lasts about a second or more.
std::uint64_t first_sequence() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
}

}  // namespace

HlsBranch::HlsBranch(GstBin *bin, GstPad *source, GMainContext *context, const formats::HlsLimits &limits,
                     CapsKnown on_caps, News on_news, Tracks on_tracks)
    : context_(Ref<GMainContext>::retain(context)),
      on_caps_(std::move(on_caps)),
      on_news_(std::move(on_news)),
      on_tracks_(std::move(on_tracks)),
      window_(first_sequence(), limits),
      tap_(
          context, [this](GstSample *sample) { take(sample); }, [this] { end(); }),
      mailbox_(context) {
  gst_bin_add(bin, tap_.element());
  const auto sink = Ref<GstPad>::adopt(gst_element_get_static_pad(tap_.element(), "sink"));
  gst_pad_link(source, sink.get());
  gst_element_sync_state_with_parent(tap_.element());
}

void HlsBranch::take(GstSample *sample) {
  GstCaps *caps = gst_sample_get_caps(sample);
  GstBuffer *buffer = gst_sample_get_buffer(sample);
  if (!caps || !buffer || gst_caps_get_size(caps) == 0) return;
  if (caps != caps_.get() && !(caps_ && gst_caps_is_equal(caps, caps_.get()))) start(caps);
  if (is_repeated_header(buffer)) return;
  if (is_transport_stream_) return take_transport_stream(sample);
  const bool is_start = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  give(buffer, is_start, GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT));
}

void HlsBranch::give(GstBuffer *buffer, bool is_start, bool is_broken) {
  if (is_start && std::exchange(is_remux_due_, false)) open_remux();
  if (!remux_) return;
  if (is_broken && remux_->has_delivered()) is_fragment_broken_ = true;
  remux_->push(buffer);
}

void HlsBranch::start(GstCaps *caps) {
  if (caps_) {
    window_.mark_discontinuity();
    live_.mark_break();
  }
  live_group_.reset();
  caps_ = Ref<GstCaps>::retain(caps);
  refusal_.clear();
  live_refusal_.clear();
  tracks_ = {};
  fragment_groups_ = {};
  remux_.reset();
  is_remux_due_ = false;
  last_pts_.reset();
  packets_.clear();
  is_flagged_ = false;
  ++counted_group_;
  ++fragment_group_;
  is_fragment_broken_ = false;
  headers_to_come_ = 0;
  is_transport_stream_ = false;
  codecs_ = {};
  are_codecs_known_ = false;
  breaks_ = {};
  is_draining_ = is_past_break_ = false;
  held_.clear();
  held_bytes_ = 0;
  if (!are_plain(caps)) {
    refusal_ = "the stream's caps hold what no media has";
    return;
  }
  headers_to_come_ = static_cast<guint>(stream_headers(caps).size());
  is_transport_stream_ = gst_structure_has_name(gst_caps_get_structure(caps, 0), "video/mpegts");
  const Slice header = is_transport_stream_ ? header_of(caps) : Slice();
  window_.set_header(header);
  live_header_ = formats::TsHeader(header);
  hold_live_header();
  mailbox_.post([this, text = readable(caps)] { on_caps_(text); });
  window_.set_init({});
  if (!is_transport_stream_) open_remux();
}

void HlsBranch::open_remux() {
  fragment_groups_.skip();
  auto remux = Remux::open(
      caps_.get(), is_transport_stream_ ? Remux::To::mp4 : Remux::To::mpegts_and_mp4, context_.get(),
      {.on_tracks = [this](const formats::Facts &tracks) { learn(tracks); },
       .on_ts = [this](GstSample *sample) { take_packet(sample); },
       .on_init = [this](const Slice &init) { window_.set_init(init); },
       .on_fragment = [this](formats::mp4::Clock::Piece piece) { take_fragment(std::move(piece)); },
       .on_end = [this] { end_remux(); },
       .on_fail = [this](const Error &error) { stop_remux(error); }});
  if (remux) {
    remux_ = std::move(*remux);
  } else {
    stop_remux(remux.error());
  }
}

// The relay pushes the streamheader of new caps before their media. The window and the remux have got it from
// the caps already.
bool HlsBranch::is_repeated_header(GstBuffer *buffer) {
  if (headers_to_come_ == 0) return false;
  const auto headers = stream_headers(caps_.get());  // start() has counted them
  GstBuffer *header = headers[headers.size() - headers_to_come_];
  GstMapInfo expected{};
  if (!GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_HEADER) ||
      !gst_buffer_map(header, &expected, GST_MAP_READ)) {
    headers_to_come_ = 0;
    return false;
  }
  const bool is_same = gst_buffer_get_size(buffer) == expected.size &&
                       gst_buffer_memcmp(buffer, 0, expected.data, expected.size) == 0;
  gst_buffer_unmap(header, &expected);
  headers_to_come_ = is_same ? headers_to_come_ - 1 : 0;
  return is_same;
}

// A transport stream goes to the window as it is, unless a codec needs MP4. Returns whether the piece has
// tables.
bool HlsBranch::follow_codecs(Bytes piece) {
  if (!codecs_.see(piece)) return false;
  const auto needs_mp4 = [](const formats::TsCodecs::Track &track) {
    return formats::is_in_ts(track.codec) && formats::hls_container(track.codec) == formats::Container::mp4;
  };
  const bool is_due = needs_mp4(codecs_.video()) || needs_mp4(codecs_.audio());
  const bool is_there = remux_ || is_remux_due_;
  if (is_due == is_there || !refusal_.empty()) return true;
  is_remux_due_ = false;
  remux_.reset();
  if (is_due)
    open_remux();
  else
    window_.set_init({});
  return true;
}

void HlsBranch::learn(const formats::Facts &tracks) {
  if (is_transport_stream_) return;
  tracks_ = tracks;
  weigh_groups();
  const bool is_in_ts = (tracks.video && formats::is_in_ts(tracks.video->codec)) ||
                        (tracks.audio && formats::is_in_ts(tracks.audio->codec));
  if (!is_in_ts) live_refusal_ = "MPEG-TS carries no track of this stream: watch it by HLS";
  if (!live_refusal_.empty()) live_.end({Code::unsupported, live_refusal_});
  mailbox_.post([this] { on_tracks_(); });
}

// Of what no MPEG-TS carries (AV1), only the fragments tell.
void HlsBranch::weigh_groups() {
  if (!tracks_.video) return;
  const double longest = fragment_groups_.longest_seconds();
  if (std::exchange(tracks_.video->keyframe_seconds, longest) != longest)
    mailbox_.post([this] { on_tracks_(); });
}

// What has worked begins again with the next group: a track may have other parameters now.
void HlsBranch::stop_remux(const Error &error) {
  if (is_draining_) return end_remux();
  is_remux_due_ = remux_ && remux_->has_delivered();
  if (!is_remux_due_) refusal_ = error.detail;
  remux_.reset();
  if (has_ended_) finish();
}

void HlsBranch::take_transport_stream(GstSample *sample) {
  GstBuffer *buffer = gst_sample_get_buffer(sample);
  const Time pts = time_of(buffer, gst_sample_get_segment(sample));
  const std::uint64_t group = group_of(buffer, pts);
  bool broken = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT);
  for (guint i = 0; i < gst_buffer_n_memory(buffer); ++i)
    push(group, pts, slice_of(gst_buffer_peek_memory(buffer, i)), std::exchange(broken, false));
}

void HlsBranch::push(std::uint64_t group, Time pts, Slice bytes, bool is_broken) {
  push_live(group, bytes, is_broken);
  if (bytes.empty()) return;
  formats::Piece piece{group, pts, std::move(bytes), is_broken};
  if (is_transport_stream_) return hold(std::move(piece));
  if (!remux_ || !remux_->makes_fragments()) push_window(std::move(piece));
}

// Until the tables say what the window is to get.
void HlsBranch::hold(formats::Piece piece) {
  are_codecs_known_ = follow_codecs(piece.bytes.bytes()) || are_codecs_known_;
  held_bytes_ += piece.bytes.size();
  held_.push_back(std::move(piece));
  if (!are_codecs_known_ && held_bytes_ < most_held) return;
  are_codecs_known_ = true;  // or they never are
  if (held_bytes_ > waiting_bytes && is_draining_) return end_remux();
  flush_held();
}

// At a break the remux ends first, and another one begins with the piece.
void HlsBranch::flush_held() {
  while (!held_.empty() && !is_draining_) {
    formats::Piece one = held_.front();
    breaks_.set_hevc(codecs_.video().codec == "h265");
    if (!std::exchange(is_past_break_, false) && breaks_.is_break(one.bytes.bytes(), one.pts) && remux_) {
      is_draining_ = true;
      return remux_->finish();
    }
    held_.pop_front();
    held_bytes_ -= one.bytes.size();
    const bool is_start = std::exchange(given_group_, one.group) != one.group;
    if (remux_ || is_remux_due_)
      give(wrap(one.bytes).get(), is_start, one.broken);
    else if (refusal_.empty())
      push_window(std::move(one));
  }
}

void HlsBranch::end_remux() {
  if (!std::exchange(is_draining_, false)) return finish();
  is_past_break_ = true;
  remux_.reset();
  open_remux();
  flush_held();
  if (has_ended_) end();
}

void HlsBranch::push_live(std::uint64_t group, const Slice &bytes, bool is_broken) {
  if (is_broken) {
    live_.mark_break();
    hold_live_header();
  }
  if (bytes.empty()) return;
  const bool is_start = std::exchange(live_group_, group) != group;
  if (is_start) live_header_.begin_group();
  const bool is_led_to = live_header_.see(bytes.bytes());
  if (is_led_to || (is_start && !is_live_header_out_)) {
    live_.set_header(live_header_.packets());
    is_live_header_out_ = true;
  }
  live_.push(bytes, is_start);
}

void HlsBranch::push_window(formats::Piece piece) {
  if (window_.push(std::move(piece), std::chrono::system_clock::now())) mailbox_.post([this] { on_news_(); });
}

// Without pictures, a group begins after some time.
void HlsBranch::take_fragment(formats::mp4::Clock::Piece piece) {
  const bool is_sound = piece.kind == formats::Kind::audio;
  if (!is_sound && !is_transport_stream_) {
    using Ticks = std::chrono::duration<std::int64_t, std::ratio<1, formats::Groups::second>>;
    const std::int64_t time = std::chrono::duration_cast<Ticks>(piece.decoded).count();
    fragment_groups_.take(piece.is_start, time, time);
    weigh_groups();
  }
  const bool is_start = piece.is_start && (!is_sound || piece.decoded - fragments_since_ >= unflagged_group);
  if (is_start) {
    ++fragment_group_;
    fragments_since_ = piece.decoded;
  }
  const bool is_broken = is_start && std::exchange(is_fragment_broken_, false);
  push_window({fragment_group_, piece.decoded, Slice::copy(piece.bytes), is_broken});
}

// The next group's counters are not known yet, so its players get the header when it begins.
void HlsBranch::hold_live_header() {
  live_.set_header({});
  is_live_header_out_ = false;
}

// mpegtsmux makes one buffer per packet. The packets of one time become one piece.
void HlsBranch::take_packet(GstSample *sample) {
  GstBuffer *buffer = gst_sample_get_buffer(sample);
  const Time pts = time_of(buffer, gst_sample_get_segment(sample));
  const std::uint64_t group = group_of(buffer, pts);
  if (!packets_.empty() &&
      (group != packets_group_ || pts != packets_pts_ || packets_.size() > most_packets))
    push_packets();
  packets_group_ = group;
  packets_pts_ = pts;
  const std::size_t before = packets_.size();
  packets_.resize(before + gst_buffer_get_size(buffer));
  gst_buffer_extract(buffer, 0, packets_.data() + before, packets_.size() - before);
}

void HlsBranch::push_packets() {
  push(packets_group_, packets_pts_, Slice::copy(packets_), false);
  packets_.clear();
}

// The stream has ended, and all its media has come here.
void HlsBranch::end() {
  has_ended_ = true;
  flush_held();
  if (is_draining_) return;
  if (remux_) return remux_->finish();
  finish();
}

void HlsBranch::finish() {
  push_packets();
  window_.end();
  live_.end({Code::not_found, "the stream has ended"});
  mailbox_.post([this] { on_news_(); });
}

// The relay's group id if the buffer has one. Otherwise a group begins where a decoder can start, or, if no
// buffer is marked as such (audio), after some time.
std::uint64_t HlsBranch::group_of(GstBuffer *buffer, Time pts) {
  std::uint64_t group = 0;
  GstCustomMeta *meta = gst_buffer_get_custom_meta(buffer, "AstralObject");
  if (meta && gst_structure_get_uint64(gst_custom_meta_get_structure(meta), "group", &group)) return group;
  const bool is_start = !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  is_flagged_ = is_flagged_ || is_start;
  if (is_start || (!is_flagged_ && pts - counted_since_ >= unflagged_group && starts_with_pat(buffer))) {
    ++counted_group_;
    counted_since_ = pts;
  }
  return counted_group_;
}

// Running time. A buffer without a timestamp has the last one; in media without timestamps, its arrival time.
Time HlsBranch::time_of(GstBuffer *buffer, const GstSegment *segment) {
  if (GST_BUFFER_PTS_IS_VALID(buffer)) {
    guint64 time = GST_BUFFER_PTS(buffer);
    if (segment->format == GST_FORMAT_TIME) {
      const guint64 running = gst_segment_to_running_time(segment, GST_FORMAT_TIME, time);
      if (GST_CLOCK_TIME_IS_VALID(running)) time = running;
    }
    last_pts_ = Time(static_cast<Time::rep>(std::min(time, latest_pts)));
  }
  if (last_pts_) return *last_pts_;
  const GstClockTime running = gst_element_get_current_running_time(tap_.element());
  return Time(GST_CLOCK_TIME_IS_VALID(running) ? static_cast<Time::rep>(running) : 0);
}

}  // namespace astral::media
