#include "ingest/repo_check_report.h"

#include "common/text.h"
#include "common/uri.h"
#include "manifest/record.h"

namespace dbb::ingest {

using butler::CheckResult;
using butler::Damage;
using butler::Orphan;
using common::Json;
using manifest::Record;

void LineReport::add(Damage const &damage) {
    std::string const name(damage.kind->name);
    if (!isShown(name)) return;
    Record line("damage");
    line.set("damage", name).set("where", damage.where).set("message", damage.message);
    line.set("remedy", damage.kind->remedy);
    if (!damage.outcome.empty()) {
        Json receipt;
        line.set("repair", receipt.set("outcome", damage.outcome));
    }
    _out.write(line.line());
}

void LineReport::add(Orphan const &orphan) {
    ++_orphans;
    if (!isShown("")) return;
    Record line("orphan");
    _out.write(line.set("uri", common::fileUri(orphan.path)).set("size", orphan.size_bytes).line());
}

void LineReport::finish(CheckResult const &result, bool dryRun) {
    auto end = manifest::endRecord("dbb-repo");
    Json damages{Json::Object{}};
    for (auto const &[name, count] : result.found) damages.set(name, count);
    end.set("found", result.foundTotal()).set(dryRun ? "planned" : "mended", result.mendedTotal());
    end.set("damages", damages).set("complete", result.complete && result.unchecked.empty());
    if (_orphans > 0) end.set("orphans", _orphans);
    if (result.remote_files > 0) end.set("remote_files", result.remote_files);
    _out.write(end.line());
}

void TextReport::add(Damage const &damage) {
    auto &kind = _kinds[std::string(damage.kind->name)];
    if (++kind.count > _limit) return;
    kind.lines.push_back(damage.message
                         + (damage.outcome.empty()     ? ""
                            : damage.outcome == "done" ? " [mended]"
                                                       : " [would be mended]"));
}

void TextReport::add(Orphan const &orphan) {
    if (++_orphans.count > _limit) return;
    _orphans.lines.push_back(orphan.path + " (" + std::to_string(orphan.size_bytes) + " bytes)");
}

void TextReport::printLines(Kind const &found) {
    for (auto const &line : found.lines) _out.write("  " + common::printable(line));
    auto const more = found.count - static_cast<std::int64_t>(found.lines.size());
    if (more > 0) _out.write("  and " + std::to_string(more) + " more");
}

void TextReport::printKind(butler::DamageKind const &kind, Kind const &found) {
    _out.write(std::string(kind.name) + " (" + std::to_string(found.count)
               + "): " + std::string(kind.meaning));
    printLines(found);
    _out.write((kind.mends ? "  --repair: " : "  remedy: ") + std::string(kind.remedy));
    _out.write("");
}

void TextReport::finish(CheckResult const &result, bool dryRun) {
    for (auto const &kind : butler::damageKinds()) {
        auto const found = _kinds.find(std::string(kind.name));
        if (found != _kinds.end()) printKind(kind, found->second);
    }
    if (_orphans.count > 0) {
        _out.write("files that no row names (" + std::to_string(_orphans.count) + "):");
        printLines(_orphans);
        _out.write("");
    }
    auto const count = result.foundTotal();
    auto text = count == 0 ? "no damage found" : std::to_string(count) + " found";
    if (result.mendedTotal() > 0) {
        text += ", " + std::to_string(result.mendedTotal()) + (dryRun ? " would be mended" : " mended");
    }
    if (result.remote_files > 0)
        text += ", " + std::to_string(result.remote_files) + " remote files not looked at";
    _out.write(text + (result.complete ? "" : "; stopped early"));
}

} // namespace dbb::ingest
