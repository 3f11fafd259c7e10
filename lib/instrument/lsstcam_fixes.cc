// Fixes of LSSTCam headers. Each function is one mistake that was seen in the files of the days that it
// names. An exception in one of them ends them all, so the order is part of the rules.
#include "instrument/corrections.h"
#include "instrument/rules.h"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace dbb::instrument {

namespace {

/// The observing day as an integer, 0 when there is none.
std::int64_t dayOf(Fixes const &f) {
    return f.isTrue("DAYOBS") ? f.integer("DAYOBS") : 0;
}

bool sequenceIn(Fixes const &f, std::int64_t first, std::int64_t last) {
    auto const sequence = f.integer("SEQNUM");
    return first <= sequence && sequence <= last;
}

/// On the bench in 2023 a second filter wheel was reported without a first.
void secondFilterAlone(Fixes &f) {
    f.in("second_filter_alone");
    if (!f.find("FILTER") && f.isDefined("FILTER2")) f.undefine("FILTER2");
}

/// The pinhole filter was spelled ph_05 on four days.
void pinholeFilterName(Fixes &f) {
    f.in("pinhole_filter_name");
    for (auto const *day : {"20231107", "20231108", "20241015", "20241016"}) {
        if (f.is("DAYOBS", day) && f.is("FILTER", "ph_05")) f.set("FILTER", "ph_5");
    }
}

/// From first light to 2025-04-21 the rotator angle was off by 90 degrees.
void rotatorOffBy90(Fixes &f) {
    f.in("rotator_off_by_90");
    auto const day = dayOf(f);
    if (20250301 < day && day < 20250422 && f.isTrue("ROTPA")) f.set("ROTPA", f.number("ROTPA") - 90.0);
}

/// On 2025-04-22 it was off by 180 degrees until it was mended at exposure 251.
void rotatorOffBy180(Fixes &f) {
    f.in("rotator_off_by_180");
    if (dayOf(f) == 20250422 && f.integer("SEQNUM") < 251 && f.isTrue("ROTPA")) {
        f.set("ROTPA", astro::wrapDegreesSigned(f.number("ROTPA") - 180.0));
    }
}

/// The dome was closed, or the light source in the way, which the vignetting card did not know.
void vignettedUnnoticed(Fixes &f) {
    f.in("vignetted_unnoticed");
    struct Range {
        std::int64_t day, first, last;
    };
    constexpr std::array ranges{
        Range{20250703, 743, 745},  Range{20250704, 832, 834}, Range{20250705, 1, 736},
        Range{20250707, 744, 823},  Range{20250707, 864, 943}, Range{20250714, 258, 781},
        Range{20250715, 205, 1218}, Range{20250819, 4, 1052},
    };
    auto const day = dayOf(f);
    bool hidden = day == 20250518;
    for (auto const &range : ranges) {
        hidden = hidden || (day == range.day && sequenceIn(f, range.first, range.last));
    }
    if (hidden && f.text("VIGN_MIN") != "FULLY") f.set("VIGN_MIN", "FULLY");
}

void setFilter(Fixes &f, std::string const &name, std::string const &band, double position,
               std::int64_t slot) {
    f.set("FILTER", name);
    f.set("FILTBAND", band);
    f.set("FILTPOS", position);
    f.set("FILTSLOT", slot);
}

/// The filter changer lost its state in the night of 2025-06-09.
void filterOf20250609(Fixes &f) {
    f.in("filter_of_20250609");
    if (dayOf(f) == 20250609 && sequenceIn(f, 76, 578)) setFilter(f, "z_20", "z", 201.0, 4);
}

/// Engineering tests ran under the name of a science block.
void testsUnderScienceBlock(Fixes &f) {
    f.in("tests_under_science_block");
    constexpr std::array days{20250415, 20250416, 20250417, 20250418, 20250421, 20250423, 20250424, 20250425,
                              20250504, 20250503, 20250512, 20250522, 20250524, 20250826, 20250827, 20250828};
    auto const day = dayOf(f);
    if (std::find(days.begin(), days.end(), day) == days.end()) return;
    if (f.text("PROGRAM") == "BLOCK-417") f.set("PROGRAM", "BLOCK-T417");
}

/// As in June 2025, for part of the night of 2026-03-15.
void filterOf20260315(Fixes &f) {
    f.in("filter_of_20260315");
    if (dayOf(f) == 20260315 && sequenceIn(f, 49, 109)) setFilter(f, "i_39", "i", 304.0, 1);
}

} // namespace

void fixLsstCam(Fixes &f) {
    for (auto *fix : {secondFilterAlone, pinholeFilterName, rotatorOffBy90, rotatorOffBy180,
                      vignettedUnnoticed, filterOf20250609, testsUnderScienceBlock, filterOf20260315}) {
        fix(f);
    }
}

} // namespace dbb::instrument
