// SPDX-License-Identifier: BSD-3-Clause
// The texts of replies that many ask for, each for as long as it is true: the origin's clock has whole
// seconds, so within one, and while nothing has changed, an answer is the same. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "origin/records.hpp"

namespace astral::origin {

class Memo {
 public:
  // What `make` returned for the same key, second and version; else what it returns now.
  template <typename Make>
  const std::string &get(const std::string &key, UnixTime now, std::uint64_t version, Make make) {
    if (texts_.size() > most && !texts_.contains(key)) texts_.clear();
    Text &text = texts_[key];
    if (!text.made || text.now != now || text.version != version) text = {true, now, version, make()};
    return text.text;
  }

 private:
  static constexpr std::size_t most = 32;  // strangers choose the keys

  struct Text {
    bool made = false;
    UnixTime now{};
    std::uint64_t version = 0;
    std::string text;
  };
  std::map<std::string, Text> texts_;
};

}  // namespace astral::origin
