#include "butler/where.h"

#include "common/error.h"
#include "common/text.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace dbb::butler {

using common::Error;
using sql::Value;

namespace {

/// Deep enough for people and generated conditions, shallow enough for any stack.
constexpr int maxDepth = 100;
/// SQLite takes expressions up to a depth of 1000, and each AND or OR adds one.
constexpr int maxConditions = 500;
/// SQLite takes 32766 parameters.
constexpr std::size_t maxValues = 20'000;

enum class Kind { Name, Text, Integer, Float, Symbol, End };

struct Token {
    Kind kind = Kind::End;
    std::string text;
    std::size_t at = 0; ///< position, from 0
};

bool isLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

Error mistake(std::string const &expression, std::size_t at, std::string const &reason,
              std::string const &hint = "") {
    return common::usageError(
        "--where: " + reason + " at position " + std::to_string(at + 1) + " of \"" + expression + "\"", hint);
}

class Tokenizer {
public:
    explicit Tokenizer(std::string const &text) : _text(text) {}

    std::vector<Token> tokens() {
        std::vector<Token> out;
        for (;;) {
            while (_at < _text.size()
                   && std::string_view(" \t\r\n").find(_text[_at]) != std::string_view::npos)
                ++_at;
            out.push_back(next());
            if (out.back().kind == Kind::End) return out;
        }
    }

private:
    Token next() {
        auto const start = _at;
        if (_at >= _text.size()) return {Kind::End, "the end", start};
        char const c = _text[_at];
        if (isLetter(c))
            return {Kind::Name, take([](char x) { return isLetter(x) || isDigit(x) || x == '.'; }), start};
        if (c == '\'') return {Kind::Text, quoted(), start};
        bool const sign = (c == '-' || c == '+') && _at + 1 < _text.size() && isDigit(_text[_at + 1]);
        if (isDigit(c) || sign) return number();
        for (std::string_view const symbol : {"..", "==", "!=", "<>", "<=", ">="}) {
            if (_text.compare(_at, 2, symbol) != 0) continue;
            _at += 2;
            return {Kind::Symbol, std::string(symbol), start};
        }
        if (std::string_view("=<>(),").find(c) == std::string_view::npos) {
            throw mistake(_text, start, "unexpected character \"" + std::string(1, c) + "\"",
                          c == '"' ? "text stands in single quotes" : "");
        }
        ++_at;
        return {Kind::Symbol, std::string(1, c), start};
    }

    template<class Predicate>
    std::string take(Predicate const &belongs) {
        auto const start = _at;
        while (_at < _text.size() && belongs(_text[_at])) ++_at;
        return _text.substr(start, _at - start);
    }

    std::string quoted() {
        auto const start = _at++;
        std::string out;
        for (;;) {
            auto const quote = _text.find('\'', _at);
            if (quote == std::string::npos) throw mistake(_text, start, "a text has no closing quote");
            out += _text.substr(_at, quote - _at);
            _at = quote + 1;
            if (_at >= _text.size() || _text[_at] != '\'') return out;
            out += '\'';
            ++_at;
        }
    }

    Token number() {
        auto const start = _at++;
        Kind kind = Kind::Integer;
        take(isDigit);
        // Two points are a range, not a fraction.
        if (_at < _text.size() && _text[_at] == '.' && _text.compare(_at, 2, "..") != 0) {
            kind = Kind::Float;
            ++_at;
            take(isDigit);
        }
        if (_at < _text.size() && (_text[_at] == 'e' || _text[_at] == 'E')) {
            kind = Kind::Float;
            ++_at;
            if (_at < _text.size() && (_text[_at] == '-' || _text[_at] == '+')) ++_at;
            take(isDigit);
        }
        if (_at < _text.size() && isLetter(_text[_at]))
            throw mistake(_text, start, "a number runs into a word");
        return {kind, _text.substr(start, _at - start), start};
    }

    std::string const &_text;
    std::size_t _at = 0;
};

class Parser {
public:
    Parser(std::string const &expression, std::vector<std::string> const &columns,
           std::set<std::string> const &numbers)
        : _expression(expression), _columns(columns), _numbers(numbers),
          _tokens(Tokenizer(expression).tokens()) {}

    Condition parse() {
        _out.sql = expression(0);
        if (peek().kind != Kind::End) throw unexpected("AND, OR or the end");
        return std::move(_out);
    }

private:
    Token const &peek() const { return _tokens[_at]; }
    Token const &take() { return _tokens[_at < _tokens.size() - 1 ? _at++ : _at]; }

    bool isWord(std::string_view word) const {
        return peek().kind == Kind::Name && common::toUpper(peek().text) == word;
    }
    bool acceptWord(std::string_view word) {
        if (!isWord(word)) return false;
        take();
        return true;
    }
    bool acceptSymbol(std::string_view symbol) {
        if (peek().kind != Kind::Symbol || peek().text != symbol) return false;
        take();
        return true;
    }
    Error unexpected(std::string const &expected) const {
        auto const &token = peek();
        return mistake(_expression, token.at, "expected " + expected + " but found " + token.text);
    }

    std::string expression(int depth) {
        auto out = term(depth);
        while (acceptWord("OR")) out += " OR " + term(depth);
        return out;
    }

    std::string term(int depth) {
        auto out = factor(depth);
        while (acceptWord("AND")) out += " AND " + factor(depth);
        return out;
    }

    std::string factor(int depth) {
        if (depth > maxDepth)
            throw mistake(_expression, peek().at, "parentheses and NOT are nested too deep");
        if (acceptWord("NOT")) return "NOT " + factor(depth + 1);
        if (acceptSymbol("(")) {
            auto const inner = expression(depth + 1);
            if (!acceptSymbol(")")) throw unexpected("a closing parenthesis");
            return "(" + inner + ")";
        }
        return comparison();
    }

