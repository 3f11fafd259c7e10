/// \file
/// dbb-why of a file: the way that it would take through dbb-ingest, walked without changing anything.
#pragma once

#include "butler/repository.h"
#include "ingest/describe.h"
#include "ingest/why.h"
#include "ingest/why_answer.h"
#include "ingest/why_engine.h"
#include "intake/ingester.h"

#include <functional>
#include <optional>
#include <string>

namespace dbb::ingest {

/// Walks files through the engine of dbb-ingest: Scanner, Describer, and Ingester in a dry run.
class FileWalk {
public:
    /// \throws Error USAGE for options that dbb-ingest would refuse
    explicit FileWalk(WhyOptions const &options);

    /// Hand an answer for the file (a path or file:// URI) to `sink`, or one for each FITS file below a
    /// folder. \throws Error USAGE
    void look(std::string const &subject, std::function<void(Answer const &)> const &sink);

private:
    using Sink = std::function<void(Answer const &)>;
    bool answerUnscanned(Sink const &sink);
    Answer answerFor(std::string const &uri) const;
    Answer walk(manifest::Record record);
    void noteGuider(Answer &answer, manifest::Record const &record) const;
    void noteDescription(Answer &answer, manifest::Record const &record) const;
    void ingest(Answer &answer, manifest::Record const &record);
    void noteReceipt(Answer &answer, manifest::Record const &record, manifest::Record const &receipt);
    bool openRepo();
    void failRepo(Answer &answer) const;
    bool noteOtherDataset(Answer &answer, std::string const &file) const;

    WhyOptions const &_options;
    CaughtRejects _caught;
    std::string _subject; // as it was asked for
    intake::IngesterOptions _ingesterOptions;
    intake::Describer _describer;
    std::optional<butler::Repository> _repo;
    std::optional<common::Error> _repoError; // why it could not be opened
    // One for all files, since it knows which of them are the same exposure and detector.
    std::optional<intake::Ingester> _ingester;
    std::optional<manifest::Record> _receipt; // of the file at hand
};

} // namespace dbb::ingest
