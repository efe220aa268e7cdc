// SPDX-License-Identifier: BSD-3-Clause
// Real media through a branch into a window, and from there into ffmpeg's HLS reader. It runs
// without a clock, as fast as possible.
#include "media/hls_branch.hpp"

#include <gst/app/gstappsrc.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>

#include "media/make.hpp"
#include "window.hpp"

namespace astral::media {
namespace {

constexpr char source[] =
    "videotestsrc num-buffers=300 ! video/x-raw,width=320,height=180,framerate=30/1 "
    "! x264enc tune=zerolatency key-int-max=30 bitrate=300 speed-preset=ultrafast ! h264parse ! queue "
    "max-size-time=0 ! mux. "
    "audiotestsrc num-buffers=470 samplesperbuffer=1024 ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! "
    "queue max-size-time=0 ! mux. ";

formats::HlsLimits all_listed() {
  formats::HlsLimits limits;
  limits.listed = 100;
  return limits;
}

// A pipeline whose last element, `mux`, takes the place of the daemon's relay.
class Pipeline {
 public:
  explicit Pipeline(const std::string &description, const formats::HlsLimits &limits = all_listed()) {
    g_main_context_push_thread_default(context_.get());
    GError *error = nullptr;
    pipeline_ = Ref<GstElement>::adopt(
        GST_ELEMENT(gst_object_ref_sink(gst_parse_launch(description.c_str(), &error))));
    const GErrorPtr owned(error);
    EXPECT_FALSE(error) << error->message;
    const auto mux = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "mux"));
    const auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(mux.get(), "src"));
    branch_ = std::make_unique<HlsBranch>(
        GST_BIN(pipeline_.get()), pad.get(), context_.get(), limits,
        [this](const std::string &caps) { caps_ = caps; }, [this] { ++news_; });
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
  }
  ~Pipeline() {
    gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
    branch_.reset();
    g_main_context_pop_thread_default(context_.get());
  }
  Pipeline(const Pipeline &) = delete;
  Pipeline &operator=(const Pipeline &) = delete;

  template <typename Condition>
  bool pump_until(Condition condition) {
    const Time deadline = now() + 30s;
    Timer wake(context_.get(), [] {});
    while (!condition()) {
      if (now() > deadline) return false;
      wake.set(deadline + 1ms);
      g_main_context_iteration(context_.get(), TRUE);
    }
    return true;
  }

  // Where `from` is an appsrc.
  void give(GstCaps *caps, const Slice &bytes) {
    const auto from = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "from"));
    gst_app_src_set_caps(GST_APP_SRC(from.get()), caps);
    gst_app_src_push_buffer(GST_APP_SRC(from.get()), wrap(bytes).release());
  }

  void end() {
    const auto from = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "from"));
    gst_app_src_end_of_stream(GST_APP_SRC(from.get()));
  }

  HlsBranch &branch() { return *branch_; }
  const std::string &caps() const { return caps_; }
  int news() const { return news_; }

 private:
  const Ref<GMainContext> context_ = Ref<GMainContext>::adopt(g_main_context_new());
  Ref<GstElement> pipeline_;
  std::unique_ptr<HlsBranch> branch_;
  std::string caps_;
  int news_ = 0;
};

int count(const std::string &text, const std::string &word) {
  int found = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
  return found;
}

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "astral-hls-XXXXXX").string();
    path_ = g_mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder &) = delete;
  Folder &operator=(const Folder &) = delete;
  const std::filesystem::path &path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void write_out(const formats::HlsWindow &window, const std::filesystem::path &folder) {
  const std::string playlist = window.playlist();
  std::ofstream(folder / "index.m3u8") << playlist << "#EXT-X-ENDLIST\n";
  std::istringstream lines(playlist);
  for (std::string line; std::getline(lines, line);) {
    const auto sequence = formats::parse_segment_name(line);
    if (!sequence) continue;
    const auto segment = window.segment(*sequence);
    ASSERT_TRUE(segment);
    if (segment->init) {
      const auto init = window.init(*segment->init);
      ASSERT_TRUE(init);
      std::ofstream(folder / formats::init_name(*segment->init), std::ios::binary) << as_text(init->bytes());
    }
    std::ofstream file(folder / line, std::ios::binary);
    std::size_t size = 0;
    for (const Slice &part : segment->pieces) {
      file << as_text(part.bytes());
      size += part.size();
    }
    EXPECT_EQ(size, segment->size);
    EXPECT_TRUE(segment->init || size % 188 == 0);
  }
}

