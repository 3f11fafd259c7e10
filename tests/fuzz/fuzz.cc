// Mutates inputs and hands them to everything that reads foreign bytes. Only common::Error may come out.
//     fuzz SECONDS [SEED] [FILE…]      FILEs are replayed, one target each by the folder they lie in, and
//     nothing else
// Built with the address and undefined-behaviour sanitizers (make check does); a find is a crash, a report of
// theirs, a foreign exception or a call that takes longer than five seconds. The input is left in fuzz-find.
#include "butler/config.h"
#include "butler/schema.h"
#include "butler/universe.h"
#include "butler/where.h"
#include "common/error.h"
#include "common/file.h"
#include "common/yaml.h"
#include "fits/header_file.h"
#include "ingest/raw_line.h"
#include "instrument/observation.h"
#include "manifest/record.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

using namespace dbb;

namespace {

void observe(fits::Header header) {
    auto const *table = instrument::recognise(header);
    if (!table) table = &instrument::tableOf("LATISS");
    common::Json explain;
    instrument::observe(*table, header, {}, &explain);
    (void)explain.dump();
}

void fitsFile(std::string const &bytes) {
    common::UniqueFd const fd(::memfd_create("fuzz", 0));
    common::writeAll(fd.get(), bytes, "memfd");
    auto const path = "/proc/self/fd/" + std::to_string(fd.get());
    fits::HeaderFile(path).findDataDamage();
    fits::HeaderFile file(path);
    auto header = file.primary();
    if (auto const *extension = file.extension()) header.merge(*extension);
    observe(header);
}

void dump(std::string const &text) {
    observe(fits::fromDump(common::parseYaml(text, "fuzz"), "fuzz"));
}

void json(std::string const &text) {
    observe(fits::fromDump(common::Json::parse(text), "fuzz"));
}

void line(std::string const &text) {
    auto const record = manifest::Record::parse(text);
    // What is written must be read again as the same.
    if (manifest::Record::parse(record.line()).line() != record.line())
        throw std::logic_error("a line does not survive");
    ingest::RecordsMemory memory;
    (void)ingest::parseRawLine(record, "", false, memory);
}

void universe(std::string const &text) {
    auto const u = butler::Universe::parse(text);
    for (auto const dialect : {sql::Dialect::Sqlite, sql::Dialect::Postgres})
        (void)butler::staticTables(u, dialect);
}

void config(std::string const &text) {
    std::string const path = "fuzz-butler.yaml";
    {
        common::UniqueFd const fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666));
        common::writeAll(fd.get(), text, path);
    }
    (void)butler::readConfig(path);
}

void where(std::string const &text) {
    (void)butler::parseWhere(text, {"instrument", "detector", "exposure", "day_obs"});
}

struct Target {
    std::function<void(std::string const &)> run;
    std::vector<std::string> corpus;
};

std::vector<std::string> files(std::string const &folder, std::string const &ending, std::size_t largest) {
    std::vector<std::string> out;
    for (auto const &entry : std::filesystem::directory_iterator(folder)) {
        auto const path = entry.path().string();
        if (path.ends_with(ending) && entry.file_size() <= largest) out.push_back(common::readFile(path));
    }
    return out;
}

std::map<std::string, Target> targets(std::string const &data) {
    std::map<std::string, Target> out;
    out["fits"] = {fitsFile, files(data + "/raw/synthetic", "", 30000)};
    out["dump"] = {dump, files(data + "/headers", ".yaml", 20000)};
    out["json"] = {json, files(data + "/headers", ".json", 20000)};
    out["universe"] = {universe, files(data + "/butler", ".json", 20000)};
    out["config"] = {
        config,
        {butler::freshConfigText(),
         "datastore: {root: <butlerRoot>, templates: {default: x}}\nregistry: {db: 'sqlite:///a'}\n"}};
    out["where"] = {
        where,
        {"instrument = 'LATISS' AND (detector IN (1, 5..7) OR NOT exposure > 3)", "day_obs IS NOT NULL"}};
    out["line"] = {
        line,
        {R"({"type":"file","uri":"/a.fits","size":1,"data_id":{"instrument":"LATISS","exposure":1,"detector":0},)"
         R"("physical_filter":"x","dataset_type":"raw","run":"r","records":{"group":{"instrument":"LATISS","name":"1"},)"
         R"("day_obs":{"instrument":"LATISS","id":20250101},"exposure":{"instrument":"LATISS","id":1,"group":"1",)"
         R"("day_obs":20250101,"physical_filter":"x"}}})"}};
    return out;
}

