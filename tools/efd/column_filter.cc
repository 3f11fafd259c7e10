#include "efd/column_filter.h"

#include "common/error.h"
#include "common/file.h"
#include "common/glob.h"

namespace dbb::efd {

bool ColumnFilter::takes(std::string const &name) {
    if (takesAll()) return true;
    auto const [at, isNew] = _seen.try_emplace(name);
    if (isNew) at->second = common::anyGlobMatches(_patterns, name);
    return at->second;
}

std::vector<telemetry::Column> readColumns(std::string const &file) {
    if (file.empty()) return {};
    std::string text;
    try {
        text = common::readFile(file);
    } catch (common::Error const &e) {
        throw common::usageError("--columns: " + e.message(), e.hint());
    }
    return telemetry::parseColumns(text, file);
}

} // namespace dbb::efd
