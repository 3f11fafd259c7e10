/// \file
/// Putting a raw file where a repository keeps it: transfer modes, made visible by rename or link, made
/// durable before any row speaks of it.
#pragma once

#include "butler/planned_datasets.h"
#include "intake/scanned.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace dbb::intake {

/// How a file comes into the datastore.
enum class Transfer {
    Auto,   ///< a file below the datastore root stays, others are linked
    None,   ///< stays in place; must be below the root
    Split,  ///< a file below the root stays, others are recorded by their URI
    Direct, ///< stays where it is, recorded by its URI
    Copy,
    Move, ///< linked or copied, and the source removed when its row is committed
    Link, ///< hard link, else absolute symbolic link
    HardLink,
    SymLink,    ///< absolute symbolic link to the file itself
    RelSymLink, ///< symbolic link relative to the folder it lies in
};

/// Words for --transfer, in the order of the enumeration.
std::vector<std::string> const &transferNames();

/// \throws Error USAGE for another word
Transfer transferNamed(std::string const &word);

/// Mode and group of files and folders that are made.
struct Ownership {
    int mode =
        -1; ///< permission bits of files; folders may be searched where they may be read. -1: as umask says
    int group = -1; ///< -1: as the system gives it, which honours the setgid bit of folders

    /// \param mode   octal text, empty for none \param group  name or number, empty for none
    /// \throws Error USAGE
    static Ownership from(std::string const &mode, std::string const &group);
};

/// A file in its place.
struct Placed {
    std::string stored_path; ///< as file_datastore_records has it
    std::string file;        ///< absolute path of the file that the row will name
    std::int64_t size_bytes = 0;
    bool created = false; ///< by us, just now
    bool is_link = false; ///< of a file that would be created: as a symbolic link
};

/// A datastore's folder.
class Placement {
public:
    Placement(std::string root, Transfer mode, Ownership ownership = {});

    /// Whether the mode can make files, so that they must be in place before rows speak of them.
    bool makesFiles() const;

    /// What place() would do, without doing it; existing files are looked at.
    /// \param ahead  what would be at the destination by then; nullopt: nothing
    /// \throws Error as place()
    Placed plan(std::string const &source, Scanned const &scanned, std::string const &templatePath,
                std::optional<butler::PlannedFile> const &ahead = {}) const;

    /// Bring `source` into the datastore. A file that lies at the destination already and is equal is used as
    /// it is. Folders on the way there may be links, as the Butler has it: sites spread a datastore over
    /// disks that way. A link in the place of the file itself is no copy of it, and is never written through.
    /// \param templatePath  path below the root for copies and links, no `..` in it
    /// \throws Error NOT_FOUND …, OUTSIDE_ROOT, DESTINATION_EXISTS, NAME_TOO_LONG, LINK_IMPOSSIBLE,
    ///         DISK_FULL, PERMISSION, CHANGED when the source is not as it was scanned, or changed while it
    ///         was copied
    Placed place(std::string const &source, Scanned const &scanned, std::string const &templatePath);

    /// The file that a move which was stopped has brought in already, its source being gone; nullopt when
    /// there is none that fits.
    std::optional<Placed> movedBefore(Scanned const &scanned, std::string const &templatePath) const;

    /// How a source compares with the file that the repository has under the same dataset.
    enum class Stored {
        Fits,    ///< equal in size and header, as far as both can be looked at
        Differs, ///< other size or other header
        Gone,    ///< the repository's file is not there
    };
    /// \param source  empty: only whether the stored file is there \param stored  path as the registry has it
    Stored compareWithStored(std::string const &source, std::string const &stored) const;

    /// Remove the source of a move, after the commit. A source that differs from what the repository has
    /// stays. \param stored  path of the file as the registry has it \return whether the source is gone
    bool finishMove(std::string const &source, std::string const &stored);

    /// Whether a file is the source, or has its content, as a move wants it before the source goes.
    static bool holdsSame(std::string const &source, std::string const &standing);

    /// Whether the path of a stored file is, or leads to, this very source.
    bool isStoredAs(std::string const &source, std::string const &stored) const;

    /// The path of a source below the datastore root; nullopt when it lies elsewhere.
    std::optional<std::string> pathBelowRoot(std::string const &source) const;

    /// Absolute path of a stored file; empty when it is no local one.
    std::string fileOf(std::string const &stored) const;

    /// Make the name of a file that was placed durable, with all new folders above it. Call it before its row
    /// is committed. A folder that several files share is synced once. \throws Error IO_ERROR, STALE_MOUNT …
    void sync(Placed const &placed);

    /// Remove a file that place() created and that no row came to name. Errors are ignored: it is a left-over
    /// then.
    static void undo(Placed const &placed);

    /// End of a batch. \param failed  whether some file of it found no place: then folders that were made for
    /// it and are empty are removed. Other programs may use them at the same time; see place()
    void settleFolders(bool failed);

private:
    Placed planned(std::string const &source, Scanned const &scanned, std::string const &templatePath,
                   std::optional<butler::PlannedFile> const &ahead = {}) const;
    void requireFits(std::string const &file) const;
    bool inRoot(std::string const &source, std::string &relative) const;
    Transfer modeOf(std::string const &source, std::string &relative) const;
    void makeFolders(std::string const &path);
    void makeOwnedFolder(std::string const &path) const;
    void adopt(std::string const &file) const;
    void takeOver(std::string const &file);
    void create(Transfer mode, std::string const &source, std::string const &destination) const;

    std::string _root;
    std::string _realRoot;
    std::size_t _longestName; ///< in bytes, in the root's file system
    Transfer _mode;
    Ownership _ownership;
    std::set<std::string> _unsynced; ///< folders with new names
    std::set<std::string> _made;     ///< folders that were made for this batch
};

} // namespace dbb::intake
