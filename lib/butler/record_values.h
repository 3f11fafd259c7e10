/// \file
/// Values of dimension records, as manifests have them and as columns hold them.
///
/// A time span is {"begin_tai":ISO,"end_tai":ISO} with TAI instants of nine decimals, an unbounded side null,
/// the whole null when there is none, {"empty":true} for the empty one. Booleans are JSON booleans, regions
/// and hashes the base64 text of the registry, integers beyond 2^53 may be text.
#pragma once

#include "butler/schema.h"
#include "common/json.h"
#include "sql/database.h"

#include <cstdint>
#include <string>
#include <vector>

namespace dbb::butler {

/// TAI nanoseconds that stand for an unbounded begin and end.
inline constexpr std::int64_t unboundedBegin = 0;
inline constexpr std::int64_t unboundedEnd = 4'102'444'800'000'000'000;

/// Names of the database columns of a record column: itself, or the two of a time span.
std::vector<std::string> columnNames(RecordColumn const &column);

/// Append the database values of a column (two for a time span) to `out`.
/// \param element  name of the element, for messages
/// \throws Error VALUE_TOO_LONG, VALUE_EMPTY, BAD_VALUE, each with cause.column
void appendValues(std::string const &element, RecordColumn const &column, common::Json const &value,
                  std::vector<sql::Value> &out);

/// The inverse: the value that starts at column `index` of a row.
common::Json valueOf(RecordColumn const &column, sql::Statement const &row, int index);
common::Json valueOf(RecordColumn const &column, std::vector<sql::Value> const &values, std::size_t index);

/// Whether a value that was to be written equals one that was read, exactly.
bool sameValue(sql::Value const &written, sql::Value const &read);

} // namespace dbb::butler
