/// \file
/// How dbb-repo check tells what it finds: line by line for programs, by kind for people.
#pragma once

#include "butler/check.h"
#include "butler/orphans.h"
#include "common/lines.h"

#include <map>
#include <string>
#include <vector>

namespace dbb::ingest {

/// Where damages and orphans are told.
class CheckReport {
public:
    virtual ~CheckReport() = default;
    virtual void add(butler::Damage const &damage) = 0;
    virtual void add(butler::Orphan const &orphan) = 0;
    virtual void finish(butler::CheckResult const &result, bool dryRun) = 0;
};

/// JSON Lines, as they come.
class LineReport : public CheckReport {
public:
    /// \param limit  most lines of each kind, 0: all
    LineReport(common::Output &out, int limit) : _out(out), _limit(limit) {}
    void add(butler::Damage const &damage) override;
    void add(butler::Orphan const &orphan) override;
    void finish(butler::CheckResult const &result, bool dryRun) override;

private:
    bool isShown(std::string const &kind) { return ++_shown[kind] <= _limit || _limit == 0; }

    common::Output &_out;
    std::int64_t _limit;
    std::map<std::string, std::int64_t> _shown;
    std::int64_t _orphans = 0;
};

/// A report that is printed at the end: for each kind what it means, some of the places, what to do.
class TextReport : public CheckReport {
public:
    TextReport(common::Output &out, int limit) : _out(out), _limit(limit == 0 ? 10 : limit) {}
    void add(butler::Damage const &damage) override;
    void add(butler::Orphan const &orphan) override;
    void finish(butler::CheckResult const &result, bool dryRun) override;

private:
    struct Kind {
        std::int64_t count = 0;
        std::vector<std::string> lines;
    };
    void printKind(butler::DamageKind const &kind, Kind const &found);
    void printLines(Kind const &found);

    common::Output &_out;
    std::int64_t _limit;
    std::map<std::string, Kind> _kinds;
    Kind _orphans;
};

} // namespace dbb::ingest
