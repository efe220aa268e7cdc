// SPDX-License-Identifier: BSD-3-Clause
// Shared by the tests of both ends of a FETCH: the fetch and its streams, after the subscription of peer.hpp.
#pragma once

#include <vector>

#include "peer.hpp"

namespace astral::moqt {

inline const TrackName media{{"astral", "s1"}, "media"};
inline constexpr StreamId fetch_stream{4}, data{7}, more_data{11};  // the server opens the data streams
inline constexpr RequestId fetched{2};

inline Fetch standalone(Location start, Location end, std::uint64_t id = 2) {
  return Fetch{RequestId{id}, StandaloneFetch{media, start, end}, {}};
}
inline Fetch joining(std::uint64_t start, bool relative = true, std::uint64_t subscription = 0,
                     std::uint64_t id = 2) {
  return Fetch{RequestId{id}, JoiningFetch{relative, RequestId{subscription}, start}, {}};
}

template <typename T>
std::vector<StreamId> streams_of(Peer &peer) {
  std::vector<StreamId> streams;
  for (const T &one : peer.acted<T>()) streams.push_back(one.stream);
  return streams;
}

inline const FetchOk ok{false, {9, 0}, {}, {}};

}  // namespace astral::moqt
