#include "ingest/why_failures.h"

#include "common/error.h"
#include "common/file.h"
#include "common/lines.h"

#include <algorithm>
#include <cctype>

namespace dbb::ingest {

using common::Error;
using common::Json;
using manifest::Record;

namespace {

char unified(char c) {
    return c == '-' ? '_' : c;
}

/// The name by which a rejected line goes: its URI, or its text when it was no record.
std::string shownName(Record const &reject) {
    for (auto const *key : {"uri", "text"}) {
        auto const value = reject.get(key);
        if (value.isString()) return value.string();
    }
    return {};
}

/// An integer, also as text or double.
std::optional<std::int64_t> integerIn(Json const &object, std::string_view key) {
    Record record("");
    try {
        return record.set("value", object[key]).integer("value");
    } catch (Error const &) {
        return std::nullopt;
    }
}

std::string instrumentIn(Record const &reject) {
    for (auto const &value : {reject.get("data_id")["instrument"], reject.get("instrument")}) {
        if (value.isString()) return value.string();
    }
    return {};
}

Failure failureOf(Record const &reject) {
    return {shownName(reject), instrumentIn(reject), integerIn(reject.get("data_id"), "detector"),
            reject.get("error")};
}

/// Whether it is worth while to parse a line.
bool mayBeAbout(std::string_view line, ExposureName const &exposure) {
    return (!exposure.obs_id.empty() && holdsWord(line, exposure.obs_id))
           || (exposure.id && line.find(std::to_string(*exposure.id)) != std::string_view::npos);
}

void search(std::string const &path, ExposureName const &exposure, std::vector<std::string> const &others,
            std::vector<Failure> &out) {
    common::UniqueFd fd;
    try {
        fd = common::openForReading(path);
    } catch (Error const &e) {
        throw common::usageError("--rejects: " + e.message());
    }
    common::LineReader lines(fd.get(), '\n', "\"" + path + "\"");
    for (auto status = lines.next(); status != common::LineReader::Status::End; status = lines.next()) {
        if (status != common::LineReader::Status::Line || !mayBeAbout(lines.line(), exposure)) continue;
        try {
            auto const reject = Record::parse(lines.line());
            if (!reject.get("error").isObject() || !isAbout(reject, exposure, others)) continue;
            auto failure = failureOf(reject);
            std::erase_if(out, [&](Failure const &f) { return f.file == failure.file; });
            out.push_back(std::move(failure));
        } catch (Error const &) {
            // Not a reject; who pipes the file into dbb-why is told.
        }
    }
}

} // namespace

bool holdsWord(std::string_view text, std::string_view word) {
    if (word.empty()) return false;
    auto const isWordChar = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
    auto const same = [](char a, char b) { return unified(a) == unified(b); };
    for (auto from = text.begin();; ++from) {
        from = std::search(from, text.end(), word.begin(), word.end(), same);
        if (from == text.end()) return false;
        auto const end = from + static_cast<std::ptrdiff_t>(word.size());
        if ((from == text.begin() || !isWordChar(from[-1])) && (end == text.end() || !isWordChar(*end))) {
            return true;
        }
    }
}

bool isAbout(Record const &reject, ExposureName const &exposure, std::vector<std::string> const &others) {
    auto const instrument = instrumentIn(reject);
    if (!exposure.instrument.empty() && !instrument.empty() && instrument != exposure.instrument)
        return false;
    if (auto const id = integerIn(reject.get("data_id"), "exposure"); id && exposure.id)
        return *id == *exposure.id;
    if (auto const obsId = reject.get("records")["exposure"]["obs_id"]; obsId.isString()) {
        return obsId.string() == exposure.obs_id;
    }
    auto const name = shownName(reject);
    if (holdsWord(name, exposure.obs_id)) return true;
    // Two cameras may have exposures of the same number.
    return exposure.id && holdsWord(name, std::to_string(*exposure.id))
           && std::none_of(others.begin(), others.end(),
                           [&](std::string const &other) { return holdsWord(name, other); });
}

std::vector<Failure> failuresOf(ExposureName const &exposure, std::vector<std::string> const &rejects,
                                std::vector<std::string> const &others) {
    std::vector<Failure> out;
    for (auto const &path : rejects) search(path, exposure, others, out);
    return out;
}

} // namespace dbb::ingest
