// Sequences, which give out the ids of a server's tables.
#include "butler/check_parts.h"
#include "butler/schema.h"

#include <algorithm>

namespace dbb::butler {

using common::Json;
using sql::quoteIdentifier;
using sql::Statement;

namespace {

/// The sequence of a table: whether it is there, and what it would give next.
class Sequence {
public:
    Sequence(CheckContext const &context, TableSpec const &table, SequenceSpec const &spec)
        : _context(context), _table(table.name), _spec(spec) {
        _next = "(SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM "
                + quoteIdentifier(spec.name) + ")";
        _highest = "(SELECT max(" + quoteIdentifier(spec.column) + ") FROM " + quoteIdentifier(_table) + ")";
    }

    void check() const {
        bool found = false;
        bool readable = false;
        _context.db
            .cached("SELECT has_sequence_privilege(oid, 'SELECT') FROM pg_class WHERE relkind = 'S' AND "
                    "relname = ? AND relnamespace = current_schema()::regnamespace")
            .query({_spec.name}, [&](Statement const &row) {
                found = true;
                readable = row.integer(0) != 0;
            });
        if (!found) {
            reportMissing();
        } else if (readable) {
            compare();
        }
    }

private:
    void reportMissing() const {
        Finding finding{"missing_sequence", place(),
                        "sequence " + _spec.name + ", which gives out ids of table " + _table
                            + ", is missing"};
        finding.mending = {{unlessThere(_spec.statement), {}}, setting()};
        _context.report(std::move(finding));
    }

    void compare() const {
        _context.db.prepare("SELECT " + _next + ", " + _highest + " WHERE " + _highest + " >= " + _next)
            ->query({}, [&](Statement const &row) {
                _context.report({"sequence_behind",
                                 place(),
                                 "sequence " + _spec.name + " gives " + row.text(0) + " next, but table "
                                     + _table + " has " + row.text(1) + " already",
                                 {setting()}});
            });
    }

    /// It never goes back, since somebody may have been given an id that is in no table yet.
    Mending setting() const {
        return {"SELECT CASE WHEN " + _highest + " >= " + _next + " THEN setval(?::regclass, " + _highest
                    + ") END",
                {quoteIdentifier(_spec.name)}};
    }

    Json place() const {
        Json out;
        return out.set("table", _table).set("sequence", _spec.name);
    }

    CheckContext const &_context;
    std::string _table;
    SequenceSpec _spec;
    std::string _next;
    std::string _highest;
};

void findOfTable(CheckContext const &context, TableSpec const &table) {
    if (!context.table(table.name).exists) return; // a damage of its own
    for (auto const &spec : sequencesOf(table, context.db.dialect())) Sequence(context, table, spec).check();
}

} // namespace

void findSequenceDamage(CheckContext const &context) {
    for (auto const &table : staticTableSpecs(context.repo->universe(), context.repo->datasetsManager()))
        findOfTable(context, table);
    for (auto const &table : associationTables(context)) findOfTable(context, table.spec);
}

} // namespace dbb::butler
