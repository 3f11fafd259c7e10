/// \file
/// Messages for people, on stderr. stdout never sees a message. The only place with spdlog.
#pragma once

#include "common/error.h"

#include <string>
#include <string_view>
#include <vector>

namespace dbb::common::log {

enum class Format { Text, Json };
enum class Level { Debug, Info, Warning, Error };

/// Set up the logger of this process. Before that, messages of level warning and above appear as text.
/// \param program  put before each message
/// \param level    lowest level that is shown
void start(std::string const &program, Format format, Level level);

/// Where the hint of an error comes from that brings none of its own: what to do about a code, empty for
/// nothing.
void remediesFrom(std::string_view (*remedyOf)(std::string_view code));

/// `<program>: <message>`, then `  hint: <hint>` when there is one.
void error(Error const &e);
void error(std::string const &message);
void warning(std::string const &message, std::string const &hint = "");
void info(std::string const &message);
void debug(std::string const &message);

/// Show where a program is, on one line that the next call or message replaces. Nothing happens unless stderr
/// is a terminal that can do so, and with -q. An empty text takes the line away.
void progress(std::string const &text);

/// Reports errors, or warnings, of single items; of each code the first few are shown and the rest are
/// counted.
class Grouped {
public:
    explicit Grouped(Level level = Level::Error) : _level(level) {}
    /// \param rest  where those that are not shown are
    Grouped(Level level, std::string rest) : _level(level), _rest(std::move(rest)) {}
    ~Grouped();
    /// \param uri  of the file that the error is about, for messages as JSON; may be empty
    void add(Error const &e, std::string const &uri = "");
    /// Print the counts of what was not shown. Called by the destructor too.
    void finish();

private:
    struct Count {
        std::string code;
        std::size_t seen = 0;
    };
    Level _level;
    std::string _rest{};
    std::vector<Count> _counts;
};

} // namespace dbb::common::log
