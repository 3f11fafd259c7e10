#include "telemetry/row_block.h"

#include <algorithm>
#include <cstring>

namespace dbb::telemetry {

void RowBlock::makeRoom() {
    _numbers.resize(width() * stride);
    _kinds.resize(width() * stride, Kind::Absent);
}

void RowBlock::forget() {
    for (std::size_t place = 0; place < width(); ++place) _kinds[place * stride + _size] = Kind::Absent;
}

void RowBlock::complete() {
    if (_open) forget();
    _open = false;
    std::array<Kind, most> absent, doubles;
    absent.fill(Kind::Absent);
    doubles.fill(Kind::Double);
    for (std::size_t place = 0; _size > 0 && place < width(); ++place) {
        auto const areAll = [&](auto const &kinds) {
            return std::memcmp(&_kinds[place * stride], kinds.data(), _size) == 0;
        };
        _contents[place] = areAll(doubles)  ? Content::Doubles
                           : areAll(absent) ? Content::Nothing
                                            : Content::Several;
    }
}

void RowBlock::clear() {
    std::fill(_kinds.begin(), _kinds.end(), Kind::Absent);
    _size = 0;
    _open = false;
}

} // namespace dbb::telemetry
