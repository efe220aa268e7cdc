// SPDX-License-Identifier: BSD-3-Clause
// Makes the wire image of an object whose properties are signed, and of the last one of a run.
#pragma once

#include <chrono>

#include "moqt/object.hpp"
#include "moqt/wire.hpp"
#include "track/store.hpp"
#include "track/timing.hpp"
#include "trust/signer.hpp"

namespace astral::elements {

// The first group id of a run: the wall clock's milliseconds, times restart_leap. So it is above the ids of
// all earlier runs without stored state, and further away from them than any gap that loss can cause.
inline std::uint64_t first_group() {
  const auto time = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) *
         track::Store::restart_leap;
}

inline track::Object object_of(moqt::Location at, Bytes properties, Bytes payload) {
  track::Object object;
  object.id = at;
  object.first_object = at.object == 0;
  object.wire = moqt::encode_object(properties, payload);
  object.properties_offset = 1 + moqt::vi64_size(properties.size());
  object.properties_size = properties.size();
  object.payload_offset = object.wire.size() - payload.size();
  return object;
}

// The empty object with which a run ends. `epoch`: of the run; `ended`: where its last group ends; `catalog`:
// the group of its catalog.
inline track::Object end_of_run(const trust::Signer &signer, std::uint64_t epoch, moqt::Location ended,
                                moqt::Location at, std::uint64_t catalog) {
  track::Timing timing;
  timing.catalog = catalog;
  const trust::Claim claim{.epoch = epoch, .ended = ended, .over = true};
  return object_of(at, signer.prove(at, claim, track::encode_timing(timing), {}), {});
}

}  // namespace astral::elements
