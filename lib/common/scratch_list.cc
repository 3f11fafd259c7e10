#include "common/scratch_list.h"

#include "common/error.h"
#include "common/file.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace dbb::common {

namespace {

constexpr std::size_t scratchBlock = std::size_t{1} << 14;
constexpr char const *scratchName = "a scratch file";

int scratchFile() {
    static UniqueFd const file = temporaryFile();
    return file.get();
}

/// \return where the bytes are
std::int64_t writeScratch(std::byte const *bytes, std::size_t n) {
    static std::atomic<std::int64_t> end{0};
    auto const at = end.fetch_add(static_cast<std::int64_t>(n));
    for (std::size_t done = 0; done < n;) {
        auto const written =
            ::pwrite(scratchFile(), bytes + done, n - done, at + static_cast<std::int64_t>(done));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) throw systemError("write", scratchName, written < 0 ? errno : ENOSPC);
        done += static_cast<std::size_t>(written);
    }
    return at;
}

} // namespace

void ScratchBytes::append(void const *bytes, std::size_t n) {
    auto const *const from = static_cast<std::byte const *>(bytes);
    _tail.insert(_tail.end(), from, from + n);
    std::size_t gone = 0;
    for (; _tail.size() - gone >= _piece; gone += _piece)
        _pieces.push_back(writeScratch(_tail.data() + gone, _piece));
    _tail.erase(_tail.begin(), _tail.begin() + static_cast<std::ptrdiff_t>(gone));
}

void ScratchBytes::read(std::uint64_t at, void *out, std::size_t n) const {
    auto *to = static_cast<std::byte *>(out);
    while (n > 0 && at < written()) {
        auto const inPiece = static_cast<std::size_t>(std::min<std::uint64_t>(n, _piece - at % _piece));
        readWritten(at, to, inPiece);
        at += inPiece;
        to += inPiece;
        n -= inPiece;
    }
    if (n > 0) std::memcpy(to, &_tail[at - written()], n);
}

/// Bytes of one piece.
void ScratchBytes::readWritten(std::uint64_t at, std::byte *out, std::size_t n) const {
    if (at < _blockAt || at + n > _blockAt + _block.size()) {
        auto const inPiece = static_cast<std::size_t>(at % _piece);
        _block.resize(std::min(std::max(scratchBlock, n), _piece - inPiece));
        _blockAt = at;
        readAt(scratchFile(), scratchName, _block.data(), _block.size(),
               _pieces[at / _piece] + static_cast<std::int64_t>(inPiece));
    }
    std::memcpy(out, &_block[at - _blockAt], n);
}

std::string ScratchTexts::at(std::size_t i) const {
    auto const from = i == 0 ? 0 : _ends.at(i - 1);
    std::string out(_ends.at(i) - from, '\0');
    _bytes.read(from, out.data(), out.size());
    return out;
}

} // namespace dbb::common
