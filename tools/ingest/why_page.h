/// \file
/// Where dbb-why writes: JSON lines, or text with marks and colours as the terminal allows.
#pragma once

#include "common/json.h"
#include "common/lines.h"
#include "common/text_table.h"

#include <string>
#include <string_view>

namespace dbb::ingest {

/// How text looks.
struct PageStyle {
    bool utf8 = false; ///< ✓ ✗ · instead of words
    bool colour = false;
    bool terminal = false; ///< control characters of names are shown escaped

    /// As the terminal and the environment allow it: LC_ALL, LC_CTYPE, LANG, NO_COLOR, TERM.
    static PageStyle of(int fd);
};

class Page {
public:
    enum class Mark { Ok, Failed, Open };

    Page(common::Output &out, bool json, PageStyle style) : _out(out), _json(json), _style(style) {}

    bool wantsJson() const { return _json; }
    void json(common::Json const &object) { _out.write(object.dump()); }

    /// A line of text; names in it are made safe for a terminal.
    void line(std::string const &text) { _out.write(safe(text)); }
    /// The line that begins a block, emphasised, with an empty line between blocks.
    void heading(std::string const &text);
    /// A line with a mark and a word in front, indented.
    void marked(Mark mark, std::string_view word, std::string const &text);
    /// A line below a marked one: a name and its value. Nothing when there is no value.
    void detail(std::string_view name, std::string const &value);
    void table(common::TextTable const &rows) { rows.print(_out); }
    void flush() { _out.flush(); }

    PageStyle const &style() const { return _style; }

private:
    std::string safe(std::string const &text) const;
    std::string painted(std::string_view code, std::string_view text) const;

    common::Output &_out;
    bool _json;
    bool _empty = true;
    PageStyle _style;
};

} // namespace dbb::ingest
