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
#include <unistd.h>
#include <vector>

namespace dbb::butler {

using sql::Statement;

namespace {

constexpr std::int64_t pathRows = 1000;

struct CloseFolder {
    void operator()(DIR *folder) const { ::closedir(folder); }
};

/// A datastore, as the search sees it.
struct Place {
    std::string root;
    std::string realRoot;
    std::string records;        ///< quoted name of the table; empty: nothing is stored yet
    Statement *known = nullptr; ///< asks whether a file is recorded, by one of its names
    bool walked = false;        ///< its root is there and not below another's
};

/// A file or link: its path as the datastore's root is written, and with the real name of that root.
struct Spelled {
    std::string path;
    std::string real;

    Spelled operator+(std::string const &more) const { return {path + more, real + more}; }
};

class Walk {
public:
    // Files are found in the order of the folders; a temporary database sorts them.
    explicit Walk(Repository const &repo)
        : _repo(repo), _own(repo.config()), _found(sql::openSqlite("", sql::OpenMode::Create)) {
        _found->execute(
            "CREATE TABLE orphan (path TEXT PRIMARY KEY, size INTEGER, place INTEGER) WITHOUT ROWID");
        for (auto const &datastore : repo.config().datastores) addPlace(datastore);
        for (auto &place : _places) place.walked = place.walked && !isWithinOther(place);
    }

    void run() {
        _found->begin();
        for (_at = 0; _at < _places.size(); ++_at) {
            if (_places[_at].walked) walk("");
        }
        followLinks();
        _found->commit();
    }

    void tell(std::function<void(Orphan const &)> const &orphan) {
        std::vector<Orphan> page;
        std::vector<Spelled> spelled;
        std::string last;
        do {
            page.clear();
            spelled.clear();
            _found->cached("SELECT path, size, place FROM orphan WHERE path > ? ORDER BY path LIMIT ?")
                .query({last, pathRows}, [&](Statement const &row) {
                    page.push_back({row.text(0), row.integer(1)});
                    auto const &place = _places.at(static_cast<std::size_t>(row.integer(2)));
                    spelled.push_back({row.text(0), place.realRoot + row.text(0).substr(place.root.size())});
                });
            auto const added = addedMeanwhile(spelled);
            for (auto const &file : page) {
                if (!added.contains(file.path)) orphan(file);
            }
            if (!page.empty()) last = page.back().path;
        } while (!page.empty());
    }

private:
    void addPlace(Datastore const &datastore) {
        Place place;
        place.root = datastore.root;
        place.walked = ::access(datastore.root.c_str(), F_OK) == 0 || errno != ENOENT
                       || !maySpareRoot(_repo.db(), _repo.config(), datastore);
        place.realRoot = place.walked ? common::realPath(datastore.root) : datastore.root;
        if (_repo.db().hasTable(datastore.records_table)) {
            place.records = sql::quoteIdentifier(datastore.records_table);
            auto *recorded = &_repo.db();
            auto table = place.records;
            if (recorded->dialect() == sql::Dialect::Postgres) {
                table = "recorded_" + std::to_string(_places.size());
                copyPaths(place.records, table);
                recorded = _found.get();
            }
            place.known = &recorded->cached("SELECT 1 FROM " + table + " WHERE "
                                            + isOfFile("path", recorded->dialect()));
        }
        _places.push_back(std::move(place));
    }

    /// Roots may lie inside one another, and be written differently.
    bool isWithinOther(Place const &place) const {
        return std::any_of(_places.begin(), _places.end(), [&](Place const &other) {
            return common::isBelow(place.realRoot, other.realRoot)
                   || (&other < &place && other.realRoot == place.realRoot);
        });
    }

    /// A server would be asked once for each file, and has no index in the bytewise order that members of a
    /// file are found by: its paths are looked up in a copy.
    void copyPaths(std::string const &from, std::string const &to) {
        _found->execute("CREATE TABLE " + to + " (path TEXT PRIMARY KEY) WITHOUT ROWID");
        _found->begin();
        auto &insert = _found->cached("INSERT INTO " + to + " (path) VALUES (?) ON CONFLICT DO NOTHING");
        std::vector<sql::Value> last;
        std::int64_t rows = pathRows;
        while (rows == pathRows) {
            rows = 0;
            std::string const after = last.empty() ? "" : " WHERE (dataset_id, component) > (?, ?)";
            _repo.db()
                .cached("SELECT path, dataset_id, component FROM " + from + after
                        + " ORDER BY dataset_id, component LIMIT " + std::to_string(pathRows))
                .query(last, [&](Statement const &row) {
                    insert.run({row.column(0)});
                    last = {row.column(1), row.column(2)};
                    ++rows;
                });
        }
        _found->commit();
    }

