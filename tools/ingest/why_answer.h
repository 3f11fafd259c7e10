/// \file
/// What dbb-why found out about a file or a rejected line: how far it came, what stopped it, what to do.
#pragma once

#include "common/error.h"
#include "common/json.h"
#include "ingest/why_page.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dbb::ingest {

/// The stages that a file passes, in order: those of manifest/reason.h.
std::span<std::string_view const> whyStages();

/// The walk is done in two steps; an error belongs to a stage of the step in which it arose.
enum class WalkStep { Describe, Ingest };

/// The stage at which a file stopped. Mostly the catalogue's; but a file can't fail at the manifest's line,
/// and a place that may not be written is no file that can't be read.
std::string_view stageOfError(WalkStep step, std::string_view code);

class Answer {
public:
    enum class Outcome { NotReached, Ok, Failed };
    struct Stage {
        std::string_view name;
        Outcome outcome = Outcome::NotReached;
        std::string note; ///< for people: what the stage gave
    };

    /// \param first  stage to begin with
    Answer(std::string subject, std::string_view first);

    void pass(std::string_view stage, std::string note = "");
    void note(std::string_view stage, std::string text);
    /// \param error   `error` object of a reject; its stage becomes `stage`
    /// \param status  what the program ends with because of it
    void fail(std::string_view stage, common::Json error, common::ExitCode status);
    /// The same with the status that follows from whether trying again can help.
    void fail(std::string_view stage, common::Json error);

    /// Facts beside the stages, top-level keys of the JSON form.
    common::Json facts;
    std::string outcome;              ///< described, planned, existing or failed
    std::string remedy;               ///< the error's hint with names filled in
    std::string where;                ///< for people, behind the subject: "line 3"
    std::vector<std::string> remarks; ///< sentences below the stages
    common::ExitCode status = common::ExitCode::Done;

    common::Json const &error() const { return _error; }
    std::string const &subject() const { return _subject; }

    /// The whole answer.
    void print(Page &page) const;
    /// Of the stages only the one that failed.
    void printShort(Page &page) const;

private:
    Stage *find(std::string_view stage);
    common::Json json() const;
    void printError(Page &page) const;
    std::string headline() const;

    std::string _subject;
    std::vector<Stage> _stages;
    common::Json _error;
};

} // namespace dbb::ingest
