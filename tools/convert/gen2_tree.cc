#include "convert/gen2_tree.h"

#include "common/signals.h"
#include "gen2/repository.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace dbb::convert {

using common::Error;
using gen2::PathTree;

namespace {

std::string linkAt(int folder, char const *name) {
    std::array<char, PATH_MAX> buffer{};
    auto const size = ::readlinkat(folder, name, buffer.data(), buffer.size());
    return size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : std::string();
}

common::FileStat statOf(struct stat const &s) {
    return {.size_bytes = s.st_size,
            .mtime = {.whole_s = s.st_mtim.tv_sec, .rest_ns = s.st_mtim.tv_nsec},
            .is_directory = S_ISDIR(s.st_mode),
            .is_regular = S_ISREG(s.st_mode)};
}

/// Take the status of a name in an open folder. \return false when there is none
bool look(int folder, char const *name, TreeFile &out) {
    struct stat s {};
    if (::fstatat(folder, name, &s, AT_SYMLINK_NOFOLLOW) != 0) return false;
    if (S_ISLNK(s.st_mode)) {
        out.link = linkAt(folder, name);
        if (::fstatat(folder, name, &s, 0) != 0) {
            out.kind = errno == ELOOP ? TreeFile::Kind::Circular : TreeFile::Kind::Dangling;
            return true;
        }
    }
    out.stat = statOf(s);
    out.kind = out.stat.is_regular ? TreeFile::Kind::Regular : TreeFile::Kind::Other;
    return true;
}

} // namespace

/// An open folder with its entries in order.
class TreeWalk::OpenFolder {
public:
    explicit OpenFolder(std::string const &path) : _dir(::opendir(path.c_str()), &::closedir) {
        if (!_dir) throw common::systemError("open folder", path, errno);
        errno = 0;
        while (auto const *entry = ::readdir(_dir.get())) {
            std::string_view const name = entry->d_name;
            if (name != "." && name != "..") _entries.push_back({std::string(name), entry->d_type});
        }
        if (errno != 0) throw common::systemError("read folder", path, errno);
        std::sort(_entries.begin(), _entries.end(),
                  [](Entry const &a, Entry const &b) { return a.name < b.name; });
    }

    int fd() const { return ::dirfd(_dir.get()); }
    std::vector<Entry> const &entries() const { return _entries; }
    bool has(std::string_view name) const {
        auto const at = std::lower_bound(_entries.begin(), _entries.end(), name,
                                         [](Entry const &e, std::string_view n) { return e.name < n; });
        return at != _entries.end() && at->name == name;
    }
    bool isRepository() const {
        return std::any_of(gen2::repositoryMarks.begin(), gen2::repositoryMarks.end(),
                           [&](auto const &mark) { return has(mark); });
    }

private:
    std::unique_ptr<DIR, int (*)(DIR *)> _dir;
    std::vector<Entry> _entries;
};

std::optional<TreeFile> lookAt(std::string const &path) {
    TreeFile out{.path = path};
    return look(AT_FDCWD, path.c_str(), out) ? std::optional(std::move(out)) : std::nullopt;
}

void TreeWalk::walk(std::string const &path) {
    folder(path, _tree.root());
}

void TreeWalk::folder(std::string const &path, PathTree::Place const &place) {
    std::optional<OpenFolder> open;
    try {
        open.emplace(path);
    } catch (Error const &e) {
        return _visitor.failed(path, e);
    }
    if (!_above.empty() && open->isRepository() && !_visitor.enterRepository(path)) return;
    struct stat s {};
    ::fstat(open->fd(), &s);
    _above.push_back({s.st_dev, s.st_ino});
    TreeFile file;
    for (auto const &each : open->entries()) {
        if (common::stopSignal() != 0) break;
        entry(*open, each, path, place, file);
    }
    _above.pop_back();
}

void TreeWalk::entry(OpenFolder const &here, Entry const &entry, std::string const &path,
                     PathTree::Place const &place, TreeFile &file) {
    bool isFolder = entry.type == DT_DIR;
    file = {.path = path + "/" + entry.name};
    if (!isFolder && (_looks || entry.type != DT_REG)) {
        // What is gone meanwhile is none.
        if (!look(here.fd(), entry.name.c_str(), file)) return;
        isFolder = file.stat.is_directory;
        // A link to the parent is no folder with data.
        if (entry.name == "_parent" && (isFolder || file.kind == TreeFile::Kind::Circular)) return;
        auto const refusal =
            isFolder ? refusalOf(here, entry.name, !file.link.empty()) : std::optional<TreeFile::Kind>();
        if (refusal) {
            isFolder = false;
            file.kind = *refusal;
        }
    }
    if (isFolder && entry.name == "_parent") return;
    if (isFolder) {
        if (_visitor.enter(file.path)) folder(std::string(file.path), _tree.below(place, entry.name));
        return;
    }
    bool const packed = entry.name.ends_with(".gz") || entry.name.ends_with(".fz");
    file.is_packed_twin = packed && here.has(std::string_view(entry.name).substr(0, entry.name.size() - 3));
    _visitor.take(file, place);
}

/// Why a folder is not gone into.
std::optional<TreeFile::Kind> TreeWalk::refusalOf(OpenFolder const &here, std::string const &name,
                                                  bool isLink) {
    struct stat s {};
    if (::fstatat(here.fd(), name.c_str(), &s, 0) != 0) return std::nullopt;
    Folder const folder{s.st_dev, s.st_ino};
    if (std::find(_above.begin(), _above.end(), folder) != _above.end()) return TreeFile::Kind::Circular;
    if (isLink && !_linked.insert(folder).second) return TreeFile::Kind::Again;
    return std::nullopt;
}

} // namespace dbb::convert
