#include "gen2/rules.h"

#include "common/calendar.h"
#include "common/error.h"
#include "common/file.h"
#include "common/glob.h"
#include "common/text.h"

#include <algorithm>
#include <cmath>

namespace dbb::gen2 {

using common::Json;

namespace {

constexpr std::int64_t version = 1;

bool isOneOf(std::string const &word, std::vector<std::string> const &words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

/// A key's text, empty when there is none.
std::string textOf(manifest::Record const &line, std::string_view key) {
    auto const value = line.get(key);
    return value.isString() ? value.string() : std::string();
}

/// Equal as a rule means it: an integer is also one that stands as text, because JSON has no room for large
/// ones, or as a float without a fraction, because JSON programs turn one into the other.
bool isSame(Json const &wanted, Json const &found) {
    if (wanted.isInt() && found.isString()) return found.string() == std::to_string(wanted.integer());
    if (wanted.isInt() && found.isDouble()) return found.number() == wanted.number();
    return wanted == found;
}

} // namespace

/// Reads one rules file and knows how to complain about it.
class Rules::Reader {
public:
    Reader(std::string const &text, std::string const &name)
        : _name(name), _file(common::parseYaml(text, name, {}, &_places)) {}

    Rules read() {
        if (!_file.isObject()) throw wrong("", "the file is no mapping with a key \"rules\"");
        if (!_places.repeated.empty()) throw wrong(_places.repeated.front(), "it stands there twice");
        requireKnown("", _file, {"rules", "owner", "include", "exclude"});
        auto const *const found = _file.find("rules");
        if (!found) throw wrong("", "the key \"rules\" is missing", versionHint);
        if (!found->isInt() || found->integer() != version) {
            throw wrong("rules", "version " + found->text() + " of rules files is not known", versionHint);
        }
        if (_file.find("owner")) _owner = text("", _file, "owner");
        Rules out;
        out._exclude = list("exclude");
        out._include = list("include");
        return out;
    }

private:
    static constexpr auto versionHint = "files for this program begin with: rules: 1";

    common::Error wrong(std::string const &key, std::string const &reason,
                        std::string const &hint = "") const {
        std::string place = "\"" + _name + "\"";
        if (auto const line = _places.lines.find(key); line != _places.lines.end())
            place += ", line " + std::to_string(line->second);
        auto const last = key.substr(key.rfind('.') + 1);
        bool const isIndex = last.find_first_not_of("0123456789") == std::string::npos;
        return common::usageError("--rules: " + place + ": " + _rule + (isIndex ? "" : last + ": ") + reason,
                                  hint.empty() ? "dbb-rules(5) describes the file" : hint);
    }

    void requireKnown(std::string const &place, Json const &mapping,
                      std::vector<std::string> const &known) const {
        for (auto const &[key, value] : mapping.object()) {
            if (isOneOf(key, known)) continue;
            auto const near = common::nearest(key, known);
            throw wrong(place + key, "there is no such key",
                        near.empty() ? "keys are: " + common::join(known, ", ")
                                     : "did you mean " + near + "?");
        }
    }

    std::string text(std::string const &place, Json const &mapping, std::string const &key) const {
        auto const &value = mapping[key];
        if (!value.isString() && !value.isNull())
            throw wrong(place + key, value.dump() + " is no text", "put it into quotes");
        if (!value.isString() || common::strip(value.string()).empty())
            throw wrong(place + key, "must be a text that is not empty");
        return value.string();
    }

    std::vector<Rule> list(std::string const &key) {
        auto const *const rules = _file.find(key);
        if (!rules) return {};
        if (!rules->isArray()) throw wrong(key, "must be a list of rules");
        std::vector<Rule> out;
        for (std::size_t i = 0; i < rules->array().size(); ++i) {
            out.push_back(rule(key + "." + std::to_string(i), rules->array()[i], key));
            _rule.clear();
        }
        return out;
    }

