// SPDX-License-Identifier: BSD-3-Clause
// JSON objects for output.
#include <cmath>

#include "glue/json.hpp"

namespace astral::json {
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
