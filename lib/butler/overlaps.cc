#include "butler/overlaps.h"

#include "butler/record_plan.h"
#include "butler/sky_region.h"
#include "common/error.h"

namespace dbb::butler {

using common::Error;
using sql::quoteIdentifier;
using sql::Value;

std::vector<std::int64_t> trixelsOf(Universe const &universe, std::string const &region) {
    if (region.empty()) return {};
    if (universe.commonSkypixSystem() == "htm") {
        auto found = SkyRegion::decode(region).trixels(universe.commonSkypixLevel());
        if (found) return std::move(found->possible);
    }
    // Without its rows, spatial queries would miss the record.
    throw Error("REGION_UNSUPPORTED", "the region is of a kind, or as large as, dbb can't index")
        .cause({.column = "region", .value = region, .expected = "a polygon, a circle or a union of these"});
}

void writeOverlaps(Repository const &repo, Element const &element, std::vector<Value> const &key,
                   std::vector<std::int64_t> const &trixels) {
    auto const &universe = repo.universe();
    auto &db = repo.db();
    auto columns = universe.requiredOf(element);
    auto const table = quoteIdentifier(element.name + "_skypix_overlap");
    auto values = key;
    db.cached("DELETE FROM " + table + " WHERE " + equalities(columns)).run(values);
    if (trixels.empty()) return;
    columns.insert(columns.begin(), {"skypix_system", "skypix_level"});
    values.insert(values.begin(),
                  {universe.commonSkypixSystem(), std::int64_t{universe.commonSkypixLevel()}});
    auto const governor = universe.governorOf(element);
    if (!governor.empty()) {
        // The registration of an instrument writes it; repositories of old releases lack it.
        db.cached("INSERT INTO " + quoteIdentifier(element.name + "_skypix_overlap_summary") + " ("
                  + quotedList({"skypix_system", "skypix_level", governor})
                  + ") VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
            .run({values[0], values[1], values[2]});
    }
    columns.emplace_back("skypix_index");
    std::string marks;
    for (std::size_t i = 0; i < columns.size(); ++i) marks += i == 0 ? "?" : ", ?";
    auto &insert =
        db.cached("INSERT INTO " + table + " (" + quotedList(columns) + ") VALUES (" + marks + ")");
    values.emplace_back();
    for (auto const trixel : trixels) {
        values.back() = trixel;
        insert.run(values);
    }
}

} // namespace dbb::butler
