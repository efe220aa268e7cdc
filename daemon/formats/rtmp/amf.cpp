// SPDX-License-Identifier: BSD-3-Clause
#include "formats/rtmp/amf.hpp"

#include <cassert>
#include <optional>

namespace astral::rtmp::amf {
namespace {

enum Marker : std::uint8_t {
  number_marker = 0,
  boolean_marker = 1,
  string_marker = 2,
  object_marker = 3,
  null_marker = 5,
  undefined_marker = 6,
  list_marker = 8,
  end_marker = 9,
  array_marker = 10,
  date_marker = 11,
  long_string_marker = 12,
  unsupported_marker = 13,
  xml_marker = 15,
  typed_object_marker = 16,
};

class Parser {
 public:
  Parser(Bytes bytes, const Limits &limits) : in_(bytes), limits_(limits), values_left_(limits.max_values) {}

  Expected<Array> all() {
    Array values;
    while (!in_.done()) {
      values.push_back(value(0));
      if (error_) return tl::unexpected<Error>(*error_);
      if (!in_.ok()) return fail(Code::invalid, "AMF ends too early");
    }
    return values;
  }

 private:
  Value value(unsigned depth) {
    if (depth > limits_.max_depth) return stop(Code::too_large, "AMF values are nested too deeply");
    if (values_left_ == 0) return stop(Code::too_large, "too many AMF values");
    --values_left_;
    switch (in_.u8()) {
      case number_marker:
        return {in_.real()};
      case boolean_marker:
        return {in_.u8() != 0};
      case string_marker:
        return {text(in_.u16())};
      case long_string_marker:
      case xml_marker:
        return {text(in_.u32())};
      case typed_object_marker:
        in_.take(in_.u16());
        return {properties(depth)};
      case list_marker:
        in_.u32();  // the count, which many senders set to 0
        return {properties(depth)};
      case object_marker:
        return {properties(depth)};
      case array_marker:
        return {array(depth)};
      case date_marker: {
        const double when = in_.real();
        in_.u16();
        return {when};
      }
      case null_marker:
      case undefined_marker:
      case unsupported_marker:
        return {Null{}};
      default:
        return stop(Code::invalid, "an AMF value of an unknown type");
    }
  }

  Object properties(unsigned depth) {
    Object object;
    while (!failed()) {
      std::string name = text(in_.u16());
      if (name.empty() && !in_.done() && in_.rest().front() == end_marker) {
        in_.u8();
        break;
      }
      object.push_back({std::move(name), value(depth + 1)});
    }
    return object;
  }

  Array array(unsigned depth) {
    Array values;
    for (std::uint32_t left = in_.u32(); left > 0 && !failed(); --left) values.push_back(value(depth + 1));
    return values;
  }

  std::string text(std::size_t size) { return std::string(as_text(in_.take(size))); }
  bool failed() const { return error_ || !in_.ok(); }
  Value stop(Code code, const char *detail) {
    if (!failed()) error_ = Error{code, detail};
    return {Null{}};
  }

  Reader in_;
  const Limits &limits_;
  std::size_t values_left_;
  std::optional<Error> error_;
};

void write_name(Buffer &out, std::string_view name) {
  // A precondition: the name comes from this program, or the session has limited it to max_name.
  assert(name.size() <= 0xffff);
  put(out, name.size(), 2);
  put(out, as_bytes(name));
}

void write_properties(Buffer &out, const Object &object) {
  for (const Property &property : object) {
    write_name(out, property.name);
    write(out, property.value);
  }
  put(out, end_marker, 3);
}

}  // namespace

std::string_view Value::text() const {
  const auto *found = std::get_if<std::string>(&data);
  return found ? std::string_view(*found) : std::string_view();
}

double Value::number() const {
  const auto *found = std::get_if<double>(&data);
  return found ? *found : 0;
}

const Value *Value::find(std::string_view name) const {
  const auto *object = std::get_if<Object>(&data);
  if (!object) return nullptr;
  for (const Property &property : *object)
    if (property.name == name) return &property.value;
  return nullptr;
}

Expected<Array> read(Bytes bytes, const Limits &limits) {
  return Parser(bytes, limits).all();
}

void write(Buffer &out, double number) {
  out.push_back(number_marker);
  put_real(out, number);
}
void write(Buffer &out, bool flag) {
  out.push_back(boolean_marker);
  out.push_back(flag ? 1 : 0);
}
void write(Buffer &out, std::string_view text) {
  out.push_back(string_marker);
  write_name(out, text);
}
void write(Buffer &out, Null) {
  out.push_back(null_marker);
}
void write(Buffer &out, const Object &object) {
  out.push_back(object_marker);
  write_properties(out, object);
}
void write_list(Buffer &out, const Object &object) {
  out.push_back(list_marker);
  put(out, object.size(), 4);
  write_properties(out, object);
}
void write(Buffer &out, const Value &value) {
  struct Write {
    Buffer &out;
    void operator()(const std::string &text) const { write(out, std::string_view(text)); }
    void operator()(const Array &values) const {
      for (const Value &each : values) write(out, each);
    }
    void operator()(const Object &object) const { write(out, object); }
    void operator()(Null) const { write(out, Null{}); }
    void operator()(bool flag) const { write(out, flag); }
    void operator()(double number) const { write(out, number); }
  };
  std::visit(Write{out}, value.data);
}

}  // namespace astral::rtmp::amf
