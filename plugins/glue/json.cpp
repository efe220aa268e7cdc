// SPDX-License-Identifier: BSD-3-Clause
#include "glue/json.hpp"

#include <cassert>
#include <cmath>
#include <cstring>
#include <utility>

namespace astral::json {
namespace {

constexpr std::size_t max_integer_digits = 18;  // every integer of this length fits gint64
constexpr std::size_t max_number_length = 40;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// A recursive-descent parser of RFC 8259's grammar that builds nothing. Each method returns false after an
// error.
class Checker {
 public:
  Checker(std::string_view text, unsigned max_depth) : text_(text), max_depth_(max_depth) {}

  bool document() {
    space();
    if (!value()) return false;
    space();
    return at_ == text_.size() || fail("something follows the value");
  }
  Error error() const { return {code_, "not JSON at byte " + std::to_string(at_) + ": " + what_}; }

 private:
  bool fail(const char *what, Code code = Code::invalid) {
    what_ = what;
    code_ = code;
    return false;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void space() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }

  bool value() {
    switch (peek()) {
      case '{':
        return nested('}', &Checker::member);
      case '[':
        return nested(']', &Checker::value);
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  // Precondition: the next character is the opening bracket.
  bool nested(char close, bool (Checker::*item)()) {
    if (++depth_ > max_depth_) return fail("nested too deeply", Code::too_large);
    ++at_;
    space();
    if (!take(close)) {
      do {
        space();
        if (!(this->*item)()) return false;
        space();
      } while (take(','));
      if (!take(close)) return fail(close == '}' ? "',' or '}' expected" : "',' or ']' expected");
    }
    --depth_;
    return true;
  }

  bool member() {
    if (peek() != '"') return fail("a field name in double quotes expected");
    if (text_.substr(at_, 2) == "\"\"") return fail("an empty field name");
    if (!string()) return false;
    space();
    if (!take(':')) return fail("':' expected");
    space();
    return value();
  }

  bool word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return fail("a value expected");
    at_ += word.size();
    return true;
  }

  bool hex4(unsigned &unit) {
    unit = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const int digit = at_ < text_.size() ? g_ascii_xdigit_value(text_[at_]) : -1;
      if (digit < 0) return fail("four hex digits expected");
      unit = unit * 16 + static_cast<unsigned>(digit);
    }
    return true;
  }

  bool escape() {
    const char c = peek();
    if (c != 'u') {
      if (c == '\0' || !std::strchr("\"\\/bfnrt", c)) return fail("an unknown escape");
      ++at_;
      return true;
    }
    ++at_;
    unsigned unit = 0;
    if (!hex4(unit)) return false;
    if (unit == 0) return fail("a NUL in a string");
    if (unit >= 0xDC00 && unit <= 0xDFFF) return fail("half a surrogate pair");
    if (unit < 0xD800 || unit > 0xDBFF) return true;
    unsigned low = 0;
    if (!take('\\') || !take('u')) return fail("half a surrogate pair");
    if (!hex4(low)) return false;
    return (low >= 0xDC00 && low <= 0xDFFF) || fail("half a surrogate pair");
  }

  bool string() {
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x20) return fail("a control character in a string");
      ++at_;
      if (c == '"') return true;
      if (c == '\\' && !escape()) return false;
    }
    return fail("a string does not end");
  }

  bool digits() {
    if (!is_digit(peek())) return fail("a digit expected");
    while (is_digit(peek())) ++at_;
    return true;
  }

  bool number() {
    const std::size_t start = at_;
    take('-');
    if (!is_digit(peek())) return fail(at_ == text_.size() ? "it ends too early" : "a value expected");
    const std::size_t first = at_;
    if (!take('0') && !digits()) return false;
    if (is_digit(peek())) return fail("a number with a leading zero");
    const std::size_t integer_digits = at_ - first;
    bool real = false;
    if (take('.')) {
      real = true;
      if (!digits()) return false;
    }
    if (take('e') || take('E')) {
      real = true;
      if (!take('-')) take('+');
      if (!digits()) return false;
    }
    if (!real && integer_digits > max_integer_digits) return fail("an integer of too many digits");
    if (at_ - start > max_number_length) return fail("a number of too many digits");
    return true;
  }

  std::string_view text_;
  unsigned max_depth_;
  unsigned depth_ = 0;
  std::size_t at_ = 0;
  const char *what_ = "";
  Code code_ = Code::invalid;
};

}  // namespace

