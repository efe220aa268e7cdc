// SPDX-License-Identifier: BSD-3-Clause
// What our codec decoded, as JSON for comparison with another codec's result: numbers are decimal strings,
// bytes are hex strings, a location is "group,object".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "moqt/datagram.hpp"
#include "moqt/fetch_stream.hpp"
#include "moqt/messages.hpp"
#include "moqt/subgroup.hpp"

namespace astral::moqt {

// Writes a JSON object or array from front to back.
class Json {
 public:
  explicit Json(char open) : text_(1, open) {}
  Json &add(std::string_view key, std::string_view value);
  Json &add(std::string_view value);
  std::string done() const { return text_ + (text_[0] == '{' ? '}' : ']'); }

 private:
  void comma() {
    if (text_.size() > 1) text_ += ',';
  }
  std::string text_;
};

std::string json_hex(Bytes bytes);
std::string json_hex(const std::string &text);

std::string fields(const Message &message);
std::string fields(const SubgroupHeader &header, const std::vector<Object> &objects);
std::string fields(const ObjectDatagram &datagram);
std::string fields(RequestId request, const std::vector<FetchItem> &items);

}  // namespace astral::moqt
