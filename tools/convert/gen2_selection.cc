#include "convert/gen2_selection.h"

#include "butler/where.h"
#include "common/calendar.h"
#include "common/glob.h"
#include "common/text.h"
#include "gen2/line_facts.h"

#include <algorithm>

namespace dbb::convert {

using common::Json;

namespace {

std::int64_t dayOf(std::string const &text) {
    if (auto const day = common::yyyymmddFrom(text)) return *day;
    throw common::usageError("--day-obs: \"" + text + "\" is no day",
                             "days are written YYYYMMDD, a range 20210105..20210131");
}

std::pair<std::int64_t, std::int64_t> daysOf(std::string const &text) {
    auto const dots = text.find("..");
    if (dots == std::string::npos) return {dayOf(text), dayOf(text)};
    std::pair const out{dayOf(text.substr(0, dots)), dayOf(text.substr(dots + 2))};
    if (out.first > out.second) throw common::usageError("--day-obs: \"" + text + "\" ends before it begins");
    return out;
}

sql::Value parameterOf(Json const &value) {
    if (value.isInt()) return value.integer();
    if (value.isDouble()) return value.number();
    if (value.isString()) return value.string();
    return std::monostate{};
}

} // namespace

/// A condition as a question to an empty database.
struct Gen2Selection::Where {
    std::unique_ptr<sql::Database> db;
    std::unique_ptr<sql::Statement> statement;
    std::vector<std::string> columns;
    std::vector<sql::Value> values;
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
    if (!_choice.day_obs.empty()) _days = daysOf(_choice.day_obs);
}

Gen2Selection::~Gen2Selection() = default;

bool Gen2Selection::wantsRerun(std::string const &name) const {
    return _reruns && (_choice.reruns.empty() || common::anyGlobMatches(_choice.reruns, name));
}

void Gen2Selection::compile(std::vector<std::string> const &names) {
    if (_choice.where.empty()) return;
    auto condition = butler::parseWhere(_choice.where, names);
    _where = std::make_unique<Where>();
    _where->columns = condition.columns;
    std::vector<std::string> values;
    for (auto const &column : condition.columns) values.push_back("? AS " + sql::quoteIdentifier(column));
    if (values.empty()) values.emplace_back("1");
    _where->db = sql::openSqlite(":memory:", sql::OpenMode::Create);
    _where->statement = _where->db->prepare("SELECT 1 FROM (SELECT " + common::join(values, ", ") + ") WHERE "
                                            + condition.sql);
    _choice.where.clear();
    _where->values = std::move(condition.values);
}

bool Gen2Selection::wantsType(Finding const &finding) const {
    if (_choice.dataset_types.empty()) return true;
    return finding.type
           && (common::anyGlobMatches(_choice.dataset_types, finding.type->name)
               || common::anyGlobMatches(_choice.dataset_types, finding.dataset_type));
}

bool Gen2Selection::wantsLine(manifest::Record const &line) {
    gen2::LineFacts const facts(line);
    if (_days) {
        auto const day = facts.dayObs();
        if (!day || *day < _days->first || *day > _days->second) return false;
    }
    if (!_where) return true;
    std::vector<sql::Value> parameters;
    for (auto const &column : _where->columns) {
        parameters.push_back(
            parameterOf(column == "dataset_type" ? Json(facts.datasetType()) : facts.value(column)));
    }
    parameters.insert(parameters.end(), _where->values.begin(), _where->values.end());
    return _where->statement->hasRow(parameters);
}

} // namespace dbb::convert