struct Outcome {
  int status = -1;
  std::string out;
  std::string errors;
};

Outcome run(std::vector<std::string> command) {
  std::vector<char *> arguments;
  for (std::string &word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  char *out = nullptr;
  char *errors = nullptr;
  GError *error = nullptr;
  Outcome outcome;
  g_spawn_sync(nullptr, arguments.data(), nullptr, G_SPAWN_SEARCH_PATH, nullptr, nullptr, &out, &errors,
               &outcome.status, &error);
  const GErrorPtr owned(error);
  const GString_ owned_out(out);
  const GString_ owned_errors(errors);
  outcome.out = out ? out : "";
  outcome.errors = error ? error->message : errors;
  return outcome;
}

// The whole playlist, and its last segment alone, decode without an error message.
void expect_plays(const formats::HlsWindow &window, int frames) {
  const Folder folder;
  write_out(window, folder.path());
  const Outcome probed =
      run({"ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=codec_name,nb_read_frames",
           "-of", "csv", "-select_streams", "v", (folder.path() / "index.m3u8").string()});
  EXPECT_EQ(probed.status, 0);
  EXPECT_EQ(probed.errors, "");
  EXPECT_NE(probed.out.find("stream,h264," + std::to_string(frames) + "\n"), std::string::npos) << probed.out;
  const Outcome decoded =
      run({"ffmpeg", "-v", "warning", "-i", (folder.path() / "index.m3u8").string(), "-f", "null", "-"});
  EXPECT_EQ(decoded.status, 0);
  EXPECT_EQ(decoded.errors, "");
  const std::string name = formats::segment_name(formats::newest_segment(window.playlist()));
  const Outcome alone =
      run({"ffmpeg", "-v", "error", "-i", (folder.path() / name).string(), "-f", "null", "-"});
  EXPECT_EQ(alone.errors, "") << name;
}

// 300 frames in groups of 30; the tenth group has no end.
TEST(HlsBranch, PlaysATransportStream) {
  Pipeline pipeline(std::string(source) + "mpegtsmux name=mux");
  ASSERT_TRUE(
      pipeline.pump_until([&] { return count(pipeline.branch().window().playlist(), "#EXTINF") == 9; }));
  const std::string playlist = pipeline.branch().window().playlist();
  EXPECT_EQ(count(playlist, "#EXTINF:1.000,"), 9) << playlist;
  EXPECT_EQ(count(playlist, "#EXT-X-TARGETDURATION:1\n"), 1) << playlist;
  EXPECT_EQ(count(playlist, "#EXT-X-DISCONTINUITY"), 0) << playlist;
  EXPECT_EQ(count(playlist, "#EXT-X-INDEPENDENT-SEGMENTS"), 1) << playlist;
  EXPECT_TRUE(pipeline.branch().refusal().empty());
  EXPECT_EQ(pipeline.caps().find("video/mpegts"), 0u) << pipeline.caps();
  EXPECT_EQ(pipeline.caps().find("streamheader"), std::string::npos);
  expect_plays(pipeline.branch().window(), 270);
}

TEST(HlsBranch, PlaysOtherContainers) {
  for (const std::string mux : {"matroskamux name=mux streamable=true", "flvmux name=mux streamable=true"}) {
    Pipeline pipeline(std::string(source) + mux);
    EXPECT_TRUE(pipeline.pump_until([&] {
      return count(pipeline.branch().window().playlist(), "#EXTINF") >= 8;
    })) << mux
        << ": " << pipeline.branch().refusal() << pipeline.branch().window().playlist();
    EXPECT_EQ(pipeline.branch().refusal(), "");
    const std::string playlist = pipeline.branch().window().playlist();
    const int segments = count(playlist, "#EXTINF");
    EXPECT_EQ(count(playlist, "#EXTINF:1.0") + count(playlist, "#EXTINF:0.9"), segments) << playlist;
    expect_plays(pipeline.branch().window(), 30 * segments);
  }
}

TEST(HlsBranch, RefusesWhatHlsCannotCarry) {
  Pipeline pipeline(
      "videotestsrc num-buffers=30 ! video/x-raw,width=320,height=180 ! vp8enc deadline=1 ! matroskamux "
      "name=mux streamable=true");
  ASSERT_TRUE(pipeline.pump_until([&] { return !pipeline.branch().refusal().empty(); }));
  EXPECT_EQ(pipeline.branch().refusal(), "HLS cannot carry video/x-vp8");
  EXPECT_FALSE(pipeline.branch().window().ready());
}

struct Modern {
  const char *name;
  const char *encoder;
  const char *video;
  const char *muxer;
};

// Codecs that need fragments of MP4: 90 pictures in groups of 30, and 150 sounds of 20 ms, of which Opus has
// one more at its end. The publisher's times begin at 1000 s, and the sound begins 100 ms after the picture.
class HlsBranchOf : public testing::TestWithParam<Modern> {};

TEST_P(HlsBranchOf, PlaysByFragments) {
  const Modern &codec = GetParam();
  Pipeline pipeline(std::string("videotestsrc num-buffers=90 timestamp-offset=1000000000000 ! "
                                "video/x-raw,format=I420,width=320,height=180,framerate=30/1 ! ") +
                    codec.encoder +
                    " ! queue max-size-time=0 ! mux. "
                    "audiotestsrc num-buffers=150 samplesperbuffer=960 timestamp-offset=1000100000000 ! "
                    "audio/x-raw,rate=48000,channels=2 ! opusenc ! queue max-size-time=0 ! mux. " +
                    codec.muxer + " name=mux");
  ASSERT_TRUE(pipeline.pump_until([&] {
    return count(pipeline.branch().window().playlist(), "#EXT-X-ENDLIST") == 1;
  })) << pipeline.branch().refusal();
  if (codec.video == std::string("av1") || codec.video == std::string("vp9")) {
    EXPECT_EQ(pipeline.branch().tracks().video->keyframe_seconds, 1);
  }
  const std::string playlist = pipeline.branch().window().playlist();
  EXPECT_EQ(count(playlist, "#EXT-X-MAP:"), 1) << playlist;
  EXPECT_EQ(count(playlist, ".m4s\n"), 3) << playlist;
  EXPECT_EQ(count(playlist, "#EXT-X-TARGETDURATION:1\n"), 1) << playlist;
  EXPECT_EQ(count(playlist, "#EXT-X-DISCONTINUITY"), 0) << playlist;
  EXPECT_EQ(count(playlist, "#EXT-X-INDEPENDENT-SEGMENTS"), 1) << playlist;
  EXPECT_GE(count(playlist, "#EXT-X-PART:"), 3) << playlist;
  const Folder folder;
  write_out(pipeline.branch().window(), folder.path());
  const std::string index = (folder.path() / "index.m3u8").string();
  const Outcome probed =
      run({"ffprobe", "-v", "error", "-allowed_extensions", "ALL", "-count_frames", "-show_entries",
           "stream=codec_name,start_time,nb_read_frames", "-of", "csv=p=0", index});
  EXPECT_EQ(probed.status, 0) << probed.errors;
  std::istringstream lines(probed.out);
  std::map<std::string, std::pair<double, int>> read;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string name, start, frames;
    std::getline(fields, name, ',');
    std::getline(fields, start, ',');
    std::getline(fields, frames, ',');
    if (frames.empty()) continue;  // of the program
    read[name == "hevc" ? "h265" : name] = {std::stod(start), std::stoi(frames)};
  }
  EXPECT_EQ(read[codec.video].second, 90) << probed.out;
  EXPECT_GE(read["opus"].second, 150) << probed.out;
  EXPECT_LE(read["opus"].second, 151) << probed.out;
  EXPECT_NEAR(read["opus"].first - read[codec.video].first, 0.1, 0.02) << probed.out;
  const Outcome decoded =
      run({"ffmpeg", "-v", "warning", "-allowed_extensions", "ALL", "-i", index, "-f", "null", "-"});
  EXPECT_EQ(decoded.status, 0);
  EXPECT_EQ(decoded.errors, "");
}

