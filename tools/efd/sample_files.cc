#include "efd/sample_files.h"

#include "common/error.h"
#include "common/lines.h"
#include "common/log.h"
#include "common/signals.h"
#include "efd/fact_learner.h"
#include "telemetry/line_protocol.h"
#include "telemetry/sample_text.h"

#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>

namespace dbb::efd {

using common::Error;
using telemetry::SourceScale;

namespace {

constexpr std::size_t chunkBytes = std::size_t{1} << 18;

std::int64_t unitOf(std::string const &precision) {
    return precision == "s" ? 1'000'000'000 : precision == "ms" ? 1'000'000 : precision == "us" ? 1000 : 1;
}

std::string formatOf(std::string const &path) {
    for (auto const *format : {"lp", "jsonl", "json", "csv"}) {
        if (path.ends_with(std::string(".") + format)) return format;
    }
    return "";
}

/// What dbb-efd-fetch prints behind its last sample.
bool isEnd(std::string_view line) {
    return line.starts_with(R"({"type":"end")");
}

/// Chunks of a descriptor, until its end or a stop signal.
template<typename Chunk>
void forEachChunk(int fd, std::string const &path, Chunk const &chunk) {
    std::string buffer(chunkBytes, '\0');
    while (common::stopSignal() == 0) {
        auto const n = ::read(fd, buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw common::systemError("read", path, errno);
        if (n == 0) return;
        chunk(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
    }
}

} // namespace

SourceScale scaleOf(std::string const &name) {
    return name == "utc" ? SourceScale::Utc : name == "tai" ? SourceScale::Tai : SourceScale::Eras;
}

SampleFiles::SampleFiles(SampleOptions const &options) : _options(options) {
    if (_options.files.empty())
        throw common::usageError("no samples: name their files with --samples, or a server with --influx",
                                 "- is standard input");
    for (auto const &path : _options.files) {
        auto format = _options.format == "auto" ? formatOf(path) : _options.format;
        if (format.empty()) {
            throw common::usageError("\"" + path + "\": its name does not tell its format",
                                     "say it with --format: lp, jsonl, json or csv");
        }
        _files.push_back({path, format, -1});
    }
}

bool SampleFiles::onlyOnce() const {
    for (auto const &file : _files) {
        struct stat s {};
        auto const failed = file.path == "-" ? ::fstat(STDIN_FILENO, &s) : ::stat(file.path.c_str(), &s);
        if (failed == 0 && !S_ISREG(s.st_mode)) return true;
    }
    return false;
}

void SampleFiles::keep() {
    for (auto &file : _files) {
        struct stat s {};
        if (file.path != "-" && (::stat(file.path.c_str(), &s) != 0 || S_ISREG(s.st_mode))) continue;
        auto copy = common::temporaryFile();
        auto own = file.path == "-" ? common::UniqueFd() : common::openForReading(file.path);
        forEachChunk(own ? own.get() : STDIN_FILENO, file.path, [&](std::string_view text) {
            common::writeAll(copy.get(), text, "a copy of the samples");
        });
        file.kept = copy.get();
        _copies.push_back(std::move(copy));
    }
}

template<typename Sink, typename Topic>
void SampleFiles::readFile(File const &file, Sink &sink) {
    common::UniqueFd own;
    int fd = file.kept;
    if (fd >= 0) {
        ::lseek(fd, 0, SEEK_SET);
    } else if (file.path == "-") {
        fd = STDIN_FILENO;
    } else {
        own = common::openForReading(file.path);
        fd = own.get();
    }
    common::log::Grouped log;
    auto const bad = [&](std::int64_t number, std::string const &reason) {
        ++_bad;
        log.add(Error("BAD_SAMPLE", "\"" + file.path + "\", line " + std::to_string(number) + ": " + reason));
    };
    auto const scale = scaleOf(_options.scale);
    auto const unit = unitOf(_options.precision);
    if (file.format == "lp") {
        telemetry::LineProtocol<Sink, Topic, SourceScale> parser(sink, scale, unit, bad);
        forEachChunk(fd, file.path, [&](std::string_view text) { parser.feed(text); });
        parser.finish();
        _rows += parser.rows();
        return;
    }
    if (file.format == "json") {
        auto const text = common::readAll(fd, file.path, std::size_t{1} << 30);
        telemetry::forEachSavedRow(text, scale, [&](telemetry::NamedRow const &row) {
            ++_rows;
            telemetry::give(sink, row);
        });
        return;
    }
    if (file.format == "csv") {
        telemetry::CsvSamples<Sink, Topic> parser(sink, scale, unit, _options.csv_topic, _options.csv_time,
                                                  bad);
        forEachChunk(fd, file.path, [&](std::string_view text) { parser.feed(text); });
        parser.finish();
        _rows += parser.rows();
        return;
    }
    common::LineReader lines(fd, '\n', file.path);
    using LineStatus = common::LineReader::Status;
    for (auto status = lines.next(); status != LineStatus::End; status = lines.next()) {
        if (status != LineStatus::Line) {
            bad(lines.number(), "it is too long");
        } else if (!lines.line().empty() && !isEnd(lines.line())) {
            try {
                telemetry::give(sink, telemetry::sampleLine(lines.line(), scale));
                ++_rows;
            } catch (Error const &e) {
                bad(lines.number(), e.message());
            }
        }
    }
}

template<typename Sink, typename Topic>
void SampleFiles::readAll(Sink &sink) {
    _rows = _bad = 0;
    for (auto const &file : _files) {
        try {
            readFile<Sink, Topic>(file, sink);
        } catch (Error const &e) {
            // Values of a part of the samples would look like those of all of them.
            throw Error(e.code(), e.at(file.path).message(), common::ExitCode::Backend)
                .hint(e.code() == "NOT_FOUND" ? "look at what --samples names" : e.hint());
        }
    }
}

void SampleFiles::read(telemetry::Joiner &joiner) {
    readAll<telemetry::Joiner, telemetry::Topic>(joiner);
}

void SampleFiles::learn(telemetry::PackedFacts &facts) {
    FactLearner learner(facts);
    readAll<FactLearner, FactLearner::Topic>(learner);
}

} // namespace dbb::efd
