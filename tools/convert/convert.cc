#include "convert/convert.h"

#include "common/calendar.h"
#include "common/error.h"
#include "common/signals.h"
#include "convert/collection_lines.h"
#include "gen2/rules.h"
#include "intake/registered.h"
#include "intake/repository_options.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <unistd.h>
#include <utility>

namespace dbb::convert {

using common::Error;
using manifest::Record;
using std::chrono::milliseconds;

namespace {

/// The lines of one run.
class Conversion {
public:
    Conversion(butler::Repository const &repo, ConvertProgramOptions const &options,
               manifest::Rejects &rejects, common::Output &output, manifest::Summary &summary)
        : _repo(repo), _dryRun(options.standard.dry_run), _rejects(rejects), _output(output),
          _summary(summary),
          _rules(options.rules.empty() ? std::nullopt : std::optional(gen2::Rules::read(options.rules))),
          _converter(repo, options.convert, rejects,
                     [this](Record const &line, std::string const &outcome) { done(line, outcome); }) {}

    void read(manifest::RecordReader &reader) {
        using Status = manifest::RecordReader::Status;
        for (;;) {
            auto const timeout =
                _converter.queued() > 0 ? manifest::RecordReader::idleTime : milliseconds(-1);
            auto const status = reader.next(timeout);
            if (status == Status::End) return;
            if (status == Status::Record) {
                _summary.countRead();
                take(std::move(reader.record()), reader.number());
            }
            if (status == Status::Idle || _converter.queued() >= Converter::maxBatch) {
                _converter.commit();
                _output.flush();
            }
        }
    }

    /// What the rules did, for people.
    void remark() const {
        if (!_rules) return;
        for (auto const &sentence : _rules->remarks(_tally, _now)) common::log::warning(sentence);
    }

    /// What is left when the input has ended; not all of it when the program was asked to stop.
    void finish() {
        if (common::stopSignal() != 0) return _converter.commit();
        _converter.finish();
        refuseCollections();
        makeCollections(_repo, std::move(_collections), _dryRun, _converter.plannedCollections(), _rejects,
                        [this](Record const &line, std::string const &outcome) { done(line, outcome); });
    }

private:
    /// \param number  of the line in the input
    void take(Record line, std::int64_t number) {
        try {
            auto const type = line.type();
            if (type == "collection") {
                requireNotDry(line);
                _collections.push_back(std::move(line));
            } else if (type != "gen2") {
                _output.write(line.line()); // about something else
            } else {
                takeGen2(line);
            }
        } catch (Error const &e) {
            if (e.exitCode() != common::ExitCode::SomeFailed) throw;
            auto const where = line.has("uri") ? "" : "line " + std::to_string(number) + ": ";
            _rejects.add(std::move(line), e.saying(where + e.message()));
        }
    }

    /// \param line  moved from, unless an error is thrown
    void takeGen2(Record &line) {
        requireNotDry(line);
        if (_rules) _rules->apply(line, _now, _tally);
        auto const action = actionOf(line);
        if (line.get("instrument").isString()) _instruments.insert(line.text("instrument"));
        if (action == Action::Convert) {
            _converter.add(std::move(line));
        } else if (action == Action::Error && line.get("reason") == common::Json("missing_file")) {
            _converter.addMissing(std::move(line));
        } else if (action == Action::Skip) {
            ++_summary.outcomes["skipped"];
            _output.write(line.line());
        } else {
            auto const refusal = refusalOf(line, action);
            _rejects.add(std::move(line), refusal);
        }
    }

    /// Of an instrument that is not registered nothing was converted: no collection is made of it either, nor
    /// any when there is no other instrument.
    void refuseCollections() {
        auto const isUnknown = [this](std::string const &name) { return !_converter.isRegistered(name); };
        auto const unknown = std::ranges::find_if(_instruments, isUnknown);
        if (unknown == _instruments.end()) return;
        bool const all = std::ranges::all_of(_instruments, isUnknown);
        std::vector<Record> others;
        for (auto &line : _collections) {
            auto const name = line.get("name").text();
            auto const owner = std::ranges::find_if(_instruments, [&](std::string const &instrument) {
                return name.starts_with(instrument + "/") && isUnknown(instrument);
            });
            if (!all && owner == _instruments.end()) {
                others.push_back(std::move(line));
                continue;
            }
            auto const &instrument = owner == _instruments.end() ? *unknown : *owner;
            _rejects.add(std::move(line), intake::instrumentNotRegistered("collection " + name, instrument,
                                                                          _repo.config().root));
        }
        _collections = std::move(others);
    }

