/// \file
/// What the functions that find damage are given and report with, and the functions themselves.
#pragma once

#include "butler/actual_schema.h"
#include "butler/config.h"
#include "butler/repository.h"
#include "butler/table_spec.h"
#include "common/json.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dbb::butler {

/// A statement that mends a damage. It runs later, in a transaction, and must do nothing when the damage is
/// gone by then. A SELECT that gives no row says that it is, and ends the mending.
struct Mending {
    std::string sql;
    std::vector<sql::Value> values;
};

/// As a statement: finish the removal of a dataset from a datastore, see butler/trash.h. Values: its id, the
/// datastore's name.
inline constexpr char const *emptyTrash = "";

/// One damage that was found.
struct Finding {
    std::string_view damage; ///< name in damageKinds()
    common::Json where;      ///< table and key; of two findings with the same name and place one is kept
    std::string message;
    std::vector<Mending> mending{}; ///< empty: it can't be mended without guessing
    bool blocks = false;            ///< what comes after it can't be checked while it is there
};

struct CheckContext {
    Config const &config;
    sql::Database &db;      ///< opened for reading
    Repository const *repo; ///< of kinds that come after the registry's own: never nullptr
    bool files;             ///< whether files may be looked at
    std::function<void(Finding)> report;
    std::int64_t &remote_files;                 ///< counts files that can't be looked at from here
    std::map<std::string, ActualTable> &tables; ///< as far as they have been read

    /// A table as it is. \return valid as long as no damage has been mended
    ActualTable const &table(std::string const &name) const;
};

/// A dataset type as its row is, without any guarantee.
struct TypeRow {
    std::int64_t id = 0;
    std::string name;
    std::string storage_class;
    std::int64_t dimensions_key = 0;
    std::string tags_table;
    std::string calibs_table; ///< empty: none
};
std::vector<TypeRow> typeRows(sql::Database &db);

/// Required dimensions by key of dimension_graph_definition; nullopt where a name is no dimension. Key 0 is
/// the group without dimensions.
std::map<std::int64_t, std::optional<DimensionGroup>> definedGroups(CheckContext const &context);

/// All tables of tags and calibrations that there are, whether a dataset type has them or not, by name.
/// \param column  only those with a column of this name; empty: all
std::vector<std::string> dynamicTables(sql::Database &db, std::string const &column = "");

/// A table of tags or calibs that is there as it should be, with the dataset types that it belongs to.
struct AssociationTable {
    std::string name;
    bool calibs = false;
    DimensionGroup group;
    std::vector<TypeRow> types;
    TableSpec spec;
};
/// Tables that are missing or have other columns are left out: they are damages of their own.
std::vector<AssociationTable> associationTables(CheckContext const &context);

/// A column of a row as JSON, and as text for messages.
common::Json jsonOf(sql::Value const &value);
std::string shownValue(sql::Value const &value);

/// `{"table":…,…}` with columns of a row, and `instrument=LSSTCam, exposure=1`.
common::Json placeOf(std::string const &table, std::vector<std::string> const &names,
                     sql::Statement const &row, int first = 0);
std::string keyText(std::vector<std::string> const &names, sql::Statement const &row, int first = 0);

/// `a.x = b.x AND a.y = b.y`
std::string joinedOn(std::string const &a, std::string const &b, std::vector<std::string> const &names);
/// `p.x, p.y`
std::string prefixedList(std::string const &prefix, std::vector<std::string> const &names);

/// Condition on the time span of a table of withTimespan(): half null, inverted or out of range. The empty
/// span is none of that.
std::string badTimespan(std::string const &alias, sql::Dialect dialect);

// check_registry.cc
void findRegistryDamage(CheckContext const &context);
void findAttributeDamage(CheckContext const &context);
void findValueDamage(CheckContext const &context);
// check_schema.cc
void findTableDamage(CheckContext const &context);
void findIndexDamage(CheckContext const &context);
void findDynamicTableDamage(CheckContext const &context);
// check_sequences.cc
void findSequenceDamage(CheckContext const &context);
// check_types.cc
void findGroupDamage(CheckContext const &context);
void findTypeDamage(CheckContext const &context);
/// Dimensions for which a type's table of tags has columns though the definition of its group lacks them;
/// empty when these columns are not what a larger group would have.
std::vector<std::string> lackingDimensions(CheckContext const &context, TypeRow const &type,
                                           DimensionGroup const &group);
/// Whether a type's table of tags is named after another group and has other dimensions than this one.
bool hasOtherGroup(CheckContext const &context, TypeRow const &type, DimensionGroup const &group);
// check_collections.cc
void findCollectionDamage(CheckContext const &context);
void findChainDamage(CheckContext const &context);
// check_references.cc
void findReferenceDamage(CheckContext const &context);
// check_records.cc
void findRecordDamage(CheckContext const &context);
void findOverlapSummaryDamage(CheckContext const &context);
// check_overlaps.cc
void findOverlapDamage(CheckContext const &context);
// check_datasets.cc
void findDatasetDamage(CheckContext const &context);
void findRawIdDamage(CheckContext const &context);
// check_associations.cc
void findSummaryDamage(CheckContext const &context);
void findTagDamage(CheckContext const &context);
void findCalibDamage(CheckContext const &context);
// check_storage.cc
void findStorageDamage(CheckContext const &context);
void findTrashDamage(CheckContext const &context);
void findPathDamage(CheckContext const &context);
// check_files.cc
void findFileDamage(CheckContext const &context);

} // namespace dbb::butler
