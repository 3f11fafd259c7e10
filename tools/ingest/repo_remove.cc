#include "ingest/repo_remove.h"

#include "butler/stored_path.h"
#include "butler/trash.h"
#include "common/error.h"
#include "common/log.h"
#include "common/text.h"
#include "common/uri.h"
#include "common/uuid.h"
#include "ingest/repo_remove_selection.h"
#include "intake/repository_options.h"
#include "manifest/record.h"

#include <map>
#include <set>

namespace dbb::ingest {

using butler::RemovedFile;
using butler::Repository;
using common::Error;
using common::ExitCode;
using common::Json;
using manifest::Record;

namespace {

/// A dimension record that goes with the exposure's last dataset.
struct RemovedRecord {
    std::string element;
    butler::DimensionRecord record;
};

/// An id of the registry as people write it.
class Remover {
public:
    Remover(Repository const &repo, RemoveOptions const &options) : _repo(repo), _options(options) {}

    /// Find out what is to be done, and whether it may be.
    void select() {
        _exposure = findExposure(_repo, _options);
        _removals = findRemovals(_repo, _exposure, _options);
        bool const whole = _options.detectors.empty() && _options.run.empty();
        if (_removals.empty() && !(whole && _exposure.record && !_options.keep_records)) refuseEmpty();
        selectRecords(whole);
        if (_removals.empty() && _records.empty()) refuseEmpty();
        auto trash = makeTrash();
        for (auto const &removal : _removals) trash.require(removal.id, _options.keep_files);
    }

    void plan() {
        auto trash = makeTrash();
        for (auto const &removal : _removals) {
            _files[removal.id] = trash.plan(removal.id);
            if (!_options.keep_files) continue;
            for (auto &file : _files[removal.id]) {
                if (file.fate == RemovedFile::Fate::Deleted) file.fate = RemovedFile::Fate::Kept;
            }
        }
    }

    /// First transaction: the registry forgets the datasets. Their files wait in the trash.
    void unregister() {
        for (auto const &removal : _removals) {
            if (_options.keep_files) {
                // In one step: in the trash the files would be deleted by whoever empties it.
                _files[removal.id] = butler::forgetDataset(_repo, removal.id);
            } else if (!removal.in_trash) {
                butler::moveToTrash(_repo, removal.id);
            }
        }
    }

    /// Second transaction: files, their rows, and the records that nothing needs any more.
    void finish() {
        auto trash = makeTrash();
        for (auto const &removal : _removals) {
            if (_options.keep_files) continue;
            try {
                _files[removal.id] = trash.finish(removal.id);
            } catch (Error const &e) {
                if (e.exitCode() != ExitCode::SomeFailed) throw;
                _failed.emplace(removal.id, e);
            }
        }
        // A repeat finds what is left by the exposure's record.
        if (_failed.empty()) removeRecords();
        trash.sync();
    }

    void tell(char const *outcome, common::Output &out) const {
        for (auto const &removal : _removals) {
            if (!_failed.contains(removal.id)) out.write(line(removal, outcome).line());
        }
        for (auto const &removed : _failed.empty() ? _records : std::vector<RemovedRecord>()) {
            Record record("dimension");
            record.set("element", removed.element).set("record", removed.record);
            Json receipt;
            out.write(record.set("remove", receipt.set("outcome", outcome)).line());
        }
        out.write(manifest::endRecord("dbb-repo").line());
        out.flush();
    }

    ExitCode conclude() const {
        for (auto const &[id, e] : _failed) {
            common::log::error(Error(e).hint(e.hint().empty()
                                                 ? "the dataset is out of the registry; run the same "
                                                   "command again to remove its file"
                                                 : e.hint()));
        }
        return _failed.empty() ? ExitCode::Done : ExitCode::SomeFailed;
    }

private:
    butler::Trash makeTrash() const {
        std::set<std::string> ids;
        for (auto const &removal : _removals) ids.insert(removal.id);
        return {_repo, std::move(ids)};
    }

    /// All raw datasets of the exposure, also those that were not asked for.
    std::vector<Removal> findAll() const {
        auto all = _options;
        all.detectors.clear();
        all.run.clear();
        return findRemovals(_repo, _exposure, all);
    }

    [[noreturn]] void refuseEmpty() const {
        auto const there = summaryOf(findAll());
        auto const what = _exposure.record ? "exposure " + _exposure.text() + " has no raw dataset"
                                           : "exposure " + _exposure.text() + " is not registered";
        std::string where;
        if (!_options.run.empty()) where += " in run " + _options.run;
        if (!_options.detectors.empty()) where += " of detectors " + common::join(_options.detectors, ", ");
        throw common::usageError("nothing to remove: " + what + where,
                                 there.empty() ? "it may have been removed already" : "it has: " + there);
    }

