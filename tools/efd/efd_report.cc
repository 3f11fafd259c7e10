#include "efd/efd_report.h"

#include "butler/where.h"
#include "common/json.h"
#include "common/lines.h"
#include "common/options.h"
#include "common/text_table.h"
#include "efd/efd_database.h"
#include "telemetry/cell.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <set>

namespace dbb::efd {

using common::Json;

namespace {

/// The statuses of a column in a night.
struct Row {
    std::string instrument{};
    std::optional<std::int64_t> day_obs{};
    std::string column{};
    std::vector<std::pair<std::int64_t, std::int64_t>> counts{}; ///< by status, in its order
    std::int64_t unsettled = 0;
    std::int64_t fewer = 0; ///< values of which the source had fewer samples later

    bool isOf(Row const &other) const {
        return instrument == other.instrument && day_obs == other.day_obs && column == other.column;
    }
    std::int64_t total() const {
        std::int64_t out = 0;
        for (auto const &[status, count] : counts) out += count;
        return out;
    }
};

std::string nameOfStatus(std::int64_t status) {
    using telemetry::Status;
    bool const known = (status >= 0 && status <= static_cast<std::int64_t>(Status::LeapAmbiguous))
                       || status == static_cast<std::int64_t>(Status::SourceError)
                       || status == static_cast<std::int64_t>(Status::Timeout);
    if (!known) return "status_" + std::to_string(status);
    return std::string(telemetry::nameOf(static_cast<Status>(status)));
}

/// A share as people read it; what is not all is never 100 %, and what is there never 0 %.
std::string percentOf(std::int64_t part, std::int64_t whole) {
    if (part == 0 || part == whole) return part == 0 ? "0 %" : "100 %";
    auto const percent = 100 * static_cast<double>(part) / static_cast<double>(whole);
    char text[32];
    std::snprintf(text, sizeof text, "%.1f %%", std::clamp(percent, 0.1, 99.9));
    return text;
}

void print(Row const &row, common::TextTable &table) {
    auto const total = row.total();
    std::int64_t ok = 0;
    std::string others;
    for (auto const &[status, count] : row.counts) {
        if (status == 0) {
            ok = count;
        } else {
            others += (others.empty() ? "" : ", ") + nameOfStatus(status) + " " + percentOf(count, total);
        }
    }
    auto const also = [&](std::int64_t count, char const *what) {
        if (count > 0)
            others += (others.empty() ? "" : ", ") + std::string(what) + " " + std::to_string(count);
    };
    also(row.unsettled, "unsettled:");
    also(row.fewer, "fewer samples later:");
    table.add({row.instrument, row.day_obs ? std::to_string(*row.day_obs) : "-", row.column,
               std::to_string(total), percentOf(ok, total), others});
}

std::string lineOf(Row const &row) {
    Json out, counts{Json::Object()}, shares{Json::Object()};
    auto const total = row.total();
    for (auto const &[status, count] : row.counts) {
        counts.set(nameOfStatus(status), count);
        shares.set(nameOfStatus(status), static_cast<double>(count) / static_cast<double>(total));
    }
    out.set("type", "report").set("instrument", row.instrument);
    out.set("day_obs", row.day_obs ? Json(*row.day_obs) : Json());
    out.set("column", row.column).set("values", total).set("counts", counts).set("shares", shares);
    out.set("unsettled", row.unsettled).set("fewer", row.fewer);
    return out.dump();
}

/// What --where may name, and where it comes from.
constexpr std::array<std::array<char const *, 2>, 17> selectable{{{"instrument", "v.instrument"},
                                                                  {"kind", "v.kind"},
                                                                  {"id", "v.obs_id"},
                                                                  {"day_obs", "w.day_obs"},
                                                                  {"seq_num", "w.seq_num"},
                                                                  {"column", "c.name"},
                                                                  {"element", "v.element"},
                                                                  {"value", "v.value"},
                                                                  {"value_text", "v.value_text"},
                                                                  {"n", "v.n"},
                                                                  {"status", "v.status"},
                                                                  {"coverage", "v.coverage"},
                                                                  {"max_gap_ns", "v.max_gap_ns"},
                                                                  {"n_gaps", "v.n_gaps"},
                                                                  {"settled", "v.settled"},
                                                                  {"fewer_n", "v.fewer_n"},
                                                                  {"run_id", "v.run_id"}}};

/// Those that hold texts. People know a status by its name, which the values do not have.
constexpr std::array<std::string_view, 4> textColumns{"instrument", "kind", "column", "value_text"};

/// The values that are asked for, by the names of `selectable`.
struct Chosen {
    std::string sql; ///< to stand behind FROM
    std::vector<sql::Value> values{};
};

Chosen chosenValues(LoadOptions const &options) {
    std::vector<std::string> names;
    std::set<std::string> numbers;
    std::string select;
    for (auto const &[name, from] : selectable) {
        names.emplace_back(name);
        if (!std::ranges::count(textColumns, std::string_view(name))) numbers.emplace(name);
        select += (select.empty() ? "" : ", ") + std::string(from) + " AS " + sql::quoteIdentifier(name);
    }
    auto where = butler::parseWhere(options.where, names, numbers);
    Chosen out{
        .sql = "(SELECT " + select
               + " FROM efd_value v JOIN efd_column c ON c.column_id = v.column_id LEFT JOIN efd_window w "
                 "ON w.instrument = v.instrument AND w.kind = v.kind AND w.obs_id = v.obs_id) x WHERE "
               + (where.sql.empty() ? "TRUE" : "(" + where.sql + ")"),
        .values = std::move(where.values)};
    if (options.day_obs.empty()) return out;
    auto const [first, last] = common::parseDays(options.day_obs, "--day-obs");
    out.sql += " AND day_obs BETWEEN ? AND ?";
    out.values.emplace_back(first);
    out.values.emplace_back(last);
    return out;
}

void reportStatuses(EfdDatabase &db, Chosen const &chosen, bool json, common::Output &output) {
    common::TextTable table({"instrument", "day_obs", "column", "values", "ok", "others"});
    Row row;
    auto const finish = [&] {
        if (row.counts.empty()) return;
        if (json) {
            output.write(lineOf(row));
        } else {
            print(row, table);
        }
    };
    db.sql()
        .cached("SELECT instrument, day_obs, \"column\", status, count(*), "
                "sum(CASE WHEN settled = 0 THEN 1 ELSE 0 END), count(fewer_n) FROM "
                + chosen.sql
                + " GROUP BY instrument, day_obs, \"column\", status "
                  "ORDER BY instrument, coalesce(day_obs, 0), \"column\", status")
        .query(chosen.values, [&](sql::Statement const &found) {
            Row next{.instrument = found.text(0), .column = found.text(2)};
            if (!found.isNull(1)) next.day_obs = found.integer(1);
            if (!next.isOf(row)) {
                finish();
                row = next;
            }
            row.counts.emplace_back(found.integer(3), found.integer(4));
            row.unsettled += found.integer(5);
            row.fewer += found.integer(6);
        });
    finish();
    table.print(output);
}

std::string secondsOf(std::int64_t ns) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f s", static_cast<double>(ns) / 1e9);
    return text;
}

/// By instrument, night and column: in how many windows there are gaps, how many, and the longest.
void reportGaps(EfdDatabase &db, Chosen const &chosen, bool json, common::Output &output) {
    common::TextTable table({"instrument", "day_obs", "column", "windows", "gaps", "longest"});
    db.sql()
        .cached("SELECT instrument, day_obs, \"column\", count(*), sum(gaps), max(longest) FROM (SELECT "
                "instrument, day_obs, \"column\", kind, id, max(n_gaps) AS gaps, max(max_gap_ns) AS longest "
                "FROM "
                + chosen.sql
                + " AND n_gaps > 0 GROUP BY instrument, day_obs, \"column\", kind, id) y "
                  "GROUP BY instrument, day_obs, \"column\" ORDER BY max(longest) DESC, instrument, "
                  "coalesce(day_obs, 0), \"column\"")
        .query(chosen.values, [&](sql::Statement const &found) {
            auto const day = found.isNull(1) ? Json() : Json(found.integer(1));
            if (json) {
                Json out;
                out.set("type", "report").set("instrument", found.text(0)).set("day_obs", day);
                out.set("column", found.text(2)).set("windows", found.integer(3));
                out.set("gaps", found.integer(4)).set("max_gap_ns", found.integer(5));
                output.write(out.dump());
            } else {
                table.add({found.text(0), day.isNull() ? "-" : day.text(), found.text(2), found.text(3),
                           found.text(4), secondsOf(found.integer(5))});
            }
        });
    table.print(output);
}

} // namespace

common::ExitCode runReport(LoadOptions const &options, int out) {
    auto const chosen = chosenValues(options);
    EfdDatabase db(options.db, options.schema, EfdDatabase::Access::Read);
    common::Output output(out);
    if (options.gaps) {
        reportGaps(db, chosen, options.json, output);
    } else {
        reportStatuses(db, chosen, options.json, output);
    }
    output.flush();
    return common::ExitCode::Done;
}

} // namespace dbb::efd
