#include "convert/gen2_finding.h"

#include "common/calendar.h"
#include "common/text.h"
#include "gen2/collection_names.h"
#include "gen2/line_facts.h"

namespace dbb::convert {

using common::Json;
using manifest::Record;

namespace {

Json textsOf(std::vector<std::string> const &texts) {
    Json::Array out;
    for (auto const &text : texts) out.emplace_back(common::wellFormed(text));
    return out;
}

Json registryOf(Finding const &finding) {
    if (!finding.row) return {};
    Json::Object out;
    out.reserve(finding.row->columns.object().size() + 2);
    out.emplace_back("table", finding.table);
    out.emplace_back("rowid", finding.row->id);
    for (auto const &[name, value] : finding.row->columns.object()) out.emplace_back(name, value);
    return out;
}

Json calibOf(Finding const &finding) {
    Json out;
    out.set("calib_date", gen2::textOf(finding.id.find("calibDate")));
    if (!finding.row) return out;
    out.set("valid_start", finding.row->text("validStart")).set("valid_end", finding.row->text("validEnd"));
    if (finding.validity && !finding.validity->adjusted.empty())
        out.set("adjust", textsOf(finding.validity->adjusted));
    return out;
}

Json gen2Of(Finding const &finding, Gen2Place const &place) {
    Json out;
    out.set("root", common::wellFormed(place.root))
        .set("repo", common::wellFormed(finding.source->name()))
        .set("path", common::wellFormed(place.shown(finding.file.path)))
        .set("mapper", place.mapper);
    if (finding.type) out.set("dataset_type", finding.type->name);
    if (finding.id.size() > 0 || finding.type) out.set("id", gen2::jsonOf(finding.id));
    if (!finding.found_in.empty()) out.set("source", finding.found_in);
    if (finding.hdu) out.set("hdu", *finding.hdu);
    out.set("registry", registryOf(finding));
    if (!finding.exposure.isNull()) out.set("exposure", finding.exposure);
    if (finding.isCalibration()) out.set("calib", calibOf(finding));
    if (finding.nearest) {
        out.set("nearest", Json(Json::Object{{"template", finding.nearest->pathTemplate},
                                             {"element", common::wellFormed(finding.nearest->element)}}));
    }
    return out;
}

Json instantOf(std::optional<std::int64_t> tai_ns) {
    return tai_ns ? Json(common::isoFromNs(*tai_ns)) : Json();
}

void addDataset(Record &record, Finding const &finding, Gen2Place const &place) {
    if (finding.dataset_type.empty()) return;
    if (finding.translated) record.set("data_id", finding.data_id.values);
    record.set("dataset_type", finding.dataset_type);
    if (finding.translated) record.set("dimensions", textsOf(finding.dimensions));
    if (!finding.type->storage_class.empty()) record.set("storage_class", finding.type->storage_class);
    if (finding.isCalibration()) record.set("is_calibration", true);
    if (!finding.run.empty()) record.set("run", finding.run);
    auto const &validity = finding.validity;
    if (validity && validity->state == gen2::Validity::State::Good) {
        record.set("calibration", gen2::calibrationCollection(place.instrument));
        record.set("validity", Json(Json::Object{{"begin_tai", instantOf(validity->begin_tai_ns)},
                                                 {"end_tai", instantOf(validity->end_tai_ns)}}));
    }
    if (!finding.formatter.empty()) record.set("formatter", finding.formatter);
    if (!finding.data_id.patch_xy.empty()) record.set("patch_xy", finding.data_id.patch_xy);
}

/// Gen3 dimensions that follow from those of the data ID, as far as Gen2 tells them. \param gen2  of the line
void addImplied(Record &record, Finding const &finding, Json gen2, Gen2Place const &place) {
    auto const &dataId = finding.data_id.values;
    bool const isOfExposure = dataId.find("exposure") || dataId.find("visit");
    if (!isOfExposure && !dataId.find("physical_filter")) return;
    gen2::LineFacts const facts(std::move(gen2), dataId);
    Json implied{Json::Object{}};
    auto const &filter = isOfExposure ? facts.value("filter") : dataId["physical_filter"];
    if (isOfExposure && filter.isString()) implied.set("physical_filter", filter);
    auto const band = place.bands.find(filter.isString() ? filter.string() : "");
    if (band != place.bands.end()) implied.set("band", band->second);
    if (auto const day = isOfExposure ? facts.dayObs() : std::nullopt) implied.set("day_obs", *day);
    if (!implied.object().empty()) record.set("implied", implied);
}

} // namespace

std::string Gen2Source::name() const {
    switch (kind) {
    case Kind::Root: return "root";
    case Kind::Calib: return "calib";
    default: return "rerun/" + rerun;
    }
}

std::string Gen2Place::shown(std::string const &path) const {
    return common::isBelow(path, root) ? path.substr(root.size() + 1) : path;
}

void Finding::translate(gen2::DataIdTranslation const &translation) {
    dataset_type = type->name;
    data_id = translation.translate(*type, id);
    dimensions = translation.dimensions(*type);
    formatter = type->formatter;
    translated = true;
}

Record recordOf(Finding const &finding, Gen2Place const &place) {
    Record record("gen2");
    record.set("uri", common::wellFormed(finding.file.path));
    if (finding.exists && finding.file.kind == TreeFile::Kind::Regular)
        record.set("size", finding.file.stat.size_bytes).set("mtime", finding.file.stat.mtime.text());
    if (!finding.file.link.empty()) record.set("link", common::wellFormed(finding.file.link));
    auto gen2 = gen2Of(finding, place);
    record.set("gen2", gen2);
    record.set("instrument", place.instrument);
    addDataset(record, finding, place);
    if (finding.translated) addImplied(record, finding, std::move(gen2), place);
    record.set("action", finding.action).set("reason", finding.reason);
    if (!finding.notes.empty()) record.set("notes", textsOf(finding.notes));
    return record;
}

} // namespace dbb::convert
