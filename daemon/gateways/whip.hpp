// SPDX-License-Identifier: BSD-3-Clause
// Publishing by WebRTC (WHIP, RFC 9725): answers an SDP offer, then publishes the media that arrives.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "gateways/publishers.hpp"
#include "glue/loop.hpp"
#include "http/call.hpp"
#include "media/media_backend.hpp"
#include "runtime/driver.hpp"

namespace astral::gateways {

// **Thread**: the default main context. `driver` and `publishers` outlive it.
class Whip {
 public:
  Whip(runtime::Driver &driver, Publishers &publishers);

  void publish(const http::Call &call, const http::Answer &answer);
  void remove(const http::Call &call, const http::Answer &answer);

  std::size_t sessions() const { return sessions_.size(); }

 private:
  struct Session {
    std::string slug;
    http::Answer answer;  // empty once it is given
    Publishers::Id publisher = 0;
    std::unique_ptr<media::RtcPeer> peer = {};
  };

  Expected<void> begin(const std::string &id, Session &session, const http::Call &call);
  void on_answer(const std::string &id, const std::string &sdp);
  void on_media(const std::string &id, const rtmp::Media &media);
  void on_over(const std::string &id, const Error &error);

  runtime::Driver &driver_;
  Publishers &publishers_;
  std::map<std::string, Session> sessions_;
  Mailbox mailbox_;
};

}  // namespace astral::gateways
