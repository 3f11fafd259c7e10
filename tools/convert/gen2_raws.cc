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

RawImages::RawImages(gen2::Layout const &layout, gen2::Policy const &policy, Duplicates &duplicates,
                     Emit emit)
    : _layout(layout), _policy(policy), _type(policy.raw()), _duplicates(duplicates), _emit(std::move(emit)) {
    if (!_type || layout.registry.empty()) return;
    _table = _type->table.empty() ? "raw" : _type->table;
    _registry = std::make_unique<gen2::Registry>(layout.registry);
    if (!_registry->hasTable(_table)) {
        throw Error("REPO_DAMAGED", "the registry \"" + layout.registry + "\" has no table " + _table,
                    common::ExitCode::Damaged)
            .hint("its creation was interrupted; ingest the files again, or take the file out of the way");
    }
}

/// Values that tell which image it is.
Values RawImages::identity(Values const &id) const {
    Values out;
    for (auto const &key : {_policy.exposure_key, std::string("visit"), _policy.detector_key}) {
        auto const *value = id.find(key);
        if (value && _registry->hasColumn(_table, key)) out.set(key, *value);
    }
    return out;
}

/// Where the file of a row can be, relative to a repository.
std::vector<std::string> RawImages::pathsOf(Row const &row) const {
    std::vector<std::string> out;
    auto const values = row.values();
    for (auto const &pathTemplate : _type->templates)
        if (auto path = pathTemplate.path(values)) out.push_back(std::move(*path));
    return out;
}

void RawImages::file(Finding &finding) {
    finding.found_in = "tree";
    auto const &pathTemplate = _type->templates.front();
    if (!_registry) {
        propose(finding);
        return _emit(finding);
    }
    auto const rows = _registry->find(_table, identity(finding.id));
    if (!pathTemplate.hdu().empty() && !rows.empty()) {
        for (auto const &row : rows) {
            auto each = finding;
            compare(each, row);
            _emit(each);
        }
        return;
    }
    auto path = finding.file.path.substr(finding.source->folder.size() + 1);
    auto const isOfPath = [&](Row const &row) {
        auto const paths = pathsOf(row);
        return std::any_of(paths.begin(), paths.end(), [&](auto const &p) {
            return path == p || path == p + ".gz" || path == p + ".fz";
        });
    };
    auto const own = std::find_if(rows.begin(), rows.end(), isOfPath);
    if (own != rows.end()) {
        compare(finding, *own);
    } else if (!rows.empty() && !fileOf(finding.source->folder, pathsOf(rows.front()))) {
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
    auto const paths = pathsOf(row);
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
        auto found = fileOf(parent.folder, paths);
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
