#include "intake/ingester.h"

#include "unit/butler/test_repo.h"

#include <fstream>

using namespace dbb;
using common::Json;
using intake::DatasetLine;
using intake::Ingester;

namespace {

/// What became of lines, in their order: outcomes, with a plan's for those of the run it stands for, and
/// codes.
class Outcomes {
public:
    Outcomes(test::TestRepo const &t, bool dryRun, std::size_t remembered)
        : _rejects(t.folder / "rejects"),
          _ingester(t.repo, optionsOf(dryRun, remembered), _rejects,
                    [this](manifest::Record const &, std::string const &outcome) {
                        _all.push_back(outcome == "planned" ? "done" : outcome);
                    }) {}

    /// A dataset of type t and detector 0 or 1, in a commit of its own.
    void commit(std::string const &file, std::int64_t detector) {
        auto other = std::make_shared<intake::OtherDataset>();
        other->dimensions = {"instrument", "detector"};
        other->data_id = Json().set("instrument", "TestCam").set("detector", detector);
        other->storage_class = "StructuredDataDict";
        other->formatter = "a.b.C";
        DatasetLine line;
        line.record = manifest::Record("gen2");
        line.record.set("uri", file);
        line.path = line.file = file;
        line.instrument = "TestCam";
        line.dataset_type = "t";
        line.run = "a/run";
        line.storage_class = other->storage_class;
        line.formatter = other->formatter;
        line.other = std::move(other);
        auto const refused = _rejects.countByCode();
        _ingester.add(std::move(line));
        _ingester.commit();
        for (auto const &[code, count] : _rejects.countByCode()) {
            if (!refused.contains(code) || refused.at(code) < count) _all.push_back(code);
        }
    }
    std::vector<std::string> const &all() const { return _all; }

private:
    static intake::IngesterOptions optionsOf(bool dryRun, std::size_t remembered) {
        intake::IngesterOptions out;
        out.transfer = intake::Transfer::Direct;
        out.dry_run = dryRun;
        out.remembered = remembered;
        return out;
    }

    std::vector<std::string> _all;
    manifest::Rejects _rejects;
    Ingester _ingester;
};

} // namespace

TEST_CASE("a plan knows its datasets also when so many came between that a run looks them up",
          "[intake][plan]") {
    test::TestRepo t;
    for (auto const *name : {"a", "same-as-a", "b", "other"})
        std::ofstream(t.folder / name) << (name == std::string("other") ? "other" : "this");
    for (std::size_t const remembered : {std::size_t{1}, std::size_t{100}}) {
        auto const outcomes = [&](bool dryRun) {
            Outcomes out(t, dryRun, remembered);
            out.commit(t.folder / "a", 0);
            out.commit(t.folder / "b", 1);
            out.commit(t.folder / "a", 0);
            out.commit(t.folder / "b", 1);
            out.commit(t.folder / "same-as-a", 0);
            out.commit(t.folder / "b", 1);
            out.commit(t.folder / "other", 0);
            return out.all();
        };
        auto const planned = outcomes(true);
        CHECK(t.count("dataset") == 0);
        CHECK(planned == outcomes(false));
        auto const near = std::vector<std::string>{"done",      "done",     "existing", "existing",
                                                   "DUPLICATE", "existing", "DUPLICATE"};
        auto const far = std::vector<std::string>{"done",     "done",     "existing",    "existing",
                                                  "existing", "existing", "OTHER_ORIGIN"};
        CHECK(planned == (remembered == 1 ? far : near));
        sql::Transaction transaction(t.repo.db());
        for (auto const *table : {"dataset_location", "file_datastore_records", "dataset"})
            t.repo.db().execute(std::string("DELETE FROM ") + table);
        transaction.commit();
    }
}
