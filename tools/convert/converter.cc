#include "convert/converter.h"

#include "common/error.h"
#include "common/file.h"
#include "common/text.h"
#include "common/uri.h"
#include "convert/cross_check.h"
#include "intake/registered.h"

#include <cerrno>
#include <utility>

namespace dbb::convert {

using common::Error;
using common::Json;
using manifest::Record;

namespace {

/// There is no dbb-scan before dbb-convert.
Error ofRaw(Error const &e) {
    return e.code() == "STILL_WRITTEN"
               ? Error(e).hint("wait for its writer, then convert the rejected line again")
               : e;
}

} // namespace

Converter::Converter(butler::Repository const &repo, ConverterOptions options, manifest::Rejects &rejects,
                     Receipts receipts)
    : _repo(repo), _options(std::move(options)), _rejects(rejects), _receipts(std::move(receipts)),
      _plan(_options.ingester.dry_run ? std::make_shared<butler::Plan>(repo) : nullptr), _records(repo),
      _describer({.headers = _options.headers}), _patches(repo, _options.skymap), _stored(repo, _plan.get()) {
    _options.ingester.receipt = "convert";
    _options.ingester.plan = _plan;
    _options.ingester.later = [this](Record &line, Error const &e) {
        refuse(std::move(line), e);
        return true;
    };
}

Converter::~Converter() = default;

void Converter::add(Record line) {
    try {
        requireInstrument(line);
    } catch (Error const &e) {
        return refuse(std::move(line), e);
    }
    auto &queue = isRaw(line) ? _raws : _others;
    queue.push_back(std::move(line));
}

bool Converter::isRegistered(std::string const &instrument) {
    auto const [at, isNew] = _instruments.try_emplace(instrument);
    if (isNew) at->second = _records.find("instrument", {instrument}).has_value();
    return at->second;
}

/// Of one that is not registered nothing is converted, also what does not refer to it: half a repository
/// helps nobody.
void Converter::requireInstrument(Record const &line) {
    auto const instrument = line.text("instrument");
    if (isRegistered(instrument)) return;
    throw intake::instrumentNotRegistered("\"" + common::pathOfUri(line.text("uri")) + "\"", instrument,
                                          _repo.config().root);
}

/// The ingester for the way of transfer that a line wants.
intake::Ingester &Converter::ingesterOf(Record const &line) {
    auto const transfer = transferOf(line).value_or(_options.ingester.transfer);
    auto &slot = _ingesters[transfer];
    if (slot) return *slot;
    if (transfer == intake::Transfer::Move && !_options.may_move) {
        throw Error("BAD_VALUE", "the line wants its file moved out of the Gen2 repository")
            .cause({.column = "transfer", .value = "move", .expected = "another transfer"})
            .hint("give --i-own-the-source when the Gen2 repository is to lose its files");
    }
    auto options = _options.ingester;
    options.transfer = transfer;
    slot = std::make_unique<intake::Ingester>(_repo, std::move(options), _rejects, _receipts);
    return *slot;
}

/// \param line  stands in receipts and rejects; moved from, unless an error is thrown
void Converter::addToIngester(Record &line, intake::DatasetLine dataset) {
    auto &ingester = ingesterOf(line);
    line.erase("error");
    dataset.record = std::move(line);
    ingester.add(std::move(dataset));
}

void Converter::commitIngesters() {
    for (auto &[transfer, ingester] : _ingesters) {
        if (ingester) ingester->commit();
    }
}

void Converter::commit() {
    if (!_options.ingester.update_records) pass(_raws, _stored.find(_raws));
    // There is no header to be read of those that a move took away.
    pass(_raws, _stored.findMoved(_raws));
    convertRaws();
    pass(_others, _stored.find(_others));
    for (auto &line : std::exchange(_others, {})) convertOther(std::move(line));
    commitIngesters();
    passMissing(); // last: another file of the same commit may have brought the dataset
}

/// What is there already as the lines have it is done with. \param warning  for their receipts
void Converter::pass(std::vector<Record> &lines,
                     std::vector<std::optional<StoredLines::Stored>> const &stored, char const *warning) {
    std::vector<Record> unknown;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (!stored[i]) {
            unknown.push_back(std::move(lines[i]));
            continue;
        }
        Json receipt;
        receipt.set("outcome", "existing").set("path", stored[i]->path);
        if (warning) receipt.set("warnings", Json::Array{warning});
        lines[i].erase("error");
        lines[i].set("id", stored[i]->id.text()).set("convert", receipt);
        _receipts(lines[i], "existing");
    }
    lines = std::move(unknown);
}

