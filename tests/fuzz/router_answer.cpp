// SPDX-License-Identifier: BSD-3-Clause
// Fuzz: the line of astral-portmap, which has routers' texts in it, and a list of routes. What is read is
// within its bounds and has no character that could control a terminal, and the state machine that takes it
// has a next time that is not too near.
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "node/gateway.hpp"
#include "node/port_mapping.hpp"

using namespace astral;
using namespace astral::node;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char *>(data), size);
  if (const auto gateway = default_gateway(text)) assert(gateway->size() >= 7 && gateway->size() <= 15);
  const auto answer = read_router_answer(text);
  if (!answer) {
    assert(!answer.error().detail.empty());
    return 0;
  }
  for (const std::string &said : {answer->protocol, answer->address, answer->url, answer->error})
    assert(said.size() <= 1024 && std::ranges::all_of(said, [](char c) { return c >= ' ' && c < 0x7f; }));
  assert(answer->lease >= Time{} && answer->lease <= 24h);

  PortMapping mapping;
  std::vector<PortMapping::Effect> effects;
  const Time now = 1000s;
  mapping.observe({.allowed = true,
                   .gateway = "192.168.1.1",
                   .local = "192.168.1.7",
                   .inside = {.udp = 8000, .tcp = 8000},
                   .udp = core::Udp::behind_nat},
                  now, effects);
  mapping.tick(now, effects);
  mapping.answered(1, *answer, now, effects);
  assert((mapping.state() == PortMapping::State::mapped) == (answer->outside != Ports{}));
  assert(mapping.deadline() > now && mapping.deadline() <= now + 24h);
  return 0;
}
