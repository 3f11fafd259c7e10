#include "ingest/scan.h"

#include "common/checksum.h"
#include "common/error.h"
#include "common/signals.h"
#include "common/text.h"
#include "intake/beside.h"

#include <algorithm>
#include <cstdio>
#include <dirent.h>
#include <glob.h>
#include <memory>
#include <regex>
#include <sys/stat.h>

namespace dbb::ingest {

using common::Error;
using common::Json;
using manifest::Record;

struct Scanner::Filter {
    std::regex regex;
};

Scanner::Scanner(ScanOptions options, manifest::Rejects &rejects, manifest::RecordSink sink)
    : _options(std::move(options)), _rejects(rejects), _sink(std::move(sink)) {
    for (auto const &name : _options.checksums) {
        if (!common::isChecksumName(name)) {
            throw common::usageError("--checksum: unknown \"" + name + "\"",
                                     "known are md5, adler32, sha256 and blake2b");
        }
    }
    try {
        _filter = std::make_unique<Filter>(Filter{std::regex(_options.regex)});
    } catch (std::regex_error const &e) {
        throw common::usageError("--regex: \"" + _options.regex + "\" is no regular expression: " + e.what());
    }
}

Scanner::~Scanner() = default;

namespace {

std::vector<std::string> expandGlob(std::string const &pattern) {
    glob_t found{};
    std::vector<std::string> out;
    if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
        out.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    }
    ::globfree(&found);
    std::sort(out.begin(), out.end());
    return out;
}

constexpr char const *unset = "perhaps a variable of the shell is not set";
constexpr char const *spelling = "look at the spelling of the path and at the folder";

enum class Kind { File, Folder, Other };

struct Entry {
    std::string name;
    Kind kind;
};

/// Entries of a folder in bytewise order. A link counts as the file it leads to; a link to a folder is passed
/// over, so that a walk can't run in circles.
std::vector<Entry> entriesOf(std::string const &path) {
    std::unique_ptr<DIR, int (*)(DIR *)> const dir(::opendir(path.c_str()), &::closedir);
    if (!dir) throw common::systemError("open folder", path, errno);
    std::vector<Entry> out;
    while (auto const *entry = ::readdir(dir.get())) {
        std::string const name = entry->d_name;
        // Copies that dbb-ingest is just making are nobody's files yet.
        if (name == "." || name == ".." || name.starts_with(".dbb-")) continue;
        auto kind = entry->d_type == DT_DIR   ? Kind::Folder
                    : entry->d_type == DT_REG ? Kind::File
                                              : Kind::Other;
        if (kind == Kind::Other) {
            struct stat s {};
            bool const link = entry->d_type == DT_LNK;
            if (::stat((path + "/" + name).c_str(), &s) == 0 && S_ISREG(s.st_mode)) kind = Kind::File;
            if (entry->d_type == DT_UNKNOWN && S_ISDIR(s.st_mode)) kind = Kind::Folder;
            if (link && s.st_mode == 0) kind = Kind::File; // a dangling link is reported as what it is
        }
        out.push_back({name, kind});
    }
    std::sort(out.begin(), out.end(), [](Entry const &a, Entry const &b) { return a.name < b.name; });
    return out;
}

} // namespace

void Scanner::scan(std::string const &path) {
    if (common::stopSignal() != 0) return;
    std::string absolute;
    try {
        // It would mean the working folder, which is hardly meant.
        if (path.empty()) throw Error("NOT_FOUND", "an empty path names no file").hint(unset);
        absolute = common::absolutePath(path);
    } catch (Error const &e) {
        return _rejects.add(Record("file").set("uri", path), e);
    }
    struct stat s {};
    if (common::isFolder(absolute)) return folder(absolute);
    if (::lstat(absolute.c_str(), &s) != 0 && path.find_first_of("*?[") != std::string::npos) {
        auto const found = expandGlob(absolute);
        if (found.empty()) {
            _rejects.add(Record("file").set("uri", absolute),
                         Error("NOT_FOUND", "no file matches \"" + path + "\"").hint(spelling));
        }
        for (auto const &match : found) scan(match);
        return;
    }
    if (intake::isIndex(absolute)) return index(absolute);
    file(absolute);
}

