// SPDX-License-Identifier: BSD-3-Clause
// Stores nodes and streams in one SQLite file: reads all of them once, then writes changes, many in one
// transaction. Decides nothing about them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "glue/error.hpp"
#include "glue/file_lock.hpp"
#include "origin/records.hpp"
#include "origin/sqlite.hpp"

namespace astral::origin {

// **Thread** one at a time. **Errors** failed: an error of SQLite; others as stated. **Durability**
// write-ahead log with synchronous=FULL: once write() has returned, its changes survive a crash of the
// process and of the machine. write() waits for the disk, so the journal calls it on a thread of its own.
class Store {
 public:
  struct Contents {
    std::vector<Node> nodes;
    std::vector<Stream> streams;
    std::vector<std::pair<std::string, Ban>> bans;  // by name
  };

  // "sqlite:///ABSOLUTE/PATH" (missing folders are made) or "sqlite://:memory:". **Errors** invalid: any
  // other URI, or a database of a newer Astral or of another program. conflict: another origin uses the file;
  // the detail says which.
  static Expected<std::unique_ptr<Store>> open(std::string_view uri);

  Expected<Contents> read();
  Expected<void> write(const Changes &changes);  // all or nothing

 private:
  Store(std::optional<FileLock> lock, Database database)
      : lock_(std::move(lock)), database_(std::move(database)) {}
  Expected<void> prepare();

  std::optional<FileLock> lock_;  // none in memory; released after the database is closed
  Database database_;
  Statement list_nodes_, put_node_, remove_node_;
  Statement list_streams_, put_stream_, remove_stream_;
  Statement list_bans_, put_ban_, remove_ban_;
};

}  // namespace astral::origin
