#include "ingest/index_writer.h"

#include "common/file.h"
#include "common/log.h"
#include "instrument/sidecar.h"
#include "intake/beside.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dbb::ingest {

using common::Error;
using common::Json;

namespace {

constexpr std::size_t maxFolders = 16;

/// The entries of an index that was there before. \throws Error BAD_INDEX when it holds something else
Json::Object earlier(std::string const &index) {
    struct stat s {};
    if (::lstat(index.c_str(), &s) != 0 && errno == ENOENT) return {};
    if (S_ISLNK(s.st_mode) && ::access(index.c_str(), F_OK) != 0) {
        throw Error("DESTINATION_EXISTS", "\"" + index + "\" is a link that leads to no file")
            .hint("mount what it leads to, or remove the link");
    }
    Json::Object out;
    std::optional<instrument::HeaderIndex> read;
    try {
        read = intake::readIndex(index);
    } catch (Error const &e) {
        if (e.code() != "BAD_INDEX") throw;
        common::log::warning(e.message() + "; it is written anew");
        return out;
    }
    auto const &old = *read;
    if (!old.isTranslated()) {
        throw Error("BAD_INDEX",
                    "\"" + index + "\" holds raw headers, so that translated ones can't be added")
            .hint("remove it to have it written anew");
    }
    for (auto const &name : old.names()) out.emplace_back(name, old.all(name));
    return out;
}

} // namespace

void IndexWriter::add(std::string const &path, Json form) {
    auto const folder = common::folderOf(path);
    auto at =
        std::find_if(_folders.begin(), _folders.end(), [&](Folder const &f) { return f.path == folder; });
    if (at == _folders.end()) {
        _folders.push_front({folder, {}});
    } else {
        _folders.splice(_folders.begin(), _folders, at);
    }
    _folders.front().forms.emplace_back(common::nameOf(path), std::move(form));
    if (_folders.size() <= maxFolders) return;
    write(_folders.back());
    _folders.pop_back();
}

void IndexWriter::finish() {
    for (auto &folder : _folders) write(folder);
    _folders.clear();
}

void IndexWriter::write(Folder &folder) const {
    auto const index = folder.path + "/" + std::string(instrument::indexName);
    try {
        // Another program may be adding to it; who reads needs no lock.
        common::UniqueFd const lock(::open(folder.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!lock || ::flock(lock.get(), LOCK_EX) != 0) throw common::systemError("lock", folder.path, errno);
        auto forms = earlier(index);
        std::erase_if(forms, [&](auto const &entry) {
            return ::access((folder.path + "/" + entry.first).c_str(), F_OK) != 0;
        });
        forms.insert(forms.end(), std::make_move_iterator(folder.forms.begin()),
                     std::make_move_iterator(folder.forms.end()));
        // Of entries with one name the last one counts.
        std::stable_sort(forms.begin(), forms.end(),
                         [](auto const &a, auto const &b) { return a.first < b.first; });
        Json::Object unique;
        for (auto &form : forms) {
            if (!unique.empty() && unique.back().first == form.first) {
                unique.back() = std::move(form);
            } else {
                unique.push_back(std::move(form));
            }
        }
        common::writeFileDurably(index, instrument::indexText(unique), true);
    } catch (Error const &e) {
        _failed(index, e);
    }
}

} // namespace dbb::ingest
