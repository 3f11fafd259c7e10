#include "gen2/layout.h"

#include "common/error.h"
#include "common/file.h"

#include <cerrno>
#include <sys/stat.h>

namespace dbb::gen2 {

using common::Error;

namespace {

/// Whether a registry is there. What stands in its place and is no file would be taken for none.
/// \throws Error NOT_FOUND for a link that leads nowhere, NOT_A_FILE, PERMISSION (exit 4)
bool hasRegistry(std::string const &path) {
    struct stat s {};
    if (::lstat(path.c_str(), &s) != 0 && (errno == ENOENT || errno == ENOTDIR)) return false;
    try {
        common::requireRegular(common::statFile(path), path);
    } catch (Error const &e) {
        throw unusable(e);
    }
    return true;
}

/// \param hint  what the command line should have named
std::string folderAt(std::string const &path, std::string const &hint) {
    try {
        auto out = common::realPath(path);
        if (common::isFolder(out)) return out;
    } catch (Error const &e) {
        throw Error(e.code(), e.message(), common::ExitCode::Backend).hint(hint);
    }
    throw Error("NOT_FOUND", "\"" + path + "\" is no folder", common::ExitCode::Backend).hint(hint);
}

/// When a folder is the rerun of a repository, that one's folder; empty when it is none. A folder above both
/// may be called like that of reruns.
std::string rootOfRerun(std::string const &folder) {
    for (auto at = folder.find(rerunFolder + "/"); at != std::string::npos;
         at = folder.find(rerunFolder + "/", at + 1)) {
        auto const root = folder.substr(0, at);
        if (common::isFolder(root) && readRepository(root)) return root;
    }
    return {};
}

std::string mapperOf(Layout const &layout) {
    for (auto const &repository : layout.parents)
        if (!repository.mapper.empty()) return repository.mapper;
    throw common::usageError("no mapper is named by \"" + layout.root.folder + "\" or its parents",
                             "a Gen2 repository has a file _mapper or repositoryCfg.yaml");
}

/// The first registry of the repository and its parents.
std::string registryOf(Layout const &layout) {
    for (auto const &repository : layout.parents) {
        auto const file = repository.folder + "/registry.sqlite3";
        if (hasRegistry(file)) return file;
        if (hasRegistry(repository.folder + "/registry.pgsql")) {
            throw common::usageError("the registry of \"" + repository.folder
                                         + "\" is in a PostgreSQL database, which is not read",
                                     "make registry.sqlite3 from it");
        }
    }
    return {};
}

void findCalibrations(Layout &layout, std::string const &given) {
    std::vector<std::string> folders;
    if (!given.empty()) {
        folders.push_back(
            folderAt(given.starts_with('/') ? given : layout.root.folder + "/" + given,
                     "--calib names the folder with calibRegistry.sqlite3, relative to the root "
                     "or absolute"));
    } else {
        for (auto const &repository : layout.parents) folders.push_back(repository.folder + "/CALIB");
        for (auto const &repository : layout.parents) folders.push_back(repository.folder);
    }
    for (auto const &folder : folders) {
        if (!hasRegistry(folder + "/calibRegistry.sqlite3")) continue;
        layout.calib = common::realPath(folder);
        layout.calib_registry = layout.calib + "/calibRegistry.sqlite3";
        return;
    }
    if (!common::isFolder(folders.front())) return;
    layout.calib = common::realPath(folders.front());
    layout.notes.push_back("\"" + layout.calib
                           + "\" has no calibRegistry.sqlite3, so its calibrations can't be certified");
}

} // namespace

std::string Layout::rerunOf(std::string const &folder) const {
    auto const below = root.folder + rerunFolder + "/";
    return folder.starts_with(below) ? folder.substr(below.size()) : std::string();
}

Layout findLayout(std::string const &root, std::string const &calib) {
    Layout out;
    auto folder = folderAt(root, "name the root of a Gen2 repository, or one of its reruns");
    auto above = rootOfRerun(folder);
    if (above.empty()) {
        // Reruns may be links to another disk; as it was named it may be one all the same.
        auto const named = common::absolutePath(root);
        if (auto const at = rootOfRerun(named); !at.empty()) {
            above = common::realPath(at);
            folder = above + named.substr(at.size());
        }
    }
    auto const repository = readRepository(above.empty() ? folder : above);
    if (!repository) {
        throw common::usageError("\"" + folder + "\" is no Gen2 repository",
                                 "one has a file _mapper or repositoryCfg.yaml, or a link _parent");
    }
    out.root = *repository;
    if (!above.empty()) out.rerun = out.rerunOf(folder);
    out.parents = withParents(out.root);
    out.mapper = mapperOf(out);
    out.registry = registryOf(out);
    findCalibrations(out, calib);
    out.is_calib = out.calib == out.root.folder && !hasRegistry(out.calib + "/registry.sqlite3");
    if (out.registry.empty() && !out.is_calib) {
        out.notes.push_back("\"" + out.root.folder + "\" has no registry.sqlite3"
                            + (out.parents.size() > 1 ? ", nor have its parents" : "")
                            + ", so raws can't be compared with it, and missing ones not be noticed");
    }
    for (auto const &each : out.parents)
        for (auto const &note : each.notes) out.notes.push_back("\"" + each.folder + "\": " + note);
    // The repository itself is the first of those that it reads.
    out.parents.erase(out.parents.begin());
    return out;
}

} // namespace dbb::gen2
