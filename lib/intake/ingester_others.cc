// What an Ingester does for datasets that are no raw images: their data IDs are completed from the registry,
// and calibrations get their validity.
#include "butler/record_values.h"
#include "common/error.h"
#include "common/text.h"
#include "intake/ingester_parts.h"

namespace dbb::intake {

using common::Error;
using common::Json;

namespace {

/// Calibrations of one call that are remembered to tell whether what is in the way is among the lines.
constexpr std::size_t rememberedCalibrations = 65536;

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

/// Give the calibrations of a batch their validity, once its datasets are stored: all of a collection at
/// once, since one may take the time of another. \return false when lines were refused for it, so that the
/// rest must be stored once more without them
bool Ingester::certify(std::vector<Item> &items) {
    std::map<std::pair<std::string, std::string>, Group> wanted;
    for (auto &item : items) {
        auto const &other = item.line.other;
        if (!other || other->calibration.empty() || item.error || item.twin) continue;
        wanted[{item.target->type.name, other->calibration}].push_back(&item);
    }
    bool complete = true;
    for (auto const &[where, group] : wanted) {
        try {
            certify(where.second, group);
        } catch (Error const &e) {
            if (isFatal(e)) throw;
            for (auto *item : group) reject(*item, e);
            return false; // a server takes no more of this transaction
        }
        complete =
            complete && std::ranges::none_of(group, [](Item const *item) { return item->error.has_value(); });
    }
    return complete;
}

/// The dataset type of a group as the registry has it, nullopt in a dry run before it is made. Targets may
/// have been forgotten with a line that was refused.
std::optional<butler::DatasetType> Ingester::registeredType(Group const &group) const {
    for (auto const *item : group) {
        if (item->target->datasets) return item->target->datasets->type();
    }
    auto const &wanted = group.front()->target->type;
    return butler::findDatasetType(_repo, wanted.name, wanted.dimensions.required, wanted.storage_class,
                                   group.front()->target->is_calibration);
}

/// \param group  of one dataset type
void Ingester::certify(std::string const &collection, Group const &group) {
    using butler::Certifications;
    using butler::CollectionType;
    std::vector<butler::Certified> wanted;
    for (auto const *item : group) {
        auto const &other = *item->line.other;
        wanted.push_back({*item->id, item->data_id, other.begin_ns, other.end_ns});
        rememberCalibration(*item->id);
    }
    auto const type = registeredType(group);
    std::vector<Certifications::Outcome> outcomes;
    auto const ownTimes =
        _options.update_validity ? Certifications::OwnTimes::Replace : Certifications::OwnTimes::Keep;
    if (_plan) {
        auto const id = butler::findCollectionId(_repo, collection, CollectionType::Calibration);
        if (!id) _plan->addCollection(collection, CollectionType::Calibration);
        outcomes = Certifications(_repo, type.value_or(group.front()->target->type), collection,
                                  type ? id : std::nullopt)
                       .plan(wanted, ownTimes, _plan->validity);
    } else {
        auto const id = butler::registerCollection(_repo, collection, CollectionType::Calibration);
        outcomes = Certifications(_repo, type.value(), collection, id).insert(wanted, ownTimes);
    }
    for (std::size_t i = 0; i < group.size(); ++i) tellCertified(*group[i], collection, outcomes[i]);
}

/// What became of a calibration, for its receipt.
void Ingester::tellCertified(Item &item, std::string const &collection,
                             butler::Certifications::Outcome const &outcome) {
    using Found = butler::Certifications::Found;
    item.updated = {};
    if (outcome.error) return reject(item, explained(item, outcome));
    if (item.outcome != "done") item.outcome = outcome.found == Found::Same ? "existing" : "updated";
    if (outcome.found == Found::Same || (item.outcome == "done" && outcome.replaced.empty())) return;
    item.updated.set("calibration", collection);
    if (outcome.replaced.empty()) return;
    butler::RecordColumn const time{.name = "validity", .type = {}, .timespan = true};
    Json::Array before;
    for (auto const &row : outcome.replaced)
        before.push_back(butler::valueOf(time, {row.begin_ns, row.end_ns}, 0));
    item.updated.set("validity", before);
}

/// A conflict that ends when the validity of these lines counts.
Error Ingester::explained(Item const &item, butler::Certifications::Outcome const &outcome) const {
    auto const rival = common::Uuid::fromText(outcome.rival);
    if (_options.update_validity || !rival || !_calibrations.contains(*rival)) return *outcome.error;
    return Error(*outcome.error)
        .hint((rival == item.id ? "the dataset" : "the other dataset, which is among the lines, too,")
              + std::string(" gets the validity of its line with --update-validity"));
}

void Ingester::rememberCalibration(common::Uuid const &id) {
    if (_calibrations.size() >= rememberedCalibrations) _calibrations.clear();
    _calibrations.insert(id);
}

} // namespace dbb::intake