    Rule rule(std::string const &place, Json const &rule, std::string const &kindOfList) {
        if (!rule.isObject()) throw wrong(place, "a rule of " + kindOfList + " must be a mapping");
        _rule = "a rule of " + kindOfList + ": ";
        auto const at = place + ".";
        if (rule.find("id")) _rule = kindOfList + " \"" + rule["id"].text() + "\": ";
        requireKnown(at, rule, keys);
        for (auto const *key : {"id", "kind", "reason"}) {
            if (!rule.find(key)) throw wrong(place, std::string("the key \"") + key + "\" is missing");
        }
        Rule out;
        out.id = text(at, rule, "id");
        if (isOneOf(out.id, _ids)) throw wrong(at + "id", "another rule has this ID");
        _ids.push_back(out.id);
        out.reason = text(at, rule, "reason");
        out.owner = rule.find("owner") ? text(at, rule, "owner") : _owner;
        if (out.owner.empty())
            throw wrong(place, "nobody owns it",
                        "write an owner: into the rule, or at the top for all rules");
        if (rule.find("alternative")) out.alternative = text(at, rule, "alternative");
        readMatch(at, rule, out);
        readKind(at, rule, out);
        return out;
    }

    void readKind(std::string const &at, Json const &rule, Rule &out) const {
        static std::vector<std::string> const kinds{"permanent", "until", "until_release"};
        out.kind = text(at, rule, "kind");
        if (!isOneOf(out.kind, kinds)) {
            auto const near = common::nearest(out.kind, kinds);
            throw wrong(at + "kind", "there is no kind \"" + out.kind + "\"",
                        near.empty() ? "kinds are: " + common::join(kinds, ", ")
                                     : "did you mean " + near + "?");
        }
        if (rule.find("until")) {
            if (out.kind == "permanent") throw wrong(at + "until", "a permanent rule has no end");
            out.until = text(at, rule, "until");
            auto const day = common::yyyymmddFrom(out.until);
            if (!day) throw wrong(at + "until", "\"" + out.until + "\" is no date YYYY-MM-DD");
            out.end_utc_ns = (*common::daysFromYyyymmdd(*day) + 1) * common::nsPerDay;
        }
        if (out.kind == "until" && out.until.empty())
            throw wrong(at + "kind", "a rule of kind until needs the key \"until\", its last day");
        if (out.kind == "until_release" && out.until.empty() && !out.youngerThan_h) {
            throw wrong(at + "kind",
                        "a rule of kind until_release needs the key \"younger_than_h\" or \"until\"");
        }
    }

    void readMatch(std::string const &at, Json const &rule, Rule &out) const {
        out.datasetTypes = globs(at, rule, "dataset_types");
        out.reruns = globs(at, rule, "reruns");
        out.repos = globs(at, rule, "repos");
        out.paths = globs(at, rule, "paths");
        out.reasons = globs(at, rule, "reasons");
        static std::vector<std::string> const repos{"root", "calib", "rerun"};
        for (auto const &repo : out.repos) {
            if (!isOneOf(repo, repos))
                throw wrong(at + "repos", "\"" + repo + "\" is none of root, calib and rerun");
        }
        if (rule.find("match")) readValues(at + "match.", rule["match"], out);
        if (rule.find("day_obs")) out.days = days(at + "day_obs", rule["day_obs"]);
        if (auto const *age = rule.find("younger_than_h")) {
            if (!age->isNumber() || !std::isfinite(age->number()) || age->number() < 0)
                throw wrong(at + "younger_than_h", "must be a number of hours");
            out.youngerThan_h = age->number();
        }
        bool const any = !out.datasetTypes.empty() || !out.reruns.empty() || !out.repos.empty()
                         || !out.paths.empty() || !out.reasons.empty() || !out.values.empty() || out.days
                         || out.youngerThan_h;
        if (!any) {
            throw wrong(at.substr(0, at.size() - 1), "it says nothing of what it is for",
                        "for everything write: paths: [\"**\"]");
        }
    }

    /// One text, or a list of them.
    std::vector<std::string> globs(std::string const &at, Json const &rule, std::string const &key) const {
        auto const *const value = rule.find(key);
        if (!value) return {};
        if (value->isString()) return {value->string()};
        if (!value->isArray() || value->array().empty())
            throw wrong(at + key, "must be a list of texts, and not empty");
        std::vector<std::string> out;
        for (auto const &item : value->array()) {
            if (!item.isString()) throw wrong(at + key, item.dump() + " is no text", "put it into quotes");
            out.push_back(item.string());
        }
        return out;
    }

