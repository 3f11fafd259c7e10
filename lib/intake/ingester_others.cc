// What an Ingester does for datasets that are no raw images: their data IDs are completed from the registry,
// and calibrations get their validity.
#include "common/error.h"
#include "common/text.h"
#include "intake/ingester_parts.h"

namespace dbb::intake {

using common::Error;

namespace {

/// Values that are none of the dataset type's dimensions would be lost, and with them what tells two datasets
/// apart.
void requireOnly(butler::DatasetType const &type, common::Json const &dataId) {
    auto const &names = type.dimensions.names;
    for (auto const &[name, value] : dataId.object()) {
        if (std::ranges::find(names, name) != names.end()) continue;
        throw Error("INCONSISTENT_LINE", "the \"data_id\" has " + name + ", but the dimensions of "
                                             + type.name + " are " + common::join(names, ", "))
            .cause({.column = "data_id", .value = name, .expected = common::join(names, ", ")})
            .hint("correct \"dimensions\" or \"data_id\"; the line as the scan prints it has both");
    }
}

} // namespace

/// What the registry knows of the data IDs of items that are no raw images.
void Ingester::expandOthers(std::vector<Item> &items) {
    std::vector<Item *> others;
    std::vector<butler::DataIdExpansion::Wanted> wanted;
    for (auto &item : items) {
        if (!item.line.other) continue;
        try {
            item.target = &targetOf(item.line);
            requireOnly(item.target->type, item.line.other->data_id);
        } catch (Error const &e) {
            if (isFatal(e)) throw;
            reject(item, e);
            continue;
        }
        others.push_back(&item);
        wanted.push_back({&item.target->type.dimensions, &item.line.other->data_id});
    }
    auto outcomes = _expansion.expandEach(wanted);
    for (std::size_t i = 0; i < others.size(); ++i) {
        if (outcomes[i].error) {
            reject(*others[i], *outcomes[i].error);
        } else {
            others[i]->expanded = std::move(outcomes[i].data_id);
        }
    }
}

/// Give the calibrations of a group their validity.
void Ingester::certify(Group const &group) {
    std::map<std::pair<Target *, std::string>, Group> wanted;
    for (auto *item : group) {
        auto const &other = item->line.other;
        if (other && !other->calibration.empty()) wanted[{item->target, other->calibration}].push_back(item);
    }
    for (auto const &[where, items] : wanted) certify(*where.first, where.second, items);
}

void Ingester::certify(Target &target, std::string const &collection, Group const &group) {
    auto const tell = [&](Item &item) {
        if (item.outcome != "existing") return;
        item.outcome = "updated";
        item.updated.set("calibration", collection);
    };
    auto at = target.certifications.find(collection);
    if (at == target.certifications.end()) {
        using butler::CollectionType;
        auto const id = _options.dry_run
                            ? butler::findCollectionId(_repo, collection, CollectionType::Calibration)
                            : butler::registerCollection(_repo, collection, CollectionType::Calibration);
        // Of a dry run: what does not exist has nothing in its way.
        if (!id || !target.datasets) {
            for (auto *item : group) tell(*item);
            return;
        }
        at = target.certifications.try_emplace(collection, _repo, target.datasets->type(), collection, *id)
                 .first;
    }
    std::vector<butler::Certified> wanted;
    for (auto const *item : group) {
        auto const &other = *item->line.other;
        wanted.push_back({*item->id, item->data_id, other.begin_ns, other.end_ns});
    }
    auto const outcomes = _options.dry_run ? at->second.lookEach(wanted) : at->second.insert(wanted);
    for (std::size_t i = 0; i < group.size(); ++i) {
        auto &item = *group[i];
        if (outcomes[i].error) throw *outcomes[i].error;
        if (outcomes[i].found != butler::Certifications::Found::Same) tell(item);
    }
}

} // namespace dbb::intake
