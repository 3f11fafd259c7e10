#include "efd/found_window.h"

#include "common/calendar.h"

namespace dbb::efd {

manifest::Record lineOf(FoundWindow const &found) {
    manifest::Record out("window");
    if (!found.instrument.empty()) out.set("instrument", found.instrument);
    out.set("kind", found.kind).set("id", manifest::numberOrText(found.id));
    if (found.day_obs) out.set("day_obs", *found.day_obs);
    if (found.seq_num) out.set("seq_num", manifest::numberOrText(*found.seq_num));
    if (found.begin_ns) out.set("begin_tai", common::isoFromNs(*found.begin_ns));
    if (found.end_ns) out.set("end_tai", common::isoFromNs(*found.end_ns));
    if (!found.src.empty()) out.set("src", found.src);
    return out;
}

} // namespace dbb::efd
