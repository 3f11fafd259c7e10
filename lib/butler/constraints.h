/// \file
/// What a datastore accepts: the lists `accept` and `reject` of its constraints.
#pragma once

#include "butler/universe.h"
#include "common/json.h"

#include <optional>
#include <string>
#include <vector>

namespace dbb::butler {

/// What the entries of constraints are compared with.
struct Acceptable {
    std::string dataset_type;
    std::string storage_class;
    DimensionGroup const &dimensions;
    std::string instrument; ///< empty: the dataset has none
};

/// One pair of lists. Entries name dataset types, storage classes, dimensions (`visit+detector`) or `all`;
/// `{instrument<NAME>: [entries]}` holds for the datasets of an instrument.
class Constraints {
public:
    /// Everything is accepted.
    Constraints() = default;
    /// \param config  a mapping with `accept` and `reject`, null for none
    /// \throws Error REPO_UNSUPPORTED for what the Butler would not take either; its message begins with the
    ///         key below the constraints
    explicit Constraints(common::Json const &config);

    /// The Butler's rule: what is named in `accept` is accepted, then what is named in `reject` is not; after
    /// that `all` in `reject` counts, then `all` in `accept`, or that there is no list of accepted ones.
    bool accept(Universe const &universe, Acceptable const &dataset) const;

private:
    struct Entry {
        std::string name;
        std::optional<std::string> instrument{}; ///< of which alone it speaks
    };
    static std::vector<Entry> entriesOf(common::Json const &config, std::string const &list);
    static bool isNamed(std::vector<Entry> const &entries, Universe const &universe,
                        Acceptable const &dataset);
    static bool hasAll(std::vector<Entry> const &entries, Acceptable const &dataset);

    std::vector<Entry> _accept;
    std::vector<Entry> _reject;
};

} // namespace dbb::butler
