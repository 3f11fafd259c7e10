/// \file
/// What dbb-why says of a file that the repository has.
#pragma once

#include "butler/repository.h"
#include "ingest/why_answer.h"
#include "manifest/record.h"

#include <string>

namespace dbb::ingest {

/// Add what the repository has of the same exposure and detector: where, since when, in which run. It is the
/// fact `ingested` in the run that the file would go to, and `also` in others.
/// \param record  described line \param asked  run to look at, empty: the line's own
void noteIngested(Answer &answer, butler::Repository const &repo, manifest::Record const &record,
                  std::string const &asked);

} // namespace dbb::ingest
