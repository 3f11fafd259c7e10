/// \file
/// Running parts of dbb-ingest for the sake of what they would say.
#pragma once

#include "common/file.h"
#include "common/options.h"
#include "manifest/stream.h"

#include <memory>
#include <vector>

namespace dbb::ingest {

/// Rejects that are kept instead of being reported: while one lives, stderr says nothing, because the answer
/// on stdout will say it.
class CaughtRejects {
public:
    /// \param standard  how messages were shown before, and will be again
    explicit CaughtRejects(common::StandardOptions const &standard);
    ~CaughtRejects();
    CaughtRejects(CaughtRejects const &) = delete;
    CaughtRejects &operator=(CaughtRejects const &) = delete;

    manifest::Rejects &sink() { return *_rejects; }
    /// The lines that were rejected since the last call, with their errors.
    std::vector<manifest::Record> take();

private:
    common::StandardOptions const &_standard;
    common::UniqueFd _file; // in memory
    std::unique_ptr<manifest::Rejects> _rejects;
};

} // namespace dbb::ingest
