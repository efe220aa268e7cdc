// SPDX-License-Identifier: BSD-3-Clause
// What a node asks of the origin over HTTP: it says that it is there, has its streams' names kept, and
// fetches the lists. An origin that does not answer costs nothing but the answers; it is asked again, less
// and less often.
#pragma once

#include <gio/gio.h>
#include <libsoup/soup.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "core/types.hpp"
#include "glue/error.hpp"
#include "glue/json.hpp"
#include "glue/loop.hpp"
#include "glue/ref.hpp"

namespace astral::peer {

// **Thread**: the default main context. Nothing is called back after it has gone, nor from inside a call.
class OriginClient {
 public:
  struct Lists {
    std::vector<core::NodeInfo> nodes;
    std::vector<core::StreamInfo> streams;
  };
  struct Handler {
    std::function<json::Builder()> self;  // this node, as POST /nodes takes it
    std::function<void(Lists)> on_lists;
  };

  // `url`: http://HOST[:PORT][/PATH]. Announces this node from now on.
  OriginClient(std::string url, Handler handler);
  ~OriginClient();
  OriginClient(const OriginClient &) = delete;
  OriginClient &operator=(const OriginClient &) = delete;

  // conflict: the name is another node's.
  void put_stream(const core::StreamInfo &stream, std::function<void(Expected<core::StreamInfo>)> done);
  void delete_stream(const core::Slug &slug, const core::Uuid &source);
  void forget_node(const core::Uuid &uuid);  // at the end
  void ask();                                // on_lists follows, if the origin answers
  void changed();  // what we say of ourselves: said soon, not only at the next interval
  bool flushed() const { return pending_ == 0; }

 private:
  using Done = std::function<void(Expected<json::Reader>)>;
  void call(const char *method, const std::string &path, const std::string &body, const Done &done);
  void announce();

  const std::string url_;
  Handler handler_;
  Ref<SoupSession> session_;
  Ref<GCancellable> cancellable_;
  std::size_t pending_ = 0;
  Time backoff_{};
  bool asking_ = false;
  bool leaving_ = false;
  Timer next_;
};

}  // namespace astral::peer
