// SPDX-License-Identifier: BSD-3-Clause
// Caches the text of replies. An answer depends on the registry and on the origin's clock, which counts whole
// seconds; so a text can be used again within its second while the version is the same. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "origin/records.hpp"

namespace astral::origin {

class Memo {
 public:
  // The cached text if key, second and version are the same; otherwise calls make().
  template <typename Make>
  const std::string &get(const std::string &key, UnixTime now, std::uint64_t version, Make make) {
    if (texts_.size() > most && !texts_.contains(key)) texts_.clear();
    Text &text = texts_[key];
    if (!text.made || text.now != now || text.version != version) text = {true, now, version, make()};
    return text.text;
  }

 private:
  static constexpr std::size_t most = 32;  // texts; bounded, because queries choose the keys

  struct Text {
    bool made = false;
    UnixTime now{};
    std::uint64_t version = 0;
    std::string text;
  };
  std::map<std::string, Text> texts_;
};

}  // namespace astral::origin