constexpr char x265[] = "x265enc key-int-max=30 speed-preset=ultrafast ! h265parse",
               av1[] = "av1enc cpu-used=8 usage-profile=realtime keyframe-max-dist=30 ! av1parse",
               vp9[] = "vp9enc deadline=1 cpu-used=8 keyframe-max-dist=30",
               x264[] = "x264enc tune=zerolatency key-int-max=30 speed-preset=ultrafast ! h264parse",
               matroska[] = "matroskamux streamable=true", transport_stream[] = "mpegtsmux";
INSTANTIATE_TEST_SUITE_P(Codecs, HlsBranchOf,
                         testing::Values(Modern{"HevcInMatroska", x265, "h265", matroska},
                                         Modern{"Av1InMatroska", av1, "av1", matroska},
                                         Modern{"Vp9InMatroska", vp9, "vp9", matroska},
                                         Modern{"HevcInTs", x265, "h265", transport_stream},
                                         Modern{"H264InTs", x264, "h264", transport_stream}),
                         [](const auto &test) { return test.param.name; });

Slice read_file(const std::filesystem::path &path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  return Slice::copy(as_bytes(bytes));
}

// Its tables are too long to be read, so nothing waits for them.
TEST(HlsBranch, PlaysATransportStreamWithoutTables) {
  Pipeline pipeline("appsrc name=from format=time ! identity name=mux");
  const auto caps =
      Ref<GstCaps>::adopt(gst_caps_from_string("video/mpegts, systemstream=(boolean)true, packetsize=188"));
  for (int i = 0; i < 400; ++i) pipeline.give(caps.get(), formats::video());
  const formats::HlsWindow &window = pipeline.branch().window();
  constexpr std::size_t waiting = 64 << 10;
  ASSERT_TRUE(pipeline.pump_until([&] { return window.size() >= waiting; }));
  ASSERT_TRUE(pipeline.pump_until([&] { return window.size() == 400 * formats::packet; }));
}

