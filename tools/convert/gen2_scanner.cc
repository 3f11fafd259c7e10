#include "convert/gen2_scanner.h"

#include "common/error.h"
#include "common/file.h"
#include "common/log.h"
#include "gen2/collection_names.h"

#include <algorithm>
#include <map>
#include <set>
#include <sys/stat.h>
#include <utility>

namespace dbb::convert {

using common::Error;
using gen2::Kind;
using gen2::PathTree;

namespace {

bool isPattern(std::string const &text) {
    return text.find_first_of("*?[") != std::string::npos;
}

/// A link to a rerun beside it, such as "latest", is no other rerun.
std::vector<std::string> withoutAliases(std::set<std::string> const &folders, std::string const &top) {
    std::map<std::string, std::string> byPlace;
    for (auto const &folder : folders) {
        auto const place = common::realPath(folder);
        auto const [known, isNew] = byPlace.try_emplace(place, folder);
        if (isNew) continue;
        bool const isItself = common::realPath(top) + folder.substr(top.size()) == place;
        auto const alias = isItself ? std::exchange(known->second, folder) : folder;
        common::log::warning("the rerun \"" + alias.substr(top.size() + 1) + "\" is a link to \""
                             + known->second.substr(top.size() + 1) + "\", which is told of");
    }
    std::vector<std::string> out;
    for (auto const &[place, folder] : byPlace) out.push_back(folder);
    std::ranges::sort(out);
    return out;
}

} // namespace

Gen2Scanner::Gen2Scanner(Gen2Setup const &setup, Gen2Selection const &selection,
                         std::function<void(Finding &)> emit)
    : _setup(setup), _selection(selection), _emit(std::move(emit)), _recognition(setup.policy),
      _own(ownOf(setup)), _translation(setup.policy, setup.skymap, setup.bands),
      _raws(
          setup.layout,
          setup.policy, [this](std::string const &parent) -> auto const & { return policyOf(parent); },
          _duplicates, [this](Finding &finding) { emitRaw(finding); }),
      _calibrations(setup.layout, policyOf(setup.layout.calib), _translation, setup.scale,
                    [this](Finding &finding) { _emit(finding); }),
      _refcats(setup.layout.root.folder), _root{.kind = Gen2Source::Kind::Root,
                                                .folder = setup.layout.root.folder,
                                                .repository = setup.layout.root},
      _calib{.kind = Gen2Source::Kind::Calib, .folder = setup.layout.calib} {
    auto const isOf = [&](gen2::Repository const &r) { return r.folder == _calib.folder; };
    _calibIsShared = !setup.layout.is_calib
                     && (isOf(setup.layout.root) || std::ranges::any_of(setup.layout.parents, isOf));
    if (selection.hasReruns()) findReruns();
}

/// Of parents and calibrations; reruns come later.
std::map<std::string, Gen2Scanner::Own> Gen2Scanner::ownOf(Gen2Setup const &setup) {
    std::map<std::string, Own> out;
    auto repositories = setup.layout.parents;
    if (!setup.layout.calib.empty() && setup.layout.calib != setup.layout.root.folder) {
        if (auto calib = gen2::readRepository(setup.layout.calib)) repositories.push_back(std::move(*calib));
    }
    for (auto const &repository : repositories)
        if (!repository.policy.isNull()) out.try_emplace(repository.folder, setup.policy_with(repository));
    return out;
}

gen2::Policy const &Gen2Scanner::policyOf(std::string const &folder) const {
    auto const own = _own.find(folder);
    return own == _own.end() ? _setup.policy : own->second.policy;
}

Recognition &Gen2Scanner::recognitionOf(Gen2Source const &source) {
    auto const own = source.kind == Gen2Source::Kind::Root ? _own.end() : _own.find(source.folder);
    return own == _own.end() ? _recognition : own->second.recognition;
}

/// Reruns that are wanted: by their names where these are given, else all that there are.
void Gen2Scanner::findReruns() {
    std::set<std::string> folders;
    auto const top = _root.folder + gen2::rerunFolder;
    auto const &patterns = _selection.rerunPatterns();
    for (auto const &pattern : patterns) {
        if (isPattern(pattern)) continue;
        auto const folder = top + "/" + pattern;
        struct stat s {};
        bool const marked =
            std::any_of(gen2::repositoryMarks.begin(), gen2::repositoryMarks.end(),
                        [&](auto const &mark) { return ::lstat((folder + "/" + mark).c_str(), &s) == 0; });
        if (!marked) throw common::usageError("there is no rerun \"" + pattern + "\" below \"" + top + "\"");
        folders.insert(folder);
    }
    bool const search = patterns.empty() || std::any_of(patterns.begin(), patterns.end(), isPattern);
    if (search && common::isFolder(top)) {
        PathTree const none;
        TreeWalk::Visitor visitor;
        visitor.enter = [](std::string const &) { return true; };
        visitor.enterRepository = [&](std::string const &path) {
            if (_selection.wantsRerun(path.substr(top.size() + 1))) folders.insert(path);
            return false;
        };
        visitor.take = [](TreeFile const &, PathTree::Place const &) {};
        visitor.failed = [](std::string const &, Error const &) {};
        TreeWalk(none, visitor, false).walk(top);
    }
    for (auto const &folder : withoutAliases(folders, top)) addRerun(folder);
}

void Gen2Scanner::scan() {
    walkAll(false, &Gen2Scanner::see);
    walkAll(true, &Gen2Scanner::tell);
}

void Gen2Scanner::walkAll(bool looks, TakeFile take) {
    if (_selection.hasRoot() && !_setup.layout.is_calib) {
        walk(_root, looks, take);
        if (looks) _raws.rows(_root);
    }
    if (_selection.hasCalib() && !_calib.folder.empty()) {
        walk(_calib, looks, take);
        if (looks) _calibrations.finish(_calib);
    }
    for (auto const &rerun : _reruns) walk(rerun, looks, take);
}

void Gen2Scanner::walk(Gen2Source const &source, bool looks, TakeFile take) {
    TreeWalk::Visitor visitor;
    visitor.enter = [&](std::string const &path) { return enters(source, path); };
    visitor.enterRepository = [&](std::string const &path) {
        noteRepository(source, path, looks);
        return false;
    };
    visitor.take = [&](TreeFile const &file, PathTree::Place const &place) {
        Finding finding;
        finding.source = &source;
        finding.file = file;
        (this->*take)(finding, place);
    };
    visitor.failed = [&](std::string const &path, Error const &e) {
        if (looks) failed(source, path, e);
    };
    TreeWalk(recognitionOf(source).treeOf(source.kind), visitor, looks).walk(source.folder);
}

/// Calibrations are gone through by themselves.
bool Gen2Scanner::enters(Gen2Source const &source, std::string const &path) const {
    if (source.kind != Gen2Source::Kind::Root || _calib.folder.empty()) return true;
    struct stat s {};
    struct stat calib {};
    return ::stat(path.c_str(), &s) != 0 || ::stat(_calib.folder.c_str(), &calib) != 0
           || s.st_ino != calib.st_ino || s.st_dev != calib.st_dev;
}

/// A repository within another one: a rerun is gone through as such, of any other people are told.
void Gen2Scanner::noteRepository(Gen2Source const &source, std::string const &path, bool looks) {
    if (source.kind == Gen2Source::Kind::Calib && _calibIsShared) return;
    auto const top = _root.folder + gen2::rerunFolder + "/";
    if (!path.starts_with(top)) {
        if (looks)
            common::log::warning("\"" + path
                                 + "\" is a repository of its own, which has to be scanned by itself");
        return;
    }
    auto const name = path.substr(top.size());
    bool const known =
        std::any_of(_reruns.begin(), _reruns.end(), [&](auto const &r) { return r.folder == path; });
    if (known || source.kind == Gen2Source::Kind::Root || !_selection.wantsRerun(name)) return;
    // Its turn comes at the end of the list.
    addRerun(path);
}

void Gen2Scanner::addRerun(std::string const &folder) {
    std::optional<gen2::Repository> repository;
    try {
        repository = gen2::readRepository(folder);
    } catch (Error const &e) {
        // Its files can be told of all the same; only its parents are not known.
        repository = gen2::Repository{
            .folder = folder, .mapper = {}, .policy = {}, .parents = {}, .notes = {e.message()}};
    }
    if (!repository) return;
    std::string refusal;
    auto const &mapper = repository->mapper;
    try {
        bool const isOther = !mapper.empty() && mapper != _setup.layout.mapper;
        if (isOther && gen2::Policy::of(mapper).instrument != _setup.policy.instrument)
            refusal = "its rerun is of another camera's mapper, " + mapper;
        if (!repository->policy.isNull()) _own.try_emplace(folder, _setup.policy_with(*repository));
    } catch (Error const &e) {
        refusal = e.message();
    }
    _reruns.push_back({.kind = Gen2Source::Kind::Rerun,
                       .folder = folder,
                       .rerun = folder.substr(_root.folder.size() + gen2::rerunFolder.size() + 1),
                       .repository = *repository,
                       .refusal = refusal});
    if (!refusal.empty()) common::log::warning("\"" + folder + "\": " + refusal);
    warnOfSameRun(_reruns.back());
    for (auto const &note : repository->notes) common::log::warning("\"" + folder + "\": " + note);
}

/// Names of reruns lose their "shared/".
void Gen2Scanner::warnOfSameRun(Gen2Source const &rerun) {
    auto const run = gen2::rerunRun(_setup.policy.instrument, rerun.rerun);
    auto const [other, isNew] = _runs.try_emplace(run, rerun.rerun);
    if (isNew) return;
    common::log::warning("the reruns \"" + other->second + "\" and \"" + rerun.rerun
                             + "\" both become the run \"" + run + "\"",
                         "when they are not to be one, scan and convert one of them only, with --rerun");
}

void Gen2Scanner::failed(Gen2Source const &source, std::string const &path, Error const &e) {
    Finding finding;
    finding.source = &source;
    finding.file.path = path;
    finding.exists = false;
    finding.notes.push_back(e.message());
    finding.decide("error", "unreadable_folder");
    _emit(finding);
}

void Gen2Scanner::recognise(Finding &finding, PathTree::Place const &place) {
    auto const stray = _root.folder + gen2::rerunFolder + "/";
    auto &recognition = recognitionOf(*finding.source);
    if (finding.source->kind == Gen2Source::Kind::Root && finding.file.path.starts_with(stray)) {
        recognition.recognise(finding, PathTree::Place());
    } else {
        recognition.recognise(finding, place);
    }
    if (auto const &refusal = finding.source->refusal; !refusal.empty() && finding.isConverted()) {
        finding.notes.push_back(refusal);
        finding.type = nullptr;
        finding.decide("review", "unrecognised");
    }
    if (finding.isConverted() && finding.type) complete(finding);
}

/// Whether it is told of when another part of the repository is gone through, in the same folder.
bool Gen2Scanner::isOfOtherWalk(Finding const &finding) const {
    if (!_calibIsShared) return false;
    if (finding.source->kind == Gen2Source::Kind::Calib) return !finding.isCalibration();
    return finding.source->kind == Gen2Source::Kind::Root && !finding.type && _calib.folder == _root.folder
           && _recognition.isCalibration(finding.file.path.substr(_root.folder.size() + 1));
}

/// First pass: which data IDs come several times.
void Gen2Scanner::see(Finding &finding, PathTree::Place const &place) {
    if (finding.file.is_packed_twin || finding.file.kind != TreeFile::Kind::Regular) return;
    recognise(finding, place);
    if (!finding.isConverted() || isOfOtherWalk(finding)) return;
    if (finding.type->kind != Kind::Raw) return _duplicates.see(finding);
    asRaw(finding);
    // Some paths need the registry to tell what they are of.
    if (!_raws.registry() || isWhole(finding)) _duplicates.see(finding);
}

/// What the path of a raw says.
void Gen2Scanner::asRaw(Finding &finding) const {
    finding.run = gen2::rawRun(_setup.policy.instrument);
    finding.translate(_translation);
}

/// Whether a raw's data ID says which image it is.
bool Gen2Scanner::isWhole(Finding const &finding) {
    auto const &values = finding.data_id.values;
    bool const ofAllDetectors = !finding.type->templates.front().hdu().empty();
    return values.find("exposure") && (values.find("detector") || ofAllDetectors);
}

/// Second pass.
void Gen2Scanner::tell(Finding &finding, PathTree::Place const &place) {
    recognise(finding, place);
    if (isOfOtherWalk(finding)) return;
    if (finding.file.is_packed_twin && finding.isConverted()) {
        finding.notes.emplace_back("the same file stands beside it unpacked");
        finding.decide("skip", "compressed_duplicate");
    }
    if (finding.isConverted() && finding.type->kind == Kind::Raw) {
        std::optional<std::string> twin;
        if (_raws.registry() && _duplicates.any()) {
            asRaw(finding);
            twin = _duplicates.otherThan(finding);
        }
        return _raws.file(finding, twin);
    }
    checkDuplicates(finding);
    // Also those that somebody has to look at: they have their rows.
    if (finding.isCalibration() && finding.action != "skip") return _calibrations.file(std::move(finding));
    _emit(finding);
}

void Gen2Scanner::checkDuplicates(Finding &finding) {
    if (!finding.isConverted()) return;
    if (auto const other = _duplicates.otherThan(finding)) finding.decideDuplicate(*other);
}

void Gen2Scanner::emitRaw(Finding &finding) {
    finding.translate(_translation);
    if (!_raws.registry()) checkDuplicates(finding);
    auto const &values = finding.data_id.values;
    if (finding.isConverted() && (!values.find("detector") || !values.find("exposure"))) {
        finding.notes.emplace_back("neither its path nor a registry tells its exposure and detector; "
                                   "dbb-ingest takes these from its header");
        finding.decide("review", "unregistered_raw");
    }
    _emit(finding);
}

/// What a file that was recognised is in Gen3.
void Gen2Scanner::complete(Finding &finding) {
    switch (finding.type->kind) {
    case Kind::Raw: return;
    case Kind::Calibration: return completeCalibration(finding);
    case Kind::Refcat: return _refcats.complete(finding);
    case Kind::Curated:
        finding.notes.emplace_back("it comes from the instrument's data package and is written from there");
        finding.dataset_type = finding.type->name;
        return finding.decide("skip", "special_type");
    case Kind::Skymap:
        finding.notes.emplace_back("skymaps are registered with butler register-skymap");
        finding.dataset_type = finding.type->name;
        return finding.decide("skip", "special_type");
    case Kind::RefcatConfig:
        finding.dataset_type = finding.type->name;
        return finding.decide("skip", "special_type");
    case Kind::Ignored:
        finding.dataset_type = finding.type->name;
        return finding.decide("skip", "excluded_type");
    case Kind::NoGen3: break;
    default:
        if (!finding.type->storage_class.empty()) return completeOutput(finding);
    }
    finding.dataset_type = finding.type->name;
    finding.decide("skip", "no_storage_class");
}

void Gen2Scanner::completeCalibration(Finding &finding) {
    finding.translate(_translation);
    auto const date = gen2::textOf(finding.id.find("calibDate"));
    if (auto const run = gen2::calibrationRun(_setup.policy.instrument, date)) {
        finding.run = *run;
        return;
    }
    finding.notes.push_back("\"" + date + "\" is no date");
    finding.decide("review", "no_run");
}

void Gen2Scanner::completeOutput(Finding &finding) {
    auto const &type = *finding.type;
    finding.translate(_translation);
    auto const own = _setup.policy.runs.find(type.name);
    auto const given = _setup.runs.find(type.name);
    if (own != _setup.policy.runs.end())
        finding.run = own->second;
    else if (finding.source->kind == Gen2Source::Kind::Rerun)
        finding.run = gen2::rerunRun(_setup.policy.instrument, finding.source->rerun);
    else if (given != _setup.runs.end())
        finding.run = given->second;
    if (!finding.data_id.lost.empty()) {
        for (auto const &key : finding.data_id.lost)
            finding.notes.push_back("its " + key + " has no place in a Gen3 data ID");
        return finding.decide("review", "data_id_collapse");
    }
    if (finding.run.empty()) {
        finding.notes.push_back("outputs in the root have no run; name one with --run " + type.name + "=RUN");
        return finding.decide("review", "no_run");
    }
    if (finding.data_id.needs_skymap) {
        auto const &known = _setup.policy.root_skymap;
        finding.notes.push_back("its tract is one of a skymap that --skymap names"
                                + (known.empty() ? "" : "; upstream took " + known));
        return finding.decide("review", "needs_skymap");
    }
}

std::vector<std::string> Gen2Scanner::rerunNames() const {
    std::vector<std::string> out;
    for (auto const &rerun : _reruns) out.push_back(rerun.rerun);
    return out;
}

std::vector<std::string> Gen2Scanner::names() const {
    std::set<std::string> out{"dataset_type",    "instrument", "exposure", "visit",  "detector",
                              "physical_filter", "band",       "day_obs",  "skymap", "tract"};
    for (auto const &type : _setup.policy.types)
        for (auto const &pathTemplate : type.templates)
            out.insert(pathTemplate.keys().begin(), pathTemplate.keys().end());
    auto const add = [&](gen2::Registry const *registry, std::string const &table) {
        if (registry) out.insert(registry->columns(table).begin(), registry->columns(table).end());
    };
    add(_raws.registry(), _raws.table());
    for (auto const &type : _setup.policy.types)
        if (type.kind == Kind::Calibration) add(_calibrations.registry(), type.table);
    out.erase("id");
    return {out.begin(), out.end()};
}

/// What the registry says of the exposure with a data ID.
common::Json const &Gen2Scanner::exposureOf(gen2::Values const &id) {
    static common::Json const none;
    for (auto const &name : {_setup.policy.exposure_key, std::string("visit")}) {
        auto const *value = id.find(name);
        if (!value) continue;
        auto const exposure = name + " " + gen2::textOf(value);
        auto const column = name == _setup.policy.exposure_key ? _raws.exposureColumn() : name;
        if (exposure != _lastExposure) _ofExposure = _raws.registry()->shared(_raws.table(), column, *value);
        _lastExposure = exposure;
        return _ofExposure;
    }
    return none;
}

void Gen2Scanner::addExposure(Finding &finding) {
    if (!_raws.registry() || finding.row || finding.isCalibration()) return;
    common::Json::Object out;
    auto const &exposure = exposureOf(finding.id);
    if (!exposure.isObject()) return;
    for (auto const &[name, value] : exposure.object())
        if (!finding.id.has(name) && name != _setup.policy.detector_key) out.emplace_back(name, value);
    if (!out.empty()) finding.exposure = std::move(out);
}

} // namespace dbb::convert
