// SPDX-License-Identifier: BSD-3-Clause
#include "http/devices.hpp"

#include <glib.h>

#include <algorithm>
#include <utility>

#include "glue/json.hpp"
#include "glue/ref.hpp"
#include "http/request.hpp"

namespace astral::http {
namespace {

constexpr std::size_t id_bytes = 4;
constexpr std::size_t hash_digits = 64;
constexpr std::uint64_t last_second = 253'402'300'799;  // of the year 9999

std::string digits(const std::uint8_t *bytes, std::size_t count) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < count; ++i) (out += hex[bytes[i] >> 4]) += hex[bytes[i] & 15];
  return out;
}

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string hash_of(std::string_view secret) {
  return GString_(g_compute_checksum_for_string(G_CHECKSUM_SHA256, secret.data(),
                                                static_cast<gssize>(secret.size())))
      .get();
}

WallTime at(std::uint64_t seconds) {
  return WallTime(std::chrono::seconds(seconds));
}

}  // namespace

Expected<void> Devices::read(std::string_view kept) {
  devices_.clear();
  auto in = json::Reader::parse(kept);
  if (!in) return tl::unexpected(in.error());
  std::vector<Device> read;
  for (json::Reader one : in->objects("devices", max)) {
    read.push_back(
        {.id = one.text("id", {.min = 2 * id_bytes, .max = 2 * id_bytes, .good = is_hex, .wanted = "hex"}),
         .name = one.text("name", {.max = max_name}),
         .hash = one.text("hash", {.min = hash_digits, .max = hash_digits, .good = is_hex, .wanted = "hex"}),
         .paired = at(one.number("paired", 0, last_second)),
         .seen = at(one.number("seen", 0, last_second))});
  }
  if (!in->good()) return tl::unexpected(in->error());
  devices_ = std::move(read);
  return {};
}

std::string Devices::keep() const {
  std::vector<json::Builder> list;
  for (const Device &device : devices_) {
    list.push_back(json::Builder()
                       .set("id", device.id)
                       .set("name", device.name)
                       .set("hash", device.hash)
                       .set("paired", device.paired.time_since_epoch().count())
                       .set("seen", device.seen.time_since_epoch().count()));
  }
  return json::Builder().set("devices", list).text() + "\n";
}

Expected<Devices::Added> Devices::add(std::string_view name, const Random &random, WallTime now) {
  std::erase_if(devices_, [&](const Device &device) { return now - device.paired >= lifetime; });
  if (devices_.size() >= max)
    return fail(Code::no_room, std::to_string(max) + " devices are paired; remove one of them first");
  Added added{.id = digits(random.data(), id_bytes),
              .secret = digits(random.data() + id_bytes, random.size() - id_bytes)};
  devices_.push_back({.id = added.id,
                      .name = std::string(name.substr(0, max_name)),
                      .hash = hash_of(added.secret),
                      .paired = now,
                      .seen = now});
  on_change();
  return added;
}

bool Devices::remove(std::string_view id) {
  const bool had = std::erase_if(devices_, [&](const Device &device) { return device.id == id; }) > 0;
  if (had) on_change();
  return had;
}

std::string Devices::find(std::string_view cookies, WallTime now) const {
  if (devices_.empty()) return "";
  for (const std::string_view secret : cookies_named(cookies, cookie_)) {
    const std::string hash = hash_of(secret);
    const auto found = std::ranges::find(devices_, hash, &Device::hash);
    if (found != devices_.end() && now - found->paired < lifetime) return found->id;
  }
  return "";
}

void Devices::saw(std::string_view id, WallTime now) {
  const auto found = std::ranges::find(devices_, id, &Device::id);
  if (found == devices_.end() || now - found->seen < seen_every) return;
  found->seen = now;
  on_change();
}

std::string Devices::cookie(const std::string &secret, const std::string &path, bool is_secure) const {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(lifetime).count();
  return cookie_ + "=" + secret + "; Path=" + path + "; Max-Age=" + std::to_string(seconds) +
         "; HttpOnly; SameSite=Strict" + (is_secure ? "; Secure" : "");
}

std::string device_name(std::string_view user_agent) {
  // In this order: what stands first says more than what stands later; browsers name each other.
  struct Word {
    std::string_view in, name;
  };
  constexpr Word systems[] = {{"iPhone", "iPhone"}, {"iPad", "iPad"},       {"Android", "Android"},
                              {"CrOS", "ChromeOS"}, {"Windows", "Windows"}, {"Mac OS X", "Mac"},
                              {"Linux", "Linux"}};
  constexpr Word browsers[] = {
      {"Edg", "Edge"},         {"OPR/", "Opera"},     {"SamsungBrowser/", "Samsung Internet"},
      {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"},
      {"Chrome/", "Chrome"},   {"Safari/", "Safari"}, {"curl/", "curl"}};
  const auto named = [&](const auto &words) {
    const auto found = std::ranges::find_if(
        words, [&](const Word &word) { return user_agent.find(word.in) != std::string_view::npos; });
    return found == std::end(words) ? std::string() : std::string(found->name);
  };
  const std::string system = named(systems), browser = named(browsers);
  if (system.empty() && browser.empty()) return "Device";
  return system + (system.empty() || browser.empty() ? "" : ", ") + browser;
}

}  // namespace astral::http
