#include "telemetry/stream.h"

#include "astro/time_scale.h"
#include "telemetry/instants.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

namespace dbb::telemetry {

namespace {

__extension__ using Wide = __int128;

/// A valid value and where it came from.
struct Candidate {
    std::size_t row = 0;
    RowKey key;
    Value value;
};

/// What is left of values of equal time. \return false when they can't be averaged
bool resolve(Duplicates policy, std::vector<Candidate> &values, std::size_t &dropped, bool &clash) {
    dropped = 0;
    if (values.size() < 2) return true;
    std::vector<Candidate> out;
    std::vector<bool> done(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (done[i]) continue;
        std::vector<Candidate> group;
        for (auto k = i; k < values.size(); ++k) {
            if (done[k] || !(values[k].key == values[i].key)) continue;
            done[k] = true;
            group.push_back(values[k]);
        }
        dropped += group.size() - 1;
        if (group.size() == 1 || policy == Duplicates::All) {
            out.insert(out.end(), group.begin(), group.end());
        } else if (policy == Duplicates::First) {
            out.push_back(group.front());
        } else if (policy == Duplicates::Mean) {
            long double total = 0;
            for (auto const &c : group) {
                if (!c.value.isNumber()) return false;
                total += c.value.kind == Kind::Integer ? static_cast<long double>(c.value.integer)
                                                       : static_cast<long double>(c.value.number);
            }
            auto mean = group.back();
            mean.value = Value::of(static_cast<double>(total / static_cast<long double>(group.size())));
            out.push_back(mean);
        } else {
            clash = clash || policy == Duplicates::Error;
            out.push_back(group.back());
        }
    }
    std::sort(out.begin(), out.end(), [](Candidate const &a, Candidate const &b) { return a.row < b.row; });
    values = std::move(out);
    return true;
}

} // namespace

std::optional<std::int64_t> nsOfSeconds(Value const &seconds) {
    if (!seconds.isNumber()) return std::nullopt;
    constexpr std::int64_t second = 1'000'000'000;
    auto const number = seconds.asDouble();
    if (!(number >= 0 && number <= static_cast<double>(latest_ns / second))) return std::nullopt;
    if (seconds.kind == Kind::Integer) return seconds.integer * second;
    // The product of a double and 1e9 is exact in a long double's 64 bits when split.
    auto const whole = std::floor(seconds.number);
    auto const rest = static_cast<long double>(seconds.number - whole) * 1e9L;
    return static_cast<std::int64_t>(whole) * second + static_cast<std::int64_t>(std::nearbyint(rest));
}

/// A series and its place in the stream.
struct Stream::Member {
    Member(WindowList const &windows, SharedTimes &times, Results &results)
        : series(windows, times, results) {}
    std::vector<std::size_t> places; ///< in a queued row
    Duplicates duplicates = Duplicates::Last;
    bool raw = false; ///< nulls and NaN are values
    Series series;
    std::set<std::size_t> cells;
    bool cantAverage = false;
};

/// Rows on their way into the order of time: in memory, when none comes too late for that, or on disk.
class Stream::Order {
public:
    Order(std::size_t width, Options const &options, std::size_t sortMemory)
        : _width(width), _queue(width, options.sort_all ? 0 : options.sortedBy_ns) {
        if (!options.sort_all) return;
        _record.resize(placeOf(width));
        _sort = std::make_unique<common::RecordSort>(_record.size(), sortMemory);
    }