void Converter::passMissing() {
    auto lines = std::exchange(_missing, {});
    pass(lines, _stored.findMoved(lines), "the Gen2 file is gone; the repository has it");
    for (auto &line : lines) {
        auto const refusal = refusalOf(line, Action::Error);
        refuse(std::move(line), refusal);
    }
}

/// Raws come first: other lines of the same batch may be of their exposures.
void Converter::convertRaws() {
    auto lines = std::exchange(_raws, {});
    if (lines.empty()) return;
    std::vector<Record> described;
    for (auto const &line : lines) described.push_back(fileLineOf(line));
    auto errors = intake::describeAll(_describer, described, _options.jobs);
    for (std::size_t i = 0; _plan && i < lines.size(); ++i) {
        auto const file = common::pathOfUri(lines[i].text("uri"));
        if (_plan->datasets.isMoved(common::absolutePath(file)))
            errors[i] = common::systemError("open", file, ENOENT);
    }
    for (auto &[record, e] : _describer.takeBrokenIndexes()) _rejects.add(std::move(record), e);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (errors[i]) {
            refuse(std::move(lines[i]), ofRaw(*errors[i]));
        } else {
            convertRaw(std::move(lines[i]), described[i]);
        }
    }
    commitIngesters();
}

void Converter::convertRaw(Record line, Record const &described) {
    try {
        auto dataset = intake::parseRawLine(described, line.text("run"), _options.ingester.dry_run, _memory);
        if (line.text("instrument") != dataset.instrument) {
            throw Error("REGISTRY_MISMATCH", "\"" + dataset.path + "\" is a file of " + dataset.instrument
                                                 + " in a repository of " + line.text("instrument"))
                .cause({.column = "instrument",
                        .value = dataset.instrument,
                        .expected = line.text("instrument")})
                .hint("look at the header and where the file comes from; a file of another camera is none of "
                      "this "
                      "repository");
        }
        // It may not take the place of the file that is what its header says: that one comes first.
        if (!_last && isOfAnother(line, described)) return _later.add(line.line());
        dataset.warnings = mismatches(line.get("gen2")["registry"], described);
        if (_options.strict && !dataset.warnings.empty())
            throw Error("REGISTRY_MISMATCH",
                        "\"" + dataset.path + "\": " + common::join(dataset.warnings, "; "));
        // What the header says counts from here on.
        line.set("data_id", described.get("data_id"))
            .set("physical_filter", described.get("physical_filter"));
        addToIngester(line, std::move(dataset));
    } catch (Error const &e) {
        refuse(std::move(line), e);
    }
}

void Converter::convertOther(Record line) {
    try {
        auto dataId = line.get("data_id");
        if (_patches.fill(line, dataId)) line.set("data_id", dataId);
        addToIngester(line, parseOther(line, std::move(dataId)));
    } catch (Error const &e) {
        refuse(std::move(line), e);
    }
}

/// What is wrong, in terms of what the operator can do about it.
Error Converter::explained(Error const &e) const {
    bool const isRecord = e.code() == "MISSING_RECORD";
    auto const &dimension = e.cause().column;
    auto const as = [&](char const *code) { return Error(code, e.message()).cause(e.cause()); };
    if (isRecord && dimension == "visit") return as("NEEDS_VISIT");
    if (isRecord && dimension == "exposure") return as("NEEDS_EXPOSURE");
    if (isRecord && dimension == "skymap") return as("SKYMAP_NOT_REGISTERED");
    if (e.code() == "DATASET_TYPE_CONFLICT")
        return Error(e).hint("cameras whose datasets of one name differ need repositories of their own");
    return e;
}

/// Lines whose records may come with later ones wait on disk. So do calibrations whose time another may give
/// away.
void Converter::refuse(Record line, Error const &e) {
    if (e.exitCode() != common::ExitCode::SomeFailed) throw Error(e);
    auto const error = explained(e);
    bool const mayComeFree = _options.ingester.update_validity && error.code() == "CERTIFY_CONFLICT";
    if (!_last && (isIncomplete(error.code()) || mayComeFree)) {
        _later.add(line.line());
    } else {
        _rejects.add(std::move(line), error);
    }
}

butler::PlannedCollections Converter::plannedCollections() const {
    return _plan ? _plan->collections() : butler::PlannedCollections();
}

void Converter::finish() {
    commit();
    _last = true;
    _later.drain([this](std::string_view line) {
        add(Record::parse(line));
        if (queued() >= maxBatch) commit();
    });
    commit();
}

} // namespace dbb::convert
