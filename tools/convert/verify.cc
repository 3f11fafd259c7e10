#include "convert/verify.h"

#include "butler/collections.h"
#include "butler/stored_datasets.h"
#include "butler/where.h"
#include "common/calendar.h"
#include "common/error.h"
#include "common/file.h"
#include "common/log.h"
#include "common/signals.h"
#include "common/text.h"
#include "common/uri.h"
#include "convert/data_ids.h"
#include "convert/gen2_line.h"
#include "convert/verify_files.h"
#include "convert/verify_tally.h"
#include "convert/verify_validity.h"
#include "gen2/line_facts.h"
#include "intake/describer.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace dbb::convert {

using common::Error;
using common::ExitCode;
using common::Json;
using manifest::Record;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t maxAsked = 1000; // lines that are asked for at once

/// Kinds of differences, in the order in which they are summed up.
constexpr std::string_view missing = "missing";
constexpr std::string_view extra = "extra";
constexpr std::string_view uncertified = "uncertified";
constexpr std::string_view uncoveredDay = "uncovered_day";
constexpr std::string_view chain = "chain";

/// What the summary calls all of them.
constexpr char const *differences = "differences";

/// What to do about the kinds of differences that there are: one sentence, the same remedy once.
std::string remediesOf(std::map<std::string, std::int64_t> const &kinds) {
    static std::pair<std::string_view, std::vector<std::string_view>> const remedies[]{
        {"run dbb-convert with the same lines, then verify again", {missing, uncertified, chain}},
        {"--update-validity replaces the times of calibrations that are certified for others", {uncertified}},
        {"a chain that somebody has put in order stays so until it is changed with the Butler", {chain}},
        {"compare the two files; put the right one in the repository's place, or remove the dataset and "
         "convert "
         "it again",
         {"size", "file", "checksum"}},
        {"certify a calibration for these nights, or take them for what they are", {uncoveredDay}},
        {"remove what is not wanted with the Butler, or have a rule (dbb-rules(5)) include it", {extra}}};
    std::vector<std::string> out;
    for (auto const &[remedy, of] : remedies) {
        std::vector<std::string> met;
        for (auto const kind : of)
            if (kinds.contains(std::string(kind))) met.emplace_back(kind);
        if (!met.empty()) out.push_back(common::join(met, ", ") + ": " + std::string(remedy));
    }
    return common::join(out, "; ");
}

bool contains(std::vector<std::string> const &names, std::string const &name) {
    return std::ranges::find(names, name) != names.end();
}

std::vector<std::string> without(std::vector<std::string> names, std::vector<std::string> const &others) {
    std::erase_if(names, [&](auto const &name) { return contains(others, name); });
    return names;
}

/// The filter of a dataset; Gen2 registries call none NONE.
std::string filterOf(Record const &line, gen2::LineFacts const &facts) {
    for (auto const &value :
         {line.get("physical_filter"), line.get("data_id")["physical_filter"], facts.value("filter")}) {
        if (value.isString() && value.string() != "NONE") return value.string();
    }
    return "";
}

std::optional<std::string> textIn(Record const &line, std::string_view key) {
    auto const value = line.get(key);
    return value.isString() ? std::optional(value.string()) : std::nullopt;
}

/// A line on its way.
struct Item {
    Record line;
    Action action = Action::Convert;
    std::string file; ///< absolute path of the Gen2 file
    std::string dataset_type;
    std::string run;
    Json data_id;
    butler::DatasetType const *type = nullptr;
    std::optional<std::int64_t> run_id;
    butler::DataId values;
    std::string absence; ///< why there can be no such dataset; empty: one can be asked for
    std::optional<butler::StoredDataset> stored;
    Validity good;             ///< when it is to be certified
    std::string certification; ///< what is wrong with it; empty: nothing, or none is wanted
};

/// Everything of one run.
class Verification {
public:
    Verification(butler::Repository const &repo, VerifyOptions const &options, manifest::Rejects &rejects,
                 manifest::Summary &summary, common::Output &output)
        : _repo(repo), _options(options), _rejects(rejects), _summary(summary), _output(output),
          _patches(repo, options.skymap), _files(repo.config(), options.checksum), _validity(repo),
          _describer({.headers = options.headers}) {
        _summary.outcomes[differences] = 0;
    }

