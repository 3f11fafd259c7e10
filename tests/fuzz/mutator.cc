#include "fuzz/mutator.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace dbb::fuzz {

namespace {

using namespace std::string_view_literals;

/// No input grows beyond this.
constexpr std::size_t largest = 100000;

/// What has meaning to one of the readers, or is at the edge of what a number or text may be.
constexpr std::array words{"\0"sv,
                           "\xff"sv,
                           "\xc0\x80"sv,
                           "\xed\xa0\x80"sv,
                           "'"sv,
                           "''"sv,
                           "\""sv,
                           "\\"sv,
                           "\\u0000"sv,
                           "\\ud800"sv,
                           "CONTINUE  '"sv,
                           "HIERARCH "sv,
                           "END     "sv,
                           "COMMENT "sv,
                           "&'"sv,
                           "= "sv,
                           " / "sv,
                           "NAXIS1  = 99999999999"sv,
                           "NAXIS   =                  999"sv,
                           "PCOUNT  = 9223372036854775807"sv,
                           "BITPIX  =                    0"sv,
                           "XTENSION= 'BINTABLE'"sv,
                           "ZIMAGE  =                    T"sv,
                           "-1"sv,
                           "0"sv,
                           "-0"sv,
                           "1D300"sv,
                           "1e999"sv,
                           "-1e-999"sv,
                           "9223372036854775807"sv,
                           "9223372036854775808"sv,
                           "-9223372036854775809"sv,
                           "18446744073709551616"sv,
                           "2147483648"sv,
                           "nan"sv,
                           ".inf"sv,
                           "null"sv,
                           "~"sv,
                           "true"sv,
                           "{"sv,
                           "}"sv,
                           "["sv,
                           "]"sv,
                           "{}"sv,
                           "[]"sv,
                           ":"sv,
                           ": "sv,
                           ","sv,
                           "\n"sv,
                           "\n  "sv,
                           "- "sv,
                           "*a"sv,
                           "&a "sv,
                           "<<: *a"sv,
                           "? "sv,
                           "!!binary "sv,
                           "|\n"sv,
                           "---\n"sv,
                           "%"sv,
                           "\x1f\x8b\x08"sv,
                           "1970-01-01T00:00:00"sv,
                           "9999-12-31T23:59:60.999999999"sv,
                           "0000-00-00"sv,
                           "20251399"sv,
                           ".."sv,
                           "/../"sv,
                           "//"sv,
                           "{run}"sv,
                           "{a.b|c:?}"sv,
                           ":/"sv,
                           ":>99999999d"sv,
                           " AND "sv,
                           " IN ("sv,
                           "NOT "sv,
                           "("sv,
                           ")"sv};

std::size_t unitAt(std::string const &text, std::size_t at, std::size_t unit) {
    if (unit > 0) return at / unit * unit;
    auto const line = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
    return line == std::string::npos ? 0 : line + 1;
}

std::size_t unitEnd(std::string const &text, std::size_t at, std::size_t unit) {
    if (unit > 0) return std::min(text.size(), at + unit);
    auto const line = text.find('\n', at);
    return line == std::string::npos ? text.size() : line + 1;
}

} // namespace

std::size_t Mutator::below(std::size_t n) {
    return n == 0 ? 0 : std::uniform_int_distribution<std::size_t>(0, n - 1)(_random);
}

std::string Mutator::mutate(std::string text, std::vector<std::string> const &corpus, std::size_t unit) {
    for (auto n = 1 + below(6); n > 0; --n) {
        if (below(3) == 0) {
            changeUnits(text, corpus, unit);
        } else {
            changeBytes(text, corpus);
        }
    }
    if (text.size() > largest) text.resize(largest);
    return text;
}

void Mutator::changeBytes(std::string &text, std::vector<std::string> const &corpus) {
    auto const at = below(text.size() + 1);
    auto const length = below(std::min<std::size_t>(text.size() - at, 200) + 1);
    switch (below(8)) {
    case 0: text.erase(at, length); break;
    case 1: text.insert(at, words[below(words.size())]); break;
    case 2: {
        // In place of what is there, as headers want it.
        auto const word = words[below(words.size())];
        text.replace(at, std::min(word.size(), text.size() - at), word);
        break;
    }
    case 3: text.insert(at, text.substr(below(text.size() + 1), 1 + below(160))); break;
    case 4:
        if (at < text.size()) text[at] = static_cast<char>(below(256));
        break;
    case 5:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
        break;
    case 6: {
        auto const &other = corpus[below(corpus.size())];
        text.replace(at, length, other.substr(below(other.size() + 1), 1 + below(200)));
        break;
    }
    default:
        if (below(4) == 0) text.resize(at);
        break;
    }
}

void Mutator::changeUnits(std::string &text, std::vector<std::string> const &corpus, std::size_t unit) {
    auto const at = unitAt(text, below(text.size() + 1), unit);
    auto const end = unitEnd(text, at, unit);
    switch (below(4)) {
    case 0: text.erase(at, end - at); break;
    case 1: text.insert(at, text.substr(at, end - at)); break;
    case 2: {
        auto const from = unitAt(text, below(text.size() + 1), unit);
        auto const piece = text.substr(from, unitEnd(text, from, unit) - from);
        text.replace(at, below(2) == 0 ? 0 : end - at, piece);
        break;
    }
    default: {
        auto const &other = corpus[below(corpus.size())];
        auto const from = unitAt(other, below(other.size() + 1), unit);
        text.replace(at, below(2) == 0 ? 0 : end - at, other, from, unitEnd(other, from, unit) - from);
        break;
    }
    }
}

} // namespace dbb::fuzz
