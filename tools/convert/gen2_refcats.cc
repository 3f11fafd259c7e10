#include "convert/gen2_refcats.h"

#include "butler/collections.h"
#include "common/error.h"
#include "common/file.h"
#include "common/text.h"
#include "gen2/collection_names.h"

#include <algorithm>

namespace dbb::convert {

namespace {

constexpr int defaultDepth = 7;
constexpr int mostDepth = 24;

std::string withoutBlanks(std::string_view text) {
    std::string out;
    std::copy_if(text.begin(), text.end(), std::back_inserter(out),
                 [](char c) { return c != ' ' && c != '\t'; });
    return out;
}

/// What stands before a comment.
std::optional<int> depthIn(std::string_view text) {
    auto const out = common::wholeNumber(text.substr(0, text.find('#')));
    return out && *out >= 0 && *out <= mostDepth ? std::optional(static_cast<int>(*out)) : std::nullopt;
}

} // namespace

std::optional<int> htmDepth(std::string const &configuration) {
    std::optional<int> out = defaultDepth;
    for (auto const &each : common::split(configuration, '\n')) {
        auto const line = withoutBlanks(each.substr(0, each.find('\r')));
        for (std::string_view const start :
             {"config.indexer['HTM'].depth=", "config.indexer[\"HTM\"].depth="})
            if (line.starts_with(start)) out = depthIn(std::string_view(line).substr(start.size()));
    }
    return out;
}

std::optional<int> Refcats::depthOf(std::string const &name) {
    auto const [at, isNew] = _depths.emplace(name, std::nullopt);
    if (!isNew) return at->second;
    try {
        at->second = htmDepth(common::readFile(_root + "/ref_cats/" + name + "/config.py"));
    } catch (common::Error const &) {
        // Told of each shard.
    }
    return at->second;
}

void Refcats::complete(Finding &finding) {
    auto const name = gen2::textOf(finding.id.find("name"));
    auto const pixel = gen2::textOf(finding.id.find("pixel_id"));
    auto const number = common::wholeNumber(pixel);
    if (!number || *number < 0) {
        finding.notes.emplace_back("the name of a shard is the number of its trixel");
        finding.type = nullptr;
        finding.id = {};
        return finding.decide("review", "unrecognised");
    }
    finding.dataset_type = name;
    if (!butler::isTypeName(name)) {
        finding.notes.push_back("no dataset type can be called \"" + name
                                + "\": letters, digits and underscores; a link to the folder, with such a "
                                  "name, is another catalogue");
        return finding.decide("error", "bad_dataset_type_name");
    }
    auto const depth = depthOf(name);
    if (!depth) {
        finding.notes.emplace_back("its config.py, which tells the depth of its trixels, can't be read");
        return finding.decide("review", "no_refcat_config");
    }
    auto const first = std::int64_t{8} << 2 * *depth;
    if (*number < first || *number >= 2 * first) {
        finding.notes.push_back(pixel + " is the number of no trixel of depth " + std::to_string(*depth));
        return finding.decide("review", "unrecognised");
    }
    finding.dimensions = {"htm" + std::to_string(*depth)};
    finding.data_id.values.set(finding.dimensions.front(), *number);
    finding.translated = true;
    finding.run = gen2::refcatRun;
    finding.formatter = finding.type->formatter;
}

} // namespace dbb::convert
