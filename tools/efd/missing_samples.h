/// \file
/// Parts of the telemetry that could not be had, and which values they take away.
#pragma once

#include "common/error.h"
#include "common/json.h"
#include "telemetry/cell.h"
#include "telemetry/column.h"
#include "telemetry/instants.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dbb::efd {

class MissingSamples {
public:
    /// \param range  TAI
    void add(std::string const &topic, telemetry::Window const &range, common::Error const &e);

    /// What a column says of a window that needs something of it: SourceError, or Timeout when all that is
    /// missing took the server too long. \param cell  what it says without that
    std::optional<telemetry::Status> statusOf(telemetry::Column const &column,
                                              telemetry::Window const &window,
                                              telemetry::Cell const &cell) const;

    /// What dbb-efd-fetch says in a comment of line protocol, `# incomplete TOPIC BEGIN END CODE` or, when it
    /// came to no end, `# incomplete CODE`. \param scale  of its times \return what is missing, for messages;
    /// empty when the comment says nothing of the kind
    std::string note(std::string_view comment, telemetry::SourceScale scale);
    /// As its line of type missing says. \throws Error BAD_VALUE
    std::string note(common::Json const &line);

private:
    struct Part {
        telemetry::Window range;
        telemetry::Status status;
    };
    std::string noteAll(std::string_view code);
    std::string notePart(std::string const &topic, std::string_view begin, std::string_view end,
                         telemetry::SourceScale scale, std::string_view code);

    std::map<std::string, std::vector<Part>> _parts; ///< by topic
    std::optional<telemetry::Status> _all;           ///< of everything something may be missing
};

/// Take a value away whose samples are missing. A window without length needs none.
void takeAway(std::optional<telemetry::Status> missing, telemetry::Cell &cell);

} // namespace dbb::efd
