/// \file
/// Which dataset type a file of a Gen2 repository is of, by its path alone.
#pragma once

#include "convert/gen2_finding.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dbb::convert {

class Recognition {
public:
    /// \param policy  outlives it
    explicit Recognition(gen2::Policy const &policy);

    /// The templates that files of a repository can be of.
    gen2::PathTree const &treeOf(Gen2Source::Kind kind) const;

    /// Fill in dataset type, data ID and, where the file is not to be converted whatever its type's rules,
    /// action and reason. \param place  of its folder
    void recognise(Finding &finding, gen2::PathTree::Place const &place);

    /// Whether a path, relative to its repository, is that of a calibration.
    bool isCalibration(std::string const &path) const;

    /// What to say of a file of a folder that is no part of any repository.
    void refuse(Finding &finding);

private:
    struct Owner {
        gen2::DatasetType const *type;
        gen2::PathTemplate const *path_template;
    };
    struct Nearest {
        std::string stuck; ///< the path up to the element that no template has
        NearestTemplate found;
    };
    bool isIgnored(std::string_view name) const;
    gen2::DatasetType const *chosen(std::vector<std::size_t> const &owners, Finding &finding) const;
    NearestTemplate nearest(Gen2Source::Kind kind, std::string const &path);

    gen2::Policy const &_policy;
    std::vector<Owner> _owners;
    gen2::PathTree _root;
    gen2::PathTree _calib;
    gen2::PathTree _rerun;
    std::map<Gen2Source::Kind, Nearest> _last; ///< many files of one folder have the same nearest template
};

} // namespace dbb::convert
