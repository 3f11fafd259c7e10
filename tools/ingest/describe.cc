#include "ingest/describe.h"

#include "common/error.h"
#include "common/signals.h"
#include "common/uri.h"
#include "ingest/index_writer.h"
#include "ingest/scan.h"
#include "intake/beside.h"

#include <optional>
#include <unistd.h>

namespace dbb::ingest {

using common::Error;
using common::Json;
using manifest::Record;

namespace {

/// Collects records and describes them together; output keeps the order of the input.
class Batch {
public:
    Batch(DescribeProgramOptions const &options, manifest::Rejects &rejects, common::Output &output,
          manifest::Summary &summary)
        : _describer(options.describe), _jobs(options.standard.jobs), _rejects(rejects), _output(output),
          _summary(summary), _scanner({.paths = {}, .checksums = {}}, rejects,
                                      [this](Record record) { addFile(std::move(record)); }),
          _indexes([this](std::string const &index, Error const &e) {
              _rejects.add(Record("file").set("uri", index), e);
          }) {}

    /// A line; one with an index stands for the files that it names.
    void add(Record record) {
        auto const isFile = record.type() == "file" && record.get("uri").isString();
        if (isFile && intake::isIndex(record.text("uri")))
            return _scanner.scan(common::pathOfUri(record.text("uri")));
        addFile(std::move(record));
    }

    void scan(std::string const &path) { _scanner.scan(path); }

    void finish() {
        flush();
        _indexes.finish();
    }

    void flush() {
        std::vector<std::string> lines(_records.size());
        std::vector<Json> forms(_records.size());
        auto const errors = intake::describeAll(_describer, _records, _jobs, [&](std::size_t i, Json form) {
            lines[i] = _records[i].line();
            forms[i] = std::move(form);
        });
        for (auto &[record, e] : _describer.takeBrokenIndexes()) _rejects.add(std::move(record), e);
        for (std::size_t i = 0; i < _records.size(); ++i) {
            if (errors[i]) {
                _rejects.add(std::move(_records[i]), *errors[i]);
                continue;
            }
            if (_records[i].type() == "file") ++_summary.outcomes["done"];
            _output.write(lines[i]);
            if (!forms[i].isNull())
                _indexes.add(common::pathOfUri(_records[i].text("uri")), std::move(forms[i]));
        }
        _records.clear();
    }

private:
    void addFile(Record record) {
        _describer.expand(std::move(record), _rejects, [this](Record line) { queue(std::move(line)); });
    }

    void queue(Record record) {
        _summary.countRead();
        _records.push_back(std::move(record));
        if (_records.size() >= (_jobs == 1 ? 16 : 64 * static_cast<std::size_t>(_jobs))) flush();
    }

    intake::Describer _describer;
    int _jobs;
    manifest::Rejects &_rejects;
    common::Output &_output;
    manifest::Summary &_summary;
    std::vector<Record> _records;
    Scanner _scanner;
    IndexWriter _indexes;
};

void describeStream(manifest::RecordReader &reader, Batch &batch, common::Output &output) {
    using Status = manifest::RecordReader::Status;
    for (;;) {
        if (!reader.ready()) {
            // The next read may block: nothing may wait in here meanwhile.
            batch.flush();
            output.flush();
        }
        if (reader.next() != Status::Record) return;
        batch.add(std::move(reader.record()));
    }
}

} // namespace

common::ExitCode runDescribe(DescribeProgramOptions const &options, int in, int out) {
    bool const stream = options.paths.empty() || options.paths == std::vector<std::string>{"-"};
    if (options.paths.empty() && ::isatty(in) == 1) {
        throw common::usageError("standard input is a terminal", "pipe dbb-scan in, or name files");
    }
    intake::useTables(options.describe.headers);
    manifest::Summary summary{.program = "dbb-describe", .outcomes = {}};
    manifest::Rejects rejects(options.standard.rejects);
    common::Output output(out);
    Batch batch(options, rejects, output, summary);
    std::vector<Record> ends{manifest::endRecord("dbb-describe")};
    if (stream) {
        manifest::RecordReader reader(in, rejects);
        describeStream(reader, batch, output);
        ends = reader.endRecords("dbb-describe");
    } else {
        for (auto const &path : options.paths) batch.scan(path);
    }
    batch.finish();
    if (common::stopSignal() == 0) {
        for (auto const &end : ends) output.write(end.line());
    }
    output.flush();
    rejects.finish();
    summary.finish(options.standard, rejects);
    return rejects.status();
}

} // namespace dbb::ingest
