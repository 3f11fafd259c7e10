#include "efd/instant_reader.h"

#include "common/error.h"
#include "telemetry/column.h"
#include "telemetry/instants.h"

#include <charconv>

namespace dbb::efd {

using common::Error;

std::int64_t InstantReader::read(std::string const &text, std::string const &what) const {
    auto const ns = telemetry::taiFromIso(text, _scale == "utc");
    if (!ns) {
        throw Error("BAD_VALUE", what + " is \"" + text + "\", which is no instant from 1970 on (UTC: from "
                                     + "1972 on) such as 2025-04-23T04:07:10.702699721")
            .cause({.column = what, .value = text})
            .hint("write it as ISO 8601 with T between date and time; a Z at its end means UTC");
    }
    if (_scale.empty() && !text.ends_with('Z')) {
        throw common::usageError(what + " is \"" + text + "\", which does not say its time scale",
                                 "give --scale tai or --scale utc, or write a Z behind instants in UTC");
    }
    return *ns;
}

std::int64_t InstantReader::option(std::string const &text, std::string const &name) const {
    try {
        return read(text, name);
    } catch (Error const &e) {
        throw common::usageError(e.message(), e.hint());
    }
}

double rateOption(std::string const &text, std::string const &name, std::string const &things) {
    double out = 0;
    auto const *const end = text.data() + text.size();
    auto const [rest, error] = std::from_chars(text.data(), end, out);
    if (error != std::errc() || rest != end || !(out > 0) || out > 1e6)
        throw common::usageError(name + ": \"" + text + "\" is no number of " + things + " a second");
    return out;
}

std::int64_t durationOption(std::string const &text, std::string const &name) {
    try {
        auto const out = telemetry::durationNs(text);
        if (out >= 0) return out;
    } catch (Error const &e) {
        throw common::usageError(name + ": " + e.message());
    }
    throw common::usageError(name + " must not be negative, and is \"" + text + "\"");
}

} // namespace dbb::efd
