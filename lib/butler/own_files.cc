#include "butler/own_files.h"

#include "common/file.h"

namespace dbb::butler {

OwnFiles::OwnFiles(Config const &config) {
    auto const add = [&](std::string const &path) {
        _names.insert(path);
        _names.insert(common::entryOf(path));
        struct stat s {};
        if (::stat(path.c_str(), &s) == 0) _files.emplace(s.st_dev, s.st_ino);
    };
    add(config.file);
    for (auto const &file : config.included) add(file);
    if (config.sqlite_path.empty()) return;
    std::set<std::string> databases{config.sqlite_path};
    // Where the registry is a link, SQLite keeps the journals beside what it leads to.
    if (struct stat s{}; ::stat(config.sqlite_path.c_str(), &s) == 0)
        databases.insert(common::realPath(config.sqlite_path));
    for (auto const &database : databases) {
        for (auto const *suffix : {"", "-journal", "-wal", "-shm"}) add(database + suffix);
    }
}

bool OwnFiles::has(std::string const &path) const {
    if (names(path) || names(common::entryOf(path))) return true;
    struct stat s {};
    return ::stat(path.c_str(), &s) == 0 && has(s);
}

bool OwnFiles::has(struct stat const &file) const {
    return _files.contains({file.st_dev, file.st_ino});
}

} // namespace dbb::butler
