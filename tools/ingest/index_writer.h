/// \file
/// Writing indexes: one _index.json in each folder of described files.
#pragma once

#include "common/error.h"
#include "common/json.h"

#include <functional>
#include <list>
#include <string>

namespace dbb::ingest {

/// Gathers translated forms by folder. An index is written when files of several other folders have come
/// since, and at the end; entries of an index that is there already stay, as long as their files do. In one
/// thread.
class IndexWriter {
public:
    /// \param failed  gets the path of an index that could not be written, and why
    using Failed = std::function<void(std::string const &index, common::Error const &)>;
    explicit IndexWriter(Failed failed) : _failed(std::move(failed)) {}

    /// A file and its translated form (instrument/translated.h), held until its index is written.
    void add(std::string const &path, common::Json form);
    /// Write what is left.
    void finish();

private:
    struct Folder {
        std::string path;
        common::Json::Object forms; ///< by file name
    };
    void write(Folder &folder) const;

    std::list<Folder> _folders; ///< the last one used in front
    Failed _failed;
};

} // namespace dbb::ingest
