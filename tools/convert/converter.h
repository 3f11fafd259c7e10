/// \file
/// Lines of a Gen2 repository into a Gen3 repository, some hundreds a commit.
#pragma once

#include "butler/datasets.h"
#include "butler/dimension_records.h"
#include "butler/plan.h"
#include "butler/repository.h"
#include "convert/data_ids.h"
#include "convert/gen2_line.h"
#include "convert/spool.h"
#include "convert/stored_lines.h"
#include "intake/describer.h"
#include "intake/ingester.h"
#include "intake/raw_line.h"
#include "manifest/stream.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace dbb::convert {

struct ConverterOptions {
    intake::IngesterOptions ingester; ///< how files come in, unless a line says otherwise
    intake::HeaderOptions headers;
    std::string skymap;    ///< of lines that name none; empty: the only one that is registered
    bool may_move = false; ///< whether a line may have its source moved away
    bool strict = false;   ///< a header that contradicts the Gen2 registry is an error
    int jobs = 1;          ///< threads that read headers
};

/// Takes `gen2` and `collection` lines. Receipts are handed out after their commit, never before.
class Converter {
public:
    static constexpr std::size_t maxBatch = 1000; ///< lines that are committed together at most

    /// Gets each line that was done, and its outcome.
    using Receipts = std::function<void(manifest::Record const &, std::string const &outcome)>;

    Converter(butler::Repository const &repo, ConverterOptions options, manifest::Rejects &rejects,
              Receipts receipts);
    ~Converter();

    /// Check a line that is to be converted and queue it; a bad one is rejected at once.
    void add(manifest::Record line);
    /// Whether the repository knows an instrument, as it was when it was first asked for.
    bool isRegistered(std::string const &instrument);
    /// Queue a line whose file the scan found missing: it was converted when the repository has its dataset,
    /// and is refused else (NOT_CONVERTIBLE).
    void addMissing(manifest::Record line) { _missing.push_back(std::move(line)); }
    std::size_t queued() const { return _raws.size() + _others.size() + _missing.size(); }

    /// Bring everything that is queued into the repository. Datasets whose exposures, visits or patches are
    /// not there wait until finish(). \throws Error when the repository can't be used
    void commit();

    /// Of a dry run, what would be there by now.
    butler::PlannedCollections plannedCollections() const;

    /// What waited: the exposures may have come later in the input. What still lacks something is rejected
    /// (NEEDS_EXPOSURE, NEEDS_VISIT, SKYMAP_NOT_REGISTERED …).
    void finish();

private:
    intake::Ingester &ingesterOf(manifest::Record const &line);
    void addToIngester(manifest::Record &line, intake::DatasetLine dataset);
    void commitIngesters();
    void pass(std::vector<manifest::Record> &lines,
              std::vector<std::optional<StoredLines::Stored>> const &stored, char const *warning = nullptr);
    void passMissing();
    void convertRaws();
    void convertRaw(manifest::Record line, manifest::Record const &described);
    void convertOther(manifest::Record line);
    void requireInstrument(manifest::Record const &line);
    common::Error explained(common::Error const &e) const;
    void refuse(manifest::Record line, common::Error const &e);

    butler::Repository const &_repo;
    ConverterOptions _options;
    manifest::Rejects &_rejects;
    Receipts _receipts;
    std::shared_ptr<butler::Plan> _plan; ///< of a dry run, null else
    butler::DimensionRecords _records;
    std::map<std::string, bool> _instruments; ///< whether they are registered
    intake::Describer _describer;
    intake::RecordsMemory _memory;
    Patches _patches;
    StoredLines _stored;
    std::map<intake::Transfer, std::unique_ptr<intake::Ingester>> _ingesters;
    std::vector<manifest::Record> _raws;
    std::vector<manifest::Record> _others;
    std::vector<manifest::Record> _missing; ///< whose files are not there
    Spool _later;
    bool _last = false; ///< nothing waits any more
};

} // namespace dbb::convert
