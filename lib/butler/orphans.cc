#include "butler/orphans.h"

#include "butler/dialect.h"
#include "butler/own_files.h"
#include "common/error.h"
#include "common/file.h"
#include "common/json.h"
#include "common/signals.h"
#include "common/text.h"
#include "common/uri.h"

#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <map>
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
        auto *recorded = &repo.db();
        auto table = sql::quoteIdentifier(repo.config().datastores.front().records_table);
        if (recorded->dialect() == sql::Dialect::Postgres) {
            copyPaths(table);
            recorded = _found.get();
            table = "recorded";
        }
        _known =
            &recorded->cached("SELECT 1 FROM " + table + " WHERE " + isOfFile("path", recorded->dialect()));
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
            auto const added = addedMeanwhile(page);
            for (auto const &file : page) {
                if (!added.contains(file.path)) orphan(file);
            }
            if (!page.empty()) last = page.back().path;
        } while (!page.empty());
    }

private:
    /// A server would be asked once for each file, and has no index in the bytewise order that members of a
    /// file are found by: its paths are looked up in a copy.
    void copyPaths(std::string const &table) {
        _found->execute("CREATE TABLE recorded (path TEXT PRIMARY KEY) WITHOUT ROWID");
        _found->begin();
        auto &insert = _found->cached("INSERT INTO recorded (path) VALUES (?) ON CONFLICT DO NOTHING");
        std::vector<sql::Value> last;
        std::int64_t rows = pageRows;
        while (rows == pageRows) {
            rows = 0;
            std::string const after = last.empty() ? "" : " WHERE (dataset_id, component) > (?, ?)";
            _repo.db()
                .cached("SELECT path, dataset_id, component FROM " + table + after
                        + " ORDER BY dataset_id, component LIMIT " + std::to_string(pageRows))
                .query(last, [&](Statement const &row) {
                    insert.run({row.column(0)});
                    last = {row.column(1), row.column(2)};
                    ++rows;
                });
        }
        _found->commit();
    }

    /// Files of a page whose rows have come after the paths were copied.
    std::set<std::string> addedMeanwhile(std::vector<Orphan> const &page) const {
        std::set<std::string> out;
        if (!_known || page.empty() || _repo.db().dialect() == sql::Dialect::Sqlite) return out;
        std::map<sql::Value, std::string> files;
        for (auto const &file : page) {
            for (auto const &name : namesOf(file.path.substr(_root.size() + 1))) {
                if (common::isUtf8(name)) files[name] = file.path; // no row can have another
            }
        }
        std::vector<sql::Value> names;
        for (auto const &[name, file] : files) names.push_back(name);
        _repo.db()
            .prepare(
                "SELECT path FROM " + sql::quoteIdentifier(_repo.config().datastores.front().records_table)
                + " WHERE path IN (" + common::join(std::vector<std::string>(names.size(), "?"), ", ") + ")")
            ->query(names, [&](Statement const &row) { out.insert(files.at(row.column(0))); });
        return out;
    }

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

    /// How rows may name a file below the root: by its path, or as a URI with the root's name or real name.
    std::set<std::string> namesOf(std::string const &relative) const {
        return {relative, common::fileUri(_root + "/" + relative),
                common::fileUri(_realRoot + "/" + relative)};
    }

    bool isKnown(std::string const &relative) {
        if (!_known) return false;
        auto const names = namesOf(relative);
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
