#include "ingest/why_reasons.h"

#include "common/text.h"
#include "manifest/reason.h"

#include <string>
#include <vector>

namespace dbb::ingest {

using common::Json;
using manifest::Reason;

namespace {

Json toJson(Reason const &reason) {
    Json out;
    out.set("code", reason.code).set("stage", reason.stage).set("retry", reason.retry);
    return out.set("meaning", reason.meaning).set("remedy", reason.remedy);
}

} // namespace

bool isReason(std::string_view code) {
    return !code.empty() && manifest::reasonOf(code).code == code;
}

std::string nearestReason(std::string_view word) {
    if (word.empty() || word.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != std::string_view::npos)
        return {};
    std::vector<std::string> codes;
    for (auto const &reason : manifest::reasons()) codes.emplace_back(reason.code);
    return common::nearest(word, codes);
}

void explainReason(std::string_view code, Page &page) {
    auto const &reason = manifest::reasonOf(code);
    if (page.wantsJson()) {
        Json out;
        return page.json(out.set("type", "why").set("subject", code).set("reason", toJson(reason)));
    }
    page.heading(std::string(code));
    page.detail("meaning", std::string(reason.meaning));
    page.detail("stage", std::string(reason.stage));
    page.detail("remedy", std::string(reason.remedy));
    page.detail("again", reason.retry ? "trying the same line again can help" : "the same line fails again");
}

void listReasons(Page &page) {
    for (auto const &reason : manifest::reasons()) {
        Json out;
        out.set("type", "reason");
        auto const row = toJson(reason);
        for (auto const &[key, value] : row.object()) out.set(key, value);
        page.json(out);
    }
}

} // namespace dbb::ingest
