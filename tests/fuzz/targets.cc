#include "fuzz/targets.h"

#include "astro/time_scale.h"
#include "butler/check.h"
#include "butler/config.h"
#include "butler/file_template.h"
#include "butler/repository.h"
#include "butler/schema.h"
#include "butler/sky_region.h"
#include "butler/universe.h"
#include "butler/where.h"
#include "common/calendar.h"
#include "common/error.h"
#include "common/file.h"
#include "common/uri.h"
#include "common/yaml.h"
#include "fits/header_file.h"
#include "gen2/rules.h"
#include "instrument/corrections.h"
#include "instrument/observation.h"
#include "instrument/sidecar.h"
#include "instrument/translated.h"
#include "intake/raw_line.h"
#include "manifest/record.h"
#include "telemetry/joiner.h"
#include "telemetry/line_protocol.h"
#include "telemetry/sample_text.h"

#include <array>
#include <fcntl.h>
#include <filesystem>
#include <stdexcept>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

namespace dbb::fuzz {

namespace fs = std::filesystem;

namespace {

using Corpus = std::vector<std::string>;

/// Files of a folder that end so and are not too large to be tried often.
Corpus files(std::string const &folder, std::string const &ending, std::size_t largest = 30000) {
    Corpus out;
    for (auto const &entry : fs::directory_iterator(folder)) {
        auto const path = entry.path().string();
        if (path.ends_with(ending) && entry.file_size() <= largest) out.push_back(common::readFile(path));
    }
    return out;
}

Corpus linesOf(std::string const &path, std::size_t every, std::string const &key) {
    Corpus out;
    std::size_t n = 0;
    auto const text = common::readFile(path);
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
        if (n++ % every != 0) continue;
        auto const line = common::Json::parse(text.substr(at, text.find('\n', at) - at));
        if (line[key].isString()) out.push_back(line[key].string());
    }
    return out;
}

void write(std::string const &path, std::string const &text) {
    common::UniqueFd const fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666));
    common::writeAll(fd.get(), text, path);
}

// ---------------------------------------------------------------- headers

/// What a sidecar or an entry of an index holds, described and written again.
void content(instrument::Content const &found) {
    auto const o = instrument::observeContent(found, {}, {.properties = true});
    if (o.properties) (void)instrument::sidecarText(instrument::translatedForm(*o.table, *o.properties));
}

void sidecar(std::string const &text) {
    content(instrument::parseSidecar(text));
}

void headerIndex(std::string const &text) {
    auto const index = instrument::HeaderIndex::parse(text);
    common::Json::Object forms;
    for (auto const &name : index.names()) {
        auto const entry = index.find(name);
        forms.emplace_back(name, index.all(name));
        try {
            content(*entry);
        } catch (common::Error const &) {
        }
    }
    if (!forms.empty()) (void)instrument::indexText(forms);
}

void observe(fits::Header header) {
    auto const *table = instrument::recognise(header);
    if (!table) table = &instrument::tableOf("LATISS");
    common::Json explain;
    instrument::observe(*table, header, {}, {.explain = &explain, .properties = true});
    (void)explain.dump();
}

void cards(std::string const &text) {
    observe(fits::parseCards(text, "fuzz"));
}

/// Both ways to read a file; an error of the first must not keep the second from being tried.
void fitsFile(std::string const &bytes) {
    common::UniqueFd const fd(::memfd_create("fuzz", 0));
    common::writeAll(fd.get(), bytes, "memfd");
    auto const path = "/proc/self/fd/" + std::to_string(fd.get());
    try {
        fits::HeaderFile(path).findDataDamage();
    } catch (common::Error const &) {
    }
    fits::HeaderFile file(path);
    auto header = file.primary();
    if (auto const *extension = file.extension()) header.merge(*extension);
    observe(header);
}

