/// \file
/// The selection language of --where: comparisons, IN, ranges, AND, OR, NOT over named columns.
///
///     expression := term { OR term }        term := factor { AND factor }
///     factor     := NOT factor | ( expression ) | column operator value | column [NOT] IN ( item, … )
///                 | column IS [NOT] NULL
///     item       := value | integer .. integer
///     operator   := = == != <> < <= > >=      value := 'text' | integer | float | TRUE | FALSE
///
/// A quote inside a text is doubled. Words are recognised in either case, names of columns as they are.
#pragma once

#include "sql/database.h"

#include <set>
#include <string>
#include <vector>

namespace dbb::butler {

/// A condition as SQL with its bound values.
struct Condition {
    std::string sql; ///< empty: no condition
    std::vector<sql::Value> values;
    std::vector<std::string> columns; ///< names that occur, each once
};

/// Translate an expression. Only names of `columns` may occur; they are quoted, and values are bound, so that
/// nothing of the expression itself becomes SQL. An empty expression is no condition. \throws Error USAGE
/// (exit 2) with position and reason; an unknown name with the nearest known one \param numbers  those of
/// `columns` that can't be compared with a text
Condition parseWhere(std::string const &expression, std::vector<std::string> const &columns,
                     std::set<std::string> const &numbers = {});

/// A text as a value of the language.
std::string quotedText(std::string const &text);

} // namespace dbb::butler