    void read(manifest::RecordReader &reader) {
        using Status = manifest::RecordReader::Status;
        for (;;) {
            auto const status =
                reader.next(_queue.empty() ? milliseconds(-1) : manifest::RecordReader::idleTime);
            if (status == Status::End) return;
            if (status == Status::Record) {
                _summary.countRead();
                take(std::move(reader.record()));
            }
            if (status == Status::Idle || _queue.size() >= maxAsked) {
                compareQueue();
                _output.flush();
            }
        }
    }

    /// What is left when the input has ended.
    void finish() {
        compareQueue();
        for (auto const &line : std::exchange(_collections, {})) compareCollection(line);
        findUncoveredDays();
        if (_options.complete) findExtra();
        _tally.forEachCount([this](NightCount const &count) { printCount(count); });
        tellSums();
    }

    bool differs() const { return !_kinds.empty(); }

private:
    // --- lines -----------------------------------------------------------------------------------------

    void take(Record line) {
        try {
            auto const type = line.type();
            if (type == "collection") {
                requireCollection(line);
                _collections.push_back(std::move(line));
            } else if (type == "gen2") {
                if (_options.rules) _options.rules->apply(line, _now, _decided);
                auto item = itemOf(line);
                _queue.push_back(std::move(item));
            }
        } catch (Error const &e) {
            if (e.exitCode() != ExitCode::SomeFailed) throw;
            _rejects.add(std::move(line), e);
        }
    }

    /// \throws Error of a line that can't be read
    static void requireCollection(Record const &line) {
        line.text("name");
        line.text("collection_type");
    }

    /// \throws Error of a line that can't be read
    Item itemOf(Record const &line) const {
        Item out;
        out.line = line;
        out.action = actionOf(line);
        out.file = common::absolutePath(common::pathOfUri(line.text("uri")));
        out.data_id = line.get("data_id");
        if (out.action == Action::Convert) {
            out.dataset_type = line.text("dataset_type");
            out.run = line.text("run");
            if (!out.data_id.isObject())
                throw Error("MISSING_KEY", "the line must hold the object \"data_id\"");
            if (textIn(line, "calibration")) out.good = validityOf(line);
            return out;
        }
        auto const datasetType = textIn(line, "dataset_type");
        auto const run = textIn(line, "run");
        if (!datasetType || !run || !out.data_id.isObject()) {
            out.absence = "the line does not say which it would be";
            return out;
        }
        out.dataset_type = *datasetType;
        out.run = *run;
        return out;
    }

    void compareQueue() {
        if (_queue.empty()) return;
        {
            sql::ReadTransaction const view(_repo.db());
            for (auto &item : _queue) {
                if (item.absence.empty()) resolve(item);
            }
            findStored();
            if (readHeaders()) findStored();
            findCertified();
        }
        for (auto &item : std::exchange(_queue, {})) compare(item);
    }

    /// Dataset type, run and data ID as the registry has them.
    void resolve(Item &item) {
        try {
            item.type = typeNamed(item.dataset_type);
            if (!item.type) {
                item.absence = "dataset type \"" + item.dataset_type + "\" is not registered";
                return;
            }
            item.run_id = runNamed(item.run);
            if (!item.run_id) {
                item.absence = "run \"" + item.run + "\" is not registered";
                return;
            }
            _patches.fill(item.line, item.data_id);
            auto values = requiredValues(_repo.universe(), *item.type, item.data_id);
            if (values) {
                item.values = std::move(*values);
            } else {
                item.absence = "dataset type \"" + item.dataset_type + "\" has the dimensions "
                               + common::join(item.type->dimensions.required, ", ") + ", the line "
                               + item.data_id.dump();
            }
        } catch (Error const &e) {
            if (e.exitCode() != ExitCode::SomeFailed) throw;
            item.absence = e.message();
        }
    }

    butler::DatasetType const *typeNamed(std::string const &name) {
        auto at = _types.find(name);
        if (at == _types.end()) at = _types.emplace(name, butler::findDatasetType(_repo, name)).first;
        return at->second ? &*at->second : nullptr;
    }

    std::optional<std::int64_t> runNamed(std::string const &name) {
        auto at = _runs.find(name);
        if (at == _runs.end()) at = _runs.emplace(name, butler::findRun(_repo, name)).first;
        return at->second;
    }

