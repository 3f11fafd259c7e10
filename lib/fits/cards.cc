// From 80-byte cards to typed values. CFITSIO takes each card apart; what it leaves as text is converted
// here, since its own number reading goes through locale-dependent functions.
#include "common/error.h"
#include "fits/header_file.h"

#include <algorithm>
#include <charconv>
#include <fitsio.h>

namespace dbb::fits {

using common::Error;

namespace {

constexpr std::size_t cardSize = 80;

struct Piece {
    std::string text; // value as it stands, quotes included
    char type = ' ';  // C, L, I, F, X of CFITSIO; blank: undefined
};

Error badCard(std::string const &path, std::size_t number, std::string const &key, std::string const &why) {
    return Error("BAD_CARD", "\"" + path + "\": card " + std::to_string(number + 1) + " (" + key + ") " + why)
        .cause({.card = key, .value = {}, .expected = "a card as the FITS standard 4.0 defines it"});
}

/// Let CFITSIO split the value off a card.
bool splitValue(char const *card, Piece &out) {
    char value[FLEN_VALUE] = "";
    char comment[FLEN_COMMENT] = "";
    int status = 0;
    if (fits_parse_value(const_cast<char *>(card), value, comment, &status)) return false;
    out.text = value;
    out.type = ' ';
    if (!out.text.empty() && fits_get_keytype(value, &out.type, &status)) return false;
    return true;
}

/// Text between the quotes, doubled quotes made single, trailing blanks gone.
std::string unquoted(std::string const &text) {
    std::string out;
    for (std::size_t i = 1; i + 1 < text.size() || (i < text.size() && text[i] != '\''); ++i) {
        if (text[i] == '\'') {
            if (i + 1 >= text.size() || text[i + 1] != '\'') break;
            ++i;
        }
        out += text[i];
    }
    return out;
}

void trimRight(std::string &text) {
    text.erase(text.find_last_not_of(' ') + 1);
}

template<typename T>
bool convert(std::string_view text, T &out) {
    if (text.starts_with('+')) text.remove_prefix(1);
    auto const [p, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    return ec == std::errc() && p == text.data() + text.size();
}

bool toValue(Piece const &piece, Value &out) {
    switch (piece.type) {
    case ' ': out = std::monostate{}; return true;
    case 'L': out = piece.text == "T"; return true;
    case 'X': out = piece.text; return true;
    default: break;
    }
    if (piece.type == 'I') {
        std::int64_t i = 0;
        if (convert(piece.text, i)) {
            out = i;
            return true;
        }
    }
    std::string text = piece.text;
    std::replace(text.begin(), text.end(), 'D', 'E'); // Fortran's double exponent
    std::replace(text.begin(), text.end(), 'd', 'e');
    double d = 0;
    if (!convert(text, d)) return false;
    out = d;
    return true;
}

bool isContinue(std::string_view card) {
    return card.starts_with("CONTINUE  ");
}

/// A CONTINUE card under another name, since CFITSIO takes the real one for a comment.
std::string asValueCard(std::string_view card) {
    return "D2345678= " + std::string(card.substr(10));
}

bool isPrintable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

} // namespace

Header parseCards(std::string_view text, std::string const &path) {
    Header out;
    for (std::size_t at = 0, number = 0; at + cardSize <= text.size(); at += cardSize, ++number) {
        auto const view = text.substr(at, cardSize);
        if (view.starts_with("END     ")) break;
        if (view.starts_with("        ") || isContinue(view)) continue;
        std::string const card(view);
        char name[FLEN_KEYWORD] = "";
        int length = 0;
        int status = 0;
        fits_get_keyname(const_cast<char *>(card.c_str()), name, &length, &status);
        std::string const key = name;
        if (status != 0) throw badCard(path, number, key, "has no proper keyword");
        if (key == "COMMENT" || key == "HISTORY") continue;
        Piece piece;
        Value value;
        if (!splitValue(card.c_str(), piece))
            throw badCard(path, number, key, "has a value that can't be read");
        if (piece.type == 'C') {
            auto string = unquoted(piece.text);
            // A string that ends in & goes on in the CONTINUE cards behind it.
            while (string.ends_with('&') && at + 2 * cardSize <= text.size()
                   && isContinue(text.substr(at + cardSize, cardSize))) {
                string.pop_back();
                at += cardSize;
                ++number;
                Piece more;
                if (!splitValue(asValueCard(text.substr(at, cardSize)).c_str(), more)) break;
                string += unquoted(more.text);
            }
            trimRight(string);
            if (!isPrintable(string)) throw badCard(path, number, key, "holds bytes that are no ASCII text");
            value = string;
        } else if (!toValue(piece, value)) {
            throw badCard(path, number, key, "has the value " + piece.text + ", which is no number");
        }
        out.set(key, std::move(value));
    }
    return out;
}

} // namespace dbb::fits
