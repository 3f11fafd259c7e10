/// \file
/// What goes to a PostgreSQL server as text and comes back as text.
#pragma once

#include "common/error.h"
#include "sql/database.h"

#include <functional>
#include <libpq-fe.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dbb::sql {

/// A result that frees itself.
using Result = std::unique_ptr<PGresult, decltype(&::PQclear)>;
Result owned(PGresult *result);

/// A statement whose parameters are written `$1` …, with their values; no value is NULL.
struct Query {
    std::string text;
    std::vector<std::optional<std::string>> values{};
};

/// `?` and `?n` become `$n`; not in literals and quoted names. \return the text and the number of parameters
std::pair<std::string, int> numbered(std::string const &text);

/// A parameter as text: the server reads it as what the statement needs. nullopt is NULL.
std::optional<std::string> textOf(Value const &value);

/// Rows as the server's COPY reads them in its text format (PostgreSQL 15, COPY, File Formats).
class CopyText : public RowSink {
public:
    /// \param send  gets the text of rows, many at a time
    CopyText(std::size_t columns, std::function<void(std::string_view)> send)
        : _columns(columns), _send(std::move(send)) {}

    void add(Value const &value) override;
    /// Send what is left.
    void finish();

private:
    std::size_t _columns;
    std::function<void(std::string_view)> _send;
    std::size_t _next = 0; ///< column
    std::string _text;
};

/// A column of a row. UUIDs become what SQLite registries have: 32 digits without hyphens.
/// \param type  of the column, as the protocol names it (OIDs of pg_type.dat)
Value valueOf(Oid type, std::string_view text);

/// What the error of a result means for a caller, by its SQLSTATE (PostgreSQL 15, appendix A).
/// \param name  of the database, for the message
common::Error translated(PGresult const *result, std::string const &name);

/// The server is gone, or was never there. \param why  in libpq's words
common::Error unreachable(std::string const &action, std::string const &name, std::string const &why);

/// The first line of what the server or libpq says.
std::string firstLine(char const *text);

} // namespace dbb::sql
