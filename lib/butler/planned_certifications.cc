#include "butler/planned_certifications.h"

namespace dbb::butler {

PlannedCertifications::PlannedCertifications() : _db(sql::openSqlite("", sql::OpenMode::Create)) {
    _db->execute(
        "CREATE TABLE planned (collection TEXT, dataset TEXT, id TEXT, begin_ns INTEGER, end_ns INTEGER);"
        "CREATE INDEX place ON planned (collection, dataset)");
}

std::vector<CertifiedRow> PlannedCertifications::find(std::string const &collection,
                                                      std::string const &dataset) const {
    std::vector<CertifiedRow> out;
    _db->cached("SELECT id, begin_ns, end_ns FROM planned WHERE collection = ? AND dataset = ?")
        .query({collection, dataset}, [&](sql::Statement const &row) {
            out.push_back({row.text(0), row.integer(1), row.integer(2)});
        });
    return out;
}

void PlannedCertifications::set(std::string const &collection, std::string const &dataset,
                                std::vector<CertifiedRow> const &rows) {
    _db->cached("DELETE FROM planned WHERE collection = ? AND dataset = ?").run({collection, dataset});
    auto &insert = _db->cached("INSERT INTO planned VALUES (?, ?, ?, ?, ?)");
    for (auto const &row : rows) insert.run({collection, dataset, row.id, row.begin_ns, row.end_ns});
}

} // namespace dbb::butler