    /// Files of a page whose rows have come after the paths were copied.
    std::set<std::string> addedMeanwhile(std::vector<Spelled> const &page) const {
        std::set<std::string> out;
        if (page.empty() || _repo.db().dialect() == sql::Dialect::Sqlite) return out;
        for (auto const &place : _places) {
            if (!place.records.empty()) addRecorded(place, page, out);
        }
        return out;
    }

    void addRecorded(Place const &place, std::vector<Spelled> const &page, std::set<std::string> &out) const {
        std::map<sql::Value, std::string> files;
        for (auto const &file : page) {
            for (auto const &name : namesOf(file, place)) {
                if (common::isUtf8(name)) files[name] = file.path; // no row can have another
            }
        }
        std::vector<sql::Value> names;
        for (auto const &[name, file] : files) names.push_back(name);
        _repo.db()
            .prepare("SELECT path FROM " + place.records + " WHERE path IN ("
                     + common::join(std::vector<std::string>(names.size(), "?"), ", ") + ")")
            ->query(names, [&](Statement const &row) { out.insert(files.at(row.column(0))); });
    }

    /// \param relative  of the root that is walked
    Spelled at(std::string const &relative) const {
        auto const &place = _places[_at];
        return {place.root + "/" + relative, place.realRoot + "/" + relative};
    }

    /// \param relative  folder below the root; empty, or with a slash at its end
    void walk(std::string const &relative) {
        auto const path = _places[_at].root + "/" + relative;
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
                _links.push_back(at(relative + name));
            } else {
                look(at(relative + name), s.st_size);
            }
        }
        folder.reset();
        for (auto const &name : folders) walk(relative + name + "/");
    }

    static bool isFolderLink(std::string const &path, mode_t mode) {
        struct stat s {};
        return S_ISLNK(mode) && ::stat(path.c_str(), &s) == 0 && S_ISDIR(s.st_mode);
    }

    /// Links to folders are not entered: those below a root have been seen, others are no datastore's. But
    /// files may be recorded by the name of a link.
    void followLinks() {
        for (auto const &link : _links) {
            auto const target = common::realPath(link.path);
            for (auto const &place : _places) {
                if (place.walked && (target == place.realRoot || common::isBelow(target, place.realRoot)))
                    forgetThrough(link, place.root + target.substr(place.realRoot.size()));
            }
        }
    }

    /// Files below `folder` that are recorded by the name of a link to it.
    void forgetThrough(Spelled const &link, std::string const &folder) {
        std::vector<std::string> known;
        _found->cached("SELECT path FROM orphan WHERE path > ? AND path < ?")
            .query({folder + "/", folder + "0"}, [&](Statement const &row) {
                auto const path = row.text(0);
                if (isKnown(link + path.substr(folder.size()))) known.push_back(path);
            });
        for (auto const &path : known) _found->cached("DELETE FROM orphan WHERE path = ?").run({path});
    }

    void look(Spelled const &file, std::int64_t size) {
        if (_own.names(file.path) || isKnown(file)) return;
        _found->cached("INSERT INTO orphan (path, size, place) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
            .run({file.path, size, static_cast<std::int64_t>(_at)});
    }

    /// How rows of a datastore may name a file: by its path below the root, or as a URI with any root's name
    /// or real name.
    std::set<std::string> namesOf(Spelled const &file, Place const &recorder) const {
        std::set<std::string> out{common::fileUri(file.path), common::fileUri(file.real)};
        for (auto const &place : _places) {
            if (!common::isBelow(file.real, place.realRoot)) continue;
            auto const relative = file.real.substr(place.realRoot.size() + 1);
            out.insert(common::fileUri(place.root + "/" + relative));
            if (&place == &recorder) out.insert(relative);
        }
        return out;
    }

    bool isKnown(Spelled const &file) const {
        return std::any_of(_places.begin(), _places.end(), [&](Place const &place) {
            if (!place.known) return false;
            auto const names = namesOf(file, place);
            // Members of a file are recorded as path#zip-path=…; '$' is what follows '#'.
            return std::any_of(names.begin(), names.end(), [&](std::string const &name) {
                return place.known->hasRow({name, name + "#", name + "$"});
            });
        });
    }

    Repository const &_repo;
    std::vector<Place> _places;
    std::size_t _at = 0;         ///< index of the place that is walked
    std::vector<Spelled> _links; ///< to folders
    OwnFiles _own;
    std::unique_ptr<sql::Database> _found;
};

} // namespace

void forEachOrphan(Repository const &repo, std::function<void(Orphan const &)> const &orphan) {
    Walk walk(repo);
    walk.run();
    walk.tell(orphan);
}

} // namespace dbb::butler
