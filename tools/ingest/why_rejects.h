/// \file
/// dbb-why of rejected lines: each explained, then counted by reason.
#pragma once

#include "common/exit_code.h"
#include "ingest/why_page.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace dbb::manifest {
class Record;
}

namespace dbb::ingest {

/// Explains lines of rejects as they come and keeps nothing but counts.
class RejectsExplainer {
public:
    explicit RejectsExplainer(Page &page) : _page(page) {}

    /// Explain what can be read from a descriptor, to its end.
    /// \param source  name to put before line numbers; empty: standard input
    void explain(int in, std::string const &source);

    /// The summary: how many of which reason.
    void finish();

    /// SomeFailed when one fails for good, Incomplete when trying again can help for all, else Done.
    common::ExitCode status() const { return _status; }

private:
    struct Place {
        std::string source; ///< empty: standard input
        std::int64_t line = 0;
        std::string text() const;
    };
    void line(std::string_view text, Place const &place);
    void reject(manifest::Record const &record, Place const &place);

    Page &_page;
    std::map<std::string, std::int64_t> _byCode;
    std::int64_t _rejects = 0;
    std::int64_t _others = 0; ///< lines that have no error
    common::ExitCode _status = common::ExitCode::Done;
};

} // namespace dbb::ingest
