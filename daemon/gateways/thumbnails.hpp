// SPDX-License-Identifier: BSD-3-Clause
// Small pictures of the streams that this node carries. Decides when one is made: when somebody asks, and at
// most once in a while of a stream, for all who ask.
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
    Time age = 3s;       // of a picture, before there is another one
    Time patience = 2s;  // for the first key frame, and until it is whole
  };

  explicit Thumbnails(runtime::Driver &driver) : Thumbnails(driver, Limits{}) {}
  Thumbnails(runtime::Driver &driver, const Limits &limits);
  ~Thumbnails();
  Thumbnails(const Thumbnails &) = delete;
  Thumbnails &operator=(const Thumbnails &) = delete;

  void show(const http::Call &call, const http::Answer &answer);

 private:
  // First its key frame is gathered, then it is made, then it is there until it is too old.
  struct Shot {
    std::vector<http::Answer> waiting = {};
    std::unique_ptr<formats::KeyFrame> key_frame = {};
    std::optional<Expected<Slice>> picture = {};
    Time until = never;
  };

  void look();
  bool look_at(const std::string &slug, Shot &shot);
  void develop(const std::string &slug, Shot &shot);
  void tell(const std::string &slug, Shot &shot, const Expected<Slice> &picture);

  runtime::Driver &driver_;
  const Limits limits_;
  std::map<std::string, Shot> shots_;  // by slug
  Timer looking_;
  const std::shared_ptr<Thumbnails *> alive_ = std::make_shared<Thumbnails *>(this);
};

void add_thumbnail_calls(std::vector<http::Route> &routes, Thumbnails &thumbnails);

}  // namespace astral::gateways
