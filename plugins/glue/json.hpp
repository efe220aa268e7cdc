// SPDX-License-Identifier: BSD-3-Clause
// JSON over json-glib: a bounded, strict parser for untrusted input, a Reader whose errors name the field,
// and a Builder for output. Every document is an object. Does not know what the fields mean.
#pragma once

#include <json-glib/json-glib.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glue/error.hpp"
#include "glue/ref.hpp"

namespace astral {

template <>
struct RefTraits<JsonNode> {
  static void ref(JsonNode *node) { json_node_ref(node); }
  static void unref(JsonNode *node) { json_node_unref(node); }
};

namespace json {

struct Limits {
  std::size_t max_bytes = 64 * 1024;
  unsigned max_depth = 16;
};

// Accepts exactly RFC 8259 in UTF-8, without a NUL in a string and without integers of more than 18 digits.
// **Why** not json-glib alone: it accepts comments and single quotes, it recurses without a bound, and
// version 1.6 aborts the process at "\ud800x". Errors: too_large, invalid; the detail gives the byte offset.
Expected<void> check(std::string_view text, const Limits &limits = {});

// The rule for a text field. `good` is called after the length check; the error message says "must be
// `wanted`".
struct Text {
  std::size_t min = 0;  // bytes
  std::size_t max = 256;
  bool (*good)(std::string_view) = nullptr;
  const char *wanted = nullptr;
};

// One object of a parsed document. **Errors** stick: the document keeps the first one, "field 'ice.ufrag':
// …", and every read after it returns an empty value. The plain readers treat a missing field as an error,
// the `_if` ones return nullopt. A null counts as missing. Fields that nobody reads are ignored. Copies are
// cheap views and keep the document alive.
class Reader {
 public:
  static Expected<Reader> parse(std::string_view text, const Limits &limits = {});

  bool has(const char *name) const;

  std::string text(const char *name, const Text &rule);
  std::uint64_t number(const char *name, std::uint64_t min, std::uint64_t max);
  bool flag(const char *name);
  double real(const char *name);  // always finite
  Reader object(const char *name);
  // A missing list reads as an empty list.
  std::vector<Reader> objects(const char *name, std::size_t max_count);
  std::vector<std::string> texts(const char *name, std::size_t max_count, const Text &rule);

  std::optional<std::string> text_if(const char *name, const Text &rule);
  std::optional<std::uint64_t> number_if(const char *name, std::uint64_t min, std::uint64_t max);
  std::optional<bool> flag_if(const char *name);
  std::optional<double> real_if(const char *name);

  void complain(const char *name, std::string_view what);  // reports an error that the caller found
  bool good() const;
  Error error() const;  // call only when !good()

  template <typename T>
  Expected<T> result(T value) const {
    if (!good()) return tl::unexpected<Error>(error());
    return value;
  }

 private:
  struct Document;
  Reader(std::shared_ptr<Document> document, JsonObject *object, std::string path)
      : document_(std::move(document)), object_(object), path_(std::move(path)) {}

  JsonNode *find(const char *name) const;
  JsonNode *need(const char *name, JsonNodeType type, const char *wanted);
  std::optional<std::string> checked(JsonNode *node, const std::string &field, const Text &rule);
  void complain_of(const std::string &field, std::string_view what);
  JsonArray *list(const char *name, std::size_t max_count);

  std::shared_ptr<Document> document_;
  JsonObject *object_;  // belongs to document_; null after an error
  std::string path_;    // "" or "ice." or "nodes[3]."
};

// An object to be sent. Text that is not UTF-8 is repaired; a real that is not finite becomes null. Copies
// and nested objects share their contents, so finish an object before you put it into another.
class Builder {
 public:
  Builder();

  Builder &set(const char *name, std::string_view text);
  Builder &set(const char *name, const char *text) { return set(name, std::string_view(text)); }
  Builder &set(const char *name, const std::string &text) { return set(name, std::string_view(text)); }
  Builder &set(const char *name, bool flag);
  Builder &set(const char *name, double real);
  template <std::integral T>
  Builder &set(const char *name, T number) {
    return set_number(name, static_cast<std::int64_t>(number));
  }
  Builder &set(const char *name, const Builder &object);
  Builder &set(const char *name, const std::vector<Builder> &objects);
  Builder &set(const char *name, const std::vector<std::string> &texts);
  template <typename T>
  Builder &set(const char *name, const std::optional<T> &value) {  // no value: sets no field
    return value ? set(name, *value) : *this;
  }

  std::string text() const;  // on one line

 private:
  Builder &set_number(const char *name, std::int64_t number);

  Ref<JsonNode> node_;
};

}  // namespace json
}  // namespace astral
