// SPDX-License-Identifier: BSD-3-Clause
// Keeps nodes and streams in one SQLite file. Who may have a name is records.hpp's decision; this class makes
// it and the write one transaction, and keeps within Capacity.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glue/error.hpp"
#include "origin/limits.hpp"
#include "origin/records.hpp"
#include "origin/sqlite.hpp"

namespace astral::origin {

struct Page {
  std::int64_t limit = default_page;
  std::int64_t offset = 0;
};

enum class Order { live, name, viewers, bitrate, created };  // live: what streams now comes first

// **Thread** one. **Errors** failed: SQLite says no. Otherwise as stated.
// **Durability** write-ahead log with synchronous=NORMAL: what was confirmed survives the death of the
// process (kill -9); a power cut may take the last moments, which the nodes report again within half a
// minute.
class Store {
 public:
  // "sqlite:///ABSOLUTE/PATH" (missing folders are made) or "sqlite://:memory:". invalid: any other URI, or a
  // database of a newer Astral or of another program.
  static Expected<std::unique_ptr<Store>> open(std::string_view uri, Capacity capacity = {});

  // A report also freshens the streams that the node publishes. no_room: full of living nodes.
  Expected<Change> put(const Node &node);
  Expected<std::optional<Node>> node(std::string_view uuid, UnixTime now);  // lapsed ones are not found
  Expected<std::vector<Node>> nodes(Page page, UnixTime now);  // supernodes first, the freshest first
  Expected<bool> remove_node(std::string_view uuid);           // its streams stop streaming

  // conflict: slug or name belong to another. no_room: full. An update keeps `created`.
  Expected<Change> put(const Stream &stream);
  Expected<std::optional<Stream>> stream(std::string_view slug);
  Expected<std::vector<Stream>> streams(Order order, Page page, UnixTime now);
  Expected<bool> remove_stream(std::string_view slug);

  // Drops nodes that lapsed and streams that are forgotten. Called now and then, and when there is no room.
  Expected<void> sweep(UnixTime now);

 private:
  Store(Database database, Capacity capacity);
  Expected<void> prepare();
  Expected<std::optional<Stream>> first_stream(Rows rows);
  Expected<void> make_room_for_node(UnixTime now);
  Expected<void> make_room_for_stream(const Stream &stream);

  Capacity capacity_;
  Database database_;
  Statement put_node_, freshen_, find_node_, list_nodes_, remove_node_, silence_, count_nodes_;
  Statement put_stream_, find_slug_, find_name_, list_streams_, remove_stream_, count_streams_;
  Statement count_of_source_, sweep_nodes_, sweep_streams_;
};

}  // namespace astral::origin
