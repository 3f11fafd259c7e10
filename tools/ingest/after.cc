#include "ingest/after.h"

#include "common/log.h"
#include "common/options.h"
#include "common/process.h"
#include "common/signals.h"

#include <algorithm>
#include <array>

namespace dbb::ingest {

using common::Error;

namespace {

constexpr std::array valueNames{"INSTRUMENT", "EXPOSURE", "OBS_ID", "DAY_OBS", "REPO"};

std::vector<std::string> wordsOf(std::string const &command) try {
    return common::splitWords(command);
} catch (Error const &e) {
    throw common::usageError("--after: " + e.message());
}

/// A word in braces stands for a value. \throws Error USAGE for one that does not
void requireKnown(std::string const &word) {
    if (word.size() < 3 || word.front() != '{' || word.back() != '}') return;
    auto const name = word.substr(1, word.size() - 2);
    if (name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_") != std::string::npos)
        return;
    if (std::find(valueNames.begin(), valueNames.end(), name) != valueNames.end()) return;
    throw common::usageError("--after: there is no value " + word,
                             "known are {INSTRUMENT}, {EXPOSURE}, {OBS_ID}, {DAY_OBS} and {REPO}");
}

} // namespace

AfterCommand::AfterCommand(std::string const &command, std::string const &timeout, std::string repo)
    : _words(wordsOf(command)), _timeout_s(common::parseDuration(timeout, "--after-timeout")),
      _repo(std::move(repo)) {
    if (_timeout_s <= 0) throw common::usageError("--after-timeout must be above zero");
    if (!command.empty() && (_words.empty() || _words.front().empty()))
        throw common::usageError("--after: \"" + command + "\" is no command");
    for (auto const &word : _words) requireKnown(word);
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
        exposure.day_obs = record.get("day_obs").text();
    }
    exposure.lines += record.line() + "\n";
}

void AfterCommand::run() {
    for (auto const &[id, exposure] : std::exchange(_exposures, {})) {
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
        failure = common::stopSignal() != 0 ? "was not run, as this program is asked to stop"
                                            : common::runCommand(command);
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