    void selectRecords(bool whole) {
        if (!_exposure.record || _options.keep_records) return;
        auto const others = otherDatasets(_repo, _exposure, _removals);
        if (!others.empty()) {
            auto const text = "the record of exposure " + _exposure.text()
                              + " stays: there are other datasets of it (" + common::join(others, ", ") + ")";
            whole ? common::log::warning(text) : common::log::info(text);
            return;
        }
        if (auto const visits = visitsOf(_repo, _exposure); !visits.empty()) {
            std::vector<std::string> names;
            for (auto const visit : visits) names.push_back(std::to_string(visit));
            throw Error("EXPOSURE_IN_USE", "exposure " + _exposure.text() + " is part of visit "
                                               + common::join(names, ", ")
                                               + ", so its record can't go; nothing was " + "removed")
                .hint("remove these visits first, or keep the record with --keep-records");
        }
        _records.push_back({"exposure", *_exposure.record});
        if (auto group = unusedGroup()) _records.push_back(std::move(*group));
    }

    /// The exposure's group when no other exposure is in it.
    std::optional<RemovedRecord> unusedGroup() const {
        auto const &name = (*_exposure.record)["group"];
        if (!_repo.universe().find("group") || !name.isString()) return std::nullopt;
        bool used = false;
        _repo.db()
            .cached("SELECT 1 FROM exposure WHERE instrument = ? AND \"group\" = ? AND id <> ? LIMIT 1")
            .query({_exposure.instrument, name.string(), _exposure.id},
                   [&](sql::Statement const &) { used = true; });
        auto record = butler::DimensionRecords(_repo).find("group", {_exposure.instrument, name});
        if (used || !record) return std::nullopt;
        return RemovedRecord{"group", std::move(*record)};
    }

    /// A record that somebody came to need meanwhile stays: the foreign keys say so.
    void removeRecords() {
        std::vector<RemovedRecord> removed;
        for (auto &record : _records) {
            sql::Savepoint savepoint(_repo.db());
            bool const isGroup = record.element == "group";
            auto const key =
                isGroup ? sql::Value((record.record)["name"].string()) : sql::Value(_exposure.id);
            try {
                _repo.db()
                    .cached("DELETE FROM " + sql::quoteIdentifier(record.element)
                            + " WHERE instrument = ? AND " + (isGroup ? "name" : "id") + " = ?")
                    .run({_exposure.instrument, key});
                savepoint.release();
                removed.push_back(std::move(record));
            } catch (Error const &e) {
                if (e.code() != "CONSTRAINT") throw;
                common::log::warning("the record of the " + record.element
                                     + " stays: something refers to it");
            }
        }
        _records = std::move(removed);
    }

    Record line(Removal const &removal, char const *outcome) const {
        Record out("dataset");
        auto const &files = _files.at(removal.id);
        if (files.size() == 1) {
            auto const &path = files[0].path;
            auto const &root = _repo.config().datastores[files[0].datastore].root;
            out.set("uri", butler::isUri(path) ? path : common::fileUri(butler::localFile(root, path)));
        }
        out.set("dataset_type", removal.dataset_type).set("run", removal.run).set("data_id", removal.data_id);
        out.set("id", common::withHyphens(removal.id));
        Json::Array fates;
        for (auto const &file : files) {
            Json fate;
            fate.set("path", file.path).set("fate", nameOf(file.fate));
            auto const &datastores = _repo.config().datastores;
            if (datastores.size() > 1) fate.set("datastore", datastores[file.datastore].name);
            fates.push_back(std::move(fate));
        }
        Json receipt;
        return out.set("remove", receipt.set("outcome", outcome).set("files", fates));
    }

    Repository const &_repo;
    RemoveOptions const &_options;
    WantedExposure _exposure;
    std::vector<Removal> _removals;
    std::vector<RemovedRecord> _records;
    std::map<std::string, std::vector<RemovedFile>> _files; ///< by dataset id
    std::map<std::string, Error> _failed;
};

} // namespace

ExitCode removeRaw(RemoveOptions const &options, common::Output &out) {
    // Opening must not make a table of file records where the one with the files' rows is lost.
    auto const access = options.dry_run ? butler::Access::ReadOnly : butler::Access::Trial;
    auto const repo = Repository::open(options.repo, access, options.ignore_obscore);
    intake::warnOfObscore(repo);
    Remover remover(repo, options);
    if (options.dry_run) {
        remover.select();
        remover.plan();
        remover.tell("planned", out);
        return ExitCode::Done;
    }
    // A commit of which nobody knows whether it was kept is not tried again, since what is gone can't be
    // selected: the same command does the rest.
    {
        sql::Transaction transaction(repo.db());
        remover.select();
        remover.unregister();
        transaction.commit();
    }
    sql::Transaction transaction(repo.db());
    remover.finish();
    transaction.commit();
    remover.tell("done", out);
    return remover.conclude();
}

} // namespace dbb::ingest
