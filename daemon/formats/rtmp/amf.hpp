// SPDX-License-Identifier: BSD-3-Clause
// AMF0, the encoding of RTMP's commands and FLV's metadata. Reads within limits.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "formats/rtmp/limits.hpp"
#include "formats/rtmp/wire.hpp"
#include "glue/bytes.hpp"
#include "glue/error.hpp"

namespace astral::rtmp::amf {

struct Property;
struct Value;
struct Null {};  // also for AMF0's "undefined" and "unsupported"
using Object = std::vector<Property>;
using Array = std::vector<Value>;

struct Value {
  std::variant<Null, bool, double, std::string, Object, Array> data;

  // Empty or zero if the value has another type.
  std::string_view text() const;
  double number() const;
  const Value *find(std::string_view name) const;  // a property; null: none, or not an object
};

struct Property {
  std::string name;
  Value value;
};

// All values of a message. **Errors**: invalid, too_large. References, typed data of AMF3 and an end marker
// without a beginning are invalid.
Expected<Array> read(Bytes bytes, const Limits &limits);

// Only for values that this program makes: names and texts have at most 65,535 bytes.
void write(Buffer &out, double number);
void write(Buffer &out, bool flag);
void write(Buffer &out, std::string_view text);
void write(Buffer &out, Null);
void write(Buffer &out, const Object &object);
void write_list(Buffer &out, const Object &object);  // an "ECMA array", which metadata uses
void write(Buffer &out, const Value &value);         // an Array: its values one after another

}  // namespace astral::rtmp::amf
