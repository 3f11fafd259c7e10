#include "gen2/path_template.h"

#include "common/error.h"
#include "common/signals.h"
#include "common/text.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>

namespace dbb::gen2 {

using common::Error;

namespace {

Error mistake(std::string const &text, std::string const &reason) {
    return Error("BAD_TABLE", "the template \"" + text + "\" can't be used: " + reason,
                 common::ExitCode::Usage)
        .hint("keys are written as in Python, for example %(detector)03d");
}

bool isOneOf(char c, std::string_view characters) {
    return characters.find(c) != std::string_view::npos;
}

/// No name of a file is longer.
constexpr std::size_t maxWidth = 255;

/// The formatted key at the front of `rest`, which begins with `%(`.
Piece takeKey(std::string const &text, std::string_view &rest) {
    auto const close = rest.find(')');
    if (close == std::string_view::npos) throw mistake(text, "a parenthesis is open");
    Piece out;
    out.text = rest.substr(2, close - 2);
    rest.remove_prefix(close + 1);
    auto const letter = rest.find_first_not_of("0123456789-+ #.");
    if (letter == std::string_view::npos || !isOneOf(rest[letter], "diousrxXeEfFgGc"))
        throw mistake(text, "the key \"" + out.text + "\" has no conversion");
    if (!isOneOf(rest[letter], "diusr"))
        throw mistake(text,
                      std::string("the conversion \"") + rest[letter] + "\" is none of d, i, u, s and r");
    out.format = rest.substr(0, letter);
    out.kind = isOneOf(rest[letter], "diu") ? Piece::Kind::Integer
               : out.text == "patch"        ? Piece::Kind::Patch
                                            : Piece::Kind::Text;
    rest.remove_prefix(letter + 1);
    out.zeros = out.format.starts_with('0') && out.kind == Piece::Kind::Integer;
    out.left = out.format.starts_with('-');
    auto const digits = std::min(out.format.find_first_not_of("0-+ #"), out.format.size());
    auto const read =
        std::from_chars(out.format.data() + digits, out.format.data() + out.format.size(), out.width);
    if (read.ec == std::errc::result_out_of_range || out.width > maxWidth)
        throw mistake(text, "the key \"" + out.text + "\" is wider than any name of a file");
    return out;
}

Element elementOf(std::string const &text, std::string_view rest) {
    Element out;
    std::string literal;
    auto const flush = [&] {
        if (!literal.empty()) out.push_back({.text = std::exchange(literal, {}), .format = {}});
    };
    while (!rest.empty()) {
        if (rest.starts_with("%(")) {
            flush();
            out.push_back(takeKey(text, rest));
        } else {
            literal += rest.front();
            rest.remove_prefix(rest.starts_with("%%") ? 2 : 1);
        }
    }
    flush();
    return out;
}

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

/// How many digits stand at a place.
std::size_t digitsAt(std::string_view name, std::size_t at) {
    auto end = at;
    while (end < name.size() && isDigit(name[end])) ++end;
    return end - at;
}

/// Matches one name; memory of what failed keeps it from trying again what can't become better.
class Matcher {
public:
    Matcher(Element const &element, std::string_view name, Values &values)
        : _element(element), _name(name), _values(values), _first(values.size()) {}

    Fit match() {
        if (_element.size() > maxPieces || _name.size() > maxName) return Fit::No;
        if (from(0, 0)) return Fit::Yes;
        return _stepsLeft > 0 ? Fit::No : Fit::Undecided;
    }

private:
    /// What a name of a camera takes is some hundreds. Keys that come again may take any number.
    static constexpr int maxSteps = 200'000;
    static constexpr int stepsBetweenLooks = 1000;
    static constexpr std::size_t maxPieces = 32;
    static constexpr std::size_t maxName = 255;

    bool from(std::size_t piece, std::size_t at) {
        if (piece == _element.size()) return at == _name.size();
        if (_stepsLeft == 0) return false;
        --_stepsLeft;
        if (_stepsLeft % stepsBetweenLooks == 0 && common::stopSignal() != 0) _stepsLeft = 0;
        auto &failed = _failed[piece];
        if (failed[at]) return false;
        auto const &p = _element[piece];
        if (p.kind == Piece::Kind::Literal) {
            if (_name.compare(at, p.text.size(), p.text) == 0 && from(piece + 1, at + p.text.size()))
                return true;
        } else if (known(piece, at) || (!_values.has(p.text) && unknown(piece, at))) {
            return true;
        }
        // What follows may depend on a value that another attempt will find otherwise.
        if (!_repeats) failed[at] = true;
        return false;
    }

    /// The value that the key has already.
    bool known(std::size_t piece, std::size_t at) {
        auto const *value = _values.find(_element[piece].text);
        if (!value) return false;
        // Within one element the same characters stand again.
        bool const here = !_element[piece].known;
        _repeats = _repeats || here;
        auto const text =
            here ? std::optional(std::string(_texts[indexOf(piece)])) : _element[piece].written(*value);
        return text && _name.compare(at, text->size(), *text) == 0 && from(piece + 1, at + text->size());
    }

