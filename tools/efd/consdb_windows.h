/// \file
/// Windows of tables as ConsDB's: exposure and visit1.
#pragma once

#include "common/error.h"
#include "efd/found_window.h"

namespace dbb::efd {

/// Nanoseconds since 1970-01-01 of a Modified Julian Date, same scale: of the double's exact value, rounded
/// once. nullopt when that is before 1970 or beyond 2200.
std::optional<std::int64_t> nsFromMjd(double mjd);

/// What gets rows with an id or a time that can't be read: what of them can.
using BadRowSink = std::function<void(manifest::Record, common::Error const &)>;

/// Hand on the rows of a table with exposure_id or visit_id and times in TAI: obs_start_mjd and obs_end_mjd,
/// else obs_start and obs_end. The role needs to read it, no more.
/// \param db     path of a SQLite file, or postgresql://…
/// \param table  TABLE or SCHEMA.TABLE
/// \throws Error USAGE (exit 2) for a table or columns that are not there, or an id that occurs twice; as
/// sql::openSqlite and sql::openPostgres
void consdbWindows(std::string const &db, std::string const &table, WindowChoice const &choice,
                   WindowSink const &sink, BadRowSink const &bad);

} // namespace dbb::efd
