// The floor of dbb-efd-join on a night of many topics: one loop that finds the fields of line protocol or
// CSV, calls std::from_chars for each and accumulates what the columns ask for. A field is where it was in
// the topic's first line.
//
// Usage: floor_night FILE.lp|FILE.csv WINDOWS COLUMNS all|asked
//   WINDOWS  lines "begin end", UTC nanoseconds, in order
//   COLUMNS  lines "topic field mean|asof index", index -: none
//   asked    look at no field behind the last one that a column asks for, whatever it is: less than reading a
//            line takes, since what is wrong with it is not seen
#include "efd_loop.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace {

/// One column: the mean in each window, or the last value at or before its begin.
class Column {
public:
    Column(std::string name, bool isMean, std::string const &index, std::vector<LoopWindow> const &windows)
        : field(std::move(name)), _isMean(isMean), _windows(windows) {
        if (index != "-") _index = std::stod(index);
    }
    std::string const field;
    bool hasIndex() const { return _index.has_value(); }

    void row(std::int64_t t_ns, double value, double index) {
        if (_index && index != *_index) return;
        if (!_isMean) {
            while (_at < _windows.size() && t_ns > _windows[_at].begin_ns) close();
            _n = 1;
            _mean = value;
            return;
        }
        while (_at < _windows.size() && t_ns >= _windows[_at].end_ns) close();
        if (_at == _windows.size() || t_ns < _windows[_at].begin_ns) return;
        _mean += (value - _mean) / static_cast<double>(++_n);
    }
    double sum() {
        while (_at < _windows.size()) close();
        return _sum;
    }

private:
    void close() {
        if (_n > 0) _sum += _mean;
        ++_at;
        if (!_isMean) return; // the last value stays
        _mean = 0;
        _n = 0;
    }

    bool _isMean;
    std::optional<double> _index;
    std::vector<LoopWindow> const &_windows;
    std::size_t _at = 0;
    std::int64_t _n = 0;
    double _mean = 0, _sum = 0;
};

struct Topic {
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    std::vector<Column> columns{};
    std::vector<std::size_t> places{}; ///< of the columns, once there was a line
    std::size_t indexPlace = none;
    std::size_t wanted = 0; ///< places up to the last one that is asked for
    std::vector<double> row{};

    void know(std::vector<std::string_view> const &fields) {
        auto const placeOf = [&](std::string_view name) {
            return static_cast<std::size_t>(std::find(fields.begin(), fields.end(), name) - fields.begin());
        };
        places.clear();
        wanted = 0;
        for (auto const &column : columns) {
            places.push_back(placeOf(column.field));
            wanted = std::max(wanted, places.back() + 1);
            if (!column.hasIndex()) continue;
            indexPlace = placeOf("salIndex");
            wanted = std::max(wanted, indexPlace + 1);
        }
        row.resize(fields.size() + 1);
    }
    void end(std::int64_t t_ns) {
        for (std::size_t c = 0; c < columns.size(); ++c)
            columns[c].row(t_ns, row[places[c]], indexPlace == none ? 0 : row[indexPlace]);
    }
};

class Floor {
public:
    Floor(char const *windows, char const *columns, bool all)
        : _windows(readLoopWindows(windows)), _all(all) {
        std::ifstream in(columns);
        for (std::string topic, field, func, index; in >> topic >> field >> func >> index;)
            _topics[topic].columns.emplace_back(field, func == "mean", index, _windows);
    }

    /// `measurement name=value,... time`
    void lineProtocol(char const *p, char const *end) {
        auto const *space = find(p, end, ' ');
        choose({p, static_cast<std::size_t>(space - p)});
        if (!_topic) return;
        p = space + 1;
        if (_topic->places.empty()) know(p, end);
        auto const most = _all ? _topic->row.size() : _topic->wanted;
        for (std::size_t place = 0; place < most; ++place) {
            p = find(p, end, '=') + 1;
            p = std::from_chars(p, end, _topic->row[place]).ptr;
            if (*p == 'i') ++p;
            if (*p != ',') break;
        }
        if (*p != ' ') p = static_cast<char const *>(::memrchr(p, ' ', static_cast<std::size_t>(end - p)));
        std::int64_t t = 0;
        std::from_chars(p + 1, end, t);
        _topic->end(t);
    }

    /// `name,tags,time,value,...`, with a header for each topic
    void csv(char const *p, char const *end) {
        auto const *comma = find(p, end, ',');
        if (comma == end) return;
        std::string_view const name(p, static_cast<std::size_t>(comma - p));
        if (name == "name") {
            _header.assign(p, end);
            _topic = nullptr;
            _name.clear();
            return;
        }
        if (choose(name) && _topic) know();
        if (!_topic) return;
        std::int64_t t = 0;
        p = std::from_chars(find(comma + 1, end, ',') + 1, end, t).ptr;
        auto const most = _all ? _topic->row.size() : _topic->wanted;
        for (std::size_t place = 0; place < most && p < end; ++place)
            p = std::from_chars(p + 1, end, _topic->row[place]).ptr;
        _topic->end(t);
    }

    double sum() {
        double out = 0;
        for (auto &[name, topic] : _topics) {
            for (auto &column : topic.columns) out += column.sum();
        }
        return out;
    }

private:
    static char const *find(char const *p, char const *end, char c) {
        auto const *at = std::memchr(p, c, static_cast<std::size_t>(end - p));
        return at ? static_cast<char const *>(at) : end;
    }
    /// \return whether it is another one than that of the line before
    bool choose(std::string_view name) {
        if (name == _name) return false;
        _name = name;
        auto const at = _topics.find(_name);
        _topic = at == _topics.end() ? nullptr : &at->second;
        return true;
    }
    /// From a line's fields.
    void know(char const *p, char const *end) {
        std::vector<std::string_view> fields;
        for (; p < end && *p != ' '; p = std::min(find(p, end, ','), find(p, end, ' '))) {
            p += *p == ',' ? 1 : 0;
            auto const *equals = find(p, end, '=');
            fields.emplace_back(p, equals - p);
            p = equals;
        }
        _topic->know(fields);
    }
    /// From a header.
    void know() {
        std::vector<std::string_view> fields;
        std::string_view rest(_header);
        for (int skipped = 0;; ++skipped) {
            auto const comma = rest.find(',');
            if (skipped > 2) fields.push_back(rest.substr(0, comma));
            if (comma == std::string_view::npos) break;
            rest.remove_prefix(comma + 1);
        }
        _topic->know(fields);
    }

    std::vector<LoopWindow> _windows;
    bool _all;
    std::unordered_map<std::string, Topic> _topics;
    std::string _name, _header;
    Topic *_topic = nullptr;
};

} // namespace

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    Floor floor(argv[2], argv[3], std::string_view(argv[4]) == "all");
    bool const isCsv = std::string_view(argv[1]).ends_with(".csv");
    bool const isRead = forEachLine(argv[1], [&](char const *begin, char const *end) {
        if (isCsv) {
            floor.csv(begin, end);
        } else {
            floor.lineProtocol(begin, end);
        }
    });
    if (!isRead) return 4;
    std::printf("%.15g\n", floor.sum());
    return 0;
}
