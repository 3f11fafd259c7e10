#include "ingest/describe.h"

#include "astro/earth_orientation.h"
#include "common/error.h"
#include "common/file.h"
#include "common/parallel.h"
#include "common/signals.h"
#include "common/text.h"
#include "common/uri.h"
#include "fits/header_file.h"
#include "ingest/scan.h"
#include "ingest/scanned.h"
#include "instrument/observation.h"

#include <optional>
#include <unistd.h>

namespace dbb::ingest {

using common::Error;
using common::Json;
using manifest::Record;

namespace {

struct Recognised {
    instrument::Table const *table;
    fits::Header header;
};

std::string shownCard(fits::Header const &header, char const *key) {
    auto const *value = header.find(key);
    return std::string(key) + (value ? " is " + fits::toJson(*value).dump() : " is absent");
}

/// For --explain, the cards of a header that nobody recognises.
Json cardsOf(fits::Header const &header) {
    Json cards{Json::Object{}};
    for (auto const &card : header.cards()) cards.set(card.key, fits::toJson(card.value));
    Json out;
    return out.set("instrument", Json()).set("cards", cards);
}

/// A file that is incomplete and changed less than this ago is taken for one that is still being written.
constexpr double young_s = 10;

/// The error of an incomplete file, or STILL_WRITTEN in its place.
Error unlessYoung(Error const &e, std::string const &path) {
    double age_s = 0;
    try {
        age_s = common::statFile(path).mtime.age();
    } catch (Error const &) {
        return e;
    }
    if (age_s < 0 || age_s >= young_s) return e;
    return Error("STILL_WRITTEN",
                 e.message() + "; it changed " + std::to_string(static_cast<int>(age_s)) + " s ago")
        .cause(e.cause());
}

/// The primary header when an instrument recognises it, else the first extension merged over it. Some
/// instruments need both in any case.
Recognised recogniseFile(fits::HeaderFile &file, std::string const &path, Json *explain) {
    auto header = file.primary();
    auto const *table = instrument::recognise(header);
    if (!table || table->merges_extension) {
        if (auto const *extension = file.extension()) header.merge(*extension);
        if (!table) table = instrument::recognise(header);
    }
    if (table) return {table, std::move(header)};
    if (explain) *explain = cardsOf(header);
    auto const unknown = Error("UNKNOWN_INSTRUMENT", "\"" + path + "\": no instrument recognises the header: "
                                                         + shownCard(header, "INSTRUME") + ", "
                                                         + shownCard(header, "TELESCOP"))
                             .cause({.card = "INSTRUME",
                                     .value = shownCard(header, "INSTRUME"),
                                     .expected = common::join(instrument::recognisableNames(), ", ")});
    throw file.lacksExtension() ? unlessYoung(unknown, path) : unknown;
}

/// Guider files have headers of their own beside the images of the same sensors, and tell themselves apart by
/// their names alone: …SG0_guider.fits. \throws Error GUIDER_FILE
void requireNoGuider(std::string const &path) {
    auto const name = common::nameOf(path);
    auto const sensor = name.find("SG");
    if (sensor == std::string::npos || name.find("_guider.", sensor) == std::string::npos) return;
    throw Error("GUIDER_FILE", "\"" + path + "\" is a guider's file by its name, no raw image");
}

/// Whether an error means that a part of the file is not there (yet).
bool isIncomplete(Error const &e) {
    auto const &code = e.code();
    return code == "EMPTY_FILE" || code == "HEADER_TRUNCATED" || code == "GZIP_DAMAGED"
           || code == "DATA_TRUNCATED";
}

/// \throws Error CHANGED
void requireUnchanged(fits::HeaderFile const &file, Record const &record, std::string const &path) {
    if (!file.unchanged()) throw Error("CHANGED", "\"" + path + "\" changed while it was read");
    // Of a file that was only touched the header is as good as before.
    requireAsScanned(path, file.stat(), {.size_bytes = record.integer("size"), .mtime = {}});
}

/// Nobody could read a longer line. \throws Error LINE_TOO_LONG
void requireReadable(Record const &described, std::string const &path) {
    if (described.length() <= common::LineReader::maxLine) return;
    throw Error("LINE_TOO_LONG", "\"" + path + "\": its description would be a line of "
                                     + std::to_string(described.length()) + " bytes, longer than 1 MiB")
        .hint("look at the texts in the header and at the keys that the line has already");
}

instrument::Observation observeFile(Recognised &recognised, std::string const &path,
                                    instrument::CorrectionSources const &sources, Json *explain) {
    try {
        return instrument::observe(*recognised.table, recognised.header, sources, explain);
    } catch (Error const &e) {
        throw Error(e.code(), "\"" + path + "\": " + e.message(), e.exitCode())
            .hint(e.hint())
            .cause(e.cause());
    }
}

/// A reject that is tried again: the file may have grown since it was scanned.
void renew(Record &record, std::string const &path) {
    if (!record.has("error")) return;
    record.erase("error");
    auto const stat = common::statFile(path);
    bool const changed = record.integer("size") != stat.size_bytes;
    if (changed) record.erase("checksum");
    if (record.has("size")) record.set("size", stat.size_bytes);
    if (record.has("mtime")) record.set("mtime", stat.mtime.text());
}

} // namespace

Describer::Describer(DescribeOptions options)
    : _options(std::move(options)), _sources(instrument::CorrectionSources::from(_options.corrections)) {
    if (!_options.corrections.empty() && ::access(_options.corrections.c_str(), R_OK | X_OK) != 0) {
        throw common::usageError("--corrections: can't read the folder \"" + _options.corrections + "\"");
    }
    if (!_options.corrections.empty() && !instrument::holdsCorrections(_options.corrections)) {
        common::log::warning("--corrections: no file in \"" + _options.corrections + "\" is a correction",
                             "corrections are named <instrument>-<observation id>.yaml");
    }
}

/// What is missing of the data, when it was asked for or the size gives it away.
std::string Describer::checkData(fits::HeaderFile const &file, std::string const &path) const {
    if (!_options.check_data && !file.looksCut()) return {};
    fits::HeaderFile whole(path);
    auto damage = whole.findDataDamage();
    if (!damage.empty() && _options.check_data) throw Error("DATA_TRUNCATED", "\"" + path + "\": " + damage);
    return damage;
}

void Describer::describe(Record &record) const {
    auto const path = common::pathOfUri(record.text("uri"));
    std::optional<instrument::Observation> observation;
    Json explain;
    auto *const explanation = _options.explain ? &explain : nullptr;
    try {
        renew(record, path);
        fits::HeaderFile file(path);
        auto recognised = recogniseFile(file, path, explanation);
        requireNoGuider(path);
        requireUnchanged(file, record, path);
        observation = observeFile(recognised, path, _sources, explanation);
        if (auto const damage = checkData(file, path); !damage.empty())
            observation->warnings.push_back(damage);
    } catch (Error const &e) {
        if (!explain.isNull()) record.set("explain", explain);
        throw isIncomplete(e) ? unlessYoung(e, path) : e;
    }
    auto const &o = *observation;
    for (auto const &warning : o.warnings) {
        if (warning.starts_with("correction file")) common::log::warning(warning);
    }
    Json dataId;
    dataId.set("instrument", o.instrument).set("exposure", o.exposure).set("detector", o.detector);
    Json records;
    records.set("group", o.group).set("day_obs", o.day_obs).set("exposure", o.exposure_record);
    Json receipt;
    receipt.set("outcome", "done");
    if (!o.warnings.empty()) receipt.set("warnings", Json::Array(o.warnings.begin(), o.warnings.end()));
    auto described = record;
    described.set("instrument", o.instrument).set("data_id", dataId);
    described.set("physical_filter", o.physical_filter);
    described.set("dataset_type", o.table->dataset_type)
        .set("run", o.table->default_run)
        .set("records", records);
    if (_options.explain) described.set("explain", explain);
    described.set("describe", receipt);
    requireReadable(described, path);
    record = std::move(described);
}

std::vector<std::optional<Error>> describeAll(Describer const &describer, std::vector<Record> &records,
                                              int jobs, std::function<void(std::size_t)> const &then) {
    std::vector<std::optional<Error>> errors(records.size());
    common::parallelFor(records.size(), jobs, [&](std::size_t i) {
        try {
            // Lines about other things pass through.
            if (records[i].type() == "file") describer.describe(records[i]);
            if (then) then(i);
        } catch (Error const &e) {
            errors[i] = e;
        } catch (std::exception const &e) {
            errors[i] = Error("IO_ERROR", std::string("internal error: ") + e.what());
        }
    });
    return errors;
}

namespace {

/// Collects records and describes them together; output keeps the order of the input.
class Batch {
public:
    Batch(DescribeProgramOptions const &options, manifest::Rejects &rejects, common::Output &output,
          manifest::Summary &summary)
        : _describer(options.describe), _jobs(options.standard.jobs), _rejects(rejects), _output(output),
          _summary(summary) {}

