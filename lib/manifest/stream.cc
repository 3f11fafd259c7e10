#include "manifest/stream.h"

#include "common/error.h"
#include "common/text.h"
#include "common/uri.h"
#include "manifest/reason.h"

#include <charconv>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dbb::manifest {

using common::Error;

namespace {

/// An error of writing what a program has to say, which is none of the line that it is about.
Error outputFailed(Error const &e) {
    return Error("OUTPUT_FAILED", e.message(), common::ExitCode::Backend);
}

} // namespace

Rejects::Rejects(std::string const &target) : _target(target) {
    if (target.empty()) return;
    if (target.starts_with("fd:")) {
        auto const [p, ec] = std::from_chars(target.data() + 3, target.data() + target.size(), _fd);
        if (ec != std::errc() || p != target.data() + target.size() || ::fcntl(_fd, F_GETFD) < 0) {
            throw common::usageError("--rejects: \"" + target + "\" is no open descriptor");
        }
        refuseOwnInput();
        return;
    }
    _owned = common::UniqueFd(::open(target.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
    if (!_owned) throw common::usageError(common::systemError("open", target, errno).message());
    _fd = _owned.get();
    refuseOwnInput();
}

/// Rejects that are read while they are written would be tried again without end.
void Rejects::refuseOwnInput() const {
    struct stat in {};
    struct stat out {};
    if (::fstat(STDIN_FILENO, &in) != 0 || ::fstat(_fd, &out) != 0 || !S_ISREG(in.st_mode)) return;
    if (in.st_dev == out.st_dev && in.st_ino == out.st_ino) {
        throw common::usageError("--rejects: \"" + _target + "\" is the input, too",
                                 "write the rejects to another file");
    }
}

int guarded(std::function<common::ExitCode()> const &body) {
    common::log::remediesFrom([](std::string_view code) { return reasonOf(code).remedy; });
    return common::guarded(body);
}

namespace {

/// The error with the file's name in its sentence, which among the lines of thousands must tell its own. What
/// speaks of a line's values alone does not know the file.
Error named(Error const &e, std::string const &uri) {
    // Of a name that is no UTF-8 the record has less than the sentence.
    if (uri.find("\xEF\xBF\xBD") != std::string::npos) return e;
    auto path = uri;
    try {
        path = common::shownUri(uri);
    } catch (Error const &) {
        // That it is no path is what the sentence says.
    }
    for (auto const &name : {path, common::printable(path), uri, common::printable(uri)}) {
        // A zip file's sentence may be about a member.
        for (auto const *end : {"\"", "#zip-path="})
            if (e.message().find(name + end) != std::string::npos) return e;
    }
    return e.saying("\"" + path + "\": " + e.message());
}

} // namespace

void Rejects::write(Record const &record, Error const &e) {
    ++_count;
    ++_byCode[e.code()];
    if (auto const uri = record.get("uri"); uri.isString()) {
        _log.add(named(e, uri.string()), uri.string());
    } else {
        _log.add(e);
    }
    if (_fd < 0) return;
    try {
        common::writeAll(_fd, record.line() + "\n", _target);
    } catch (Error const &failure) {
        throw outputFailed(failure);
    }
}

void Rejects::add(Record record, Error const &e) {
    record.set("error", errorObject(e));
    write(record, e);
}

void Rejects::addText(std::int64_t number, std::string_view text, Error const &e) {
    Record record("text");
    record.set("line", number).set("text", text).set("error", errorObject(e));
    write(record, e.saying("line " + std::to_string(number) + ": " + e.message()));
}

void Rejects::addLong(common::LineReader const &lines) {
    addText(lines.number(), lines.line(), Error("LINE_TOO_LONG", "the line is longer than 1 MiB"));
}

common::ExitCode Rejects::status() const {
    return _count > 0 ? common::ExitCode::SomeFailed : common::ExitCode::Done;
}

namespace {

/// The line that a record stands for: itself, or the text that was rejected.
Record retried(Record record, std::string const &assumed) {
    if (record.type() != "text" || !record.has("error")) return record;
    return Record::parse(record.text("text"), assumed);
}

} // namespace

RecordReader::Status RecordReader::next(std::chrono::milliseconds timeout) {
    using Line = common::LineReader::Status;
    for (;;) {
        auto const status = _lines.next(timeout);
        if (status == Line::End) return Status::End;
        if (status == Line::Idle) return Status::Idle;
        if (status == Line::Long) {
            _rejects.addLong(_lines);
            continue;
        }
        if (_lines.line().empty()) continue;
        if (_take && _take(_lines.line())) return Status::Taken;
        Record record;
        try {
            record = Record::parse(_lines.line(), _assumed);
            _record = retried(record, _assumed);
        } catch (Error const &e) {
            if (record.has("text")) {
                _rejects.add(std::move(record), e);
            } else {
                _rejects.addText(_lines.number(), _lines.line(), e);
            }
            continue;
        }
        if (_record.type() != "end") return Status::Record;
        // Some are enough to tell; a stream of nothing else may not fill the memory.
        if (_ends.size() < 64) _ends.push_back(std::move(_record));
    }
}

std::vector<Record> RecordReader::endRecords(std::string_view program) const {
    auto out = _ends;
    auto own = endRecord(program);
    own.set("input_end", !_ends.empty());
    out.push_back(std::move(own));
    return out;
}

namespace {

std::string metricsText(Summary const &summary, Rejects const &rejects) {
    std::string const label = "program=\"" + summary.program + "\"";
    std::string out = "# TYPE dbb_lines_read counter\ndbb_lines_read{" + label + "} "
                      + std::to_string(summary.read) + "\n# TYPE dbb_outcomes counter\n";
    for (auto const &[outcome, count] : summary.outcomes) {
        out += "dbb_outcomes{" + label + ",outcome=\"" + outcome + "\"} " + std::to_string(count) + "\n";
    }
    out += "# TYPE dbb_rejects counter\n";
    for (auto const &[code, count] : rejects.countByCode()) {
        out += "dbb_rejects{" + label + ",code=\"" + code + "\"} " + std::to_string(count) + "\n";
    }
    if (!summary.failure.empty()) {
        out += "# TYPE dbb_failed gauge\ndbb_failed{" + label + ",code=\"" + summary.failure + "\"} 1\n";
    }
    return out;
}

void writeMetrics(std::string const &path, std::string const &text) {
    try {
        struct stat s {};
        bool const there = ::stat(path.c_str(), &s) == 0;
        if (!there || S_ISREG(s.st_mode)) {
            // A link stays one: /dev/stdout may lead to a file.
            return common::writeFileDurably(there ? common::realPath(path) : path, text, true);
        }
        // A device or FIFO is no place for another file. A FIFO that nobody reads must not keep us.
        common::UniqueFd const fd(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        if (!fd) throw common::systemError("open", path, errno);
        common::writeAll(fd.get(), text, path);
    } catch (Error const &e) {
        throw outputFailed(e);
    }
}

} // namespace

void Summary::countRead() {
    ++read;
    auto const now = std::chrono::steady_clock::now();
    if (now - shown < std::chrono::milliseconds(500)) return;
    shown = now;
    std::string text = std::to_string(read) + " read";
    for (auto const &[outcome, count] : outcomes) text += ", " + std::to_string(count) + " " + outcome;
    common::log::progress(text);
}

void Summary::fail(common::StandardOptions const &options, Rejects const &rejects, Error const &e) {
    failure = e.code();
    if (options.metrics.empty()) return;
    try {
        writeMetrics(options.metrics, metricsText(*this, rejects));
    } catch (Error const &unwritten) {
        // The error that stopped the program is the one to end with; it may be this very one.
        if (unwritten.message() != e.message()) common::log::warning(unwritten.message());
    }
}

void Summary::finish(common::StandardOptions const &options, Rejects const &rejects) const {
    if (!options.metrics.empty()) writeMetrics(options.metrics, metricsText(*this, rejects));
    common::log::progress("");
    if (options.quiet || (!options.stats && ::isatty(STDERR_FILENO) != 1)) return;
    std::chrono::duration<double> const elapsed = std::chrono::steady_clock::now() - start;
    std::string text = program + ": " + std::to_string(read) + " read";
    for (auto const &[outcome, count] : outcomes) text += ", " + std::to_string(count) + " " + outcome;
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.3f", elapsed.count());
    text += ", " + std::to_string(rejects.count()) + " rejected, " + seconds + " s\n";
    std::fputs(text.c_str(), stderr);
}

} // namespace dbb::manifest
