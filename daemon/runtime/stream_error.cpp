// SPDX-License-Identifier: BSD-3-Clause
#include "runtime/stream_error.hpp"

#include "core/silence.hpp"

namespace astral::runtime {

Error about_stream(const Error &error, const std::string &slug) {
  if (error.code != Code::not_found) return error;
  return {error.code, "stream '" + slug + "': " + (error.detail.empty() ? "no such stream" : error.detail)};
}

std::string why_silent(const core::NodeView &node, const std::string &slug) {
  const auto stream = node.find_stream(slug);
  return stream ? core::why_silent(*stream) : "";
}

}  // namespace astral::runtime
