// SPDX-License-Identifier: BSD-3-Clause
#include "origin/store.hpp"

#include <glib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "glue/ref.hpp"

namespace astral::origin {
namespace {

constexpr std::string_view scheme = "sqlite://";
constexpr std::int64_t application_id = 0x41535452;  // "ASTR"; SQLite's field for `file` and for our check
constexpr std::int64_t schema_version = 2;

constexpr const char *schema = R"(
  CREATE TABLE node (
    uuid TEXT PRIMARY KEY, ip_address TEXT NOT NULL, port INTEGER NOT NULL, supernode INTEGER NOT NULL,
    primary_supernode_uuid TEXT, rtt_ms REAL, upstream_kbps INTEGER, downstream_kbps INTEGER,
    children INTEGER, capacity INTEGER, version TEXT NOT NULL, reporter TEXT NOT NULL, heard INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE stream (
    slug TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT NOT NULL, source TEXT NOT NULL,
    streaming INTEGER NOT NULL, bitrate_kbps INTEGER, viewers INTEGER, media TEXT NOT NULL, updated INTEGER,
    reporter TEXT NOT NULL, created INTEGER NOT NULL, heard INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  PRAGMA application_id = 1095980114;
  PRAGMA user_version = 2;
)";
static_assert(application_id == 1095980114);

// The first schema knew no reporters. Nodes report again soon; a stream is its node's when that one is back.
constexpr const char *leave_the_first_schema = R"(
  DROP TABLE node;
  DROP INDEX stream_source;
  ALTER TABLE stream RENAME TO first_stream;
)";
constexpr const char *bring_its_streams = R"(
  INSERT INTO stream SELECT slug, name, description, source, streaming, bitrate_kbps, viewers, media, updated,
    '', created, heard FROM first_stream;
  DROP TABLE first_stream;
)";

#define NODE_COLUMNS                                                                                    \
  "uuid, ip_address, port, supernode, primary_supernode_uuid, rtt_ms, upstream_kbps, downstream_kbps, " \
  "children, capacity, version, reporter, heard"
#define STREAM_COLUMNS                                                                            \
  "slug, name, description, source, streaming, bitrate_kbps, viewers, media, updated, reporter, " \
  "created, heard"

std::int64_t count_of(UnixTime time) {
  return time.time_since_epoch().count();
}
UnixTime time_of(std::int64_t seconds) {
  return UnixTime(std::chrono::seconds(seconds));
}

Node node_of(const Rows &row) {
  return {.uuid = row.text(0),
          .ip_address = row.text(1),
          .port = static_cast<std::uint16_t>(row.integer(2)),
          .supernode = row.integer(3) != 0,
          .primary_supernode_uuid = row.maybe_text(4),
          .rtt_ms = row.maybe_real(5),
          .upstream_kbps = row.maybe_integer(6),
          .downstream_kbps = row.maybe_integer(7),
          .children = row.maybe_integer(8),
          .capacity = row.maybe_integer(9),
          .version = row.text(10),
          .reporter = row.text(11),
          .heard = time_of(row.integer(12))};
}

Stream stream_of(const Rows &row) {
  return {.slug = row.text(0),
          .name = row.text(1),
          .description = row.text(2),
          .source = row.text(3),
          .streaming = row.integer(4) != 0,
          .bitrate_kbps = row.maybe_integer(5),
          .viewers = row.maybe_integer(6),
          .media = row.text(7),
          .updated = row.maybe_integer(8),
          .reporter = row.text(9),
          .created = time_of(row.integer(10)),
          .heard = time_of(row.integer(11))};
}

// Runs a statement that returns nothing.
Expected<void> done(Rows rows) {
  if (auto step = rows.next(); !step) return tl::unexpected(step.error());
  return {};
}

// Every row as `make` has it.
template <typename T>
Expected<std::vector<T>> all(Rows rows, T (*make)(const Rows &)) {
  std::vector<T> found;
  for (;;) {
    const auto step = rows.next();
    if (!step) return tl::unexpected<Error>(step.error());
    if (!*step) return found;
    found.push_back(make(rows));
  }
}

Expected<void> make_folder_of(const std::string &path) {
  const GString_ folder(g_path_get_dirname(path.c_str()));
  if (g_mkdir_with_parents(folder.get(), 0700) == 0) return {};
  return fail(Code::failed, std::string("cannot make ") + folder.get() + ": " + std::strerror(errno));
}

// One for the file, whichever symbolic link it was named by.
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
  const bool is_first = *id == application_id && *version == 1;
  if (*id == application_id && !is_first) {
    return fail(Code::invalid,
                "the store is of another version of Astral (" + std::to_string(*version) + ")");
  }
  if (*id != application_id && (*id != 0 || *version != 0 || *tables != 0)) {
    return fail(Code::invalid, "the store is another program's database");
  }
  auto transaction = Transaction::begin(database);
  if (!transaction) return tl::unexpected(transaction.error());
  for (const char *step :
       {is_first ? leave_the_first_schema : "", schema, is_first ? bring_its_streams : ""}) {
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
      {list_nodes_, "SELECT " NODE_COLUMNS " FROM node"},
      {put_node_, "INSERT OR REPLACE INTO node (" NODE_COLUMNS
                  ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"},
      {remove_node_, "DELETE FROM node WHERE uuid = ?1"},
      {list_streams_, "SELECT " STREAM_COLUMNS " FROM stream"},
      {put_stream_, "INSERT OR REPLACE INTO stream (" STREAM_COLUMNS
                    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"},
      {remove_stream_, "DELETE FROM stream WHERE slug = ?1"},
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
  return Contents{std::move(*nodes), std::move(*streams)};
}

Expected<void> Store::write(const Changes &changes) {
  auto transaction = Transaction::begin(database_);
  if (!transaction) return tl::unexpected(transaction.error());
  for (const auto &[uuid, node] : changes.nodes) {
    auto written =
        done(!node ? remove_node_.run(uuid)
                   : put_node_.run(uuid, node->ip_address, std::int64_t{node->port}, node->supernode,
                                   node->primary_supernode_uuid, node->rtt_ms, node->upstream_kbps,
                                   node->downstream_kbps, node->children, node->capacity, node->version,
                                   node->reporter, count_of(node->heard)));
    if (!written) return written;
  }
  for (const auto &[slug, stream] : changes.streams) {
    auto written = done(!stream ? remove_stream_.run(slug)
                                : put_stream_.run(slug, stream->name, stream->description, stream->source,
                                                  stream->streaming, stream->bitrate_kbps, stream->viewers,
                                                  stream->media, stream->updated, stream->reporter,
                                                  count_of(stream->created), count_of(stream->heard)));
    if (!written) return written;
  }
  return transaction->commit();
}

}  // namespace astral::origin
