// SPDX-License-Identifier: BSD-3-Clause
#include "origin/store.hpp"

#include <glib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "glue/json.hpp"
#include "glue/ref.hpp"
#include "protocol/object_codec.hpp"

namespace astral::origin {
namespace {

constexpr std::string_view scheme = "sqlite://";
constexpr std::int64_t application_id = 0x41535452;  // "ASTR"; shown by file(1), and checked here
constexpr std::int64_t schema_version = 5;

// `info` has the fields that nodes share, as protocol/object_codec.hpp writes them, so the codec alone
// decides which fields there are.
constexpr const char *schema = R"(
  CREATE TABLE node (
    uuid TEXT PRIMARY KEY, info TEXT NOT NULL, rtt_ms REAL, reporter TEXT NOT NULL, heard INTEGER NOT NULL,
    owner TEXT NOT NULL DEFAULT ''
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE stream (
    slug TEXT PRIMARY KEY, info TEXT NOT NULL, viewers INTEGER, reporter TEXT NOT NULL, heard INTEGER NOT NULL,
    owner TEXT NOT NULL DEFAULT '', removed INTEGER NOT NULL DEFAULT 0, hidden INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE ban (who TEXT PRIMARY KEY, reason TEXT NOT NULL, since INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  PRAGMA application_id = 1095980114;
  PRAGMA user_version = 5;
)";
static_assert(application_id == 1095980114);

// Schemas 1 and 2 had a column for each field, and the first one had no reporters. The third had no owners.
// Nodes are dropped: they report again soon. Streams stay; those without a reporter get one when their node
// registers them again.
constexpr const char *leave_older_schema = R"(
  DROP TABLE node;
  DROP INDEX IF EXISTS stream_source;
  ALTER TABLE stream RENAME TO older_stream;
)";
// The fourth one had keys of uuids, before a uuid was that of its key.
constexpr const char *leave_fourth_schema = "DROP TABLE label; PRAGMA user_version = 5;";
#define INFO_OF_OLDER_STREAM                                                                          \
  "json_object('slug', slug, 'name', name, 'description', description, 'source', source, "           \
  "'streaming', json(iif(streaming, 'true', 'false')), 'media', media, 'bitrate_kbps', bitrate_kbps, " \
  "'created', created, 'updated', updated)"
constexpr const char *bring_streams_of_first =
    "INSERT INTO stream (slug, info, viewers, reporter, heard) SELECT slug, " INFO_OF_OLDER_STREAM
    ", viewers, '', heard FROM older_stream;"
    "DROP TABLE older_stream;";
constexpr const char *bring_streams_of_second =
    "INSERT INTO stream (slug, info, viewers, reporter, heard) SELECT slug, " INFO_OF_OLDER_STREAM
    ", viewers, reporter, heard FROM older_stream;"
    "DROP TABLE older_stream;";
constexpr const char *bring_streams_of_third =
    "INSERT INTO stream (slug, info, viewers, reporter, heard)"
    "  SELECT slug, info, viewers, reporter, heard FROM older_stream;"
    "DROP TABLE older_stream;";

std::int64_t count_of(UnixTime time) {
  return time.time_since_epoch().count();
}
UnixTime time_of(std::int64_t seconds) {
  return UnixTime(std::chrono::seconds(seconds));
}

// Returns no value, and warns, if the row breaks the present rules: no node could read it.
std::optional<Node> node_of(const Rows &row) {
  auto info = json::Reader::parse(row.text(1));
  Node node;
  if (info) static_cast<protocol::NodeInfo &>(node) = protocol::read_node(*info);
  if (!info || !info->good()) {
    g_warning("the store: node %s cannot be read", row.text(0).c_str());
    return std::nullopt;
  }
  node.reported_rtt_ms = row.maybe_real(2);
  node.reporter = row.text(3);
  node.heard = time_of(row.integer(4));
  node.owner = row.text(5);
  return node;
}

std::optional<Stream> stream_of(const Rows &row) {
  auto info = json::Reader::parse(row.text(1));
  Stream stream;
  if (info) static_cast<protocol::StreamInfo &>(stream) = protocol::read_stream(*info);
  if (!info || !info->good()) {
    g_warning("the store: stream %s cannot be read", row.text(0).c_str());
    return std::nullopt;
  }
  stream.viewers = row.maybe_integer(2);
  stream.reporter = row.text(3);
  stream.heard = time_of(row.integer(4));
  stream.owner = row.text(5);
  stream.removed = row.integer(6) != 0;
  stream.hidden = row.integer(7) != 0;
  return stream;
}

using BanOfName = std::pair<std::string, Ban>;
std::optional<BanOfName> ban_of(const Rows &row) {
  return BanOfName{row.text(0), {row.text(1), time_of(row.integer(2))}};
}

// Runs a statement that returns no rows.
Expected<void> done(Rows rows) {
  if (auto step = rows.next(); !step) return tl::unexpected(step.error());
  return {};
}

// All rows converted by `make`, without those for which it returns nothing.
template <typename T>
Expected<std::vector<T>> all(Rows rows, std::optional<T> (*make)(const Rows &)) {
  std::vector<T> found;
  for (;;) {
    const auto step = rows.next();
    if (!step) return tl::unexpected<Error>(step.error());
    if (!*step) return found;
    if (auto made = make(rows)) found.push_back(std::move(*made));
  }
}

Expected<void> make_folder_of(const std::string &path) {
  const GString_ folder(g_path_get_dirname(path.c_str()));
  if (g_mkdir_with_parents(folder.get(), 0700) == 0) return {};
  return fail(Code::failed, std::string("cannot make ") + folder.get() + ": " + std::strerror(errno));
}

// The same lock for every symbolic link to the file.
std::string lock_file_of(const std::string &path) {
  std::error_code error;
  const auto real = std::filesystem::weakly_canonical(path, error);
  return (error ? path : real.string()) + ".lock";
}

Expected<void> make_tables(Database &database) {
  const auto id = database.integer("PRAGMA application_id");
  if (!id) return tl::unexpected(id.error());
  const auto version = database.integer("PRAGMA user_version");
  if (!version) return tl::unexpected(version.error());
  const auto tables = database.integer("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tl::unexpected(tables.error());
  if (*id == application_id && *version == schema_version) return {};
  const char *bring_streams = *version == 1   ? bring_streams_of_first
                              : *version == 2 ? bring_streams_of_second
                                              : bring_streams_of_third;
  const bool is_older = *id == application_id && *version >= 1 && *version < schema_version;
  if (*id == application_id && !is_older) {
    return fail(Code::invalid,
                "the store is of another version of Astral (" + std::to_string(*version) + ")");
  }
  if (*id != application_id && (*id != 0 || *version != 0 || *tables != 0)) {
    return fail(Code::invalid, "the store is another program's database");
  }
  auto transaction = Transaction::begin(database);
  if (!transaction) return tl::unexpected(transaction.error());
  if (is_older && *version == 4) {
    if (auto left = database.execute(leave_fourth_schema); !left) return left;
    return transaction->commit();
  }
  for (const char *step : {is_older ? leave_older_schema : "", schema, is_older ? bring_streams : ""}) {
    if (auto made = database.execute(step); !made) return made;
  }
  return transaction->commit();
}

}  // namespace

Expected<std::unique_ptr<Store>> Store::open(std::string_view uri) {
  if (uri.substr(0, scheme.size()) != scheme) {
    return fail(Code::invalid, "store must be sqlite:///PATH, not " + std::string(uri));
  }
  const std::string path(uri.substr(scheme.size()));
  std::optional<FileLock> lock;
  if (path != ":memory:") {
    if (path.size() < 2 || path.front() != '/' || path.back() == '/') {
      return fail(Code::invalid,
                  "store must be sqlite:// and the absolute path of a file, not " + std::string(uri));
    }
    if (auto made = make_folder_of(path); !made) return tl::unexpected(made.error());
    auto taken = FileLock::take(lock_file_of(path), "astralorigin");
    if (!taken) return fail(taken.error().code, "--store: " + path + ": " + taken.error().detail);
    lock = std::move(*taken);
  }
  auto database = Database::open(path);
  if (!database) return tl::unexpected(database.error());
  for (const char *pragma : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"}) {
    if (auto set = database->execute(pragma); !set) return tl::unexpected(set.error());
  }
  if (auto made = make_tables(*database); !made) return tl::unexpected(made.error());
  std::unique_ptr<Store> store(new Store(std::move(lock), std::move(*database)));
  if (auto prepared = store->prepare(); !prepared) return tl::unexpected(prepared.error());
  return store;
}

Expected<void> Store::prepare() {
  const struct {
    Statement &statement;
    std::string_view sql;
  } statements[] = {
      {list_nodes_, "SELECT uuid, info, rtt_ms, reporter, heard, owner FROM node"},
      {put_node_,
       "INSERT OR REPLACE INTO node (uuid, info, rtt_ms, reporter, heard, owner)"
       " VALUES (?1, ?2, ?3, ?4, ?5, ?6)"},
      {remove_node_, "DELETE FROM node WHERE uuid = ?1"},
      {list_streams_, "SELECT slug, info, viewers, reporter, heard, owner, removed, hidden FROM stream"},
      {put_stream_,
       "INSERT OR REPLACE INTO stream (slug, info, viewers, reporter, heard, owner, removed, hidden)"
       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"},
      {remove_stream_, "DELETE FROM stream WHERE slug = ?1"},
      {list_bans_, "SELECT who, reason, since FROM ban"},
      {put_ban_, "INSERT OR REPLACE INTO ban (who, reason, since) VALUES (?1, ?2, ?3)"},
      {remove_ban_, "DELETE FROM ban WHERE who = ?1"},
  };
  for (const auto &[statement, sql] : statements) {
    auto prepared = database_.prepare(sql);
    if (!prepared) return tl::unexpected(prepared.error());
    statement = std::move(*prepared);
  }
  return {};
}

Expected<Store::Contents> Store::read() {
  auto nodes = all(list_nodes_.run(), node_of);
  if (!nodes) return tl::unexpected<Error>(nodes.error());
  auto streams = all(list_streams_.run(), stream_of);
  if (!streams) return tl::unexpected<Error>(streams.error());
  auto bans = all(list_bans_.run(), ban_of);
  if (!bans) return tl::unexpected<Error>(bans.error());
  return Contents{std::move(*nodes), std::move(*streams), std::move(*bans)};
}

Expected<void> Store::write(const Changes &changes) {
  auto transaction = Transaction::begin(database_);
  if (!transaction) return tl::unexpected(transaction.error());
  for (const auto &[uuid, node] : changes.nodes) {
    auto written = done(!node ? remove_node_.run(uuid)
                              : put_node_.run(uuid, protocol::node_json(*node).text(), node->reported_rtt_ms,
                                              node->reporter, count_of(node->heard), node->owner));
    if (!written) return written;
  }
  for (const auto &[slug, stream] : changes.streams) {
    auto written = done(!stream ? remove_stream_.run(slug)
                                : put_stream_.run(slug, protocol::stream_json(*stream).text(),
                                                  stream->viewers, stream->reporter, count_of(stream->heard),
                                                  stream->owner, stream->removed, stream->hidden));
    if (!written) return written;
  }
  for (const auto &[name, ban] : changes.bans) {
    auto written = done(!ban ? remove_ban_.run(name) : put_ban_.run(name, ban->reason, count_of(ban->since)));
    if (!written) return written;
  }
  return transaction->commit();
}

}  // namespace astral::origin
