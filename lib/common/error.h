/// \file
/// The one exception type of dbb. Libraries throw it and never print or exit; it is caught in two places
/// only, the loop over records (report, reject, go on) and guarded() around a program.
#pragma once

#include "common/exit_code.h"

#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace dbb::common {

/// What made something fail: the header card or database column at fault, what it holds, what would do.
struct Cause {
    std::string card{};     ///< header keyword; empty when it is a column or neither
    std::string column{};   ///< database column, empty when it is a card or neither
    std::string value{};    ///< what was found, as text
    std::string expected{}; ///< what would have been accepted, or the value already stored

    bool empty() const { return card.empty() && column.empty() && value.empty() && expected.empty(); }
};

/// An error with its parts. `code` is a stable name of the catalogue in manifest/reason.h.
class Error : public std::exception {
public:
    /// \param code     stable name, for example "NOT_FITS"
    /// \param message  one line: lower case, no full stop, names in double quotes, reason last; the middle of
    ///                 a very long one is left out, and bytes of names that are no UTF-8 are shown as \xNN
    /// \param exit     status of a program that ends because of it; an item that fails gives SomeFailed
    Error(std::string code, std::string message, ExitCode exit = ExitCode::SomeFailed);

    Error &hint(std::string text) & {
        _hint = std::move(text);
        return *this;
    }
    Error &&hint(std::string text) && {
        _hint = std::move(text);
        return std::move(*this);
    }
    Error &cause(Cause c) &;
    Error &&cause(Cause c) && { return std::move(cause(std::move(c))); }

    /// Where it happened, when that is not where the code usually happens.
    Error &&stage(std::string name) && {
        _stage = std::move(name);
        return std::move(*this);
    }

    /// The same error in other words.
    Error saying(std::string const &message) const;
    /// The same error, told of a file: its path stands in front, unless the message names it already.
    Error at(std::string const &path) const;

    std::string const &stage() const { return _stage; }
    std::string const &code() const { return _code; }
    std::string const &message() const { return _message; }
    /// What to do about it; empty when the catalogue's remedy says it all.
    std::string const &hint() const { return _hint; }
    Cause const &cause() const { return _cause; }
    ExitCode exitCode() const { return _exit; }
    char const *what() const noexcept override { return _message.c_str(); }

private:
    std::string _code;
    std::string _message;
    std::string _hint;
    std::string _stage;
    Cause _cause;
    ExitCode _exit;
};

/// A wrong command line or configuration: nothing was touched, exit status 2.
Error usageError(std::string message, std::string hint = "");

/// The error of a failed system call: `could not <action> "<path>": <strerror>`, code by errno
/// (NOT_FOUND, PERMISSION, DISK_FULL, READ_ONLY, IO_ERROR).
Error systemError(std::string const &action, std::string const &path, int errnum);

} // namespace dbb::common