    void findStored() {
        std::vector<butler::WantedDataset> wanted;
        std::vector<Item *> items;
        for (auto &item : _queue) {
            if (!item.absence.empty()) continue;
            auto const &names = item.type->dimensions.names;
            bool const ofExposure = isRaw(item.line) && std::ranges::find(names, "exposure") != names.end();
            wanted.push_back({item.type, *item.run_id, &item.values, ofExposure});
            items.push_back(&item);
        }
        auto found = butler::findDatasets(_repo, wanted);
        for (std::size_t i = 0; i < items.size(); ++i) items[i]->stored = std::move(found[i]);
    }

    /// A raw counts as what its header says, and was converted as that. \return whether that changes anything
    bool readHeaders() {
        std::vector<Item *> items;
        std::vector<Record> lines;
        for (auto &item : _queue) {
            if (item.action != Action::Convert || !isRaw(item.line) || !item.absence.empty() || item.stored)
                continue;
            items.push_back(&item);
            lines.push_back(fileLineOf(item.line));
        }
        auto const errors = intake::describeAll(_describer, lines, _options.jobs);
        bool out = false;
        for (std::size_t i = 0; i < items.size(); ++i) {
            if (errors[i] || !isOfAnother(items[i]->line, lines[i])) continue;
            items[i]->data_id = lines[i].get("data_id");
            resolve(*items[i]);
            out = true;
        }
        return out;
    }

    // --- validity --------------------------------------------------------------------------------------

    void findCertified() {
        std::map<CalibrationPlace, std::vector<Item *>> wanted;
        for (auto &item : _queue) {
            auto const collection = textIn(item.line, "calibration");
            if (item.action != Action::Convert || !collection) continue;
            CalibrationPlace const place{item.line.get("instrument").text(), *collection, item.dataset_type};
            _validity.note(place);
            if (item.stored) wanted[place].push_back(&item);
        }
        for (auto const &[place, items] : wanted) {
            std::vector<butler::Certified> datasets;
            for (auto const *item : items) {
                datasets.push_back({*common::Uuid::fromText(item->stored->id), item->values,
                                    item->good.begin_ns, item->good.end_ns});
            }
            auto problems = _validity.problems(place, *items.front()->type, datasets);
            for (std::size_t i = 0; i < items.size(); ++i) items[i]->certification = std::move(problems[i]);
        }
    }

    void findUncoveredDays() {
        _validity.addAll(_tally);
        _tally.forEachUncovered([this](UncoveredNights const &uncovered) {
            auto const &[place, dataId, first, last, nights] = uncovered;
            Record out("difference");
            out.set("kind", uncoveredDay)
                .set("dataset_type", place.dataset_type)
                .set("calibration", place.collection)
                .set("data_id", dataId)
                .set("day_obs", first)
                .set("last_day_obs", last)
                .set("nights", nights);
            out.set("message", "no " + place.dataset_type + " is good for the exposures of "
                                   + (nights == 1 ? "this night" : std::to_string(nights) + " nights"));
            tell(out);
        });
    }

    // --- comparison ------------------------------------------------------------------------------------

    void compare(Item const &item) {
        gen2::LineFacts const facts(item.line);
        bool const stored = item.stored && !item.stored->files.empty();
        NightCount count{.dataset_type =
                             facts.datasetType().empty() ? item.dataset_type : facts.datasetType(),
                         .physical_filter = filterOf(item.line, facts),
                         .day_obs = facts.dayObs()};
        if (item.action != Action::Convert) {
            count.left_out = 1;
            if (stored && _files.isItself(item.file, *item.stored)) {
                tell(differenceOf(item, extra)
                         .set("path", item.stored->files.front().path)
                         .set("message", "it is stored, although the line says " + item.line.text("action")));
            }
        } else {
            count.gen2 = 1;
            count.gen3 = stored ? 1 : 0;
            if (isRaw(item.line)) {
                // Of an exposure the registry tells best.
                if (item.stored && !item.stored->exposure_filter.empty())
                    count.physical_filter = item.stored->exposure_filter;
                noteExposure(item, facts, count);
            }
            compareStored(item);
        }
        _tally.count(count);
    }

