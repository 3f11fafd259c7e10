#include "ingest/why_stored.h"

#include "astro/time_scale.h"
#include "butler/collections.h"
#include "butler/stored_path.h"
#include "butler/where.h"
#include "common/calendar.h"
#include "common/error.h"
#include "common/uri.h"
#include "common/uuid.h"

#include <algorithm>
#include <set>
#include <unistd.h>
#include <utility>

namespace dbb::ingest {

using common::Json;
using sql::quoteIdentifier;

namespace {

// The condition on instrument and exposure has an index of its own in every registry.
std::string query(butler::Datastore const &store, butler::DatasetType const &type, bool oneDetector) {
    return "SELECT t.detector, d.id, c.name, d.ingest_date, r.path, r.file_size FROM "
           + quoteIdentifier(type.tags_table)
           + " AS t JOIN dataset AS d ON d.id = t.dataset_id AND d.run_id = t.collection_id "
             "JOIN collection AS c ON c.collection_id = t.collection_id "
             "JOIN dataset_location AS l ON l.dataset_id = d.id AND l.datastore_name = ? JOIN "
           + quoteIdentifier(store.records_table)
           + " AS r ON r.dataset_id = d.id WHERE t.instrument = ? AND t.exposure = ? "
             "AND t.dataset_type_id = ? "
           + (oneDetector ? "AND t.detector = ? " : "") + "ORDER BY c.name, t.detector";
}

} // namespace

std::string utcOfIngestDate(sql::Value const &date) {
    auto const offset = [](std::int64_t utc_ns) { return astro::taiNsFromUtcNs(utc_ns) - utc_ns; };
    if (auto const *tai_ns = std::get_if<std::int64_t>(&date)) {
        try {
            // The offset is looked up by UTC, which the first guess misses by less than a minute.
            return common::isoFromNs(*tai_ns - offset(*tai_ns - offset(*tai_ns)));
        } catch (common::Error const &) {
            return {}; // before there was a UTC
        }
    }
    auto const *text = std::get_if<std::string>(&date);
    if (!text) return {};
    auto iso = *text;
    if (iso.size() > 10) iso[10] = 'T';
    auto const utc_ns = common::nsFromIso(iso);
    return utc_ns ? common::isoFromNs(*utc_ns) : *text;
}

std::vector<StoredFile> storedFiles(butler::Repository const &repo, std::string const &datasetType,
                                    std::string const &instrument, std::int64_t exposure,
                                    std::optional<std::int64_t> detector) {
    std::vector<StoredFile> out;
    auto const type = butler::findDatasetType(repo, datasetType);
    if (!type) return out;
    std::set<std::string> known; // in a datastore that goes before
    for (auto const &store : repo.config().datastores) {
        if (!repo.db().hasTable(store.records_table)) continue;
        std::vector<sql::Value> parameters{store.name, instrument, exposure, type->id};
        if (detector) parameters.emplace_back(*detector);
        auto &files = repo.db().cached(query(store, *type, detector.has_value()));
        files.query(parameters, [&](sql::Statement const &row) {
            StoredFile stored;
            stored.detector = row.integer(0);
            stored.id = common::withHyphens(row.text(1));
            stored.run = row.text(2);
            stored.ingest_date_utc = utcOfIngestDate(row.column(3));
            stored.path = row.text(4);
            if (!row.isNull(5)) stored.size_bytes = row.integer(5);
            stored.file = butler::localFile(store.root, stored.path);
            stored.gone = !stored.file.empty() && ::access(stored.file.c_str(), F_OK) != 0;
            if (!known.contains(stored.id)) out.push_back(std::move(stored));
        });
        for (auto const &stored : out) known.insert(stored.id);
    }
    std::ranges::stable_sort(out, {}, [](StoredFile const &s) { return std::pair(s.run, s.detector); });
    return out;
}

std::optional<butler::DatasetRow> datasetOfFile(butler::Repository const &repo, std::string const &file) {
    std::optional<butler::DatasetRow> out;
    for (auto const &store : repo.config().datastores) {
        if (!repo.db().hasTable(store.records_table)) continue;
        std::vector<std::string> names{common::fileUri(file)};
        if (file.starts_with(store.root + "/")) names.push_back(file.substr(store.root.size() + 1));
        for (auto const &name : names) {
            std::string id;
            repo.db()
                .cached("SELECT dataset_id FROM " + quoteIdentifier(store.records_table) + " WHERE path = ?")
                .query({name}, [&](sql::Statement const &row) { id = common::withHyphens(row.text(0)); });
            if (id.empty()) continue;
            butler::forEachDataset(repo, "id = " + butler::quotedText(id),
                                   [&](butler::DatasetRow const &row) { out = row; });
        }
    }
    return out;
}

Json toJson(StoredFile const &stored) {
    Json out;
    out.set("path", stored.path);
    out.set("file", stored.file.empty() ? Json() : Json(stored.file));
    out.set("run", stored.run).set("id", stored.id);
    out.set("size", stored.size_bytes < 0 ? Json() : Json(stored.size_bytes));
    out.set("ingest_date_utc", stored.ingest_date_utc);
    return out.set("gone", stored.gone);
}

std::string shownUtc(std::string const &iso) {
    if (iso.size() < 19) return iso;
    return iso.substr(0, 10) + " " + iso.substr(11, 8) + " UTC";
}

} // namespace dbb::ingest
