#include "telemetry/joiner.h"

#include <algorithm>
#include <cmath>

namespace dbb::telemetry {

namespace {

/// An integer, or a double that is one.
std::optional<std::int64_t> wholeOf(Value const &value) {
    if (value.kind == Kind::Integer) return value.integer;
    if (value.kind == Kind::Double && value.number == std::floor(value.number)
        && std::fabs(value.number) < 9e18)
        return static_cast<std::int64_t>(value.number);
    return std::nullopt;
}

Facts::Instance instanceOf(Value const &value, TextPool const &texts) {
    if (value.kind == Kind::Text) return texts.at(value.text);
    auto const whole = wholeOf(value);
    return whole ? Facts::Instance(*whole) : Facts::Instance();
}

Facts::Instance instanceOf(std::variant<std::int64_t, std::string> const &index) {
    return std::visit([](auto const &value) { return Facts::Instance(value); }, index);
}

RowKey keyOf(Facts::Instance const &instance, TextPool &texts) {
    if (auto const *index = std::get_if<std::int64_t>(&instance))
        return {.given = true, .text = 0, .index = *index};
    if (auto const *text = std::get_if<std::string>(&instance))
        return {.given = false, .text = texts.add(*text) + 1, .index = 0};
    return {};
}

/// What an index field of a row holds.
RowKey keyOf(RowBlock const &block, std::size_t row, std::size_t place) {
    if (place == Topic::none) return {};
    auto const value = block.value(row, place);
    if (value.kind == Kind::Text) return {.given = false, .text = value.text + 1, .index = 0};
    auto const whole = wholeOf(value);
    return {.given = whole.has_value(), .text = 0, .index = whole.value_or(0)};
}

} // namespace

std::string componentId(std::string const &topic) {
    auto const last = topic.rfind('.');
    if (last == std::string::npos) return {};
    auto const first = topic.rfind('.', last - 1);
    return topic.substr(first == std::string::npos ? 0 : first + 1,
                        last - (first == std::string::npos ? 0 : first + 1))
           + "ID";
}

std::size_t Topic::placeOf(std::string_view field) const {
    auto const at = _places.find(std::string(field));
    return at == _places.end() ? none : at->second;
}

std::size_t Topic::want(std::string const &field) {
    auto const [at, isNew] = _places.try_emplace(field, _block.width());
    if (isNew) _unseen.push_back(_block.addPlace());
    return at->second;
}

void Topic::declare(std::string const &field) {
    handOn();
    _any = true;
    std::erase(_unseen, placeOf(field));
}

/// Take down what the index fields of a row hold.
void Topic::note(RowBlock const &block, std::size_t row) {
    for (auto &[place, facts] : _indexFacts) {
        auto const value = block.value(row, place);
        if (value.kind <= Kind::Null) continue;
        if (!facts.first) {
            facts.first = value;
        } else if (!(*facts.first == value)) {
            facts.several = true;
        }
    }
}

bool Topic::hasSeen(std::size_t place) const {
    return std::find(_unseen.begin(), _unseen.end(), place) == _unseen.end();
}

/// Whether the time of a row is in UTC. That of the EFD by its first row that has a stamp.
bool Topic::isUtc(RowBlock const &block, std::size_t row) {
    if (block.scale(row) != SourceScale::Eras) return block.scale(row) == SourceScale::Utc;
    if (_isUtc) return *_isUtc;
    auto const sent = _sndStamp == none ? std::nullopt : nsOfSeconds(block.value(row, _sndStamp));
    // The next row may be of the other era, or have a stamp.
    if (!sent) return isUtcByDate(block.times()[row]);
    auto const told = isUtcByStamp(block.times()[row], *sent);
    _isUncertain = !told;
    _isUtc = told.value_or(false);
    return *_isUtc;
}

/// The field that tells instances apart when a column names none.
std::size_t Topic::standardIndex(RowBlock const &block, std::size_t row) {
    bool const hasSal = _salIndex != none && (_indexFacts[_salIndex].first || _knownSal.value_or(false));
    if (hasSal || _componentId == none) return hasSal ? _salIndex : _componentId;
    if (block.value(row, _componentId).kind > Kind::Null) _usedComponentId = true;
    return _componentId;
}

void Topic::handOn() {
    _block.complete();
    handOn(_block);
    _block.clear();
}

void Topic::add(RowBlock const &block) {
    handOn(); // what came before
    handOn(block);
}

void Topic::handOn(RowBlock const &block) {
    auto const n = block.size();
    if (n == 0) return;
    auto const has = [&](std::size_t place) { return block.content(place) != RowBlock::Content::Nothing; };
    std::erase_if(_unseen, has);
    _times.resize(n);
    _fromUtc.resize(n);
    _standard.resize(n);
    bool const hasIndex = std::any_of(_indexFacts.begin(), _indexFacts.end(),
                                      [&](auto const &facts) { return has(facts.first); });
    for (std::size_t row = 0; row < n; ++row) {
        if (hasIndex) {
            note(block, row);
            _standard[row] = standardIndex(block, row);
        }
        bool const utc = isUtc(block, row);
        _fromUtc[row] = utc;
        _times[row] = utc ? _taiFromUtc(block.times()[row]) : block.times()[row];
        _latest_ns = _any ? std::max(_latest_ns, _times[row]) : _times[row];
        _any = true;
    }
    for (auto const &[stream, place] : _streams) {
        _keys.assign(n, {});
        for (std::size_t row = 0; hasIndex && row < n; ++row)
            _keys[row] = keyOf(block, row, place == none ? _standard[row] : place);
        stream->add({block, _times, _fromUtc, _keys});
    }
}

Joiner::Joiner(std::vector<Column> const &columns, WindowList const &windows, Stream::Options const &options,
               Facts const &facts, bool keepGaps)
    : _columns(columns), _windows(windows), _options(options), _facts(facts) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
        auto const &column = columns[c];
        for (std::size_t f = 0; f < column.elements(); ++f)
            _elements.push_back({c, column.hasElements() ? static_cast<int>(f) : -1});
    }
    _results = std::make_unique<Results>(_windows.size(), _elements.size(), keepGaps);
    _streamOfElement.resize(_elements.size());
    for (std::size_t e = 0; e < _elements.size(); ++e) {
        auto const &column = columns[_elements[e].column];
        auto &topic = *_topics.try_emplace(column.topic, std::make_unique<Topic>(column.topic)).first->second;
        if (topic._salIndex == Topic::none) {
            topic._salIndex = topic.want("salIndex");
            topic._indexFacts[topic._salIndex];
            if (auto const id = componentId(column.topic); !id.empty()) {
                topic._componentId = topic.want(id);
                topic._indexFacts[topic._componentId];
            }
            topic._sndStamp = topic.want("private_sndStamp");
            auto const known = facts.has_sal_index.find(column.topic);
            if (known != facts.has_sal_index.end()) topic._knownSal = known->second;
        }
        auto &stream = streamOf(column, topic);
        _streamOfElement[e] = &stream;
        std::vector<std::size_t> places;
        if (column.packed) {
            auto const known = facts.packed.find(_elements[e].column);
            auto const n = column.packed->n > 0          ? column.packed->n
                           : known == facts.packed.end() ? 0
                                                         : known->second.n;
            for (int k = 0; k < n; ++k) places.push_back(topic.want(column.packed->base + std::to_string(k)));
            if (known != facts.packed.end()) {
                std::map<RowKey, std::int64_t> spacing;
                for (auto const &[instance, ns] : known->second.spacing_ns)
                    spacing[keyOf(instance, _texts)] = ns;
                stream.setSpacing(std::move(spacing));
            }
        } else if (_elements[e].number >= 0) {
            places.push_back(topic.want(column.fields[static_cast<std::size_t>(_elements[e].number)]));
        } else {
            for (auto const &field : column.fields) places.push_back(topic.want(field));
        }
        if (column.compat == Compat::Consdb && !column.packed) {
            std::vector<std::size_t> all;
            for (auto const &field : column.fields) all.push_back(topic.want(field));
            stream.require(all);
            if (column.func == Func::Last) places.resize(1); // of the last row, its first field
        }
        stream.ask({&column, e}, places);
    }
    // Each stream that is sorted has a part of this, or as much as it takes to be quick.
    constexpr std::size_t sortMemory = std::size_t{4} << 20, leastSortMemory = std::size_t{256} << 10;
    for (auto &stream : _streams) stream->prepare(std::max(leastSortMemory, sortMemory / _streams.size()));
}

