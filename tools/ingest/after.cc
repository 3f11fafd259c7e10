#include "ingest/after.h"

#include "common/log.h"
#include "common/options.h"
#include "common/process.h"
#include "common/signals.h"

namespace dbb::ingest {

using common::Error;

AfterCommand::AfterCommand(std::string const &command, std::string const &timeout, std::string repo)
    : _words(common::splitWords(command)), _timeout_s(common::parseDuration(timeout, "--after-timeout")),
      _repo(std::move(repo)) {
    if (!command.empty() && (_words.empty() || _words.front().empty()))
        throw common::usageError("--after: \"" + command + "\" is no command");
}

void AfterCommand::note(manifest::Record const &record, std::string const &outcome) {
    if (_words.empty() || (outcome != "done" && outcome != "updated")) return;
    auto const dataId = record.get("data_id");
    auto &exposure = _exposures[{dataId["instrument"].string(), dataId["exposure"].integer()}];
    auto const stored = record.get("records")["exposure"];
    // A guider's line knows its exposure by obs_id alone.
    if (stored.isObject()) {
        exposure.obs_id = stored["obs_id"].text();
        exposure.day_obs = stored["day_obs"].text();
    } else if (exposure.obs_id.empty()) {
        exposure.obs_id = record.text("obs_id");
    }
    exposure.lines += record.line() + "\n";
}

void AfterCommand::run() {
    for (auto const &[id, exposure] : std::exchange(_exposures, {})) {
        if (common::stopSignal() != 0) return;
        runFor(id, exposure);
    }
}

void AfterCommand::runFor(std::pair<std::string, std::int64_t> const &id, Exposure const &exposure) {
    std::vector<std::pair<std::string, std::string>> const values{{"INSTRUMENT", id.first},
                                                                  {"EXPOSURE", std::to_string(id.second)},
                                                                  {"OBS_ID", exposure.obs_id},
                                                                  {"DAY_OBS", exposure.day_obs},
                                                                  {"REPO", _repo}};
    common::Command command{.arguments = {}, .input = exposure.lines};
    command.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(_timeout_s * 1000));
    for (auto const &[name, value] : values) command.environment.emplace_back("DBB_" + name, value);
    for (auto word : _words) {
        // A word that is a name in braces, as a whole, is its value: nothing in a value is read as anything
        // else.
        for (auto const &[name, value] : values)
            if (word == "{" + name + "}") word = value;
        command.arguments.push_back(std::move(word));
    }
    std::string failure;
    try {
        failure = common::runCommand(command);
    } catch (Error const &e) {
        failure = e.message();
    }
    if (failure.empty()) return;
    ++_failures;
    common::log::error(Error("AFTER_FAILED", "--after for exposure " + exposure.obs_id + " of " + id.first
                                                 + ": \"" + command.arguments.front() + "\" " + failure)
                           .hint("its files are ingested; run the command for it by hand"));
}

} // namespace dbb::ingest
