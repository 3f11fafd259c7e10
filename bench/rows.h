// What the floors of dbb-ingest read: described lines, with the ids of their datasets.
#pragma once

#include "common/json.h"
#include "common/uuid.h"

#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

struct Row {
    dbb::common::Json line;
    std::string id; ///< 32 hexadecimal digits
    std::int64_t exposure;
};

/// The lines of standard input that are files of a dataset.
inline std::vector<Row> readRows() {
    std::vector<Row> rows;
    dbb::common::Uuid const space(
        {0x84, 0x0b, 0x31, 0xd9, 0x05, 0xcd, 0x51, 0x61, 0xb2, 0xc8, 0x00, 0xd3, 0x2b, 0x28, 0x0d, 0x0f});
    for (std::string text; std::getline(std::cin, text);) {
        auto line = dbb::common::Json::parse(text);
        auto const &d = line["data_id"];
        if (!d.isObject()) continue;
        auto const name = "dataset_type=raw,run=" + line["run"].string() + ",detector=" + d["detector"].dump()
                          + ",exposure=" + d["exposure"].dump() + ",instrument=" + d["instrument"].string();
        rows.push_back({line, dbb::common::Uuid::version5(space, name).hex(), d["exposure"].integer()});
    }
    return rows;
}
