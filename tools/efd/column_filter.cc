#include "efd/column_filter.h"

#include "common/glob.h"

namespace dbb::efd {

bool ColumnFilter::takes(std::string const &name) {
    if (takesAll()) return true;
    auto const [at, isNew] = _seen.try_emplace(name);
    if (isNew) at->second = common::anyGlobMatches(_patterns, name);
    return at->second;
}

} // namespace dbb::efd