    void add(Record record) {
        _summary.countRead();
        _records.push_back(std::move(record));
        if (_records.size() >= (_jobs == 1 ? 16 : 64 * static_cast<std::size_t>(_jobs))) flush();
    }

    void flush() {
        std::vector<std::string> lines(_records.size());
        auto const errors =
            describeAll(_describer, _records, _jobs, [&](std::size_t i) { lines[i] = _records[i].line(); });
        for (std::size_t i = 0; i < _records.size(); ++i) {
            if (errors[i]) {
                _rejects.add(std::move(_records[i]), *errors[i]);
                continue;
            }
            if (_records[i].type() == "file") ++_summary.outcomes["done"];
            _output.write(lines[i]);
        }
        _records.clear();
    }

private:
    Describer _describer;
    int _jobs;
    manifest::Rejects &_rejects;
    common::Output &_output;
    manifest::Summary &_summary;
    std::vector<Record> _records;
};

void describeStream(manifest::RecordReader &reader, Batch &batch, common::Output &output) {
    using Status = manifest::RecordReader::Status;
    for (;;) {
        if (!reader.ready()) {
            // The next read may block: nothing may wait in here meanwhile.
            batch.flush();
            output.flush();
        }
        if (reader.next() != Status::Record) return;
        batch.add(std::move(reader.record()));
    }
}

} // namespace

common::ExitCode runDescribe(DescribeProgramOptions const &options, int in, int out) {
    bool const stream = options.paths.empty() || options.paths == std::vector<std::string>{"-"};
    if (options.paths.empty() && ::isatty(in) == 1) {
        throw common::usageError("standard input is a terminal", "pipe dbb-scan in, or name files");
    }
    if (!options.instrument_dir.empty()) instrument::addTableFolder(options.instrument_dir);
    if (!options.iers.empty()) astro::useEarthOrientation(options.iers);
    manifest::Summary summary{.program = "dbb-describe", .outcomes = {}};
    manifest::Rejects rejects(options.standard.rejects);
    common::Output output(out);
    Batch batch(options, rejects, output, summary);
    std::vector<Record> ends{manifest::endRecord("dbb-describe")};
    if (stream) {
        manifest::RecordReader reader(in, rejects);
        describeStream(reader, batch, output);
        ends = reader.endRecords("dbb-describe");
    } else {
        Scanner scanner({.paths = {}, .checksums = {}}, rejects,
                        [&](Record record) { batch.add(std::move(record)); });
        for (auto const &path : options.paths) scanner.scan(path);
    }
    batch.flush();
    if (common::stopSignal() == 0) {
        for (auto const &end : ends) output.write(end.line());
    }
    output.flush();
    rejects.finish();
    summary.finish(options.standard, rejects);
    return rejects.status();
}

} // namespace dbb::ingest
