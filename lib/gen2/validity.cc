#include "gen2/validity.h"

#include "astro/time_scale.h"
#include "common/calendar.h"

#include <algorithm>

namespace dbb::gen2 {

namespace {

/// Where time begins and ends in Gen3: 1970-01-01 and 2100-01-01, TAI.
constexpr std::int64_t firstInstant = 0;
constexpr std::int64_t lastInstant = 4'102'444'800 * common::nsPerSecond;
/// What Gen2 wrote as the same instant differs by up to a day; upstream added a thousandth.
constexpr std::int64_t plug = common::nsPerDay + common::nsPerDay / 1000;

/// A begin or end while ranges are compared.
struct Span {
    Validity *of;
    std::int64_t begin;
    std::int64_t end;
};

std::optional<std::int64_t> daysOf(std::string const &text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    for (std::size_t const i : {0, 1, 2, 3, 5, 6, 8, 9})
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
    auto const year = std::stoi(text.substr(0, 4));
    auto const month = std::stoi(text.substr(5, 2));
    auto const day = std::stoi(text.substr(8, 2));
    auto const days = common::daysFromCivil(year, month, day);
    auto const civil = common::civilFromDays(days);
    bool const real = civil.year == year && civil.month == month && civil.day == day;
    return real && year > 0 ? std::optional(days) : std::nullopt;
}

/// Midnight of a day, or the end of time that it lies beyond.
std::int64_t midnight(std::int64_t days, DayScale scale) {
    auto const limited = std::clamp(days, std::int64_t{-1}, lastInstant / common::nsPerDay + 1);
    auto const ns = limited * common::nsPerDay;
    return scale == DayScale::Utc && ns > 0 ? astro::taiNsFromUtcNs(ns) : ns;
}

std::optional<Span> spanOf(Validity &validity, DayScale scale) {
    auto const first = daysOf(validity.start);
    auto const last = daysOf(validity.end);
    validity.state = Validity::State::BadText;
    if (!first || !last) return std::nullopt;
    Span out{&validity, midnight(*first, scale), midnight(*last, scale)};
    if (out.begin < firstInstant) validity.adjusted.emplace_back("clamp_begin");
    if (out.end > lastInstant) validity.adjusted.emplace_back("clamp_end");
    out.begin = std::clamp(out.begin, firstInstant, lastInstant);
    out.end = std::clamp(out.end, firstInstant, lastInstant);
    if (out.begin >= out.end) return std::nullopt;
    validity.state = Validity::State::Good;
    return out;
}

/// \return whether no two overlap any more
bool plugGaps(std::vector<Span> &spans) {
    bool apart = true;
    for (std::size_t i = 1; i < spans.size(); ++i) {
        auto &first = spans[i - 1];
        auto const delta = spans[i].begin - first.end;
        if (delta != 0 && std::abs(delta) < plug && first.begin < spans[i].begin) {
            first.end = spans[i].begin;
            first.of->adjusted.emplace_back(delta > 0 ? "gap_closed" : "overlap_removed");
        }
        apart = apart && first.end <= spans[i].begin;
    }
    return apart;
}

/// Name to each span that overlaps with another one of these. \param first  of the list that the spans are of
void noteOverlaps(std::vector<Span> const &spans, Validity const *first) {
    auto const note = [&](Span const &span, Span const &other) {
        if (!span.of->overlaps) span.of->overlaps = static_cast<std::size_t>(other.of - first);
    };
    Span const *longest = nullptr;
    for (auto const &span : spans) {
        if (longest && longest->end > span.begin) {
            note(*longest, span);
            note(span, *longest);
        }
        if (!longest || span.end > longest->end) longest = &span;
    }
}

} // namespace

void settle(std::vector<Validity> &ofOneDataId, DayScale scale) {
    std::vector<Span> spans;
    for (auto &validity : ofOneDataId)
        if (auto const span = spanOf(validity, scale)) spans.push_back(*span);
    std::stable_sort(spans.begin(), spans.end(), [](Span const &a, Span const &b) {
        return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
    });
    bool const apart = plugGaps(spans);
    if (!apart) noteOverlaps(spans, ofOneDataId.data());
    for (auto const &span : spans) {
        if (!apart) {
            span.of->state = Validity::State::Overlap;
            continue;
        }
        if (span.begin > firstInstant) span.of->begin_tai_ns = span.begin;
        if (span.end < lastInstant) span.of->end_tai_ns = span.end;
    }
}

} // namespace dbb::gen2
