// SPDX-License-Identifier: BSD-3-Clause
// Who publishes by WebRTC (WHIP, RFC 9725): one exchange of SDP, and what comes then is published.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/driver.hpp"
#include "api/http.hpp"
#include "api/media_floor.hpp"
#include "api/publishers.hpp"
#include "glue/loop.hpp"

namespace astral::api {

// **Thread**: the default main context. The others outlive it.
class Whip {
 public:
  Whip(Driver &driver, Publishers &publishers);

  void publish(const Call &call, const Answer &answer);
  void remove(const Call &call, const Answer &answer);

  // What had to be encoded again, for people.
  std::vector<std::string> warnings(const std::string &slug) const;
  std::size_t sessions() const { return sessions_.size(); }

 private:
  struct Session {
    std::string slug;
    Answer answer;  // empty: given
    Publishers::Id publisher = 0;
    std::vector<std::string> warnings = {};
    std::unique_ptr<RtcPeer> peer = {};
  };

  Expected<void> begin(const std::string &id, Session &session, const Call &call);
  void on_answer(const std::string &id, const std::string &sdp);
  void on_media(const std::string &id, const rtmp::Media &media);
  void on_over(const std::string &id, const Error &error);

  Driver &driver_;
  Publishers &publishers_;
  std::map<std::string, Session> sessions_;
  Mailbox mailbox_;
};

}  // namespace astral::api
