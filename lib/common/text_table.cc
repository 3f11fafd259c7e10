#include "common/text_table.h"

#include "common/text.h"

#include <algorithm>

namespace dbb::common {

namespace {

/// Characters of UTF-8 text; wide ones are rare enough here.
std::size_t width(std::string const &text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// The text, its end replaced by an ellipsis when it is wider than `columns`; 0 is no limit.
std::string cut(std::string const &text, std::size_t columns) {
    if (columns == 0 || width(text) <= columns) return text;
    std::size_t end = 0;
    for (std::size_t shown = 0; end < text.size(); ++end) {
        bool const starts = (static_cast<unsigned char>(text[end]) & 0xC0) != 0x80;
        if (starts && ++shown == columns) break;
    }
    return text.substr(0, end) + "…";
}

} // namespace

void TextTable::add(std::vector<std::string> cells) {
    for (auto &cell : cells) cell = printable(cell);
    _rows.push_back(std::move(cells));
}

void TextTable::print(Output &out) const {
    if (_rows.empty()) return;
    std::vector<std::size_t> widths;
    for (auto const &heading : _headings) widths.push_back(width(heading));
    for (auto const &row : _rows) {
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
    }
    auto const columns = out.columns();
    auto const line = [&](std::vector<std::string> const &cells) {
        std::string text;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            text += cells[i];
            if (i + 1 < cells.size()) text += std::string(widths[i] - width(cells[i]) + 2, ' ');
        }
        while (text.ends_with(' ')) text.pop_back();
        out.write(cut(text, columns));
    };
    line(_headings);
    for (auto const &row : _rows) line(row);
}

} // namespace dbb::common
