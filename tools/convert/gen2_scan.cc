#include "convert/gen2_scan.h"

#include "butler/collections.h"
#include "common/calendar.h"
#include "common/error.h"
#include "common/file.h"
#include "common/lines.h"
#include "common/log.h"
#include "common/signals.h"
#include "common/text.h"
#include "common/yaml.h"
#include "convert/gen2_explain.h"
#include "convert/gen2_scanner.h"
#include "gen2/rules.h"
#include "instrument/table.h"
#include "manifest/stream.h"

#include <algorithm>
#include <optional>

namespace dbb::convert {

using common::ExitCode;
using common::Json;
using manifest::Record;

namespace {

/// Bands of filters, of a camera that can be registered.
std::map<std::string, std::string> bandsOf(std::string const &instrument) {
    std::map<std::string, std::string> out;
    auto const known = instrument::tableNames();
    if (std::ranges::find(known, instrument) == known.end()) return out;
    for (auto const &filter : instrument::tableOf(instrument).filters()) out[filter.name] = filter.band;
    return out;
}

/// \throws Error USAGE
void checkRun(std::string const &run) {
    try {
        butler::checkAskableRunName(run);
    } catch (common::Error const &e) {
        throw common::usageError("--run: " + e.message());
    }
}

std::map<std::string, std::string> runsFrom(std::vector<std::string> const &words,
                                            gen2::Policy const &policy) {
    std::map<std::string, std::string> out;
    for (auto const &word : words) {
        auto const equals = word.find('=');
        auto const type = word.substr(0, equals);
        if (equals == std::string::npos || type.empty() || equals + 1 == word.size())
            throw common::usageError("--run: \"" + word + "\" is not TYPE=RUN");
        if (!policy.find(type)) {
            auto const near = common::nearest(type, policy.typeNames());
            throw common::usageError("--run: the mapper has no dataset type \"" + type + "\"",
                                     near.empty() ? "" : "did you mean " + near + "?");
        }
        checkRun(word.substr(equals + 1));
        out[type] = word.substr(equals + 1);
    }
    return out;
}

/// Take over entries of types, in the place of those that are there.
void addTypes(Json &overrides, Json const &given) {
    auto types = overrides["types"];
    for (auto const &[key, value] : given.object()) {
        if (key != "types" || !value.isObject() || types.isNull()) {
            overrides.set(key, value);
            continue;
        }
        for (auto const &[name, entry] : value.object()) types.set(name, entry);
        overrides.set("types", types);
    }
}

/// Layouts that are not the mapper's: those of repositories themselves, the last of which wins.
Json overridesOf(std::vector<gen2::Repository> const &repositories) {
    Json out;
    for (auto const &repository : repositories) {
        if (!repository.policy.isNull())
            addTypes(out, gen2::Policy::overridesFrom(repository.policy, repository.folder));
    }
    return out;
}

/// \param templates  file whose layouts come before all others
gen2::Policy policyOf(std::string const &mapper, std::vector<gen2::Repository> const &repositories,
                      std::string const &templates) {
    auto overrides = overridesOf(repositories);
    auto out = gen2::Policy::of(mapper, overrides);
    if (templates.empty()) return out;
    Json given;
    try {
        given = common::readYaml(templates);
    } catch (common::Error const &e) {
        throw common::usageError("--templates: " + e.message());
    }
    if (!given.isObject()) throw common::usageError("--templates: \"" + templates + "\" is no mapping");
    addTypes(overrides, given);
    try {
        return gen2::Policy::of(mapper, overrides);
    } catch (common::Error const &e) {
        if (e.code() != "BAD_TABLE") throw;
        throw common::usageError("--templates: \"" + templates + "\": " + e.message(), e.hint());
    }
}

Gen2Setup setupOf(Gen2ScanOptions const &options) {
    auto layout = gen2::findLayout(options.root, options.calib);
    auto policy = policyOf(layout.mapper, {layout.root}, options.templates);
    Gen2Setup out{.layout = std::move(layout), .policy = std::move(policy), .skymap = options.skymap};
    out.policy_with = [mapper = out.layout.mapper, root = out.layout.root,
                       templates = options.templates](gen2::Repository const &repository) {
        return policyOf(mapper, {root, repository}, templates);
    };
    // Coadds of the others have bands in the place of filters.
    if (out.policy.instrument == "HSC") out.bands = bandsOf("HSC");
    out.runs = runsFrom(options.runs, out.policy);
    out.scale = options.validity_scale == "utc" ? gen2::DayScale::Utc : gen2::DayScale::Tai;
    return out;
}

/// Takes findings and writes lines.
class Writer {
public:
    Writer(Gen2ScanOptions const &options, Gen2Setup const &setup, Gen2Selection &selection, int out)
        : _policy(setup.policy), _place{setup.layout.root.folder, setup.layout.mapper,
                                        setup.policy.instrument, bandsOf(setup.policy.instrument)},
          _selection(selection), _collections(setup.policy, setup.layout.root), _output(out) {
        if (!options.rules.empty()) _rules = gen2::Rules::read(options.rules);
        _now_utc_ns = common::nowUtcNs();
    }

