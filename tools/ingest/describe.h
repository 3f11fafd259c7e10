/// \file
/// Describing files: what their header says becomes data ID and dimension records.
#pragma once

#include "fits/header_file.h"
#include "instrument/corrections.h"
#include "manifest/record.h"
#include "manifest/stream.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace dbb::ingest {

struct DescribeOptions {
    std::string corrections; ///< folder of correction files, searched before all others
    bool explain = false;
    bool check_data = false; ///< walk over all HDUs; a file whose data are cut short is an error
};

/// Adds the description of its file to a line. One object serves several threads.
class Describer {
public:
    /// \throws Error USAGE when the corrections folder is none
    explicit Describer(DescribeOptions options);

    /// Read the header of `uri` and set instrument, data_id, physical_filter, dataset_type, run, records and
    /// describe. \throws Error of fits/header_file.h or instrument/observation.h, with the path in front;
    /// UNKNOWN_INSTRUMENT
    void describe(manifest::Record &record) const;

private:
    std::string checkData(fits::HeaderFile const &file, std::string const &path) const;

    DescribeOptions _options;
    instrument::CorrectionSources _sources;
};

/// Describe many records with several threads. Element i of the result says why record i could not be
/// described. \param then  done with the index of each described record, in the thread that described it
std::vector<std::optional<common::Error>> describeAll(Describer const &describer,
                                                      std::vector<manifest::Record> &records, int jobs,
                                                      std::function<void(std::size_t)> const &then = {});

/// The program dbb-describe.
struct DescribeProgramOptions {
    DescribeOptions describe;
    std::vector<std::string> paths;
    std::string instrument_dir;
    std::string iers; ///< file in place of the built-in table, empty: none
    common::StandardOptions standard;
};
common::ExitCode runDescribe(DescribeProgramOptions const &options, int in, int out);

} // namespace dbb::ingest