    void readValues(std::string const &at, Json const &match, Rule &out) const {
        if (!match.isObject() || match.object().empty())
            throw wrong(at.substr(0, at.size() - 1), "must be a mapping of names to values, and not empty");
        for (auto const &[name, value] : match.object()) {
            if (isOneOf(name, keys))
                throw wrong(at + name, "it is no name of a value", "it stands beside match, not in it");
            auto const values = value.isArray() ? value.array() : Json::Array{value};
            if (values.empty()) throw wrong(at + name, "the list is empty");
            for (auto const &one : values) {
                if (one.isString() || one.isInt() || one.isBool() || one.isNull()) continue;
                throw wrong(at + name,
                            one.dump() + " is neither a text, nor an integer, true, false or null");
            }
            out.values.emplace_back(name, values);
        }
    }

    /// `A..B` with days YYYYMMDD or YYYY-MM-DD, either of which may be left out, or one day.
    std::pair<std::int64_t, std::int64_t> days(std::string const &key, Json const &value) const {
        auto const text = value.isString() || value.isInt() ? value.text() : std::string();
        if (text.empty()) throw wrong(key, "must be a day or days A..B");
        auto const range = common::dayRangeFrom(text);
        if (!range)
            throw wrong(key, "\"" + text + "\" is no day and no days A..B; days are YYYYMMDD or YYYY-MM-DD");
        if (range->first > range->second)
            throw wrong(key, "the first day of \"" + text + "\" is after the last");
        return *range;
    }

    static inline std::vector<std::string> const keys{
        "id",     "reason", "owner", "kind",    "until", "alternative", "dataset_types",
        "reruns", "repos",  "paths", "reasons", "match", "day_obs",     "younger_than_h"};

