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

/// A card's value as CFITSIO splits it off.
struct Piece {
    char buffer[FLEN_VALUE] = ""; // quotes included
    std::string_view text;
    char type = ' '; // C, L, I, F, X of CFITSIO; blank: undefined
};

/// A card with the end that C functions want.
struct CardText {
    explicit CardText(std::string_view view) {
        std::copy(view.begin(), view.end(), text);
        text[view.size()] = '\0';
    }
    char text[cardSize + 1];
};

Error badCard(std::string const &path, std::size_t number, std::string const &key, std::string const &why) {
    return Error("BAD_CARD", "\"" + path + "\": card " + std::to_string(number + 1) + " (" + key + ") " + why)
        .cause({.card = key, .value = {}, .expected = "a card as the FITS standard 4.0 defines it"});
}

/// Let CFITSIO split the value off a card.
bool splitValue(char *card, Piece &out) {
    char comment[FLEN_COMMENT] = "";
    int status = 0;
    if (fits_parse_value(card, out.buffer, comment, &status)) return false;
    out.text = out.buffer;
    out.type = ' ';
    return out.text.empty() || !fits_get_keytype(out.buffer, &out.type, &status);
}

/// Text between the quotes, doubled quotes made single.
std::string unquoted(std::string_view text) {
    text.remove_prefix(1);
    std::string out;
    for (;;) {
        auto const quote = text.find('\'');
        out += text.substr(0, quote);
        if (quote == std::string_view::npos || text.substr(quote + 1, 1) != "'") return out;
        out += '\'';
        text.remove_prefix(quote + 2);
    }
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
    case 'X': out = std::string(piece.text); return true;
    default: break;
    }
    if (piece.type == 'I') {
        std::int64_t i = 0;
        if (convert(piece.text, i)) {
            out = i;
            return true;
        }
    }
    std::string text(piece.text);
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
CardText asValueCard(std::string_view card) {
    CardText out(card);
    std::string_view const name = "D2345678= ";
    std::copy(name.begin(), name.end(), out.text);
    return out;
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
        CardText card(view);
        char name[FLEN_KEYWORD] = "";
        int length = 0;
        int status = 0;
        fits_get_keyname(card.text, name, &length, &status);
        std::string_view const key = name;
        if (status != 0) throw badCard(path, number, name, "has no proper keyword");
        if (key == "COMMENT" || key == "HISTORY") continue;
        Piece piece;
        Value value;
        if (!splitValue(card.text, piece))
            throw badCard(path, number, name, "has a value that can't be read");
        if (piece.type == 'C') {
            auto string = unquoted(piece.text);
            // A string that ends in & goes on in the CONTINUE cards behind it.
            while (string.ends_with('&') && at + 2 * cardSize <= text.size()
                   && isContinue(text.substr(at + cardSize, cardSize))) {
                string.pop_back();
                at += cardSize;
                ++number;
                auto next = asValueCard(text.substr(at, cardSize));
                Piece more;
                if (!splitValue(next.text, more) || more.type != 'C') break;
                string += unquoted(more.text);
            }
            trimRight(string);
            if (!isPrintable(string)) throw badCard(path, number, name, "holds bytes that are no ASCII text");
            value = std::move(string);
        } else if (!toValue(piece, value)) {
            throw badCard(path, number, name,
                          "has the value " + std::string(piece.text) + ", which is no number");
        }
        out.set(key, std::move(value));
    }
    return out;
}

} // namespace dbb::fits
