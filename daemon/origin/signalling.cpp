// SPDX-License-Identifier: BSD-3-Clause
#include "origin/signalling.hpp"

#include <utility>

#include "glue/loop.hpp"
#include "origin/address.hpp"

namespace astral::origin {
namespace {

runtime::Driver::Settings settings(std::uint32_t capacity, const std::string &listen, Callees &callees) {
  runtime::Driver::Settings settings;
  settings.node.self.label = "origin";
  // Otherwise nodes see the address.
  if (const auto address = Address::parse(listen); address && address->is_one_host())
    settings.node.self.ip_address = listen;
  settings.node.capacity = capacity;
  settings.node = core::of_origin(std::move(settings.node));
  settings.may_connect = [&callees](const std::string &host) { return callees.may_call(host, now()); };
  return settings;
}

}  // namespace

Signalling::Signalling(std::uint32_t capacity, const std::string &listen)
    : driver_(settings(capacity, listen, callees_), media_) {}

http::SocketRoute Signalling::route() {
  return {.path = "/peer",
          .may_open = [this](const http::Call &) -> Expected<void> {
            if (driver_.has_room_for_peer()) return {};
            return fail(Code::no_room, "this origin has too many peers");
          },
          .open =
              [this](Ref<GIOStream> stream, const http::Call &call) {
                callees_.met(call.caller);
                driver_.accept_peer(std::move(stream), call);
              }};
}

void Signalling::start(std::uint16_t port) {
  driver_.start(port);
}

void Signalling::met(const Node &supernode) {
  callees_.met(supernode.ip_address);
  driver_.heard_of({supernode});
}

std::uint32_t Signalling::children() const {
  return driver_.node().self().children.value_or(0);
}

}  // namespace astral::origin
