#include "butler/universe.h"

#include "common/error.h"
#include "common/text.h"

#include <algorithm>
#include <set>

namespace dbb::butler {

using common::Error;
using common::ExitCode;
using common::Json;

namespace {

Error unsupported(std::string const &reason) {
    return Error("REPO_UNSUPPORTED", "the dimension universe of this repository can't be used: " + reason,
                 ExitCode::Damaged);
}

ColumnType columnType(std::string const &name) {
    std::map<std::string, ColumnType> const types{
        {"string", ColumnType::String}, {"int", ColumnType::Int},           {"float", ColumnType::Float},
        {"bool", ColumnType::Bool},     {"hash", ColumnType::Hash},         {"region", ColumnType::Region},
        {"blob", ColumnType::Blob},     {"datetime", ColumnType::Datetime}, {"uuid", ColumnType::Uuid}};
    auto const at = types.find(name);
    if (at == types.end()) throw unsupported("unknown column type \"" + name + "\"");
    return at->second;
}

std::string textOf(Json const &object, char const *key) {
    auto const &value = object[key];
    if (!value.isString()) throw unsupported(std::string("\"") + key + "\" is missing or no text");
    return value.string();
}

std::vector<std::string> namesOf(Json const &list) {
    std::vector<std::string> out;
    if (list.isNull()) return out;
    if (!list.isArray()) throw unsupported("a list of names is no list");
    for (auto const &item : list.array()) {
        if (!item.isString()) throw unsupported("a list of names holds something else");
        out.push_back(item.string());
    }
    return out;
}

std::vector<Column> columnsOf(Json const &list) {
    std::vector<Column> out;
    if (list.isNull()) return out;
    if (!list.isArray()) throw unsupported("a list of columns is no list");
    for (auto const &item : list.array()) {
        Column column;
        column.name = textOf(item, "name");
        column.type = columnType(textOf(item, "type"));
        auto const &length = item["length"].isInt() ? item["length"] : item["nbytes"];
        if (length.isInt()) column.length = static_cast<int>(length.integer());
        column.nullable = !(item["nullable"].isBool() && !item["nullable"].boolean());
        out.push_back(std::move(column));
    }
    return out;
}

/// The element whose table has the values of one without a table: new spelling, or the storage class of
/// releases up to 26, which may be wrapped in a cache.
std::string unionTarget(Json const &element) {
    if (element["implied_union_target"].isString()) return element["implied_union_target"].string();
    auto const &storage = element["storage"];
    auto const &inner = storage["nested"].isObject() ? storage["nested"] : storage;
    return inner["view_of"].isString() ? inner["view_of"].string() : std::string();
}

Element elementOf(std::string const &name, Json const &json) {
    if (!json.isObject()) throw unsupported("element \"" + name + "\" is no object");
    Element out;
    out.name = name;
    out.keys = columnsOf(json["keys"]);
    out.requires_ = namesOf(json["requires"]);
    out.implies = namesOf(json["implies"]);
    out.metadata = columnsOf(json["metadata"]);
    out.governor = json["governor"].isBool() && json["governor"].boolean();
    out.union_target = unionTarget(json);
    return out;
}

/// An element and what it sorts by among those that can be placed at the same time.
struct Unplaced {
    std::string system;
    int level = 0;
    Element element;
};

void addSkypix(Json const &skypix, std::vector<Unplaced> &out) {
    if (!skypix.isObject()) throw unsupported("\"skypix\" is missing or no object");
    for (auto const &[system, settings] : skypix.object()) {
        if (system == "common") continue;
        auto const &least = settings["min_level"];
        auto const &most = settings["max_level"];
        if (!most.isInt() || most.integer() > 64)
            throw unsupported("skypix system \"" + system + "\" has no level");
        for (auto level = least.isInt() ? least.integer() : 1; level <= most.integer(); ++level) {
            Element element;
            element.name = system + std::to_string(level);
            element.keys = {{"id", ColumnType::Int, 0, true}};
            element.skypix = true;
            out.push_back({system, static_cast<int>(level), std::move(element)});
        }
    }
}

/// Universe order: rounds of all elements whose dependencies are placed, each round sorted by name.
std::vector<Element> ordered(std::vector<Unplaced> unplaced) {
    std::sort(unplaced.begin(), unplaced.end(), [](Unplaced const &a, Unplaced const &b) {
        return std::tie(a.system, a.level) < std::tie(b.system, b.level);
    });
    std::vector<Element> out;
    std::set<std::string> placed;
    auto ready = [&](Unplaced const &u) {
        auto known = [&](std::string const &name) { return placed.contains(name); };
        return std::all_of(u.element.requires_.begin(), u.element.requires_.end(), known)
               && std::all_of(u.element.implies.begin(), u.element.implies.end(), known);
    };
    while (!unplaced.empty()) {
        auto const rest = std::stable_partition(unplaced.begin(), unplaced.end(), ready);
        if (rest == unplaced.begin()) {
            throw unsupported("element \"" + unplaced.front().element.name
                              + "\" depends on itself or on something that is no dimension");
        }
        for (auto at = unplaced.begin(); at != rest; ++at) out.push_back(std::move(at->element));
        unplaced.erase(unplaced.begin(), rest);
        for (auto const &element : out) {
            if (element.isDimension()) placed.insert(element.name); // a combination can't be depended on
        }
    }
    return out;
}

std::vector<Universe::Family> familiesOf(Json const &topology) {
    std::vector<Universe::Family> out;
    for (bool const spatial : {true, false}) {
        auto const &families = topology[spatial ? "spatial" : "temporal"];
        if (!families.isObject()) continue;
        for (auto const &[name, elements] : families.object())
            out.push_back({name, namesOf(elements), spatial});
    }
    return out;
}

} // namespace

Universe Universe::parse(std::string_view text) {
    Json json;
    try {
        json = Json::parse(text);
    } catch (Error const &e) {
        throw unsupported(e.message());
    }
    if (!json["elements"].isObject()) throw unsupported("\"elements\" is missing or no object");
    Universe out;
    // Releases before 24 wrote neither; both defaults are those of the Butler.
    out._version = json["version"].isInt() ? static_cast<int>(json["version"].integer()) : 0;
    out._namespace = json["namespace"].isString() ? json["namespace"].string() : "daf_butler";
    out._commonSkypix = textOf(json["skypix"], "common");
    out._families = familiesOf(json["topology"]);

    std::vector<Unplaced> unplaced;
    addSkypix(json["skypix"], unplaced);
    for (auto const &u : unplaced) {
        if (u.element.name != out._commonSkypix) continue;
        out._commonSystem = u.system;
        out._commonLevel = u.level;
    }
    for (auto const &[name, element] : json["elements"].object()) {
        unplaced.push_back({name, 0, elementOf(name, element)});
    }
    out._elements = ordered(std::move(unplaced));
    for (auto &element : out._elements) {
        for (auto const &family : out._families) {
            auto const &members = family.elements;
            if (std::find(members.begin(), members.end(), element.name) == members.end()) continue;
            (family.spatial ? element.spatial : element.temporal) = true;
        }
        out._index[element.name] = out._index.size();
    }
    return out;
}

Element const *Universe::find(std::string_view name) const {
    auto const at = _index.find(name);
    return at == _index.end() ? nullptr : &_elements[at->second];
}

Element const &Universe::at(std::string_view name) const {
    if (auto const *element = find(name)) return *element;
    std::vector<std::string> known;
    for (auto const &element : _elements) known.push_back(element.name);
    auto const near = common::nearest(name, known);
    throw Error("BAD_VALUE", "universe " + std::to_string(_version) + " has no dimension or element \""
                                 + std::string(name) + "\"")
        .hint(near.empty() ? "" : "did you mean " + near + "?")
        .cause({.value = std::string(name)});
}

std::vector<std::string> Universe::sorted(std::vector<std::string> names) const {
    std::sort(names.begin(), names.end(), [&](std::string const &a, std::string const &b) {
        return _index.find(a)->second < _index.find(b)->second;
    });
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

DimensionGroup Universe::group(std::vector<std::string> const &dimensions) const {
    std::set<std::string> members;
    std::set<std::string> implied;
    std::vector<std::string> todo(dimensions);
    while (!todo.empty()) {
        auto const &element = at(todo.back());
        todo.pop_back();
        if (!element.isDimension()) {
            throw Error("BAD_VALUE",
                        "\"" + element.name + "\" is no dimension but a combination of dimensions");
        }
        if (!members.insert(element.name).second) continue;
        implied.insert(element.implies.begin(), element.implies.end());
        todo.insert(todo.end(), element.requires_.begin(), element.requires_.end());
        todo.insert(todo.end(), element.implies.begin(), element.implies.end());
    }
    DimensionGroup out;
    out.names = sorted({members.begin(), members.end()});
    for (auto const &name : out.names) (implied.contains(name) ? out.implied : out.required).push_back(name);
    return out;
}

bool Universe::meansDimensions(std::string const &key, DimensionGroup const &dimensions) const {
    if (key.find('+') == std::string::npos || dimensions.names.empty()) return false;
    auto names = common::split(key, '+');
    std::erase(names, "");
    bool const known = std::all_of(names.begin(), names.end(), [&](std::string const &name) {
        return find(name) && find(name)->isDimension();
    });
    return known && group(names).names == dimensions.names;
}

std::vector<std::string> Universe::requiredOf(Element const &element) const {
    std::set<std::string> members;
    std::vector<std::string> todo(element.requires_);
    if (element.isDimension()) members.insert(element.name);
    while (!todo.empty()) {
        auto const &dimension = at(todo.back());
        todo.pop_back();
        if (!members.insert(dimension.name).second) continue;
        todo.insert(todo.end(), dimension.requires_.begin(), dimension.requires_.end());
    }
    return sorted({members.begin(), members.end()});
}

std::vector<std::string> Universe::impliedOf(Element const &element) const {
    return sorted(element.implies);
}

std::string Universe::governorOf(Element const &element) const {
    for (auto const &name : requiredOf(element)) {
        if (at(name).governor) return name;
    }
    return {};
}

} // namespace dbb::butler
