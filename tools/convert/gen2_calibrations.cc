#include "convert/gen2_calibrations.h"

#include "common/log.h"
#include "common/text.h"
#include "gen2/collection_names.h"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace dbb::convert {

using common::Json;
using gen2::DatasetType;
using gen2::Row;
using gen2::Values;
using sql::Statement;

namespace {

/// Values as text that they can be restored from.
std::string packed(Values const &values) {
    return gen2::jsonOf(values).dump();
}
Values unpacked(std::string const &text) {
    Values out;
    auto const json = Json::parse(text);
    for (auto const &[key, value] : json.object()) {
        if (value.isInt())
            out.set(key, value.integer());
        else
            out.set(key, value.string());
    }
    return out;
}

/// A validity out of six columns.
gen2::Validity validityIn(Statement const &row, int first) {
    gen2::Validity out;
    out.start = row.text(first);
    out.end = row.text(first + 1);
    out.state = static_cast<gen2::Validity::State>(row.integer(first + 2));
    if (!row.isNull(first + 3)) out.begin_tai_ns = row.integer(first + 3);
    if (!row.isNull(first + 4)) out.end_tai_ns = row.integer(first + 4);
    if (!row.text(first + 5).empty()) out.adjusted = common::split(row.text(first + 5), ',');
    return out;
}

} // namespace

/// A calibration while those of its data ID are compared.
struct Calibrations::Waiting {
    std::vector<std::int64_t> numbers; ///< of the files that have its row: one, or copies of it
    std::string path;                  ///< of the first
    gen2::Validity validity;
    bool joined = false; ///< its time is a part of another one's
};

Calibrations::Calibrations(gen2::Layout const &layout, gen2::Policy const &policy,
                           gen2::DataIdTranslation const &translation, gen2::DayScale scale, Emit emit)
    : _policy(policy), _translation(translation), _scale(scale), _emit(std::move(emit)),
      _db(sql::openSqlite("", sql::OpenMode::Create)) {
    if (!layout.calib_registry.empty()) _registry = std::make_unique<gen2::Registry>(layout.calib_registry);
    // `key` is the data ID, `day` that with the calibDate: what a row of the registry has in common with a
    // file.
    _db->execute("CREATE TABLE file (number INTEGER PRIMARY KEY, type, key, day, path, link, kind, size, "
                 "whole_s, rest_ns, "
                 "values_, hdu, run, action, reason, note, rowid_, row_, start_, end_, state, begin_ns, "
                 "end_ns, adjusted, other);"
                 "CREATE INDEX file_day ON file (type, day); CREATE INDEX file_key ON file (type, key)");
    // Nothing of it outlives the program, so nothing is ever committed.
    _db->begin();
}

Calibrations::~Calibrations() = default;

std::string Calibrations::keyOf(DatasetType const &type, Values const &values) const {
    return _translation.translate(type, values).values.dump();
}

/// Of a file with all detectors the data ID lacks the detector.
std::string Calibrations::dayKey(DatasetType const &type, Values const &values) const {
    return gen2::textOf(values.find("calibDate")) + ' ' + keyOf(type, values);
}

void Calibrations::file(Finding finding) {
    auto const &stat = finding.file.stat;
    _db->cached(
           "INSERT INTO file (number, type, key, day, path, link, kind, size, whole_s, rest_ns, values_, "
           "run, action, reason, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .run({++_count, finding.type->name, keyOf(*finding.type, finding.id),
              dayKey(*finding.type, finding.id), finding.file.path, finding.file.link,
              static_cast<std::int64_t>(finding.file.kind), stat.size_bytes, stat.mtime.whole_s,
              stat.mtime.rest_ns, packed(finding.id), finding.run, finding.action, finding.reason,
              common::join(finding.notes, "\n")});
}

void Calibrations::finish(Gen2Source const &source) {
    joinRows();
    settleAll();
    emitFiles(source);
    emitFileless(source);
}

