#include "ingest/why_page.h"

#include "common/options.h"
#include "common/text.h"

#include <unistd.h>
#include <utility>

namespace dbb::ingest {

namespace {

constexpr std::string_view red = "31";
constexpr std::string_view green = "32";
constexpr std::string_view bold = "1";
constexpr std::string_view dim = "2";

/// Whether the locale's characters are UTF-8. The first variable that is set decides, as in setlocale().
bool isUtf8Locale() {
    for (auto const *name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        auto const value = common::toLower(common::environmentValue(name));
        if (value.empty()) continue;
        return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
    }
    return false;
}

std::string padded(std::string_view text, std::size_t width) {
    std::string out(text);
    if (out.size() < width) out.resize(width, ' ');
    return out;
}

struct MarkText {
    std::string_view utf8;
    std::string_view ascii; // all of one width
    std::string_view colour;
};

MarkText textOf(Page::Mark mark) {
    switch (mark) {
    case Page::Mark::Ok: return {"✓", "[ok]    ", green};
    case Page::Mark::Failed: return {"✗", "[FAILED]", red};
    case Page::Mark::Open: break;
    }
    return {"·", "[-]     ", dim};
}

} // namespace

PageStyle PageStyle::of(int fd) {
    PageStyle out;
    out.terminal = ::isatty(fd) == 1;
    out.utf8 = isUtf8Locale();
    out.colour = out.terminal && common::environmentValue("NO_COLOR").empty()
                 && common::environmentValue("TERM") != "dumb";
    return out;
}

std::string Page::safe(std::string const &text) const {
    return _style.terminal ? common::printable(text) : text;
}

std::string Page::painted(std::string_view code, std::string_view text) const {
    if (!_style.colour) return std::string(text);
    return "\033[" + std::string(code) + "m" + std::string(text) + "\033[0m";
}

void Page::heading(std::string const &text) {
    if (!std::exchange(_empty, false)) _out.write("");
    _out.write(painted(bold, safe(text)));
}

void Page::marked(Mark mark, std::string_view word, std::string const &text) {
    auto const [utf8, ascii, colour] = textOf(mark);
    auto out = "  " + painted(colour, _style.utf8 ? utf8 : ascii) + " " + padded(word, 9);
    if (!text.empty()) out += "  " + safe(text);
    while (out.ends_with(' ')) out.pop_back();
    _out.write(out);
}

void Page::detail(std::string_view name, std::string const &value) {
    if (value.empty()) return;
    _out.write("      " + painted(dim, padded(name, 8)) + "  " + safe(value));
}

} // namespace dbb::ingest
