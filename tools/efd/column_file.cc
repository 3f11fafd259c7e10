#include "efd/column_file.h"

#include "common/error.h"
#include "common/file.h"

namespace dbb::efd {

std::vector<telemetry::Column> readColumns(std::string const &file, int in, telemetry::Compat compat) {
    if (file.empty()) return {};
    std::string text;
    try {
        bool const piped = file == "-" && in >= 0;
        text = piped ? common::readAll(in, "standard input") : common::readFileOrPipe(file);
    } catch (common::Error const &e) {
        throw common::usageError("--columns: " + e.message(),
                                 e.hint().empty() ? "look at what it names" : e.hint());
    }
    return telemetry::parseColumns(text, file, compat);
}

} // namespace dbb::efd