Expected<void> check(std::string_view text, const Limits &limits) {
  if (text.size() > limits.max_bytes) {
    return fail(Code::too_large, "more than " + std::to_string(limits.max_bytes) + " bytes of JSON");
  }
  const char *end = nullptr;
  if (!text.empty() && !g_utf8_validate_len(text.data(), text.size(), &end)) {
    return fail(Code::invalid, "not UTF-8 at byte " + std::to_string(end - text.data()));
  }
  Checker checker(text, limits.max_depth);
  if (!checker.document()) return tl::unexpected<Error>(checker.error());
  return {};
}

struct Reader::Document {
  Ref<JsonNode> root;
  std::optional<Error> error;  // the first one
};

Expected<Reader> Reader::parse(std::string_view text, const Limits &limits) {
  if (const auto checked = check(text, limits); !checked) return tl::unexpected<Error>(checked.error());
  const auto parser = Ref<JsonParser>::adopt(json_parser_new());
  GError *raw = nullptr;
  if (!json_parser_load_from_data(parser.get(), text.data(), static_cast<gssize>(text.size()), &raw)) {
    const GErrorPtr error(raw);
    return fail(Code::invalid, std::string("not JSON: ") + error->message);
  }
  auto document = std::make_shared<Document>();
  document->root = Ref<JsonNode>::adopt(json_parser_steal_root(parser.get()));
  if (!document->root || !JSON_NODE_HOLDS_OBJECT(document->root.get())) {
    return fail(Code::invalid, "the JSON must be an object");
  }
  JsonObject *object = json_node_get_object(document->root.get());
  return Reader(std::move(document), object, "");
}

JsonNode *Reader::find(const char *name) const {
  if (!object_ || !good()) return nullptr;
  JsonNode *node = json_object_get_member(object_, name);
  return node && !JSON_NODE_HOLDS_NULL(node) ? node : nullptr;
}

bool Reader::has(const char *name) const {
  return find(name) != nullptr;
}

JsonNode *Reader::need(const char *name, JsonNodeType type, const char *wanted) {
  JsonNode *node = find(name);
  if (!node) {
    complain(name, "is missing");
    return nullptr;
  }
  if (json_node_get_node_type(node) != type) {
    complain(name, std::string("must be ") + wanted);
    return nullptr;
  }
  return node;
}

std::optional<std::string> Reader::checked(JsonNode *node, const std::string &field, const Text &rule) {
  if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING) {
    complain_of(field, "must be a string");
    return std::nullopt;
  }
  const std::string_view text = json_node_get_string(node);
  if (text.size() < rule.min) {
    complain_of(field, text.empty() ? "must not be empty"
                                    : "must have at least " + std::to_string(rule.min) + " bytes");
  } else if (text.size() > rule.max) {
    complain_of(field, "must have at most " + std::to_string(rule.max) + " bytes");
  } else if (rule.good && !rule.good(text)) {
    complain_of(field, std::string("must be ") + (rule.wanted ? rule.wanted : "something else"));
  } else {
    return std::string(text);
  }
  return std::nullopt;
}

std::string Reader::text(const char *name, const Text &rule) {
  JsonNode *node = need(name, JSON_NODE_VALUE, "a string");
  return node ? checked(node, path_ + name, rule).value_or("") : "";
}

std::uint64_t Reader::number(const char *name, std::uint64_t min, std::uint64_t max) {
  JsonNode *node = need(name, JSON_NODE_VALUE, "an integer");
  if (!node) return 0;
  if (json_node_get_value_type(node) != G_TYPE_INT64) {
    complain(name, "must be an integer");
    return 0;
  }
  const gint64 value = json_node_get_int(node);
  if (value < 0 || static_cast<std::uint64_t>(value) < min || static_cast<std::uint64_t>(value) > max) {
    complain(name, "must be from " + std::to_string(min) + " to " + std::to_string(max));
    return 0;
  }
  return static_cast<std::uint64_t>(value);
}

bool Reader::flag(const char *name) {
  JsonNode *node = need(name, JSON_NODE_VALUE, "true or false");
  if (!node) return false;
  if (json_node_get_value_type(node) != G_TYPE_BOOLEAN) {
    complain(name, "must be true or false");
    return false;
  }
  return json_node_get_boolean(node);
}

double Reader::real(const char *name) {
  JsonNode *node = need(name, JSON_NODE_VALUE, "a number");
  if (!node) return 0;
  const GType type = json_node_get_value_type(node);
  const double value = type == G_TYPE_INT64 || type == G_TYPE_DOUBLE ? json_node_get_double(node) : NAN;
  if (!std::isfinite(value)) {
    complain(name, "must be a number");
    return 0;
  }
  return value;
}

Reader Reader::object(const char *name) {
  JsonNode *node = need(name, JSON_NODE_OBJECT, "an object");
  return Reader(document_, node ? json_node_get_object(node) : nullptr, path_ + name + ".");
}

