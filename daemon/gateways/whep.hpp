// SPDX-License-Identifier: BSD-3-Clause
// Who watches by WebRTC (WHEP): a stream is brought here, one exchange of SDP follows, and the connection
// then outlives the stream's breaks: a publisher that comes back is seen without another exchange.
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

// **Thread**: the default main context. The driver outlives it. What a viewer's watching calls ends with the
// viewer: at(id) checks this promise of ours.
class Whep {
 public:
  struct Limits {
    Time patience = 8s;     // for the first media
    Time for_return = 60s;  // of a stream that has ended, before its viewers' connections end
    std::size_t viewers = 64;
    std::size_t per_caller = 16;  // from one address that is not this machine
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
    webrtc::Offer offer;
    http::Answer answer;  // empty: given
    bool is_planned = false, is_connected = false;
    Time until = never;  // the stream must be back
    std::unique_ptr<PlaybackRequest> watching = {};
    std::unique_ptr<media::RtcPeer> peer = {};
  };

  Expected<void> may_watch(const http::Call &call) const;
  void follow(const std::string &id, Viewer &viewer);
  void on_piece(const std::string &id, const Slice &piece, bool is_start);
  void begin(const std::string &id, const webrtc::Tracks &tracks);
  void on_answer(const std::string &id, const std::string &sdp);
  void on_connected(const std::string &id);
  void on_stream_over(const std::string &id, const Error &error);
  void on_over(const std::string &id, const Error &error);
  void look();

  runtime::Driver &driver_;
  const Limits limits_;
  std::map<std::string, Viewer> viewers_;
  Timer looking_;
  Mailbox mailbox_;
};

}  // namespace astral::gateways
