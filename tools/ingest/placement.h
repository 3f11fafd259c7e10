/// \file
/// Putting a raw file where a repository keeps it: transfer modes, made visible by rename or link, made
/// durable before any row speaks of it.
#pragma once

#include <set>
#include <string>

namespace dbb::ingest {

/// How a file comes into the datastore.
enum class Transfer {
    Auto,   ///< a file below the datastore root stays, others are linked
    None,   ///< stays in place; must be below the root
    Direct, ///< stays where it is, recorded by its URI
    Copy,
    Link, ///< hard link, else absolute symbolic link
};

/// \throws Error USAGE for another word
Transfer transferNamed(std::string const &word);

/// A file in its place.
struct Placed {
    std::string stored_path; ///< as file_datastore_records has it
    std::string file;        ///< absolute path of the file that the row will name
    std::int64_t size_bytes = 0;
    bool created = false; ///< by us, just now
};

/// A datastore's folder.
class Placement {
public:
    Placement(std::string root, Transfer mode);

    /// What place() would do, without doing it; existing files are looked at.
    /// \throws Error as place()
    Placed plan(std::string const &source, std::string const &templatePath) const;

    /// Bring `source` into the datastore. A file that lies at the destination already and is equal is used as
    /// it is. \param templatePath  path below the root for copies and links, no `..` in it \throws Error
    /// NOT_FOUND …, OUTSIDE_ROOT, DESTINATION_EXISTS, DISK_FULL, PERMISSION, CHANGED when the source
    ///         changed while it was copied
    Placed place(std::string const &source, std::string const &templatePath);

    /// Make the names made since the last call durable. Call it before the rows are committed.
    void sync();

    /// Remove a file that place() created and that no row came to name. Errors are ignored: it is a left-over
    /// then.
    static void undo(Placed const &placed);

private:
    bool inRoot(std::string const &source, std::string &relative) const;
    Transfer modeOf(std::string const &source, std::string &relative) const;

    std::string _root;
    std::string _realRoot;
    Transfer _mode;
    std::set<std::string> _unsynced; ///< folders with new names
};

} // namespace dbb::ingest