Joiner::~Joiner() = default;

Stream &Joiner::streamOf(Column const &column, Topic &topic) {
    auto at = std::find_if(_streams.begin(), _streams.end(), [&](auto const &s) { return s->isFor(column); });
    if (at != _streams.end()) return **at;
    _streams.push_back(std::make_unique<Stream>(_windows, *_results, column, _options));
    auto &stream = *_streams.back();
    auto const timeField = column.packed ? column.packed->time_field : column.time_field;
    if (!timeField.empty()) stream.timePlace = topic.want(timeField);
    auto index = Topic::none;
    if (!column.index_field.empty()) {
        index = topic.want(column.index_field);
        topic._indexFacts[index];
    }
    topic._streams.emplace_back(&stream, index);
    std::vector<RowKey> wanted;
    for (auto const &each : column.indices) wanted.push_back(keyOf(instanceOf(each), _texts));
    stream.setWanted(std::move(wanted));
    return stream;
}

Topic *Joiner::topic(std::string_view name) {
    auto const at = _topics.find(name);
    return at == _topics.end() ? nullptr : at->second.get();
}

std::int64_t Joiner::late() const {
    std::int64_t out = 0;
    for (auto const &stream : _streams) out += stream->late();
    return out;
}

std::vector<std::string> Joiner::uncertainTopics() const {
    std::vector<std::string> out;
    for (auto const &[name, topic] : _topics) {
        if (topic->_isUncertain) out.push_back(name);
    }
    return out;
}

