/// \file
/// Reading headers out of files: plain FITS, whole files in gzip whatever their name, tile-compressed
/// .fits.fz, and header dumps (.yaml, .json). Only what is asked for is read and inflated. The only place
/// with fitsio.h.
#pragma once

#include "common/file.h"
#include "fits/header.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace dbb::fits {

/// A header is refused when it is longer than this many bytes.
inline constexpr std::int64_t maxHeaderBytes = 8 << 20;
/// No more than this is inflated on the way to the second header.
inline constexpr std::int64_t maxInflatedBytes = std::int64_t{1} << 30;

/// Whether a file of that name is read as a header dump.
bool isDumpName(std::string const &path);

/// An open file with FITS headers.
class HeaderFile {
public:
    /// \throws Error NOT_FOUND, PERMISSION …, NOT_A_FILE, EMPTY_FILE, NOT_FITS, GZIP_DAMAGED, NOT_A_HEADER,
    /// BAD_YAML, NOT_JSON
    explicit HeaderFile(std::string path);
    ~HeaderFile();

    /// The header of HDU 0. \throws Error HEADER_TRUNCATED, HEADER_TOO_LONG, GZIP_DAMAGED, IO_ERROR;
    /// BAD_CARD, also for a card that is mandatory in FITS files and missing or wrong
    Header const &primary();
    /// The header of the first extension, nullptr when there is none. \throws Error as primary(); GZIP_BOMB;
    /// DATA_TRUNCATED when the file ends before it could begin
    Header const *extension();
    /// Whether the file ends where the primary HDU does, though that says that extensions may follow. Asked
    /// for behind extension().
    bool lacksExtension() const;

    /// Size and time of change when the file was opened.
    common::FileStat const &stat() const { return _stat; }
    /// Whether the file is still as it was when it was opened. \throws Error
    bool unchanged() const;

    /// Walk over all HDUs, from the first on; primary() and extension() are not to be used before or after.
    /// \return where the file ends too early or goes on with something else, empty when it is whole
    /// \throws Error as primary(), GZIP_BOMB
    std::string findDataDamage();
    /// Whether the size alone says that something is missing: a plain file that is not made of whole blocks.
    bool looksCut() const;

private:
    class Bytes;
    class PlainBytes;
    class GzipBytes;
    Header readHeader();
    std::int64_t dataBytes(Header const &header) const;
    bool skipData(Header const &header);
    bool atExtension();
    std::string endsInside(int hdu) const;

    std::string _path;
    common::UniqueFd _fd;
    common::FileStat _stat;
    std::unique_ptr<Bytes> _bytes;
    std::string _surplus; // read beyond the last header, not used yet
    std::optional<Header> _primary;
    std::optional<Header> _extension;
    bool _extensionRead = false;
};

/// Header of the blocks in `text` (80 bytes a card, END included).
/// \throws Error BAD_CARD naming the card's number and keyword
Header parseCards(std::string_view text, std::string const &path);

} // namespace dbb::fits
