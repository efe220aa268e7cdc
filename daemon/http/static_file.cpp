// SPDX-License-Identifier: BSD-3-Clause
#include "http/static_file.hpp"

#include <gio/gio.h>

#include <algorithm>
#include <map>

#include "glue/ref.hpp"
#include "http/request.hpp"

namespace astral::http {
namespace {

constexpr int compression_level = 6;
constexpr std::size_t tag_size = 16;  // digits of the SHA-256

struct File {
  Slice plain, compressed;  // `compressed` is empty if it would not be smaller
  std::string tag;
};

Slice compress(const Slice &plain) {
  const auto compressor =
      Ref<GZlibCompressor>::adopt(g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, compression_level));
  const auto memory = Ref<GOutputStream>::adopt(g_memory_output_stream_new_resizable());
  const auto out =
      Ref<GOutputStream>::adopt(g_converter_output_stream_new(memory.get(), G_CONVERTER(compressor.get())));
  if (!g_output_stream_write_all(out.get(), plain.data(), plain.size(), nullptr, nullptr, nullptr) ||
      !g_output_stream_close(out.get(), nullptr, nullptr))
    return {};
  auto *in = G_MEMORY_OUTPUT_STREAM(memory.get());
  const std::size_t size = g_memory_output_stream_get_data_size(in);
  if (size >= plain.size()) return {};
  return Slice::copy({static_cast<const std::uint8_t *>(g_memory_output_stream_get_data(in)), size});
}

std::optional<File> read(const std::string &resource) {
  GBytes *bytes = g_resources_lookup_data(resource.c_str(), G_RESOURCE_LOOKUP_FLAGS_NONE, nullptr);
  if (!bytes) return std::nullopt;
  const std::shared_ptr<GBytes> owner(bytes, g_bytes_unref);
  gsize size = 0;
  const auto *data = static_cast<const std::uint8_t *>(g_bytes_get_data(bytes, &size));
  const GString_ digest(g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes));
  File file{.plain = size > 0 ? Slice(owner, Bytes(data, size)) : Slice{},
            .compressed = {},
            .tag = std::string(digest.get(), tag_size)};
  file.compressed = compress(file.plain);
  return file;
}

const File *find(const std::string &resource) {
  static std::map<std::string, File> files;  // of existing resources only, so it has a bound
  if (const auto known = files.find(resource); known != files.end()) return &known->second;
  auto file = read(resource);
  return file ? &files.emplace(resource, std::move(*file)).first->second : nullptr;
}

// Compares weakly, as a GET does (RFC 9110, 13.1.2).
bool has_tag(std::string_view list, std::string_view tag) {
  if (list == "*") return true;
  return list_has(list, tag) || list_has(list, "W/" + std::string(tag));
}

}  // namespace

std::optional<Reply> static_file(const std::string &resource, const std::string &type, const Call &call,
                                 std::vector<std::pair<std::string, std::string>> headers) {
  const File *file = find(resource);
  if (!file) return std::nullopt;
  const bool is_compressed = !file->compressed.empty() && list_has(call.accept_encoding, "gzip");
  const std::string tag = '"' + file->tag + (is_compressed ? "-gzip" : "") + '"';
  headers.emplace_back("ETag", tag);
  headers.emplace_back("Cache-Control", "no-cache");
  headers.emplace_back("Vary", "Accept-Encoding");
  if (has_tag(call.if_none_match, tag))
    return Reply{.status = 304, .type = "", .headers = std::move(headers)};
  if (is_compressed) headers.emplace_back("Content-Encoding", "gzip");
  Reply reply{.type = type, .headers = std::move(headers)};
  const Slice &body = is_compressed ? file->compressed : file->plain;
  if (!body.empty()) reply.parts.push_back(body);
  return reply;
}

}  // namespace astral::http
