// Rows of the trixels that regions touch, which spatial queries join on.
#include "butler/check_parts.h"
#include "butler/dialect.h"
#include "butler/sky_region.h"
#include "common/error.h"
#include "common/signals.h"
#include "common/text.h"

#include <algorithm>
#include <map>

namespace dbb::butler {

using common::Json;
using sql::quoteIdentifier;
using sql::Statement;
using sql::Value;

namespace {

using Names = std::vector<std::string>;

/// Records that are fetched before their regions are worked on: an open query would keep writers waiting.
constexpr std::size_t overlapRows = 500;

class Overlaps {
public:
    Overlaps(CheckContext const &context, Element const &element)
        : _context(context), _element(element), _table(element.name + "_skypix_overlap"),
          _dimensions(context.repo->universe().requiredOf(element)) {
        for (auto const &column : recordColumns(context.repo->universe(), element)) {
            if (column.key) _keys.push_back(column.name);
        }
        auto const &universe = context.repo->universe();
        _system = universe.commonSkypixSystem();
        _level = universe.commonSkypixLevel();
    }

    void findStale() const {
        Names on;
        for (std::size_t i = 0; i < _keys.size(); ++i) {
            on.push_back("e." + quoteIdentifier(_keys[i]) + " = o." + quoteIdentifier(_dimensions[i]));
        }
        auto const without = "NOT EXISTS (SELECT 1 FROM " + quoteIdentifier(_element.name) + " AS e WHERE "
                             + common::join(on, " AND ") + " AND e.region IS NOT NULL)";
        Names conditions;
        for (auto const &name : _dimensions) conditions.push_back("o." + quoteIdentifier(name) + " = ?");
        _context.db
            .prepare("SELECT DISTINCT " + prefixedList("o", _dimensions) + " FROM " + quoteIdentifier(_table)
                     + " AS o WHERE " + without + " ORDER BY " + prefixedList("o", _dimensions))
            ->query({}, [&](Statement const &row) {
                std::vector<Value> key;
                for (std::size_t i = 0; i < _keys.size(); ++i) key.push_back(row.column(static_cast<int>(i)));
                _context.report({"stale_overlap",
                                 placeOf(_table, _dimensions, row),
                                 _table + " has rows of " + _element.name + " (" + keyText(_dimensions, row)
                                     + "), which is not there or has no region",
                                 {{"DELETE FROM " + quoteIdentifier(_table) + " AS o WHERE "
                                       + common::join(conditions, " AND ") + " AND " + without,
                                   key}}});
            });
    }

    /// Pixels that the mesh of the universe does not have.
    void findOutside() const {
        if (_system != "htm") return;
        auto const first = std::int64_t{8} << (2 * _level);
        std::string const condition =
            "o.skypix_system = ? AND o.skypix_level = ? AND (o.skypix_index < ? OR o.skypix_index >= ?)";
        std::vector<Value> const values{_system, _level, first, 2 * first};
        _context.db
            .prepare("SELECT " + prefixedList("o", _dimensions) + ", min(o.skypix_index) FROM "
                     + quoteIdentifier(_table) + " AS o WHERE " + condition + " GROUP BY "
                     + prefixedList("o", _dimensions) + " ORDER BY " + prefixedList("o", _dimensions))
            ->query(values, [&](Statement const &row) {
                auto const size = static_cast<int>(_dimensions.size());
                auto where = placeOf(_table, _dimensions, row);
                where.set("skypix_index", row.integer(size));
                auto key = values;
                Names conditions;
                for (int i = 0; i < size; ++i) {
                    conditions.push_back("o." + quoteIdentifier(_dimensions[static_cast<std::size_t>(i)])
                                         + " = ?");
                    key.push_back(row.column(i));
                }
                _context.report({"stale_overlap",
                                 where,
                                 _table + " has pixel " + row.text(size) + " for " + _element.name + " ("
                                     + keyText(_dimensions, row) + "), which htm" + std::to_string(_level)
                                     + " does not have",
                                 {{"DELETE FROM " + quoteIdentifier(_table) + " AS o WHERE " + condition
                                       + " AND " + common::join(conditions, " AND "),
                                   key}}});
            });
    }

    void findMissing() {
        std::vector<Record> page;
        for (std::vector<Value> last; fetch(last, page) && common::stopSignal() == 0;) {
            last = page.back().key;
            auto const trixels = stored(page);
            for (auto const &record : page) {
                auto const have = trixels.find(record.key);
                compare(record, have == trixels.end() ? std::vector<std::int64_t>() : have->second);
            }
        }
    }

private:
    struct Record {
        std::vector<Value> key;
        std::string region;
    };