std::optional<std::int64_t> Joiner::latest(std::size_t element) const {
    auto const &topic = *_topics.find(_columns[_elements[element].column].topic)->second;
    return topic._any ? std::optional(topic._latest_ns) : std::nullopt;
}

bool Joiner::needsAgain(Facts &facts) const {
    bool out = false;
    for (auto const &[name, topic] : _topics) {
        auto const &sal = topic->_indexFacts.at(topic->_salIndex);
        if (!topic->_usedComponentId || !sal.first) continue;
        facts.has_sal_index[name] = true;
        out = true;
    }
    return out;
}

/// What keeps a column from saying anything, in the order of what is looked at first.
std::optional<Status> Joiner::problemOf(std::size_t element, bool cantAverage) const {
    auto const &column = _columns[_elements[element].column];
    auto const &topic = *_topics.find(column.topic)->second;
    if (!topic._any) return Status::NoSuchTopic;
    if (topic._isUncertain) return Status::SourceError;
    auto index = column.index_field.empty() ? Topic::none : topic.placeOf(column.index_field);
    if (index == Topic::none)
        index = topic._indexFacts.at(topic._salIndex).first ? topic._salIndex : topic._componentId;
    if (column.compat == Compat::Consdb) {
        if (_streamOfElement[element]->losesIndex()) return Status::NoSamples;
    } else if (column.index == Column::Index::None && index != Topic::none
               && topic._indexFacts.at(index).several) {
        return Status::MixedIndex;
    }
    if (column.packed) {
        auto const known = _facts.packed.find(_elements[element].column);
        if (known != _facts.packed.end()) {
            if (known->second.n == 0) return Status::NoSuchField;
            if (known->second.single && !column.packed->dt_ns) return Status::TypeError;
        }
        return std::nullopt;
    }
    for (auto const &field : column.fields) {
        if (!topic.hasSeen(topic.placeOf(field))) return Status::NoSuchField;
    }
    return cantAverage ? std::optional(Status::TypeError) : std::nullopt;
}

void Joiner::finish() {
    for (auto &[name, topic] : _topics) topic->handOn();
    for (auto &stream : _streams) stream->finish();
    // What a column can't say of one of its elements it can't say of any.
    std::vector<bool> cantAverage(_columns.size());
    for (std::size_t e = 0; e < _elements.size(); ++e) {
        if (_streamOfElement[e]->cantAverage(e)) cantAverage[_elements[e].column] = true;
    }
    for (std::size_t e = 0; e < _elements.size(); ++e) {
        _problems.push_back(problemOf(e, cantAverage[_elements[e].column]));
        _gapMax2.push_back(_streamOfElement[e]->gapMax2_ns(e));
    }
}

