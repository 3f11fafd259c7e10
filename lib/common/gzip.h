/// \file
/// Reading and writing gzip streams piece by piece. The only place with zlib's header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace dbb::common {

/// True when `head` starts as a gzip stream does (RFC 1952).
bool isGzip(std::string_view head);

/// Inflates a gzip file from its start, as far as asked and no further.
class GzipReader {
public:
    /// \param fd    stays open and owned by the caller; read by position, its offset does not matter
    /// \param path  shown in messages
    GzipReader(int fd, std::string path);
    ~GzipReader();

    /// Inflate up to `size` more bytes; fewer only at the end of the stream. Members that follow each other
    /// are read as one stream. \throws Error GZIP_DAMAGED when the stream is broken or cut short, IO_ERROR
    std::size_t read(void *buffer, std::size_t size);

private:
    struct State;
    std::unique_ptr<State> _state;
};

/// Deflates to a file, quickly rather than small.
class GzipWriter {
public:
    /// \param fd    stays open and owned by the caller; written at its offset
    /// \param path  shown in messages
    GzipWriter(int fd, std::string path);
    ~GzipWriter();

    /// \throws Error DISK_FULL, IO_ERROR
    void write(std::string_view data);
    /// The end of the stream; once, and last. \throws Error as write()
    void finish();

private:
    void deflate(std::string_view data, bool last);

    struct State;
    std::unique_ptr<State> _state;
};

/// Adler-32 of `data`, going on from `sum` (1 to start).
std::uint32_t adler32(std::uint32_t sum, std::string_view data);

} // namespace dbb::common
