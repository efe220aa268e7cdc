// SPDX-License-Identifier: BSD-3-Clause
// The devices that the owner has paired: each has a cookie, and may do what the owner may. Pure; who keeps
// them on a disk does that in on_change.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "glue/error.hpp"

namespace astral::http {

using WallTime = std::chrono::sys_seconds;

inline WallTime wall_now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

struct Device {
  std::string id;    // 8 hexadecimal digits; no secret
  std::string name;  // what its User-Agent says of it
  std::string hash;  // SHA-256 of its secret, in hexadecimal digits. The secret itself is in its cookie only
  WallTime paired = {};
  WallTime seen = {};
};

// **Thread**: its owner's.
class Devices {
 public:
  static constexpr std::size_t max = 32;
  static constexpr std::size_t max_name = 64;            // bytes
  static constexpr std::chrono::days lifetime{400};      // browsers keep no cookie longer (RFC 6265bis)
  static constexpr std::chrono::minutes seen_every{10};  // how old the kept time of the last call may be
  using Random = std::array<std::uint8_t, 36>;

  // `cookie`: its name. Cookies do not tell the ports of a machine apart, so each program has its own name.
  explicit Devices(std::string cookie) : cookie_(std::move(cookie)) {}

  // What keep() has returned. **Errors**: invalid; there are no devices then.
  Expected<void> read(std::string_view kept);
  std::string keep() const;

  struct Added {
    std::string id, secret;
  };
  // **Errors**: no_room.
  Expected<Added> add(std::string_view name, const Random &random, WallTime now);
  bool remove(std::string_view id);  // false: there is none
  // The id of the device whose cookie is in the Cookie header; empty: none.
  std::string find(std::string_view cookies, WallTime now) const;
  void saw(std::string_view id, WallTime now);
  const std::vector<Device> &all() const { return devices_; }
  // The value of Set-Cookie.
  std::string cookie(const std::string &secret, const std::string &path, bool is_secure) const;

  std::function<void()> on_change = [] {};

 private:
  const std::string cookie_;
  std::vector<Device> devices_;
};

// What a browser says of itself in a few words: "iPhone, Safari". Only letters of our own.
std::string device_name(std::string_view user_agent);

}  // namespace astral::http
