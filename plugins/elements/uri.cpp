// SPDX-License-Identifier: BSD-3-Clause
#include "elements/uri.hpp"

#include <gst/gst.h>

#include "glue/ref.hpp"
#include "protocol/slug.hpp"

namespace astral {

template <>
struct RefTraits<GstUri> {
  static void ref(GstUri *uri) { gst_uri_ref(uri); }
  static void unref(GstUri *uri) { gst_uri_unref(uri); }
};

}  // namespace astral

namespace astral::elements {

namespace {

struct ListFree {
  void operator()(GList *list) const { g_list_free(list); }
};
struct TableFree {
  void operator()(GHashTable *table) const { g_hash_table_unref(table); }
};

}  // namespace

Expected<StreamUri> parse_uri(const std::string &text) {
  const auto uri = Ref<GstUri>::adopt(gst_uri_from_string(text.c_str()));
  if (!uri) return fail(Code::invalid, "'" + text + "' is not a URI");
  const char *scheme = gst_uri_get_scheme(uri.get());
  if (g_strcmp0(scheme, "astral") != 0)
    return fail(Code::invalid, "the scheme of '" + text + "' is not astral");

  const char *host = gst_uri_get_host(uri.get());
  guint port = gst_uri_get_port(uri.get());
  if (port == GST_URI_NO_PORT) port = default_port;
  if (port == 0 || port > 65535) return fail(Code::invalid, "the port of '" + text + "' is not valid");
  const std::string name = host && *host ? host : "127.0.0.1";
  const bool v6 = name.find(':') != std::string::npos;

  const GString_ path(gst_uri_get_path(uri.get()));
  std::string slug = path ? path.get() : "";
  while (slug.starts_with('/')) slug.erase(0, 1);
  if (!protocol::is_stream_name(slug))
    return fail(Code::invalid,
                "'" + slug + "' in '" + text + "' is not a slug (a-z, 0-9, single hyphens; at most 48)");

  StreamUri result{"http://" + (v6 ? "[" + name + "]" : name) + ":" + std::to_string(port), slug, {}};
  const std::unique_ptr<GHashTable, TableFree> query(gst_uri_get_query_table(uri.get()));
  const std::unique_ptr<GList, ListFree> keys(gst_uri_get_query_keys(uri.get()));
  for (GList *key = keys.get(); query && key; key = key->next) {
    const char *value = static_cast<const char *>(g_hash_table_lookup(query.get(), key->data));
    result.query.emplace_back(static_cast<const char *>(key->data), value ? value : "");
  }
  return result;
}

}  // namespace astral::elements
