#include "ingest/visits.h"

#include "butler/repository.h"
#include "common/signals.h"
#include "common/yaml.h"
#include "ingest/visit_maker.h"
#include "intake/repository_options.h"
#include "manifest/stream.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <optional>
#include <unistd.h>

namespace dbb::ingest {

using common::Error;
using common::Json;
using manifest::Record;

namespace {

constexpr std::size_t maxGrouped = 1000;    // lines
constexpr std::size_t maxRemembered = 4096; // exposures

/// What the lines of an exposure are told.
struct ExposureAnswer {
    std::string outcome = "existing";
    Json::Array visits;
    std::optional<Error> error;
};

Json receiptOf(ExposureAnswer const &answer) {
    Json out;
    return out.set("outcome", answer.outcome).set("visits", answer.visits);
}

/// Of several outcomes the one that tells of more work.
std::string const &greater(std::string const &a, std::string const &b) {
    static std::vector<std::string> const order{"existing", "updated", "done", "planned"};
    auto const place = [](std::string const &o) {
        return std::find(order.begin(), order.end(), o) - order.begin();
    };
    return place(b) > place(a) ? b : a;
}

/// An integer, also as the double or the text that stands for it; nullopt else.
std::optional<std::int64_t> integerOf(Json const &value) {
    if (value.isInt()) return value.integer();
    auto const number = value.isString() ? common::plainScalar(value.string()) : value;
    if (number.isInt()) return number.integer();
    if (!number.isDouble() || std::abs(number.number()) > static_cast<double>(manifest::mostExact))
        return std::nullopt;
    if (std::trunc(number.number()) != number.number()) return std::nullopt;
    return static_cast<std::int64_t>(number.number());
}

Record lineOf(VisitResult const &result) {
    Json::Array exposures;
    for (auto const &exposure : result.visit.exposures)
        exposures.push_back(manifest::numberOrText(exposure["id"].integer()));
    auto const &instrument = result.visit.exposures.front()["instrument"];
    Record out("dimension");
    out.set("element", "visit")
        .set("instrument", instrument)
        .set("visit", manifest::numberOrText(result.visit.id));
    out.set("exposures", exposures);
    out.set("visit_systems", Json::Array(result.visit.systems.begin(), result.visit.systems.end()));
    if (!result.record.isNull()) {
        auto record = result.record;
        out.set("records", Json().set("visit", record.set("id", manifest::numberOrText(result.visit.id))));
    }
    if (result.error) return out;
    Json receipt;
    receipt.set("outcome", result.outcome);
    if (!result.old_values.isNull() && !result.old_values.object().empty())
        receipt.set("updated", result.old_values);
    return out.set("visits", receipt);
}

class Visits {
public:
    Visits(butler::Repository const &repo, VisitsOptions const &options, VisitMakerOptions const &making,
           manifest::Rejects &rejects, common::Output &output, manifest::Summary &summary)
        : _repo(repo), _options(options), _rejects(rejects), _output(output), _summary(summary),
          _groupsGrow(making.grouping != Grouping::OneToOne),
          _maker(repo, making, [this](VisitResult const &result) { take(result); }) {}

    /// All exposures that are selected.
    void walk() {
        _walking = true;
        auto const count = _maker.makeAll();
        if (_made == 0 && count > 0) {
            common::log::warning("none of " + std::to_string(count)
                                 + " exposures makes a visit: they are not tracked on "
                                   "the sky, have no position angle or see no sky");
        }
    }

    /// Visits that were made, or would be, and have no region.
    std::int64_t withoutRegions() const { return _withoutRegions; }

    /// \return whether there was any line
    bool filter(manifest::RecordReader &reader) {
        using Status = manifest::RecordReader::Status;
        bool any = false;
        for (;;) {
            auto const timeout =
                _lines.empty() ? std::chrono::milliseconds(-1) : manifest::RecordReader::idleTime;
            auto const status = reader.next(timeout);
            if (status == Status::End) break;
            if (status == Status::Idle) {
                flush();
                continue;
            }
            any = true;
            _summary.countRead();
            add(std::move(reader.record()));
            if (_lines.size() >= maxGrouped) flush();
        }
        flush();
        return any;
    }

private:
    struct Line {
        Record record;
        std::optional<ExposureKey> exposure; ///< nullopt: the line is about something else
    };

    void add(Record record) {
        try {
            auto exposure = exposureOf(record);
            _lines.push_back({std::move(record), std::move(exposure)});
        } catch (Error const &e) {
            _rejects.add(std::move(record), e);
        }
    }

    /// \throws Error DRY_RUN, BAD_VALUE
    std::optional<ExposureKey> exposureOf(Record &record) const {
        auto const dataId = record.get("data_id");
        auto const exposure = integerOf(dataId["exposure"]);
        if (!dataId["instrument"].isString() || !exposure) return std::nullopt;
        record.erase("error");
        if (record.get("ingest")["outcome"] == Json("planned") && !_options.standard.dry_run) {
            throw Error("DRY_RUN",
                        "the line was printed by a dry run of dbb-ingest; its exposure is not registered");
        }
        return ExposureKey{dataId["instrument"].string(), *exposure};
    }

