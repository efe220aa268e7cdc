// SPDX-License-Identifier: BSD-3-Clause
// What is published at this node by those who bring media in, by RTMP or by WebRTC: one publisher of a
// stream at a time. One that was cut off, or has fallen silent, is followed by the next, who goes on with the
// stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "glue/error.hpp"
#include "glue/loop.hpp"
#include "glue/time.hpp"
#include "media/media_backend.hpp"
#include "runtime/driver.hpp"

namespace astral::gateways {

// **Thread**: the default main context. The driver outlives it.
class Publishers {
 public:
  struct Limits {
    Time until_stale = 5s;  // of a publisher's silence: then another takes over
    Time for_return = 10s;  // of one that was cut off, before the stream has ended
    std::size_t count = 32;
  };
  using Id = std::uint64_t;  // of one that has begun, never again another's
  // It has ended, or another one goes on; never from inside a call of its own.
  using Over = std::function<void(const Error &)>;

  Publishers(runtime::Driver &driver, const Limits &limits);

  void set_node(std::string node) { node_ = std::move(node); }  // HOST:PORT where our own elements find us

  // no_room: too many. conflict: somebody else publishes it.
  Expected<Id> begin(const std::string &slug, Over over);
  void expect(Id id, const rtmp::Metadata &metadata);
  Expected<void> push(Id id, const rtmp::Media &media);  // an error ends it, without Over
  void finish(Id id);                                    // with a goodbye
  void leave(Id id);                                     // without
  bool is_there(Id id) const { return slugs_.contains(id); }

 private:
  struct Publisher {
    std::unique_ptr<media::PublishedMedia> ingest = {};
    Id id = 0;  // 0: it was cut off, or says goodbye
    Over over = {};
    Time heard{};
    Time until = never;  // it must be back
    bool is_ending = false;
  };

  Publisher *find(Id id);
  void detach(Publisher &publisher);
  void on_over(const std::string &slug, const Error &error);
  void on_deadline();
  void set_deadline();

  runtime::Driver &driver_;
  const Limits limits_;
  std::string node_;
  Id next_ = 1;
  std::map<Id, std::string> slugs_;  // of those that are in publishers_
  Timer deadline_;
  std::map<std::string, Publisher> publishers_;  // by slug
};

}  // namespace astral::gateways
