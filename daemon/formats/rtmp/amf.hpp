// SPDX-License-Identifier: BSD-3-Clause
// AMF0, in which RTMP's commands and FLV's metadata are written: values within bounds.
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
struct Null {};  // undefined and what is called unsupported, too
using Object = std::vector<Property>;
using Array = std::vector<Value>;

struct Value {
  std::variant<Null, bool, double, std::string, Object, Array> data;

  // Empty or zero when it is something else.
  std::string_view text() const;
  double number() const;
  const Value *find(std::string_view name) const;  // of an object's properties
};

struct Property {
  std::string name;
  Value value;
};

// All values of a message. **Errors**: invalid, too_large. References, typed data of AMF3 and what ends
// without having begun are invalid.
Expected<Array> read(Bytes bytes, const Limits &limits);

// Only of what this program says: names and texts are at most 65,535 bytes.
void write(Buffer &out, double number);
void write(Buffer &out, bool flag);
void write(Buffer &out, std::string_view text);
void write(Buffer &out, Null);
void write(Buffer &out, const Object &object);
void write_list(Buffer &out, const Object &object);  // an "ECMA array", as metadata has it
void write(Buffer &out, const Value &value);         // an Array: its values one after the other

}  // namespace astral::rtmp::amf
