#include "convert/verify_files.h"

#include "butler/datasets.h"
#include "butler/stored_path.h"
#include "common/checksum.h"
#include "common/error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/stat.h>

namespace dbb::convert {

using butler::StoredDataset;
using butler::StoredFile;
using common::Error;
using common::Json;

namespace {

/// The Butler's own, in the records of files.
std::string const algorithm = "blake2b";

std::string const missingFile = "is missing";

/// What stat() says; the reason when it says nothing.
struct Look {
    struct stat status {};
    std::string problem;

    bool isMissing() const { return problem == missingFile; }
};

Look lookedAt(std::string const &file) {
    Look out;
    if (::stat(file.c_str(), &out.status) != 0) {
        out.problem = errno == ENOENT || errno == ENOTDIR
                          ? missingFile
                          : std::string("can't be looked at: ") + std::strerror(errno);
    } else if (!S_ISREG(out.status.st_mode)) {
        out.problem = "is no regular file";
    }
    return out;
}

bool isSame(Look const &a, Look const &b) {
    return a.problem.empty() && b.problem.empty() && a.status.st_dev == b.status.st_dev
           && a.status.st_ino == b.status.st_ino;
}

/// A member of a zip file, or a part of a dataset, is not as large as the Gen2 file.
bool isWhole(StoredFile const &stored) {
    return stored.component == butler::wholeDataset && butler::artifactOf(stored.path) == stored.path;
}

} // namespace

std::vector<FileDifference> VerifyFiles::compare(std::string const &gen2File,
                                                 std::optional<std::int64_t> gen2Size,
                                                 StoredDataset const &stored) {
    std::vector<FileDifference> out;
    for (auto const &file : stored.files) {
        auto const local = butler::localFile(_config.datastores[file.datastore].root, file.path);
        if (local.empty()) {
            ++_remote;
            continue;
        }
        auto const look = lookedAt(local);
        if (!look.problem.empty()) {
            out.push_back({"file", file.path, {}, {}, "file \"" + local + "\" " + look.problem});
            continue;
        }
        if (!isWhole(file)) continue;
        if (auto difference = compareSizes(gen2Size, look.status.st_size, file)) {
            out.push_back(std::move(*difference));
        } else if (_checksum) {
            if (auto other = compareContents(gen2File, local, file)) out.push_back(std::move(*other));
        }
    }
    return out;
}

std::optional<FileDifference> VerifyFiles::compareSizes(std::optional<std::int64_t> gen2Size,
                                                        std::int64_t size, StoredFile const &stored) const {
    auto const recorded = stored.size_bytes;
    if (gen2Size && recorded >= 0 && *gen2Size != recorded) {
        return FileDifference{"size", stored.path, *gen2Size, recorded,
                              "the Gen2 file has " + std::to_string(*gen2Size) + " bytes, recorded are "
                                  + std::to_string(recorded)};
    }
    auto const expected = gen2Size ? *gen2Size : recorded;
    if (expected < 0 || expected == size) return std::nullopt;
    return FileDifference{"size", stored.path, expected, size,
                          "the file has " + std::to_string(size) + " bytes instead of "
                              + std::to_string(expected)};
}

std::optional<FileDifference> VerifyFiles::compareContents(std::string const &gen2File,
                                                           std::string const &gen3File,
                                                           StoredFile const &stored) {
    auto const gen2 = lookedAt(gen2File);
    bool const itself = isSame(gen2, lookedAt(gen3File));
    if (itself && stored.checksum.empty()) return std::nullopt;
    try {
        auto const here = common::fileChecksums(gen3File, {algorithm}).front();
        if (!stored.checksum.empty() && stored.checksum != here) {
            return FileDifference{"checksum", stored.path, stored.checksum, here,
                                  "the file is not what was recorded"};
        }
        if (gen2.isMissing()) {
            ++_gone;
            return std::nullopt;
        }
        auto const there = itself ? here : common::fileChecksums(gen2File, {algorithm}).front();
        if (there == here) return std::nullopt;
        return FileDifference{"checksum", stored.path, there, here, "the contents of the files differ"};
    } catch (Error const &e) {
        return FileDifference{"file", stored.path, {}, {}, e.message()};
    }
}

bool VerifyFiles::isItself(std::string const &gen2File, StoredDataset const &stored) const {
    auto const gen2 = lookedAt(gen2File);
    return std::ranges::any_of(stored.files, [&](StoredFile const &file) {
        auto const local = butler::localFile(_config.datastores[file.datastore].root, file.path);
        return !local.empty() && isSame(gen2, lookedAt(local));
    });
}

} // namespace dbb::convert
