#include "butler/expansion.h"

#include "butler/record_plan.h"
#include "butler/record_values.h"
#include "butler/schema.h"
#include "common/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ranges>

namespace dbb::butler {

using common::Error;
using common::Json;
using sql::Value;

namespace {

using Fields = std::map<std::string, std::string>;

/// Records of a dimension that are remembered: more than a camera has detectors or filters.
constexpr std::size_t mostRecords = 500;

/// A number as Python prints it.
std::string pythonNumber(double value) {
    constexpr double shortest = 1e-4;
    constexpr double longest = 1e16;
    auto const size = std::abs(value);
    bool const fixed = value == 0 || (size >= shortest && size < longest);
    char buffer[64];
    auto const end = std::to_chars(buffer, buffer + sizeof buffer, value,
                                   fixed ? std::chars_format::fixed : std::chars_format::scientific)
                         .ptr;
    std::string out(buffer, end);
    return fixed && out.find('.') == std::string::npos ? out + ".0" : out;
}

/// A value as Python writes it into a path.
std::string pythonText(Json const &value) {
    if (value.isNull()) return "None";
    if (value.isBool()) return value.boolean() ? "True" : "False";
    return value.isDouble() ? pythonNumber(value.number()) : value.text();
}

/// The key of a dimension as a column.
RecordColumn keyColumn(Element const &dimension) {
    auto const &key = dimension.keys.front();
    return {.name = key.name, .type = key, .key = true};
}

Json jsonOf(Element const &dimension, Value const &value) {
    return valueOf(keyColumn(dimension), std::vector<Value>{value}, 0);
}

/// A dimension's value as the registry would store it.
Value valueFor(Element const &dimension, Json const &value) {
    std::vector<Value> out;
    appendValues(dimension.name, keyColumn(dimension), value, out);
    return out.front();
}

/// Columns of a record that can stand in a path.
Fields fieldsOf(Universe const &universe, Element const &dimension, DimensionRecord const &record) {
    Fields out;
    for (auto const &column : recordColumns(universe, dimension)) {
        auto const type = column.type.type;
        bool const isText = type != ColumnType::Region && type != ColumnType::Hash && !column.timespan;
        if (isText) out[dimension.name + "." + column.name] = pythonText(record[column.name]);
    }
    return out;
}

/// Dimensions, each behind those that imply a part of its key: then all keys are known in time.
std::vector<Element const *> lookupOrder(Universe const &universe) {
    std::vector<Element const *> left;
    for (auto const &element : universe.elements())
        if (element.isDimension()) left.push_back(&element);
    auto const impliedByOthers = [&](Element const *dimension) {
        auto const required = universe.requiredOf(*dimension);
        return std::ranges::any_of(left, [&](Element const *other) {
            return other != dimension && std::ranges::any_of(other->implies, [&](std::string const &name) {
                       return std::ranges::find(required, name) != required.end();
                   });
        });
    };
    std::vector<Element const *> out;
    while (!left.empty()) {
        auto const next = std::ranges::find_if_not(left, impliedByOthers);
        if (next == left.end())
            throw Error("REPO_UNSUPPORTED", "dimensions of the universe imply each other",
                        common::ExitCode::Damaged);
        out.push_back(*next);
        left.erase(next);
    }
    return out;
}

/// Pixels of level L are numbered: 8·4^L trixels of HTM from 8·4^L on, 12·4^L of HEALPix from 0 on.
std::optional<Error> wrongPixel(Element const &dimension, std::int64_t index) {
    bool const htm = dimension.name.starts_with("htm");
    if (!htm && !dimension.name.starts_with("healpix")) return std::nullopt;
    auto const level = std::stoi(dimension.name.substr(dimension.name.find_first_of("0123456789")));
    auto const one = std::int64_t{1} << (2 * level);
    auto const first = htm ? 8 * one : 0;
    auto const end = htm ? 16 * one : 12 * one;
    if (index >= first && index < end) return std::nullopt;
    auto const expected = std::to_string(first) + " to " + std::to_string(end - 1);
    return Error("BAD_VALUE",
                 dimension.name + " " + std::to_string(index) + " is no pixel; they are " + expected)
        .cause({.column = dimension.name, .value = std::to_string(index), .expected = expected});
}

/// What people do when a record is missing; empty where the catalogue of reasons says it all.
std::string remedyFor(std::string const &dimension) {
    if (dimension == "visit") return "dbb-visits makes visits of the exposures that are registered";
    if (dimension == "exposure" || dimension == "group" || dimension == "day_obs")
        return "ingest the raw files of that exposure first";
    if (dimension == "skymap" || dimension == "tract" || dimension == "patch")
        return "butler register-skymap registers a sky map with its tracts and patches";
    return {};
}

Error notRegistered(Repository const &repo, Element const &dimension, std::vector<Value> const &key) {
    auto const required = repo.universe().requiredOf(dimension);
    std::string of;
    for (std::size_t i = 0; i < required.size(); ++i) {
        if (required[i] == dimension.name) continue;
        of += (of.empty() ? " of " : ", ") + required[i] + " "
              + shown(jsonOf(repo.universe().at(required[i]), key[i]));
    }
    auto const own = jsonOf(dimension, key[required.size() - 1]);
    return Error("MISSING_RECORD",
                 dimension.name + " " + shown(own) + of + " is not registered in this repository")
        .hint(remedyFor(dimension.name))
        .cause({.column = dimension.name, .value = own.text(), .expected = "a registered " + dimension.name});
}

} // namespace

Fields ExpandedDataId::fields() const {
    auto out = key_fields;
    for (auto const &[dimension, value] : values) out[dimension] = pythonText(value);
    for (auto const &[dimension, record] : records) out.insert(record->fields.begin(), record->fields.end());
    if (!skypix.empty()) {
        out["skypix"] = values.at(skypix).text();
        out["skypix.id"] = out["skypix"];
    }
    return out;
}

/// One data ID on its way.
struct DataIdExpansion::Expanding {
    Wanted wanted;
    std::map<std::string, Value> values; ///< as given, then with what was implied
    Outcome out;
};

DataIdExpansion::DataIdExpansion(Repository const &repo, DimensionRecords &records,
                                 PlannedRecords const *planned)
    : _repo(repo), _records(records), _planned(planned), _order(lookupOrder(repo.universe())) {}

ExpandedDataId DataIdExpansion::expand(DimensionGroup const &dimensions, Json const &dataId) {
    auto outcome = std::move(expandEach({{&dimensions, &dataId}}).front());
    if (outcome.error) throw Error(*outcome.error);
    return std::move(outcome.data_id);
}

std::vector<DataIdExpansion::Outcome> DataIdExpansion::expandEach(std::vector<Wanted> const &wanted) {
    std::vector<Expanding> all;
    std::set<std::string_view> asked;
    for (auto const &one : wanted) {
        asked.insert(one.dimensions->names.begin(), one.dimensions->names.end());
        auto &expanding = all.emplace_back(Expanding{one, {}, {}});
        try {
            expanding.values = valuesOf(one);
        } catch (Error const &e) {
            expanding.out.error = e;
        }
    }
    for (auto const *dimension : _order)
        if (asked.contains(dimension->name)) expandDimension(*dimension, all);
    std::vector<Outcome> out;
    for (auto &one : all) {
        if (!one.out.error) complete(one);
        out.push_back(std::move(one.out));
    }
    return out;
}

/// What is told of a data ID beside its values and records.
void DataIdExpansion::complete(Expanding &one) const {
    auto const &dimensions = *one.wanted.dimensions;
    auto &out = one.out.data_id;
    for (auto const &name : dimensions.required) out.required.push_back(one.values.at(name));
    auto const isPixel = [&](std::string const &name) { return _repo.universe().at(name).skypix; };
    if (std::ranges::count_if(dimensions.names, isPixel) == 1)
        out.skypix = *std::ranges::find_if(dimensions.names, isPixel);
}

/// The values that are given, as the registry would store them.
std::map<std::string, Value> DataIdExpansion::valuesOf(Wanted const &wanted) const {
    auto const &universe = _repo.universe();
    auto const &given = *wanted.data_id;
    if (!given.isObject()) throw Error("BAD_VALUE", "the data ID is no object");
    std::map<std::string, Value> out;
    for (auto const &[name, value] : given.object()) {
        auto const &element = universe.at(name);
        if (!element.isDimension()) throw Error("BAD_VALUE", "\"" + name + "\" is no dimension of a data ID");
        bool const isAsked =
            std::ranges::find(wanted.dimensions->names, name) != wanted.dimensions->names.end();
        if (isAsked && !value.isNull()) out[name] = valueFor(element, value);
    }
    for (auto const &name : wanted.dimensions->required) {
        if (out.contains(name)) continue;
        throw Error("MISSING_KEY", "the data ID " + given.dump() + " has no value for " + name)
            .cause({.column = name, .expected = "a value"});
    }
    return out;
}

/// What one dimension adds to all data IDs that have it.
void DataIdExpansion::expandDimension(Element const &dimension, std::vector<Expanding> &all) {
    std::vector<Expanding *> having;
    for (auto &one : all) {
        auto const &names = one.wanted.dimensions->names;
        if (!one.out.error && std::ranges::find(names, dimension.name) != names.end()) having.push_back(&one);
    }
    if (dimension.hasTable()) {
        addRecords(dimension, having);
    } else {
        for (auto *one : having) addKey(dimension, *one);
    }
}

/// The value of a dimension without records.
void DataIdExpansion::addKey(Element const &dimension, Expanding &one) {
    auto const &value = one.values.at(dimension.name);
    if (dimension.skypix) {
        one.out.error = wrongPixel(dimension, std::get<std::int64_t>(value));
    } else if (!isInUnion(dimension, value)) {
        one.out.error = notRegistered(_repo, dimension, {value});
    }
    auto const json = jsonOf(dimension, value);
    one.out.data_id.values[dimension.name] = json;
    one.out.data_id.key_fields[dimension.name + "." + dimension.keys.front().name] = pythonText(json);
}

void DataIdExpansion::addRecords(Element const &dimension, std::vector<Expanding *> const &having) {
    auto const required = _repo.universe().requiredOf(dimension);
    std::map<Key, Record> found; // null as long as it is not known
    std::vector<std::map<Key, Record>::const_iterator> wanted;
    auto const &known = _known[dimension.name];
    bool isComplete = true;
    for (auto const *one : having) {
        Key key;
        for (auto const &name : required) key.push_back(one->values.at(name));
        auto const [at, isNew] = found.try_emplace(std::move(key));
        wanted.push_back(at);
        if (!isNew) continue;
        auto const remembered = known.find(at->first);
        if (remembered != known.end()) at->second = remembered->second;
        isComplete = isComplete && at->second;
    }
    if (!isComplete) learn(dimension, required, found);
    for (std::size_t i = 0; i < having.size(); ++i) {
        auto &one = *having[i];
        auto const &[key, record] = *wanted[i];
        if (record) {
            one.out.data_id.values[dimension.name] = jsonOf(dimension, key.back());
            one.out.data_id.records[dimension.name] = record;
            imply(dimension, one);
        } else {
            one.out.error = notRegistered(_repo, dimension, key);
        }
    }
}

/// Take what a dimension's record implies; what was given must be the same.
void DataIdExpansion::imply(Element const &dimension, Expanding &one) const {
    auto const &record = one.out.data_id.records.at(dimension.name)->record;
    for (auto const &name : _repo.universe().impliedOf(dimension)) {
        auto const &element = _repo.universe().at(name);
        auto const implied = valueFor(element, record[name]);
        auto const [at, isNew] = one.values.emplace(name, implied);
        if (isNew || at->second == implied) continue;
        auto const given = jsonOf(element, at->second);
        auto const &own = one.out.data_id.values.at(dimension.name);
        one.out.error =
            Error("DATA_ID_CONFLICT", name + " is " + shown(given) + " in the data ID, but "
                                          + shown(record[name]) + " in " + dimension.name + " " + shown(own))
                .cause({.column = name, .value = given.text(), .expected = record[name].text()});
    }
}

/// Look for the records that are null, and remember those that are there.
/// \param required  the dimensions that are the key
void DataIdExpansion::learn(Element const &dimension, std::vector<std::string> const &required,
                            std::map<Key, Record> &found) {
    auto const &universe = _repo.universe();
    std::vector<std::vector<Json>> asked;
    for (auto const &[key, record] : found) {
        if (record) continue;
        auto &one = asked.emplace_back();
        for (std::size_t i = 0; i < key.size(); ++i) one.push_back(jsonOf(universe.at(required[i]), key[i]));
    }
    auto records = _records.findEach(dimension.name, asked);
    for (std::size_t i = 0; _planned && i < asked.size(); ++i) {
        if (auto planned = _planned->find(dimension.name, asked[i])) records[i] = std::move(planned);
    }
    auto &known = _known[dimension.name];
    if (known.size() + records.size() > mostRecords) known.clear();
    auto next = records.begin();
    for (auto &[key, record] : found) {
        if (record) continue;
        auto &one = *next++;
        if (!one) continue;
        auto fields = fieldsOf(universe, dimension, *one);
        record = std::make_shared<ExpandedDataId::Record const>(std::move(*one), std::move(fields));
        known[key] = record;
    }
}

/// Whether a dimension without a table has a value: one that records of another imply (band:
/// physical_filter).
bool DataIdExpansion::isInUnion(Element const &dimension, Value const &value) {
    auto &known = _unionValues[dimension.name];
    if (known.contains(value)) return true;
    _records.forEach(dimension.name, "", [&](DimensionRecord const &record) {
        known.insert(valueFor(dimension, record[dimension.keys.front().name]));
    });
    return known.contains(value);
}

} // namespace dbb::butler
