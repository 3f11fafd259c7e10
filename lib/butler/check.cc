#include "butler/check.h"

#include "butler/check_parts.h"
#include "butler/check_spool.h"
#include "butler/repository.h"
#include "butler/trash.h"
#include "common/error.h"
#include "common/signals.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>

namespace dbb::butler {

using common::Error;
using common::ExitCode;
using common::Json;

namespace {

/// Findings that are mended in one transaction: few enough not to keep others waiting for long.
constexpr std::size_t mendedAtOnce = 500;

std::int64_t totalOf(std::map<std::string, std::int64_t> const &counts) {
    return std::accumulate(counts.begin(), counts.end(), std::int64_t{0},
                           [](std::int64_t sum, auto const &entry) { return sum + entry.second; });
}

/// Whether kinds are looked for before the repository can be opened.
bool isOfRegistry(DamageKind const &kind) {
    return kind.find == findRegistryDamage || kind.find == findAttributeDamage;
}

class Checker {
public:
    Checker(std::string repo, CheckOptions const &options, std::function<void(Damage const &)> const &report)
        : _place(std::move(repo)), _options(options), _report(report), _config(readConfig(_place)) {}

    CheckResult run(std::function<void(std::string_view)> const &progress) {
        DamageKind const *before = nullptr;
        for (auto const &kind : damageKinds()) {
            bool const isNew = !before || kind.find != before->find;
            before = &kind;
            if (!isNew) continue;
            if (common::stopSignal() != 0) _result.complete = false;
            if (!_result.complete) break;
            progress(kind.name);
            find(kind);
            tell();
        }
        return std::move(_result);
    }

private:
    void find(DamageKind const &kind) {
        _spool.start();
        try {
            open(kind);
            auto &db = _repo ? _repo->db() : *_db;
            std::optional<sql::ReadTransaction> view;
            if (seesOneView(kind, db)) view.emplace(db);
            kind.find({_config, db, _repo ? &*_repo : nullptr, _options.files,
                       [&](Finding finding) { _spool.add(finding); }, _result.remote_files, _tables});
        } catch (Error const &e) {
            if (e.code() == "REPO_DAMAGED") {
                Json where;
                where.set("message", e.message());
                _spool.add({"corrupt_database", where, e.message(), {}, true});
            } else if (e.code() == "DB_ERROR" || e.code() == "SCHEMA_DAMAGED") {
                // For example a query over a column that lost its index: the schema's own damage says so.
                _result.unchecked.push_back("looking for " + std::string(kind.name) + ": " + e.message());
            } else {
                throw;
            }
        }
        _spool.finish();
    }

    /// On a server, rows that belong together are seen together, which keeps nobody from writing. In SQLite
    /// it would, for longer than each query does. Nothing is held open while files are looked at, or removals
    /// are waited for.
    static bool seesOneView(DamageKind const &kind, sql::Database &db) {
        return db.dialect() == sql::Dialect::Postgres && kind.find != findFileDamage
               && kind.find != findTrashDamage;
    }

    void open(DamageKind const &kind) {
        if (_repo) return;
        if (isOfRegistry(kind)) {
            if (!_db) _db = openForChecks();
            return;
        }
        _db.reset();
        _repo.emplace(Repository::open(_place, Access::ReadOnly));
    }

    /// SQLite knows the CHECK constraints of tables only where it could write. Nothing is written.
    std::unique_ptr<sql::Database> openForChecks() const {
        try {
            return openRegistry(_config, Access::Trial);
        } catch (Error const &e) {
            if (e.code() != "REPO_READ_ONLY") throw;
        }
        return openRegistry(_config, Access::ReadOnly);
    }

    /// Report what was found, and mend it first where that was asked for.
    void tell() {
        for (auto findings = _spool.next(mendedAtOnce); !findings.empty();
             findings = _spool.next(mendedAtOnce)) {
            std::vector<Damage> damages;
            bool mends = false;
            for (auto const &finding : findings) {
                damages.push_back({&damageKind(finding.damage), finding.where, finding.message, {}});
                mends = mends || !finding.mending.empty();
            }
            if (_options.repair && mends) mend(findings, damages);
            for (std::size_t i = 0; i < findings.size(); ++i) {
                auto const &damage = damages[i];
                std::string const name(damage.kind->name);
                ++_result.found[name];
                if (!damage.outcome.empty()) ++_result.mended[name];
                if (findings[i].blocks && damage.outcome != "done") _result.complete = false;
                _report(damage);
            }
        }
    }

