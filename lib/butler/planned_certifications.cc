#include "butler/planned_certifications.h"

namespace dbb::butler {

PlannedCertifications::PlannedCertifications(sql::Database &db) : _db(db) {
    db.execute(
        "CREATE TABLE certified (collection TEXT, dataset TEXT, id TEXT, begin_ns INTEGER, end_ns INTEGER);"
        "CREATE INDEX certified_place ON certified (collection, dataset)");
}

std::vector<CertifiedRow> PlannedCertifications::find(std::string const &collection,
                                                      std::string const &dataset) const {
    std::vector<CertifiedRow> out;
    _db.cached("SELECT id, begin_ns, end_ns FROM certified WHERE collection = ? AND dataset = ?")
        .query({collection, dataset}, [&](sql::Statement const &row) {
            out.push_back({row.text(0), row.integer(1), row.integer(2)});
        });
    return out;
}

void PlannedCertifications::set(std::string const &collection, std::string const &dataset,
                                std::vector<CertifiedRow> const &rows) {
    _db.cached("DELETE FROM certified WHERE collection = ? AND dataset = ?").run({collection, dataset});
    auto &insert = _db.cached("INSERT INTO certified VALUES (?, ?, ?, ?, ?)");
    for (auto const &row : rows) insert.run({collection, dataset, row.id, row.begin_ns, row.end_ns});
}

} // namespace dbb::butler
