/// \file
/// Samples in text that is read by several threads, part by part.
#pragma once

#include "efd/line_range.h"
#include "telemetry/joiner.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dbb::efd {

/// Whole lines and what they say.
struct SamplePart {
    using Blocks = std::vector<std::pair<telemetry::Topic *, telemetry::RowBlock>>;

    SampleText source{};
    std::optional<LineRange> range{};                        ///< of a file from which it is yet to be read
    std::optional<std::int64_t> endInFile{};                 ///< of the last line, when it was
    Blocks blocks{};                                         ///< rows of topics, those of each in their order
    std::vector<std::pair<std::int64_t, std::string>> bad{}; ///< lines of the part, and reasons
    std::int64_t lines = 0, rows = 0;
    bool plain = true; ///< lines end where they seem to
    /// What was said before of the lines that come, as CsvSamples::block(): before the part, behind it.
    std::string blockBefore{}, blockBehind{};
    std::int64_t lastStamp = 0; ///< as LineProtocol::lastStamp(); 0: it has none
    Blocks spare{};             ///< of parts before, whose memory can be used again

    /// Make it ready for another text.
    void clear();
    /// Forget what was read out of the text.
    void forget();
};

/// What a thread reads parts with.
class PartReader {
public:
    PartReader() = default;
    PartReader(PartReader const &) = delete;
    PartReader &operator=(PartReader const &) = delete;
    virtual ~PartReader() = default;
    /// \param part  its text and blockBefore are there
    virtual void read(SamplePart &part) = 0;
    /// Of the first part.
    virtual std::string block() const { return {}; }
};

/// Takes rows for the topics of a joiner and makes blocks of them, in a thread of its own; see LineProtocol.
class BlockSink {
public:
    class Topic {
    public:
        Topic(BlockSink &owner, telemetry::Topic &inner)
            : _owner(owner), _inner(inner), _block(inner.emptyBlock()) {}
        std::size_t placeOf(std::string_view field) const { return _inner.placeOf(field); }
        void begin() { _block.begin(); }
        void set(std::size_t place, telemetry::Value const &value) { _block.set(place, value); }
        void commit(std::int64_t t_ns, telemetry::SourceScale scale) {
            _block.end(t_ns, scale);
            if (_block.isFull()) handOn();
        }
        void handOn();
        /// Forget rows that were not handed on, since something was thrown.
        void forget() {
            if (_block.size() > 0) _block.clear();
        }

    private:
        telemetry::RowBlock emptyBlock();

        BlockSink &_owner;
        telemetry::Topic &_inner;
        telemetry::RowBlock _block;
    };

    explicit BlockSink(telemetry::Joiner &joiner) : _joiner(joiner) {}
    Topic *topic(std::string_view name);
    telemetry::TextPool &texts() { return _joiner.texts(); }

    /// From now on rows are of this part.
    void begin(SamplePart &part);
    SamplePart &part() { return *_part; }
    /// All rows of the part are there.
    void end();

private:
    telemetry::Joiner &_joiner;
    SamplePart *_part = nullptr;
    std::map<std::string, Topic, std::less<>> _topics;
};

/// Reads parts with a parser of text into a BlockSink.
template<typename Parser>
class ParserOfParts : public PartReader {
public:
    /// \param make  a parser, of the sink and a function that is told of bad lines
    template<typename Make>
    ParserOfParts(telemetry::Joiner &joiner, std::string const &header, Make const &make)
        : _sink(joiner), _parser(make(_sink, [this](std::int64_t number, std::string const &reason) {
              _sink.part().bad.emplace_back(number - _linesBefore, reason);
          })) {
        _parser.feed(header);
    }
    std::string block() const override {
        if constexpr (hasBlocks) return _parser.block();
        return {};
    }
    void read(SamplePart &part) override {
        if constexpr (hasBlocks) {
            if (_parser.block() != part.blockBefore) _parser.enter(part.blockBefore);
        } else {
            _parser.follow(0);
        }
        _linesBefore = _parser.lines();
        auto const rowsBefore = _parser.rows();
        _sink.begin(part);
        _parser.feed(part.source.text());
        _parser.finish();
        _sink.end();
        part.lines = _parser.lines() - _linesBefore;
        part.rows = _parser.rows() - rowsBefore;
        part.plain = _parser.isPlain();
        part.blockBehind = block();
        if constexpr (!hasBlocks) part.lastStamp = _parser.lastStamp();
    }

private:
    static constexpr bool hasBlocks = requires(Parser & parser) { parser.enter(parser.block()); };

    BlockSink _sink;
    std::int64_t _linesBefore = 0;
    Parser _parser;
};

/// Parts that several threads read. They are taken in the order in which they were added, by the thread that
/// adds them, which also reads some when the others are behind. From the first one on that is not plain none
/// is taken.
class PartPipeline {
public:
    /// \param makeReader  for each thread \param take  what was read
    PartPipeline(int jobs, std::function<std::unique_ptr<PartReader>()> const &makeReader,
                 std::function<void(SamplePart &)> take);
    PartPipeline(PartPipeline const &) = delete;
    PartPipeline &operator=(PartPipeline const &) = delete;
    ~PartPipeline();

    /// \param text  becomes any other, which has memory \return whether more can be added
    bool add(SampleText &text);
    /// The same, of a file that whoever reads the part reads from.
    bool add(LineRange const &range);
    /// Until all were taken. \return the text of those that could not be and are of no file
    std::string finish();

private:
    class State;
    std::unique_ptr<State> _state;
};

} // namespace dbb::efd