    void flush() {
        std::vector<ExposureKey> wanted;
        for (auto const &line : _lines) {
            if (line.exposure && _answers.try_emplace(*line.exposure).second)
                wanted.push_back(*line.exposure);
        }
        if (!wanted.empty()) {
            _maker.make(wanted);
            for (auto const &exposure : wanted) lookForMissing(exposure);
        }
        for (auto &line : _lines) answer(line);
        _output.flush();
        _lines.clear();
        // What failed may be mended meanwhile, and a group may have grown.
        std::erase_if(_answers, [](auto const &answer) { return answer.second.error.has_value(); });
        if (_groupsGrow || _answers.size() > maxRemembered) _answers.clear();
    }

    /// An exposure without visits is none of the sky, or none at all.
    void lookForMissing(ExposureKey const &exposure) {
        auto &answer = _answers[exposure];
        if (!answer.visits.empty() || answer.error) return;
        bool const there = _repo.db()
                               .cached("SELECT 1 FROM exposure WHERE instrument = ? AND id = ?")
                               .hasRow({exposure.instrument, exposure.id});
        if (there) return;
        answer.error = Error("EXPOSURE_NOT_FOUND", "exposure " + std::to_string(exposure.id) + " of "
                                                       + exposure.instrument + " is not in the repository")
                           .hint("ingest its files first, into this repository")
                           .cause({.column = "exposure", .value = std::to_string(exposure.id)});
    }

    void answer(Line &line) {
        if (!line.exposure) return _output.write(line.record.line());
        auto const &answer = _answers[*line.exposure];
        if (answer.error) return _rejects.add(std::move(line.record), *answer.error);
        ++_summary.outcomes[answer.outcome];
        _output.write(line.record.set("visits", receiptOf(answer)).line());
    }

    void take(VisitResult const &result) {
        ++_made;
        bool const made = result.outcome == "done" || result.outcome == "planned";
        if (made && result.record["region"].isNull()) ++_withoutRegions;
        if (_walking) {
            auto line = lineOf(result);
            if (result.error) return _rejects.add(std::move(line), *result.error);
            ++_summary.outcomes[result.outcome];
            return _output.write(line.line());
        }
        for (auto const &exposure : result.visit.exposures) {
            auto const at = _answers.find({exposure["instrument"].string(), exposure["id"].integer()});
            if (at == _answers.end()) continue; // one of the same group, asked for by nobody
            if (result.error) {
                at->second.error = result.error;
                continue;
            }
            at->second.visits.push_back(manifest::numberOrText(result.visit.id));
            at->second.outcome = greater(at->second.outcome, result.outcome);
        }
    }

    butler::Repository const &_repo;
    VisitsOptions const &_options;
    manifest::Rejects &_rejects;
    common::Output &_output;
    manifest::Summary &_summary;
    bool _groupsGrow;
    VisitMaker _maker;
    bool _walking = false;
    std::int64_t _withoutRegions = 0;
    std::int64_t _made = 0; ///< visits of a walk, also those that failed
    std::vector<Line> _lines;
    std::map<ExposureKey, ExposureAnswer> _answers;
};

void sayNoRegions(std::int64_t count) {
    if (count == 0) return;
    common::log::warning(
        std::to_string(count) + (count == 1 ? " visit was" : " visits were")
            + " made without regions, so that spatial queries do not find them",
        "give the geometry of the camera with --geometry, and --update-records to mend it later");
}

void makeVisits(VisitsOptions const &options, int in, int out, manifest::Rejects &rejects,
                manifest::Summary &summary) {
    common::Output output(out);
    auto const access = options.standard.dry_run ? butler::Access::ReadOnly : butler::Access::ReadWrite;
    VisitMakerOptions making;
    making.grouping = groupingNamed(options.grouping);
    if (!options.geometry.empty()) making.geometry = CameraGeometry::read(options.geometry);
    making.update = options.update_records;
    making.incremental = options.incremental;
    making.dry_run = options.standard.dry_run;
    auto const repo = butler::Repository::open(options.repo, access, options.ignore_obscore);
    intake::warnOfObscore(repo);
    std::vector<Record> ends{manifest::endRecord("dbb-visits")};
    making.selection = {options.instruments, options.where};
    bool any = false;
    if (::isatty(in) == 0) {
        // Lines come as exposures are ingested, so that a visit of several may be met before its last one.
        making.incremental = true;
        Visits visits(repo, options, making, rejects, output, summary);
        manifest::RecordReader reader(in, rejects);
        any = visits.filter(reader);
        sayNoRegions(visits.withoutRegions());
        ends = reader.endRecords("dbb-visits");
    }
    // `end` lines count as input, too.
    if (!any && ends.size() == 1 && rejects.count() == 0) {
        making.incremental = options.incremental;
        ends = {manifest::endRecord("dbb-visits")};
        Visits visits(repo, options, making, rejects, output, summary);
        visits.walk();
        sayNoRegions(visits.withoutRegions());
    }
    if (common::stopSignal() == 0) {
        for (auto const &end : ends) output.write(end.line());
    }
    output.flush();
    rejects.finish();
    summary.finish(options.standard, rejects);
}

} // namespace

common::ExitCode runVisits(VisitsOptions options, int in, int out) {
    manifest::Summary summary{.program = "dbb-visits", .outcomes = {}};
    manifest::Rejects rejects(options.standard.rejects);
    try {
        makeVisits(options, in, out, rejects, summary);
    } catch (Error const &e) {
        summary.fail(options.standard, rejects, e);
        throw;
    }
    return rejects.status();
}

} // namespace dbb::ingest
