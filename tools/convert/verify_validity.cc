#include "convert/verify_validity.h"

#include "butler/dialect.h"
#include "common/error.h"
#include "common/text.h"

#include <variant>

namespace dbb::convert {

using butler::CollectionType;
using common::Error;
using common::Json;
using sql::quoteIdentifier;

std::vector<std::string> VerifyValidity::problems(CalibrationPlace const &place,
                                                  butler::DatasetType const &type,
                                                  std::vector<butler::Certified> const &datasets) const {
    std::vector<std::string> out;
    try {
        auto const id = butler::findCollectionId(_repo, place.collection, CollectionType::Calibration);
        if (!id) return {datasets.size(), "collection \"" + place.collection + "\" is not registered"};
        butler::Certifications certifications(_repo, type, place.collection, *id);
        for (auto const &outcome : certifications.lookEach(datasets)) {
            bool const isSame = outcome.found == butler::Certifications::Found::Same;
            out.push_back(outcome.error ? outcome.error->message()
                          : isSame      ? ""
                                        : "it is not certified for its time in \"" + place.collection + "\"");
        }
    } catch (Error const &e) {
        if (e.exitCode() != common::ExitCode::SomeFailed) throw;
        out.assign(datasets.size(), e.message());
    }
    return out;
}

void VerifyValidity::addAll(VerifyTally &tally) const {
    sql::ReadTransaction const view(_repo.db());
    for (auto const &place : _places) add(place, tally);
}

void VerifyValidity::add(CalibrationPlace const &place, VerifyTally &tally) const {
    auto const type = butler::findDatasetType(_repo, place.dataset_type);
    auto const collection = butler::findCollection(_repo, place.collection);
    if (!type || !type->isCalibration() || !collection) return;
    auto const &names = type->dimensions.required;
    std::vector<std::string> columns{butler::timespanBegin, butler::timespanEnd};
    for (auto const &name : names) columns.push_back("t." + quoteIdentifier(name));
    _repo.db()
        .cached("SELECT " + common::join(columns, ", ") + " FROM "
                + butler::withTimespan(type->calibs_table, _repo.db().dialect())
                + " AS t WHERE t.dataset_type_id = ? AND t.collection_id = ?")
        .query({type->id, collection->id}, [&](sql::Statement const &row) {
            Json dataId = Json::Object{};
            for (int i = 2; i < row.columnCount(); ++i) {
                auto const value = row.column(i);
                auto const *text = std::get_if<std::string>(&value);
                dataId.set(names[static_cast<std::size_t>(i) - 2], text ? Json(*text) : Json(row.integer(i)));
            }
            if (dataId["instrument"] != Json(place.instrument)) return;
            tally.addValidity(place, dataId, row.integer(0), row.integer(1));
        });
}

} // namespace dbb::convert