    /// \param valueOf  of a field \return false when the row comes too late
    template<typename ValueOf>
    bool add(std::int64_t t_ns, RowKey key, ValueOf const &valueOf) {
        if (_sort) {
            std::memcpy(_record.data(), &key, sizeof key);
            for (std::size_t f = 0; f < _width; ++f) {
                Value const value = valueOf(f);
                std::memcpy(&_record[placeOf(f)], &value, sizeof value);
            }
            _sort->add(t_ns, _record.data());
            return true;
        }
        if (!_queue.add(t_ns, key)) return false;
        for (std::size_t f = 0; f < _width; ++f) _queue.push(f, valueOf(f));
        return true;
    }
    /// Several rows that lie one behind the other, or the first ones of them, when they are in order.
    /// \return how many
    std::size_t append(std::span<std::int64_t const> times, std::span<RowKey const> keys,
                       RowBlock const &block, std::size_t first, std::vector<std::size_t> const &places) {
        auto const n = _sort ? 0 : _queue.fitting(times);
        if (n == 0) return 0;
        _queue.append(times.first(n), keys.first(n));
        for (std::size_t f = 0; f < _width; ++f) _queue.append(f, block, places[f], first);
        return n;
    }
    RowQueue &queue() { return _queue; }
    /// Bring what is on disk back, in order. \param drain  is called when the queue is full
    template<typename Drain>
    void replay(Drain const &drain) {
        if (!_sort) return;
        _sort->drain([&](std::int64_t t_ns, void const *record) {
            RowKey key;
            std::memcpy(&key, record, sizeof key);
            if (!_queue.add(t_ns, key)) return;
            for (std::size_t f = 0; f < _width; ++f) {
                Value value;
                std::memcpy(&value, static_cast<std::byte const *>(record) + placeOf(f), sizeof value);
                _queue.push(f, value);
            }
            if (_queue.isFull()) drain();
        });
    }

private:
    /// Of a field in a record.
    static std::size_t placeOf(std::size_t field) { return sizeof(RowKey) + field * sizeof(Value); }

    std::size_t _width;
    RowQueue _queue;
    std::vector<std::byte> _record; ///< of one row: key and values
    std::unique_ptr<common::RecordSort> _sort;
};

/// Makes single samples out of packed rows. A row's samples lie between its own time and that of the next
/// one.
class Stream::Unpacker {
public:
    Unpacker(Column const &column, std::map<RowKey, std::int64_t> const &spacing, Options const &options,
             std::size_t sortMemory)
        : _packed(*column.packed), _compat(column.compat), _spacing(spacing),
          _samples(arrival + 1, options, sortMemory) {}

    /// \param values  of the row, then the number of its arrival
    void row(std::int64_t t, RowKey key, std::span<Value const> values) {
        auto &pending = _pending[key];
        if (!pending.values.empty() && pending.t != t) emit(pending, key, t - pending.t);
        pending.t = t;
        pending.arrival = values.back();
        pending.values.assign(values.begin(), values.end() - 1);
    }
    void finish() {
        for (auto &[key, pending] : _pending) emit(pending, key, std::nullopt);
        _pending.clear();
    }
    /// A value and the number of its row's arrival: rows come in the order of time, and samples of equal time
    /// count as their rows came.
    Order &samples() { return _samples; }
    static constexpr std::size_t arrival = 1;
    std::int64_t late() const { return _late; }

private:
    struct Pending {
        std::int64_t t = 0;
        Value arrival{};
        std::vector<Value> values;
    };

    void emit(Pending const &pending, RowKey key, std::optional<std::int64_t> gap) {
        auto const n = static_cast<std::int64_t>(pending.values.size());
        std::int64_t distance = 0;
        if (_packed.dt_ns) {
            distance = *_packed.dt_ns * n;
        } else {
            auto const median = _spacing.find(key);
            if (median == _spacing.end()) return; // the input has changed since it was learned from
            bool const own = _compat == Compat::None && gap && 2 * *gap <= 3 * median->second;
            distance = own ? *gap : median->second;
        }
        for (std::int64_t k = 0; k < n; ++k) {
            auto const t = pending.t + static_cast<std::int64_t>(static_cast<Wide>(k) * distance / n);
            auto const &value = pending.values[static_cast<std::size_t>(k)];
            auto const valueOf = [&](std::size_t field) {
                return field == arrival ? pending.arrival : value;
            };
            if (!_samples.add(t, key, valueOf)) ++_late;
        }
    }

