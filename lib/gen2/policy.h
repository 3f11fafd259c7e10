/// \file
/// What a Gen2 mapper knows of its repositories: dataset types with their templates, and which keys mean
/// what. Read from the tables in lib/gen2/data, one per family of mappers; see lib/gen2/ORIGIN.md.
#pragma once

#include "common/json.h"
#include "gen2/path_template.h"

#include <map>
#include <string>
#include <vector>

namespace dbb::gen2 {

/// What becomes of the files of a dataset type.
enum class Kind {
    Raw,
    Calibration,  ///< has a calibDate
    Curated,      ///< comes from an obs data package, and is written to Gen3 from there
    Output,       ///< of processing
    Skymap,       ///< a pickle, which only Python can read
    Refcat,       ///< a shard of a reference catalogue
    RefcatConfig, ///< what tells the depth of its shards
    Mask,         ///< of bright objects: has a run of its own
    Ignored,      ///< never stored
    NoGen3,       ///< has no storage class in Gen3
};

struct DatasetType {
    std::string name;
    Kind kind = Kind::Output;
    std::vector<PathTemplate> templates; ///< the current one, then older ones
    std::string storage_class;           ///< empty: Gen3 has none
    std::string formatter;               ///< Python class; empty: the instrument's own, or none is known
    std::string table;                   ///< of the registry; of raws and calibrations
    std::vector<std::string> dimensions; ///< where they do not follow from the keys
    std::string note{};                  ///< for people: why it is not converted

    /// Whether the data ID has a key: of the current template.
    bool hasKey(std::string_view key) const { return !templates.empty() && templates.front().hasKey(key); }
};

class Policy {
public:
    /// The policy of a mapper. \param mapper  Python class as `_mapper` has it
    /// \param overrides  a table like those of families, whose entries win key by key; null: none
    /// \throws Error USAGE naming the mapper when there is no policy for it; BAD_TABLE for overrides that are
    ///         wrong, an unknown key with the nearest known one
    static Policy of(std::string const &mapper, common::Json const &overrides = {});

    /// Put the templates in the place of ours that a repository has of its own (`_policy`).
    /// \param repository  shown in messages \throws Error USAGE for what is not understood
    static common::Json overridesFrom(common::Json const &repositoryPolicy, std::string const &repository);

    std::string mapper;
    std::string instrument;   ///< Gen3 name
    std::string detector_key; ///< Gen2 keys of the detector and the exposure
    std::string exposure_key;
    std::string obs_time;    ///< column of the registry that validity is compared with
    std::string root_skymap; ///< the skymap that upstream took to be the repository's; empty: none
    std::vector<DatasetType> types;
    std::vector<std::string> umbrella_extra; ///< further children of the chain of the instrument
    std::vector<std::string> ignored_files;  ///< patterns of names
    std::map<std::string, std::string> runs; ///< dataset types that have a run of their own wherever they are

    /// Names of all types.
    std::vector<std::string> typeNames() const;
    /// nullptr when there is none
    DatasetType const *find(std::string_view name) const;
    /// The type of raw images; nullptr when it has none
    DatasetType const *raw() const;
};

/// All mappers that there are policies for, sorted.
std::vector<std::string> knownMappers();

} // namespace dbb::gen2