class Mutator {
public:
    explicit Mutator(unsigned seed) : _random(seed) {}

    std::size_t below(std::size_t n) {
        return n == 0 ? 0 : std::uniform_int_distribution<std::size_t>(0, n - 1)(_random);
    }

    std::string mutate(std::string text, std::vector<std::string> const &corpus) {
        for (auto n = 1 + below(6); n > 0; --n) step(text, corpus);
        return text;
    }

private:
    void step(std::string &text, std::vector<std::string> const &corpus) {
        static std::vector<std::string> const words{"\0",
                                                    "\xff",
                                                    "'",
                                                    "\"",
                                                    "&",
                                                    "CONTINUE  '",
                                                    "END     ",
                                                    "NAXIS1  = 99999999999",
                                                    "-1",
                                                    "9223372036854775808",
                                                    "1e999",
                                                    "nan",
                                                    "null",
                                                    "{",
                                                    "[",
                                                    "]",
                                                    "}",
                                                    ":",
                                                    "\n",
                                                    "*a",
                                                    "&a ",
                                                    "<<: *a",
                                                    "\x1f\x8b\x08",
                                                    "1970-01-01T00:00:00",
                                                    "\\u0000",
                                                    "..",
                                                    "%"};
        auto const at = below(text.size() + 1);
        auto const length = below(std::min<std::size_t>(text.size() - at, 200) + 1);
        switch (below(7)) {
        case 0: text.erase(at, length); break;
        case 1: text.insert(at, words[below(words.size())]); break;
        case 2: text.insert(at, text.substr(below(text.size() + 1), 1 + below(160))); break;
        case 3:
            if (at < text.size()) text[at] = static_cast<char>(below(256));
            break;
        case 4:
            if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
            break;
        case 5: {
            auto const &other = corpus[below(corpus.size())];
            text.replace(at, length, other.substr(below(other.size() + 1), 1 + below(200)));
            break;
        }
        default: text.resize(at); break;
        }
    }

    std::mt19937 _random;
};

/// False for a find.
bool survives(std::string const &name, Target const &target, std::string const &input) {
    // There when the process dies.
    common::UniqueFd const find(::open("fuzz-find", O_WRONLY | O_CREAT | O_TRUNC, 0666));
    common::writeAll(find.get(), input, "fuzz-find");
    auto const start = std::chrono::steady_clock::now();
    std::string problem;
    try {
        target.run(input);
    } catch (common::Error const &) {
    } catch (std::exception const &e) {
        problem = std::string("exception: ") + e.what();
    }
    if (std::chrono::steady_clock::now() - start > std::chrono::seconds(5)) problem = "takes too long";
    if (problem.empty()) return true;
    std::printf("FAIL %s: %s; the input is in fuzz-find\n", name.c_str(), problem.c_str());
    return false;
}

} // namespace

int main(int argc, char **argv) {
    auto const *data = std::getenv("DBB_TEST_DATA");
    auto const all = targets(data ? data : "tests/data");
    int passed = 0;
    int failed = 0;
    if (argc > 3) {
        for (int i = 3; i < argc; ++i) {
            auto const name = std::filesystem::path(argv[i]).parent_path().filename().string();
            (survives(name, all.at(name), common::readFile(argv[i])) ? passed : failed)++;
        }
    } else {
        double const seconds = argc > 1 ? std::atof(argv[1]) : 10;
        Mutator mutator(argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1);
        for (auto const &[name, target] : all) {
            auto const end = std::chrono::steady_clock::now()
                             + std::chrono::duration<double>(seconds / static_cast<double>(all.size()));
            long runs = 0;
            bool good = true;
            for (; good && std::chrono::steady_clock::now() < end; ++runs) {
                auto const &seed = target.corpus[mutator.below(target.corpus.size())];
                good = survives(name, target, mutator.mutate(seed, target.corpus));
            }
            if (good) std::printf("ok %s: %ld inputs\n", name.c_str(), runs);
            (good ? passed : failed)++;
        }
    }
    std::printf("fuzz: %d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
