/// \file
/// Describing files: what their header says becomes data ID and dimension records.
#pragma once

#include "fits/header_file.h"
#include "instrument/corrections.h"
#include "intake/beside.h"
#include "intake/header_options.h"
#include "intake/zipped.h"
#include "manifest/record.h"
#include "manifest/stream.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace dbb::intake {

struct DescribeOptions {
    HeaderOptions headers;
    bool explain = false;
    bool write_sidecars = false; ///< headers come from the files themselves then, and with write_indexes
    bool write_indexes = false;

    bool writes() const { return write_sidecars || write_indexes; }
};

/// Adds the description of its file to a line. One object serves several threads.
class Describer {
public:
    /// \throws Error USAGE when the corrections folder is none
    explicit Describer(DescribeOptions options);

    /// Read the header of `uri` from an index, a sidecar or the file, and set instrument, data_id,
    /// physical_filter, dataset_type, run, records and describe. \throws Error of fits/header_file.h or
    /// instrument/observation.h, with the path in front; UNKNOWN_INSTRUMENT
    /// A guider's file, when it is wanted, gets data_id without the exposure, obs_id, dataset_type and run;
    /// else it is a GUIDER_FILE. \return the translated form (instrument/translated.h) with write_indexes,
    /// else null
    common::Json describe(manifest::Record &record);

    /// Hand the lines of the members of a zip file to `sink`, to be described in its place, with the keys of
    /// its own line; any other line as it is. A zip file that can't be read is rejected.
    void expand(manifest::Record record, manifest::Rejects &rejects, manifest::RecordSink const &sink);

    /// Indexes on the way that could not be read, each once, as the lines that the scan of one would give.
    /// Their files were read themselves.
    std::vector<std::pair<manifest::Record, common::Error>> takeBrokenIndexes();

private:
    struct Described {
        instrument::Observation observation;
        std::string from; ///< the index or sidecar, empty: the file itself
    };
    Described observe(manifest::Record const &record, std::string const &path, common::Json *explain);
    std::optional<Described> observeBeside(manifest::Record const &record, std::string const &path,
                                           common::Json *explain, std::vector<std::string> &warnings);
    Described observeFile(manifest::Record const &record, std::string const &path, common::Json *explain);
    void describeRaw(manifest::Record &record, Described const &seen, common::Json const &explain) const;
    void describeGuider(manifest::Record &record, std::string const &path);
    void describeMember(manifest::Record &record, std::string const &path, std::string const &name);
    void setFromHeader(manifest::Record &record, ZippedRaws::Header const &header,
                       butler::ZipMember const &member, std::string const &from);
    instrument::Identity identify(manifest::Record const &record, std::string const &path, std::string &from);
    std::string checkData(fits::HeaderFile const &file, std::string const &path) const;

    DescribeOptions _options;
    instrument::CorrectionSources _sources;
    Beside _beside;
    Zips _zips;
};

/// Describe many records with several threads. Element i of the result says why record i could not be
/// described. \param then  done with the number of each described record and its translated form, in the
/// thread that described it
std::vector<std::optional<common::Error>>
describeAll(Describer &describer, std::vector<manifest::Record> &records, int jobs,
            std::function<void(std::size_t, common::Json)> const &then = {});

} // namespace dbb::intake