JsonArray *Reader::list(const char *name, std::size_t max_count) {
  JsonNode *node = has(name) ? need(name, JSON_NODE_ARRAY, "a list") : nullptr;
  if (!node) return nullptr;
  JsonArray *array = json_node_get_array(node);
  if (json_array_get_length(array) > max_count) {
    complain(name, "must have at most " + std::to_string(max_count) + " entries");
    return nullptr;
  }
  return array;
}

std::vector<Reader> Reader::objects(const char *name, std::size_t max_count) {
  std::vector<Reader> items;
  JsonArray *array = list(name, max_count);
  for (guint i = 0; array && i < json_array_get_length(array); ++i) {
    const std::string field = path_ + name + "[" + std::to_string(i) + "]";
    JsonNode *node = json_array_get_element(array, i);
    if (!JSON_NODE_HOLDS_OBJECT(node)) {
      complain_of(field, "must be an object");
      return {};
    }
    items.push_back(Reader(document_, json_node_get_object(node), field + "."));
  }
  return items;
}

std::vector<std::string> Reader::texts(const char *name, std::size_t max_count, const Text &rule) {
  std::vector<std::string> items;
  JsonArray *array = list(name, max_count);
  for (guint i = 0; array && i < json_array_get_length(array); ++i) {
    const std::string field = path_ + name + "[" + std::to_string(i) + "]";
    auto item = checked(json_array_get_element(array, i), field, rule);
    if (!item) return {};
    items.push_back(std::move(*item));
  }
  return items;
}

std::optional<std::string> Reader::text_if(const char *name, const Text &rule) {
  return has(name) ? std::optional(text(name, rule)) : std::nullopt;
}
std::optional<std::uint64_t> Reader::number_if(const char *name, std::uint64_t min, std::uint64_t max) {
  return has(name) ? std::optional(number(name, min, max)) : std::nullopt;
}
std::optional<bool> Reader::flag_if(const char *name) {
  return has(name) ? std::optional(flag(name)) : std::nullopt;
}
std::optional<double> Reader::real_if(const char *name) {
  return has(name) ? std::optional(real(name)) : std::nullopt;
}

void Reader::complain(const char *name, std::string_view what) {
  complain_of(path_ + name, what);
}

void Reader::complain_of(const std::string &field, std::string_view what) {
  if (good()) document_->error = Error{Code::invalid, "field '" + field + "': " + std::string(what)};
}

bool Reader::good() const {
  return !document_->error;
}

Error Reader::error() const {
  assert(!good());  // the caller has asked
  return *document_->error;
}

namespace {

GString_ utf8(std::string_view text) {
  return GString_(g_utf8_make_valid(text.empty() ? "" : text.data(), static_cast<gssize>(text.size())));
}

}  // namespace

Builder::Builder() : node_(Ref<JsonNode>::adopt(json_node_new(JSON_NODE_OBJECT))) {
  json_node_take_object(node_.get(), json_object_new());
}

Builder &Builder::set(const char *name, std::string_view text) {
  json_object_set_string_member(json_node_get_object(node_.get()), name, utf8(text).get());
  return *this;
}

Builder &Builder::set(const char *name, bool flag) {
  json_object_set_boolean_member(json_node_get_object(node_.get()), name, flag);
  return *this;
}

Builder &Builder::set(const char *name, double real) {
  JsonObject *object = json_node_get_object(node_.get());
  if (std::isfinite(real)) {
    json_object_set_double_member(object, name, real);
  } else {
    json_object_set_null_member(object, name);
  }
  return *this;
}

Builder &Builder::set_number(const char *name, std::int64_t number) {
  json_object_set_int_member(json_node_get_object(node_.get()), name, number);
  return *this;
}

Builder &Builder::set(const char *name, const Builder &object) {
  json_object_set_member(json_node_get_object(node_.get()), name, json_node_copy(object.node_.get()));
  return *this;
}

Builder &Builder::set(const char *name, const std::vector<Builder> &objects) {
  JsonArray *array = json_array_new();
  for (const Builder &object : objects) json_array_add_element(array, json_node_copy(object.node_.get()));
  json_object_set_array_member(json_node_get_object(node_.get()), name, array);
  return *this;
}

Builder &Builder::set(const char *name, const std::vector<std::string> &texts) {
  JsonArray *array = json_array_new();
  for (const std::string &text : texts) json_array_add_string_element(array, utf8(text).get());
  json_object_set_array_member(json_node_get_object(node_.get()), name, array);
  return *this;
}

std::string Builder::text() const {
  const GString_ text(json_to_string(node_.get(), FALSE));
  return text.get();
}

}  // namespace astral::json