    Packed const &_packed;
    Compat _compat;
    std::map<RowKey, std::int64_t> const &_spacing;
    Order _samples;
    std::map<RowKey, Pending> _pending;
    std::int64_t _late = 0;
};

/// Makes one row of all rows in a span of UTC, at its begin, as InfluxDB's GROUP BY time() does.
class Stream::Buckets {
public:
    /// \param required  places of which none may be missing in a row that is made
    Buckets(Column const &column, std::size_t width, std::vector<std::size_t> required)
        : _column(column), _fields(width), _row(width), _required(std::move(required)), _queue(width, 0) {}

    void row(std::int64_t t_ns, std::vector<Value> const &values) {
        if (t_ns != _t_ns) takeRow();
        _t_ns = t_ns;
        // InfluxDB has one value of a field at a time, the last to be written.
        for (std::size_t k = 0; k < _row.size(); ++k) {
            if (values[k].isValid()) _row[k] = values[k];
        }
    }
    void finish() {
        takeRow();
        emit();
    }
    RowQueue &queue() { return _queue; }
    bool failed() const { return _failed; }

private:
    struct Field {
        std::int64_t n = 0;
        long double sum = 0;
        Value extreme{};
    };

    /// When the bucket began that an instant lies in, TAI.
    std::int64_t beginOf(std::int64_t t_ns) const {
        auto const utc_ns = utcFromTai(t_ns);
        auto const rest = utc_ns % _column.bucket_ns;
        return astro::taiNsFromUtcNs(utc_ns - rest - (rest < 0 ? _column.bucket_ns : 0));
    }

    void takeRow() {
        if (!_t_ns) return;
        auto const begin = beginOf(*_t_ns);
        if (begin != _begin) emit();
        _begin = begin;
        for (std::size_t k = 0; k < _row.size(); ++k) take(_fields[k], std::exchange(_row[k], Value()));
    }

    void take(Field &field, Value const &value) {
        if (!value.isValid()) return;
        if (!value.isNumber()) {
            _failed = true;
            return;
        }
        auto const v = value.asDouble();
        field.sum += v;
        bool const better = field.n == 0 || (_column.func == Func::Max && v > field.extreme.asDouble())
                            || (_column.func == Func::Min && v < field.extreme.asDouble());
        if (better) field.extreme = value;
        ++field.n;
    }

    Value valueOf(Field const &field) const {
        if (field.n == 0 || _column.func != Func::Mean) return field.n == 0 ? Value() : field.extreme;
        return Value::of(static_cast<double>(field.sum / static_cast<long double>(field.n)));
    }

    void emit() {
        if (!_begin) return;
        auto const fields = std::exchange(_fields, std::vector<Field>(_fields.size()));
        if (!std::all_of(_required.begin(), _required.end(), [&](auto k) { return fields[k].n > 0; })) return;
        if (!_queue.add(*_begin, {})) return;
        for (std::size_t k = 0; k < fields.size(); ++k) _queue.push(k, valueOf(fields[k]));
    }

