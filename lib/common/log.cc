#include "common/log.h"

#include "common/json.h"
#include "common/text.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>
#include <utility>

namespace dbb::common::log {

namespace {

struct State {
    std::string program = "dbb";
    Format format = Format::Text;
    Level level = Level::Warning;
    std::string_view (*remedyOf)(std::string_view) = nullptr;
    bool progressShown = false;
    // spdlog's default logger writes to stdout, which belongs to the manifest.
    std::shared_ptr<spdlog::logger> logger = makeLogger();

    static std::shared_ptr<spdlog::logger> makeLogger() {
        auto out = std::make_shared<spdlog::logger>("dbb", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        out->set_pattern("%v");
        out->set_level(spdlog::level::trace);
        out->flush_on(spdlog::level::trace);
        return out;
    }
};

State &state() {
    static State s;
    return s;
}

char const *nameOf(Level level) {
    switch (level) {
    case Level::Debug: return "debug";
    case Level::Info: return "info";
    case Level::Warning: return "warning";
    case Level::Error: return "error";
    }
    return "";
}

bool canShowProgress() {
    auto const *term = std::getenv("TERM");
    return ::isatty(STDERR_FILENO) == 1 && term && std::string_view(term) != "dumb";
}

/// Carriage return and the sequence that clears to the end of the line.
constexpr char const *clearLine = "\r\x1b[K";

void clearProgress() {
    if (!std::exchange(state().progressShown, false)) return;
    std::fputs(clearLine, stderr);
}

/// One message as one write, so that parallel programs never interleave within it.
void write(Level level, std::string const &message, std::string const &hint, std::string const &code,
           std::string const &uri = "") {
    auto const &s = state();
    if (level < s.level) return;
    clearProgress();
    if (s.format == Format::Json) {
        Json line;
        line.set("level", nameOf(level)).set("program", s.program).set("message", message);
        if (!code.empty()) line.set("code", code);
        if (!uri.empty()) line.set("uri", uri);
        if (!hint.empty()) line.set("hint", hint);
        s.logger->info(line.dump());
        return;
    }
    // Levels are shown only to those who asked for more than the usual.
    std::string const label = s.level <= Level::Info ? std::string(nameOf(level)) + ": " : "";
    // Also in a log file a name with a newline could pass for a message of its own.
    std::string text = s.program + ": " + label + printable(message);
    if (!hint.empty()) text += "\n  hint: " + printable(hint);
    s.logger->info(text);
}

} // namespace

void progress(std::string const &text) {
    static bool const possible = canShowProgress();
    auto &s = state();
    if (!possible || s.format == Format::Json || s.level == Level::Error) return;
    clearProgress();
    if (text.empty()) return;
    s.progressShown = true;
    std::fputs((s.program + ": " + text).c_str(), stderr);
}

void start(std::string const &program, Format format, Level level) {
    auto &s = state();
    s.program = program;
    s.format = format;
    s.level = level;
}

void remediesFrom(std::string_view (*remedyOf)(std::string_view code)) {
    state().remedyOf = remedyOf;
}

namespace {

void writeError(Level level, Error const &e, std::string const &uri = "") {
    auto const remedy = state().remedyOf ? state().remedyOf(e.code()) : std::string_view();
    write(level, e.message(), e.hint().empty() ? std::string(remedy) : e.hint(), e.code(), uri);
}

} // namespace

void error(Error const &e) {
    writeError(Level::Error, e);
}
void error(std::string const &message) {
    write(Level::Error, message, "", "");
}
void warning(std::string const &message, std::string const &hint) {
    write(Level::Warning, message, hint, "");
}
void info(std::string const &message) {
    write(Level::Info, message, "", "");
}
void debug(std::string const &message) {
    write(Level::Debug, message, "", "");
}

namespace {
constexpr std::size_t shownPerCode = 5;
}

Grouped::~Grouped() {
    finish();
}

void Grouped::add(Error const &e, std::string const &uri) {
    auto at =
        std::find_if(_counts.begin(), _counts.end(), [&](Count const &c) { return c.code == e.code(); });
    if (at == _counts.end()) at = _counts.insert(_counts.end(), Count{e.code(), 0});
    if (++at->seen <= shownPerCode) writeError(_level, e, uri);
}

void Grouped::finish() {
    for (auto const &count : _counts) {
        if (count.seen <= shownPerCode) continue;
        auto const rest = !_rest.empty()           ? _rest
                          : _level == Level::Error ? "--rejects FILE keeps all"
                                                   : "the receipts tell all";
        write(_level,
              std::to_string(count.seen - shownPerCode) + " more of kind " + count.code + " are not shown; "
                  + rest,
              "", "");
    }
    _counts.clear();
}

} // namespace dbb::common::log
