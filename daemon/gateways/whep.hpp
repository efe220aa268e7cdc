// SPDX-License-Identifier: BSD-3-Clause
// Watching by WebRTC (WHEP): brings the stream to this node, then answers an SDP offer. The connection
// survives breaks of the stream: when the publisher returns, media goes on without another offer. It ends when
// the stream has ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "formats/webrtc/plan.hpp"
#include "gateways/playback_request.hpp"
#include "glue/loop.hpp"
#include "http/call.hpp"
#include "media/media_backend.hpp"
#include "runtime/driver.hpp"

namespace astral::gateways {

// **Thread**: the default main context. The driver outlives it. A viewer's request calls back with its id,
// and never after the viewer is gone: at(id) checks that.
class Whep {
 public:
  struct Limits {
    Time patience = 8s;     // how long to wait for the first media
    Time for_return = 60s;  // how long connections wait for a stream that is gone to return
    std::size_t viewers = 1'000;
    std::size_t per_caller = 16;  // viewers from one address of another machine
  };

  explicit Whep(runtime::Driver &driver) : Whep(driver, Limits{}) {}
  Whep(runtime::Driver &driver, const Limits &limits);

  void watch(const http::Call &call, const http::Answer &answer);
  void remove(const http::Call &call, const http::Answer &answer);
  std::size_t viewers() const { return viewers_.size(); }

 private:
  struct Viewer {
    std::string slug, caller;
    bool may_bring = false;
    bool may_watch_private = false;
    webrtc::Offer offer;
    http::Answer answer;  // empty once it is given
    bool is_planned = false, is_connected = false;
    Time until = never;  // when the stream must be back
    std::unique_ptr<PlaybackRequest> request = {};
    std::unique_ptr<media::RtcPeer> peer = {};
  };

  Expected<void> may_watch(const http::Call &call) const;
  void request_stream(const std::string &id, Viewer &viewer);
  void on_piece(const std::string &id, const Slice &piece, bool is_start);
  void begin(const std::string &id, const webrtc::Tracks &tracks);
  void on_answer(const std::string &id, const std::string &sdp);
  void on_connected(const std::string &id);
  void on_stream_over(const std::string &id, const Error &error);
  void on_over(const std::string &id, const Error &error);
  void retry_streams();

  runtime::Driver &driver_;
  const Limits limits_;
  std::map<std::string, Viewer> viewers_;
  Timer timer_;
  Mailbox mailbox_;
};

}  // namespace astral::gateways