// mp4mux puts the last two frames of a stream into one fragment.
std::size_t samples_of(const Slice &fragment) {
  const auto type = as_text(fragment.bytes()).find("trun");
  return type == std::string_view::npos ? 0 : fragment.bytes()[type + 11];
}

// The clock of the stream jumps, and then the size of the picture changes. HLS goes on.
TEST(HlsBranch, FragmentsGoOnAfterAJump) {
  const Folder folder;
  std::vector<Slice> pieces;
  struct Take {
    const char *size, *offset;
  };
  for (const Take &take :
       {Take{"320x180", "100"}, Take{"320x180", "50000"}, Take{"320x180", "60"}, Take{"160x90", "63"}}) {
    const std::string name = (folder.path() / (std::to_string(pieces.size()) + ".ts")).string();
    const Outcome made = run({"ffmpeg",
                              "-v",
                              "error",
                              "-f",
                              "lavfi",
                              "-i",
                              std::string("testsrc2=rate=10:size=") + take.size,
                              "-t",
                              "3",
                              "-g",
                              "10",
                              "-pix_fmt",
                              "yuv420p",
                              "-c:v",
                              "libx265",
                              "-preset",
                              "ultrafast",
                              "-x265-params",
                              "log-level=none",
                              "-output_ts_offset",
                              take.offset,
                              "-f",
                              "mpegts",
                              name});
    ASSERT_EQ(made.status, 0) << made.errors;
    pieces.push_back(read_file(name));
  }
  Pipeline pipeline("appsrc name=from format=time ! identity name=mux");
  const auto caps =
      Ref<GstCaps>::adopt(gst_caps_from_string("video/mpegts, systemstream=(boolean)true, packetsize=188"));
  for (const Slice &piece : pieces) pipeline.give(caps.get(), piece);
  pipeline.end();
  ASSERT_TRUE(pipeline.pump_until([&] {
    return count(pipeline.branch().window().playlist(), "#EXT-X-ENDLIST") == 1;
  })) << pipeline.branch().refusal()
      << pipeline.branch().window().playlist();
  const formats::HlsWindow &window = pipeline.branch().window();
  const std::string playlist = window.playlist();
  EXPECT_EQ(count(playlist, "#EXT-X-MAP:"), 4) << playlist;
  EXPECT_EQ(count(playlist, "#EXT-X-DISCONTINUITY\n"), 3) << playlist;
  EXPECT_EQ(count(playlist, ".m4s\n"), 12) << playlist;
  std::size_t pictures = 0;
  std::istringstream lines(playlist);
  for (std::string line; std::getline(lines, line);)
    if (const auto sequence = formats::parse_segment_name(line)) {
      const auto segment = window.segment(*sequence);
      ASSERT_TRUE(segment);
      for (const Slice &piece : segment->pieces) pictures += samples_of(piece);
    }
  EXPECT_EQ(pictures, 120u);
}

