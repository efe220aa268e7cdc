// SPDX-License-Identifier: BSD-3-Clause
// RTMP over sockets, within bounds: who may connect, publish and play, and whose media goes where. A
// publisher that was cut off may come back and go on.
#pragma once

#include <gio/gio.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "api/access.hpp"
#include "api/caller.hpp"
#include "api/driver.hpp"
#include "api/flow.hpp"
#include "api/guests.hpp"
#include "api/media_floor.hpp"
#include "api/watching.hpp"
#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "rtmp/session.hpp"

namespace astral::api {

// **Thread**: the default main context. **Owns** its listening socket, the connections, and what is being
// published.
class RtmpServer {
 public:
  struct Limits {
    Guests::Limits guests = {.total = 256, .reserved = 32, .per_place = 16, .turned_away = 0};
    Time for_request = 10s;  // from the connection to 'publish' or 'play'
    Time silence = 30s;      // of a publisher
    Time until_stale = 5s;   // of a publisher's silence: then another takes over
    Time for_return = 10s;   // of one that was cut off, before the stream has ended
    std::size_t publishers = 32;
  };
  struct Settings {
    std::string address;
    std::uint16_t port = 0;
    std::string node;  // HOST:PORT where our own elements find this node
    Limits limits = {};
    Time patience = 8s;  // of a player, for the first media
  };

  // invalid: no address. unreachable: cannot be had. `access` and `driver` outlive it.
  static Expected<std::unique_ptr<RtmpServer>> open(Settings settings, const Access &access, Driver &driver);
  ~RtmpServer();
  RtmpServer(const RtmpServer &) = delete;
  RtmpServer &operator=(const RtmpServer &) = delete;

  std::uint16_t port() const { return port_; }
  std::size_t connections() const { return guests_.count(); }
  void stop_listening();

 private:
  using Id = Guests::Id;

  struct Client {
    Caller caller;
    rtmp::Session session = rtmp::Session();
    std::string slug = {};  // what it publishes
    std::unique_ptr<Flow> flow = {};
    std::unique_ptr<Watching> watching = {};
  };
  struct Publisher {
    std::unique_ptr<Ingest> ingest = {};
    Id client = 0;  // 0: it was cut off, or says goodbye
    Time heard{};
    Time until = never;  // it must be back
    bool is_ending = false;
  };

  RtmpServer(Settings settings, const Access &access, Driver &driver);
  void accept(GSocketConnection *connection);
  void take(Id id, Bytes bytes);
  void take(Id id, const rtmp::PublishAsked &asked);
  void take(Id id, const rtmp::PlayAsked &asked);
  void take(Id id, const rtmp::Metadata &metadata);
  void take(Id id, const rtmp::Media &media);
  void take(Id id, const rtmp::Ended &ended);
  void take(Id id, const rtmp::Closed &closed);
  void settle(Id id);  // what its session has to say
  static Expected<std::string> slug_of(const rtmp::Address &address);
  Expected<std::string> may_publish(const Client &client, const rtmp::Address &address) const;
  Expected<void> publish(Id id, const std::string &slug);
  void on_play_over(Id id, const Error &error);
  Publisher *published_by(Id id);
  void detach(Id id);  // without a goodbye
  void on_over(const std::string &slug, const Error &error);
  void on_gone(Id id, const std::string &why);
  void on_deadline();
  void set_deadline();

  const Settings settings_;
  const Access &access_;
  Driver &driver_;
  std::uint16_t port_ = 0;
  Guests guests_;
  Timer deadline_;
  std::map<std::string, Publisher> publishers_;  // by slug
  std::map<Id, Client> clients_;
  Ref<GSocketService> listener_;
};

}  // namespace astral::api
