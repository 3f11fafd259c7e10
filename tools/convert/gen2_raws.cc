#include "convert/gen2_raws.h"

#include "common/error.h"
#include "common/signals.h"
#include "gen2/collection_names.h"

#include <algorithm>
#include <sys/stat.h>

namespace dbb::convert {

using common::Error;
using gen2::Row;
using gen2::Values;

RawImages::RawImages(gen2::Layout const &layout, gen2::Policy const &policy, PolicyOf policyOf,
                     Duplicates &duplicates, Emit emit)
    : _layout(layout), _policy(policy), _type(policy.raw()), _policyOf(std::move(policyOf)),
      _duplicates(duplicates), _emit(std::move(emit)) {
    if (!_type || layout.registry.empty()) return;
    _table = _type->table.empty() ? "raw" : _type->table;
    _registry = std::make_unique<gen2::Registry>(layout.registry);
    if (!_registry->hasTable(_table)) {
        throw Error("REPO_DAMAGED", "the registry \"" + layout.registry + "\" has no table " + _table,
                    common::ExitCode::Damaged)
            .hint("its creation was interrupted; ingest the files again, or take the file out of the way");
    }
}

/// Before there was an expId the visit was the same number.
std::string RawImages::exposureColumn() const {
    return _registry->hasColumn(_table, _policy.exposure_key) ? _policy.exposure_key : "visit";
}

/// Values that tell which image it is, under the names that the table has.
Values RawImages::identity(Values const &id) const {
    Values out;
    auto const add = [&](std::string const &column, std::string const &key) {
        auto const *value = id.find(key);
        if (value && _registry->hasColumn(_table, column)) out.set(column, *value);
    };
    add("visit", "visit");
    add(exposureColumn(), _policy.exposure_key);
    add(_policy.detector_key, _policy.detector_key);
    return out;
}

/// Rows that may be of a file. Without an exposure it has to be where they say.
std::vector<Row> RawImages::rowsOf(Finding const &finding) const {
    auto const wanted = identity(finding.id);
    if (wanted.has("visit") || wanted.has(_policy.exposure_key)) return _registry->find(_table, wanted);
    auto out = _registry->find(_table, finding.id);
    std::erase_if(out, [&](Row const &row) { return !isAt(row, *finding.source, finding.file.path); });
    return out;
}

bool RawImages::isAt(Row const &row, Gen2Source const &source, std::string const &file) const {
    auto const paths = pathsOf(row, *_type);
    auto const path = file.substr(source.folder.size() + 1);
    return std::any_of(paths.begin(), paths.end(),
                       [&](auto const &p) { return path == p || path == p + ".gz" || path == p + ".fz"; });
}

/// Where the file of a row can be, relative to a repository.
std::vector<std::string> RawImages::pathsOf(Row const &row, gen2::DatasetType const &type) const {
    std::vector<std::string> out;
    auto values = row.values();
    auto const *exposure = values.find(exposureColumn());
    if (exposure && !values.has(_policy.exposure_key))
        values.set(_policy.exposure_key, gen2::Value(*exposure));
    for (auto const &pathTemplate : type.templates)
        if (auto path = pathTemplate.path(values)) out.push_back(std::move(*path));
    return out;
}

void RawImages::file(Finding &finding, std::optional<std::string> const &twin) {
    finding.found_in = "tree";
    auto const &pathTemplate = _type->templates.front();
    if (!_registry) {
        propose(finding);
        return _emit(finding);
    }
    auto const rows = rowsOf(finding);
    auto const take = [&](Finding &one, Row const &row) {
        compare(one, row);
        if (twin && isAt(row, *finding.source, *twin)) one.decideDuplicate(*twin);
    };
    auto const own = std::find_if(rows.begin(), rows.end(), [&](Row const &row) {
        return isAt(row, *finding.source, finding.file.path);
    });
    bool const ofAllDetectors = !pathTemplate.hdu().empty() && !rows.empty();
    if (ofAllDetectors && (own != rows.end() || !twin)) {
        for (auto const &row : rows) {
            auto each = finding;
            take(each, row);
            _emit(each);
        }
        return;
    }
    if (own != rows.end()) {
        take(finding, *own);
    } else if (!rows.empty() && !fileOf(finding.source->folder, pathsOf(rows.front(), *_type))) {
        compare(finding, rows.front());
        _duplicates.foundElsewhere(rows.front().id);
    } else {
        finding.decide("review", "unregistered_raw");
        finding.notes.emplace_back(rows.empty() ? "the registry has no row of it"
                                                : "the registry has this image at another path");
        finding.notes.emplace_back(
            "when the file is good, take it in by a rule with reasons: [unregistered_raw]");
        propose(finding);
    }
    _emit(finding);
}

/// Take over what a row says, and tell where it contradicts the path.
void RawImages::compare(Finding &finding, Row const &row) {
    finding.found_in = "both";
    finding.table = _table;
    for (auto const &[key, value] : finding.id) {
        auto const *column = row.columns.find(key);
        if (!column || column->text() == gen2::textOf(value)) continue;
        finding.notes.push_back("the registry has " + key + " " + column->text() + ", the path "
                                + gen2::textOf(value));
        finding.reason = "registry_mismatch";
    }
    complete(finding, row);
    finding.row = row;
    propose(finding);
}

/// Keys that only the row has.
void RawImages::complete(Finding &finding, Row const &row) const {
    auto const values = row.values();
    auto keys = _type->templates.front().keys();
    keys.insert(keys.end(), {_policy.exposure_key, _policy.detector_key});
    for (auto const &key : keys) {
        auto const *value = values.find(key);
        if (value && !finding.id.has(key)) finding.id.set(key, *value);
    }
    auto const *hdu = values.find("hdu");
    if (hdu && !_type->templates.front().hdu().empty() && std::holds_alternative<std::int64_t>(*hdu))
        finding.hdu = std::get<std::int64_t>(*hdu);
}

void RawImages::propose(Finding &finding) const {
    finding.type = _type;
    finding.run = gen2::rawRun(_policy.instrument);
}

void RawImages::rows(Gen2Source const &source) {
    if (!_registry) return;
    _registry->each(_table, [&](Row const &row) {
        if (common::stopSignal() == 0) fileless(source, row);
    });
}

/// The file of one of the paths, as it is or packed.
std::optional<TreeFile> RawImages::fileOf(std::string const &folder,
                                          std::vector<std::string> const &paths) const {
    for (auto const &path : paths) {
        for (auto const *suffix : {"", ".gz", ".fz"}) {
            auto found = lookAt(folder + "/" + path + suffix);
            if (found && found->kind != TreeFile::Kind::Dangling) return found;
        }
    }
    return std::nullopt;
}

void RawImages::fileless(Gen2Source const &source, Row const &row) {
    auto const paths = pathsOf(row, *_type);
    struct stat s {};
    // What is in the tree, be it a link that leads nowhere, was told when the tree was walked through.
    auto const isInTree = [&](std::string const &path) {
        for (auto const *suffix : {"", ".gz", ".fz"})
            if (::lstat((source.folder + "/" + path + suffix).c_str(), &s) == 0) return true;
        return false;
    };
    if (std::any_of(paths.begin(), paths.end(), isInTree) || _duplicates.wasFoundElsewhere(row.id)) return;
    Finding finding;
    finding.source = &source;
    complete(finding, row);
    for (auto const &parent : _layout.parents) {
        auto found = fileOf(parent.folder, pathsOf(row, *_policyOf(parent.folder).raw()));
        if (!found) continue;
        finding.file = std::move(*found);
        compare(finding, row);
        return _emit(finding);
    }
    finding.exists = false;
    finding.file.path = source.folder + "/" + (paths.empty() ? std::string("?") : paths.front());
    compare(finding, row);
    finding.found_in = "registry";
    finding.decide("error", "missing_file");
    finding.notes.emplace_back(missingFileNote);
    if (paths.empty()) finding.notes.emplace_back("the row lacks what its path is made of");
    _emit(finding);
}

} // namespace dbb::convert
