#include "telemetry/definition.h"

#include "common/checksum.h"

namespace dbb::telemetry {

using common::Json;

namespace {

/// Members of a column that differ from what a column has that says nothing of them. A member that comes to
/// be known later changes no digest of before.
class Differences {
public:
    template<typename T>
    void add(char const *key, T const &value, T const &otherwise) {
        if (value != otherwise) out.set(key, Json(value));
    }
    void add(char const *key, std::optional<std::int64_t> const &value) {
        if (value) out.set(key, *value);
    }
    template<typename Enum>
    void word(char const *key, Enum value, Enum otherwise, std::vector<char const *> const &words) {
        if (value != otherwise) out.set(key, words.at(static_cast<std::size_t>(value)));
    }

    Json out{Json::Object()};
};

Json packedOf(Packed const &packed) {
    Differences out;
    out.add("base", packed.base, std::string());
    out.add("time_field", packed.time_field, Packed().time_field);
    out.add("n", packed.n, 0);
    out.add("dt_ns", packed.dt_ns);
    return out.out;
}

} // namespace

Json argumentsOf(Column const &column) {
    Column const usual;
    Differences out;
    out.add("ddof", column.ddof, usual.ddof);
    out.add("degree", column.degree, usual.degree);
    if (column.by_index) out.out.set("basis", "index");
    if (column.linear) out.out.set("mode", "linear");
    out.add("pre_ns", column.pre_ns, usual.pre_ns);
    out.add("post_ns", column.post_ns, usual.post_ns);
    if (column.closed) out.out.set("closed", "right");
    out.word("dup", column.duplicates, usual.duplicates, {"last", "first", "mean", "all", "error"});
    out.word("at", column.at, usual.at, {"begin", "mid", "end"});
    out.word("dir", column.direction, usual.direction, {"backward", "forward", "nearest"});
    out.add("strict", column.strict, usual.strict);
    if (column.take_nulls) out.out.set("nulls", "take");
    out.add("tolerance_ns", column.tolerance_ns, usual.tolerance_ns);
    out.add("max_gap_ns", column.max_gap_ns, usual.max_gap_ns);
    out.add("gap_max_ns", column.gap_max_ns);
    out.add("hold_max_ns", column.hold_max_ns);
    out.add("min_coverage", column.min_coverage, usual.min_coverage);
    if (column.pool) out.out.set("reduce", "pool");
    out.add("index_field", column.index_field, usual.index_field);
    out.add("time_field", column.time_field, usual.time_field);
    if (column.time_is_utc) out.out.set("time_scale", "utc");
    if (column.packed) out.out.set("packed", packedOf(*column.packed));
    if (column.compat == Compat::Consdb) out.out.set("compat", "consdb");
    out.add("bucket_ns", column.bucket_ns, usual.bucket_ns);
    return out.out;
}

Json indexOf(Column const &column) {
    if (column.index == Column::Index::None) return {};
    if (column.index == Column::Index::Any) return "any";
    Json::Array out;
    for (auto const &index : column.indices)
        std::visit([&](auto const &value) { out.emplace_back(value); }, index);
    return out.size() == 1 ? out.front() : Json(std::move(out));
}

std::string configHash(Column const &column) {
    Json definition;
    Json::Array fields(column.fields.begin(), column.fields.end());
    definition.set("topic", column.topic)
        .set("fields", column.one_field ? Json(column.fields.front()) : Json(std::move(fields)))
        .set("index", indexOf(column))
        .set("func", nameOf(column))
        .set("args", argumentsOf(column));
    common::Checksummer sum("sha256");
    sum.update(definition.dump());
    return sum.finish().substr(0, 16);
}

} // namespace dbb::telemetry
