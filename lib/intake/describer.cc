#include "intake/describer.h"

#include "common/error.h"
#include "common/file.h"
#include "common/parallel.h"
#include "common/signals.h"
#include "common/text.h"
#include "common/uri.h"
#include "fits/header_file.h"
#include "instrument/observation.h"
#include "instrument/translated.h"
#include "intake/guider.h"
#include "intake/scanned.h"

#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace dbb::intake {

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

/// Guider files have headers of their own beside the images of the same sensors. \throws Error GUIDER_FILE
void requireNoGuider(std::string const &path) {
    if (!isGuiderName(path)) return;
    throw Error("GUIDER_FILE", "\"" + path + "\" is a guider's file by its name, no raw image");
}

/// Whether an error means that a part of the file is not there (yet).
bool isIncomplete(Error const &e) {
    auto const &code = e.code();
    return code == "EMPTY_FILE" || code == "HEADER_TRUNCATED" || code == "GZIP_DAMAGED"
           || code == "DATA_TRUNCATED" || code == "BAD_ZIP";
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

/// Do what may throw, with the path in front of errors.
template<typename F>
auto atPath(std::string const &path, F const &f) {
    try {
        return f();
    } catch (Error const &e) {
        throw e.at(path);
    }
}

/// A file of which only the status is looked at. \return a warning when it has no bytes; its header being
/// somewhere else it can be ingested all the same, as upstream does
/// \throws Error NOT_FOUND, NOT_A_FILE, CHANGED
std::string requireThere(Record const &record, std::string const &path) {
    auto const stat = common::statFile(path);
    common::requireRegular(stat, path);
    requireAsScanned(path, stat, {.size_bytes = record.integer("size"), .mtime = {}});
    return stat.size_bytes == 0 ? "the file is empty" : "";
}

/// A sidecar is written again, but nothing else is written over. \throws Error DESTINATION_EXISTS
void requireOwnSidecar(std::string const &sidecar) {
    struct stat s {};
    if (::lstat(sidecar.c_str(), &s) != 0 && errno == ENOENT) return;
    try {
        auto const content = instrument::parseSidecar(common::readFile(sidecar));
        if (!content.guessed && content.translated && !content.values.find("__COMMON__")) return;
    } catch (Error const &e) {
        if (e.code() != "BAD_SIDECAR" && e.code() != "FILE_TOO_LONG" && e.code() != "NOT_FOUND") throw;
    }
    throw Error("DESTINATION_EXISTS",
                "\"" + sidecar + "\" is there and is no sidecar with a translated header")
        .hint("look at what it is; when it is not needed, remove it and run this again");
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
    : _options(std::move(options)),
      _sources(instrument::CorrectionSources::from(_options.headers.corrections)), _beside(_options.headers) {
    auto const &folder = _options.headers.corrections;
    if (!folder.empty() && ::access(folder.c_str(), R_OK | X_OK) != 0) {
        throw common::usageError("--corrections: can't read the folder \"" + folder + "\"");
    }
    if (!folder.empty() && !instrument::holdsCorrections(folder)) {
        common::log::warning("--corrections: no file in \"" + folder + "\" is a correction",
                             "corrections are named <instrument>-<observation id>.yaml");
    }
}

/// What is missing of the data, when it was asked for or the size gives it away.
std::string Describer::checkData(fits::HeaderFile const &file, std::string const &path) const {
    if (!_options.headers.check_data && !file.looksCut()) return {};
    fits::HeaderFile whole(path);
    auto damage = whole.findDataDamage();
    if (!damage.empty() && _options.headers.check_data)
        throw Error("DATA_TRUNCATED", "\"" + path + "\": " + damage);
    return damage;
}

Describer::Described Describer::observeFile(Record const &record, std::string const &path, Json *explain) {
    fits::HeaderFile file(path);
    auto recognised = recogniseFile(file, path, explain);
    requireNoGuider(path);
    requireUnchanged(file, record, path);
    instrument::Wanted const wanted{.explain = explain, .properties = _options.writes()};
    auto out = atPath(
        path, [&] { return instrument::observe(*recognised.table, recognised.header, _sources, wanted); });
    if (auto const damage = checkData(file, path); !damage.empty()) out.warnings.push_back(damage);
    return {std::move(out), {}};
}

/// What an index, else a sidecar says, as upstream's ingest asks them; nullopt when the file itself must be
/// read.
std::optional<Describer::Described> Describer::observeBeside(Record const &record, std::string const &path,
                                                             Json *explain,
                                                             std::vector<std::string> &warnings) {
    auto const observeFound = [&](Beside::Found const &found) {
        requireNoGuider(path);
        auto const warning = requireThere(record, path);
        if (_options.headers.check_data) checkData(fits::HeaderFile(path), path);
        auto out = instrument::observeContent(found.content, _sources, {.explain = explain});
        if (!warning.empty()) out.warnings.push_back(warning);
        return Described{std::move(out), found.from};
    };
    auto const withSource = [&](std::string const &from, Error const &e) {
        if (e.message().find(path) != std::string::npos) return e;
        return e.saying("\"" + path + "\": " + e.message() + " (from \"" + from + "\")");
    };
    if (auto const found = _beside.inIndex(path)) {
        try {
            return observeFound(*found);
        } catch (Error const &e) {
            if (!instrument::isUnreadable(e)) throw withSource(found->from, e);
            _beside.reportBroken(found->from, Error(e.code(), common::nameOf(path) + ": " + e.message()));
        }
    }
    std::string from = instrument::sidecarPath(path);
    try {
        if (auto const found = _beside.inSidecar(path)) return observeFound(*found);
    } catch (Error const &e) {
        if (!instrument::isUnreadable(e)) throw withSource(from, e);
        warnings.push_back("the sidecar was not used: " + e.message());
    }
    return std::nullopt;
}

Describer::Described Describer::observe(Record const &record, std::string const &path, Json *explain) {
    // What is written is to tell of the file, not of what was written before.
    std::vector<std::string> warnings;
    auto out = _options.writes() ? std::nullopt : observeBeside(record, path, explain, warnings);
    if (!out) out = observeFile(record, path, explain);
    auto &all = out->observation.warnings;
    all.insert(all.begin(), warnings.begin(), warnings.end());
    return std::move(*out);
}

std::vector<std::pair<Record, Error>> Describer::takeBrokenIndexes() {
    std::vector<std::pair<Record, Error>> out;
    for (auto const &[path, e] : _beside.takeBroken()) out.emplace_back(Record("file").set("uri", path), e);
    return out;
}

instrument::Identity Describer::identify(Record const &record, std::string const &path, std::string &from) {
    requireThere(record, path);
    if (_options.headers.check_data) checkData(fits::HeaderFile(path), path);
    std::string unused;
    try {
        if (auto const found = _beside.inSidecar(path)) {
            auto out = atPath(path, [&] { return instrument::identifyContent(found->content, _sources); });
            from = found->from;
            return out;
        }
    } catch (Error const &e) {
        if (!instrument::isUnreadable(e)) throw;
        unused = "the sidecar was not used: " + e.message();
    }
    fits::HeaderFile file(path);
    auto recognised = recogniseFile(file, path, nullptr);
    requireUnchanged(file, record, path);
    auto out =
        atPath(path, [&] { return instrument::identify(*recognised.table, recognised.header, _sources); });
    if (!unused.empty()) out.warnings.insert(out.warnings.begin(), unused);
    return out;
}

namespace {

/// How a description went.
Json receiptOf(std::string const &from, std::vector<std::string> const &warnings) {
    Json out;
    out.set("outcome", "done");
    if (!from.empty()) out.set("from", from);
    if (!warnings.empty()) out.set("warnings", Json::Array(warnings.begin(), warnings.end()));
    return out;
}

/// A guider's file is told by its exposure's observation ID, because its header has no more of the exposure.
void setGuider(Record &record, instrument::Identity const &identity, std::string const &from) {
    auto const &instrument = identity.table->name;
    Json dataId;
    dataId.set("instrument", instrument).set("detector", identity.detector);
    record.set("instrument", instrument).set("data_id", dataId).set("obs_id", identity.observation_id);
    record.set("dataset_type", guiderType).set("run", guiderRun(instrument));
    record.set("describe", receiptOf(from, identity.warnings));
}

/// What the registry and the datastore are to have of a member: nothing that its header says.
void setMember(Record &record, butler::ZipMember const &member, ZippedRaws const &of) {
    Json zip;
    zip.set("path", of.storedPath())
        .set("members", static_cast<std::int64_t>(of.datasets().members().size()));
    zip.set("id", member.id.text()).set("formatter", member.formatter);
    zip.set("size", member.size_bytes);
    if (!member.checksum.empty()) zip.set("checksum", member.checksum);
    record.set("run", member.run).set("zip", zip);
}

/// \throws Error BAD_ZIP for a class that the dataset type does not have
void requireStorageClass(butler::ZipMember const &member, std::string const &expected) {
    if (member.storage_class == expected) return;
    throw Error("BAD_ZIP", "its storage class is " + member.storage_class + ", but a " + member.dataset_type
                               + " is an " + expected)
        .cause({.column = "storage_class", .value = member.storage_class, .expected = expected});
}

/// \throws Error BAD_ZIP when the header speaks of another dataset than the Butler's index
void requireSameDataset(Json const &header, butler::ZipMember const &member) {
    for (auto const *key : {"instrument", "exposure", "detector"}) {
        auto const *value = header.find(key);
        auto const &expected = member.data_id[key];
        if (!value || *value == expected) continue;
        throw Error("BAD_ZIP", std::string("the header's ") + key + " is " + value->dump()
                                   + ", but the Butler's index says " + expected.dump())
            .cause({.column = key, .value = value->text(), .expected = expected.text()});
    }
}

} // namespace

void Describer::describeGuider(Record &record, std::string const &path) {
    std::string from;
    instrument::Identity identity;
    try {
        renew(record, path);
        identity = identify(record, path, from);
    } catch (Error const &e) {
        throw isIncomplete(e) ? unlessYoung(e, path) : e;
    }
    auto described = record;
    setGuider(described, identity, from);
    requireReadable(described, path);
    record = std::move(described);
}

void Describer::describeRaw(Record &record, Described const &seen, Json const &explain) const {
    auto const &o = seen.observation;
    Json dataId;
    dataId.set("instrument", o.instrument).set("exposure", o.exposure).set("detector", o.detector);
    Json records;
    records.set("group", o.group).set("day_obs", o.day_obs).set("exposure", o.exposure_record);
    record.set("instrument", o.instrument).set("data_id", dataId);
    record.set("physical_filter", o.physical_filter);
    record.set("dataset_type", o.table->dataset_type)
        .set("run", o.table->default_run)
        .set("records", records);
    if (_options.explain) record.set("explain", explain);
    record.set("describe", receiptOf(seen.from, o.warnings));
}

void Describer::expand(Record record, manifest::Rejects &rejects, manifest::RecordSink const &sink) {
    if (!isZip(record)) return sink(std::move(record));
    std::string path;
    std::shared_ptr<ZippedRaws const> zip;
    try {
        path = common::absolutePath(common::pathOfUri(record.text("uri")));
        renew(record, path);
        requireThere(record, path);
        zip = _zips.at(path);
    } catch (Error const &e) {
        return rejects.add(std::move(record), isIncomplete(e) ? unlessYoung(e, path) : e);
    }
    for (auto const &mismatch : zip->mismatches()) common::log::warning("\"" + path + "\": " + mismatch);
    for (auto const &[name, member] : zip->datasets().members()) {
        auto line = record;
        sink(std::move(line.set("uri", common::memberUri(path, name))));
    }
}

/// What the header of a member says, or that of another one of its exposure.
void Describer::setFromHeader(Record &record, ZippedRaws::Header const &header,
                              butler::ZipMember const &member, std::string const &from) {
    std::vector<std::string> warnings;
    if (!header.lender.empty())
        warnings.push_back("it has no header in the index; its exposure is as that of \"" + header.lender
                           + "\" says");
    auto const warn = [&](std::vector<std::string> &all) {
        all.insert(all.begin(), warnings.begin(), warnings.end());
    };
    if (member.dataset_type == guiderType) {
        auto identity = instrument::identifyContent(header.content, _sources);
        warn(identity.warnings);
        setGuider(record, identity, from);
        requireStorageClass(member, guiderStorageClass);
    } else {
        Json explain;
        auto *const wanted = _options.explain ? &explain : nullptr;
        auto observation = instrument::observeContent(header.content, _sources, {.explain = wanted});
        auto const &type = observation.table->dataset_type;
        if (member.dataset_type != type)
            throw Error("BAD_ZIP", "it is a " + member.dataset_type + ", no " + type);
        requireStorageClass(member, observation.table->storage_class);
        warn(observation.warnings);
        describeRaw(record, {std::move(observation), from}, explain);
    }
    // A header that was lent is another detector's.
    if (!header.lender.empty())
        record.set("data_id", record.get("data_id").set("detector", member.data_id["detector"]));
}

/// A member of a zip file: its header is in one index, its dataset in the other.
void Describer::describeMember(Record &record, std::string const &path, std::string const &name) {
    auto const shown = common::memberPath(path, name);
    renew(record, path);
    requireThere(record, path);
    auto const zip = _zips.at(path);
    auto described = record;
    atPath(shown, [&] {
        auto const header = zip->headerOf(name);
        auto const &members = zip->datasets().members();
        auto const at = members.find(name);
        if (at == members.end()) throw Error("BAD_ZIP", "the Butler's index names no such member");
        setFromHeader(described, header, at->second, common::memberPath(path, ZippedRaws::headersName));
        requireSameDataset(described.get("data_id"), at->second);
        setMember(described, at->second, *zip);
    });
    requireReadable(described, shown);
    record = std::move(described);
}

Json Describer::describe(Record &record) {
    auto const uri = record.text("uri");
    auto const path = common::pathOfUri(uri);
    if (auto const member = common::memberOfUri(uri); !member.empty()) {
        describeMember(record, path, member);
        return {};
    }
    if (_options.headers.guiders && isGuiderName(path)) {
        describeGuider(record, path);
        return {};
    }
    std::optional<Described> seen;
    Json explain;
    try {
        renew(record, path);
        seen = observe(record, path, _options.explain ? &explain : nullptr);
    } catch (Error const &e) {
        if (!explain.isNull()) record.set("explain", explain);
        throw isIncomplete(e) ? unlessYoung(e, path) : e;
    }
    auto const &o = seen->observation;
    for (auto const &warning : o.warnings) {
        if (warning.starts_with("correction file")) common::log::warning(warning);
    }
    auto described = record;
    describeRaw(described, *seen, explain);
    requireReadable(described, path);
    auto form = _options.writes() ? instrument::translatedForm(*o.table, *o.properties) : Json();
    if (_options.write_sidecars) {
        auto const sidecar = instrument::sidecarPath(path);
        if (sidecar == path || isIndex(sidecar))
            throw Error("DESTINATION_EXISTS",
                        "\"" + path + "\" can have no sidecar: that would be \"" + sidecar + "\"");
        requireOwnSidecar(sidecar);
        common::writeFileDurably(sidecar, instrument::sidecarText(form), true);
    }
    record = std::move(described);
    return _options.write_indexes ? std::move(form) : Json();
}

std::vector<std::optional<Error>> describeAll(Describer &describer, std::vector<Record> &records, int jobs,
                                              std::function<void(std::size_t, Json)> const &then) {
    std::vector<std::optional<Error>> errors(records.size());
    common::parallelFor(records.size(), jobs, [&](std::size_t i) {
        try {
            // Lines about other things pass through.
            Json form;
            if (records[i].type() == "file") form = describer.describe(records[i]);
            if (then) then(i, std::move(form));
        } catch (Error const &e) {
            errors[i] = e;
        } catch (std::exception const &e) {
            errors[i] = Error("IO_ERROR", std::string("internal error: ") + e.what());
        }
    });
    return errors;
}

} // namespace dbb::intake
