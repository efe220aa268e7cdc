// SPDX-License-Identifier: BSD-3-Clause
// Typed reads of a document that has passed check(); errors name the field.
#include <cassert>
#include <cmath>
#include <utility>

#include "glue/json.hpp"

namespace astral::json {

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

}  // namespace astral::json
