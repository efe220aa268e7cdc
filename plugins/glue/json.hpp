// SPDX-License-Identifier: BSD-3-Clause
// JSON from strangers and for strangers, over json-glib: a bounded, strict parse; a Reader whose errors name
// the field; a Builder. Every document is an object. Knows nothing of what the fields mean.
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

// RFC 8259 to the letter, and UTF-8; besides no NUL in a string and no integer of more than 18 digits.
// **Why** not json-glib alone: it takes comments and single quotes, recurses without a bound, and 1.6 aborts
// the process at "\ud800x". Errors: too_large, invalid; the detail names the byte.
Expected<void> check(std::string_view text, const Limits &limits = {});

// What a text must be. `good` is asked last; `wanted` is what the error then says.
struct Text {
  std::size_t min = 0;  // bytes
  std::size_t max = 256;
  bool (*good)(std::string_view) = nullptr;
  const char *wanted = nullptr;
};

// One object of a parsed document. **Errors** stick: the first one is kept for the whole document and says
// "field 'ice.ufrag': …"; what is read after it, or is missing, comes back empty. A null counts as missing.
// Copies are cheap views and keep the document alive. Fields that are not asked for are ignored.
class Reader {
 public:
  static Expected<Reader> parse(std::string_view text, const Limits &limits = {});

  bool has(const char *name) const;

  std::string text(const char *name, const Text &rule);
  std::uint64_t number(const char *name, std::uint64_t min, std::uint64_t max);
  bool flag(const char *name);
  double real(const char *name);  // finite
  Reader object(const char *name);
  // Missing lists are empty.
  std::vector<Reader> objects(const char *name, std::size_t max_count);
  std::vector<std::string> texts(const char *name, std::size_t max_count, const Text &rule);

  std::optional<std::string> text_if(const char *name, const Text &rule);
  std::optional<std::uint64_t> number_if(const char *name, std::uint64_t min, std::uint64_t max);
  std::optional<bool> flag_if(const char *name);
  std::optional<double> real_if(const char *name);

  void complain(const char *name, std::string_view what);  // for rules of the caller's own
  bool good() const;
  Error error() const;  // only when !good()

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
  JsonObject *object_;  // of document_; null after an error
  std::string path_;    // "" or "ice." or "nodes[3]."
};

// An object to be sent. Texts that are not UTF-8 are mended, reals that are not finite become null. Copies
// and nested objects share, they are not copied: finish an object before it is put into another.
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
  Builder &set(const char *name, const std::optional<T> &value) {  // nothing is set when there is none
    return value ? set(name, *value) : *this;
  }

  std::string text() const;  // on one line

 private:
  Builder &set_number(const char *name, std::int64_t number);

  Ref<JsonNode> node_;
};

}  // namespace json
}  // namespace astral
