// SPDX-License-Identifier: BSD-3-Clause
// Reads a struct from a JSON object, and writes it, by one list of its fields. Each struct has a function
// describe(fields, value) that names every field once, with its rule; `fields` is a FieldReader or a
// FieldWriter. Only the codecs include this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "glue/json.hpp"

namespace astral::protocol {

enum class Presence {
  required,  // refused if it is missing; always written
  filled,    // may be missing, then the value stays; always written
  optional,  // may be missing, then the value stays; written unless it is empty, zero or false
};

// At most `max` bytes of UTF-8; never cuts inside a character.
std::string_view cut(std::string_view text, std::size_t max);

// **Errors** stick to the reader: json::Reader::good().
class FieldReader {
 public:
  template <typename T>
  using Value = T;

  // `is_change`: any field may be missing, then its value stays.
  explicit FieldReader(json::Reader &in, bool is_change = false) : in_(in), is_change_(is_change) {}

  // True if the field is there. For a writer: true if `value` is to be written.
  template <typename T>
  bool has(const char *name, const T &) const {
    return in_.has(name);
  }

  void text(const char *name, std::string &value, const json::Text &rule,
            Presence presence = Presence::required) {
    if (reads(name, presence)) value = in_.text(name, rule);
  }
  // A text for people. It may be missing, and a writer cuts it to `max` bytes.
  void explanation(const char *name, std::string &value, std::size_t max) {
    if (in_.has(name)) value = in_.text(name, {.min = 0, .max = max});
  }
  template <typename T>
  void number(const char *name, T &value, std::uint64_t min, std::uint64_t max,
              Presence presence = Presence::required) {
    if (reads(name, presence)) value = static_cast<T>(in_.number(name, min, max));
  }
  template <typename T>
  void number(const char *name, std::optional<T> &value, std::uint64_t min, std::uint64_t max) {
    if (in_.has(name)) value = static_cast<T>(in_.number(name, min, max));
  }
  void flag(const char *name, bool &value, Presence presence = Presence::required) {
    if (reads(name, presence)) value = in_.flag(name);
  }
  // A list that is missing is empty, whatever its presence, but for a change.
  void texts(const char *name, std::vector<std::string> &values, std::size_t max, const json::Text &rule,
             Presence = Presence::required) {
    if (!is_change_ || in_.has(name)) values = in_.texts(name, max, rule);
  }
  template <typename T, typename... More>
  void object(const char *name, T &value, const More &...more) {
    json::Reader inner = in_.object(name);
    FieldReader fields(inner);
    describe(fields, value, more...);
  }
  template <typename T>
  void objects(const char *name, std::vector<T> &values, std::size_t max, Presence = Presence::required) {
    for (json::Reader &inner : in_.objects(name, max)) {
      FieldReader fields(inner);
      describe(fields, values.emplace_back());
    }
  }
  // `names`: pairs of a value and its name. `wanted` completes "must be …".
  template <typename Enum, typename Names>
  void choice(const char *name, Enum &value, const Names &names, const json::Text &rule, const char *wanted,
            Presence presence = Presence::required) {
    if (!reads(name, presence)) return;
    const std::string text = in_.text(name, rule);
    for (const auto &[known, its_name] : names) {
      if (text == its_name) {
        value = known;
        return;
      }
    }
    complain(name, std::string("must be ") + wanted);
  }
  // For fields that none of the methods above fits: `read` gets the inner object.
  template <typename T, typename Read, typename Write>
  void custom(const char *name, T &value, Read read, Write) {
    json::Reader inner = in_.object(name);
    value = read(inner);
  }

  void complain(const char *name, std::string_view what) { in_.complain(name, what); }

 private:
  bool reads(const char *name, Presence presence) const {
    return (presence == Presence::required && !is_change_) || in_.has(name);
  }

  json::Reader &in_;
  const bool is_change_;
};

class FieldWriter {
 public:
  template <typename T>
  using Value = const T;

  explicit FieldWriter(json::Builder &out) : out_(out) {}

  bool has(const char *, const std::string &value) const { return !value.empty(); }

  void text(const char *name, const std::string &value, const json::Text &,
            Presence presence = Presence::required) {
    if (presence != Presence::optional || !value.empty()) out_.set(name, value);
  }
  void explanation(const char *name, const std::string &value, std::size_t max) {
    out_.set(name, cut(value, max));
  }
  template <typename T>
  void number(const char *name, const T &value, std::uint64_t, std::uint64_t,
              Presence presence = Presence::required) {
    const auto number = static_cast<std::int64_t>(value);
    if (presence != Presence::optional || number != 0) out_.set(name, number);
  }
  template <typename T>
  void number(const char *name, const std::optional<T> &value, std::uint64_t, std::uint64_t) {
    out_.set(name, value);
  }
  void flag(const char *name, bool value, Presence presence = Presence::required) {
    if (presence != Presence::optional || value) out_.set(name, value);
  }
  void texts(const char *name, const std::vector<std::string> &values, std::size_t, const json::Text &,
             Presence presence = Presence::required) {
    if (presence != Presence::optional || !values.empty()) out_.set(name, values);
  }
  template <typename T, typename... More>
  void object(const char *name, const T &value, const More &...more) {
    json::Builder inner;
    FieldWriter fields(inner);
    describe(fields, value, more...);
    out_.set(name, inner);
  }
  template <typename T>
  void objects(const char *name, const std::vector<T> &values, std::size_t,
               Presence presence = Presence::required) {
    if (presence == Presence::optional && values.empty()) return;
    std::vector<json::Builder> list;
    for (const T &value : values) {
      FieldWriter fields(list.emplace_back());
      describe(fields, value);
    }
    out_.set(name, list);
  }
  template <typename Enum, typename Names>
  void choice(const char *name, const Enum &value, const Names &names, const json::Text &, const char *,
            Presence = Presence::required) {
    for (const auto &[known, its_name] : names) {
      if (value == known) out_.set(name, its_name);
    }
  }
  template <typename T, typename Read, typename Write>
  void custom(const char *name, const T &value, Read, Write write) {
    if (value) out_.set(name, write(value));
  }

  void complain(const char *, std::string_view) {}

 private:
  json::Builder &out_;
};

}  // namespace astral::protocol
