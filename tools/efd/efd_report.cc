#include "efd/efd_report.h"

#include "common/json.h"
#include "common/lines.h"
#include "common/text_table.h"
#include "efd/efd_database.h"
#include "telemetry/cell.h"

#include <algorithm>
#include <cstdio>
#include <optional>

namespace dbb::efd {

using common::Json;

namespace {

/// The statuses of a column in a night.
struct Row {
    std::string instrument;
    std::optional<std::int64_t> day_obs;
    std::string column;
    std::vector<std::pair<std::int64_t, std::int64_t>> counts; ///< by status, in its order

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
    return out.dump();
}

} // namespace

common::ExitCode runReport(LoadOptions const &options, int out) {
    EfdDatabase db(options.db, options.schema, EfdDatabase::Access::Read);
    common::Output output(out);
    common::TextTable table({"instrument", "day_obs", "column", "values", "ok", "others"});
    Row row;
    auto const finish = [&] {
        if (row.counts.empty()) return;
        if (options.json) {
            output.write(lineOf(row));
        } else {
            print(row, table);
        }
    };
    db.sql()
        .cached("SELECT v.instrument, w.day_obs, c.name, v.status, count(*) FROM efd_value v "
                "JOIN efd_column c ON c.column_id = v.column_id LEFT JOIN efd_window w ON "
                "w.instrument = v.instrument AND w.kind = v.kind AND w.obs_id = v.obs_id "
                "GROUP BY v.instrument, w.day_obs, c.name, v.status "
                "ORDER BY v.instrument, coalesce(w.day_obs, 0), c.name, v.status")
        .query({}, [&](sql::Statement const &found) {
            Row next;
            next.instrument = found.text(0);
            if (!found.isNull(1)) next.day_obs = found.integer(1);
            next.column = found.text(2);
            if (!next.isOf(row)) {
                finish();
                row = next;
            }
            row.counts.emplace_back(found.integer(3), found.integer(4));
        });
    finish();
    table.print(output);
    output.flush();
    return common::ExitCode::Done;
}

} // namespace dbb::efd
