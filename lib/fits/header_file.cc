#include "fits/header_file.h"

#include "common/error.h"
#include "common/gzip.h"
#include "common/yaml.h"

#include <algorithm>
#include <array>

namespace dbb::fits {

using common::Error;

namespace {

constexpr std::size_t blockSize = 2880;
constexpr std::string_view signature = "SIMPLE  =";
constexpr std::int64_t maxDataBytes = std::int64_t{1} << 50; // of an HDU; what says more is wrong

} // namespace

bool isDumpName(std::string const &path) {
    return path.ends_with(".yaml") || path.ends_with(".yml") || path.ends_with(".json");
}

namespace {

common::Json parseDump(std::string const &text, std::string const &path) {
    if (!path.ends_with(".json")) return common::parseYaml(text, path);
    try {
        return common::Json::parse(text);
    } catch (Error const &e) {
        throw Error(e.code(), "could not read \"" + path + "\": " + e.message())
            .hint("write the header dump again; it is one JSON object of keywords and values");
    }
}

/// Position of the END card in whole cards of `text` from `from` on; npos when it is not there.
std::size_t findEnd(std::string_view text, std::size_t from) {
    for (auto at = from; at + cardSize <= text.size(); at += cardSize) {
        if (text.substr(at, 8) == "END     ") return at;
    }
    return std::string_view::npos;
}

void requireSignature(std::string_view start, std::string const &path, std::string const &what = "it") {
    if (start.starts_with(signature)) return;
    throw Error("NOT_FITS", "\"" + path + "\" is no FITS file: " + what + " does not begin with SIMPLE  =")
        .cause({.card = "SIMPLE", .value = {}, .expected = "SIMPLE  = T as the first card"});
}

Error badCard(std::string const &path, std::string const &key, Value const *value,
              std::string const &expected) {
    std::string shown = "missing";
    std::string plain;
    if (value) {
        auto const *text = std::get_if<std::string>(value);
        shown = toJson(*value).dump();
        plain = text ? *text : shown;
    }
    return Error("BAD_CARD", "\"" + path + "\": card " + key + " is " + shown + ", expected " + expected)
        .cause({.card = key, .value = plain, .expected = expected});
}

std::int64_t integerOf(Header const &header, std::string_view key, std::int64_t fallback) {
    auto const *value = header.find(key);
    auto const *i = value ? std::get_if<std::int64_t>(value) : nullptr;
    return i ? *i : fallback;
}

} // namespace

/// The bytes of the FITS file from its start on.
class HeaderFile::Bytes {
public:
    virtual ~Bytes() = default;
    virtual std::size_t read(char *buffer, std::size_t size) = 0;
    /// False when the file ends before.
    virtual bool skip(std::int64_t size) = 0;
};

class HeaderFile::PlainBytes : public Bytes {
public:
    PlainBytes(int fd, std::string const &path, std::int64_t size) : _fd(fd), _path(path), _size(size) {}
    std::size_t read(char *buffer, std::size_t size) override {
        auto const n = common::readAt(_fd, _path, buffer, size, _offset);
        _offset += static_cast<std::int64_t>(n);
        return n;
    }
    bool skip(std::int64_t size) override {
        _offset += size;
        return _offset <= _size;
    }

private:
    int _fd;
    std::string const &_path;
    std::int64_t _size;
    std::int64_t _offset = 0;
};

class HeaderFile::GzipBytes : public Bytes {
public:
    GzipBytes(int fd, std::string const &path) : _reader(fd, path), _path(path) {}
    std::size_t read(char *buffer, std::size_t size) override {
        auto const n = _reader.read(buffer, size);
        _inflated += static_cast<std::int64_t>(n);
        if (_inflated > maxInflatedBytes) {
            throw Error("GZIP_BOMB",
                        "\"" + _path + "\": the second header lies behind more than 1 GiB of inflated data");
        }
        return n;
    }
    bool skip(std::int64_t size) override {
        std::array<char, 65536> sink; // NOLINT: only written
        while (size > 0) {
            auto const n =
                read(sink.data(), std::min<std::size_t>(sink.size(), static_cast<std::size_t>(size)));
            if (n == 0) return false;
            size -= static_cast<std::int64_t>(n);
        }
        return true;
    }

private:
    common::GzipReader _reader;
    std::string const &_path;
    std::int64_t _inflated = 0;
};

HeaderFile::HeaderFile(std::string path) : _path(std::move(path)) {
    _fd = common::openForReading(_path);
    _stat = common::statFile(_fd.get(), _path);
    common::requireRegular(_stat, _path);
    if (_stat.size_bytes == 0) throw Error("EMPTY_FILE", "\"" + _path + "\" is empty (0 bytes)");
    if (isDumpName(_path)) {
        if (_stat.size_bytes > maxHeaderBytes) {
            throw Error("HEADER_TOO_LONG", "\"" + _path + "\": the header dump is longer than 8 MiB");
        }
        _primary = fromDump(parseDump(common::readAll(_fd.get(), _path), _path), _path);
        _extensionRead = true;
        return;
    }
    char head[10] = "";
    auto const n = common::readAt(_fd.get(), _path, head, sizeof head, 0);
    std::string_view const start(head, n);
    if (common::isGzip(start)) {
        _bytes = std::make_unique<GzipBytes>(_fd.get(), _path);
        // Before more is inflated in search of an END card. What is shorter comes out of a whole stream,
        // since one that is cut short throws: nobody is still writing it.
        _surplus.resize(signature.size());
        _surplus.resize(_bytes->read(_surplus.data(), _surplus.size()));
        requireSignature(_surplus, _path, "what its gzip stream holds");
    } else {
        requireSignature(start, _path);
        _bytes = std::make_unique<PlainBytes>(_fd.get(), _path, _stat.size_bytes);
    }
}

HeaderFile::~HeaderFile() = default;

Header HeaderFile::readHeader() {
    std::string text = std::move(_surplus);
    _surplus.clear();
    std::size_t searched = 0;
    std::size_t end = std::string::npos;
    // Raw headers take about five blocks, so one read gets most of them.
    std::size_t wanted = 5 * blockSize;
    while ((end = findEnd(text, searched)) == std::string::npos) {
        if (text.size() > static_cast<std::size_t>(maxHeaderBytes)) {
            throw Error("HEADER_TOO_LONG", "\"" + _path + "\": no END card in the first 8 MiB of a header");
        }
        searched = text.size() / cardSize * cardSize;
        auto const old = text.size();
        text.resize(old + wanted);
        text.resize(old + _bytes->read(text.data() + old, wanted));
        if (text.size() == old) {
            throw Error("HEADER_TRUNCATED", "\"" + _path + "\": the header is cut short after "
                                                + std::to_string(text.size()) + " bytes, without an END card")
                .cause({.card = "END", .value = {}, .expected = "an END card"});
        }
        wanted = blockSize;
    }
    // The END of the next HDU is none of this one's.
    for (auto at = blockSize; at < end; at += blockSize) {
        if (!std::string_view(text).substr(at).starts_with("XTENSION=")) continue;
        throw Error("HEADER_TRUNCATED", "\"" + _path + "\": an extension begins " + std::to_string(at)
                                            + " bytes behind the begin of a header that has no END card")
            .cause({.card = "END", .value = {}, .expected = "an END card"});
    }
    // Give back what was read beyond the header's last block: the next HDU starts there.
    auto const length = (end / blockSize + 1) * blockSize;
    _surplus = text.size() > length ? text.substr(length) : std::string();
    return parseCards(std::string_view(text).substr(0, end), _path);
}

Header const &HeaderFile::primary() {
    if (!_primary) {
        auto header = readHeader();
        // F is allowed: it says that the file does not conform, and CFITSIO reads it.
        auto const *simple = header.find("SIMPLE");
        if (!simple || !std::holds_alternative<bool>(*simple)) {
            throw badCard(_path, "SIMPLE", simple, "T or F");
        }
        dataBytes(header);
        _primary = std::move(header);
    }
    return *_primary;
}

/// \throws Error BAD_CARD for a mandatory card that CFITSIO would refuse to open the file for
std::int64_t HeaderFile::dataBytes(Header const &header) const {
    auto need = [&](std::string const &key, char const *expected, auto const &allowed) {
        auto const *value = header.find(key);
        auto const *i = value ? std::get_if<std::int64_t>(value) : nullptr;
        if (!i || !allowed(*i)) throw badCard(_path, key, value, expected);
        return *i;
    };
    auto const bits = need("BITPIX", "one of 8, 16, 32, 64, -32, -64", [](std::int64_t i) {
        return i == 8 || i == 16 || i == 32 || i == 64 || i == -32 || i == -64;
    });
    auto const axes =
        need("NAXIS", "a number from 0 to 999", [](std::int64_t i) { return i >= 0 && i <= 999; });
    if (axes == 0) return 0;
    // FITS standard 4.0, equation 2: |BITPIX| GCOUNT (PCOUNT + NAXIS1 … NAXISm) bits.
    auto const unit = std::abs(bits) / 8;
    auto bytes = unit;
    for (std::int64_t i = 1; i <= axes; ++i) {
        need("NAXIS" + std::to_string(i), "a length of 0 or more, and less than 1 PiB of data",
             [&](std::int64_t length) {
                 return length >= 0 && !__builtin_mul_overflow(bytes, length, &bytes)
                        && bytes <= maxDataBytes;
             });
    }
    auto const groups = integerOf(header, "GCOUNT", 1);
    auto extra = integerOf(header, "PCOUNT", 0);
    bool const overflow = __builtin_mul_overflow(extra, unit, &extra)
                          || __builtin_add_overflow(bytes, extra, &bytes)
                          || __builtin_mul_overflow(bytes, groups, &bytes);
    auto const block = static_cast<std::int64_t>(blockSize);
    if (overflow || bytes < 0 || bytes > maxDataBytes) {
        auto const *card = groups == 1 ? "PCOUNT" : "GCOUNT";
        throw badCard(_path, card, header.find(card), "a count that gives less than 1 PiB of data");
    }
    return (bytes + block - 1) / block * block;
}

/// Go to the end of the data behind a header that was just read; false when the file ends before.
bool HeaderFile::skipData(Header const &header) {
    auto const data = dataBytes(header);
    auto const surplus = static_cast<std::int64_t>(_surplus.size());
    if (data < surplus) {
        _surplus.erase(0, static_cast<std::size_t>(data));
        return true;
    }
    _surplus.clear();
    return _bytes->skip(data - surplus);
}

Header const *HeaderFile::extension() {
    if (!_extensionRead) {
        auto const &first = primary();
        _extensionRead = true;
        if (!skipData(first)) throw Error("DATA_TRUNCATED", "\"" + _path + "\": " + endsInside(0));
        if (!atExtension()) return nullptr;
        _extension = readHeader();
    }
    return _extension ? &*_extension : nullptr;
}

bool HeaderFile::lacksExtension() const {
    if (!_extensionRead || _extension || !_bytes || !_surplus.empty()) return false;
    auto const *extend = _primary->find("EXTEND");
    return extend && *extend == Value(true);
}

std::string HeaderFile::endsInside(int hdu) const {
    return "the file ends inside the data of HDU " + std::to_string(hdu) + ", after "
           + std::to_string(_stat.size_bytes) + " bytes";
}

/// Whether another HDU begins here.
bool HeaderFile::atExtension() {
    constexpr std::string_view keyword = "XTENSION";
    if (auto const old = _surplus.size(); old < keyword.size()) {
        _surplus.resize(keyword.size());
        _surplus.resize(old + _bytes->read(_surplus.data() + old, keyword.size() - old));
    }
    return _surplus.starts_with(keyword);
}

bool HeaderFile::unchanged() const {
    auto const now = common::statFile(_fd.get(), _path);
    return now.looksLike(_stat);
}

bool HeaderFile::looksCut() const {
    bool const plain = dynamic_cast<PlainBytes *>(_bytes.get()) != nullptr;
    return plain && _stat.size_bytes % static_cast<std::int64_t>(blockSize) != 0;
}

std::string HeaderFile::findDataDamage() {
    if (!_bytes) return {}; // a header dump has no data
    for (int hdu = 0;; ++hdu) {
        auto const header = readHeader();
        if (!skipData(header)) return endsInside(hdu);
        if (atExtension()) continue;
        return _surplus.empty() ? std::string()
                                : "there is something behind HDU " + std::to_string(hdu) + " that is no HDU";
    }
}

} // namespace dbb::fits
