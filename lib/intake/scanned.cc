#include "intake/scanned.h"

#include "common/error.h"

namespace dbb::intake {

using common::Error;

Scanned Scanned::of(manifest::Record const &record) {
    Scanned out;
    out.size_bytes = record.integer("size");
    auto const mtime = record.get("mtime");
    if (mtime.isNull()) return out;
    if (mtime.isString()) out.mtime = common::FileTime::fromText(mtime.string());
    if (!out.mtime) {
        throw Error("BAD_VALUE",
                    "\"mtime\" must be seconds with nine decimals as a text, not " + mtime.dump())
            .cause({.column = "mtime",
                    .value = mtime.dump(),
                    .expected = "a text like \"1745376387.500000000\""})
            .hint("leave the key as dbb-scan writes it, or drop it");
    }
    return out;
}

void requireAsScanned(std::string const &path, common::FileStat const &now, Scanned const &scanned) {
    if (scanned.size_bytes && *scanned.size_bytes != now.size_bytes) {
        auto const was = std::to_string(*scanned.size_bytes);
        auto const is = std::to_string(now.size_bytes);
        throw Error("CHANGED",
                    "\"" + path + "\" had " + was + " bytes when it was scanned and has " + is + " now")
            .cause({.value = is, .expected = was});
    }
    if (scanned.mtime && *scanned.mtime != now.mtime) {
        auto const was = scanned.mtime->iso();
        auto const is = now.mtime.iso();
        throw Error("CHANGED", "\"" + path + "\" was changed at " + is + " UTC, but was of " + was
                                   + " when it was scanned")
            .cause({.value = is, .expected = was});
    }
}

} // namespace dbb::intake