    void compareStored(Item const &item) {
        if (_options.complete) _named.emplace(item.dataset_type, item.run);
        if (!item.stored || item.stored->files.empty()) {
            auto const why = !item.absence.empty() ? item.absence
                             : item.stored         ? "it is registered, but not stored"
                                                   : "it is not registered";
            tell(differenceOf(item, missing).set("message", why));
        }
        if (!item.stored) return;
        if (_options.complete) _tally.addNamed(item.stored->id);
        for (auto const &difference : _files.compare(item.file, item.line.integer("size"), *item.stored)) {
            auto out = differenceOf(item, difference.kind);
            out.set("path", difference.path);
            if (!difference.gen2.isNull()) out.set("gen2", difference.gen2).set("gen3", difference.gen3);
            tell(out.set("message", difference.message));
        }
        if (item.certification.empty()) return;
        tell(differenceOf(item, uncertified)
                 .set("calibration", item.line.get("calibration"))
                 .set("validity", item.line.get("validity"))
                 .set("message", item.certification));
    }

    void noteExposure(Item const &item, gen2::LineFacts const &facts, NightCount const &count) {
        auto const begin = item.stored && item.stored->exposure_begin_tai_ns
                               ? item.stored->exposure_begin_tai_ns
                               : facts.begin_ns();
        if (!begin || !count.day_obs) return;
        _tally.addExposure(item.line.get("instrument").text(), count.physical_filter, *count.day_obs, *begin);
    }

    void compareCollection(Record const &line) {
        auto const found = butler::findCollection(_repo, line.text("name"));
        if (!found) return tellCollection(line, missing, "it is not registered");
        if (butler::nameOf(found->type) != line.text("collection_type"))
            return tellCollection(line, missing, "it is a " + std::string(butler::nameOf(found->type)));
        auto const children = line.get("children");
        if (children.isArray()) compareChain(line, children.array(), found->children);
    }

    void compareChain(Record const &line, Json::Array const &children, std::vector<std::string> const &held) {
        std::vector<std::string> wanted;
        for (auto const &child : children) addLeaves(child.text(), wanted);
        std::vector<std::string> there;
        for (auto const &child : held) addLeaves(child, there);
        auto const lacking = without(wanted, there);
        if (!lacking.empty()) {
            bool const any = std::ranges::any_of(
                lacking, [&](auto const &name) { return butler::findCollection(_repo, name).has_value(); });
            return tellCollection(line, any ? chain : missing, "it lacks " + common::join(lacking, ", "));
        }
        std::erase_if(there, [&](auto const &name) { return !contains(wanted, name); });
        if (there == wanted) return;
        tellCollection(line, chain, "its children are in another order than those of the line", wanted,
                       there);
    }

    void tellCollection(Record const &line, std::string_view kind, std::string const &why,
                        std::vector<std::string> const &gen2 = {},
                        std::vector<std::string> const &gen3 = {}) {
        Record out("difference");
        out.set("kind", kind)
            .set("name", line.get("name"))
            .set("collection_type", line.get("collection_type"));
        if (!gen2.empty()) {
            out.set("gen2", Json::Array(gen2.begin(), gen2.end()))
                .set("gen3", Json::Array(gen3.begin(), gen3.end()));
        }
        tell(out.set("message", why));
    }

    /// A collection, or the children of a chain, which stand in its place when a chain is made of chains.
    /// Each counts where it comes first.
    void addLeaves(std::string const &name, std::vector<std::string> &leaves) const {
        auto const found = butler::findCollection(_repo, name);
        if (found && found->type == butler::CollectionType::Chained) {
            for (auto const &child : found->children) addLeaves(child, leaves);
        } else if (!contains(leaves, name)) {
            leaves.push_back(name);
        }
    }

    /// Datasets of the types and runs of the lines that no line names.
    void findExtra() {
        if (_named.empty()) return;
        std::set<std::string> types;
        std::set<std::string> runs;
        for (auto const &[type, run] : _named) {
            types.insert(butler::quotedText(type));
            runs.insert(butler::quotedText(run));
        }
        auto const list = [](std::set<std::string> const &items) {
            return "(" + common::join({items.begin(), items.end()}, ", ") + ")";
        };
        auto const where = "dataset_type IN " + list(types) + " AND run IN " + list(runs);
        butler::forEachDataset(_repo, where, [this](butler::DatasetRow const &row) {
            if (!_named.contains({row.dataset_type, row.run}) || _tally.isNamed(row.id)) return;
            Record out("difference");
            out.set("kind", extra)
                .set("dataset_type", row.dataset_type)
                .set("run", row.run)
                .set("data_id", row.data_id)
                .set("id", row.id);
            tell(out.set("message", "no line names it"));
        });
    }

