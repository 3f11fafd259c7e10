/// \file
/// What an Ingester works on: dataset types in runs, lines on their way, lines that belong together.
#pragma once

#include "common/error.h"
#include "intake/ingester.h"

#include <algorithm>
#include <chrono>

namespace dbb::intake {

/// Errors of the repository itself, after which going on would only repeat them.
inline bool isFatal(common::Error const &e) {
    return e.exitCode() != common::ExitCode::SomeFailed && e.exitCode() != common::ExitCode::Done;
}

/// What two files can't both be, for people.
char const *whatIsOne(DatasetLine const &line);

/// A dataset type in a run.
struct Ingester::Target {
    std::string run;
    butler::DatasetType type; // as it should be: its name, storage class and dimensions
    struct Shelf {
        std::size_t store;
        std::string path_template;
    };
    std::vector<Shelf> shelves;               // in the datastores that accept it
    std::optional<butler::Datasets> datasets; // none: type or run do not exist yet
    bool is_calibration = false;
};

/// A line on its way through one commit.
struct Ingester::Item {
    explicit Item(DatasetLine l) : line(std::move(l)) {}

    DatasetLine line;
    Target *target = nullptr;
    Item *twin = nullptr; // an earlier line of this batch that names the same file
    bool again = false;   // the twin says nothing of its validity: its turn comes after this batch
    std::optional<common::Uuid> id;
    butler::DataId data_id;
    butler::ExistingDataset existing;
    butler::ExpandedDataId expanded;     // of a dataset that is no raw image
    std::string existing_source;         // of a dataset that is only planned: what its file would be made of
    bool gone = false;                   // the dataset exists, but not its file
    std::vector<Placed> placed;          // by the target's shelves, as far as it went
    std::optional<common::Error> absent; // the source was not there to be placed
    std::string checksum;                // of the file, when a datastore wants it
    std::string outcome;
    common::Json updated; // what was replaced, with old values
    std::optional<common::Error> error;
    std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
};

/// Lines whose records are the same. Lines of one exposure may contradict each other, and then each must meet
/// what the others stored, whether they come in one commit or in several.
struct Ingester::Grouping {
    void add(Item &item) {
        if (item.line.other) return groups.push_back({&item});
        auto &known = _places[{item.line.instrument, item.line.exposure}];
        auto const raw = item.line.record.raw("records");
        auto const same = std::find_if(known.begin(), known.end(), [&](std::size_t group) {
            auto const &other = groups[group].front()->line;
            return other.records == item.line.records || other.record.raw("records") == raw;
        });
        if (same != known.end()) return groups[*same].push_back(&item);
        known.push_back(groups.size());
        groups.push_back({&item});
    }

    std::vector<Group> groups;

private:
    std::map<std::pair<std::string, std::int64_t>, std::vector<std::size_t>> _places;
};

} // namespace dbb::intake
