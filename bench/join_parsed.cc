// The join itself, without text: rows that are in memory go through telemetry::Joiner, in blocks as those who
// parse deliver them, and all results are read, beside the bare loop over the same rows (efd_loop.h), which
// lie one behind the other as it likes them best.
//
// Usage: join_parsed FILE.csv WINDOWS COLUMNS ROUNDS      files as make_samples.py makes them
// Prints for each round: seconds of the join and of the loop, by processor time, and the sum of all
// statistics that each of them has found.
#include "common/file.h"
#include "efd_loop.h"
#include "telemetry/joiner.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <ctime>

using namespace dbb;

namespace {

/// Rows of doubles, one behind the other.
struct Rows {
    std::vector<std::string> fields;
    std::vector<std::int64_t> times; ///< UTC
    std::vector<double> values;
    double const *row(std::size_t i) const { return &values[i * fields.size()]; }
};

Rows readRows(std::string const &path) {
    auto const text = common::readFile(path, std::size_t{1} << 34);
    Rows out;
    auto const *p = text.data();
    auto const *const end = p + text.size();
    auto const header = text.substr(0, text.find('\n'));
    for (auto at = header.find(','); at != std::string::npos;) {
        auto const next = header.find(',', at + 1);
        out.fields.push_back(header.substr(at + 1, next - at - 1));
        at = next;
    }
    for (p += header.size() + 1; p < end; ++p) {
        p = std::from_chars(p, end, out.times.emplace_back()).ptr;
        for (std::size_t f = 0; f < out.fields.size(); ++f)
            p = std::from_chars(p + 1, end, out.values.emplace_back()).ptr;
    }
    return out;
}

double sumOfLoop(Rows const &rows, std::vector<LoopWindow> const &windows) {
    Loop loop(windows, rows.fields.size());
    for (std::size_t i = 0; i < rows.times.size(); ++i) loop.row(rows.times[i], rows.row(i));
    return loop.sum();
}

/// The same as blocks, as those who parse deliver them.
std::vector<telemetry::RowBlock> blocksOf(Rows const &rows, telemetry::Topic const &topic) {
    std::vector<std::size_t> places;
    for (auto const &field : rows.fields) places.push_back(topic.placeOf(field));
    std::vector<telemetry::RowBlock> out;
    for (std::size_t i = 0; i < rows.times.size(); ++i) {
        if (out.empty() || out.back().isFull()) out.push_back(topic.emptyBlock());
        out.back().begin();
        for (std::size_t f = 0; f < places.size(); ++f)
            out.back().set(places[f], telemetry::Value::of(rows.row(i)[f]));
        out.back().end(rows.times[i], telemetry::SourceScale::Utc);
    }
    for (auto &block : out) block.complete();
    return out;
}

double sumOfJoin(std::vector<telemetry::RowBlock> const &blocks, telemetry::WindowList const &windows,
                 std::vector<telemetry::Column> const &columns) {
    telemetry::Facts const facts;
    telemetry::Joiner joiner(columns, windows, {}, facts);
    auto &topic = *joiner.topic(columns.front().topic);
    for (auto const &block : blocks) topic.add(block);
    joiner.finish();
    double sum = 0;
    for (std::size_t w = 0; w < windows.size(); ++w) {
        for (auto const &cell : joiner.results(w)) {
            if (cell.value.isNumber()) sum += cell.value.asDouble();
        }
    }
    return sum;
}

/// Processor time of a function; what it returns is kept in `sum`.
template<typename Function>
double secondsOf(Function const &function, double &sum) {
    auto const start = std::clock();
    sum = function();
    return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    auto const rows = readRows(argv[1]);
    auto const windows = readLoopWindows(argv[2]);
    auto const columns = telemetry::parseColumns(common::readFile(argv[3]), argv[3]);
    telemetry::WindowList tai;
    for (auto const &w : windows) {
        telemetry::TaiFromUtc taiOf;
        tai.add({taiOf(w.begin_ns), taiOf(w.end_ns)});
    }
    telemetry::Facts const facts;
    telemetry::Joiner example(columns, tai, {}, facts);
    auto const blocks = blocksOf(rows, *example.topic(columns.front().topic));
    for (int round = std::atoi(argv[4]); round > 0; --round) {
        double joined = 0, looped = 0;
        auto const join_s = secondsOf([&] { return sumOfJoin(blocks, tai, columns); }, joined);
        auto const loop_s = secondsOf([&] { return sumOfLoop(rows, windows); }, looped);
        std::printf("%.6f %.6f %.15g %.15g\n", join_s, loop_s, joined, looped);
    }
    return 0;
}