    void take(Finding &finding, Gen2Scanner &scanner) {
        if (!_selection.wantsType(finding)) return;
        checkName(finding);
        requireRun(finding);
        scanner.addExposure(finding);
        auto record = recordOf(finding, _place);
        if (!_selection.wantsLine(record)) return;
        _summary.countRead();
        if (_rules) decide(finding, record);
        if (!common::isUtf8(finding.file.path))
            common::log::debug("\"" + common::printable(finding.file.path) + "\": the name is no UTF-8");
        if (finding.isConverted()) _collections.addDataset(*finding.source, finding.run);
        ++_summary.outcomes[finding.action];
        if (!finding.isConverted() && finding.action != "skip") ++_open[finding.action][finding.reason];
        _output.write(record.line());
    }

    void finish(Gen2Scanner const &scanner, common::StandardOptions const &standard) {
        for (auto const &rerun : scanner.reruns()) addRerun(rerun);
        if (common::stopSignal() == 0) {
            if (_rules) leaveOutEmpty();
            _collections.write([&](Record const &line) { _output.write(line.line()); });
            _output.write(manifest::endRecord("dbb-gen2-scan").line());
        }
        _output.flush();
        if (_rules)
            for (auto const &remark : _rules->remarks(_tally, _now_utc_ns)) common::log::warning(remark);
        if (common::stopSignal() == 0) {
            for (auto const &option : _selection.unmet(_policy.typeNames(), scanner.rerunNames()))
                common::log::warning(option.message(), option.hint());
        }
        sumUp();
        manifest::Rejects const rejects("");
        _summary.finish(standard, rejects);
    }

    /// One whose files can't be understood gets no chain.
    void addRerun(Gen2Source const &source) {
        if (source.refusal.empty()) _collections.addRerun(source);
    }

    ExitCode status() const {
        auto const has = [&](char const *action) { return _summary.outcomes.contains(action); };
        if (has("error")) return ExitCode::SomeFailed;
        return has("review") || has("undecided") ? ExitCode::Incomplete : ExitCode::Done;
    }

private:
    /// A name that JSON can't hold names another file, or none.
    static void checkName(Finding &finding) {
        if (common::isUtf8(finding.file.path) || finding.action == "skip") return;
        finding.notes.emplace_back("its name is no UTF-8; bytes of it are shown as \\xNN");
        finding.decide("error", "name_not_utf8");
    }

    /// The line as the rules leave it; the finding learns what they decided.
    void decide(Finding &finding, Record &record) {
        _rules->apply(record, _now_utc_ns, _tally);
        finding.decide(record.text("action"), record.text("reason"));
    }

    /// Rules that convert nothing of a rerun want no chain of it either.
    void leaveOutEmpty() {
        constexpr std::size_t mostNamed = 5;
        auto names = _collections.leaveOutEmpty();
        if (names.empty()) return;
        auto const count = names.size();
        if (count > mostNamed) {
            names.resize(mostNamed);
            names.emplace_back("...");
        }
        common::log::warning(
            "the rules convert nothing of " + std::to_string(count)
            + (count == 1 ? " rerun, which gets no chain: " : " reruns, which get no chains: ")
            + common::join(names, ", "));
    }

    /// Say, whoever looks at stderr, why the status is not 0.
    void sumUp() const {
        if (_open.empty()) return;
        std::vector<std::string> parts;
        for (auto const &[action, reasons] : _open) {
            std::vector<std::string> counts;
            for (auto const &[reason, count] : reasons)
                counts.push_back(reason + ": " + std::to_string(count));
            parts.push_back(std::to_string(_summary.outcomes.at(action)) + " " + meaningOf(action) + " ("
                            + common::join(counts, ", ") + ")");
        }
        auto const text = "of " + std::to_string(_summary.read)
                          + (_summary.read == 1 ? " dataset " : " datasets ") + common::join(parts, ", ");
        auto const hint =
            "dbb-gen2-scan(1) says what the reasons mean, and the notes of the lines what to do";
        if (_open.contains("error"))
            common::log::error(common::Error("NOT_CONVERTIBLE", text).hint(hint));
        else
            common::log::warning(text, hint);
    }

