/// \file
/// The samples that a group of columns looks at: rows of a topic with the right index, each with its time.
#pragma once

#include "common/record_sort.h"
#include "telemetry/rows.h"
#include "telemetry/series.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace dbb::telemetry {

/// Columns with the same topic, index and source of time. Its fields are places in a row of the topic.
class Stream {
public:
    struct Options {
        std::int64_t sortedBy_ns = 60'000'000'000; ///< how far rows may be out of order
        bool sort_all = false;                     ///< they may be so however far: all are sorted on disk
    };

    Stream(WindowList const &windows, Results &results, Column const &like, Options const &options);
    ~Stream();

    bool isFor(Column const &column) const;
    /// \param places  of the column's fields (one by one those of a packed series) in the topic's rows
    void ask(Asked const &asked, std::vector<std::size_t> const &places);
    /// Only rows that have valid values in all of these places of the topic's rows count.
    void require(std::vector<std::size_t> const &places);
    /// After all columns: make what rows go through. \param sortMemory  bytes for sorting
    void prepare(std::size_t sortMemory);
    /// Of packed rows: the median distance of rows, by index.
    void setSpacing(std::map<RowKey, std::int64_t> byKey) { _packedSpacing = std::move(byKey); }

    /// When indices are listed: the rows that count.
    void setWanted(std::vector<RowKey> keys) { _wanted = std::move(keys); }

    /// Rows of the topic.
    void add(Rows const &rows);
    void finish();

    /// Whether a time came out of UTC, in which leap seconds are ambiguous.
    bool usesUtc() const { return _usesUtc; }
    /// Rows that came so late that they could not be put in order.
    std::int64_t late() const;
    /// Twice the longest interval that is no gap, of the series of a column.
    std::int64_t gapMax2_ns(std::size_t cell) const;
    /// Whether values of a column can't be averaged although `dup: mean` asks for it.
    bool cantAverage(std::size_t cell) const;
    /// Whether ConsDB would find no row of any index: it compares texts, and where an index is missing, or is
    /// a mean, it has those of doubles.
    bool losesIndex() const;
    /// Place of the field that holds the time; nullopt when it is the row's own.
    std::optional<std::size_t> timePlace{};

private:
    struct Member;
    class Order;
    class Unpacker;
    class Buckets;

    std::size_t ownPlace(std::size_t place);
    RowQueue &ordered();
    void choose(Rows const &rows);
    bool isChosen(Rows const &rows, std::size_t row, std::int64_t &t_ns);
    std::size_t addSome(RowBlock const &block, std::size_t first);
    void drain(bool all);
    void deliver();
    void give(Member &member, bool unique);
    void giveEach(Member const &member);
    void giveResolved(Member &member);
    void leaveOut(Value const &value, std::int64_t t_ns);
    void givePool(Member &member);
    Member const &memberOf(std::size_t cell) const;

    WindowList const &_windows;
    Results &_results;
    SharedTimes _times{_windows};
    Column const &_like;
    Options _options;
    std::vector<std::size_t> _places; ///< of the fields of a queued row
    std::unique_ptr<Order> _rows;
    std::vector<std::unique_ptr<Member>> _members;
    std::vector<std::size_t> _required; ///< places of the topic's rows
    std::unique_ptr<Unpacker> _unpacker;
    std::unique_ptr<Buckets> _buckets;
    std::vector<RowKey> _wanted; ///< when indices are listed
    bool _hasIndex = false, _lacksIndex = false;
    std::map<RowKey, std::int64_t> _packedSpacing;
    std::int64_t _packedRows = 0; ///< that have come
    /// Of the rows that are being added those that count: numbers, times and keys.
    std::vector<std::size_t> _chosen;
    std::vector<std::int64_t> _chosenTimes;
    std::vector<RowKey> _chosenKeys;
    Batch _batch;
    Samples _own; ///< of a batch that are not those of the queue
    bool _usesUtc = false;
    std::int64_t _late = 0;
};

/// Nanoseconds of unix seconds, rounded; nullopt when they are no number or not isDated().
std::optional<std::int64_t> nsOfSeconds(Value const &seconds);

} // namespace dbb::telemetry
