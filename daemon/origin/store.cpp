// SPDX-License-Identifier: BSD-3-Clause
#include "origin/store.hpp"

#include <glib.h>

#include <cerrno>
#include <cstring>

#include "glue/ref.hpp"

namespace astral::origin {
namespace {

constexpr std::string_view scheme = "sqlite://";
constexpr std::int64_t application_id = 0x41535452;  // "ASTR"; SQLite's field for `file` and for our check
constexpr std::int64_t schema_version = 1;

constexpr const char *schema = R"(
  CREATE TABLE node (
    uuid TEXT PRIMARY KEY, ip_address TEXT NOT NULL, port INTEGER NOT NULL, supernode INTEGER NOT NULL,
    primary_supernode_uuid TEXT, upstream_kbps INTEGER, downstream_kbps INTEGER,
    children INTEGER, capacity INTEGER, version TEXT NOT NULL, heard INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE stream (
    slug TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, description TEXT NOT NULL, source TEXT NOT NULL,
    streaming INTEGER NOT NULL, bitrate_kbps INTEGER, viewers INTEGER, media TEXT NOT NULL, updated INTEGER,
    created INTEGER NOT NULL, heard INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX stream_source ON stream (source);
  PRAGMA application_id = 1095980114;
  PRAGMA user_version = 1;
)";
static_assert(application_id == 1095980114);

#define NODE_COLUMNS                                                                            \
  "uuid, ip_address, port, supernode, primary_supernode_uuid, upstream_kbps, downstream_kbps, " \
  "children, capacity, version, heard"
#define STREAM_COLUMNS \
  "slug, name, description, source, streaming, bitrate_kbps, viewers, media, updated, created, heard"

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
          .upstream_kbps = row.maybe_integer(5),
          .downstream_kbps = row.maybe_integer(6),
          .children = row.maybe_integer(7),
          .capacity = row.maybe_integer(8),
          .version = row.text(9),
          .heard = time_of(row.integer(10))};
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
          .created = time_of(row.integer(9)),
          .heard = time_of(row.integer(10))};
}

// Runs a statement that returns nothing.
Expected<void> done(Rows rows) {
  if (auto step = rows.next(); !step) return tl::unexpected(step.error());
  return {};
}

Expected<std::int64_t> single(Rows rows) {
  if (auto step = rows.next(); !step) return tl::unexpected(step.error());
  return rows.integer(0);
}

Expected<void> make_folder_of(const std::string &path) {
  const GString_ folder(g_path_get_dirname(path.c_str()));
  if (g_mkdir_with_parents(folder.get(), 0700) == 0) return {};
  return fail(Code::failed, std::string("cannot make ") + folder.get() + ": " + std::strerror(errno));
}

Expected<void> make_tables(Database &database) {
  const auto id = database.integer("PRAGMA application_id");
  if (!id) return tl::unexpected(id.error());
  const auto version = database.integer("PRAGMA user_version");
  if (!version) return tl::unexpected(version.error());
  const auto tables = database.integer("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tl::unexpected(tables.error());
  if (*id == application_id && *version == schema_version) return {};
  if (*id == application_id) {
    return fail(Code::invalid,
                "the store is of another version of Astral (" + std::to_string(*version) + ")");
  }
  if (*id != 0 || *version != 0 || *tables != 0) {
    return fail(Code::invalid, "the store is another program's database");
  }
  auto transaction = Transaction::begin(database);
  if (!transaction) return tl::unexpected(transaction.error());
  if (auto made = database.execute(schema); !made) return made;
  return transaction->commit();
}

}  // namespace

Store::Store(Database database, Capacity capacity) : capacity_(capacity), database_(std::move(database)) {}

Expected<std::unique_ptr<Store>> Store::open(std::string_view uri, Capacity capacity) {
  if (uri.substr(0, scheme.size()) != scheme) {
    return fail(Code::invalid, "store must be sqlite:///PATH, not " + std::string(uri));
  }
  const std::string path(uri.substr(scheme.size()));
  if (path != ":memory:") {
    if (path.size() < 2 || path.front() != '/' || path.back() == '/') {
      return fail(Code::invalid,
                  "store must be sqlite:// and the absolute path of a file, not " + std::string(uri));
    }
    if (auto made = make_folder_of(path); !made) return tl::unexpected(made.error());
  }
  auto database = Database::open(path);
  if (!database) return tl::unexpected(database.error());
  for (const char *pragma : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL"}) {
    if (auto set = database->execute(pragma); !set) return tl::unexpected(set.error());
  }
  if (auto made = make_tables(*database); !made) return tl::unexpected(made.error());
  std::unique_ptr<Store> store(new Store(std::move(*database), capacity));
  if (auto prepared = store->prepare(); !prepared) return tl::unexpected(prepared.error());
  return store;
}

