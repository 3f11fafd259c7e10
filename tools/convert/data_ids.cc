#include "convert/data_ids.h"

#include "common/error.h"
#include "common/text.h"
#include "convert/gen2_line.h"

namespace dbb::convert {

using common::Error;
using common::Json;
using manifest::Record;

namespace {

/// An integer, also when it stands as text, as large ones do in manifests.
std::optional<std::int64_t> integerIn(Json const &value) {
    if (value.isInt()) return value.integer();
    if (!value.isString()) return std::nullopt;
    return common::wholeNumber(value.string());
}

} // namespace

bool Patches::fill(Record const &line, Json &dataId) {
    if (dataId["tract"].isNull()) return false;
    auto const tract = integerIn(dataId["tract"]);
    if (!tract) {
        throw Error("BAD_VALUE", "\"data_id\": tract is " + dataId["tract"].dump())
            .cause({.column = "tract", .value = dataId["tract"].text(), .expected = "an integer"});
    }
    auto const skymap = skymapOf(dataId);
    auto const cell = patchOf(line);
    dataId.set("skymap", skymap);
    if (cell) dataId.set("patch", _skymaps.patchAt(skymap, *tract, cell->x, cell->y));
    return true;
}

std::string Patches::skymapOf(Json const &dataId) {
    if (dataId["skymap"].isString()) return dataId["skymap"].string();
    if (!_skymap.empty()) return _skymap;
    auto const &names = _skymaps.registered();
    if (names.size() == 1) return names.front();
    throw Error("NEEDS_SKYMAP", names.empty()
                                    ? "no skymap is registered in \"" + _repo.config().root + "\""
                                    : "the repository has several skymaps: " + common::join(names, ", "));
}

std::optional<butler::DataId> requiredValues(butler::Universe const &universe,
                                             butler::DatasetType const &type, Json const &dataId) {
    butler::DataId out;
    for (auto const &name : type.dimensions.required) {
        auto const &value = dataId[name];
        if (universe.at(name).keys.front().type == butler::ColumnType::Int) {
            auto const integer = integerIn(value);
            if (!integer) return std::nullopt;
            out.emplace_back(*integer);
        } else if (value.isString()) {
            out.emplace_back(value.string());
        } else {
            return std::nullopt;
        }
    }
    return out;
}

} // namespace dbb::convert
