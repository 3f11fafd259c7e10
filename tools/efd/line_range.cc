#include "efd/line_range.h"

#include "common/error.h"
#include "common/file.h"

#include <algorithm>

namespace dbb::efd {

namespace {

constexpr std::size_t furtherBytes = 4096; ///< that are read at first for the end of the last line
constexpr std::size_t maxLine = std::size_t{2} << 20;

/// More of a file behind what is there of it. \return whether there was any
bool readMore(LineRange const &range, std::string const &path, std::int64_t offset, std::size_t most,
              SampleText &out) {
    auto const left = static_cast<std::size_t>(std::max<std::int64_t>(0, range.limit - offset));
    auto const wanted = std::min(most, left);
    if (out.memory.size() < out.size + wanted) out.memory.resize(out.size + wanted);
    auto const n = common::readAt(range.fd, path, out.memory.data() + out.size, wanted, offset);
    out.size += n;
    return n > 0;
}

} // namespace

std::optional<std::int64_t> readLines(LineRange const &range, std::string const &path, SampleText &out) {
    // From the character before it on: a line begins behind a newline.
    auto const from = range.begin - (range.beginsLine ? 0 : 1);
    auto const own = static_cast<std::size_t>(range.end - from);
    out.begin = out.size = 0;
    readMore(range, path, from, own, out);
    auto const newline = range.beginsLine ? std::string_view::npos : out.text().find('\n');
    auto const first = range.beginsLine ? 0 : std::min(newline, out.size - 1) + 1;
    // The last line that begins here may end behind.
    auto more = furtherBytes;
    while (first < out.size && out.memory[out.size - 1] != '\n') {
        auto const at = out.size;
        if (at > own + maxLine) throw common::Error("TOO_LONG", "a line is too long to be read here");
        if (!readMore(range, path, from + static_cast<std::int64_t>(at), more, out)) break;
        auto const end = out.text().find('\n', at);
        if (end != std::string_view::npos) out.size = end + 1;
        more *= 4;
    }
    auto const behind = first < out.size ? out.text().rfind('\n') + 1 : 0;
    out.begin = first;
    out.size = behind > first ? behind - first : 0;
    if (out.size == 0) return std::nullopt;
    return from + static_cast<std::int64_t>(behind);
}

} // namespace dbb::efd
