// The files themselves: there or not, and as large as recorded. Only files are looked at, never their
// content.
#include "butler/check_parts.h"
#include "butler/own_files.h"
#include "butler/stored_path.h"
#include "common/signals.h"

#include <cerrno>
#include <cstring>
#include <sys/stat.h>

namespace dbb::butler {

using common::Json;
using sql::quoteIdentifier;
using sql::Statement;
using sql::Value;

namespace {

/// Rows that are fetched before their files are looked at: a query that is left open would keep writers from
/// committing for as long as a slow file system takes.
constexpr std::size_t fileRows = 2000;

struct RecordedFile {
    std::string path;
    std::string id;
    std::string component;
    std::int64_t size = -1;
};

/// What the file system says of a path.
struct Look {
    int error = 0;
    bool folder = false;
    std::int64_t size = 0;
    bool own = false; ///< one of the repository itself
};

Look lookAt(std::string const &file, OwnFiles const &own) {
    struct stat s {};
    if (::stat(file.c_str(), &s) != 0) return {errno};
    return {0, S_ISDIR(s.st_mode), s.st_size, own.has(s)};
}

class Files {
public:
    Files(CheckContext const &context, Datastore const &datastore, OwnFiles const &own)
        : _context(context), _datastore(datastore), _own(own),
          _records(quoteIdentifier(datastore.records_table)) {}

    void check() {
        std::vector<RecordedFile> page;
        for (std::vector<Value> last; fetch(last, page) && common::stopSignal() == 0;) {
            last = {page.back().path, page.back().path, page.back().id, page.back().component};
            for (auto const &file : page) look(file);
        }
    }

private:
    /// \param last  empty for the first page
    bool fetch(std::vector<Value> last, std::vector<RecordedFile> &page) const {
        page.clear();
        std::string const after =
            last.empty() ? "" : "r.path >= ? AND (r.path, r.dataset_id, r.component) > (?, ?, ?) AND ";
        last.emplace_back(_datastore.name);
        _context.db
            .cached("SELECT r.path, r.dataset_id, r.component, r.file_size FROM " + _records + " AS r WHERE "
                    + after
                    + "EXISTS (SELECT 1 FROM dataset_location AS l WHERE l.dataset_id = r.dataset_id AND "
                      "l.datastore_name = ?) ORDER BY r.path, r.dataset_id, r.component LIMIT "
                    + std::to_string(fileRows))
            .query(last, [&](Statement const &row) {
                page.push_back({row.text(0), row.text(1), row.text(2), row.isNull(3) ? -1 : row.integer(3)});
            });
        return !page.empty();
    }

    void look(RecordedFile const &stored) {
        auto const path = localFile(_datastore.root, stored.path);
        if (path.empty()) {
            ++_context.remote_files;
            return;
        }
        if (!isUri(stored.path) && !staysBelow(artifactOf(stored.path))) return; // a damage of its own
        auto const what = "file \"" + stored.path + "\" of dataset " + stored.id;
        if (!isUri(stored.path) && !isReadAsWritten(artifactOf(stored.path)))
            return lookAsButler(stored, what);
        if (path != _lastPath) {
            _look = lookAt(path, _own);
            _lastPath = path;
        }
        if (_look.error == ENOENT || _look.error == ENOTDIR) {
            report("missing_file", stored, what + " is missing");
        } else if (_look.error != 0) {
            report("unreadable_file", stored, what + " can't be looked at: " + std::strerror(_look.error));
        } else if (_look.folder) {
            report("not_a_file", stored, what + " is a folder");
        } else if (_look.own) {
            report("own_file", stored, what + " is the registry's, or the configuration of the repository");
        } else if (stored.size >= 0 && stored.size != _look.size && artifactOf(stored.path) == stored.path) {
            report("wrong_size", stored,
                   what + " has " + std::to_string(_look.size) + " bytes, recorded are "
                       + std::to_string(stored.size));
        }
    }

    /// A path that the Butler takes for another one. What it has written itself stands there.
    void lookAsButler(RecordedFile const &stored, std::string const &what) {
        auto const path = butlerFile(_datastore.root, artifactOf(stored.path));
        if (!path.empty() && lookAt(path, _own).error == 0) return;
        report("misread_path", stored,
               path.empty() ? what + " is not below the datastore's root for the Butler"
                            : what + " is sought by the Butler at \"" + path + "\", where nothing is");
    }

    void report(std::string_view damage, RecordedFile const &stored, std::string message) const {
        // It may have been removed since its row was read.
        auto &still = _context.db.cached(
            "SELECT 1 FROM " + _records
            + " AS r JOIN dataset_location AS l ON l.dataset_id = r.dataset_id AND l.datastore_name = ? "
              "WHERE r.dataset_id = ? AND r.component = ? AND r.path = ?");
        if (!still.hasRow({_datastore.name, stored.id, stored.component, stored.path})) return;
        Json where;
        where.set("table", _datastore.records_table).set("dataset_id", stored.id);
        where.set("component", stored.component).set("path", stored.path);
        _context.report({damage, where, std::move(message)});
    }

    CheckContext const &_context;
    Datastore const &_datastore;
    OwnFiles const &_own;
    std::string _records;
    std::string _lastPath;
    Look _look;
};

void findInDatastore(CheckContext const &context, Datastore const &datastore, OwnFiles const &own) {
    if (!context.db.hasTable(datastore.records_table)) return;
    auto const &root = datastore.root;
    if (auto const look = lookAt(root, own); look.error != 0) {
        if (look.error == ENOENT && maySpareRoot(context.db, context.config, datastore)) return;
        Json where;
        context.report({"missing_datastore_root",
                        where.set("path", root),
                        "the datastore's root \"" + root + "\" can't be used: " + std::strerror(look.error),
                        {},
                        true});
        return;
    }
    Files(context, datastore, own).check();
}

} // namespace

void findFileDamage(CheckContext const &context) {
    if (!context.files) return;
    OwnFiles const own(context.config);
    for (auto const &datastore : context.config.datastores) findInDatastore(context, datastore, own);
}

} // namespace dbb::butler
