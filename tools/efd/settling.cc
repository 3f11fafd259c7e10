#include "efd/settling.h"

#include "common/calendar.h"
#include "common/error.h"
#include "efd/instant_reader.h"
#include "telemetry/instants.h"
#include "telemetry/needs.h"

#include <algorithm>

namespace dbb::efd {

namespace {

/// The topic has gone on when it has a sample so much after the end.
constexpr std::int64_t proof_ns = common::nsPerSecond;

} // namespace

Settling::Settling(SettleOptions const &options)
    : _now_ns(options.now.empty() ? telemetry::TaiFromUtc()(common::nowUtcNs())
                                  : InstantReader("tai").option(options.now, "--now")),
      _settle_ns(durationOption(options.settle, "--settle")),
      _settleMax_ns(durationOption(options.settle_max, "--settle-max")) {
    if (_settleMax_ns < _settle_ns)
        throw common::usageError("--settle-max is " + options.settle_max + ", which is less than --settle, "
                                 + options.settle);
    if (options.range.empty()) return;
    auto const dots = options.range.find("..");
    if (dots == std::string::npos)
        throw common::usageError("--range: \"" + options.range + "\" is no range of instants, A..B");
    auto const from = options.range.substr(0, dots), to = options.range.substr(dots + 2);
    if (!from.empty()) _from_ns = InstantReader("tai").option(from, "--range");
    if (!to.empty()) _to_ns = InstantReader("tai").option(to, "--range");
    if (_from_ns && _to_ns && *_to_ns < *_from_ns)
        throw common::usageError("--range: \"" + options.range + "\" ends before it begins");
}

bool Settling::isSettled(telemetry::Column const &column, telemetry::Window const &window,
                         std::optional<std::int64_t> latest_ns) const {
    auto const end_ns = column.atInstants() ? window.end_ns : edgesOf(column, window).end_ns;
    if (_now_ns - end_ns >= _settleMax_ns) return true;
    return _now_ns - end_ns >= _settle_ns && latest_ns && *latest_ns - end_ns >= proof_ns;
}

bool Settling::isInRange(telemetry::Column const &column, telemetry::Window const &window) const {
    return std::ranges::all_of(telemetry::samplesFor(column, window), [&](telemetry::Window const &needed) {
        return (!_from_ns || needed.begin_ns >= *_from_ns) && (!_to_ns || needed.end_ns <= *_to_ns);
    });
}

} // namespace dbb::efd
