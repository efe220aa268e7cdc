// SPDX-License-Identifier: BSD-3-Clause
// A node's HTTP client for the origin. The node's key signs what changes something. It announces the node
// every 30 s, registers and unregisters streams, and fetches the lists of nodes and streams. If the origin
// does not answer, the client announces again after 1 s, 2 s, 4 s, … 30 s; the node works on without the
// origin.
#pragma once

#include <gio/gio.h>
#include <libsoup/soup.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/types.hpp"
#include "glue/error.hpp"
#include "glue/json.hpp"
#include "glue/key.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"
#include "http/exchange.hpp"
#include "peer/origin_pin.hpp"

namespace astral::peer {

// **Thread**: the default main context. The destructor cancels all requests: no callback runs after it.
// Callbacks run from the main context, but for an error of a request that could not be started.
class OriginClient {
 public:
  struct Lists {
    std::vector<core::NodeInfo> nodes;
    std::vector<core::StreamInfo> streams;
  };
  struct Handler {
    std::function<json::Builder()> self;  // returns this node as the body of POST /nodes
    std::function<void(Lists)> on_lists;
  };

  // `url`: http[s]://HOST[:PORT][/PATH]. `state_dir` keeps the origin's key; see OriginPin. `authorities`:
  // those that the origin's certificate must be signed by; null: those that this system trusts. The first
  // announcement is sent from the main loop, at once.
  OriginClient(std::string url, const std::string &state_dir, const Ref<GTlsDatabase> &authorities, Key key,
               Handler handler);
  ~OriginClient();
  OriginClient(const OriginClient &) = delete;
  OriginClient &operator=(const OriginClient &) = delete;

  // Error conflict: the name belongs to another node.
  void put_stream(const core::StreamInfo &stream, std::uint64_t viewers,
                  std::function<void(Expected<core::StreamInfo>)> done);
  // `key`: the stream's; nullopt: the node's.
  void delete_stream(const core::Slug &slug, const core::Uuid &source, const std::optional<Key> &key);
  void forget_node(const core::Uuid &uuid);  // unregisters the node and stops the announcements
  void ask();                                // fetches the lists; on_lists is called if the origin answers
  void changed();  // this node has changed: announces it within 200 ms, not only at the next interval
  bool flushed() const { return pending_ == 0; }

 private:
  using Done = std::function<void(Expected<json::Reader>)>;
  void call(const char *method, const std::string &path, const std::string &body, const Done &done);
  void call_as(const Key &key, const char *method, const std::string &path, const std::string &body,
               const Done &done);
  Expected<json::Reader> read_list(const std::string &path, const Expected<http::Told> &told);
  void hear_clock(const std::string &date);
  void announce();
  void announce_by(Time when);

  const std::string url_;
  const std::string path_;  // of the URL
  const Key key_;
  OriginPin pin_;
  Handler handler_;
  Ref<SoupSession> session_;
  Ref<GCancellable> cancellable_;
  std::size_t pending_ = 0;
  std::chrono::seconds ahead_{};  // the origin's clock, of ours
  Time backoff_{};
  bool asking_ = false;
  bool leaving_ = false;
  Time due_ = never;  // next_ fires then
  Timer next_;
};

}  // namespace astral::peer
