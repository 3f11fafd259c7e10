#include "efd/efd_views.h"

#include "butler/postgres_config.h"
#include "common/error.h"
#include "common/file.h"
#include "common/lines.h"
#include "common/log.h"
#include "common/text.h"
#include "efd/efd_database.h"

#include <algorithm>
#include <array>
#include <set>

namespace dbb::efd {

using sql::quoteIdentifier;

namespace {

/// A column of a wide view: an element of a column of telemetry.
struct WideColumn {
    std::string name;
    std::string expression;
};

struct View {
    std::string name;
    std::string statement;
    bool temporary = false;
};

constexpr std::array windowKeys{"instrument", "kind",         "obs_id",    "day_obs",
                                "seq_num",    "begin_tai_ns", "end_tai_ns"};

std::string viewName(std::string const &instrument) {
    auto out = "efd_" + common::toLower(instrument);
    for (auto &c : out) {
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) c = '_';
    }
    return out;
}

std::vector<std::string> instruments(sql::Database &db) {
    std::vector<std::string> out;
    db.cached("SELECT DISTINCT instrument FROM efd_window").query({}, [&](sql::Statement const &row) {
        out.push_back(row.text(0));
    });
    std::sort(out.begin(), out.end()); // in one order, whatever that of the database is
    return out;
}

/// What a view shows of a value, by the kinds of values that a column has. Numbers are doubles, and texts are
/// texts; integers beyond 2^53 keep their digits.
std::string shown(sql::Dialect dialect, bool hasTexts, bool hasNumbers, bool hasGreatIntegers) {
    if (!hasTexts && !hasGreatIntegers) return "v.value";
    if (!hasNumbers) return "v.value_text";
    if (dialect == sql::Dialect::Sqlite) return "coalesce(v.value_text, v.value_int, v.value)";
    // A server's column has one type. A double becomes the same number by way of its text only.
    return hasTexts ? "coalesce(v.value_text, v.value_int::text, v.value::text)"
                    : "coalesce(v.value_int::numeric, v.value::text::numeric)";
}

/// The columns of an instrument that are active, one for each element that has values.
std::vector<WideColumn> wideColumns(sql::Database &db, std::string const &instrument) {
    std::vector<WideColumn> out;
    db.cached("SELECT c.name, v.element, c.column_id, count(v.value_text) > 0 OR c.dtype = 'text', "
              "count(v.value) > 0, count(v.value_int) > 0 FROM efd_value v "
              "JOIN efd_column c ON c.column_id = v.column_id WHERE v.instrument = ? AND c.active = 1 "
              "GROUP BY c.name, v.element, c.column_id, c.dtype ORDER BY c.name, v.element")
        .query({instrument}, [&](sql::Statement const &row) {
            auto const element = row.integer(1);
            auto const has = [&](int kind) { return row.integer(kind) != 0; };
            out.push_back({row.text(0) + (element < 0 ? "" : "_" + std::to_string(element)),
                           "max(CASE WHEN v.column_id = " + std::to_string(row.integer(2))
                               + " AND v.element = " + std::to_string(element) + " THEN "
                               + shown(db.dialect(), has(3), has(4), has(5)) + " END)"});
        });
    return out;
}

/// Names under which columns may stand beside others; databases do not tell upper case from lower.
class FreeNames {
public:
    void take(std::string const &name) { _taken.insert(common::toLower(name)); }
    std::string nameFor(std::string name) {
        while (!_taken.insert(common::toLower(name)).second) name = "efd_" + name;
        return name;
    }

private:
    std::set<std::string> _taken;
};

/// \param kind  empty: all kinds of windows \param main  what stands before the names of our tables
std::string wideSelect(std::string const &instrument, std::vector<WideColumn> const &columns, FreeNames names,
                       std::string const &kind, std::string const &main) {
    std::string keys;
    for (auto const *key : windowKeys) keys += (keys.empty() ? "w." : ", w.") + std::string(key);
    auto out = "SELECT " + keys;
    for (auto const &column : columns)
        out += ",\n  " + column.expression + " AS " + quoteIdentifier(names.nameFor(column.name));
    out += "\nFROM " + main + "efd_window w JOIN " + main
           + "efd_value v ON v.instrument = w.instrument AND v.kind = w.kind AND v.obs_id = w.obs_id\n"
             "WHERE w.instrument = "
           + sql::quoteText(instrument);
    if (!kind.empty()) out += " AND w.kind = " + sql::quoteText(kind);
    return out + "\nGROUP BY " + keys;
}

/// Telemetry in one view: PostgreSQL takes 1600 columns, SQLite 2000, and keys or records come in front.
constexpr std::size_t mostColumns = 1500;

/// The columns in as many pieces as it takes, at least one.
std::vector<std::vector<WideColumn>> piecesOf(std::vector<WideColumn> const &columns) {
    std::vector<std::vector<WideColumn>> out(1);
    for (auto const &column : columns) {
        if (out.back().size() == mostColumns) out.emplace_back();
        out.back().push_back(column);
    }
    return out;
}

/// What the name of a view ends with: nothing for the first piece.
std::string suffixOf(std::size_t piece) {
    return piece == 0 ? "" : "_" + std::to_string(piece + 1);
}

/// Names of views that no table or other view has: names of instruments may differ in upper case alone, or be
/// that of one of our tables.
class ViewNames {
public:
    explicit ViewNames(sql::Database &db) {
        auto const *const text =
            db.dialect() == sql::Dialect::Sqlite
                ? "SELECT name FROM sqlite_master WHERE type <> 'view'"
                : "SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace "
                  "AND relkind <> 'v'";
        db.cached(text).query({}, [&](sql::Statement const &row) { _free.take(row.text(0)); });
    }
    /// \param rest  what stands behind the name of the instrument
    std::string nameFor(std::string const &instrument, std::string const &rest) {
        auto const name = viewName(instrument) + rest;
        auto out = _free.nameFor(name);
        if (out != name)
            common::log::warning("the view " + name + " of the instrument \"" + instrument + "\" is called "
                                     + out + ", since there is another " + name,
                                 "it is the same instrument in another spelling, perhaps; see "
                                 "SELECT DISTINCT instrument FROM efd_window");
        return out;
    }

private:
    FreeNames _free;
};

View wideView(std::string const &name, std::string const &instrument,
              std::vector<WideColumn> const &columns) {
    FreeNames names;
    for (auto const *key : windowKeys) names.take(key);
    return {name, "CREATE VIEW " + name + " AS\n" + wideSelect(instrument, columns, names, "", "")};
}

/// The names of a table's columns. \throws Error SCHEMA_DAMAGED
std::vector<std::string> columnNames(sql::Database &db, std::string const &table) {
    std::vector<std::string> out;
    auto const statement = db.prepare("SELECT * FROM " + table + " LIMIT 0");
    statement->step();
    for (int i = 0; i < statement->columnCount(); ++i) out.push_back(statement->columnName(i));
    return out;
}

/// The records of an element, exposure or visit, with the telemetry of each.
/// \param registry  what stands before the names of the Butler's tables \param db  that has them
View joinedView(sql::Database &db, std::string const &registry, bool temporary, std::string const &element,
                std::string const &view, std::string const &instrument,
                std::vector<WideColumn> const &columns) {
    FreeNames inner;
    for (auto const *key : windowKeys) inner.take(key);
    auto outer = inner;
    std::string selected;
    FreeNames names;
    // The same steps as in wideSelect(), which give the same names.
    for (auto const &name : columnNames(db, (temporary ? "" : registry) + element)) names.take(name);
    for (auto const &column : columns) {
        selected += ",\n  x." + quoteIdentifier(outer.nameFor(column.name)) + " AS "
                    + quoteIdentifier(names.nameFor(column.name));
    }
    return {view,
            std::string("CREATE ") + (temporary ? "TEMP " : "") + "VIEW " + view + " AS\nSELECT e.*"
                + selected + "\nFROM " + registry + element + " e JOIN (\n"
                + wideSelect(instrument, columns, inner, element, temporary ? "main." : "")
                + "\n) x ON x.obs_id = e.id\nWHERE e.instrument = " + sql::quoteText(instrument),
            temporary};
}

std::vector<View> viewsOf(EfdDatabase &db, LoadOptions const &options) {
    std::vector<View> out;
    auto const file =
        options.repo_file.empty()
            ? nullptr
            : openForReading(options.repo_file, "--repo-file names a registry, such as repo/gen3.sqlite3");
    bool const joined = file || !options.repo_schema.empty();
    auto const registry = file ? std::string("butler.") : quoteIdentifier(options.repo_schema) + ".";
    ViewNames names(db.sql());
    for (auto const &instrument : instruments(db.sql())) {
        auto const pieces = piecesOf(wideColumns(db.sql(), instrument));
        for (std::size_t i = 0; i < pieces.size(); ++i) {
            out.push_back(wideView(names.nameFor(instrument, suffixOf(i)), instrument, pieces[i]));
            if (!joined) continue;
            for (std::string const element : {"exposure", "visit"})
                out.push_back(joinedView(file ? *file : db.sql(), registry, file != nullptr, element,
                                         names.nameFor(instrument, "_" + element + suffixOf(i)), instrument,
                                         pieces[i]));
        }
    }
    return out;
}

void make(EfdDatabase &db, std::vector<View> const &views) {
    db.write([&] {
        for (auto const &view : views) {
            if (view.temporary) continue;
            db.sql().execute("DROP VIEW IF EXISTS " + view.name);
            db.sql().execute(view.statement);
        }
    });
}

} // namespace

common::ExitCode runViews(LoadOptions const &options, int out) {
    bool const server = butler::isPostgres(options.db);
    if (server && !options.repo_file.empty())
        throw common::usageError("--repo-file is of SQLite", "give --repo-schema");
    if (!server && !options.repo_schema.empty())
        throw common::usageError("--repo-schema is of PostgreSQL", "give --repo-file");
    std::vector<View> views;
    {
        EfdDatabase db(options.db, options.schema, EfdDatabase::Access::Read);
        views = viewsOf(db, options);
    }
    bool const dry = options.standard.dry_run;
    if (!dry) {
        EfdDatabase db(options.db, options.schema, EfdDatabase::Access::Write);
        make(db, views);
    }
    common::Output output(out);
    if (!options.repo_file.empty())
        output.write("ATTACH DATABASE " + sql::quoteText(common::absolutePath(options.repo_file))
                     + " AS butler;");
    for (auto const &view : views)
        output.write(view.temporary || dry ? view.statement + ";" : "-- made the view " + view.name);
    output.flush();
    return common::ExitCode::Done;
}

} // namespace dbb::efd
