/// \file
/// Zip files of raw images: the headers in one index, the Butler's datasets in another.
#pragma once

#include "butler/zip_index.h"
#include "common/recent_files.h"
#include "instrument/sidecar.h"
#include "manifest/record.h"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace dbb::intake {

/// What a zip file says of its members. Only its two indexes are read.
class ZippedRaws {
public:
    /// The index of headers in a zip file; its keys are paths of members.
    static constexpr char const *headersName = "_metadata_index.json";

    /// \throws Error BAD_ZIP, also when a member that an index names is not there or has another size
    static ZippedRaws read(std::string const &path);

    butler::ZipIndex const &datasets() const { return _datasets; }
    std::string const &storedPath() const { return _storedPath; }

    struct Header {
        instrument::Content content;
        std::string lender; ///< the member of the same exposure whose header it is; empty: its own
    };
    /// The header of a member of the Butler's index, or one of the same exposure. \throws Error BAD_ZIP
    Header headerOf(std::string const &member) const;

    /// Where the two indexes do not name the same members.
    std::vector<std::string> mismatches() const;

private:
    ZippedRaws(butler::ZipIndex datasets, instrument::HeaderIndex headers);

    butler::ZipIndex _datasets;
    instrument::HeaderIndex _headers;
    std::string _storedPath;
};

/// Remembers what the last ones said; serves several threads.
class Zips {
public:
    /// \throws Error as ZippedRaws::read()
    std::shared_ptr<ZippedRaws const> at(std::string const &path);

private:
    std::mutex _mutex;
    common::RecentFiles<ZippedRaws> _known{4};
};

/// Whether a line is of a whole zip file, by its name.
bool isZip(manifest::Record const &record);

} // namespace dbb::intake
