// SPDX-License-Identifier: BSD-3-Clause
#include "origin/sqlite.hpp"

namespace astral::origin {
namespace {

// How long a write waits for another process that has the file locked (a backup, the sqlite3 shell).
constexpr int busy_ms = 2000;

tl::unexpected<Error> failure(sqlite3 *database) {
  return fail(Code::failed, std::string("the store: ") + sqlite3_errmsg(database));
}

}  // namespace

Expected<bool> Rows::next() {
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return failure(sqlite3_db_handle(statement_));
  }
}

std::string Rows::text(int column) const {
  const auto *text = reinterpret_cast<const char *>(sqlite3_column_text(statement_, column));
  return text ? std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)))
              : std::string();
}

std::optional<std::uint64_t> Rows::maybe_integer(int column) const {
  return null(column) ? std::nullopt : std::optional(static_cast<std::uint64_t>(integer(column)));
}

std::optional<double> Rows::maybe_real(int column) const {
  return null(column) ? std::nullopt : std::optional(sqlite3_column_double(statement_, column));
}

void Statement::bind(int index, std::int64_t value) {
  [[maybe_unused]] const int done = sqlite3_bind_int64(statement_.get(), index, value);
  assert(done == SQLITE_OK);
}

void Statement::bind(int index, double value) {
  [[maybe_unused]] const int done = sqlite3_bind_double(statement_.get(), index, value);
  assert(done == SQLITE_OK);
}

void Statement::bind(int index, std::string_view value) {
  [[maybe_unused]] const int done =
      sqlite3_bind_text64(statement_.get(), index, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  assert(done == SQLITE_OK);
}

void Statement::bind_null(int index) {
  [[maybe_unused]] const int done = sqlite3_bind_null(statement_.get(), index);
  assert(done == SQLITE_OK);
}

Expected<Database> Database::open(const std::string &path) {
  sqlite3 *raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int opened = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Database database(raw);
  if (opened != SQLITE_OK) {
    return fail(Code::failed,
                "cannot open " + path + ": " + (raw ? sqlite3_errmsg(raw) : sqlite3_errstr(opened)));
  }
  sqlite3_busy_timeout(raw, busy_ms);
  return database;
}

Expected<void> Database::execute(const char *sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return failure(database_.get());
  }
  return {};
}

Expected<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt *statement = nullptr;
  if (sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                         &statement, nullptr) != SQLITE_OK) {
    return failure(database_.get());
  }
  return Statement(statement);
}

Expected<std::int64_t> Database::integer(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return tl::unexpected(statement.error());
  Rows rows = statement->run();
  const auto found = rows.next();
  if (!found) return tl::unexpected(found.error());
  if (!*found) return fail(Code::failed, "the store: no row for " + std::string(sql));
  return rows.integer(0);
}

Expected<Transaction> Transaction::begin(Database &database) {
  if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun) return tl::unexpected(begun.error());
  return Transaction(database);
}

Transaction::~Transaction() {
  // After a failed COMMIT SQLite may have rolled back by itself; then this fails, which is harmless.
  if (database_) (void)database_->execute("ROLLBACK");
}

Expected<void> Transaction::commit() {
  auto done = database_->execute("COMMIT");
  if (done) database_ = nullptr;
  return done;
}

}  // namespace astral::origin