/// Files of types that the registry has no table of can't be certified.
void Calibrations::warnOfTables() {
    if (_registry->empty())
        return common::log::warning("the calibration registry \"" + _registry->path()
                                    + "\" is empty, so that no calibration is certified");
    for (auto const &type : _policy.types) {
        if (type.kind != gen2::Kind::Calibration || _registry->hasTable(type.table)) continue;
        if (_db->cached("SELECT 1 FROM file WHERE type = ?").hasRow({type.name}))
            common::log::warning("the calibration registry \"" + _registry->path() + "\" has no table "
                                 + type.table + ", so that no " + type.name + " is certified");
    }
}

void Calibrations::joinRows() {
    if (!_registry) return;
    warnOfTables();
    for (auto const &type : _policy.types) {
        if (type.kind != gen2::Kind::Calibration || !_registry->hasTable(type.table)) continue;
        _registry->each(type.table, [&](Row const &row) { joinRow(type, row); });
    }
}

/// What tells datasets of a type apart. Names of detectors are not to be trusted.
Values Calibrations::identityOf(DatasetType const &type, Row const &row) const {
    Values out;
    auto const values = row.values();
    for (auto const &key : {std::string("calibDate"), _policy.detector_key, std::string("filter")}) {
        auto const *value = values.find(key);
        if (value && type.hasKey(key)) out.set(key, *value);
    }
    return out;
}

void Calibrations::joinRow(DatasetType const &type, Row const &row) {
    auto const id = identityOf(type, row);
    auto const write = [&](std::int64_t number) {
        auto const first =
            _db->cached("UPDATE file SET rowid_ = ?, row_ = ?, start_ = ?, end_ = ? WHERE "
                        "number = ? AND rowid_ IS NULL")
                .run({row.id, row.columns.dump(), row.text("validStart"), row.text("validEnd"), number});
        if (first == 0) addRange(number, row);
    };
    std::vector<std::int64_t> numbers;
    _db->cached("SELECT min(number) FROM file WHERE type = ? AND day = ? GROUP BY path")
        .query({type.name, dayKey(type, id)},
               [&](Statement const &found) { numbers.push_back(found.integer(0)); });
    for (auto const number : numbers) write(number);
    if (!numbers.empty() || type.templates.front().hdu().empty()) return;
    // One file with all detectors: each row is a dataset of its own.
    Values withoutDetector;
    for (auto const &[key, value] : id)
        if (key != _policy.detector_key) withoutDetector.set(key, value);
    auto const *detector = id.find(_policy.detector_key);
    if (!detector || !std::holds_alternative<std::int64_t>(*detector)) return;
    auto const copied =
        _db->cached("INSERT INTO file (number, type, key, day, path, link, kind, size, whole_s, rest_ns, "
                    "values_, hdu, "
                    "run, action, reason, note) SELECT ?, type, ?, ?, path, link, kind, size, whole_s, "
                    "rest_ns, ?, ?, "
                    "run, "
                    "action, reason, note FROM file WHERE type = ? AND day = ? AND hdu IS NULL LIMIT 1")
            .run({_count + 1, keyOf(type, id), dayKey(type, id), packed(id),
                  std::get<std::int64_t>(*detector), type.name, dayKey(type, withoutDetector)});
    if (copied > 0) write(++_count);
}

/// Another row of a file that has one: the same dataset, for another time.
void Calibrations::addRange(std::int64_t number, Row const &row) {
    auto const start = row.text("validStart");
    auto const end = row.text("validEnd");
    _count +=
        _db->cached("INSERT INTO file (number, type, key, day, path, link, kind, size, whole_s, rest_ns, "
                    "values_, hdu, run, action, reason, note, rowid_, row_, start_, end_) SELECT ?, "
                    "type, key, day, path, link, kind, size, whole_s, rest_ns, values_, hdu, run, action, "
                    "reason, note, ?, ?, ?, ? FROM file f WHERE number = ? AND NOT EXISTS (SELECT 1 "
                    "FROM file g WHERE g.type = f.type AND g.day = f.day AND g.path = f.path AND "
                    "g.start_ = ? AND g.end_ = ?)")
            .run({_count + 1, row.id, row.columns.dump(), start, end, number, start, end});
}

