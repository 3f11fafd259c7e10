/// \file
/// Windows and columns joined with the samples of topics.
#pragma once

#include "telemetry/column.h"
#include "telemetry/instants.h"
#include "telemetry/stream.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace dbb::telemetry {

/// What had to be known of a whole input before it could be joined: learned in one pass, used in the next.
struct Facts {
    /// What an index field says: nothing, an integer, or a text.
    using Instance = std::variant<std::monostate, std::int64_t, std::string>;
    /// Of packed rows: number of values in a row and median distance of rows, by index.
    struct PackedRows {
        int n = 0;
        std::map<Instance, std::int64_t> spacing_ns;
        bool single = false; ///< an index has one row only, so its distance is not known
    };
    std::map<std::size_t, PackedRows> packed;  ///< by number of the column
    std::map<std::string, bool> has_sal_index; ///< by topic
};

/// The field that tells the instances of a component apart before SAL 7: `<CSC>ID`; empty when the topic's
/// name has no component.
std::string componentId(std::string const &topic);

/// A topic as those who read samples see it. Its fields have places in a row.
class Topic {
public:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    explicit Topic(std::string name) : _name(std::move(name)) {}

    std::string const &name() const { return _name; }
    /// Place of a field that somebody asks for, else none.
    std::size_t placeOf(std::string_view field) const;
    /// Make a place for a field.
    std::size_t want(std::string const &field);
    /// The source has the topic and this field of it, whether or not a row comes.
    void declare(std::string const &field);

    /// Begin a row: nothing is in it.
    void begin() { _block.begin(); }
    void set(std::size_t place, Value const &value) { _block.set(place, value); }
    /// The row is complete. \param t_ns  in its own scale
    void commit(std::int64_t t_ns, SourceScale scale) {
        _block.end(t_ns, scale);
        if (_block.isFull()) handOn();
    }
    /// Rows that are complete, with places as this topic has. \param block  was made by emptyBlock()
    void add(RowBlock const &block);
    RowBlock emptyBlock() const { return RowBlock(_block.width()); }

private:
    friend class Joiner;
    /// What index fields hold over all of the input.
    struct IndexFacts {
        std::optional<Value> first;
        bool several = false;
    };

    void handOn();
    void handOn(RowBlock const &block);
    void note(RowBlock const &block, std::size_t row);
    bool hasSeen(std::size_t place) const;
    bool isUtc(RowBlock const &block, std::size_t row);
    std::size_t standardIndex(RowBlock const &block, std::size_t row);

    std::string _name;
    std::unordered_map<std::string, std::size_t> _places;
    RowBlock _block;
    std::vector<std::size_t> _unseen; ///< places of fields that were in no row yet
    std::map<std::size_t, IndexFacts> _indexFacts;
    std::size_t _salIndex = none, _componentId = none, _sndStamp = none;
    bool _usedComponentId = false; ///< as the index, since no salIndex had come until then
    std::vector<std::pair<Stream *, std::size_t>>
        _streams; ///< and the place of its index; none: salIndex or <CSC>ID
    bool _any = false;
    std::int64_t _latest_ns = 0;   ///< of all rows, TAI
    std::optional<bool> _isUtc;    ///< what the first row says of its scale
    bool _isUncertain = false;     ///< it has a stamp that does not say it
    std::optional<bool> _knownSal; ///< from an earlier pass
    TaiFromUtc _taiFromUtc;
    /// Of the rows of a block.
    std::vector<std::int64_t> _times; ///< TAI
    std::vector<Rows::Flag> _fromUtc;
    std::vector<std::size_t> _standard; ///< index of those that name none
    std::vector<RowKey> _keys;
};

/// The join: topics are asked for, rows are committed to them, then results are read.
class Joiner {
public:
    /// \param facts  of an earlier pass. Columns and windows outlive the joiner \param keepGaps  gaps() is
    /// asked for
    Joiner(std::vector<Column> const &columns, WindowList const &windows, Stream::Options const &options,
           Facts const &facts, bool keepGaps = false);
    ~Joiner();

    /// The topic of that name; nullptr when no column asks for it. Names are remembered.
    Topic *topic(std::string_view name);
    TextPool &texts() { return _texts; }

    /// The input is at its end.
    void finish();
    /// Rows that came too late to be put in order, of all topics.
    std::int64_t late() const;
    /// Topics whose first row has a stamp that does not tell the scale of their times: they say nothing.
    std::vector<std::string> uncertainTopics() const;
    /// Whether a topic's index was misunderstood, since rows with salIndex came after others without; the
    /// facts then say so.
    bool needsAgain(Facts &facts) const;

    /// Results: one per element of each column.
    struct Element {
        std::size_t column = 0; ///< number of the column
        int number = -1;        ///< -1: the column has one element
    };
    std::vector<Element> const &elements() const { return _elements; }
    /// Whether a column can say nothing of any window, so that its elements say the same.
    bool isWhole(std::size_t element) const { return _problems[element].has_value(); }
    /// The latest time of any row of the column's topic, TAI nanoseconds; nullopt when it has none.
    std::optional<std::int64_t> latest(std::size_t element) const;
    /// The results of a window, one per element; they may be changed until the next ones are asked for.
    /// \throws Error IO_ERROR
    std::span<Cell> results(std::size_t window);
    /// The gaps behind a result. \param cell  with gaps: Cell::has_gaps \throws Error IO_ERROR
    std::vector<Gap> gaps(std::size_t window, std::size_t element, Cell const &cell);

private:
    Stream &streamOf(Column const &column, Topic &topic);
    std::optional<Status> problemOf(std::size_t element, bool cantAverage) const;

    std::vector<Column> const &_columns;
    WindowList const &_windows;
    Stream::Options _options;
    Facts const &_facts;
    TextPool _texts;
    std::vector<Element> _elements;
    std::unique_ptr<Results> _results;
    std::vector<Cell> _row; ///< those that were asked for last
    std::map<std::string, std::unique_ptr<Topic>, std::less<>> _topics;
    std::vector<std::unique_ptr<Stream>> _streams;
    std::vector<Stream *> _streamOfElement;
    std::vector<std::optional<Status>> _problems; ///< by element, once the input is at its end
    std::vector<std::int64_t> _gapMax2;           ///< likewise
};

/// A pass that only learns: what packed rows look like.
class PackedFacts {
public:
    explicit PackedFacts(std::vector<Column> const &columns);
    /// Whether any column needs it.
    bool needed() const { return !_wanted.empty(); }
    /// As Joiner's, but rows go to add().
    bool wants(std::string_view topic) const;
    /// A row: its fields by name.
    void add(std::string_view topic, std::vector<std::pair<std::string, Value>> const &fields,
             TextPool const &texts);
    void finish(Facts &facts) const;

private:
    struct Wanted {
        std::size_t number;
        Column const *column;
        std::string component_id;
        int n = 0;
        bool has_sal_index = false;
        /// By the index that the column names, or by salIndex and <CSC>ID: which of them is the index only
        /// the end of the input tells.
        std::map<std::pair<Facts::Instance, Facts::Instance>, std::vector<std::int64_t>> times;
    };
    static std::map<Facts::Instance, std::vector<std::int64_t>> timesOf(Wanted const &wanted);
    std::vector<Wanted> _wanted;
};

} // namespace dbb::telemetry
