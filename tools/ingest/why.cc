#include "ingest/why.h"

#include "butler/repository.h"
#include "common/error.h"
#include "common/file.h"
#include "common/lines.h"
#include "common/signals.h"
#include "ingest/why_exposure.h"
#include "ingest/why_file.h"
#include "ingest/why_reasons.h"
#include "ingest/why_rejects.h"
#include "ingest/why_writable.h"
#include "instrument/table.h"
#include "intake/raw_line.h"
#include "manifest/record.h"

#include <optional>
#include <regex>
#include <unistd.h>

namespace dbb::ingest {

using common::Error;
using common::ExitCode;

namespace {

/// Explains subjects one after the other.
class Explainer {
public:
    Explainer(WhyOptions const &options, Page &page) : _options(options), _page(page) {}

    void subject(std::string const &subject) {
        if (isReason(subject)) return explainReason(subject, _page);
        if (isFile(subject)) return file(subject);
        exposure(subject);
    }
    ExitCode status() const { return _status; }

private:
    static bool isFile(std::string const &subject);
    void file(std::string const &path);
    void exposure(std::string const &subject);

    WhyOptions const &_options;
    Page &_page;
    std::optional<FileWalk> _walk;
    ExitCode _status = ExitCode::Done;
};

/// What is there is a file; so is what looks like the name of one.
bool Explainer::isFile(std::string const &subject) {
    if (::access(subject.c_str(), F_OK) == 0) return true;
    if (exposureByNumber(subject)) return false;
    static std::regex const names(R"(/|[*?[]|\.(fit[s]?|ya?ml|json|zip)\b)");
    return std::regex_search(subject, names);
}

void Explainer::file(std::string const &path) {
    if (!_walk) _walk.emplace(_options);
    _walk->look(path, [&](Answer const &answer) {
        _status = common::worse(_status, answer.status);
        answer.print(_page);
    });
}

void Explainer::exposure(std::string const &subject) {
    if (auto const near = nearestReason(subject); !near.empty()) {
        throw common::usageError("\"" + subject + "\" is no code", "did you mean " + near + "?");
    }
    if (_options.repo.empty()) {
        throw common::usageError("\"" + subject + "\" is no file; exposures are looked up in a repository",
                                 "give --repo REPO");
    }
    try {
        auto const repo = butler::Repository::open(_options.repo, butler::Access::ReadOnly);
        for (auto const &report : reportExposure(repo, subject, _options)) {
            _status = common::worse(_status, report.status());
            report.print(_page);
        }
    } catch (Error const &caught) {
        if (caught.exitCode() == ExitCode::Usage) throw;
        auto const e = withHolder(caught, _options.repo);
        Answer answer(subject, "register");
        auto const stage = stageOfError(WalkStep::Ingest, e.code());
        if (e.exitCode() == ExitCode::SomeFailed) {
            answer.fail(stage, manifest::errorObject(e));
        } else {
            answer.fail(stage, manifest::errorObject(e), e.exitCode());
        }
        _status = common::worse(_status, answer.status);
        answer.print(_page);
    }
}

ExitCode explainRejects(WhyOptions const &options, int in, Page &page) {
    RejectsExplainer explainer(page);
    for (auto const &path : options.rejects) {
        common::UniqueFd fd;
        try {
            fd = common::openForReading(path);
        } catch (Error const &e) {
            throw common::usageError("--rejects: " + e.message());
        }
        explainer.explain(fd.get(), path);
    }
    if (options.rejects.empty()) explainer.explain(in, "");
    if (common::stopSignal() == 0) explainer.finish();
    return explainer.status();
}

} // namespace

ExitCode runWhy(WhyOptions const &options, int in, int out) {
    common::Output output(out);
    Page page(output, options.json || options.list_reasons, PageStyle::of(out));
    auto status = ExitCode::Done;
    if (options.list_reasons) {
        listReasons(page);
        output.flush();
        return status;
    }
    intake::requireRunOption(options.run);
    intake::useTables(options.headers);
    limitWaiting();
    bool const piped = options.subjects.empty() || options.subjects == std::vector<std::string>{"-"};
    if (!piped) {
        Explainer explainer(options, page);
        for (auto const &subject : options.subjects) {
            if (common::stopSignal() != 0) break;
            explainer.subject(subject);
        }
        status = explainer.status();
    } else if (options.rejects.empty() && ::isatty(in) == 1) {
        throw common::usageError("nothing to explain",
                                 "name a file or an observation id, or pipe rejects in");
    } else {
        status = explainRejects(options, in, page);
    }
    if (options.json && common::stopSignal() == 0) output.write(manifest::endRecord("dbb-why").line());
    output.flush();
    return status;
}

} // namespace dbb::ingest
