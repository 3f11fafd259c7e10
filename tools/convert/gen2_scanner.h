/// \file
/// A scan of a Gen2 repository: from its folders and registries to findings.
#pragma once

#include "convert/gen2_calibrations.h"
#include "convert/gen2_collections.h"
#include "convert/gen2_duplicates.h"
#include "convert/gen2_raws.h"
#include "convert/gen2_recognition.h"
#include "convert/gen2_refcats.h"
#include "convert/gen2_selection.h"

#include <functional>
#include <list>
#include <map>
#include <string>
#include <vector>

namespace dbb::convert {

/// What a scan goes by.
struct Gen2Setup {
    gen2::Layout layout;
    gen2::Policy policy;
    std::string skymap;
    std::map<std::string, std::string> bands{}; ///< by filter, see gen2::DataIdTranslation
    std::map<std::string, std::string> runs{};  ///< by dataset type, of outputs in the root
    gen2::DayScale scale = gen2::DayScale::Tai;
    /// The policy of a repository with templates of its own. \throws Error USAGE, BAD_TABLE
    std::function<gen2::Policy(gen2::Repository const &)> policy_with{};
};

class Gen2Scanner {
public:
    /// \param setup, selection  outlive it \param emit  gets each finding, complete
    /// \throws Error USAGE for reruns that are not there; REPO_DAMAGED for a registry that can't be used
    Gen2Scanner(Gen2Setup const &setup, Gen2Selection const &selection, std::function<void(Finding &)> emit);

    /// Go through all that is selected. Stops early when asked to.
    void scan();

    /// The reruns that were gone through.
    std::list<Gen2Source> const &reruns() const { return _reruns; }
    std::vector<std::string> rerunNames() const;
    /// Names of all keys and columns that lines can have.
    std::vector<std::string> names() const;
    /// Fill in what the registry says of the exposure that a dataset is of, and its path lacks.
    void addExposure(Finding &finding);

private:
    /// What a repository with templates of its own goes by.
    struct Own {
        explicit Own(gen2::Policy given) : policy(std::move(given)), recognition(policy) {}
        Own(Own const &) = delete;
        Own &operator=(Own const &) = delete;
        gen2::Policy policy;
        Recognition recognition;
    };

    using TakeFile = void (Gen2Scanner::*)(Finding &, gen2::PathTree::Place const &);
    static std::map<std::string, Own> ownOf(Gen2Setup const &setup);
    gen2::Policy const &policyOf(std::string const &folder) const;
    Recognition &recognitionOf(Gen2Source const &source);
    void findReruns();
    void walkAll(bool looks, TakeFile take);
    void walk(Gen2Source const &source, bool looks, TakeFile take);
    bool enters(Gen2Source const &source, std::string const &path) const;
    void noteRepository(Gen2Source const &source, std::string const &path, bool looks);
    void addRerun(std::string const &folder);
    void warnOfSameRun(Gen2Source const &rerun);
    void failed(Gen2Source const &source, std::string const &path, common::Error const &e);

    void see(Finding &finding, gen2::PathTree::Place const &place);
    void tell(Finding &finding, gen2::PathTree::Place const &place);
    void recognise(Finding &finding, gen2::PathTree::Place const &place);
    bool isOfOtherWalk(Finding const &finding) const;
    void complete(Finding &finding);
    void completeOutput(Finding &finding);
    void completeCalibration(Finding &finding);
    common::Json const &exposureOf(gen2::Values const &id);
    void asRaw(Finding &finding) const;
    static bool isWhole(Finding const &finding);
    void checkDuplicates(Finding &finding);
    void emitRaw(Finding &finding);

    Gen2Setup const &_setup;
    Gen2Selection const &_selection;
    std::function<void(Finding &)> _emit;
    Recognition _recognition;
    std::map<std::string, Own> _own; ///< by folder
    gen2::DataIdTranslation _translation;
    Duplicates _duplicates;
    RawImages _raws;
    Calibrations _calibrations;
    Refcats _refcats;
    Gen2Source _root;
    Gen2Source _calib;
    bool _calibIsShared = false;   ///< its folder holds a repository as well: the root, or a parent
    std::list<Gen2Source> _reruns; ///< findings point to them
    std::map<std::string, std::string> _runs; ///< the first rerun of each
    std::string _lastExposure;                ///< for which the registry was asked
    common::Json _ofExposure;
};

} // namespace dbb::convert
