// SPDX-License-Identifier: BSD-3-Clause
#include "media/ingest.hpp"

#include <algorithm>
#include <utility>

#include "formats/av1.hpp"
#include "formats/mpeg_audio.hpp"
#include "media/make.hpp"

namespace astral::media {

namespace {

using formats::Kind;
using formats::Timeline;
using formats::TsMux;
using formats::h264::Nal;
using rtmp::flv::AudioCodec;
using rtmp::flv::VideoCodec;

// Frames that may wait for the tracks to be known. A frame of one byte takes 500 bytes of memory.
constexpr std::size_t waiting_frames = 4096;
constexpr std::int64_t for_tracks = Timeline::second;  // in which a track that was not announced may begin
constexpr double max_announced_kbps = 1'000'000;       // of one track

constexpr std::int64_t ticks_per_ms = Timeline::second / 1000;
constexpr std::int64_t rtmp_round = (std::int64_t{1} << 32) * ticks_per_ms;  // where RTMP's timestamps wrap
// Our time line begins there, because a track may begin earlier than the one that comes first.
constexpr std::int64_t first_time = 10 * Timeline::second;
constexpr std::int64_t most_delay = 10 * Timeline::second;  // from a picture's decoding until it is shown

bool has_start_code(Bytes bytes) {
  return bytes.size() > 3 && bytes[0] == 0 && bytes[1] == 0 &&
         (bytes[2] == 1 || (bytes[2] == 0 && bytes[3] == 1));
}

}  // namespace

guint announced_kbps(const rtmp::Metadata &metadata) {
  double kbps = 0;
  for (const char *name : {"videodatarate", "audiodatarate"}) {
    const rtmp::amf::Value *rate = metadata.properties.find(name);
    if (rate != nullptr && rate->number() > 0) kbps += std::min(rate->number(), max_announced_kbps);
  }
  return static_cast<guint>(kbps);
}

Ingest::Ingest(std::string uri, std::string title, GMainContext *context, Over over)
    : uri_(std::move(uri)),
      title_(std::move(title)),
      context_(Ref<GMainContext>::retain(context)),
      over_(std::move(over)),
      timeline_(rtmp_round),
      mailbox_(std::make_unique<Mailbox>(context)) {}

Ingest::~Ingest() {
  tear_down();
}

void Ingest::tear_down() {
  if (!pipeline_) return;
  gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  errors_.reset();
  mailbox_ = std::make_unique<Mailbox>(context_.get());
  output_.reset();
  pipeline_.reset();
}

void Ingest::begin() {
  timeline_.restart();
  awaits_start_ = true;
}

void Ingest::expect(const rtmp::Metadata &metadata) {
  kbps_ = announced_kbps(metadata);
  const bool has_video = metadata.properties.find("videocodecid");
  const bool has_audio = metadata.properties.find("audiocodecid");
  if (pipeline_ || has_video == has_audio) return;  // both or neither: expects both
  video_.is_expected = has_video;
  audio_.is_expected = has_audio;
}

Expected<void> Ingest::push(const rtmp::Media &media) {
  return std::visit([&](const auto &content) { return take(media.timestamp, content); }, media.content);
}

std::int64_t Ingest::time_of(Kind kind, std::uint32_t timestamp) {
  const std::int64_t time = timeline_.map(kind, std::int64_t{timestamp} * ticks_per_ms, now());
  return std::max<std::int64_t>(first_time + time, 0);
}

// Some encoders send start codes where FLV has lengths.
Expected<void> Ingest::take_config(const rtmp::flv::Video &video) {
  const Bytes config = video.data.bytes();
  const bool is_hevc = video.codec == VideoCodec::hevc;
  video_.codec = video.codec;
  if (video.codec == VideoCodec::av1) {
    const auto sequence = formats::av1::read_record(config);
    if (!sequence)
      return fail(Code::unsupported, "the configuration of the AV1 cannot be read: restart the encoder");
    if (!sequence->empty()) video_.av1.assign(sequence->begin(), sequence->end());
    return {};
  }
  if (has_start_code(config)) {
    const std::vector<Bytes> units = formats::h264::units_after_start_codes(config);
    if (is_hevc)
      video_.hevc.learn(units);
    else
      video_.parameters.learn(units);
    return {};
  }
  const auto length_size = is_hevc ? video_.hevc.read_record(config) : video_.parameters.read_record(config);
  if (!length_size)
    return fail(Code::unsupported, std::string("the configuration of the ") + (is_hevc ? "HEVC" : "H.264") +
                                       " cannot be read: restart the encoder");
  video_.length_size = *length_size;
  return {};
}

std::vector<Bytes> Ingest::units_of(Bytes picture) const {
  auto units = formats::h264::units_after_lengths(picture, video_.length_size);
  if (units && !(units->empty() && has_start_code(picture))) return std::move(*units);
  return has_start_code(picture) ? formats::h264::units_after_start_codes(picture) : std::vector<Bytes>();
}

Expected<void> Ingest::take(std::uint32_t timestamp, const rtmp::flv::Video &video) {
  if (video.is_config) return take_config(video);
  Frame frame{.decoded = time_of(Kind::video, timestamp),
              .shown = std::clamp<std::int64_t>(video.composition * ticks_per_ms, 0, most_delay)};
  const bool can_be_decoded = video.codec == VideoCodec::av1    ? take_av1(video, frame)
                              : video.codec == VideoCodec::hevc ? take_hevc(video, frame)
                                                                : take_avc(video, frame);
  if (!can_be_decoded || (awaits_start_ && !frame.is_start)) return {};
  awaits_start_ = false;
  video_.is_there = true;
  return take(std::move(frame));
}

// False: it cannot be decoded. As below. Puts the sequence header in front of key frames, for viewers that
// join later.
bool Ingest::take_av1(const rtmp::flv::Video &video, Frame &frame) {
  const Bytes unit = video.data.bytes();
  const Bytes sequence = formats::av1::find_sequence(unit);
  if (!sequence.empty()) video_.av1.assign(sequence.begin(), sequence.end());
  if (!formats::av1::read_sequence(video_.av1)) return false;
  frame.is_start = video.is_key || !sequence.empty();
  if (frame.is_start && sequence.empty()) frame.data = video_.av1;
  frame.data.insert(frame.data.end(), unit.begin(), unit.end());
  video_.codec = video.codec;
  return true;
}

bool Ingest::take_hevc(const rtmp::flv::Video &video, Frame &frame) {
  const std::vector<Bytes> units = units_of(video.data.bytes());
  video_.hevc.learn(units);
  if (units.empty() || !video_.hevc.are_known()) return false;
  frame.is_start = formats::h265::is_start(units);
  frame.data = formats::h265::access_unit(units, video_.hevc);
  return true;
}

bool Ingest::take_avc(const rtmp::flv::Video &video, Frame &frame) {
  const std::vector<Bytes> units = units_of(video.data.bytes());
  video_.parameters.learn(units);
  if (units.empty() || !video_.parameters.are_known()) return false;
  frame.is_start = formats::h264::is_start(units) || (video.is_key && formats::h264::is_intra(units));
  // Repeats the parameter sets, for viewers that join later.
  constexpr std::uint8_t delimiter[] = {static_cast<std::uint8_t>(Nal::delimiter), 0xf0};
  formats::h264::put_after_start_code(frame.data, delimiter);
  if (frame.is_start)
    for (const Bytes unit : video_.parameters.units()) formats::h264::put_after_start_code(frame.data, unit);
  for (const Bytes unit : units) {
    const Nal type = formats::h264::type_of(unit);
    const bool is_repeated = frame.is_start && (type == Nal::sps || type == Nal::pps);
    if (type != Nal::delimiter && !is_repeated) formats::h264::put_after_start_code(frame.data, unit);
  }
  return true;
}

// Some encoders send AAC with ADTS headers, which FLV does not have.
Expected<void> Ingest::take(std::uint32_t timestamp, const rtmp::flv::Audio &audio) {
  const Bytes data = audio.data.bytes();
  const bool is_aac = audio.codec == AudioCodec::aac;
  if (audio.is_config && audio.codec == AudioCodec::opus) return take_opus_config(data);
  if (audio.is_config) {
    audio_.config = formats::adts::read_config(data);
    if (audio_.config) return {};
    return fail(Code::unsupported, "this kind of AAC cannot be published: set the encoder to AAC-LC");
  }
  Frame frame{.kind = Kind::audio, .decoded = time_of(Kind::audio, timestamp)};
  const auto head = formats::adts::read_head(data);
  const bool has_head = head && head->size == data.size();
  if (is_aac && !has_head && (!audio_.config || data.size() > formats::adts::largest)) return {};
  if (is_aac && !has_head) formats::adts::put_head(frame.data, *audio_.config, data.size());
  frame.data.insert(frame.data.end(), data.begin(), data.end());
  audio_.type = is_aac                            ? TsMux::Audio::aac
                : audio.codec == AudioCodec::opus ? TsMux::Audio::opus
                                                  : TsMux::Audio::mp3;
  if (is_aac) audio_.aac = formats::adts::read_head(frame.data)->config;
  if (const auto read = formats::mpeg_audio::read_head(data); audio.codec == AudioCodec::mp3 && read)
    audio_.mp3 = *read;
  return take(std::move(frame));
}

// An identification header (RFC 7845, 5.1).
Expected<void> Ingest::take_opus_config(Bytes head) {
  constexpr std::size_t channels_at = 9, mapping_at = 18;
  const bool is_head = as_text(head).starts_with("OpusHead") && head.size() > mapping_at;
  const unsigned channels = is_head ? head[channels_at] : 0;
  if (channels < 1 || channels > 2 || head[mapping_at] != 0)
    return fail(Code::unsupported,
                "this kind of Opus cannot be published: set the encoder to mono or stereo");
  audio_.channels = channels;
  return {};
}

// Requires that pending_ is not empty.
bool Ingest::is_complete() const {
  const bool has_video = video_.is_there || !video_.is_expected;
  const bool has_audio = audio_.type != TsMux::Audio::none || !audio_.is_expected;
  if (has_video && has_audio) return true;
  return pending_bytes_ > waiting_bytes / 2 || pending_.size() > waiting_frames ||
         pending_.back().decoded - pending_.front().decoded >= for_tracks;
}

Expected<void> Ingest::take(Frame frame) {
  if (pipeline_) return deliver(frame);
  pending_bytes_ += frame.data.size();
  pending_.push_back(std::move(frame));
  if (!is_complete()) return {};
  auto built = build();
  if (!built) tear_down();
  pending_bytes_ = 0;
  const auto pending = std::exchange(pending_, {});
  if (!built) return built;
  for (const Frame &waiting : pending)
    if (auto delivered = deliver(waiting); !delivered) return delivered;
  return {};
}

IngestTracks Ingest::tracks() const {
  return {.video = video_.is_there ? std::optional(video_.codec) : std::nullopt,
          .av1 = video_.av1,
          .audio = audio_.type,
          .aac = audio_.aac,
          .mp3 = audio_.mp3,
          .channels = audio_.channels};
}

Expected<void> Ingest::deliver(const Frame &frame) {
  return output_->write(frame, tracks());
}

Expected<void> Ingest::build() {
  pipeline_ = Ref<GstElement>::adopt(GST_ELEMENT(gst_object_ref_sink(gst_pipeline_new(nullptr))));
  errors_ = std::make_unique<BusErrors>(
      pipeline_.get(), *mailbox_, [this](GstObject *, const Error &error) { end(error); },
      [this] { end({Code::not_found, "the publisher has ended the stream"}); });
  const auto sink = make("astralsink");
  if (!sink) return missing("astralsink");
  g_object_set(sink.get(), "uri", uri_.c_str(), "title", title_.c_str(), "bitrate", kbps_, nullptr);
  gst_bin_add(GST_BIN(pipeline_.get()), sink.get());
  auto output = IngestOutput::open(GST_BIN(pipeline_.get()), sink.get(), tracks());
  if (!output) return tl::unexpected<Error>(output.error());
  output_ = std::move(*output);
  if (gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
    return fail(Code::failed, "the publisher's pipeline does not start");
  return {};
}

void Ingest::finish() {
  if (!pipeline_) return mailbox_->post([this] { end({Code::not_found, "nothing was published"}); });
  output_->finish();
}

void Ingest::end(const Error &error) {
  if (!std::exchange(is_over_, true)) over_(error);
}

}  // namespace astral::media