Expected<void> Store::prepare() {
  const struct {
    Statement &statement;
    std::string_view sql;
  } all[] = {
      {put_node_, "INSERT OR REPLACE INTO node (" NODE_COLUMNS
                  ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"},
      {freshen_, "UPDATE stream SET heard = ?2 WHERE source = ?1"},
      {find_node_, "SELECT " NODE_COLUMNS " FROM node WHERE uuid = ?1"},
      {list_nodes_,
       "SELECT " NODE_COLUMNS
       " FROM node WHERE heard > ?1 ORDER BY supernode DESC, heard DESC, uuid LIMIT ?2 OFFSET ?3"},
      {remove_node_, "DELETE FROM node WHERE uuid = ?1"},
      {silence_, "UPDATE stream SET streaming = 0 WHERE source = ?1"},
      {count_nodes_, "SELECT count(*) FROM node"},
      {put_stream_, "INSERT INTO stream (" STREAM_COLUMNS
                    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT "
                    "(slug) DO UPDATE SET name = excluded.name, "
                    "description = excluded.description, streaming = excluded.streaming, bitrate_kbps = "
                    "excluded.bitrate_kbps, viewers = excluded.viewers, media = excluded.media, "
                    "updated = excluded.updated, heard = excluded.heard"},
      {find_slug_, "SELECT " STREAM_COLUMNS " FROM stream WHERE slug = ?1"},
      {find_name_, "SELECT " STREAM_COLUMNS " FROM stream WHERE name = ?1"},
      {list_streams_,
       "SELECT " STREAM_COLUMNS " FROM stream ORDER BY CASE ?1 WHEN 0 THEN -(streaming AND heard > ?2) WHEN "
       "2 THEN -ifnull(viewers, 0) "
       "WHEN 3 THEN -ifnull(bitrate_kbps, 0) WHEN 4 THEN -created END, name LIMIT ?3 OFFSET ?4"},
      {remove_stream_, "DELETE FROM stream WHERE slug = ?1"},
      {count_streams_, "SELECT count(*) FROM stream"},
      {count_of_source_, "SELECT count(*) FROM stream WHERE source = ?1"},
      {sweep_nodes_, "DELETE FROM node WHERE heard <= ?1"},
      {sweep_streams_, "DELETE FROM stream WHERE heard <= ?1"},
  };
  for (const auto &[statement, sql] : all) {
    auto prepared = database_.prepare(sql);
    if (!prepared) return tl::unexpected(prepared.error());
    statement = std::move(*prepared);
  }
  return {};
}

Expected<void> Store::make_room_for_node(UnixTime now) {
  for (bool swept = false;; swept = true) {
    const auto count = single(count_nodes_.run());
    if (!count) return tl::unexpected(count.error());
    if (*count < capacity_.nodes) return {};
    if (swept) return fail(Code::no_room, "this origin knows " + std::to_string(*count) + " nodes already");
    if (auto done = sweep(now); !done) return done;
  }
}

Expected<void> Store::make_room_for_stream(const Stream &stream) {
  const auto own = single(count_of_source_.run(stream.source));
  if (!own) return tl::unexpected(own.error());
  if (*own >= capacity_.streams_of_a_node) {
    return fail(Code::no_room, "this node has " + std::to_string(*own) + " streams already");
  }
  for (bool swept = false;; swept = true) {
    const auto count = single(count_streams_.run());
    if (!count) return tl::unexpected(count.error());
    if (*count < capacity_.streams) return {};
    if (swept) return fail(Code::no_room, "this origin knows " + std::to_string(*count) + " streams already");
    if (auto done = sweep(stream.heard); !done) return done;
  }
}

Expected<Change> Store::put(const Node &node) {
  auto transaction = Transaction::begin(database_);
  if (!transaction) return tl::unexpected(transaction.error());
  auto known = this->node(node.uuid, node.heard);
  if (!known) return tl::unexpected(known.error());
  if (!*known) {
    if (auto room = make_room_for_node(node.heard); !room) return tl::unexpected(room.error());
  }
  auto put = done(put_node_.run(node.uuid, node.ip_address, std::int64_t{node.port}, node.supernode,
                                node.primary_supernode_uuid, node.upstream_kbps, node.downstream_kbps,
                                node.children, node.capacity, node.version, count_of(node.heard)));
  if (!put) return tl::unexpected(put.error());
  if (auto fresh = done(freshen_.run(node.uuid, count_of(node.heard))); !fresh) {
    return tl::unexpected(fresh.error());
  }
  if (auto committed = transaction->commit(); !committed) return tl::unexpected(committed.error());
  return *known ? Change::updated : Change::created;
}

Expected<std::optional<Node>> Store::node(std::string_view uuid, UnixTime now) {
  Rows rows = find_node_.run(uuid);
  const auto found = rows.next();
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::nullopt;
  Node node = node_of(rows);
  if (!is_alive(node.heard, now)) return std::nullopt;
  return node;
}

Expected<std::vector<Node>> Store::nodes(Page page, UnixTime now) {
  std::vector<Node> nodes;
  Rows rows = list_nodes_.run(count_of(now - lapse_after), page.limit, page.offset);
  for (;;) {
    const auto found = rows.next();
    if (!found) return tl::unexpected(found.error());
    if (!*found) return nodes;
    nodes.push_back(node_of(rows));
  }
}

Expected<bool> Store::remove_node(std::string_view uuid) {
  auto transaction = Transaction::begin(database_);
  if (!transaction) return tl::unexpected(transaction.error());
  if (auto removed = done(remove_node_.run(uuid)); !removed) return tl::unexpected(removed.error());
  const bool was_there = database_.changes() > 0;
  if (auto silenced = done(silence_.run(uuid)); !silenced) return tl::unexpected(silenced.error());
  if (auto committed = transaction->commit(); !committed) return tl::unexpected(committed.error());
  return was_there;
}

Expected<std::optional<Stream>> Store::first_stream(Rows rows) {
  const auto found = rows.next();
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::nullopt;
  return stream_of(rows);
}

Expected<Change> Store::put(const Stream &stream) {
  auto transaction = Transaction::begin(database_);
  if (!transaction) return tl::unexpected(transaction.error());
  const auto same_slug = first_stream(find_slug_.run(stream.slug));
  if (!same_slug) return tl::unexpected(same_slug.error());
  const auto same_name = first_stream(find_name_.run(stream.name));
  if (!same_name) return tl::unexpected(same_name.error());
  const auto change = admit(stream, *same_slug ? &**same_slug : nullptr, *same_name ? &**same_name : nullptr);
  if (!change) return change;
  if (*change == Change::created) {
    if (auto room = make_room_for_stream(stream); !room) return tl::unexpected(room.error());
  }
  auto put = done(put_stream_.run(stream.slug, stream.name, stream.description, stream.source,
                                  stream.streaming, stream.bitrate_kbps, stream.viewers, stream.media,
                                  stream.updated, count_of(stream.created), count_of(stream.heard)));
  if (!put) return tl::unexpected(put.error());
  if (auto committed = transaction->commit(); !committed) return tl::unexpected(committed.error());
  return change;
}

Expected<std::optional<Stream>> Store::stream(std::string_view slug) {
  return first_stream(find_slug_.run(slug));
}

Expected<std::vector<Stream>> Store::streams(Order order, Page page, UnixTime now) {
  std::vector<Stream> streams;
  Rows rows = list_streams_.run(static_cast<std::int64_t>(order), count_of(now - lapse_after), page.limit,
                                page.offset);
  for (;;) {
    const auto found = rows.next();
    if (!found) return tl::unexpected(found.error());
    if (!*found) return streams;
    streams.push_back(stream_of(rows));
  }
}

Expected<bool> Store::remove_stream(std::string_view slug) {
  if (auto removed = done(remove_stream_.run(slug)); !removed) return tl::unexpected(removed.error());
  return database_.changes() > 0;
}

Expected<void> Store::sweep(UnixTime now) {
  if (auto swept = done(sweep_nodes_.run(count_of(now - lapse_after))); !swept) return swept;
  return done(sweep_streams_.run(count_of(now - forget_after)));
}

}  // namespace astral::origin