    /// Which of the pieces before has the same key.
    std::size_t indexOf(std::size_t piece) const {
        for (std::size_t i = 0; i < piece; ++i)
            if (_element[i].isKey() && _element[i].text == _element[piece].text) return i;
        return piece;
    }

    bool unknown(std::size_t piece, std::size_t at) {
        switch (_element[piece].kind) {
        case Piece::Kind::Integer: return any(piece, at, digitsAt(_name, at));
        case Piece::Kind::Patch: return patch(piece, at);
        default: return any(piece, at, _name.size() - at);
        }
    }

    bool patch(std::size_t piece, std::size_t at) {
        auto const x = digitsAt(_name, at);
        auto const comma = at + x;
        if (x == 0 || comma >= _name.size() || _name[comma] != ',') return false;
        auto const most = digitsAt(_name, comma + 1);
        for (auto y = most; y > 0; --y)
            if (take(piece, at, x + 1 + y)) return true;
        return false;
    }

    /// At most that many characters, at least one.
    bool any(std::size_t piece, std::size_t at, std::size_t most) {
        for (auto length = most; length > 0; --length)
            if (take(piece, at, length)) return true;
        return false;
    }

    bool take(std::size_t piece, std::size_t at, std::size_t length) {
        auto const &p = _element[piece];
        auto const text = _name.substr(at, length);
        auto const count = _values.size();
        if (p.kind == Piece::Kind::Integer) {
            std::int64_t number = 0;
            if (std::from_chars(text.data(), text.data() + length, number).ec != std::errc()) return false;
            _values.set(p.text, number);
        } else {
            _values.set(p.text, std::string(text));
        }
        _texts[piece] = text;
        if (from(piece + 1, at + length)) return true;
        _values.shorten(count);
        return false;
    }

    Element const &_element;
    std::string_view _name;
    Values &_values;
    std::size_t _first;
    bool _repeats = false;
    int _stepsLeft = maxSteps;
    std::array<std::string_view, maxPieces> _texts{};
    std::array<std::bitset<maxName + 1>, maxPieces> _failed{};
};

} // namespace

std::optional<std::string> Piece::written(Value const &value) const {
    auto const *number = std::get_if<std::int64_t>(&value);
    if (kind == Kind::Integer && !number) return std::nullopt;
    auto out = textOf(value);
    if (out.size() >= width) return out;
    if (left) return out + std::string(width - out.size(), ' ');
    return std::string(width - out.size(), zeros ? '0' : ' ') + out;
}

Fit matches(Element const &element, std::string_view name, Values &values) {
    // Most names end or begin with another text than the element, and need no search.
    auto const &first = element.front();
    auto const &last = element.back();
    if (!first.isKey() && !name.starts_with(first.text)) return Fit::No;
    if (!last.isKey() && !name.ends_with(last.text)) return Fit::No;
    return Matcher(element, name, values).match();
}

PathTemplate::PathTemplate(std::string const &text) : _text(text) {
    auto const bracket = text.find('[');
    auto const path = text.substr(0, bracket);
    for (auto const &step : common::split(path, '/')) {
        if (step.empty() || step == "." || step == "..")
            throw mistake(text, "no path of a file below a repository is so written");
        _elements.push_back(elementOf(text, step));
    }
    if (bracket != std::string::npos) _hdu = elementOf(text, text.substr(bracket));
    // The same HDU of every file tells nothing.
    if (std::none_of(_hdu.begin(), _hdu.end(), [](Piece const &p) { return p.isKey(); })) _hdu.clear();
    for (auto &element : _elements) {
        auto const before = _keys;
        for (auto &piece : element) {
            if (!piece.isKey()) continue;
            piece.known = std::find(before.begin(), before.end(), piece.text) != before.end();
            if (!hasKey(piece.text)) _keys.push_back(piece.text);
        }
    }
    for (auto const &piece : _hdu)
        if (piece.isKey() && !hasKey(piece.text)) _keys.push_back(piece.text);
    _compressible = path.ends_with(".fits");
}

bool PathTemplate::hasKey(std::string_view key) const {
    return std::find(_keys.begin(), _keys.end(), key) != _keys.end();
}

std::optional<std::string> PathTemplate::path(Values const &values) const {
    std::string out;
    for (auto const &element : _elements) {
        std::string name;
        for (auto const &piece : element) {
            auto const *value = piece.isKey() ? values.find(piece.text) : nullptr;
            auto const text = !piece.isKey() ? std::optional(piece.text)
                              : value        ? piece.written(*value)
                                             : std::nullopt;
            if (!text) return std::nullopt;
            name += *text;
        }
        // No value of a registry leads out of the repository.
        if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos)
            return std::nullopt;
        if (!out.empty()) out += '/';
        out += name;
    }
    return out;
}

} // namespace dbb::gen2
