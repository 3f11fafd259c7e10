/// \file
/// The exposures that visits are made of: those that are wanted, and all that belong together with them.
#pragma once

#include "butler/repository.h"
#include "butler/where.h"
#include "ingest/visit_groups.h"

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace dbb::ingest {

/// An exposure of a repository.
struct ExposureKey {
    std::string instrument;
    std::int64_t id = 0;
    auto operator<=>(ExposureKey const &) const = default;
};

/// Which exposures may be wanted at all.
struct ExposureSelection {
    std::vector<std::string> instruments; ///< only those of these, empty: all
    std::string where;                    ///< only those that meet this condition (butler/where.h)

    bool isAll() const { return instruments.empty() && where.empty(); }
};

/// Groups of exposures that are tracked on the sky and not known to be blind. What is found waits in a file
/// of its own, so that memory stays bounded, and the registry is asked short questions only.
class GroupedExposures {
public:
    /// \throws Error USAGE when the universe has no columns for the grouping, or for a condition that can't
    /// be used
    GroupedExposures(butler::Repository const &repo, Grouping grouping, ExposureSelection selection);

    /// Find the groups of those of these exposures that are selected. A group is complete though only one of
    /// its exposures is wanted. Exposures that are not there are passed over.
    void find(std::vector<ExposureKey> const &exposures);
    /// The same of all that are selected. \return how many these are, on the sky or not
    std::int64_t findAll();

    /// The next groups that were found, by instrument and key, exposures in the order of their seq_num: at
    /// least as many exposures as a page has, as long as there are any; none at the end.
    std::vector<std::vector<ExposureKey>> next();

private:
    /// An instrument, and the values that exposures of one group have in common.
    using Group = std::vector<sql::Value>;
    struct Found {
        ExposureKey exposure;
        Group group;
        sql::Value seq_num;
        bool on_sky = false;
    };
    using Take = std::function<void(Found const &)>;

    void start();
    void want(Found const &found);
    void findMembers();
    void add(Found const &found);
    void startReading();
    void advance();
    void askAll(Take const &take);
    void askFor(std::string const &column, std::set<Group> const &keys, bool selected, Take const &take);
    Found foundIn(sql::Statement const &row) const;
    std::string select(bool selected, std::vector<sql::Value> &parameters) const;
    std::vector<std::string> instruments() const;

    butler::Repository const &_repo;
    ExposureSelection _selection;
    butler::Condition _where;
    std::vector<std::string> _key; ///< columns that exposures of one group have in common
    std::string _from;             ///< what every question to the registry begins with
    std::unique_ptr<sql::Database> _lists;
    std::unique_ptr<sql::Statement> _members; ///< that are being read
    std::optional<Found> _ahead;              ///< the next of them
};

} // namespace dbb::ingest
