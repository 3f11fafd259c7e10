#include "butler/damage.h"

#include "butler/check_parts.h"
#include "common/error.h"

#include <algorithm>
#include <iterator>

namespace dbb::butler {

namespace {

constexpr bool mends = true;
constexpr bool stays = false;

// name, meaning, remedy, whether it can be mended here, who finds it
constexpr DamageKind kinds[] = {
    // the database file
    {"corrupt_database", "The database file is corrupt.",
     "restore it from a copy; what can be read of a file saves the .recover command of sqlite3", stays,
     findRegistryDamage},
    {"broken_index", "An index does not fit its table, or making it was not finished.",
     "the index is made anew from its table (REINDEX)", mends, findRegistryDamage},
    {"bad_value",
     "A row breaks a rule of its table: NULL where none may be, or a text that is too long or empty.",
     "correct the value in its table, or restore the row from a copy", stays, findRegistryDamage},

    // what kind of registry it is
    {"missing_attribute",
     "A row of butler_attributes that the Butler needs to open the repository is missing.",
     "copy the row from a repository of the same release", stays, findAttributeDamage},
    {"missing_version", "butler_attributes has no version of one of its managers.",
     "copy the row from a repository of the same release", stays, findAttributeDamage},
    {"wrong_version", "The recorded version of a manager contradicts its tables.",
     "correct the version in butler_attributes: 1.0.0 when dataset.ingest_date is a TIMESTAMP, else 2.0.0",
     stays, findAttributeDamage},

    // values
    {"wrong_value",
     "A column has values of another kind than it is declared for, which SQLite takes and the Butler can't "
     "read.",
     "correct them with sqlite3, or restore the rows from a copy", stays, findValueDamage},

    // tables
    {"missing_table", "A table that every repository of this universe has is missing.",
     "restore it from a copy: what was in it can't be known", stays, findTableDamage},
    {"wrong_columns",
     "A table has other columns, or columns of other types, than the universe or its dimension group asks "
     "for.",
     "restore it from a copy, or move its rows to a table with the right columns", stays, findTableDamage},
    {"missing_records_table", "The table of file records is missing.",
     "an empty table is made; where datasets are said to be stored: correct datastore.records.table in "
     "butler.yaml, or restore the table from a backup",
     mends, findTableDamage},
    {"missing_opaque_meta", "opaque_meta does not name the table of file records.",
     "its name is written there", mends, findTableDamage},
    {"undefined_dimension_group", "A dimension group has no definition or no key.",
     "the definition is read off the columns of its table of tags, the key is written; where another group "
     "has "
     "these dimensions, the dataset type gets its key; without such a table: "
     "restore dimension_graph_definition from a copy",
     mends, findGroupDamage},
    {"empty_dimension_group", "A dimension group has no definition, and no dataset type has it.",
     "its key is removed", mends, findGroupDamage},
    {"wrong_dimension_group", "A dataset type has another dimension group than its table of tags.",
     "the group that the table has is written there, when there is one", mends, findGroupDamage},
    {"incomplete_dimension_group",
     "A dimension group lacks a dimension that its table of tags has a column for.",
     "the lost rows of dimension_graph_definition are written", mends, findGroupDamage},
    {"duplicate_dimension_group",
     "Two dimension groups have the same dimensions, so that the Butler does not open the repository.",
     "the one that no dataset type has is removed; when both are used: give the dataset types of one the key "
     "and the tables of the other, and move its rows there",
     mends, findGroupDamage},
    {"unknown_dimension", "A dimension group has a name that is no dimension of this universe.",
     "correct the name in dimension_graph_definition", stays, findGroupDamage},
    {"orphan_dynamic_table",
     "A table of tags or calibrations belongs to no dimension group, or has rows and belongs to no dataset "
     "type.",
     "an empty one is dropped; one with rows: find out from its columns which group it belonged to, from "
     "its rows to which dataset types, and write its name there",
     mends, findDynamicTableDamage},
    {"missing_dynamic_table", "A dataset type names a table of tags or calibrations that is missing.",
     "where there are no datasets of the type, the empty table is made; else restore it from a copy", mends,
     findDynamicTableDamage},
    {"missing_constraint",
     "A table lacks a primary key, unique key or foreign key, what a foreign key does on deletion, NOT NULL, "
     "or "
     "the check of a length.",
     "SQLite: make the table anew with it and copy the rows over (https://sqlite.org/lang_altertable.html, "
     "part 7); "
     "PostgreSQL: ALTER TABLE … ADD or VALIDATE CONSTRAINT, ALTER COLUMN … SET NOT NULL, ENABLE TRIGGER ALL",
     stays, findIndexDamage},
    {"missing_index", "A table lacks an index, which makes queries slow.", "the index is made", mends,
     findIndexDamage},
    {"missing_sequence", "A sequence that gives out the ids of a table is missing (PostgreSQL only).",
     "it is made, and goes on behind the highest id; its use must be granted again to who is not its owner",
     mends, findSequenceDamage},
    {"sequence_behind",
     "A sequence would give out an id that its table has already, so that writers fail (PostgreSQL only).",
     "it is set to the highest id", mends, findSequenceDamage},

    // dataset types and collections
    {"bad_dataset_type_name", "A dataset type has a name that the Butler does not accept.",
     "rename it in dataset_type", stays, findTypeDamage},
    {"unknown_collection_type", "A collection is neither RUN, TAGGED, CHAINED nor CALIBRATION.",
     "correct its type in table collection (1 RUN, 2 TAGGED, 3 CHAINED, 4 CALIBRATION)", stays,
     findCollectionDamage},
    {"run_without_row", "A run has no row in table run.",
     "the row is written; where it has children or datasets of other runs: correct its type in table "
     "collection",
     mends, findCollectionDamage},
    {"run_of_other_type", "Table run has a collection that is no run.",
     "where no dataset is in it, the row is removed; else correct the type of the collection", mends,
     findCollectionDamage},
    {"chain_duplicate_child", "A chain has a collection more than once.",
     "all but the first are removed, which changes no search", mends, findChainDamage},
    {"chain_of_other_type", "A collection that is no chain has children.",
     "correct its type in table collection, or remove its rows from collection_chain", stays,
     findChainDamage},
    {"chain_cycle", "Chains contain each other, so that no search through them ends.",
     "decide which link is wrong and remove it: butler collection-chain REPO PARENT CHILD --mode remove",
     stays, findChainDamage},

    // references
    {"tag_without_dataset", "A table of tags has a dataset that is not there.",
     "the row is removed; while a file is recorded for the dataset: restore its row in table dataset, or "
     "remove all "
     "that is left of it",
     mends, findReferenceDamage},
    {"calib_without_dataset", "A table of calibrations has a dataset that is not there.",
     "the row is removed; while a file is recorded for the dataset: restore its row in table dataset, or "
     "remove all "
     "that is left of it",
     mends, findReferenceDamage},
    {"tag_without_type", "A table of tags or calibrations has a dataset type that is not there.",
     "restore the row in dataset_type", stays, findReferenceDamage},
    {"tag_without_collection", "A table of tags or calibrations has a collection that is not there.",
     "restore the row in collection, or remove the rows", stays, findReferenceDamage},
    {"dataset_without_type", "A dataset has a dataset type that is not there.",
     "restore the row in dataset_type", stays, findReferenceDamage},
    {"dataset_without_run", "A dataset is in a run that is not there.",
     "restore the rows in collection and run", stays, findReferenceDamage},
    {"location_without_dataset", "dataset_location has a dataset that is not there.",
     "the row is removed; while a file is recorded for the dataset: restore its row in table dataset, or "
     "remove all "
     "that is left of it",
     mends, findReferenceDamage},
    {"run_without_collection", "Table run has a collection that is not there.",
     "where no dataset is in it, the row is removed; else restore the row in collection", mends,
     findReferenceDamage},
    {"broken_chain", "A chain has a collection that is not there.",
     "the link is removed; while datasets are said to be in the collection: restore its row in collection",
     mends, findReferenceDamage},
    {"dangling_summary",
     "A summary of a collection has a dataset type, instrument, skymap or collection that is not there.",
     "the row is removed; while datasets are said to be in the collection: restore its row in collection",
     mends, findReferenceDamage},
    {"missing_dimension_row", "Rows refer to a dimension record that is not there.",
     "a record that is nothing but its key (group) is written; others: register it (dbb-repo "
     "register-instrument), "
     "ingest a file of the exposure, or restore the row",
     mends, findReferenceDamage},
    {"dangling_reference", "A row refers to a row of another table that is not there.",
     "restore the row it refers to, or remove it", stays, findReferenceDamage},

    // dimension records
    {"missing_band", "A physical filter has no band.",
     "set its band: dbb-repo register-instrument REPO NAME --update", stays, findRecordDamage},
    {"null_key", "A dimension record has NULL in its key or in a dimension that it implies.",
     "correct the value in its table, or remove the record", stays, findRecordDamage},
    {"bad_timespan",
     "A time span is half NULL, ends before it begins, or lies outside of what can be stored.",
     "correct its bounds; an exposure's come from its header: dbb-ingest --update-records", stays,
     findRecordDamage},
    {"missing_overlap_summary",
     "An instrument or skymap has no row in a summary of overlaps, so the Butler takes no regions of it.",
     "the row is written", mends, findOverlapSummaryDamage},
    {"wrong_overlap_summary",
     "A summary of overlaps has pixels of another system or level than the universe.",
     "remove the row with the overlaps of that system and level, then run the check again", stays,
     findOverlapSummaryDamage},
    {"stale_overlap",
     "There are overlaps of a record that is not there or has no region, or of a pixel that there is not.",
     "the rows are removed", mends, findOverlapDamage},
    {"missing_overlap", "A record's region has not all of its overlaps, so spatial queries miss it.",
     "the rows of a polygon or circle are written; of other regions: insert the record anew with the Butler "
     "(insertDimensionData with replace=True)",
     mends, findOverlapDamage},
    {"bad_region", "A region is none.", "set it anew: butler define-visits, or insert the record anew", stays,
     findOverlapDamage},

    // datasets
    {"bad_uuid", "The id of a dataset is no UUID of 32 lower-case digits.",
     "correct it in all tables that have it", stays, findDatasetDamage},
    {"bad_ingest_date", "The time of ingest of a dataset is none.", "set dataset.ingest_date", stays,
     findDatasetDamage},
    {"missing_tag", "A dataset has no row in its run's table of tags, which has its data ID.",
     "where another collection has the dataset, the row is made from there; else remove the dataset and "
     "ingest its "
     "file again",
     mends, findDatasetDamage},
    {"wrong_uuid",
     "A raw dataset has an id of version 5 that does not follow from its type, run and data ID.",
     "remove it (dbb-repo remove-raw) and ingest its file again", stays, findRawIdDamage},

    // memberships
    {"missing_summary",
     "A collection's summary lacks a dataset type of which it has datasets: nobody finds them.",
     "the row is written", mends, findSummaryDamage},
    {"missing_instrument_summary",
     "A collection's summary lacks an instrument of which it has datasets: nobody finds them.",
     "the row is written", mends, findSummaryDamage},
    {"missing_skymap_summary",
     "A collection's summary lacks a skymap of which it has datasets: nobody finds them.",
     "the row is written", mends, findSummaryDamage},
    {"tag_in_wrong_table", "A table of tags or calibrations has a dataset type whose table is another one.",
     "move the row to the table of its dataset type, or remove it", stays, findTagDamage},
    {"tag_type_mismatch",
     "A table of tags or calibrations has a dataset with another dataset type than its own.",
     "find out which of the two is right, and correct the other", stays, findTagDamage},
    {"tag_of_other_run", "A run has a dataset whose run is another one.",
     "where the dataset's own run has it, the other row is removed; else correct dataset.run_id, or the type "
     "of "
     "a collection that has no datasets of its own",
     mends, findTagDamage},
    {"tag_in_wrong_collection", "A dataset is in a collection of a type that can't have it.",
     "remove the row, or correct the type of the collection", stays, findTagDamage},
    {"data_id_mismatch", "A collection has a dataset with another data ID than its run.",
     "take the dataset out of the collection and put it in again with the Butler", stays, findTagDamage},
    {"duplicate_data_id", "A collection has two datasets of the same type and data ID.",
     "decide which to keep and remove the other, then give the table its unique key back", stays,
     findTagDamage},
    {"calib_overlap", "Validity ranges of the same type and data ID overlap, so a search can't decide.",
     "take the wrong one out with the Butler (decertify), and certify it anew", stays, findCalibDamage},

    // storage
    {"unknown_datastore_name", "Datasets are stored in a datastore that the configuration does not have.",
     "correct datastore.root or datastore.name in butler.yaml, or the name in the table", stays,
     findStorageDamage},
    {"location_without_record", "A dataset is said to be stored, but no file is recorded.",
     "the location is removed: the dataset stays, and ingesting its file stores it again when no other "
     "datastore has it; where no file at all is recorded: correct datastore.records.table in butler.yaml, or "
     "restore the table from a backup",
     mends, findStorageDamage},
    {"missing_location", "A dataset has a file record, but no location, so the Butler does not see its file.",
     "the location is written", mends, findStorageDamage},
    {"record_without_dataset", "A file is recorded for a dataset that is not there.",
     "the record is removed, the file stays and is listed by --orphans; while other tables speak of the "
     "dataset: "
     "restore its row in table dataset, or remove all that is left of it",
     mends, findStorageDamage},
    {"trash_and_live", "A dataset is stored and waits to be deleted at once.",
     "it is taken out of the trash, its file stays", mends, findTrashDamage},
    {"trash_left_over", "The removal of a dataset was not finished, or is under way.",
     "it is finished: its file is deleted unless another dataset has it, then its rows", mends,
     findTrashDamage},
    {"path_outside_root", "A file is recorded with a path that leaves the datastore's root.",
     "correct the path, or remove the dataset", stays, findPathDamage},
    {"shared_path", "One raw file is recorded for several exposures.",
     "find out from its header which is right; remove the others with dbb-repo remove-raw --keep-files",
     stays, findPathDamage},

    // files
    {"missing_datastore_root", "The folder below which files are stored is not there.",
     "mount it, or correct "
     "datastore.root in butler.yaml",
     stays, findFileDamage},
    {"missing_file", "A file is not where it is recorded.",
     "put it back from a copy; or remove the dataset (dbb-repo remove-raw, butler prune-datasets)", stays,
     findFileDamage},
    {"misread_path",
     "The Butler takes a path for another one: %XX for an encoded character, what follows # for a fragment.",
     "rename the file and correct its path in the table of file records", stays, findFileDamage},
    {"unreadable_file", "A file can't be looked at.",
     "correct the modes of its folders, or mount its file system", stays, findFileDamage},
    {"not_a_file", "Where a file is recorded is a folder.", "move the folder away and put the file back",
     stays, findFileDamage},
    {"own_file", "The file of a dataset is the registry itself, a journal of it, or butler.yaml.",
     "correct the path, or remove the dataset alone (dbb-repo remove-raw --keep-files)", stays,
     findFileDamage},
    {"wrong_size", "A file has another size than recorded.",
     "compare it with its source; put the right one back, or remove the dataset and ingest it again", stays,
     findFileDamage},
};

} // namespace

std::span<DamageKind const> damageKinds() {
    return kinds;
}

DamageKind const &damageKind(std::string_view name) {
    auto const *at = std::find_if(std::begin(kinds), std::end(kinds),
                                  [&](DamageKind const &kind) { return kind.name == name; });
    if (at == std::end(kinds)) {
        throw common::Error("BAD_VALUE", "there is no damage of name \"" + std::string(name) + "\"");
    }
    return *at;
}

} // namespace dbb::butler
