/// \file
/// Whether calibrations are certified as lines say, and for which nights there is none.
#pragma once

#include "butler/certification.h"
#include "butler/repository.h"
#include "convert/verify_tally.h"

#include <set>
#include <string>
#include <vector>

namespace dbb::convert {

class VerifyValidity {
public:
    /// \param repo  must live as long
    explicit VerifyValidity(butler::Repository const &repo) : _repo(repo) {}

    /// Remember where calibrations of the lines are to be certified.
    void note(CalibrationPlace const &place) { _places.insert(place); }

    /// For each dataset what is wrong with its certification in a collection, empty for nothing.
    /// \throws Error when the repository can't be used
    std::vector<std::string> problems(CalibrationPlace const &place, butler::DatasetType const &type,
                                      std::vector<butler::Certified> const &datasets) const;

    /// Add to the tally all times for which calibrations are good in the places that were noted.
    void addAll(VerifyTally &tally) const;

private:
    void add(CalibrationPlace const &place, VerifyTally &tally) const;

    butler::Repository const &_repo;
    std::set<CalibrationPlace> _places;
};

} // namespace dbb::convert