    std::string const &_name;
    common::YamlPlaces _places;
    Json _file;
    std::string _owner;
    std::string _rule; ///< the rule at hand, for messages
    std::vector<std::string> _ids;
};

Rules Rules::read(std::string const &file) {
    std::string text;
    try {
        text = common::readFileOrPipe(file);
    } catch (common::Error const &e) {
        throw common::usageError("--rules: " + e.message(), e.hint());
    }
    return parse(text, file);
}

Rules Rules::parse(std::string const &text, std::string const &name) {
    try {
        return Reader(text, name).read();
    } catch (common::Error const &e) {
        if (e.exitCode() == common::ExitCode::Usage) throw;
        throw common::usageError("--rules: " + e.message(), e.hint());
    }
}

bool Rules::Rule::matches(LineFacts const &facts, std::string const &scanReason,
                          std::int64_t nowUtcNs) const {
    if (hasEnded(nowUtcNs)) return false;
    auto const isWanted = [&](std::string const &type) {
        return !type.empty() && common::anyGlobMatches(datasetTypes, type);
    };
    if (!datasetTypes.empty() && !isWanted(facts.datasetType()) && !isWanted(facts.gen3DatasetType()))
        return false;
    if (!reruns.empty()) {
        auto const rerun = facts.rerun();
        // `*` means reruns of any name, not what is no rerun.
        if (rerun.empty() ? !isOneOf("", reruns) : !common::anyGlobMatches(reruns, rerun)) return false;
    }
    if (!repos.empty() && !isOneOf(facts.repo(), repos)) return false;
    if (!paths.empty() && !common::anyGlobMatches(paths, facts.path())) return false;
    if (!reasons.empty() && !common::anyGlobMatches(reasons, scanReason)) return false;
    for (auto const &[name, wanted] : values) {
        auto const &found = facts.value(name);
        if (std::none_of(wanted.begin(), wanted.end(), [&](Json const &one) { return isSame(one, found); }))
            return false;
    }
    if (days) {
        auto const day = facts.dayObs();
        if (!day || *day < days->first || *day > days->second) return false;
    }
    if (youngerThan_h) {
        auto const begin = facts.latestBegin_utc_ns();
        constexpr double nsPerHour = 3600.0 * double(common::nsPerSecond);
        // An exposure of unknown age may be young; what is of no exposure has no age.
        if (!begin && !facts.isOfExposure()) return false;
        if (begin && double(nowUtcNs - *begin) >= *youngerThan_h * nsPerHour) return false;
    }
    return true;
}

Json Rules::Rule::shown() const {
    Json out;
    out.set("id", id).set("kind", kind).set("owner", owner).set("reason", reason);
    if (!until.empty()) out.set("until", until);
    if (!alternative.empty()) out.set("alternative", alternative);
    return out;
}

Rules::Decision Rules::decide(LineFacts const &facts, std::string const &scanReason,
                              std::int64_t nowUtcNs) const {
    auto const firstOf = [&](std::vector<Rule> const &rules) -> Rule const * {
        auto const found = std::find_if(rules.begin(), rules.end(), [&](Rule const &rule) {
            return rule.matches(facts, scanReason, nowUtcNs);
        });
        return found == rules.end() ? nullptr : &*found;
    };
    auto const *const include = firstOf(_include);
    if (auto const *const exclude = firstOf(_exclude))
        return {Decision::Kind::Exclude, exclude->shown(), include ? include->id : "", false};
    if (include) return {Decision::Kind::Include, include->shown(), "", !include->reasons.empty()};
    return {};
}

Rules::Decision Rules::decide(manifest::Record const &gen2Line, std::int64_t nowUtcNs) const {
    return decide(LineFacts(gen2Line), textOf(gen2Line, "reason"), nowUtcNs);
}

namespace {

/// What the scan had proposed, when rules have changed it before.
void restoreProposal(manifest::Record &line) {
    line.erase("rule");
    if (!line.has("proposed")) return;
    auto const proposed = line.get("proposed");
    line.set("action", proposed["action"]).set("reason", proposed["reason"]);
    line.erase("proposed");
}

void change(manifest::Record &line, std::string_view action, std::string_view reason) {
    Json proposed;
    proposed.set("action", line.get("action")).set("reason", line.get("reason"));
    line.set("action", action).set("reason", reason).set("proposed", proposed);
}

/// Whether a line says all that conversion needs of where a dataset goes.
bool isComplete(manifest::Record const &line) {
    return line.has("dataset_type") && line.has("data_id") && line.has("run") && line.has("size");
}

} // namespace

void Rules::apply(manifest::Record &gen2Line, std::int64_t nowUtcNs, Tally &tally) const {
    restoreProposal(gen2Line);
    auto const action = textOf(gen2Line, "action");
    if (action == "skip") return;
    auto const reason = textOf(gen2Line, "reason");
    LineFacts const facts(gen2Line);
    facts.addNames(tally.names);
    auto const decision = decide(facts, reason, nowUtcNs);
    if (decision.kind == Decision::Kind::Undecided) {
        change(gen2Line, "undecided", "no_rule");
        return;
    }
    auto const id = decision.rule["id"].string();
    ++tally.matches[id];
    if (!decision.overruled.empty()) ++tally.overlaps[{id, decision.overruled}];
    if (decision.kind == Decision::Kind::Exclude) {
        change(gen2Line, "skip", "excluded_by_rule");
    } else if (action == "review" && decision.names_reason && isComplete(gen2Line)) {
        change(gen2Line, "convert", reason);
    }
    gen2Line.set("rule", decision.rule);
}

std::vector<std::string> Rules::remarks(Tally const &tally, std::int64_t nowUtcNs) const {
    std::vector<std::string> out;
    for (auto const &[ids, count] : tally.overlaps) {
        out.push_back("rule \"" + ids.first + "\" excluded " + std::to_string(count)
                      + (count == 1 ? " dataset" : " datasets") + " that rule \"" + ids.second
                      + "\" would have included");
    }
    std::vector<std::string> const names(tally.names.begin(), tally.names.end());
    for (auto const *rules : {&_exclude, &_include}) {
        for (auto const &rule : *rules) {
            if (rule.hasEnded(nowUtcNs)) {
                out.push_back("rule \"" + rule.id + "\" ended on " + rule.until);
                continue;
            }
            if (tally.matches.contains(rule.id)) continue;
            out.push_back("rule \"" + rule.id + "\" decided nothing");
            for (auto const &[name, values] : rule.values) {
                if (tally.names.contains(name)) continue;
                auto const near = common::nearest(name, names);
                out.back() +=
                    ": no line has a value " + name + (near.empty() ? "" : " (did you mean " + near + "?)");
                break;
            }
        }
    }
    return out;
}

} // namespace dbb::gen2
