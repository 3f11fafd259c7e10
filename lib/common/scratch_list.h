/// \file
/// Long lists, on disk when they are long.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace dbb::common {

/// Bytes one behind the other. Only the last ones are in memory, the others in a file without a name, which
/// is the same for all lists of a process: there may be more lists than descriptors.
class ScratchBytes {
public:
    /// \param piece  bytes that go to the file at once; fewer are held back
    explicit ScratchBytes(std::size_t piece) : _piece(piece) {}

    /// \throws Error DISK_FULL, IO_ERROR …
    void append(void const *bytes, std::size_t n);
    std::uint64_t size() const { return written() + _tail.size(); }
    /// Reading forward is quick. \throws Error IO_ERROR
    void read(std::uint64_t at, void *out, std::size_t n) const;

private:
    std::uint64_t written() const { return _pieces.size() * _piece; }
    void readWritten(std::uint64_t at, std::byte *out, std::size_t n) const;

    std::size_t _piece;
    std::vector<std::int64_t> _pieces; ///< where they are in the file; they never change there
    std::vector<std::byte> _tail;
    mutable std::vector<std::byte> _block; ///< what was read last
    mutable std::uint64_t _blockAt = 0;
};

/// Items that can be copied byte by byte.
template<typename Item>
class ScratchList {
    static_assert(std::is_trivially_copyable_v<Item>);

public:
    /// \param piece  bytes that are in memory at most
    explicit ScratchList(std::size_t piece = std::size_t{1} << 18) : _bytes(piece) {}

    void push(Item const &item) { _bytes.append(&item, sizeof item); }
    void append(std::span<Item const> items) { _bytes.append(items.data(), items.size_bytes()); }
    std::size_t size() const { return static_cast<std::size_t>(_bytes.size() / sizeof(Item)); }
    Item at(std::size_t i) const {
        Item out;
        _bytes.read(i * sizeof out, static_cast<void *>(&out), sizeof out);
        return out;
    }
    void read(std::size_t first, std::span<Item> out) const {
        _bytes.read(first * sizeof(Item), static_cast<void *>(out.data()), out.size_bytes());
    }

private:
    ScratchBytes _bytes;
};

/// Texts by number.
class ScratchTexts {
public:
    void push(std::string_view text) {
        _bytes.append(text.data(), text.size());
        _ends.push(_bytes.size());
    }
    std::size_t size() const { return _ends.size(); }
    std::string at(std::size_t i) const;

private:
    ScratchBytes _bytes{std::size_t{1} << 18};
    ScratchList<std::uint64_t> _ends;
};

} // namespace dbb::common
