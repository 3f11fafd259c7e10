/// \file
/// Raw images: what the tree and the registry say of them, joined.
#pragma once

#include "convert/gen2_duplicates.h"
#include "convert/gen2_finding.h"
#include "gen2/layout.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dbb::convert {

class RawImages {
public:
    using Emit = std::function<void(Finding &)>;

    /// Of the folder of a repository.
    using PolicyOf = std::function<gen2::Policy const &(std::string const &)>;

    /// \param policy  of the root \throws Error REPO_DAMAGED when the registry can't be used
    RawImages(gen2::Layout const &layout, gen2::Policy const &policy, PolicyOf policyOf,
              Duplicates &duplicates, Emit emit);

    /// A file of the raw type, recognised: compare it with its row and emit it, once per row of a file with
    /// several detectors. \param twin  path of another file that says the same of itself, if there is one
    void file(Finding &finding, std::optional<std::string> const &twin);
    /// Emit what only the registry knows: rows whose file is in a parent, or nowhere.
    /// \param source  the root
    void rows(Gen2Source const &source);

    gen2::Registry *registry() const { return _registry.get(); }
    std::string const &table() const { return _table; }
    /// Column with the exposure; only with a registry.
    std::string exposureColumn() const;

private:
    gen2::Values identity(gen2::Values const &id) const;
    std::vector<gen2::Row> rowsOf(Finding const &finding) const;
    std::vector<std::string> pathsOf(gen2::Row const &row, gen2::DatasetType const &type) const;
    bool isAt(gen2::Row const &row, Gen2Source const &source, std::string const &file) const;
    void compare(Finding &finding, gen2::Row const &row);
    void propose(Finding &finding) const;
    void complete(Finding &finding, gen2::Row const &row) const;
    void fileless(Gen2Source const &source, gen2::Row const &row);
    std::optional<TreeFile> fileOf(std::string const &folder, std::vector<std::string> const &paths) const;

    gen2::Layout const &_layout;
    gen2::Policy const &_policy;
    gen2::DatasetType const *_type;
    std::string _table;
    PolicyOf _policyOf;
    Duplicates &_duplicates;
    Emit _emit;
    std::unique_ptr<gen2::Registry> _registry;
};

} // namespace dbb::convert