/// One file may have several rows, each with a range of its own. Those that meet are one, since a dataset is
/// certified for a time without seams.
void Calibrations::joinRanges(std::vector<Waiting> &group) {
    std::vector<Waiting *> inOrder;
    for (auto &each : group)
        if (each.validity.state == gen2::Validity::State::Good) inOrder.push_back(&each);
    std::ranges::sort(inOrder, {}, [](Waiting const *w) { return w->validity.begin_tai_ns; });
    Waiting *last = nullptr;
    for (auto *each : inOrder) {
        bool const meets =
            last && last->path == each->path && last->validity.end_tai_ns == each->validity.begin_tai_ns;
        if (!meets) {
            last = each;
            continue;
        }
        last->validity.end_tai_ns = each->validity.end_tai_ns;
        last->validity.adjusted.emplace_back("joined");
        each->joined = true;
    }
}

/// Of several files of one dataset, of which somebody has to choose one, each has the validity of the row.
void Calibrations::settleAll() {
    std::string key;
    std::vector<Waiting> group;
    std::unordered_map<std::int64_t, std::size_t> byRow; ///< places in the group
    auto const settleGroup = [&] {
        std::vector<gen2::Validity> validities;
        for (auto const &each : group) validities.push_back(each.validity);
        gen2::settle(validities, _scale);
        for (std::size_t i = 0; i < group.size(); ++i) group[i].validity = validities[i];
        joinRanges(group);
        for (auto const &each : group) write(each, group);
        group.clear();
        byRow.clear();
    };
    auto const rows = _db->prepare(
        "SELECT type || ' ' || key, number, start_, end_, path, rowid_ FROM file WHERE rowid_ IS NOT NULL "
        "AND (action = 'convert' OR reason = 'duplicate_data_id') ORDER BY type, key, number");
    while (rows->step()) {
        if (rows->text(0) != key) settleGroup();
        key = rows->text(0);
        auto const [place, isNew] = byRow.try_emplace(rows->integer(5), group.size());
        if (!isNew) {
            group[place->second].numbers.push_back(rows->integer(1));
            continue;
        }
        gen2::Validity validity;
        validity.start = rows->text(2);
        validity.end = rows->text(3);
        group.push_back({{rows->integer(1)}, rows->text(4), std::move(validity)});
    }
    settleGroup();
}

/// Write down what was found out of a calibration of a group.
void Calibrations::write(Waiting const &each, std::vector<Waiting> const &group) {
    auto const value = [](std::optional<std::int64_t> ns) { return ns ? sql::Value(*ns) : sql::Value(); };
    auto const &v = each.validity;
    for (auto const number : each.numbers) {
        if (each.joined) {
            _db->cached("DELETE FROM file WHERE number = ?").run({number});
            continue;
        }
        _db->cached("UPDATE file SET state = ?, begin_ns = ?, end_ns = ?, adjusted = ?, other = ? WHERE "
                    "number = ?")
            .run({static_cast<std::int64_t>(v.state), value(v.begin_tai_ns), value(v.end_tai_ns),
                  common::join(v.adjusted, ","),
                  v.overlaps ? sql::Value(group[*v.overlaps].numbers.front()) : sql::Value(), number});
    }
}

Finding Calibrations::restored(Gen2Source const &source, Statement const &row) const {
    Finding out;
    out.source = &source;
    out.type = _policy.find(row.text(0));
    out.file.path = row.text(1);
    out.file.link = row.text(2);
    out.file.stat = {.size_bytes = row.integer(3),
                     .mtime = {.whole_s = row.integer(4), .rest_ns = row.integer(5)},
                     .is_regular = true};
    out.id = unpacked(row.text(6));
    if (!row.isNull(7)) out.hdu = row.integer(7);
    out.translate(_translation);
    out.run = row.text(8);
    out.decide(row.text(9), row.text(10));
    if (!row.text(11).empty()) out.notes = common::split(row.text(11), '\n');
    out.found_in = row.isNull(12) ? "tree" : "both";
    return out;
}

void Calibrations::addRow(Finding &finding, std::int64_t rowid, std::string const &text) const {
    finding.table = finding.type->table;
    finding.row = Row{rowid, Json::parse(text)};
}