// What the container says of the tracks.
TEST(HlsBranch, LearnsTheTracksOfMatroska) {
  Pipeline pipeline(
      std::string(
          "videotestsrc num-buffers=30 ! video/x-raw,format=I420,width=320,height=180,framerate=30/1 ! ") +
      av1 +
      " ! queue ! mux. audiotestsrc num-buffers=50 samplesperbuffer=960 ! "
      "audio/x-raw,rate=48000,channels=2 ! opusenc ! tee name=sound ! queue ! mux. sound. ! queue ! mux. " +
      matroska + " name=mux");
  const auto &tracks = pipeline.branch().tracks();
  ASSERT_TRUE(pipeline.pump_until([&] { return tracks.video && tracks.audio; }));
  EXPECT_EQ(*tracks.video,
            (formats::VideoFacts{.codec = "av1", .width = 320, .height = 180, .frames = 30, .seconds = 1}));
  EXPECT_EQ(*tracks.audio, (formats::AudioFacts{.codec = "opus", .rate = 48'000, .channels = 2}));
  EXPECT_EQ(tracks.video_tracks, 1u);
  EXPECT_EQ(tracks.audio_tracks, 2u);
  EXPECT_EQ(pipeline.branch().live_refusal(), "");  // the sound
}

TEST(HlsBranch, RefusesRubbish) {
  Pipeline pipeline(
      "filesrc location=/proc/self/exe num-buffers=200 ! application/x-nonsense ! identity name=mux");
  ASSERT_TRUE(pipeline.pump_until([&] { return !pipeline.branch().refusal().empty(); }));
}

// The text of the caps comes from the publisher and chooses the types of the values.
TEST(HlsBranch, RefusesCapsWithTypesThatMediaDoesNotHave) {
  int tried = 0;
  for (const std::string field :
       {"streamheader=(GstCaps)<\"video/x-raw\">", "streamheader=<(GstCaps)[video/x-raw]>",
        "streamheader=<(GstStructure)[a]>", "codec_data=(GstStructure)[a]", "codec_data=(GDate)2000-01-01"}) {
    for (const std::string name : {"video/mpegts", "video/x-h264", "video/x-matroska"}) {
      const auto caps = Ref<GstCaps>::adopt(gst_caps_from_string((name + "," + field).c_str()));
      if (!caps) continue;  // GStreamer does not read it either
      ++tried;
      Pipeline pipeline("appsrc name=from format=time ! identity name=mux");
      pipeline.give(caps.get(), formats::pat());
      ASSERT_TRUE(pipeline.pump_until([&] { return !pipeline.branch().refusal().empty(); }));
      EXPECT_EQ(pipeline.branch().refusal(), "the stream's caps hold what no media has") << field;
    }
  }
  EXPECT_GE(tried, 9);
}

TEST(HlsBranch, PlaysAudioAlone) {
  Pipeline pipeline(
      "audiotestsrc num-buffers=470 samplesperbuffer=1024 ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! "
      "mpegtsmux name=mux");
  ASSERT_TRUE(
      pipeline.pump_until([&] { return count(pipeline.branch().window().playlist(), "#EXTINF") >= 8; }));
}

}  // namespace
}  // namespace astral::media

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  gst_init(&argc, &argv);
  return RUN_ALL_TESTS();
}
