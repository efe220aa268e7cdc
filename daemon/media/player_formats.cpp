// SPDX-License-Identifier: BSD-3-Clause
#include "media/player_formats.hpp"

#include "media/flv_branch.hpp"
#include "media/rtc_branch.hpp"

namespace astral::media {
namespace {

using formats::Format;

struct Row {
  Format format;
  std::unique_ptr<Branch> (*make)(GMainContext *context);
  // For GET /stream/SLUG/live.ID; none where a gateway of its own serves the format.
  const char *name = nullptr;
  const char *type = nullptr;
};

std::unique_ptr<Branch> make_flv(GMainContext *context) {
  return std::make_unique<FlvBranch>(Format::flv, context);
}

std::unique_ptr<Branch> make_rtmp(GMainContext *context) {
  return std::make_unique<FlvBranch>(Format::rtmp, context);
}

std::unique_ptr<Branch> make_webrtc(GMainContext *context) {
  return std::make_unique<RtcBranch>(context);
}

constexpr Row rows[] = {
    {Format::flv, make_flv, "HTTP-FLV", "video/x-flv"},
    {Format::ts, nullptr, "MPEG-TS", "video/mp2t"},
    {Format::rtmp, make_rtmp},
    {Format::webrtc, make_webrtc},
};

}  // namespace

std::unique_ptr<Branch> make_branch(Format format, GMainContext *context) {
  for (const Row &row : rows)
    if (row.format == format && row.make) return row.make(context);
  return nullptr;
}

std::vector<formats::LiveFormat> live_formats() {
  std::vector<formats::LiveFormat> live;
  for (const Row &row : rows)
    if (row.type) live.push_back({row.format, row.name, row.type});
  return live;
}

}  // namespace astral::media