std::string gzipped(std::string const &text) {
    z_stream stream{};
    deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef *>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

void dump(std::string const &text) {
    observe(fits::fromDump(common::parseYaml(text, "fuzz"), "fuzz"));
}

void jsonDump(std::string const &text) {
    observe(fits::fromDump(common::Json::parse(text), "fuzz"));
}

/// A corrections file of an observation.
void corrections(std::string const &text) {
    fs::create_directory("fuzz-corrections");
    write("fuzz-corrections/LATISS-AT_O_20240624_000106.yaml", text);
    fits::Header header;
    header.set("INSTRUME", std::string("LATISS"));
    header.set("OBSID", std::string("AT_O_20240624_000106"));
    instrument::correct(instrument::tableOf("LATISS"), header, {{"fuzz-corrections"}});
}

// ---------------------------------------------------------------- lines and texts

void line(std::string const &text) {
    auto const record = manifest::Record::parse(text);
    // What is written must be read again as the same.
    if (manifest::Record::parse(record.line()).line() != record.line())
        throw std::logic_error("a line does not survive");
    intake::RecordsMemory memory;
    (void)intake::parseRawLine(record, "", false, memory);
}

void yaml(std::string const &text) {
    auto const value = common::parseYaml(text, "fuzz");
    auto const written = value.dump();
    if (common::Json::parse(written).dump() != written) throw std::logic_error("JSON does not survive");
}

void rules(std::string const &text) {
    auto const rules = gen2::Rules::parse(text, "fuzz");
    auto line = manifest::Record::parse(
        R"({"type":"gen2","gen2":{"repo":"rerun/a/b","path":"rerun/a/b/c","dataset_type":"src","id":{"visit":1},)"
        R"("registry":{"dateObs":"2018-09-21T06:11:41.210"}},"data_id":{},"action":"convert","reason":"ok"})");
    auto const before = line.line();
    gen2::Rules::Tally tally;
    constexpr std::int64_t in2021_utc_ns = 1'609'459'200'000'000'000;
    rules.apply(line, in2021_utc_ns, tally);
    (void)rules.remarks(tally, in2021_utc_ns);
    // A decision can be made anew, and an empty one leaves what the scan had said.
    auto const decided = line.line();
    rules.apply(line, in2021_utc_ns, tally);
    if (line.line() != decided) throw std::logic_error("the same rules decide otherwise");
    if (!line.has("rule") && !line.has("proposed") && line.line() != before)
        throw std::logic_error("a line without a decision has changed");
}

void times(std::string const &text) {
    for (auto const scale : {astro::Scale::Tai, astro::Scale::Utc}) {
        if (auto const date = astro::parseIso(text, scale, true)) {
            auto const tai = astro::taiFrom(*date, scale);
            (void)astro::nsFromTai(tai);
            (void)astro::pacificOffsetSeconds(tai);
        }
    }
    if (auto const ns = common::nsFromIso(text)) {
        if (common::nsFromIso(common::isoFromNs(*ns)) != ns)
            throw std::logic_error("an instant does not survive");
    }
}

void uri(std::string const &text) {
    auto const path = common::absolutePath(common::pathOfUri(text));
    if (text.starts_with("file://") && common::pathOfUri(common::fileUri(path)) != path)
        throw std::logic_error("a path does not survive");
}

// ---------------------------------------------------------------- repositories

void universe(std::string const &text) {
    auto const u = butler::Universe::parse(text);
    for (auto const manager : {butler::DatasetsManager::V1, butler::DatasetsManager::V2}) {
        for (auto const dialect : {sql::Dialect::Sqlite, sql::Dialect::Postgres})
            (void)butler::staticTables(u, dialect, manager);
        (void)butler::staticTableSpecs(u, manager);
    }
    auto const group = u.group({"instrument", "detector", "exposure"});
    (void)butler::tagsTable(u, group, 1, sql::Dialect::Sqlite);
    (void)butler::calibsTable(u, group, 1, sql::Dialect::Sqlite);
}

void config(std::string const &text) {
    write("fuzz-butler.yaml", text);
    auto const c = butler::readConfig("fuzz-butler.yaml");
    auto static const u = butler::Universe::parse(
        common::readFile(std::string(std::getenv("DBB_TEST_DATA")) + "/butler/dimensions-universe7.json"));
    (void)butler::templateFor(c.datastores.front().templates, u, "raw",
                              u.group({"instrument", "detector", "exposure"}), "Exposure", "LATISS");
}

void where(std::string const &text) {
    (void)butler::parseWhere(text, {"instrument", "detector", "exposure", "day_obs"});
}

void pathTemplate(std::string const &text) {
    std::map<std::string, std::string> const fields{
        {"run", "LATISS/raw/all"},      {"datasetType", "raw"},
        {"instrument", "LATISS"},       {"exposure.obs_id", "AT_O_20240624_000106"},
        {"exposure", "2024062400106"},  {"detector", "0"},
        {"physical_filter", "../a b~c"}};
    auto const path = butler::formatTemplate(text, fields, ".fits");
    auto const clean = common::absolutePath("/root/" + path);
    if (!common::isBelow(clean, "/root")) throw std::logic_error("a path leaves the root: " + path);
}

void region(std::string const &text) {
    auto const r = butler::SkyRegion::decode(text);
    (void)r.trixels(7);
}

/// Three bytes a change: some column of some row gets a value that it should not have. Then the check must
/// get through.
class Registry {
public:
    explicit Registry(std::string repo) : _repo(std::move(repo)) {
        auto const db = sql::openSqlite(_repo + "/gen3.sqlite3", sql::OpenMode::ReadOnly);
        std::vector<std::string> tables;
        db->prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            ->query({}, [&](sql::Statement const &row) { tables.push_back(row.text(0)); });
        for (auto const &table : tables) {
            bool filled = false;
            db->prepare("SELECT 1 FROM " + sql::quoteIdentifier(table) + " LIMIT 1")
                ->query({}, [&](sql::Statement const &) { filled = true; });
            if (!filled) continue;
            db->prepare("SELECT name FROM pragma_table_info(?)")
                ->query({table},
                        [&](sql::Statement const &row) { _columns.emplace_back(table, row.text(0)); });
        }
    }

    void operator()(std::string const &bytes) const {
        fs::remove_all("fuzz-repo");
        fs::create_directory("fuzz-repo");
        for (auto const *name : {"butler.yaml", "gen3.sqlite3"})
            fs::copy(_repo + "/" + name, std::string("fuzz-repo/") + name);
        damage(bytes);
        for (bool const repair : {false, true})
            butler::check(
                "fuzz-repo", {.files = true, .repair = repair}, [](butler::Damage const &) {},
                [](std::string_view) {});
        (void)butler::Repository::open("fuzz-repo", butler::Access::ReadWrite);
    }

private:
    void damage(std::string const &bytes) const {
        static std::array const values{
            "NULL",   "''",      "0",        "-1",    "9223372036854775807",
            "'x'",    "x'ff00'", "1e308",    "'%'",   "'00000000000000000000000000000000'",
            "'../x'", "rowid",   "'[1,{}]'", "x'00'", "'99999999999999999999'",
            "'null'", "1",       "2",        "'{}'",  "printf('%0100000d', 1)"};
        auto const db = sql::openSqlite("fuzz-repo/gen3.sqlite3", sql::OpenMode::ReadWrite);
        db->execute(
            "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = OFF");
        for (std::size_t i = 0; i + 2 < bytes.size() && i < 30; i += 3) {
            auto byte = [&](std::size_t at) {
                return static_cast<std::size_t>(static_cast<unsigned char>(bytes[at]));
            };
            auto const &[table, column] = _columns[byte(i) * 7 % _columns.size()];
            auto const row = byte(i + 1) % 16;
            auto const value = byte(i + 2) % (values.size() + 1);
            auto const name = sql::quoteIdentifier(table);
            auto const at =
                " WHERE rowid = (SELECT rowid FROM " + name + " LIMIT 1 OFFSET " + std::to_string(row) + ")";
            try {
                db->execute(value == values.size() ? "DELETE FROM " + name + at
                                                   : "UPDATE " + name + " SET " + sql::quoteIdentifier(column)
                                                         + " = " + values[value] + at);
            } catch (common::Error const &) {
                // A constraint that can't be turned off.
            }
        }
    }

    std::string _repo;
    std::vector<std::pair<std::string, std::string>> _columns;
};

/// What some columns say of samples. \param split  where it is cut in two
std::string joinedSamples(std::string const &text, std::size_t split) {
    static auto const columns = telemetry::parseColumns(
        "[{name: a, topic: m, field: v}, {name: b, topic: m, field: v, func: asof, nulls: take, index: any},"
        " {name: c, topic: m, fields: [v, w], func: max, reduce: pool, index: 1}, {name: d, topic: m.e, "
        "field: s, func: mode},"
        " {name: e, topic: m, field: v, func: twmean, mode: linear, time_field: t, dup: mean},"
        " {name: f, topic: m, field: p, packed: {base: p, n: 3, dt: 1ms}, func: polyrms, degree: 2, index: "
        "any}]",
        "fuzz");
    telemetry::Facts const facts;
    telemetry::WindowList const windows({{0, 1'000'000'000}, {500, 10'000'000'000'000}});
    telemetry::Joiner joiner(columns, windows, {}, facts);
    std::string out;
    auto const bad = [&](std::int64_t number, std::string const &reason) {
        out += std::to_string(number) + reason;
    };
    telemetry::LineProtocol<telemetry::Joiner, telemetry::Topic, telemetry::SourceScale> lines(
        joiner, telemetry::SourceScale::Eras, 1, bad);
    lines.feed(std::string_view(text).substr(0, split));
    lines.feed(std::string_view(text).substr(split));
    lines.finish();
    telemetry::CsvSamples<telemetry::Joiner, telemetry::Topic> csv(joiner, telemetry::SourceScale::Tai, 1000,
                                                                   "m", "t", bad);
    csv.feed(std::string_view(text).substr(0, split));
    csv.feed(std::string_view(text).substr(split));
    csv.finish();
    joiner.finish();
    for (std::size_t w = 0; w < 2; ++w) {
        for (auto const &cell : joiner.results(w)) {
            out += ' ' + std::to_string(cell.n) + ' ' + std::to_string(static_cast<int>(cell.status)) + ' '
                   + std::to_string(cell.value.integer) + ' ' + std::to_string(cell.coverage);
        }
    }
    return out;
}

void samples(std::string const &text) {
    if (joinedSamples(text, text.size()) != joinedSamples(text, text.size() / 2))
        throw std::logic_error("a text that comes in two parts is read otherwise");
}

void sampleJson(std::string const &text) {
    telemetry::TextPool texts;
    auto const value = [&](telemetry::NamedRow const &row) {
        for (auto const &[name, json] : row.fields) (void)telemetry::valueOf(json, texts);
    };
    value(telemetry::sampleLine(text, telemetry::SourceScale::Eras));
    telemetry::forEachSavedRow(text, telemetry::SourceScale::Utc, value);
}

void columns(std::string const &text) {
    (void)telemetry::parseColumns(text, "fuzz");
}

} // namespace

std::vector<Target> targets(std::string const &data, std::string const &repo) {
    auto const raw = files(data + "/raw/synthetic", "");
    auto const headers = files(data + "/headers", ".yaml");
    std::vector<Target> out{
        {"cards", cards, 80, files(data + "/raw/synthetic", ".fits", 13000)},
        {"fits", fitsFile, 80, raw},
        {"gzip", [](std::string const &text) { fitsFile(gzipped(text)); }, 80, raw},
        {"dump", dump, 0, headers},
        {"json", jsonDump, 0, files(data + "/headers", ".json")},
        {"corrections", corrections, 0, {"EXPTIME: 3.0\nFILTER: null\n", "OBSID: [1, 2]\nX: {a: b}\n"}},
        {"line",
         line,
         0,
         {R"({"type":"file","uri":"/a.fits","size":1,"data_id":{"instrument":"LATISS","exposure":1,"detector":0},)"
          R"("physical_filter":"x","dataset_type":"raw","run":"r","records":{"group":{"instrument":"LATISS","name":"1"},)"
          R"("day_obs":{"instrument":"LATISS","id":20250101},"exposure":{"instrument":"LATISS","id":1,"group":"1",)"
          R"("day_obs":20250101,"physical_filter":"x"}}})"}},
        {"yaml", yaml, 0, headers},
        {"rules", rules, 0, files(data + "/../../examples/rules", ".yaml", 20000)},
        {"times",
         times,
         0,
         {"2025-04-23T04:07:10.702699721", "2016-12-31T23:59:60.5", "20250423", "60000.5"}},
        {"uri", uri, 0, {"file:///a/b%20c.fits", "/a/../b", "file://host/a#b", "s3://b/k"}},
        {"universe", universe, 0, files(data + "/butler", ".json", 20000)},
        {"config",
         config,
         0,
         {butler::freshConfigText(), "datastore: {root: <butlerRoot>, templates: {default: x, raw+LATISS: "
                                     "y}}\nregistry: {db: 'sqlite:///a'}\n"}},
        {"where",
         where,
         0,
         {"instrument = 'LATISS' AND (detector IN (1, 5..7) OR NOT exposure > 3)", "day_obs IS NOT NULL"}},
        {"template", pathTemplate, 0, linesOf(data + "/butler/template-vectors.jsonl", 10, "template")},
        {"sidecar", sidecar, 0, files(data + "/sidecars", ".json", 20000)},
        {"index", headerIndex, 0, files(data + "/sidecars", "_index.json", 20000)},
        {"samples",
         samples,
         0,
         {"m v=1.5,w=2i,salIndex=1i,t=0.5 100\nm,tag=a v=-3e-7,s=\"a \\\"b\\\"\" 200\n# c\nm.e "
          "s=\"x\ny\",b=t 300\n",
          "m cRIO_timestamp=0.1,p0=1,p1=2,p2=3 1000000\n", "t,v,w,s\n1,2.5,,a\n2,NaN,3,\"b,\"\"c\"\n",
          "name,tags,time,v\nm,,5,1\n\nname,tags,time,w\nm,,6,2\n"}},
        {"sample-json",
         sampleJson,
         0,
         {R"({"topic":"m","t_ns":5,"scale":"utc","f":{"v":NaN,"w":1}})",
          R"({"results":[{"series":[{"name":"m","columns":["time","v"],"values":[[1,2.5],[2,null]]}]}]})"}},
        {"columns", columns, 0, files(data + "/../../examples/telemetry", ".yaml", 20000)},
        {"region", region, 0, linesOf(data + "/butler/htm7-vectors.jsonl", 10, "region")},
    };
    for (auto const &text : {butler::defaultRawTemplate, butler::defaultTemplate})
        for (auto &target : out)
            if (target.name == "template") target.corpus.emplace_back(text);
    if (!repo.empty())
        out.push_back(
            {"registry", Registry(repo), 3, {std::string("\1\2\3"), std::string("\7\1\0\4\2\5", 6)}});
    return out;
}

} // namespace dbb::fuzz
