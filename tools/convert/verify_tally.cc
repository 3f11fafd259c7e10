#include "convert/verify_tally.h"

#include <algorithm>
#include <vector>

namespace dbb::convert {

using common::Json;
using sql::Statement;

namespace {

/// Stands for no night; keys can't be null.
constexpr std::int64_t noNight = 0;

struct Span {
    std::int64_t begin = 0;
    std::int64_t end = 0;
};

/// The exposures of a night: when the first and the last of them began.
struct Night {
    std::int64_t day_obs = 0;
    std::int64_t first = 0;
    std::int64_t last = 0;
};

/// Spans that touch or overlap made one. \param spans  by begin
std::vector<Span> merged(std::vector<Span> const &spans) {
    std::vector<Span> out;
    for (auto const &span : spans) {
        if (!out.empty() && span.begin <= out.back().end) {
            out.back().end = std::max(out.back().end, span.end);
        } else {
            out.push_back(span);
        }
    }
    return out;
}

bool covers(std::vector<Span> const &spans, Night const &night) {
    return std::ranges::any_of(
        spans, [&](Span const &span) { return span.begin <= night.first && night.last < span.end; });
}

/// Runs of nights that are not covered.
void findUncovered(CalibrationPlace const &place, Json const &dataId, std::vector<Night> const &nights,
                   std::vector<Span> const &spans, std::function<void(UncoveredNights const &)> const &take) {
    UncoveredNights run{place, dataId};
    for (auto const &night : nights) {
        if (!covers(spans, night)) {
            if (run.nights == 0) run.first_day_obs = night.day_obs;
            run.last_day_obs = night.day_obs;
            ++run.nights;
        } else if (run.nights > 0) {
            take(run);
            run.nights = 0;
        }
    }
    if (run.nights > 0) take(run);
}

} // namespace

// A database without a name lives in a temporary file, if at all, and goes away with its connection. So does
// the one transaction.
VerifyTally::VerifyTally() : _db(sql::openSqlite("", sql::OpenMode::Create)) {
    _db->execute(
        "CREATE TABLE count (dataset_type TEXT, physical_filter TEXT, day_obs INTEGER, gen2 INTEGER, "
        "gen3 INTEGER, left_out INTEGER, PRIMARY KEY (dataset_type, physical_filter, day_obs)) "
        "WITHOUT ROWID;"
        "CREATE TABLE night (instrument TEXT, physical_filter TEXT, day_obs INTEGER, first INTEGER, "
        "last INTEGER, PRIMARY KEY (instrument, physical_filter, day_obs)) WITHOUT ROWID;"
        "CREATE TABLE validity (instrument TEXT, collection TEXT, dataset_type TEXT, data_id TEXT, "
        "physical_filter TEXT, begin_ns INTEGER, end_ns INTEGER);"
        "CREATE TABLE named (id TEXT PRIMARY KEY) WITHOUT ROWID");
    _db->begin();
}

void VerifyTally::count(NightCount const &line) {
    _db->cached("INSERT INTO count VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET gen2 = gen2 + "
                "excluded.gen2, gen3 = gen3 + excluded.gen3, left_out = left_out + excluded.left_out")
        .run({line.dataset_type, line.physical_filter, line.day_obs.value_or(noNight), line.gen2, line.gen3,
              line.left_out});
}

void VerifyTally::forEachCount(std::function<void(NightCount const &)> const &take) {
    _db->cached("SELECT * FROM count ORDER BY dataset_type, physical_filter, day_obs")
        .query({}, [&](Statement const &row) {
            auto const night = row.integer(2);
            take({row.text(0), row.text(1), night == noNight ? std::nullopt : std::optional(night),
                  row.integer(3), row.integer(4), row.integer(5)});
        });
}

void VerifyTally::addExposure(std::string const &instrument, std::string const &physicalFilter,
                              std::int64_t day_obs, std::int64_t begin_tai_ns) {
    _db->cached("INSERT INTO night VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT DO UPDATE SET first = min(first, "
                "excluded.first), last = max(last, excluded.last)")
        .run({instrument, physicalFilter, day_obs, begin_tai_ns});
}

void VerifyTally::addValidity(CalibrationPlace const &place, Json const &dataId, std::int64_t begin_tai_ns,
                              std::int64_t end_tai_ns) {
    auto const &filter = dataId["physical_filter"];
    _db->cached("INSERT INTO validity VALUES (?, ?, ?, ?, ?, ?, ?)")
        .run({place.instrument, place.collection, place.dataset_type, dataId.dump(),
              filter.isString() ? filter.string() : "", begin_tai_ns, end_tai_ns});
}

void VerifyTally::forEachUncovered(std::function<void(UncoveredNights const &)> const &take) {
    auto const nightsOf = [&](std::string const &instrument, std::string const &filter) {
        std::vector<Night> out;
        _db->cached("SELECT day_obs, min(first), max(last) FROM night WHERE instrument = ?1 AND (?2 = '' OR "
                    "physical_filter = ?2) GROUP BY day_obs ORDER BY day_obs")
            .query({instrument, filter}, [&](Statement const &row) {
                out.push_back({row.integer(0), row.integer(1), row.integer(2)});
            });
        return out;
    };
    CalibrationPlace place;
    std::string dataId;
    std::string filter;
    std::vector<Span> spans;
    auto const finish = [&] {
        if (spans.empty()) return;
        findUncovered(place, Json::parse(dataId), nightsOf(place.instrument, filter), merged(spans), take);
        spans.clear();
    };
    _db->cached("SELECT * FROM validity ORDER BY instrument, collection, dataset_type, data_id, begin_ns")
        .query({}, [&](Statement const &row) {
            CalibrationPlace const at{row.text(0), row.text(1), row.text(2)};
            if (at != place || row.text(3) != dataId) {
                finish();
                place = at;
                dataId = row.text(3);
                filter = row.text(4);
            }
            spans.push_back({row.integer(5), row.integer(6)});
        });
    finish();
}

void VerifyTally::addNamed(std::string const &id) {
    _db->cached("INSERT INTO named VALUES (?) ON CONFLICT DO NOTHING").run({id});
}

bool VerifyTally::isNamed(std::string const &id) {
    return _db->cached("SELECT 1 FROM named WHERE id = ?").hasRow({id});
}

} // namespace dbb::convert
