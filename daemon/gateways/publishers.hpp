// SPDX-License-Identifier: BSD-3-Clause
// The streams that are published at this node by RTMP or WebRTC, each by one publisher at a time. If a
// publisher is cut off or silent, another one may continue its stream. A publisher that stops properly ends
// the stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

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
    Time until_stale = 5s;  // a publisher that is silent for so long may be replaced
    Time for_return = 10s;  // how long a stream waits for a publisher that was cut off
    std::size_t count = 32;
  };
  using Id = std::uint64_t;  // of one publisher; never reused
  // The publisher has ended or was replaced. Never called from inside a call of that publisher.
  using Over = std::function<void(const Error &)>;

  Publishers(runtime::Driver &driver, const Limits &limits);

  void set_node(std::string node) { node_ = std::move(node); }  // HOST:PORT for the node's own elements

  // no_room: too many publishers. conflict: another publisher is active.
  Expected<Id> begin(const std::string &slug, Over over);
  void expect(Id id, const rtmp::Metadata &metadata);
  Expected<void> push(Id id, const rtmp::Media &media);  // an error ends the publisher, without Over
  void finish(Id id);                                    // ends the stream
  void leave(Id id);                                     // cut off: the stream waits for the next publisher
  // Says to people what this publisher's viewers do not get, or how.
  void warn(Id id, const std::string &warning);
  std::vector<std::string> warnings(const std::string &slug) const;
  bool is_there(Id id) const { return slugs_.contains(id); }

 private:
  struct Publisher {
    std::unique_ptr<media::PublishedMedia> ingest = {};
    Id id = 0;  // 0: it was cut off or is ending
    Over over = {};
    std::vector<std::string> warnings = {};
    Time heard{};
    Time until = never;  // when a publisher must be back
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
  std::map<Id, std::string> slugs_;  // of the active ones in publishers_
  Timer deadline_;
  std::map<std::string, Publisher> publishers_;  // by slug
};

}  // namespace astral::gateways