namespace {

/// Tell what the validity, or its lack, means for the dataset.
/// \param other  file whose validity overlaps; empty: none does
void judge(Finding &finding, std::string const &other) {
    if (!finding.isConverted()) return;
    if (!finding.row) {
        finding.reason = "no_validity";
        finding.notes.emplace_back("the calibration registry has no row of it, so it is not certified");
    } else if (finding.validity->state == gen2::Validity::State::BadText) {
        finding.reason = "bad_validity_text";
        finding.notes.push_back("its validity, \"" + finding.validity->start + "\" to \""
                                + finding.validity->end + "\", is no range of days, so it is not certified");
    } else if (finding.validity->state == gen2::Validity::State::Overlap) {
        finding.decide("error", "validity_overlap");
        finding.notes.push_back(
            other.empty() ? "the validity ranges of others of its data ID overlap by more than a day"
                          : "its validity overlaps by more than a day with that of \"" + other + "\"");
    }
    for (auto const &adjusted : finding.validity ? finding.validity->adjusted : std::vector<std::string>()) {
        if (adjusted == "gap_closed") finding.notes.emplace_back("a gap to the next calibration was closed");
        if (adjusted == "overlap_removed")
            finding.notes.emplace_back("an overlap with the next calibration was removed");
        if (adjusted == "joined")
            finding.notes.emplace_back("the ranges of several rows, which meet, were joined");
    }
}

} // namespace

void Calibrations::emitFiles(Gen2Source const &source) {
    // A file with all detectors stands for the datasets in it, unless no row tells of any.
    auto const rows = _db->prepare(
        "SELECT type, path, link, size, whole_s, rest_ns, values_, hdu, run, action, reason, note, rowid_, "
        "row_, "
        "start_, end_, state, begin_ns, end_ns, adjusted, (SELECT path FROM file o WHERE o.number = "
        "f.other), "
        "kind "
        "FROM file f WHERE rowid_ IS NOT NULL OR NOT EXISTS "
        "(SELECT 1 "
        "FROM file g WHERE g.type = f.type AND g.path = f.path AND g.hdu IS NOT NULL) ORDER BY path, number");
    while (rows->step()) {
        auto finding = restored(source, *rows);
        finding.file.kind = static_cast<TreeFile::Kind>(rows->integer(21));
        if (!rows->isNull(12)) {
            addRow(finding, rows->integer(12), rows->text(13));
            finding.validity = validityIn(*rows, 14);
        }
        judge(finding, rows->text(20));
        _emit(finding);
    }
}

void Calibrations::emitFileless(Gen2Source const &source) {
    if (!_registry) return;
    std::set<std::string> told;
    for (auto const &type : _policy.types) {
        bool const has = type.kind == gen2::Kind::Calibration && _registry->hasTable(type.table);
        // Of types that share a table, the one of its name is meant.
        if (has && type.table == type.name && told.insert(type.table).second) emitFilelessOf(source, type);
    }
}

bool Calibrations::hasFile(std::string const &table, Row const &row) {
    for (auto const &type : _policy.types) {
        if (type.kind != gen2::Kind::Calibration || type.table != table) continue;
        auto const day = dayKey(type, identityOf(type, row));
        if (_db->cached("SELECT 1 FROM file WHERE type = ? AND day = ?").hasRow({type.name, day}))
            return true;
    }
    return false;
}

void Calibrations::emitFilelessOf(Gen2Source const &source, DatasetType const &type) {
    _registry->each(type.table, [&](Row const &row) {
        if (hasFile(type.table, row)) return;
        Finding finding;
        finding.source = &source;
        finding.exists = false;
        finding.type = &type;
        auto const values = row.values();
        for (auto const &key : type.templates.front().keys())
            if (auto const *value = values.find(key)) finding.id.set(key, *value);
        auto const path = type.templates.front().path(values);
        finding.file.path = source.folder + "/" + path.value_or(type.name);
        finding.translate(_translation);
        finding.run = gen2::calibrationRun(_policy.instrument, row.text("calibDate")).value_or("");
        finding.found_in = "registry";
        finding.table = type.table;
        finding.row = row;
        finding.decide("error", "missing_file");
        finding.notes.emplace_back(missingFileNote);
        if (!path) finding.notes.emplace_back("the row lacks what its path is made of");
        _emit(finding);
    });
}

} // namespace dbb::convert
