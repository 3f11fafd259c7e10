#include "efd/efd_revisit.h"

#include "common/calendar.h"
#include "common/lines.h"
#include "common/options.h"
#include "common/signals.h"
#include "efd/column_file.h"
#include "efd/column_filter.h"
#include "efd/efd_database.h"
#include "efd/found_window.h"
#include "efd/instant_reader.h"
#include "telemetry/cell.h"
#include "telemetry/instants.h"

#include <optional>
#include <set>

namespace dbb::efd {

using common::Json;
using sql::Statement;

namespace {

/// TAI nanoseconds from which on windows may end to be asked for again for what they have.
std::int64_t horizonOf(LoadOptions const &options) {
    auto const now = options.now.empty() ? telemetry::TaiFromUtc()(common::nowUtcNs())
                                         : InstantReader("").option(options.now, "--now");
    auto const seconds = common::parseDuration(options.horizon, "--horizon");
    return now - static_cast<std::int64_t>(seconds * 1e9);
}

/// A condition that lets values of the chosen columns pass: those of --only, and of the file.
std::string chosenColumns(sql::Database &db, LoadOptions const &options) {
    if (options.only.empty() && options.columns.empty()) return "";
    ColumnFilter filter(options.only);
    std::set<std::string> ofFile;
    for (auto const &column : readColumns(options.columns)) ofFile.insert(column.name);
    std::string ids;
    db.cached("SELECT column_id, name FROM efd_column ORDER BY column_id")
        .query({}, [&](Statement const &row) {
            auto const name = row.text(1);
            if (!filter.takes(name) || (!options.columns.empty() && !ofFile.contains(name))) return;
            ids += (ids.empty() ? "" : ", ") + std::to_string(row.integer(0));
        });
    return " AND v.column_id IN (" + (ids.empty() ? "NULL" : ids) + ")";
}

/// The median of numbers in the rows of a table `ranked` that has one for each value, by night, column and
/// element: the mean of the one or two in the middle. \param number  its column \param place  that of its
/// rank
std::string medianOf(std::string const &number, std::string const &place) {
    return "avg(CASE WHEN " + place + " IN ((number + 1) / 2, (number + 2) / 2) THEN " + number + " END)";
}

/// Values with their windows; ?1 is the horizon. Of how many samples a value should be tells the median of
/// the night: a short exposure has fewer, but not fewer a second. An empty window (status 9) stays so.
std::string question(std::string const &chosen) {
    std::string const found = "SELECT w.begin_tai_ns, w.instrument, w.kind, w.obs_id, w.day_obs, w.seq_num, "
                              "w.end_tai_ns, w.src, c.name, v.element, v.n, v.status, v.t_last_tai_ns, "
                              "v.config_hash, v.settled FROM efd_window w JOIN efd_value v ON "
                              "v.instrument = w.instrument AND v.kind = w.kind AND v.obs_id = w.obs_id "
                              "JOIN efd_column c ON c.column_id = v.column_id ";
    std::string const group = "instrument, kind, night, column_id, element";
    std::string const rate = "CAST(v.n AS double precision) / CASE WHEN w.end_tai_ns > w.begin_tai_ns "
                             "THEN w.end_tai_ns - w.begin_tai_ns ELSE 1 END";
    return "WITH recent AS (SELECT DISTINCT instrument, kind, coalesce(day_obs, 0) AS night FROM efd_window "
           "WHERE end_tai_ns >= ?1), "
           "counted AS (SELECT r.instrument, r.kind, r.night, v.column_id, v.element, v.n, "
           + rate
           + " AS rate FROM recent r JOIN efd_window w ON w.instrument = r.instrument AND w.kind = r.kind "
             "AND coalesce(w.day_obs, 0) = r.night JOIN efd_value v ON v.instrument = w.instrument "
             "AND v.kind = w.kind AND v.obs_id = w.obs_id WHERE TRUE"
           + chosen + "), ranked AS (SELECT " + group + ", n, rate, row_number() OVER (PARTITION BY " + group
           + " ORDER BY n) AS by_n, row_number() OVER (PARTITION BY " + group
           + " ORDER BY rate) AS by_rate, count(*) OVER (PARTITION BY " + group
           + ") AS number FROM counted), median AS (SELECT " + group + ", " + medianOf("n", "by_n")
           + " AS n, " + medianOf("rate", "by_rate") + " AS rate FROM ranked GROUP BY " + group + ") " + found
           + "WHERE v.settled = 0" + chosen + " UNION " + found
           + "JOIN median m ON m.instrument = w.instrument AND m.kind = w.kind "
             "AND m.night = coalesce(w.day_obs, 0) AND m.column_id = v.column_id AND m.element = v.element "
             "WHERE w.end_tai_ns >= ?1 AND (v.status IN (1, 2, 3, 20, 21) OR (v.status <> 9 AND 2 * v.n < "
             "m.n AND 2 * "
           + rate + " < m.rate))" + chosen + " ORDER BY 1, 2, 3, 4, 9, 10";
}

FoundWindow windowOf(Statement const &row) {
    FoundWindow out{.instrument = row.text(1), .kind = row.text(2), .id = row.integer(3)};
    if (!row.isNull(4)) out.day_obs = row.integer(4);
    if (!row.isNull(5)) out.seq_num = row.integer(5);
    out.begin_ns = row.integer(0);
    out.end_ns = row.integer(6);
    out.src = row.text(7);
    return out;
}

/// What makes it needless to compute a value again, when the source says the same. Of a topic or field that
/// was not there, or was misunderstood, numbers of samples say nothing; and what is not settled is to be told
/// to be so at last.
Json knownOf(Statement const &row) {
    using telemetry::Status;
    auto const status = row.integer(11);
    bool const counted = status <= static_cast<std::int64_t>(Status::AllNan)
                         || status == static_cast<std::int64_t>(Status::LeapAmbiguous);
    if (!counted || row.integer(14) == 0 || row.isNull(10)) return {};
    Json out;
    out.set("n", row.integer(10));
    out.set("t_last_tai", row.isNull(12) ? Json() : Json(common::isoFromNs(row.integer(12))));
    if (!row.isNull(13)) out.set("config", row.text(13));
    return out;
}

/// The line of a window whose values come one after the other.
class RevisitLine {
public:
    explicit RevisitLine(FoundWindow window) : _window(std::move(window)) {}

