/// \file
/// Many records of one size in the order of a number, on disk when they do not fit into memory.
#pragma once

#include "common/file.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace dbb::common {

/// Sorts records by an integer; those of equal keys stay in the order in which they came. What is nearly in
/// order is written and read about once.
class RecordSort {
public:
    /// \param size  bytes of a record, which is copied byte by byte \param memory  bytes that may be used
    /// before a file without a name is made
    RecordSort(std::size_t size, std::size_t memory);

    /// \throws Error DISK_FULL, IO_ERROR …
    void add(std::int64_t key, void const *record);
    /// Hand on all records in order, once; then it is empty. A record is valid until the next one.
    void drain(std::function<void(std::int64_t key, void const *record)> const &take);

private:
    /// What stands before each record.
    struct Head {
        std::int64_t key;
        std::uint64_t number; ///< in the order of arrival
        bool operator<(Head const &other) const {
            return key != other.key ? key < other.key : number < other.number;
        }
    };
    struct Piece {
        std::int64_t offset;
        std::size_t bytes;
    };
    /// Records in order, in one or several pieces of the file.
    struct Run {
        int level = 0; ///< how often its records were merged
        std::vector<Piece> pieces;
        std::int64_t last_key = 0;
    };
    class Cursor;

    Head headAt(std::byte const *entry) const;
    std::vector<std::uint32_t> sorted() const;
    void spill();
    void write(Run &run, std::vector<std::byte> const &entries);
    void mergeLevel(int level);
    void merge(std::vector<Run> const &runs, std::function<void(std::byte const *entry)> const &take) const;

    std::size_t _entry; ///< bytes of a record and its head
    std::size_t _memory;
    std::vector<std::byte> _entries; ///< that are not on disk yet
    std::uint64_t _count = 0;
    std::vector<Run> _runs;
    UniqueFd _fd;
    std::int64_t _end = 0; ///< of the file
};

} // namespace dbb::common