    // --- output ----------------------------------------------------------------------------------------

    static Record differenceOf(Item const &item, std::string_view kind) {
        Record out("difference");
        out.set("kind", kind).set("uri", item.line.get("uri"));
        out.set("dataset_type", item.dataset_type).set("run", item.run).set("data_id", item.data_id);
        if (item.stored) out.set("id", item.stored->id);
        return out;
    }

    void tell(Record const &difference) {
        auto const kind = difference.get("kind").string();
        ++_kinds[kind];
        ++_summary.outcomes[kind];
        ++_summary.outcomes[differences];
        _output.write(difference.line());
    }

    void printCount(NightCount const &count) {
        Record out("summary");
        out.set("dataset_type", count.dataset_type.empty() ? Json() : Json(count.dataset_type))
            .set("physical_filter", count.physical_filter.empty() ? Json() : Json(count.physical_filter))
            .set("day_obs", count.day_obs ? Json(*count.day_obs) : Json())
            .set("gen2", count.gen2)
            .set("gen3", count.gen3);
        if (count.left_out > 0) out.set("left_out", count.left_out);
        _output.write(out.line());
    }

    void tellSums() const {
        if (_files.remote() > 0) {
            common::log::warning(std::to_string(_files.remote()) + " remote files were not looked at",
                                 "their sizes as recorded were compared");
        }
        if (_files.gone() > 0) {
            common::log::warning(std::to_string(_files.gone()) + " Gen2 files are gone",
                                 "what the repository has was compared with its recorded checksums only");
        }
        if (!differs()) return;
        std::vector<std::string> sums;
        for (auto const &[kind, count] : _kinds) sums.push_back(std::to_string(count) + " " + kind);
        common::log::warning("Gen2 and Gen3 differ: " + common::join(sums, ", "), remediesOf(_kinds));
    }

    butler::Repository const &_repo;
    VerifyOptions const &_options;
    manifest::Rejects &_rejects;
    manifest::Summary &_summary;
    common::Output &_output;
    Patches _patches;
    VerifyFiles _files;
    VerifyValidity _validity;
    VerifyTally _tally;
    intake::Describer _describer;
    std::map<std::string, std::optional<butler::DatasetType>> _types;
    std::map<std::string, std::optional<std::int64_t>> _runs;
    std::int64_t _now = common::nowUtcNs();
    gen2::Rules::Tally _decided;
    std::map<std::string, std::int64_t> _kinds; ///< of differences, and how many there are
    std::vector<Item> _queue;
    std::vector<Record> _collections;
    std::set<std::pair<std::string, std::string>> _named; ///< dataset types and runs of the lines
};

/// A pipe does not tell that its writer died. \return false when there was nothing that could be compared
bool isWholeInput(bool anyLine, bool hasEnd) {
    if (hasEnd) return true;
    char const *const remedy = "look whether dbb-gen2-scan got through";
    if (!anyLine) {
        common::log::warning("the input is empty: nothing was compared", remedy);
        return false;
    }
    common::log::warning("the input has no end line: there may be more that was not compared", remedy);
    return true;
}

} // namespace

ExitCode verify(butler::Repository const &repo, VerifyOptions const &options, manifest::RecordReader &reader,
                manifest::Rejects &rejects, manifest::Summary &summary, common::Output &output) {
    Verification verification(repo, options, rejects, summary, output);
    verification.read(reader);
    bool complete = true;
    if (common::stopSignal() == 0) {
        verification.finish();
        auto const ends = reader.endRecords("dbb-convert");
        complete =
            isWholeInput(summary.read > 0 || rejects.count() > 0, ends.back().get("input_end") == Json(true));
        for (auto const &end : ends) output.write(end.line());
    }
    output.flush();
    bool const equal = complete && !verification.differs();
    return common::worse(rejects.status(), equal ? ExitCode::Done : ExitCode::Incomplete);
}

} // namespace dbb::convert
