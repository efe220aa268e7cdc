// SPDX-License-Identifier: BSD-3-Clause
// RAII over SQLite: a database, its prepared statements, a transaction. Knows no table.
// **Errors** failed, with SQLite's own text. A bind that fails is a bug and asserts.
#pragma once

#include <sqlite3.h>

#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "glue/error.hpp"

namespace astral::origin {

// The rows of one run of a statement. The destructor resets the statement: a SELECT that stays open holds its
// snapshot, and SQLite then cannot truncate the write-ahead log.
class Rows {
 public:
  explicit Rows(sqlite3_stmt *statement) : statement_(statement) {}
  Rows(Rows &&other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
  Rows &operator=(Rows &&) = delete;
  ~Rows() {
    if (statement_) sqlite3_reset(statement_);
  }

  Expected<bool> next();  // false: no more rows
  std::string text(int column) const;
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  bool null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::optional<std::uint64_t> maybe_integer(int column) const;
  std::optional<double> maybe_real(int column) const;

 private:
  sqlite3_stmt *statement_;
};

class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt *adopted) : statement_(adopted) {}

  // Binds ?1, ?2, … and starts the statement. Copies texts.
  template <typename... Values>
  Rows run(const Values &...values) {
    assert(sqlite3_bind_parameter_count(statement_.get()) == static_cast<int>(sizeof...(values)));
    int index = 0;
    (bind(++index, values), ...);
    return Rows(statement_.get());
  }

 private:
  void bind(int index, std::int64_t value);
  void bind(int index, std::uint64_t value) { bind(index, static_cast<std::int64_t>(value)); }
  void bind(int index, bool value) { bind(index, std::int64_t{value}); }
  void bind(int index, double value);
  void bind(int index, std::string_view value);
  void bind(int index, const std::string &value) { bind(index, std::string_view(value)); }
  void bind_null(int index);
  template <typename T>
  void bind(int index, const std::optional<T> &value) {
    if (value) {
      bind(index, *value);
    } else {
      bind_null(index);
    }
  }

  struct Finalize {
    void operator()(sqlite3_stmt *statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  static Expected<Database> open(const std::string &path);

  Expected<void> execute(const char *sql);
  Expected<Statement> prepare(std::string_view sql);
  Expected<std::int64_t> integer(std::string_view sql);  // the first column of the first row
  int changes() const { return sqlite3_changes(database_.get()); }

 private:
  struct Close {
    void operator()(sqlite3 *database) const { sqlite3_close_v2(database); }
  };
  explicit Database(sqlite3 *adopted) : database_(adopted) {}
  std::unique_ptr<sqlite3, Close> database_;
};

// The destructor rolls back what was not committed.
class Transaction {
 public:
  static Expected<Transaction> begin(Database &database);
  Transaction(Transaction &&other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction &operator=(Transaction &&) = delete;
  ~Transaction();
  Expected<void> commit();

 private:
  explicit Transaction(Database &database) : database_(&database) {}
  Database *database_;
};

}  // namespace astral::origin
