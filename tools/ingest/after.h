/// \file
/// A command of the operator's own for each exposure that was committed (dbb-ingest --after).
#pragma once

#include "common/error.h"
#include "manifest/record.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace dbb::ingest {

class AfterCommand {
public:
    /// \param command  as the operator wrote it (common::splitWords); empty: none
    /// \param timeout  duration. \throws Error USAGE
    AfterCommand(std::string const &command, std::string const &timeout, std::string repo);

    /// A receipt of a commit. Files that were there before are nobody's concern.
    void note(manifest::Record const &record, std::string const &outcome);
    /// Run the command for each exposure of the commit; what fails is said, and the others go on.
    void run();
    /// How often it failed.
    std::int64_t failures() const { return _failures; }

private:
    struct Exposure {
        std::string obs_id;
        std::string day_obs;
        std::string lines;
    };
    void runFor(std::pair<std::string, std::int64_t> const &id, Exposure const &exposure);

    std::vector<std::string> _words;
    double _timeout_s;
    std::string _repo;
    std::map<std::pair<std::string, std::int64_t>, Exposure> _exposures; // of the commit under way
    std::int64_t _failures = 0;
};

} // namespace dbb::ingest