    bool isOf(FoundWindow const &window) const {
        return window.id == _window.id && window.kind == _window.kind
               && window.instrument == _window.instrument;
    }

    /// \param known  null: nothing is
    void add(std::string const &column, Json known) {
        if (_columns.empty() || _columns.back() != Json(column)) {
            _columns.emplace_back(column);
            _known.emplace_back(column, std::move(known));
        } else if (_known.back().second != known) {
            _known.back().second = {}; // it is said of all elements of a column together
        }
    }

    /// Without what would make it too long: with no columns it means all of them, with nothing known all
    /// their values.
    std::string text() const {
        auto line = lineOf(_window);
        line.set("columns", _columns);
        Json::Object known;
        for (auto const &column : _known) {
            if (!column.second.isNull()) known.push_back(column);
        }
        if (!known.empty()) line.set("known", std::move(known));
        for (auto const *key : {"known", "columns"})
            if (line.length() > common::LineReader::maxLine) line.erase(key);
        return line.line();
    }

private:
    FoundWindow _window;
    Json::Array _columns;
    Json::Object _known; ///< by column; null: nothing is
};

} // namespace

common::ExitCode runRevisit(LoadOptions const &options, int out) {
    auto const horizon = horizonOf(options);
    EfdDatabase db(options.db, options.schema, EfdDatabase::Access::Read);
    auto const text = question(chosenColumns(db.sql(), options));
    common::Output output(out);
    std::optional<RevisitLine> line;
    db.sql().cached(text).query({horizon}, [&](Statement const &row) {
        auto window = windowOf(row);
        if (!line || !line->isOf(window)) {
            if (line) output.write(line->text());
            line.emplace(std::move(window));
        }
        line->add(row.text(8), knownOf(row));
    });
    if (line) output.write(line->text());
    if (common::stopSignal() == 0) output.write(manifest::endRecord("dbb-efd-load").line());
    output.flush();
    return common::ExitCode::Done;
}

} // namespace dbb::efd