    Column const &_column;
    std::vector<Field> _fields;
    std::vector<Value> _row; ///< of the time that is being read
    std::vector<std::size_t> _required;
    RowQueue _queue;
    std::optional<std::int64_t> _t_ns, _begin;
    bool _failed = false;
};

Stream::Stream(WindowList const &windows, Results &results, Column const &like, Options const &options)
    : _windows(windows), _results(results), _like(like), _options(options) {}

Stream::~Stream() = default;

bool Stream::isFor(Column const &c) const {
    auto const packed = [](Column const &column) {
        auto const &p = column.packed;
        return p ? std::tuple(p->base, p->time_field, p->n, p->dt_ns.value_or(0))
                 : std::tuple(std::string(), std::string(), 0, std::int64_t{0});
    };
    return c.topic == _like.topic && c.index == _like.index && c.indices == _like.indices
           && c.index_field == _like.index_field && c.time_field == _like.time_field
           && c.time_is_utc == _like.time_is_utc && packed(c) == packed(_like) && c.compat == _like.compat
           && (c.compat == Compat::None || c.fields == _like.fields) && c.bucket_ns == _like.bucket_ns
           && (c.bucket_ns == 0 || c.func == _like.func);
}

/// Where a place of the topic's rows is in the queued rows.
std::size_t Stream::ownPlace(std::size_t place) {
    auto const at = std::find(_places.begin(), _places.end(), place);
    auto const out = static_cast<std::size_t>(at - _places.begin());
    if (at == _places.end()) _places.push_back(place);
    return out;
}

void Stream::require(std::vector<std::size_t> const &places) {
    _required = places;
    for (auto const place : places) ownPlace(place);
}

bool Stream::losesIndex() const {
    return _like.index == Column::Index::Listed && ((_lacksIndex && _hasIndex) || _like.bucket_ns > 0);
}

void Stream::ask(Asked const &asked, std::vector<std::size_t> const &places) {
    auto const &column = *asked.column;
    std::vector<std::size_t> own;
    for (auto const place : places) own.push_back(ownPlace(place));
    if (column.packed) own = {0};
    bool const raw = column.atInstants() && column.take_nulls && column.func != Func::Interp;
    auto at = std::find_if(_members.begin(), _members.end(), [&](auto const &m) {
        return m->places == own && m->duplicates == column.duplicates && m->raw == raw;
    });
    if (at == _members.end()) {
        auto member = std::make_unique<Member>(_windows, _times, _results);
        member->places = own;
        member->duplicates = column.duplicates;
        member->raw = raw;
        _members.push_back(std::move(member));
        at = _members.end() - 1;
    }
    (*at)->series.ask(asked);
    (*at)->cells.insert(asked.cell);
}

void Stream::prepare(std::size_t sortMemory) {
    // Packed rows have the number of their arrival behind them.
    _rows = std::make_unique<Order>(_places.size() + (_like.packed ? 1 : 0), _options, sortMemory);
    if (_like.bucket_ns > 0) {
        std::vector<std::size_t> own;
        for (auto const place : _required) own.push_back(ownPlace(place));
        _buckets = std::make_unique<Buckets>(_like, _places.size(), own);
    }
    if (_like.packed) _unpacker = std::make_unique<Unpacker>(_like, _packedSpacing, _options, sortMemory);
}

/// Whether a row is one that the columns look at. \param t_ns  becomes its time
bool Stream::isChosen(Rows const &rows, std::size_t row, std::int64_t &t_ns) {
    auto const &key = rows.keys[row];
    if (_like.index == Column::Index::Listed) {
        (key.given ? _hasIndex : _lacksIndex) = true;
        if (std::find(_wanted.begin(), _wanted.end(), key) == _wanted.end()) return false;
    }
    t_ns = rows.times[row];
    bool fromUtc = rows.from_utc[row];
    if (timePlace) {
        auto const own = nsOfSeconds(rows.block.value(row, *timePlace));
        fromUtc = _like.time_is_utc && !_like.packed;
        if (!own || !isDated(*own, fromUtc ? SourceScale::Utc : SourceScale::Tai)) return false;
        t_ns = fromUtc ? astro::taiNsFromUtcNs(*own) : *own;
    }
    _usesUtc = _usesUtc || (fromUtc && !_like.packed);
    return _buckets || std::all_of(_required.begin(), _required.end(), [&](auto place) {
               return rows.block.value(row, place).isValid();
           });
}

void Stream::choose(Rows const &rows) {
    _chosen.clear();
    _chosenTimes.clear();
    _chosenKeys.clear();
    std::int64_t t_ns = 0;
    for (std::size_t row = 0; row < rows.times.size(); ++row) {
        if (!isChosen(rows, row, t_ns)) continue;
        _chosen.push_back(row);
        _chosenTimes.push_back(t_ns);
        _chosenKeys.push_back(rows.keys[row]);
    }
}

void Stream::add(Rows const &rows) {
    bool const choosy = _like.index == Column::Index::Listed || timePlace || !(_required.empty() || _buckets);
    if (choosy) {
        choose(rows);
    } else {
        _chosen.resize(rows.times.size());
        std::iota(_chosen.begin(), _chosen.end(), std::size_t{0});
        _chosenTimes.assign(rows.times.begin(), rows.times.end());
        _chosenKeys.assign(rows.keys.begin(), rows.keys.end());
        bool const fromUtc = std::find(rows.from_utc.begin(), rows.from_utc.end(), 1) != rows.from_utc.end();
        _usesUtc = _usesUtc || (fromUtc && !_like.packed);
    }
    for (std::size_t i = 0; i < _chosen.size();) {
        i += addSome(rows.block, i);
        if (_rows->queue().isFull()) drain(false);
    }
}

/// Add chosen rows, as many as can be without more ado. \return how many
std::size_t Stream::addSome(RowBlock const &block, std::size_t first) {
    std::size_t n = 1; // those that lie one behind the other
    while (first + n < _chosen.size() && _chosen[first + n] == _chosen[first] + n) ++n;
    auto const times = std::span(_chosenTimes).subspan(first, n);
    auto const keys = std::span(_chosenKeys).subspan(first, n);
    if (!_unpacker) {
        if (auto const added = _rows->append(times, keys, block, _chosen[first], _places)) return added;
    }
    auto const valueOf = [&](std::size_t f) {
        return f < _places.size() ? block.value(_chosen[first], _places[f])
                                  : Value::of(static_cast<double>(_packedRows));
    };
    if (!_rows->add(times.front(), keys.front(), valueOf)) ++_late;
    if (_unpacker) ++_packedRows;
    return 1;
}

void Stream::finish() {
    _rows->replay([&] { drain(false); });
    drain(true);
    if (_unpacker) {
        auto const samples = [&](bool all) {
            ordered().release(all);
            deliver();
        };
        _unpacker->samples().replay([&] { samples(false); });
        samples(true);
    }
    for (auto &member : _members) member->series.finish();
}

void Stream::drain(bool all) {
    auto *queue = &_rows->queue();
    queue->release(all);
    if (queue != &ordered()) {
        std::vector<Value> row(_places.size() + (_unpacker ? 1 : 0));
        for (std::size_t r = 0; r < queue->size(); ++r) {
            for (std::size_t f = 0; f < row.size(); ++f) row[f] = queue->value(r, f);
            if (_unpacker) _unpacker->row(queue->time(r), queue->key(r), row);
            if (_buckets) _buckets->row(queue->time(r), row);
        }
        if (all && _unpacker) _unpacker->finish();
        if (all && _buckets) _buckets->finish();
        queue->drop();
        ordered().release(all);
    }
    deliver();
}

/// Give the series the rows that were released.
void Stream::deliver() {
    auto *queue = &ordered();
    if (queue->size() == 0) return;
    if (_unpacker) queue->sortTies(Unpacker::arrival);
    auto const times = queue->times();
    auto const distances = distancesOf(times);
    bool const unique = times.size() < 2 || distances.first > 0;
    _times.feed(times, times.back());
    for (auto &member : _members) {
        _batch.clear();
        _own.clear();
        _batch.until_ns = times.back();
        _batch.distances = distances;
        give(*member, unique);
        member->series.feed(_batch);
    }
    _times.pass(times, distances);
    queue->drop();
}

/// What the samples of the series are in, after unpacking and the like.
RowQueue &Stream::ordered() {
    return _unpacker ? _unpacker->samples().queue() : _buckets ? _buckets->queue() : _rows->queue();
}

void Stream::give(Member &member, bool unique) {
    auto const &queue = ordered();
    auto const place = member.places.front();
    bool const single = member.places.size() == 1;
    if (single && unique && queue.onlyDoubles(place)) {
        _batch.samples = {queue.times(), queue.numbers(place), {}, true};
        _batch.shared = true;
        return;
    }
    if (!single) {
        givePool(member);
    } else if (unique) {
        giveEach(member);
    } else {
        giveResolved(member);
    }
    _batch.samples = _own.view();
    _batch.distances = distancesOf(_batch.samples.times);
}

void Stream::leaveOut(Value const &value, std::int64_t t_ns) {
    (value.kind == Kind::NotFinite ? _batch.nan_times : _batch.null_times).push_back(t_ns);
}

/// The values of one field, as they are.
void Stream::giveEach(Member const &member) {
    auto const &queue = ordered();
    for (std::size_t r = 0; r < queue.size(); ++r) {
        auto const v = queue.value(r, member.places.front());
        if (v.isValid() || member.raw) {
            _own.append(queue.time(r), v);
        } else {
            leaveOut(v, queue.time(r));
        }
    }
}

/// The values of one field, of equal times what the policy leaves. It has a say over nulls that are taken,
/// too.
void Stream::giveResolved(Member &member) {
    auto const &queue = ordered();
    auto const place = member.places.front();
    auto const n = queue.size();
    std::vector<Candidate> group;
    for (std::size_t r = 0; r < n;) {
        auto const t = queue.time(r);
        group.clear();
        for (; r < n && queue.time(r) == t; ++r) {
            auto const v = queue.value(r, place);
            if (member.raw) _own.append(t, v);
            if (v.isValid()) {
                group.push_back({r, queue.key(r), v});
            } else if (!member.raw) {
                leaveOut(v, t);
            }
        }
        std::size_t dropped = 0;
        bool clash = false;
        if (!resolve(member.duplicates, group, dropped, clash)) member.cantAverage = true;
        _batch.dup_times.insert(_batch.dup_times.end(), dropped, t);
        if (clash) _batch.clash_times.push_back(t);
        if (member.raw) continue;
        for (auto const &c : group) _own.append(t, c.value);
    }
}

/// The values of several fields, one after the other: a row counts when it has all of them.
void Stream::givePool(Member &member) {
    auto const &queue = ordered();
    auto const n = queue.size();
    std::vector<std::vector<Candidate>> fields(member.places.size());
    for (std::size_t r = 0; r < n;) {
        auto const t = queue.time(r);
        for (auto &field : fields) field.clear();
        for (; r < n && queue.time(r) == t; ++r) {
            for (std::size_t f = 0; f < fields.size(); ++f) {
                auto const v = queue.value(r, member.places[f]);
                if (v.isValid()) {
                    fields[f].push_back({r, queue.key(r), v});
                } else {
                    leaveOut(v, t);
                }
            }
        }
        bool clash = false;
        for (auto &field : fields) {
            std::size_t dropped = 0;
            if (!resolve(member.duplicates, field, dropped, clash)) member.cantAverage = true;
            _batch.dup_times.insert(_batch.dup_times.end(), dropped, t);
        }
        if (clash) _batch.clash_times.push_back(t);
        auto const common = fields.front().size();
        if (!std::all_of(fields.begin(), fields.end(), [&](auto const &f) { return f.size() == common; }))
            continue;
        for (std::size_t k = 0; k < common; ++k) {
            for (auto const &field : fields) _own.append(t, field[k].value);
        }
    }
}

Stream::Member const &Stream::memberOf(std::size_t cell) const {
    return **std::find_if(_members.begin(), _members.end(),
                          [&](auto const &m) { return m->cells.contains(cell); });
}

std::int64_t Stream::late() const {
    return _late + (_unpacker ? _unpacker->late() : 0);
}

std::int64_t Stream::gapMax2_ns(std::size_t cell) const {
    return memberOf(cell).series.gapMax2_ns();
}

bool Stream::cantAverage(std::size_t cell) const {
    return memberOf(cell).cantAverage || (_buckets && _buckets->failed());
}

} // namespace dbb::telemetry
