#include "convert/gen2_selection.h"

#include "butler/row_condition.h"
#include "common/glob.h"
#include "common/options.h"
#include "common/text.h"
#include "gen2/line_facts.h"

#include <algorithm>

namespace dbb::convert {

using common::Json;

namespace {

sql::Value parameterOf(Json const &value) {
    if (value.isInt()) return value.integer();
    if (value.isDouble()) return value.number();
    if (value.isString()) return value.string();
    return std::monostate{};
}

} // namespace

/// --where, asked of lines.
struct Gen2Selection::Where {
    explicit Where(butler::Condition condition) : rows(std::move(condition)) {}

    bool accepts(gen2::LineFacts const &facts) {
        std::vector<sql::Value> row;
        for (auto const &column : rows.columns())
            row.push_back(column == "dataset_type" ? sql::Value(typeName(facts))
                                                   : parameterOf(facts.value(column)));
        return rows.accepts(row);
    }

    butler::RowCondition rows;

private:
    /// The name of the dataset type that the condition means: the Gen3 one when it speaks of that.
    std::string typeName(gen2::LineFacts const &facts) const {
        auto const &gen3 = facts.gen3DatasetType();
        bool const isMeant =
            !gen3.empty() && std::ranges::find(rows.values(), sql::Value(gen3)) != rows.values().end();
        return isMeant ? gen3 : facts.datasetType();
    }
};

Gen2Selection::Gen2Selection(Gen2Choice choice, std::string const &rerun) : _choice(std::move(choice)) {
    if (!rerun.empty()) {
        if (!_choice.reruns.empty())
            throw common::usageError("--rerun can't be given where the repository itself is a rerun",
                                     "name the root that it belongs to");
        _choice.reruns = {rerun};
    }
    if (!_choice.reruns.empty() && _choice.only.empty()) _choice.only = {"reruns"};
    if (!_choice.only.empty()) {
        auto const has = [&](char const *word) {
            return std::find(_choice.only.begin(), _choice.only.end(), word) != _choice.only.end();
        };
        for (auto const &word : _choice.only) {
            if (word == "root" || word == "calib" || word == "reruns") continue;
            throw common::usageError("--only: unknown \"" + word + "\"", "known are root, calib and reruns");
        }
        _root = has("root");
        _calib = has("calib");
        _reruns = has("reruns") || !_choice.reruns.empty();
    }
    if (!_choice.day_obs.empty()) _days = common::parseDays(_choice.day_obs, "--day-obs");
}

Gen2Selection::~Gen2Selection() = default;

bool Gen2Selection::wantsRerun(std::string const &name) const {
    return _reruns && (_choice.reruns.empty() || common::anyGlobMatches(_choice.reruns, name));
}

void Gen2Selection::compile(std::vector<std::string> const &names) {
    auto const condition = butler::parseWhere(_choice.where, names);
    if (!condition.sql.empty()) _where = std::make_unique<Where>(condition);
}

bool Gen2Selection::Met::count(bool isMet) {
    ++asked;
    if (isMet) ++met;
    return isMet;
}

bool Gen2Selection::wantsType(Finding const &finding) {
    if (_choice.dataset_types.empty()) return true;
    if (!finding.type) return false;
    bool out = false;
    for (auto const &pattern : _choice.dataset_types) {
        if (!common::globMatches(pattern, finding.type->name)
            && !common::globMatches(pattern, finding.dataset_type))
            continue;
        _metTypes.insert(pattern);
        out = true;
    }
    return out;
}

bool Gen2Selection::wantsLine(manifest::Record const &line) {
    if (!_days && !_where) return true;
    gen2::LineFacts const facts(line);
    if (_days) {
        auto const day = facts.dayObs();
        if (!_metDays.count(day && *day >= _days->first && *day <= _days->second)) return false;
    }
    return !_where || _metWhere.count(_where->accepts(facts));
}

namespace {

/// The name that is meant by one that is none: in another case, or with a slip.
std::string meantBy(std::string const &word, std::vector<std::string> const &names) {
    auto const lower = common::toLower(word);
    for (auto const &name : names)
        if (common::toLower(name) == lower) return name;
    return common::nearest(word, names);
}

} // namespace

std::vector<common::Error> Gen2Selection::unmet(std::vector<std::string> const &types,
                                                std::vector<std::string> const &reruns) const {
    std::vector<common::Error> out;
    for (auto const &pattern : _choice.dataset_types) {
        if (_metTypes.contains(pattern)) continue;
        auto const meant = meantBy(pattern, types);
        out.push_back(
            common::usageError("--dataset-type: nothing is of the type \"" + pattern + "\"",
                               meant.empty() || meant == pattern ? "" : "did you mean " + meant + "?"));
    }
    for (auto const &pattern : _choice.reruns) {
        if (std::ranges::none_of(reruns,
                                 [&](auto const &name) { return common::globMatches(pattern, name); }))
            out.push_back(common::usageError("--rerun: no rerun is named \"" + pattern + "\""));
    }
    auto const counted = [](Met const &met) {
        return std::to_string(met.asked) + (met.asked == 1 ? " dataset" : " datasets");
    };
    if (_metDays.isByNone())
        out.push_back(common::usageError("--day-obs: of " + counted(_metDays) + " none is of \""
                                         + _choice.day_obs + "\""));
    if (_metWhere.isByNone())
        out.push_back(common::usageError("--where: of " + counted(_metWhere) + " none meets \""
                                         + _choice.where + "\""));
    return out;
}

} // namespace dbb::convert
