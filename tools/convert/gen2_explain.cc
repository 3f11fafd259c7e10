#include "convert/gen2_explain.h"

#include "common/text.h"

#include <algorithm>

namespace dbb::convert {

namespace {

/// Templates that are shown of those that go on.
constexpr std::size_t mostShown = 8;

std::string counted(std::size_t count, std::string const &what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

/// Where a path is in the tree, element by element.
std::string stepsOf(gen2::PathTree const &tree, std::vector<std::string> const &elements) {
    std::string out;
    auto place = tree.root();
    for (auto const &element : elements) {
        auto const ahead = tree.ahead(place);
        out += "  " + common::printable(element) + ": " + counted(ahead.size(), "template")
               + " to compare with\n";
        if (ahead.size() <= mostShown)
            for (auto const &each : ahead) out += "    " + each.element + "   of " + each.pathTemplate + "\n";
        if (&element != &elements.back()) place = tree.below(place, element);
    }
    return out;
}

} // namespace

std::string explainPath(Recognition &recognition, Gen2Source const &source, std::string const &path) {
    auto const &tree = recognition.treeOf(source.kind);
    auto const elements = common::split(path.substr(source.folder.size() + 1), '/');
    auto place = tree.root();
    for (std::size_t i = 0; i + 1 < elements.size(); ++i) place = tree.below(place, elements[i]);
    Finding finding;
    finding.source = &source;
    auto found = lookAt(path);
    finding.exists = found.has_value();
    finding.file = found ? std::move(*found) : TreeFile{.path = path};
    recognition.recognise(finding, place);

    auto out = common::printable(path) + "\n  repository: " + source.name() + " in "
               + common::printable(source.folder) + (finding.exists ? "\n" : "\n  the file is not there\n");
    out += stepsOf(tree, elements);
    if (finding.type) {
        out += "  dataset type: " + finding.type->name + "\n";
        for (auto const &pathTemplate : finding.type->templates)
            out += "  template: " + pathTemplate.text() + "\n";
        out += "  Gen2 data ID: " + gen2::jsonOf(finding.id).dump() + "\n";
    } else {
        out += "  dataset type: none (" + finding.reason + ")\n";
    }
    if (finding.nearest) {
        out += "  nearest template: " + finding.nearest->pathTemplate
               + "\n  differs at: " + common::printable(finding.nearest->element) + "\n";
    }
    for (auto const &note : finding.notes) out += "  " + common::printable(note) + "\n";
    return out;
}

} // namespace dbb::convert