    /// A dry run does the same and rolls it back: only trying tells whether other rows stand in the way.
    void mend(std::vector<Finding> const &findings, std::vector<Damage> &damages) {
        if (!_writable) {
            _writable.emplace(Repository::open(_place, _options.dry_run ? Access::Trial : Access::ReadWrite,
                                               _options.ignore_obscore));
            if (_options.mends) _options.mends(*_writable);
        }
        auto &db = _writable->db();
        sql::Transaction transaction(db);
        Trash trash(*_writable, waitingOf(findings));
        for (std::size_t i = 0; i < findings.size(); ++i) {
            if (findings[i].mending.empty()) continue;
            sql::Savepoint savepoint(db);
            try {
                std::int64_t changes = 0;
                for (auto const &step : findings[i].mending) changes += run(db, trash, step);
                if (changes == 0) throw Error("DB_ERROR", "no row was changed", ExitCode::SomeFailed);
                savepoint.release();
                damages[i].outcome = _options.dry_run ? "planned" : "done";
            } catch (Error const &e) {
                if (e.exitCode() != ExitCode::SomeFailed) throw;
                damages[i].message += "; it could not be mended: " + e.message();
            }
        }
        trash.sync();
        bool const mended =
            std::any_of(damages.begin(), damages.end(), [](Damage const &d) { return d.outcome == "done"; });
        if (!mended) return;
        transaction.commit();
        _tables.clear();
    }

    /// The datasets whose removal is to be finished.
    static std::set<std::string> waitingOf(std::vector<Finding> const &findings) {
        std::set<std::string> out;
        for (auto const &finding : findings) {
            for (auto const &step : finding.mending) {
                if (step.sql == emptyTrash) out.insert(std::get<std::string>(step.values.at(0)));
            }
        }
        return out;
    }

    /// \return rows changed; 1 for what changes no rows
    std::int64_t run(sql::Database &db, Trash &trash, Mending const &step) const {
        if (step.sql == emptyTrash) {
            trash.finish(std::get<std::string>(step.values.at(1)), std::get<std::string>(step.values.at(0)),
                         _options.dry_run ? Trash::Files::Rehearse : Trash::Files::Delete);
            return 1;
        }
        if (changesRows(step)) return db.prepare(step.sql)->run(step.values);
        if (_options.dry_run) return 1;
        auto const statement = db.prepare(step.sql);
        if (!step.sql.starts_with("SELECT")) {
            statement->run(step.values);
        } else if (!statement->hasRow(step.values)) {
            throw Error("DB_ERROR", "it is not so any more", ExitCode::SomeFailed);
        }
        return 1;
    }

    /// Indexes and tables are not made for a dry run: it takes long, and no row can stand in the way. Nor are
    /// sequences set, which no rollback takes back.
    static bool changesRows(Mending const &step) {
        return step.sql.starts_with("INSERT") || step.sql.starts_with("UPDATE")
               || step.sql.starts_with("DELETE");
    }

    std::string _place;
    CheckOptions _options;
    std::function<void(Damage const &)> const &_report;
    Config _config;
    Spool _spool;
    CheckResult _result;
    std::map<std::string, ActualTable> _tables;
    std::unique_ptr<sql::Database> _db; ///< until the repository can be opened
    std::optional<Repository> _repo;
    std::optional<Repository> _writable;
};

} // namespace

std::int64_t CheckResult::foundTotal() const {
    return totalOf(found);
}

std::int64_t CheckResult::mendedTotal() const {
    return totalOf(mended);
}

CheckResult check(std::string const &repo, CheckOptions const &options,
                  std::function<void(Damage const &)> const &report,
                  std::function<void(std::string_view)> const &progress) try {
    return Checker(repo, options, report).run(progress);
} catch (Error const &e) {
    throw openingError(e);
}

} // namespace dbb::butler