    std::string comparison() {
        countCondition();
        auto const name = column();
        if (acceptWord("IS")) {
            bool const negated = acceptWord("NOT");
            if (!acceptWord("NULL")) throw unexpected("NULL");
            return name + (negated ? " IS NOT NULL" : " IS NULL");
        }
        if (acceptWord("NOT")) {
            if (!acceptWord("IN")) throw unexpected("IN");
            return "NOT " + items(name);
        }
        if (acceptWord("IN")) return items(name);
        static constexpr std::array<std::string_view, 8> operators{"=", "==", "!=", "<>",
                                                                   "<", "<=", ">",  ">="};
        auto const &token = peek();
        if (token.kind != Kind::Symbol
            || std::find(operators.begin(), operators.end(), token.text) == operators.end()) {
            throw unexpected("a comparison, IN or IS");
        }
        auto const sign = token.text == "=="   ? std::string("=")
                          : token.text == "!=" ? std::string("<>")
                                               : token.text;
        take();
        return name + " " + sign + " " + bound(value());
    }

    std::string column() {
        auto const token = peek();
        if (token.kind != Kind::Name) throw unexpected("the name of a column");
        if (std::find(_columns.begin(), _columns.end(), token.text) == _columns.end()) {
            auto const near = common::nearest(token.text, _columns);
            throw mistake(_expression, token.at, "there is no column \"" + token.text + "\"",
                          near.empty() ? "columns are: " + known() : "did you mean " + near + "?");
        }
        take();
        _column = token.text;
        auto &seen = _out.columns;
        if (std::find(seen.begin(), seen.end(), token.text) == seen.end()) seen.push_back(token.text);
        return sql::quoteIdentifier(token.text);
    }

    /// The columns that there are; of those with a point in their names only what stands before it.
    std::string known() const {
        std::vector<std::string> out;
        for (auto const &name : _columns) {
            auto const point = name.find('.');
            auto shown = point == std::string::npos ? name : name.substr(0, point) + ".*";
            if (std::find(out.begin(), out.end(), shown) == out.end()) out.push_back(std::move(shown));
        }
        return common::join(out, ", ");
    }

    /// `( item, … )` as one list of single values and a BETWEEN for each range.
    std::string items(std::string const &name) {
        if (!acceptSymbol("(")) throw unexpected("an opening parenthesis");
        std::vector<std::string> alternatives;
        std::vector<Value> single;
        do {
            auto const first = value();
            if (!acceptSymbol("..")) {
                single.push_back(first);
                continue;
            }
            auto const last = value();
            if (!std::holds_alternative<std::int64_t>(first) || !std::holds_alternative<std::int64_t>(last)) {
                throw unexpected("integers at both ends of a range");
            }
            countCondition();
            auto const low = bound(first);
            alternatives.push_back(name + " BETWEEN " + low + " AND " + bound(last));
        } while (acceptSymbol(","));
        if (!acceptSymbol(")")) throw unexpected("a comma or a closing parenthesis");
        // Values are bound in the order of their marks, so the list comes after the ranges.
        std::vector<std::string> marks;
        for (auto const &v : single) marks.push_back(bound(v));
        if (!marks.empty()) alternatives.push_back(name + " IN (" + common::join(marks, ", ") + ")");
        return "(" + common::join(alternatives, " OR ") + ")";
    }

    void countCondition() {
        if (++_conditions > maxConditions)
            throw mistake(_expression, peek().at, "there are too many conditions");
    }

    Value value() {
        auto const token = peek();
        if (token.kind == Kind::Text) {
            if (_numbers.contains(_column))
                throw mistake(_expression, token.at, _column + " is a number, not a text");
            take();
            return token.text;
        }
        if (acceptWord("TRUE")) return true;
        if (acceptWord("FALSE")) return false;
        if (token.kind != Kind::Integer && token.kind != Kind::Float) {
            throw unexpected(token.kind == Kind::Name ? "a value (text stands in single quotes)" : "a value");
        }
        take();
        return token.kind == Kind::Integer ? number<std::int64_t>(token) : number<double>(token);
    }

    template<class T>
    Value number(Token const &token) const {
        auto const *begin = token.text.data() + (token.text[0] == '+' ? 1 : 0);
        auto const *end = token.text.data() + token.text.size();
        T out{};
        auto const [rest, error] = std::from_chars(begin, end, out);
        if (error != std::errc() || rest != end)
            throw mistake(_expression, token.at, "a number is out of range");
        return out;
    }

    std::string bound(Value value) {
        if (_out.values.size() >= maxValues)
            throw mistake(_expression, peek().at, "there are too many values");
        // A server would read the fraction as what its column is, and refuse it for an integer one.
        bool const fraction = std::holds_alternative<double>(value);
        _out.values.push_back(std::move(value));
        return fraction ? "CAST(? AS DOUBLE PRECISION)" : "?";
    }

    std::string const &_expression;
    std::vector<std::string> const &_columns;
    std::set<std::string> const &_numbers;
    std::string _column; ///< that is compared
    std::vector<Token> _tokens;
    std::size_t _at = 0;
    int _conditions = 0;
    Condition _out;
};

} // namespace

Condition parseWhere(std::string const &expression, std::vector<std::string> const &columns,
                     std::set<std::string> const &numbers) {
    if (common::strip(expression).empty()) return {};
    return Parser(expression, columns, numbers).parse();
}

std::string quotedText(std::string const &text) {
    return "'" + common::join(common::split(text, '\''), "''") + "'";
}

} // namespace dbb::butler
