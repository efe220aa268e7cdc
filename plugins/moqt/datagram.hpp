// SPDX-License-Identifier: BSD-3-Clause
// Object datagrams (§11.3.1). Astral sends none. The session checks and drops those that arrive.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "moqt/types.hpp"
#include "moqt/wire.hpp"

namespace astral::moqt {

struct ObjectDatagram {
  TrackAlias alias{};
  Location id;
  std::optional<std::uint8_t> priority;  // absent: the track's default
  bool end_of_group = false;
  Bytes properties;
  std::optional<ObjectStatus> status;  // present: there is no payload
  Bytes payload;
};

std::vector<std::uint8_t> encode(const ObjectDatagram &datagram);
// nullopt: a padding datagram.
Decoded<std::optional<ObjectDatagram>> decode_datagram(Bytes wire);

}  // namespace astral::moqt
