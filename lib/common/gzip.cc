#include "common/gzip.h"

#include "common/error.h"
#include "common/file.h"

#include <algorithm>
#include <vector>
#include <zlib.h>

namespace dbb::common {

bool isGzip(std::string_view head) {
    return head.size() >= 3 && head.starts_with("\x1f\x8b\x08");
}

struct GzipReader::State {
    int fd;
    std::string path;
    std::int64_t offset = 0;
    z_stream stream{};
    bool ended = false;
    // Raw headers lie in the first kilobytes of a stream, so a small buffer saves reading the rest.
    std::vector<unsigned char> input = std::vector<unsigned char>(16384);
};

GzipReader::GzipReader(int fd, std::string path) : _state(new State{fd, std::move(path)}) {
    if (::inflateInit2(&_state->stream, 15 + 16) != Z_OK) {
        throw Error("IO_ERROR", "could not start inflating \"" + _state->path + "\"");
    }
}

GzipReader::~GzipReader() {
    ::inflateEnd(&_state->stream);
}

std::size_t GzipReader::read(void *buffer, std::size_t size) {
    auto &s = *_state;
    s.stream.next_out = static_cast<unsigned char *>(buffer);
    s.stream.avail_out = static_cast<unsigned>(size);
    while (s.stream.avail_out > 0) {
        if (s.stream.avail_in == 0) {
            auto const n = readAt(s.fd, s.path, s.input.data(), s.input.size(), s.offset);
            s.offset += static_cast<std::int64_t>(n);
            s.stream.next_in = s.input.data();
            s.stream.avail_in = static_cast<unsigned>(n);
            if (n == 0 && s.ended) break;
            if (n == 0) {
                throw Error("GZIP_DAMAGED",
                            "could not inflate \"" + s.path + "\": the gzip stream is cut short");
            }
        }
        if (s.ended) {
            // A further member, or padding behind the last one.
            if (*s.stream.next_in != 0x1f) break;
            ::inflateReset(&s.stream);
            s.ended = false;
        }
        int const rc = ::inflate(&s.stream, Z_NO_FLUSH);
        if (rc == Z_STREAM_END) {
            s.ended = true;
        } else if (rc != Z_OK) {
            throw Error("GZIP_DAMAGED", "could not inflate \"" + s.path + "\": "
                                            + (s.stream.msg ? s.stream.msg : "the gzip stream is damaged"));
        }
    }
    return size - s.stream.avail_out;
}

struct GzipWriter::State {
    int fd;
    std::string path;
    z_stream stream{};
    std::vector<unsigned char> output = std::vector<unsigned char>(65536);
};

GzipWriter::GzipWriter(int fd, std::string path) : _state(new State{fd, std::move(path)}) {
    if (::deflateInit2(&_state->stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        throw Error("IO_ERROR", "could not start deflating \"" + _state->path + "\"");
    }
}

GzipWriter::~GzipWriter() {
    ::deflateEnd(&_state->stream);
}

void GzipWriter::write(std::string_view data) {
    deflate(data, false);
}

void GzipWriter::finish() {
    deflate({}, true);
}

void GzipWriter::deflate(std::string_view data, bool last) {
    auto &s = *_state;
    // zlib reads only, and counts with 32 bits.
    s.stream.next_in = reinterpret_cast<unsigned char *>(const_cast<char *>(data.data()));
    do {
        auto const part = std::min<std::size_t>(data.size(), std::size_t{1} << 30);
        s.stream.avail_in = static_cast<unsigned>(part);
        data.remove_prefix(part);
        do {
            s.stream.next_out = s.output.data();
            s.stream.avail_out = static_cast<unsigned>(s.output.size());
            ::deflate(&s.stream, last ? Z_FINISH : Z_NO_FLUSH);
            writeAll(s.fd, {reinterpret_cast<char *>(s.output.data()), s.output.size() - s.stream.avail_out},
                     s.path);
        } while (s.stream.avail_out == 0);
    } while (!data.empty());
}

std::uint32_t adler32(std::uint32_t sum, std::string_view data) {
    return static_cast<std::uint32_t>(
        ::adler32_z(sum, reinterpret_cast<unsigned char const *>(data.data()), data.size()));
}

} // namespace dbb::common
