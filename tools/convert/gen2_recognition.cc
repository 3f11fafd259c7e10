#include "convert/gen2_recognition.h"

#include "common/glob.h"
#include "common/text.h"
#include "gen2/collection_names.h"

#include <algorithm>
#include <sys/stat.h>

namespace dbb::convert {

using gen2::DatasetType;
using gen2::Kind;
using gen2::PathTree;

namespace {

bool isForCalib(Kind kind) {
    return kind == Kind::Calibration || kind == Kind::Curated || kind == Kind::Ignored;
}
bool isForRerun(Kind kind) {
    return kind != Kind::Calibration && kind != Kind::Raw && kind != Kind::Refcat
           && kind != Kind::RefcatConfig;
}

bool isConvertible(DatasetType const &type) {
    return type.kind != Kind::Ignored && type.kind != Kind::NoGen3
           && (type.kind == Kind::Raw || !type.storage_class.empty());
}

/// Characters that two texts have in common at both ends.
std::size_t likeness(std::string_view a, std::string_view b) {
    auto const most = std::min(a.size(), b.size());
    std::size_t front = 0;
    while (front < most && a[front] == b[front]) ++front;
    std::size_t back = 0;
    while (back < most - front && a[a.size() - 1 - back] == b[b.size() - 1 - back]) ++back;
    return front + back;
}

/// Folders of a Gen3 repository that was made in the place of the Gen2 one. \param root  of that
bool isGen3Product(std::string const &root, std::string const &path, std::string const &instrument) {
    auto const isIn = [&](std::string const &folder) { return path.starts_with(folder + "/"); };
    if (!isIn(instrument) && !isIn("u") && !isIn(gen2::refcatRun) && !isIn(gen2::skymapRun) && !isIn("masks"))
        return false;
    struct stat s {};
    return ::stat((root + "/butler.yaml").c_str(), &s) == 0;
}

} // namespace

Recognition::Recognition(gen2::Policy const &policy) : _policy(policy) {
    for (auto const &type : policy.types) {
        for (std::size_t rank = 0; rank < type.templates.size(); ++rank) {
            auto const &pathTemplate = type.templates[rank];
            auto const owner = _owners.size();
            _owners.push_back({&type, &pathTemplate});
            if (isForCalib(type.kind)) _calib.add(pathTemplate, owner, rank);
            if (type.kind != Kind::Calibration) _root.add(pathTemplate, owner, rank);
            if (isForRerun(type.kind)) _rerun.add(pathTemplate, owner, rank);
        }
    }
}

PathTree const &Recognition::treeOf(Gen2Source::Kind kind) const {
    return kind == Gen2Source::Kind::Root ? _root : kind == Gen2Source::Kind::Calib ? _calib : _rerun;
}

bool Recognition::isIgnored(std::string_view name) const {
    return common::anyGlobMatches(_policy.ignored_files, name);
}

void Recognition::recognise(Finding &finding, PathTree::Place const &place) {
    auto const name = finding.file.name();
    if (isIgnored(name)) return finding.decide("skip", "ignored_pattern");
    auto match = treeOf(finding.source->kind).find(place, name);
    finding.id = std::move(match.values);
    finding.type = match.owners.empty() ? nullptr : chosen(match.owners, finding);
    if (finding.file.kind == TreeFile::Kind::Dangling) {
        finding.notes.push_back("the link leads to \"" + finding.file.link + "\", where nothing is");
        return finding.decide("error", "dangling_link");
    }
    if (finding.file.kind != TreeFile::Kind::Regular) {
        auto const kind = finding.file.kind;
        finding.notes.emplace_back(kind == TreeFile::Kind::Circular
                                       ? "the link leads back to a folder that it is in"
                                   : kind == TreeFile::Kind::Again
                                       ? "the link leads to a folder that was gone through by another one"
                                       : "it is neither a file nor a folder");
        return finding.decide("review", "not_regular");
    }
    if (!finding.type && finding.isConverted()) refuse(finding);
    if (match.undecided && finding.reason == "unrecognised")
        finding.notes.emplace_back("a template can be read in too many ways to tell whether it is this path");
}

bool Recognition::isCalibration(std::string const &path) const {
    auto const elements = common::split(path, '/');
    auto place = _calib.root();
    for (std::size_t i = 0; i + 1 < elements.size(); ++i) place = _calib.below(place, elements[i]);
    auto const owners = _calib.find(place, elements.back()).owners;
    return std::ranges::any_of(owners,
                               [&](auto owner) { return _owners[owner].type->kind == Kind::Calibration; });
}

void Recognition::refuse(Finding &finding) {
    auto const &folder = finding.source->folder;
    auto const path = finding.file.path.substr(folder.size() + 1);
    if (finding.source->kind == Gen2Source::Kind::Root && isGen3Product(folder, path, _policy.instrument)) {
        finding.notes.emplace_back("a Gen3 repository has been made in this place");
        return finding.decide("skip", "gen3_product");
    }
    finding.decide("review", "unrecognised");
    finding.notes.emplace_back(
        "--explain tells how its path was read, --templates adds a layout, and a rule leaves "
        "it out");
    finding.nearest = nearest(finding.source->kind, path);
}

/// Of types whose files have the same path, the only one that can be converted.
DatasetType const *Recognition::chosen(std::vector<std::size_t> const &owners, Finding &finding) const {
    std::vector<DatasetType const *> types;
    for (auto const owner : owners) {
        auto const *type = _owners[owner].type;
        if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
    }
    if (types.size() == 1) return types.front();
    std::vector<DatasetType const *> able;
    for (auto const *type : types)
        if (isConvertible(*type)) able.push_back(type);
    if (able.size() == 1) return able.front();
    if (able.empty()) return types.front();
    std::vector<std::string> names;
    for (auto const *type : able) names.push_back(type->name);
    finding.notes.push_back("it can be of any of these dataset types: " + common::join(names, ", "));
    finding.decide("review", "ambiguous_template");
    return nullptr;
}

/// Go down the tree as far as the path agrees, and take what is most like the element that does not.
NearestTemplate Recognition::nearest(Gen2Source::Kind kind, std::string const &path) {
    auto const &tree = treeOf(kind);
    auto const elements = common::split(path, '/');
    auto place = tree.root();
    std::string stuck;
    std::size_t at = 0;
    for (; at + 1 < elements.size(); ++at) {
        stuck += elements[at] + "/";
        auto below = tree.below(place, elements[at]);
        if (below.empty()) break;
        place = std::move(below);
    }
    // Of files in a folder that no template has, only the folder counts.
    if (auto const &last = _last[kind]; at + 1 < elements.size() && last.stuck == stuck) return last.found;
    NearestTemplate out{.pathTemplate = {}, .element = elements[at]};
    std::size_t best = 0;
    for (auto const &ahead : tree.ahead(place)) {
        auto const like = likeness(ahead.element, elements[at]) + 1;
        if (like <= best) continue;
        best = like;
        out.pathTemplate = ahead.pathTemplate;
    }
    if (at + 1 < elements.size()) _last[kind] = {stuck, out};
    return out;
}

} // namespace dbb::convert
