/// \file
/// What a scan found: one dataset of a Gen2 repository, and what would become of it.
#pragma once

#include "convert/gen2_tree.h"
#include "gen2/data_id.h"
#include "gen2/policy.h"
#include "gen2/registry.h"
#include "gen2/repository.h"
#include "gen2/validity.h"
#include "manifest/record.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dbb::convert {

/// A repository that is walked through.
struct Gen2Source {
    enum class Kind { Root, Calib, Rerun };

    Kind kind = Kind::Root;
    std::string folder;  ///< absolute, links resolved
    std::string rerun{}; ///< its name; empty when it is none
    gen2::Repository repository{};
    std::string refusal{}; ///< why its files can't be understood; empty: they can

    /// root, calib or rerun/<name>
    std::string name() const;
};

/// What to do about a row without a file.
constexpr char const *missingFileNote =
    "the registry has a row of it, but the file is gone: restore it, or leave it out by a rule";

/// What does not change from line to line.
struct Gen2Place {
    std::string root; ///< folder of the root repository
    std::string mapper;
    std::string instrument;
    std::map<std::string, std::string> bands{}; ///< by physical filter

    /// A path as lines have it: relative to the root where it is below that.
    std::string shown(std::string const &path) const;
};

/// The template that is most like a path that none matches.
struct NearestTemplate {
    std::string pathTemplate;
    std::string element; ///< the first of the path that differs
};

struct Finding {
    Gen2Source const *source = nullptr;
    TreeFile file;
    bool exists = true;
    gen2::DatasetType const *type = nullptr;
    gen2::Values id{};      ///< Gen2 data ID
    std::string found_in{}; ///< both, tree or registry
    std::optional<std::int64_t> hdu{};
    std::string table{}; ///< of the row
    std::optional<gen2::Row> row{};
    common::Json exposure{}; ///< columns of the registry that its exposure has and that nothing else tells
    std::optional<gen2::Validity> validity{};
    std::optional<NearestTemplate> nearest{};

    std::string dataset_type{}; ///< in Gen3; empty: not known
    bool translated = false;    ///< the data ID is known
    gen2::DataId data_id{};
    std::vector<std::string> dimensions{};
    std::string run{};
    std::string formatter{};

    std::string action = "convert";
    std::string reason = "ok";
    std::vector<std::string> notes{};

    void decide(std::string newAction, std::string newReason) {
        action = std::move(newAction);
        reason = std::move(newReason);
    }
    /// Another file is of the same dataset.
    void decideDuplicate(std::string const &other) {
        notes.push_back("\"" + other + "\" has the same dataset type, run and data ID");
        decide("review", "duplicate_data_id");
    }
    /// Fill in what the dataset is in Gen3, from its type and Gen2 data ID.
    void translate(gen2::DataIdTranslation const &translation);
    bool isConverted() const { return action == "convert"; }
    bool isCalibration() const { return type && type->kind == gen2::Kind::Calibration; }
};

/// The `gen2` line of a finding.
manifest::Record recordOf(Finding const &finding, Gen2Place const &place);

} // namespace dbb::convert