    static char const *meaningOf(std::string const &action) {
        return action == "error"    ? "can't be converted"
               : action == "review" ? "must be looked at"
                                    : "are undecided";
    }

    /// A rerun may have a name that no run can have.
    static void requireRun(Finding &finding) {
        if (finding.run.empty() || finding.action == "skip") return;
        try {
            butler::checkAskableRunName(finding.run);
        } catch (common::Error const &e) {
            finding.notes.push_back(e.message());
            finding.decide("error", "bad_run_name");
        }
    }

    gen2::Policy const &_policy;
    Gen2Place _place;
    Gen2Selection &_selection;
    Gen2Collections _collections;
    common::Output _output;
    std::optional<gen2::Rules> _rules;
    gen2::Rules::Tally _tally;
    std::int64_t _now_utc_ns = 0;
    /// What is not decided, by action and reason.
    std::map<std::string, std::map<std::string, std::int64_t>> _open;
    manifest::Summary _summary{.program = "dbb-gen2-scan", .outcomes = {}};
};

/// Raws, and what is of their exposures, need an instrument that is registered and whose headers can be read.
void warnOfUnknown(std::string const &instrument) {
    auto const known = instrument::recognisableNames();
    if (std::ranges::find(known, instrument) != known.end()) return;
    common::log::warning(
        "dbb has no table of the instrument " + instrument
            + ", so it can't be registered and its raws can't be converted",
        "give dbb-repo and dbb-convert a table with --instrument-dir (dbb-instrument(5)), or leave "
        "raws and what is of their exposures out");
}

/// The repository that a path is in: the innermost one.
Gen2Source sourceOf(Gen2Setup const &setup, std::string const &path) {
    auto const &layout = setup.layout;
    for (auto folder = common::folderOf(path); common::isBelow(folder, layout.root.folder);
         folder = common::folderOf(folder)) {
        auto const rerun = layout.rerunOf(folder);
        if (folder == layout.calib) return {.kind = Gen2Source::Kind::Calib, .folder = folder};
        if (!rerun.empty() && gen2::readRepository(folder))
            return {.kind = Gen2Source::Kind::Rerun, .folder = folder, .rerun = rerun};
    }
    if (!layout.calib.empty() && common::isBelow(path, layout.calib))
        return {.kind = Gen2Source::Kind::Calib, .folder = layout.calib};
    if (common::isBelow(path, layout.root.folder))
        return {.kind = Gen2Source::Kind::Root, .folder = layout.root.folder};
    throw common::usageError("--explain: \"" + path + "\" is not below \"" + layout.root.folder + "\"",
                             "paths are absolute, or relative to the root");
}

ExitCode explain(Gen2Setup const &setup, std::string const &path, int out) {
    auto const absolute =
        common::absolutePath(path.starts_with('/') ? path : setup.layout.root.folder + "/" + path);
    auto const entry = common::entryOf(absolute);
    auto const source = sourceOf(setup, entry);
    auto const repository = gen2::readRepository(source.folder);
    bool const hasOwn = source.kind != Gen2Source::Kind::Root && repository && !repository->policy.isNull();
    auto const policy = hasOwn ? setup.policy_with(*repository) : setup.policy;
    Recognition recognition(policy);
    common::Output output(out);
    output.append(explainPath(recognition, source, entry));
    output.flush();
    return ExitCode::Done;
}

} // namespace

ExitCode runGen2Scan(Gen2ScanOptions const &options, int out) {
    auto const setup = setupOf(options);
    if (!options.explain.empty()) return explain(setup, options.explain, out);
    Gen2Selection selection(options.choice, setup.layout.rerun);
    for (auto const &note : setup.layout.notes) common::log::warning(note);
    warnOfUnknown(setup.policy.instrument);
    Writer writer(options, setup, selection, out);
    Gen2Scanner scanner(setup, selection, [&](Finding &finding) {
        // One within another is found on the way.
        if (finding.source->kind == Gen2Source::Kind::Rerun) writer.addRerun(*finding.source);
        writer.take(finding, scanner);
    });
    selection.compile(scanner.names());
    scanner.scan();
    writer.finish(scanner, options.standard);
    return writer.status();
}

} // namespace dbb::convert
