#include "common/uri.h"

#include "common/error.h"
#include "common/text.h"

#include <string_view>

namespace dbb::common {

namespace {

constexpr std::string_view scheme = "file://";
constexpr std::string_view memberMark = "#zip-path=";

std::string encoded(std::string_view text) {
    constexpr std::string_view safe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~/";
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (char const c : text) {
        if (safe.find(c) != std::string_view::npos) {
            out += c;
        } else {
            auto const byte = static_cast<unsigned char>(c);
            out += {'%', digits[byte >> 4], digits[byte & 15]};
        }
    }
    return out;
}

int hexDigit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        int const high = text[i] == '%' && i + 2 < text.size() ? hexDigit(text[i + 1]) : -1;
        int const low = high >= 0 ? hexDigit(text[i + 2]) : -1;
        if (low >= 0) {
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

bool hasScheme(std::string const &uri) {
    return !schemeOf(uri).empty();
}

} // namespace

std::string schemeOf(std::string const &text) {
    auto const at = text.find("://");
    return at == std::string::npos || text.find('/') < at ? std::string() : text.substr(0, at);
}

std::string decodedUri(std::string const &text) {
    return decoded(text);
}

std::string fileUri(std::string const &path) {
    return std::string(scheme) + encoded(path);
}

std::string memberUri(std::string const &zip, std::string const &member) {
    return fileUri(zip) + std::string(memberMark) + encoded(member);
}

std::string memberOfUri(std::string const &uri) {
    // In a plain path the mark is a part of the name.
    auto const at = uri.starts_with(scheme) ? uri.find('#') : std::string::npos;
    if (at == std::string::npos || !std::string_view(uri).substr(at).starts_with(memberMark)) return {};
    return decoded(std::string_view(uri).substr(at + memberMark.size()));
}

std::string memberPath(std::string const &zip, std::string const &member) {
    return zip + std::string(memberMark) + member;
}

std::string shownUri(std::string const &uri) {
    auto const member = memberOfUri(uri);
    return member.empty() ? pathOfUri(uri) : memberPath(pathOfUri(uri), member);
}

bool isLocalFileUri(std::string const &uri) {
    return uri.starts_with("file:///") || uri.starts_with("file://localhost/");
}

std::string pathOfUri(std::string const &uri) {
    // The system functions would take it for the working folder, or not, as each sees fit.
    if (uri.empty()) throw Error("BAD_URI", "\"\" is no path and no file:// URI");
    if (!uri.starts_with(scheme) && hasScheme(uri))
        throw Error("BAD_URI", "\"" + uri + "\" is no path and no file:// URI");
    if (uri.starts_with(scheme) && !isLocalFileUri(uri))
        throw Error("BAD_URI", "\"" + uri + "\" names a file of another host, or lacks the third slash");
    auto path = uri;
    if (uri.starts_with(scheme)) {
        path = decoded(std::string_view(uri).substr(scheme.size(), uri.find('#') - scheme.size()));
        if (path.starts_with("localhost/")) path.erase(0, 9);
    }
    if (path.find('\0') != std::string::npos) {
        throw Error("BAD_URI", "\"" + printable(uri) + "\" has a NUL character")
            .hint("no file's name can have one; look at what wrote the line");
    }
    return path;
}

} // namespace dbb::common
