/// \file
/// dbb-why of a code: what the catalogue of reasons says.
#pragma once

#include "ingest/why_page.h"

#include <string_view>

namespace dbb::ingest {

/// Whether the catalogue has that code.
bool isReason(std::string_view code);

/// The code that is nearest to a word in capitals; empty when the word is none that was meant for a code.
std::string nearestReason(std::string_view word);

/// Explain one code.
void explainReason(std::string_view code, Page &page);

/// The whole catalogue as lines {"type":"reason","code","stage","retry","meaning","remedy"}.
void listReasons(Page &page);

} // namespace dbb::ingest
