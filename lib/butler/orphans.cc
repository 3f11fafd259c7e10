#include "butler/orphans.h"

#include "butler/own_files.h"
#include "common/error.h"
#include "common/file.h"
#include "common/signals.h"
#include "common/uri.h"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <memory>
#include <set>
#include <sys/stat.h>
#include <vector>

namespace dbb::butler {

using sql::Statement;

namespace {

constexpr std::int64_t pageRows = 1000;

struct CloseFolder {
    void operator()(DIR *folder) const { ::closedir(folder); }
};

class Walk {
public:
    // Files are found in the order of the folders; a temporary database sorts them.
    explicit Walk(Repository const &repo)
        : _repo(repo), _root(repo.config().datastores.front().root), _realRoot(common::realPath(_root)),
          _own(repo.config()), _found(sql::openSqlite("", sql::OpenMode::Create)) {
        _found->execute("CREATE TABLE orphan (path TEXT PRIMARY KEY, size INTEGER) WITHOUT ROWID");
        if (!repo.db().hasTable(repo.config().datastores.front().records_table))
            return; // nothing is stored yet
        _known = &repo.db().cached("SELECT 1 FROM "
                                   + sql::quoteIdentifier(repo.config().datastores.front().records_table)
                                   + " WHERE path = ? OR (path > ? AND path < ?)");
    }

    void run() {
        _found->begin();
        walk("");
        followLinks();
        _found->commit();
    }

    void tell(std::function<void(Orphan const &)> const &orphan) {
        std::vector<Orphan> page;
        std::string last;
        do {
            page.clear();
            _found->cached("SELECT path, size FROM orphan WHERE path > ? ORDER BY path LIMIT ?")
                .query({last, pageRows}, [&](Statement const &row) {
                    page.push_back({row.text(0), row.integer(1)});
                });
            for (auto const &file : page) orphan(file);
            if (!page.empty()) last = page.back().path;
        } while (!page.empty());
    }

private:
    /// \param relative  folder below the root; empty, or with a slash at its end
    void walk(std::string const &relative) {
        auto const path = _root + "/" + relative;
        std::unique_ptr<DIR, CloseFolder> folder(::opendir(path.c_str()));
        if (!folder) {
            if (errno == ENOENT && !relative.empty()) return; // gone meanwhile
            throw common::systemError("read", path, errno);
        }
        std::vector<std::string> folders;
        while (auto const *entry = ::readdir(folder.get())) {
            std::string const name = entry->d_name;
            if (name == "." || name == ".." || common::stopSignal() != 0) continue;
            struct stat s {};
            if (::lstat((path + name).c_str(), &s) != 0) continue;
            if (S_ISDIR(s.st_mode)) {
                folders.push_back(name);
            } else if (isFolderLink(path + name, s.st_mode)) {
                _links.push_back(relative + name);
            } else {
                look(relative + name, s.st_size);
            }
        }
        folder.reset();
        for (auto const &name : folders) walk(relative + name + "/");
    }

    static bool isFolderLink(std::string const &path, mode_t mode) {
        struct stat s {};
        return S_ISLNK(mode) && ::stat(path.c_str(), &s) == 0 && S_ISDIR(s.st_mode);
    }

    /// Links to folders are not entered: those below the root have been seen, others are not the datastore's.
    /// But files may be recorded by the name of a link.
    void followLinks() {
        auto const root = common::realPath(_root);
        for (auto const &link : _links) {
            auto const target = common::realPath(_root + "/" + link);
            if (common::isBelow(target, root)) forgetThrough(link, target.substr(root.size() + 1));
        }
    }

    /// Files below `folder` that are recorded by the name of a link to it.
    void forgetThrough(std::string const &link, std::string const &folder) {
        auto const prefix = _root + "/" + folder + "/";
        std::vector<std::string> known;
        _found->cached("SELECT path FROM orphan WHERE path > ? AND path < ?")
            .query({prefix, prefix.substr(0, prefix.size() - 1) + "0"}, [&](Statement const &row) {
                auto const path = row.text(0);
                if (isKnown(link + "/" + path.substr(prefix.size()))) known.push_back(path);
            });
        for (auto const &path : known) _found->cached("DELETE FROM orphan WHERE path = ?").run({path});
    }

    void look(std::string const &relative, std::int64_t size) {
        auto const path = _root + "/" + relative;
        if (_own.names(path) || isKnown(relative)) return;
        _found->cached("INSERT INTO orphan (path, size) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .run({path, size});
    }

    /// Whether a row names a file below the root: by its path, or as a URI with the root's name or real name.
    bool isKnown(std::string const &relative) {
        if (!_known) return false;
        std::set<std::string> const names{relative, common::fileUri(_root + "/" + relative),
                                          common::fileUri(_realRoot + "/" + relative)};
        // Members of a file are recorded as path#zip-path=…; '$' is what follows '#'.
        return std::any_of(names.begin(), names.end(), [&](std::string const &name) {
            return _known->hasRow({name, name + "#", name + "$"});
        });
    }

    Repository const &_repo;
    std::string _root;
    std::string _realRoot;
    std::vector<std::string> _links; ///< to folders, relative to the root
    OwnFiles _own;
    std::unique_ptr<sql::Database> _found;
    Statement *_known = nullptr;
};

} // namespace

void forEachOrphan(Repository const &repo, std::function<void(Orphan const &)> const &orphan) {
    Walk walk(repo);
    walk.run();
    walk.tell(orphan);
}

} // namespace dbb::butler
