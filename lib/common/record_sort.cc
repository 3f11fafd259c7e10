#include "common/record_sort.h"

#include "common/error.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <queue>

namespace dbb::common {

namespace {

constexpr char const *fileName = "a file for sorting";
constexpr std::size_t leastReadBytes = std::size_t{16} << 10; // less at a time is slow
constexpr std::size_t fewestRuns = 4;

} // namespace

/// Reads the entries of a run.
class RecordSort::Cursor {
public:
    Cursor(RecordSort const &sort, Run const &run, std::size_t bufferBytes)
        : _sort(sort), _run(run), _buffer(std::max<std::size_t>(1, bufferBytes / sort._entry) * sort._entry) {
        next();
    }

    std::byte const *entry() const { return _entry; } ///< nullptr at the end
    Head head() const { return _sort.headAt(_entry); }

    void next() {
        if (_at == _filled) fill();
        _entry = _at == _filled ? nullptr : &_buffer[_at];
        _at += _entry ? _sort._entry : 0;
    }

private:
    void fill() {
        _at = _filled = 0;
        if (_piece < _run.pieces.size() && _done == _run.pieces[_piece].bytes) {
            ++_piece;
            _done = 0;
        }
        if (_piece == _run.pieces.size()) return;
        auto const &piece = _run.pieces[_piece];
        _filled = std::min(_buffer.size(), piece.bytes - _done);
        auto const n = readAt(_sort._fd.get(), fileName, _buffer.data(), _filled,
                              piece.offset + static_cast<std::int64_t>(_done));
        if (n != _filled) throw Error("IO_ERROR", std::string(fileName) + " has become shorter");
        _done += _filled;
    }

    RecordSort const &_sort;
    Run const &_run;
    std::vector<std::byte> _buffer;
    std::byte const *_entry = nullptr;
    std::size_t _at = 0, _filled = 0; ///< bytes of the buffer
    std::size_t _piece = 0, _done = 0;
};

RecordSort::RecordSort(std::size_t size, std::size_t memory) : _entry(sizeof(Head) + size), _memory(memory) {}

RecordSort::Head RecordSort::headAt(std::byte const *entry) const {
    Head out{};
    std::memcpy(&out, entry, sizeof out);
    return out;
}

void RecordSort::add(std::int64_t key, void const *record) {
    if (_entries.size() + _entry > _memory && !_entries.empty()) spill();
    Head const head{key, _count++};
    auto const at = _entries.size();
    _entries.resize(at + _entry);
    std::memcpy(&_entries[at], &head, sizeof head);
    std::memcpy(&_entries[at + sizeof head], record, _entry - sizeof head);
}

/// Places of the entries in memory, in order.
std::vector<std::uint32_t> RecordSort::sorted() const {
    std::vector<std::uint32_t> out(_entries.size() / _entry);
    std::iota(out.begin(), out.end(), 0U);
    auto const less = [&](auto a, auto b) {
        return headAt(&_entries[a * _entry]).key < headAt(&_entries[b * _entry]).key;
    };
    if (!std::is_sorted(out.begin(), out.end(), less)) std::stable_sort(out.begin(), out.end(), less);
    return out;
}

void RecordSort::write(Run &run, std::vector<std::byte> const &entries) {
    writeAll(_fd.get(), {reinterpret_cast<char const *>(entries.data()), entries.size()}, fileName);
    if (!run.pieces.empty()
        && run.pieces.back().offset + static_cast<std::int64_t>(run.pieces.back().bytes) == _end) {
        run.pieces.back().bytes += entries.size();
    } else {
        run.pieces.push_back({_end, entries.size()});
    }
    run.last_key = headAt(&entries[entries.size() - _entry]).key;
    _end += static_cast<std::int64_t>(entries.size());
}

/// Put what is in memory behind a run that it goes on from, or into one of its own.
void RecordSort::spill() {
    if (!_fd) _fd = temporaryFile();
    std::vector<std::byte> entries;
    entries.reserve(_entries.size());
    for (auto const k : sorted())
        entries.insert(entries.end(), &_entries[k * _entry], &_entries[k * _entry] + _entry);
    _entries.clear();
    auto const first = headAt(entries.data()).key;
    Run *best = nullptr;
    for (auto &run : _runs) {
        if (run.last_key <= first && (!best || run.last_key > best->last_key)) best = &run;
    }
    if (!best) best = &_runs.emplace_back();
    write(*best, entries);
    mergeLevel(0);
}

/// Runs of a level become one of the next when they are too many to be read at once.
void RecordSort::mergeLevel(int level) {
    auto const most = std::max(fewestRuns, _memory / leastReadBytes);
    auto const ofLevel = [&](Run const &run) { return run.level == level; };
    if (static_cast<std::size_t>(std::count_if(_runs.begin(), _runs.end(), ofLevel)) < most) return;
    std::vector<Run> old;
    std::copy_if(_runs.begin(), _runs.end(), std::back_inserter(old), ofLevel);
    std::erase_if(_runs, ofLevel);
    Run merged;
    merged.level = level + 1;
    std::vector<std::byte> entries;
    merge(old, [&](std::byte const *entry) {
        entries.insert(entries.end(), entry, entry + _entry);
        if (entries.size() < leastReadBytes * fewestRuns) return;
        write(merged, entries);
        entries.clear();
    });
    if (!entries.empty()) write(merged, entries);
    _runs.push_back(std::move(merged));
    mergeLevel(level + 1);
}

void RecordSort::merge(std::vector<Run> const &runs,
                       std::function<void(std::byte const *entry)> const &take) const {
    std::vector<Cursor> cursors;
    cursors.reserve(runs.size());
    for (auto const &run : runs)
        cursors.emplace_back(*this, run, std::max(leastReadBytes, _memory / runs.size()));
    auto const later = [&](std::size_t a, std::size_t b) { return cursors[b].head() < cursors[a].head(); };
    std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> next(later);
    for (std::size_t k = 0; k < cursors.size(); ++k) next.push(k);
    while (!next.empty()) {
        auto &cursor = cursors[next.top()];
        take(cursor.entry());
        // As long as no other one is before it there is nothing to choose.
        auto const k = next.top();
        next.pop();
        for (cursor.next(); cursor.entry() && (next.empty() || cursor.head() < cursors[next.top()].head());
             cursor.next())
            take(cursor.entry());
        if (cursor.entry()) next.push(k);
    }
}

void RecordSort::drain(std::function<void(std::int64_t key, void const *record)> const &take) {
    auto const hand = [&](std::byte const *entry) { take(headAt(entry).key, entry + sizeof(Head)); };
    if (_runs.empty()) {
        for (auto const k : sorted()) hand(&_entries[k * _entry]);
    } else {
        if (!_entries.empty()) spill();
        std::vector<std::byte>().swap(_entries);
        merge(_runs, hand);
    }
    _entries.clear();
    _runs.clear();
    _fd = UniqueFd();
    _end = 0;
}

} // namespace dbb::common
