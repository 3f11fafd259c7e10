/// \file
/// The YAML files of a repository's configuration, joined as the Butler joins them. How they include each
/// other and which goes before: dbb(7), REPOSITORIES.
#pragma once

#include "common/error.h"
#include "common/json.h"

#include <cstddef>
#include <string>
#include <vector>

namespace dbb::butler {

/// Put the members of a mapping over those of another, in mappings within them as well; anything else is
/// replaced, lists as a whole.
void mergeInto(common::Json &into, common::Json const &over);

/// Reads a butler.yaml, and what it and the defaults of the site include: `!include FILE` and
/// `includeConfigs`. Included are only local, regular files below the folder of butler.yaml or a folder of
/// DAF_BUTLER_CONFIG_PATH, at most 64 in all, 8 within each other, of 1 MiB each.
class ConfigFiles {
public:
    /// \param main  absolute path of the repository's butler.yaml, as it was named: names in it are relative
    /// to its folder
    explicit ConfigFiles(std::string main);

    /// butler.yaml; null when it is empty.
    /// \throws Error REPO_DAMAGED (exit 5) for YAML that can't be read, and an included file that is not
    ///         there, includes itself or is no mapping; REPO_UNSUPPORTED (exit 5) for files that are remote,
    ///         elsewhere, too long or too many; as readFile. Messages name the including file and the key
    common::Json main();

    /// The site's files of this name, `datastores/fileDatastore.yaml`, one for each folder of
    /// DAF_BUTLER_CONFIG_PATH that has it; the last goes before all others. \throws Error as main()
    std::vector<common::Json> defaults(std::string const &name);

    /// Resolved paths of the files that were included so far.
    std::vector<std::string> const &included() const { return _included; }

private:
    /// Where a file is asked for: by the key of another file, or by the site's environment.
    struct Asker {
        std::string file;
        std::string key;
        std::string name; ///< as it is written there

        common::Error fault(std::string const &reason, std::string const &code = "REPO_DAMAGED") const;
        common::Error failed(common::Error const &e) const;
        /// The path that a name means. \throws Error when it means no file of this host
        std::string localPath(std::string const &expanded) const;
    };

    common::Json parsed(std::string const &file, std::string const &text);
    common::Json withIncludes(common::Json content, std::string const &file);
    common::Json joined(common::Json const &names, std::string const &key, std::string const &file);
    common::Json taggedFile(Asker const &by);
    common::Json listedFile(Asker const &by);
    /// \param isConfig  a file as butler.yaml is one, with lists of its own, not just a value
    common::Json read(Asker const &by, std::string const &path, bool isConfig);
    common::Json content(Asker const &by, std::string const &path, std::string const &real);
    std::string admitted(Asker const &by, std::string const &path) const;
    bool isAdmitted(std::string const &realPath) const;

    std::string _main;
    std::vector<std::string> _siteFolders; ///< DAF_BUTLER_CONFIG_PATH, the first goes before
    std::vector<std::string> _open;        ///< resolved paths of the included files being read
    std::vector<std::string> _included;
    std::size_t _values = 0;
};

} // namespace dbb::butler
