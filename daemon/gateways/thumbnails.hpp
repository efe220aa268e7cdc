// SPDX-License-Identifier: BSD-3-Clause
// Serves small pictures of the streams that this node carries. Makes one only on request, at most one per
// stream in 3 s, for all requests of that time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/key_frame.hpp"
#include "glue/bytes.hpp"
#include "glue/loop.hpp"
#include "http/call.hpp"
#include "http/routes.hpp"
#include "runtime/driver.hpp"

namespace astral::gateways {

// **Thread**: the default main context. The driver outlives it.
class Thumbnails {
 public:
  struct Limits {
    Time age = 3s;       // how long a picture is served before a new one is made
    Time patience = 2s;  // how long to wait for a complete key frame
  };

  explicit Thumbnails(runtime::Driver &driver) : Thumbnails(driver, Limits{}) {}
  Thumbnails(runtime::Driver &driver, const Limits &limits);
  ~Thumbnails();
  Thumbnails(const Thumbnails &) = delete;
  Thumbnails &operator=(const Thumbnails &) = delete;

  void show(const http::Call &call, const http::Answer &answer);

 private:
  // Collects its key frame, then makes the picture, then serves it until it is too old.
  struct Thumbnail {
    std::vector<http::Answer> waiting = {};
    std::unique_ptr<formats::KeyFrame> key_frame = {};
    std::optional<Expected<Slice>> picture = {};
    Time until = never;
  };

  void advance_all();
  bool advance(const std::string &slug, Thumbnail &thumbnail);
  void look_into_hls(const std::string &slug, Thumbnail &thumbnail);
  void make_picture(const std::string &slug, Thumbnail &thumbnail);
  void answer_all(const std::string &slug, Thumbnail &thumbnail, const Expected<Slice> &picture);

  runtime::Driver &driver_;
  const Limits limits_;
  std::map<std::string, Thumbnail> thumbnails_;  // by slug
  Timer timer_;
  const std::shared_ptr<Thumbnails *> alive_ = std::make_shared<Thumbnails *>(this);
};

void add_thumbnail_calls(std::vector<http::Route> &routes, Thumbnails &thumbnails);

}  // namespace astral::gateways
