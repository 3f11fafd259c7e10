/// \file
/// The index in a zip file of datasets, as Butler.retrieve_artifacts_zip writes it (daf_butler, ZipIndex V1).
#pragma once

#include "common/json.h"
#include "common/uuid.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace dbb::butler {

/// A member of a zip file, which is one dataset.
struct ZipMember {
    common::Uuid id;
    std::string dataset_type;
    std::string run;
    common::Json data_id;
    std::string formatter;
    std::string storage_class;
    std::string checksum; ///< empty: none
    std::int64_t size_bytes = 0;
};

class ZipIndex {
public:
    /// Its name in the zip file.
    static constexpr char const *fileName = "_butler_zip_index.json";

    /// \throws Error BAD_ZIP when the text is no such index, names no member, or one that is not exactly one
    /// dataset
    static ZipIndex parse(std::string_view text);

    /// By path in the zip file, in bytewise order.
    std::map<std::string, ZipMember> const &members() const { return _members; }

    /// Where a datastore keeps the file: zips/<4 digits>/<UUID>.zip, the UUID being version 5 of the sorted
    /// paths of its members in the Butler's name space.
    std::string storedPath() const;

private:
    std::map<std::string, ZipMember> _members;
};

} // namespace dbb::butler