std::span<Cell> Joiner::results(std::size_t window) {
    auto const row = _results->row(window);
    auto &out = _row;
    out.assign(row.begin(), row.end());
    auto const w = _windows[window];
    bool const leap = isNearLeap(w.begin_ns, w.end_ns);
    for (std::size_t e = 0; e < out.size(); ++e) {
        auto &cell = out[e];
        auto const &column = _columns[_elements[e].column];
        if (_problems[e]) {
            // A column of a missing field has no elements.
            cell = Cell::problem(*_problems[e]);
            continue;
        }
        auto const edges = column.atInstants() ? w : edgesOf(column, w);
        settle(cell, column, edges, _results->intervals(cell), _gapMax2[e]);
        bool const counts = (cell.status == Status::Ok || cell.status == Status::LowCoverage) && cell.n > 0;
        if (leap && counts && _streamOfElement[e]->usesUtc()) cell.status = Status::LeapAmbiguous;
    }
    return out;
}

std::vector<Gap> Joiner::gaps(std::size_t window, std::size_t element, Cell const &cell) {
    auto const &column = _columns[_elements[element].column];
    return gapsOf(column, edgesOf(column, _windows[window]), _results->intervals(cell), _gapMax2[element]);
}

PackedFacts::PackedFacts(std::vector<Column> const &columns) {
    for (std::size_t c = 0; c < columns.size(); ++c) {
        auto const &packed = columns[c].packed;
        if (packed && (packed->n == 0 || !packed->dt_ns))
            _wanted.push_back({c, &columns[c], componentId(columns[c].topic), 0, false, {}});
    }
}

bool PackedFacts::wants(std::string_view topic) const {
    return std::any_of(_wanted.begin(), _wanted.end(),
                       [&](auto const &w) { return w.column->topic == topic; });
}

void PackedFacts::add(std::string_view topic, std::vector<std::pair<std::string, Value>> const &fields,
                      TextPool const &texts) {
    for (auto &wanted : _wanted) {
        auto const &column = *wanted.column;
        if (column.topic != topic) continue;
        auto const &packed = *column.packed;
        std::optional<std::int64_t> t;
        Facts::Instance first, second;
        for (auto const &[name, value] : fields) {
            if (name == packed.time_field) t = nsOfSeconds(value);
            if (name == "salIndex" && value.kind > Kind::Null) wanted.has_sal_index = true;
            if (name == (column.index_field.empty() ? "salIndex" : column.index_field))
                first = instanceOf(value, texts);
            if (column.index_field.empty() && name == wanted.component_id) second = instanceOf(value, texts);
            if (auto const k = elementNumber(name, packed.base))
                wanted.n = std::max(wanted.n, static_cast<int>(std::min(*k, 99'999U)) + 1);
        }
        if (t) wanted.times[{first, second}].push_back(*t);
    }
}

/// Of the rows that the column asks for.
std::map<Facts::Instance, std::vector<std::int64_t>> PackedFacts::timesOf(Wanted const &wanted) {
    auto const &column = *wanted.column;
    bool const isFirst = !column.index_field.empty() || wanted.has_sal_index;
    std::map<Facts::Instance, std::vector<std::int64_t>> out;
    for (auto const &[instances, times] : wanted.times) {
        auto const &instance = isFirst ? instances.first : instances.second;
        auto const isIt = [&](auto const &index) { return instanceOf(index) == instance; };
        if (column.index == Column::Index::Listed && std::ranges::none_of(column.indices, isIt)) continue;
        auto &all = out[instance];
        all.insert(all.end(), times.begin(), times.end());
    }
    return out;
}

void PackedFacts::finish(Facts &facts) const {
    for (auto const &wanted : _wanted) {
        if (wanted.has_sal_index) facts.has_sal_index[wanted.column->topic] = true;
        Facts::PackedRows out;
        out.n = wanted.n;
        for (auto &[key, times] : timesOf(wanted)) {
            std::sort(times.begin(), times.end());
            times.erase(std::unique(times.begin(), times.end()), times.end());
            if (wanted.column->compat == Compat::Consdb) {
                out.spacing_ns[key] = times.size() < 2 ? 0 : times[1] - times[0];
                continue;
            }
            std::vector<std::int64_t> gaps;
            for (std::size_t i = 1; i < times.size(); ++i) gaps.push_back(times[i] - times[i - 1]);
            if (gaps.empty()) {
                out.single = true;
                out.spacing_ns[key] = 0;
                continue;
            }
            auto const middle = gaps.begin() + static_cast<std::ptrdiff_t>((gaps.size() - 1) / 2);
            std::nth_element(gaps.begin(), middle, gaps.end());
            out.spacing_ns[key] = *middle;
        }
        facts.packed[wanted.number] = std::move(out);
    }
}

} // namespace dbb::telemetry
