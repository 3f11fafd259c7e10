#include "efd/window_lines.h"

#include "common/calendar.h"
#include "common/error.h"
#include "telemetry/instants.h"

#include <algorithm>

namespace dbb::efd {

using common::Error;
using common::Json;
using manifest::Record;

namespace {

std::int64_t instantOf(Record const &line, std::string const &key) {
    if (auto const iso = line.get(key); !iso.isNull()) {
        auto const ns = iso.isString() ? common::nsFromIso(iso.string()) : std::nullopt;
        if (!ns) {
            throw Error("BAD_VALUE", "\"" + key + "\" is " + iso.dump() + ", which is no instant such as "
                                         + "2025-04-23T04:07:10.702699721")
                .cause({.column = key, .value = iso.text()});
        }
        return *ns;
    }
    auto const ns = line.integer(key + "_ns");
    if (!ns) throw Error("MISSING_KEY", "the line has neither \"" + key + "\" nor \"" + key + "_ns\"");
    return *ns;
}

std::map<std::string, KnownValue> knownOf(Record const &line) {
    std::map<std::string, KnownValue> out;
    auto const known = line.get("known");
    if (known.isNull()) return out;
    auto const wrong = [&] {
        return Error("BAD_VALUE", "\"known\" is not a mapping of columns, each with \"n\" and \"t_last_tai\"")
            .cause({.column = "known", .value = known.dump()});
    };
    if (!known.isObject()) throw wrong();
    for (auto const &[column, said] : known.object()) {
        if (!said.isObject() || !said["n"].isInt()) throw wrong();
        auto &value = out[column];
        value.n = said["n"].integer();
        if (auto const &config = said["config"]; !config.isNull()) {
            if (!config.isString()) throw wrong();
            value.config = config.string();
        }
        auto const &last = said["t_last_tai"];
        if (last.isNull()) continue;
        auto const ns = last.isString() ? common::nsFromIso(last.string()) : std::nullopt;
        if (!ns) throw wrong();
        value.last_ns = *ns;
    }
    return out;
}

AskedNames columnsIn(Record const &line) {
    auto const columns = line.get("columns");
    if (columns.isNull()) return std::nullopt;
    auto const isName = [](Json const &name) { return name.isString(); };
    if (!columns.isArray() || !std::ranges::all_of(columns.array(), isName)) {
        throw Error("BAD_VALUE", "\"columns\" is not a list of names of columns")
            .cause({.column = "columns", .value = columns.dump()});
    }
    std::set<std::string> out;
    for (auto const &name : columns.array()) out.insert(name.string());
    return out;
}

/// So that lengths and shifted edges are within int64.
void requireTimes(telemetry::Window const &window) {
    constexpr std::int64_t longest_ns = std::int64_t{36'525} * common::nsPerDay;
    auto const wrong = [](std::string const &what) { return Error("BAD_WINDOW", what); };
    for (auto const &[name, ns] : {std::pair("begin", window.begin_ns), std::pair("end", window.end_ns)}) {
        if (!telemetry::isDated(ns))
            throw wrong(std::string("the window's ") + name + " " + std::string(telemetry::notDated()));
    }
    if (window.end_ns - window.begin_ns > longest_ns) throw wrong("the window is longer than 100 years");
}

} // namespace

AskedValues::AskedValues(std::vector<telemetry::Column> const &columns, WindowLines const &lines)
    : _setOf(&lines.columnSetOf) {
    for (auto const &names : lines.columnSets) {
        auto &set = _sets.emplace_back();
        for (auto const &column : columns) set.push_back(names.contains(column.name));
    }
}

telemetry::Window spanOf(Record const &line) {
    telemetry::Window const out{instantOf(line, "begin_tai"), instantOf(line, "end_tai")};
    if (out.end_ns < out.begin_ns) {
        throw Error("BAD_WINDOW", "the window ends at " + common::isoFromNs(out.end_ns)
                                      + ", before it begins at " + common::isoFromNs(out.begin_ns));
    }
    return out;
}

telemetry::Window windowOf(Record const &line) {
    if (line.type() != "window")
        throw Error("BAD_VALUE", "the line is about a " + line.type() + ", not a window");
    return spanOf(line);
}

WindowLines readWindows(manifest::RecordReader &reader, manifest::Rejects &rejects,
                        manifest::Summary &summary,
                        std::function<bool(telemetry::Window const &, AskedNames const &)> const &accept) {
    WindowLines out;
    std::map<std::set<std::string>, std::int32_t> sets; // their numbers: most windows are asked for the same
    while (reader.next() == manifest::RecordReader::Status::Record) {
        auto &line = reader.record();
        summary.countRead();
        try {
            auto const window = windowOf(line);
            requireTimes(window);
            auto const columns = columnsIn(line);
            if (!accept(window, columns)) {
                ++out.left_out;
                continue;
            }
            std::string keys;
            for (auto const *key : {"instrument", "kind", "id", "day_obs", "seq_num"}) {
                if (line.has(key)) keys += "\"" + std::string(key) + "\":" + std::string(line.raw(key)) + ",";
            }
            keys += "\"begin_tai\":\"" + common::isoFromNs(window.begin_ns) + "\",\"end_tai\":\""
                    + common::isoFromNs(window.end_ns) + "\",";
            if (line.has("src")) keys += "\"src\":" + std::string(line.raw("src")) + ",";
            auto known = knownOf(line);
            out.windows.add(window);
            if (columns) {
                auto const number =
                    sets.try_emplace(*columns, static_cast<std::int32_t>(sets.size())).first->second;
                out.columnSetOf.resize(out.windows.size(), -1);
                out.columnSetOf.back() = number;
            }
            if (!known.empty() || !out.known.empty()) {
                out.known.resize(out.windows.size());
                out.known.back() = std::move(known);
            }
            out.keys.push(keys);
        } catch (Error const &e) {
            rejects.add(std::move(line), e);
        }
    }
    if (!out.known.empty()) out.known.resize(out.windows.size());
    out.columnSets.resize(sets.size());
    for (auto const &[names, number] : sets) out.columnSets[static_cast<std::size_t>(number)] = names;
    return out;
}

} // namespace dbb::efd
