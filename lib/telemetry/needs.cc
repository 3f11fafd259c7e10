#include "telemetry/needs.h"

#include "telemetry/joiner.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace dbb::telemetry {

namespace {

/// Between what a field says and the time of its row.
constexpr std::int64_t mostLag_ns = 60'000'000'000;

constexpr auto latest = std::numeric_limits<std::int64_t>::max();
constexpr auto earliest = std::numeric_limits<std::int64_t>::min();

std::int64_t sum(std::int64_t a, std::int64_t b) {
    std::int64_t out = 0;
    return __builtin_add_overflow(a, b, &out) ? (b > 0 ? latest : earliest) : out;
}

/// Around an instant; its last nanosecond belongs to it.
Window around(std::int64_t at, std::int64_t before, std::int64_t behind) {
    return {sum(at, -before), sum(sum(at, behind), 1)};
}

/// What a function at instants looks at.
void addInstants(std::vector<Window> &out, Column const &column, Window const &window) {
    auto const reach = column.func == Func::Interp ? column.max_gap_ns : column.tolerance_ns;
    bool const back = column.func != Func::Asof || column.direction != Column::Direction::Forward;
    bool const fore = column.func == Func::Interp || column.direction != Column::Direction::Backward;
    auto const look = [&](std::int64_t at) { out.push_back(around(at, back ? reach : 0, fore ? reach : 0)); };
    if (column.func == Func::Delta) {
        look(window.begin_ns);
        look(window.end_ns);
    } else {
        look(window.instant(column.at));
    }
}

Window wanted(Column const &column, Window const &window) {
    auto out = edgesOf(column, window);
    // A sample at the very end, and a bucket that begins in the window.
    out.end_ns = sum(sum(out.end_ns, column.closed ? 1 : 0), column.bucket_ns);
    if (column.func == Func::TimeWeightedMean) {
        // The sample before holds until the first one within; a line leads to the one behind.
        out.begin_ns = sum(out.begin_ns, -column.tolerance_ns);
        if (column.linear) out.end_ns = sum(sum(out.end_ns, column.tolerance_ns), 1);
    }
    return out;
}

void want(std::vector<std::string> &names, std::string const &name) {
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

} // namespace

std::vector<Window> merged(std::vector<Window> ranges) {
    std::sort(ranges.begin(), ranges.end(),
              [](Window const &a, Window const &b) { return a.begin_ns < b.begin_ns; });
    std::vector<Window> out;
    for (auto const &range : ranges) {
        if (range.end_ns <= range.begin_ns) continue;
        if (!out.empty() && range.begin_ns <= out.back().end_ns) {
            out.back().end_ns = std::max(out.back().end_ns, range.end_ns);
        } else {
            out.push_back(range);
        }
    }
    return out;
}

std::vector<Window> samplesFor(Column const &column, Window const &window) {
    std::vector<Window> out;
    if (column.atInstants()) {
        addInstants(out, column, window);
    } else {
        out.push_back(wanted(column, window));
    }
    if (column.packed) {
        // The row before holds samples that are younger than itself.
        auto const &packed = *column.packed;
        auto const length = packed.dt_ns && packed.n > 0 ? *packed.dt_ns * packed.n : leastGapNs;
        for (auto &range : out) range.begin_ns = sum(range.begin_ns, -length);
    }
    return out;
}

std::vector<Window> rangesFor(Column const &column, Window const &window) {
    auto out = samplesFor(column, window);
    // Rows whose own time is another field come later than that says, packed ones by their length.
    if (column.packed || !column.time_field.empty()) {
        for (auto &range : out) range = {sum(range.begin_ns, -mostLag_ns), sum(range.end_ns, mostLag_ns)};
    }
    return out;
}

namespace {

/// Add what a column needs over windows to what others do.
void addNeeds(std::map<std::string, TopicNeeds> &all, Column const &column,
              std::vector<Window> const &windows, std::int64_t margin_ns) {
    auto &needs = all[column.topic];
    if (column.packed) {
        want(needs.fields, column.packed->time_field);
        for (int k = 0; k < column.packed->n; ++k)
            want(needs.fields, column.packed->base + std::to_string(k));
        if (column.packed->n == 0) want(needs.packed, column.packed->base);
    } else {
        for (auto const &field : column.fields) want(needs.fields, field);
        want(needs.fields, column.time_field);
    }
    want(needs.fields, column.index_field);
    std::vector<Window> ranges;
    for (auto const &window : windows) {
        for (auto const &range : rangesFor(column, window))
            ranges.push_back({sum(range.begin_ns, -margin_ns), sum(range.end_ns, margin_ns)});
    }
    // Columns of a topic mostly want the same, so that little is kept of each.
    ranges = merged(std::move(ranges));
    ranges.insert(ranges.end(), needs.ranges.begin(), needs.ranges.end());
    needs.ranges = merged(std::move(ranges));
}

} // namespace

std::map<std::string, TopicNeeds>
needsOf(std::vector<Column> const &columns, WindowList const &windows,
        std::function<bool(std::size_t window, std::size_t column)> const &wants, std::int64_t margin_ns) {
    std::map<std::string, TopicNeeds> out;
    std::vector<Window> some;
    for (std::size_t c = 0; c < columns.size(); ++c) {
        some.clear();
        for (std::size_t w = 0; w < windows.size(); ++w) {
            if (wants(w, c)) some.push_back(windows[w]);
        }
        if (!some.empty()) addNeeds(out, columns[c], some, margin_ns);
    }
    return out;
}

std::vector<Field> fieldsFor(std::string const &topic, TopicNeeds const &needs, TopicSchema const &schema,
                             std::vector<std::string> &missing) {
    std::vector<Field> out;
    auto const add = [&](Field const &field) {
        bool const isNew = std::none_of(out.begin(), out.end(),
                                        [&](Field const &other) { return other.name == field.name; });
        if (isNew) out.push_back(field);
    };
    auto const find = [&](std::string const &name) {
        auto const at = schema.fields.find(name);
        if (at != schema.fields.end()) add(at->second);
        return at != schema.fields.end();
    };
    if (needs.fields.empty() && needs.packed.empty()) {
        for (auto const &[name, field] : schema.fields) add(field);
    }
    for (auto const &name : needs.fields) {
        if (!find(name)) missing.push_back(name);
    }
    for (auto const &base : needs.packed) {
        bool any = false;
        for (auto const &[name, field] : schema.fields) {
            if (!elementNumber(name, base)) continue;
            any = true;
            add(field);
        }
        if (!any) missing.push_back(base + "0");
    }
    // Without any of what was asked for there is nothing to tell apart.
    if (out.empty()) return out;
    find("salIndex");
    find(componentId(topic));
    return out;
}

std::vector<TimeRange> cut(TimeRange const &range, std::int64_t length_ns) {
    std::vector<TimeRange> out;
    auto begin = range.begin_ns;
    while (begin < range.end_ns) {
        // Rounded down, also before 1970.
        auto step = begin % length_ns;
        if (step < 0) step += length_ns;
        auto const end = std::min(range.end_ns, sum(begin, length_ns - step));
        out.push_back({begin, end});
        begin = end;
    }
    return out;
}

} // namespace dbb::telemetry