void Scanner::index(std::string const &path) {
    std::vector<std::string> files;
    try {
        files = intake::filesOfIndex(path);
    } catch (Error const &e) {
        return _rejects.add(Record("file").set("uri", path), e);
    }
    for (auto const &name : files) {
        if (common::stopSignal() != 0) return;
        file(name);
    }
}

void Scanner::folder(std::string const &path) {
    std::vector<Entry> entries;
    try {
        entries = entriesOf(path);
    } catch (Error const &e) {
        _rejects.add(Record("file").set("uri", path), e);
        return;
    }
    for (auto const &entry : entries) {
        if (common::stopSignal() != 0) return;
        auto const below = (path == "/" ? "" : path) + "/" + entry.name;
        if (entry.kind == Kind::Folder) folder(below);
        if (entry.kind == Kind::File && std::regex_search(entry.name, _filter->regex)) file(below);
    }
}

void Scanner::file(std::string const &path) {
    Record record("file");
    record.set("uri", path);
    try {
        if (!common::isUtf8(path)) {
            throw Error("NAME_NOT_UTF8", "\"" + common::printable(path) + "\": the name is no UTF-8");
        }
        auto const stat = common::statFile(path);
        common::requireRegular(stat, path);
        if (_options.min_age_s > 0 && stat.mtime.age() < _options.min_age_s) {
            ++_counts.young;
            return;
        }
        record.set("size", stat.size_bytes).set("mtime", stat.mtime.text());
        if (!_options.checksums.empty()) {
            auto const sums = common::fileChecksums(path, _options.checksums);
            Json object;
            for (std::size_t i = 0; i < sums.size(); ++i) object.set(_options.checksums[i], sums[i]);
            record.set("checksum", object);
        }
    } catch (Error const &e) {
        _rejects.add(record, e.code() == "NOT_FOUND" ? Error(e).hint(spelling) : e);
        return;
    }
    ++_counts.found;
    _sink(std::move(record));
}

namespace {

/// \param output  flushed whenever the next path is not here yet
void scanList(Scanner &scanner, manifest::Rejects &rejects, common::Output &output, int in, char separator) {
    using Status = common::LineReader::Status;
    common::LineReader lines(in, separator);
    auto const next = [&] {
        if (!lines.ready()) output.flush();
        return lines.next();
    };
    for (auto status = next(); status != Status::End; status = next()) {
        if (status == Status::Long) {
            rejects.addLong(lines);
        } else if (!lines.line().empty()) {
            scanner.scan(std::string(lines.line()));
        }
    }
}

} // namespace

common::ExitCode runScan(ScanProgramOptions options, int in, int out) {
    if (!options.checksum.empty()) options.scan.checksums = common::split(options.checksum, ',');
    if (!options.min_age.empty())
        options.scan.min_age_s = common::parseDuration(options.min_age, "--min-age");
    if (options.scan.paths == std::vector<std::string>{"-"}) {
        options.scan.paths.clear();
        options.list = !options.null;
    }
    if (options.scan.paths.empty() && !options.list && !options.null) {
        throw common::usageError("nothing to scan",
                                 "name folders or files, or pipe paths in with --paths or -0");
    }
    manifest::Summary summary{.program = "dbb-scan", .outcomes = {}};
    manifest::Rejects rejects(options.standard.rejects);
    common::Output output(out);
    Scanner scanner(options.scan, rejects, [&](Record const &record) {
        summary.countRead();
        output.write(record.line());
    });
    for (auto const &path : options.scan.paths) scanner.scan(path);
    if (options.list || options.null) scanList(scanner, rejects, output, in, options.null ? '\0' : '\n');
    if (common::stopSignal() == 0) output.write(manifest::endRecord("dbb-scan").line());
    output.flush();
    rejects.finish();
    if (scanner.counts().young > 0) {
        common::log::info("left for later as younger than --min-age: "
                          + std::to_string(scanner.counts().young));
    }
    summary.read = scanner.counts().found + scanner.counts().young + rejects.count();
    summary.outcomes["done"] = scanner.counts().found;
    summary.finish(options.standard, rejects);
    return rejects.status();
}

} // namespace dbb::ingest