    void requireNotDry(Record const &line) const {
        if (_dryRun || line.get("convert")["outcome"] != common::Json("planned")) return;
        throw Error("DRY_RUN", "the line was printed by a dry run of dbb-convert");
    }

    void done(Record const &line, std::string const &outcome) {
        ++_summary.outcomes[outcome];
        _output.write(line.line());
    }

    butler::Repository const &_repo;
    bool _dryRun;
    manifest::Rejects &_rejects;
    common::Output &_output;
    manifest::Summary &_summary;
    std::optional<gen2::Rules> _rules;
    gen2::Rules::Tally _tally;
    std::int64_t _now = common::nowUtcNs();
    Converter _converter;
    std::vector<Record> _collections;
    std::set<std::string> _instruments; ///< of the lines
};

void convertAll(ConvertProgramOptions const &options, int in, int out, manifest::Rejects &rejects,
                manifest::Summary &summary) {
    common::Output output(out);
    auto const access = options.standard.dry_run ? butler::Access::ReadOnly : butler::Access::ReadWrite;
    auto const repo = butler::Repository::open(options.repo, access, options.ignore_obscore);
    intake::warnOfObscore(repo);
    Conversion conversion(repo, options, rejects, output, summary);
    manifest::RecordReader reader(in, rejects);
    conversion.read(reader);
    conversion.finish();
    conversion.remark();
    if (common::stopSignal() == 0) {
        for (auto const &end : reader.endRecords("dbb-convert")) output.write(end.line());
    }
    output.flush();
    rejects.finish();
    summary.finish(options.standard, rejects);
}

common::ExitCode verifyAll(ConvertProgramOptions const &options, int in, int out, manifest::Rejects &rejects,
                           manifest::Summary &summary) {
    common::Output output(out);
    auto const repo = butler::Repository::open(options.repo, butler::Access::ReadOnly);
    manifest::RecordReader reader(in, rejects);
    auto const status = verify(repo, options.verification, reader, rejects, summary, output);
    rejects.finish();
    summary.finish(options.standard, rejects);
    return status;
}

/// Incomplete when nothing failed for good.
common::ExitCode statusOf(manifest::Rejects const &rejects) {
    auto const &codes = rejects.countByCode();
    if (codes.empty()) return common::ExitCode::Done;
    bool const waiting =
        std::ranges::all_of(codes, [](auto const &code) { return isIncomplete(code.first); });
    return waiting ? common::ExitCode::Incomplete : common::ExitCode::SomeFailed;
}

} // namespace

common::ExitCode runConvert(ConvertProgramOptions options, int in, int out) {
    if (::isatty(in) == 1) throw common::usageError("standard input is a terminal", "pipe dbb-gen2-scan in");
    if (!options.verify && (options.verification.checksum || options.verification.complete)) {
        throw common::usageError(std::string(options.verification.checksum ? "--checksum" : "--complete")
                                     + " compares, and nothing is to be compared",
                                 "give --verify as well");
    }
    auto &convert = options.convert;
    convert.ingester.transfer = intake::transferNamed(options.transfer);
    if (convert.ingester.transfer == intake::Transfer::Move && !convert.may_move) {
        throw common::usageError("--transfer move takes the files out of the Gen2 repository",
                                 "give --i-own-the-source as well when that is meant");
    }
    convert.ingester.ownership = intake::Ownership::from(options.mode, options.group);
    convert.ingester.dry_run = options.standard.dry_run;
    convert.jobs = options.standard.jobs;
    intake::useTables(convert.headers);
    manifest::Summary summary{.program = "dbb-convert", .outcomes = {}};
    manifest::Rejects rejects(options.standard.rejects);
    try {
        if (options.verify) {
            options.verification.skymap = convert.skymap;
            options.verification.headers = convert.headers;
            options.verification.jobs = convert.jobs;
            if (!options.rules.empty()) options.verification.rules = gen2::Rules::read(options.rules);
            return verifyAll(options, in, out, rejects, summary);
        }
        convertAll(options, in, out, rejects, summary);
    } catch (Error const &e) {
        summary.fail(options.standard, rejects, e);
        throw;
    }
    return statusOf(rejects);
}

} // namespace dbb::convert
