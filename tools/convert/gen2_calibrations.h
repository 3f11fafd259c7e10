/// \file
/// Calibrations: files and rows joined, and the validity of each worked out beside its neighbours. They wait
/// in a temporary file until all are known.
#pragma once

#include "convert/gen2_finding.h"
#include "gen2/layout.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace dbb::convert {

class Calibrations {
public:
    using Emit = std::function<void(Finding &)>;

    /// \throws Error REPO_DAMAGED when the calibration registry can't be used
    Calibrations(gen2::Layout const &layout, gen2::Policy const &policy,
                 gen2::DataIdTranslation const &translation, gen2::DayScale scale, Emit emit);
    ~Calibrations();

    /// A calibration's file, complete but for its row and validity.
    void file(Finding finding);
    /// Emit all files, then the rows without one. \param source  the calibration repository
    void finish(Gen2Source const &source);

    /// Columns of the tables, for conditions.
    gen2::Registry const *registry() const { return _registry.get(); }

private:
    struct Waiting;
    static void joinRanges(std::vector<Waiting> &group);
    gen2::Values identityOf(gen2::DatasetType const &type, gen2::Row const &row) const;
    void warnOfTables();
    void joinRows();
    void joinRow(gen2::DatasetType const &type, gen2::Row const &row);
    void addRange(std::int64_t number, gen2::Row const &row);
    void settleAll();
    void write(Waiting const &each, std::vector<Waiting> const &group);
    void emitFiles(Gen2Source const &source);
    void emitFileless(Gen2Source const &source);
    void emitFilelessOf(Gen2Source const &source, gen2::DatasetType const &type);
    bool hasFile(std::string const &table, gen2::Row const &row);
    std::string keyOf(gen2::DatasetType const &type, gen2::Values const &values) const;
    std::string dayKey(gen2::DatasetType const &type, gen2::Values const &values) const;
    Finding restored(Gen2Source const &source, sql::Statement const &row) const;
    void addRow(Finding &finding, std::int64_t rowid, std::string const &text) const;

    gen2::Policy const &_policy;
    gen2::DataIdTranslation const &_translation;
    gen2::DayScale _scale;
    Emit _emit;
    std::unique_ptr<gen2::Registry> _registry;
    std::unique_ptr<sql::Database> _db;
    std::int64_t _count = 0;
};

} // namespace dbb::convert