    bool fetch(std::vector<Value> const &last, std::vector<Record> &page) const {
        page.clear();
        auto const list = prefixedList("e", _keys);
        auto const after =
            last.empty() ? std::string()
                         : " AND (" + list + ") > (" + common::join(Names(_keys.size(), "?"), ", ") + ")";
        _context.db
            .cached("SELECT " + list + ", e.region FROM " + quoteIdentifier(_element.name)
                    + " AS e WHERE e.region IS NOT NULL" + after + " ORDER BY " + list + " LIMIT "
                    + std::to_string(overlapRows))
            .query(last, [&](Statement const &row) {
                Record record;
                int index = 0;
                while (record.key.size() < _keys.size()) record.key.push_back(row.column(index++));
                record.region = row.text(index);
                page.push_back(std::move(record));
            });
        return !page.empty();
    }

    /// The trixels that are stored, in order, of all records of a page: one query for many.
    std::map<std::vector<Value>, std::vector<std::int64_t>> stored(std::vector<Record> const &page) const {
        auto const list = prefixedList("o", _dimensions);
        auto const marks = common::join(Names(_keys.size(), "?"), ", ");
        std::vector<Value> values{_system, _level};
        values.insert(values.end(), page.front().key.begin(), page.front().key.end());
        values.insert(values.end(), page.back().key.begin(), page.back().key.end());
        std::map<std::vector<Value>, std::vector<std::int64_t>> out;
        _context.db
            .cached("SELECT " + list + ", o.skypix_index FROM " + quoteIdentifier(_table)
                    + " AS o WHERE o.skypix_system = ? AND o.skypix_level = ? AND (" + list + ") >= (" + marks
                    + ") AND (" + list + ") <= (" + marks + ") ORDER BY o.skypix_index")
            .query(values, [&](Statement const &row) {
                std::vector<Value> key;
                while (key.size() < _keys.size()) key.push_back(row.column(static_cast<int>(key.size())));
                out[std::move(key)].push_back(row.integer(static_cast<int>(_keys.size())));
            });
        return out;
    }

    void compare(Record const &record, std::vector<std::int64_t> const &have) const {
        SkyRegion region;
        try {
            region = SkyRegion::decode(record.region);
        } catch (common::Error const &e) {
            _context.report({"bad_region", place(record), what(record) + ": " + e.message()});
            return;
        }
        auto const trixels = _system == "htm" ? region.trixels(static_cast<int>(_level)) : std::nullopt;
        if (!trixels) {
            if (!have.empty()) return;
            _context.report({"missing_overlap", place(record),
                             what(record) + " has no row in " + _table
                                 + "; its region is of a kind that dbb does not index"});
            return;
        }
        std::vector<std::int64_t> missing;
        std::set_difference(trixels->certain.begin(), trixels->certain.end(), have.begin(), have.end(),
                            std::back_inserter(missing));
        if (missing.empty()) return;
        _context.report({"missing_overlap",
                         place(record),
                         what(record) + " lacks " + std::to_string(missing.size()) + " of "
                             + std::to_string(trixels->certain.size()) + " rows in " + _table
                             + ": spatial queries miss it",
                         {insertion(record, trixels->possible)}});
    }

    /// Rows of all trixels, as long as the record still has this region.
    Mending insertion(Record const &record, std::vector<std::int64_t> const &trixels) const {
        Names conditions;
        for (auto const &name : _keys) conditions.push_back("e." + quoteIdentifier(name) + " = ?");
        Json::Array const indexes(trixels.begin(), trixels.end());
        std::vector<Value> values{_system, _level, Json(indexes).dump()};
        values.insert(values.end(), record.key.begin(), record.key.end());
        values.push_back(record.region);
        Names columns;
        for (auto const &name : _dimensions) columns.push_back(quoteIdentifier(name));
        return {"INSERT INTO " + quoteIdentifier(_table) + " (skypix_system, skypix_level, skypix_index, "
                    + common::join(columns, ", ") + ") SELECT ?, ?, j.value, " + prefixedList("e", _keys)
                    + " FROM " + rowsOfArray(_context.db.dialect()) + ", " + quoteIdentifier(_element.name)
                    + " AS e WHERE " + common::join(conditions, " AND ")
                    + " AND e.region = ? ON CONFLICT DO NOTHING",
                values};
    }

    Json place(Record const &record) const {
        Json out;
        out.set("table", _element.name);
        for (std::size_t i = 0; i < _keys.size(); ++i) out.set(_keys[i], jsonOf(record.key[i]));
        return out;
    }

    std::string what(Record const &record) const {
        Names parts;
        for (std::size_t i = 0; i < _keys.size(); ++i)
            parts.push_back(_keys[i] + "=" + shownValue(record.key[i]));
        return _element.name + " (" + common::join(parts, ", ") + ")";
    }

    CheckContext const &_context;
    Element const &_element;
    std::string _table;
    Names _dimensions; ///< key columns as the overlap table calls them
    Names _keys;       ///< the same as the record's own table calls them
    std::string _system;
    std::int64_t _level = 0;
};

} // namespace

void findOverlapDamage(CheckContext const &context) {
    for (auto const &element : context.repo->universe().elements()) {
        if (!element.spatial) continue;
        Overlaps overlaps(context, element);
        overlaps.findStale();
        overlaps.findOutside();
        overlaps.findMissing();
    }
}

} // namespace dbb::butler
