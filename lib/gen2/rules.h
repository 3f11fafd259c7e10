/// \file
/// The rules file (dbb-rules(5)): which datasets of Gen2 repositories are converted and which are not, by
/// whose decision and why.
#pragma once

#include "common/json.h"
#include "common/yaml.h"
#include "gen2/line_facts.h"
#include "manifest/record.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace dbb::gen2 {

/// Include and exclude rules in the order of the file. The first exclude that matches wins over any include.
class Rules {
public:
    struct Decision {
        enum class Kind { Include, Exclude, Undecided };
        Kind kind = Kind::Undecided;
        common::Json rule;         ///< what stands in the line's `rule`: id, kind, owner, reason, until and
                                   ///< alternative where there are any; null when undecided
        std::string overruled;     ///< ID of the first include that an exclude has won over
        bool names_reason = false; ///< the include names the scan's reason, so somebody has looked
    };

    /// What the rules did, counted over the lines of a run.
    struct Tally {
        std::map<std::string, std::int64_t> matches; ///< lines that a rule decided, by ID
        std::map<std::pair<std::string, std::string>, std::int64_t> overlaps; ///< by exclude and include
        std::set<std::string> names; ///< of all values that lines had
    };

    /// \throws Error USAGE (exit 2) with file, line and key; an unknown key with the nearest known one
    static Rules read(std::string const &file);
    /// The same of a text. \param name  of the file, for messages
    static Rules parse(std::string const &text, std::string const &name);

    /// Decide on one line, as the scan proposed it. \param nowUtcNs  what `until` and `younger_than_h` are
    /// compared with
    Decision decide(manifest::Record const &gen2Line, std::int64_t nowUtcNs) const;

    /// Decide on a line and write the decision into it: action, reason, `rule`, and under `proposed` what
    /// action and reason the scan had proposed, when they changed. A line that rules had decided before is
    /// decided anew. Lines that are left out by design (action skip) stay as they are; an error stays an
    /// error when it is included; what is to be reviewed is converted only when a rule names its reason and
    /// the line is complete.
    void apply(manifest::Record &gen2Line, std::int64_t nowUtcNs, Tally &tally) const;

    /// What people should know after a run: rules that overlap, that matched nothing (with the name that no
    /// line had), that have ended. One sentence each.
    std::vector<std::string> remarks(Tally const &tally, std::int64_t nowUtcNs) const;

private:
    struct Rule {
        std::string id;
        std::string kind;
        std::string owner;
        std::string reason;
        std::string until;       ///< date as in the file; empty: without end
        std::string alternative; ///< where the data are instead
        std::optional<std::int64_t> end_utc_ns;
        std::vector<std::string> datasetTypes;
        std::vector<std::string> reruns;
        std::vector<std::string> repos;
        std::vector<std::string> paths;
        std::vector<std::string> reasons;
        std::vector<std::pair<std::string, common::Json::Array>> values;
        std::optional<std::pair<std::int64_t, std::int64_t>> days;
        std::optional<double> youngerThan_h;

        bool matches(LineFacts const &facts, std::string const &scanReason, std::int64_t nowUtcNs) const;
        bool hasEnded(std::int64_t nowUtcNs) const { return end_utc_ns && nowUtcNs >= *end_utc_ns; }
        common::Json shown() const;
    };
    class Reader;

    Decision decide(LineFacts const &facts, std::string const &scanReason, std::int64_t nowUtcNs) const;

    std::vector<Rule> _exclude;
    std::vector<Rule> _include;
};

} // namespace dbb::gen2
