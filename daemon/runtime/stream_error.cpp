// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/stream_error.hpp"

namespace astral::runtime {

Error about_stream(const Error &error, const std::string &slug) {
  if (error.code != Code::not_found) return error;
  return {error.code, "stream '" + slug + "': " + (error.detail.empty() ? "no such stream" : error.detail)};
}

}  // namespace astral::runtime
