// SPDX-License-Identifier: BSD-3-Clause
// POST and DELETE /pairing, by which the owner opens and closes the door for one more device; POST /devices,
// by which that device comes in; GET /devices and DELETE /device/ID, for the owner.
#include <algorithm>
#include <chrono>

#include "api/calls.hpp"
#include "glue/random.hpp"
#include "http/devices.hpp"
#include "http/pairing_code.hpp"

namespace astral::api {
namespace {

using std::chrono::milliseconds, std::chrono::seconds;

constexpr unsigned too_many_requests = 429;
constexpr json::Text code_rule{.min = 1, .max = 32};

std::int64_t unix_ms(http::WallTime time) {
  return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

json::Builder shown(const http::Device &device, const http::Call &call) {
  return json::Builder()
      .set("id", device.id)
      .set("name", device.name)
      .set("paired", unix_ms(device.paired))
      .set("seen", unix_ms(device.seen))
      .set("is_caller", device.id == call.device);
}

struct Pairing {
  http::Devices &devices;
  std::function<std::string(const http::Call &)> url_for_others;
  http::PairingCode code;

  std::int64_t left_ms() const { return std::chrono::duration_cast<milliseconds>(code.left(now())).count(); }

  void list(const http::Call &call, const http::Answer &answer) const {
    std::vector<json::Builder> all;
    for (const http::Device &device : devices.all()) all.push_back(shown(device, call));
    answer(http::reply(json::Builder().set("devices", all).set("pairing_ms", left_ms())));
  }

  void open(const http::Call &call, const http::Answer &answer) {
    const std::string &made = code.make(random_bytes<http::PairingCode::letters>(), now());
    json::Builder shown_code;
    shown_code.set("code", made).set("pairing_ms", left_ms());
    if (const std::string url = url_for_others(call); !url.empty())
      shown_code.set("url", url + "/#pair/" + made);
    answer(http::reply(json::Builder().set("pairing", shown_code), 201));
  }

  void close(const http::Answer &answer) {
    code.close();
    answer(http::reply(json::Builder().set("pairing_ms", 0)));
  }

  void pair(const http::Call &call, const http::Answer &answer) {
    auto body = http::read_body(call);
    if (!body) return answer(http::reply_error(body.error()));
    const std::string given = body->text("code", code_rule);
    if (!body->good()) return answer(http::reply_error(body->error()));
    if (const auto used = code.use(given, now()); !used) {
      const bool is_early = used.error().code == Code::timeout;
      http::Reply out =
          http::reply_error(used.error(), is_early ? std::optional(too_many_requests) : std::nullopt);
      if (is_early) out.headers.emplace_back("Retry-After", "1");
      return answer(std::move(out));
    }
    const auto added =
        devices.add(http::device_name(call.user_agent),
                    random_bytes<std::tuple_size_v<http::Devices::Random>>(), http::wall_now());
    if (!added) return answer(http::reply_error(added.error()));
    const auto device = std::ranges::find(devices.all(), added->id, &http::Device::id);
    g_message("paired a device: %s (%s)", device->name.c_str(), device->id.c_str());
    http::Reply out = http::reply(json::Builder().set("device", shown(*device, call)), 201);
    out.headers.emplace_back("Set-Cookie", devices.cookie(added->secret, call.prefix + "/", call.is_secure));
    answer(std::move(out));
  }

  void remove(const http::Call &call, const http::Answer &answer) {
    const std::string &id = call.params.at("id");
    if (!devices.remove(id))
      return answer(http::reply_error({Code::not_found, "no device '" + id + "' is paired"}));
    answer(http::reply(json::Builder().set("removed", id)));
  }
};

}  // namespace

void add_device_calls(std::vector<http::Route> &routes, http::Devices &devices,
                      std::function<std::string(const http::Call &)> url_for_others) {
  const auto pairing = std::make_shared<Pairing>(Pairing{devices, std::move(url_for_others), {}});
  routes.push_back({.method = "GET",
                    .pattern = "/devices",
                    .handle = [pairing](const http::Call &call,
                                        const http::Answer &answer) { pairing->list(call, answer); },
                    .who = http::Who::owner});
  routes.push_back({.method = "POST",
                    .pattern = "/devices",
                    .handle = [pairing](const http::Call &call, const http::Answer &answer) {
                      pairing->pair(call, answer);
                    }});
  routes.push_back({.method = "DELETE",
                    .pattern = "/device/:id",
                    .handle = [pairing](const http::Call &call,
                                        const http::Answer &answer) { pairing->remove(call, answer); },
                    .who = http::Who::owner});
  routes.push_back({.method = "POST",
                    .pattern = "/pairing",
                    .handle = [pairing](const http::Call &call,
                                        const http::Answer &answer) { pairing->open(call, answer); },
                    .who = http::Who::owner});
  routes.push_back(
      {.method = "DELETE",
       .pattern = "/pairing",
       .handle = [pairing](const http::Call &, const http::Answer &answer) { pairing->close(answer); },
       .who = http::Who::owner});
}

}  // namespace astral::api
