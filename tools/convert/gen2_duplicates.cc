#include "convert/gen2_duplicates.h"

#include "sql/database.h"

namespace dbb::convert {

Duplicates::Duplicates() : _db(sql::openSqlite("", sql::OpenMode::Create)) {
    _db->execute("CREATE TABLE dataset (key TEXT PRIMARY KEY, path TEXT) WITHOUT ROWID;"
                 "CREATE TABLE several (key TEXT PRIMARY KEY, path TEXT) WITHOUT ROWID;"
                 "CREATE TABLE elsewhere (id INTEGER PRIMARY KEY)");
    // Nothing of it outlives the program, so nothing is ever committed.
    _db->begin();
}

Duplicates::~Duplicates() = default;

std::string Duplicates::keyOf(Finding const &finding) {
    return finding.run + '\n' + finding.dataset_type + '\n' + finding.data_id.values.dump()
           + finding.data_id.patch_xy;
}

void Duplicates::see(Finding const &finding) {
    auto const key = keyOf(finding);
    auto const &path = finding.file.path;
    if (_db->cached("INSERT INTO dataset VALUES (?, ?) ON CONFLICT DO NOTHING").run({key, path}) > 0) return;
    _db->cached("INSERT INTO several VALUES (?, ?) ON CONFLICT DO NOTHING").run({key, path});
    _any = true;
}

std::optional<std::string> Duplicates::otherThan(Finding const &finding) {
    std::optional<std::string> out;
    if (!_any) return out;
    // The first of all, and for that the second.
    _db->cached("SELECT d.path, s.path FROM several AS s JOIN dataset AS d ON d.key = s.key WHERE s.key = ?")
        .query({keyOf(finding)}, [&](sql::Statement const &row) {
            out = row.text(0) == finding.file.path ? row.text(1) : row.text(0);
        });
    return out;
}

void Duplicates::foundElsewhere(std::int64_t rowid) {
    _db->cached("INSERT INTO elsewhere VALUES (?) ON CONFLICT DO NOTHING").run({rowid});
    _anyElsewhere = true;
}

bool Duplicates::wasFoundElsewhere(std::int64_t rowid) {
    return _anyElsewhere && _db->cached("SELECT 1 FROM elsewhere WHERE id = ?").hasRow({rowid});
}

} // namespace dbb::convert
