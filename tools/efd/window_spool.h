/// \file
/// Window lines on their way into order.
#pragma once

#include "sql/database.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace dbb::efd {

/// Keeps lines in a temporary file when they are many, so that memory does not grow with them.
class WindowSpool {
public:
    WindowSpool();

    void add(std::int64_t begin_ns, std::int64_t id, std::string const &line);
    /// Hand on all lines by begin, then id, then as they came, until `line` says false.
    void forEach(std::function<bool(std::string const &)> const &line);

private:
    std::unique_ptr<sql::Database> _db;
    std::unique_ptr<sql::Statement> _insert;
};

} // namespace dbb::efd
