#include "efd/sample_parts.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <signal.h>
#include <thread>
#include <utility>

namespace dbb::efd {

void SamplePart::clear() {
    source.size = 0;
    range.reset();
    endInFile.reset();
    forget();
}

void SamplePart::forget() {
    spare = std::exchange(blocks, {});
    bad.clear();
    lines = rows = 0;
    plain = true;
}

void BlockSink::Topic::handOn() {
    _block.complete();
    if (_block.size() == 0) return;
    _owner._part->blocks.emplace_back(&_inner, std::move(_block));
    _block = emptyBlock();
}

telemetry::RowBlock BlockSink::Topic::emptyBlock() {
    auto &spare = _owner._part->spare;
    auto const at = std::ranges::find(spare, &_inner, &SamplePart::Blocks::value_type::first);
    if (at == spare.end()) return _inner.emptyBlock();
    auto out = std::move(at->second);
    std::swap(*at, spare.back());
    spare.pop_back();
    out.clear();
    return out;
}

BlockSink::Topic *BlockSink::topic(std::string_view name) {
    auto const at = _topics.find(name);
    if (at != _topics.end()) return &at->second;
    auto *inner = _joiner.topic(name);
    return inner ? &_topics.try_emplace(std::string(name), *this, *inner).first->second : nullptr;
}

void BlockSink::begin(SamplePart &part) {
    _part = &part;
    for (auto &[name, topic] : _topics) topic.forget();
}

void BlockSink::end() {
    for (auto &[name, topic] : _topics) topic.handOn();
}

/// Parts lie in a ring: some are to be taken, then some are being read, then some wait for a reader.
class PartPipeline::State {
public:
    State(int jobs, std::function<std::unique_ptr<PartReader>()> const &makeReader,
          std::function<void(SamplePart &)> take)
        : _take(std::move(take)), _slots(2 * static_cast<std::size_t>(std::min(jobs, mostJobs)) + 2),
          _own(makeReader()), _block(_own->block()), _likelyBlock(_block) {
        // Signals are for the thread that waits for input.
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        for (int k = 1; k < std::min(jobs, mostJobs); ++k)
            _helpers.emplace_back([this, reader = makeReader()] { help(*reader); });
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }
    ~State() {
        {
            std::lock_guard const lock(_mutex);
            _stop = true;
        }
        _changed.notify_all();
    }

    /// \param fill  what the part is to be read from
    template<typename Fill>
    bool add(Fill const &fill) {
        std::unique_lock lock(_mutex);
        while (!_isOver && _end - _first == _slots.size()) step(lock);
        if (_isOver) {
            SamplePart late;
            fill(late);
            leave(late);
            return false;
        }
        fill(slot(_end).part);
        ++_end;
        _changed.notify_all();
        while (_first < _end && slot(_first).ready) step(lock);
        return !_isOver;
    }
    std::string finish() {
        std::unique_lock lock(_mutex);
        while (_first < _end) step(lock);
        return std::move(_left);
    }

private:
    static constexpr int mostJobs = 16; ///< what they read one thread must take

    struct Slot {
        SamplePart part{};
        bool ready = false;
    };
    using Lock = std::unique_lock<std::mutex>;

    Slot &slot(std::size_t number) { return _slots[number % _slots.size()]; }

    /// Take the oldest part, read one, or wait.
    void step(Lock &lock) {
        if (slot(_first).ready) {
            auto &oldest = slot(_first);
            if (oldest.part.blockBefore != _block) return readAgain(lock, oldest.part);
            if (!oldest.part.plain) return endEarly(lock);
            lock.unlock();
            _take(oldest.part);
            lock.lock();
            _block = oldest.part.blockBehind;
            oldest.part.clear();
            oldest.ready = false;
            ++_first;
        } else if (_next < _end) {
            readNext(lock, *_own);
        } else {
            _changed.wait(lock);
        }
    }

    /// Keep the text of all parts that are here.
    void endEarly(Lock &lock) {
        _isOver = true;
        auto const claimed = std::exchange(_next, _end);
        for (auto k = _first; k < claimed; ++k) _changed.wait(lock, [&] { return slot(k).ready; });
        for (; _first < _end; ++_first) leave(slot(_first).part);
    }
    /// What is in a file stays there.
    void leave(SamplePart const &part) {
        if (!part.range) _left += part.source.text();
    }

    void readNext(Lock &lock, PartReader &reader) {
        auto const number = _next++;
        auto &mine = slot(number);
        mine.part.blockBefore = _likelyBlock;
        lock.unlock();
        read(mine.part, reader);
        lock.lock();
        likely(mine.part, number);
        mine.ready = true;
        _changed.notify_all();
    }

    /// The oldest part, which was read as if it were in another block.
    void readAgain(Lock &lock, SamplePart &part) {
        part.blockBefore = _block;
        lock.unlock();
        part.forget();
        read(part, *_own);
        lock.lock();
        likely(part, _first);
    }

    static void read(SamplePart &part, PartReader &reader) {
        try {
            if (part.range) part.endInFile = readLines(*part.range, "the samples", part.source);
            reader.read(part);
        } catch (...) {
            part.plain = false; // whoever reads it as one text says what is wrong, and what was before
        }
    }

    /// What comes behind a part that says so is in the last block of it.
    void likely(SamplePart const &part, std::size_t number) {
        if (part.blockBehind == part.blockBefore || number < _likelySince) return;
        _likelyBlock = part.blockBehind;
        _likelySince = number;
    }

    void help(PartReader &reader) {
        std::unique_lock lock(_mutex);
        for (;;) {
            _changed.wait(lock, [&] { return _stop || _next < _end; });
            if (_stop) return;
            readNext(lock, reader);
        }
    }

    std::function<void(SamplePart &)> _take;
    std::mutex _mutex;
    std::condition_variable _changed;
    std::vector<Slot> _slots;
    std::size_t _first = 0, _next = 0, _end = 0; ///< numbers of parts: oldest, first to be read, next to come
    bool _stop = false;
    bool _isOver = false; ///< a part was not plain
    std::string _left;    ///< text from that one on
    std::unique_ptr<PartReader> _own;
    std::string _block;                 ///< of what is to be taken next
    std::string _likelyBlock;           ///< of what is to be read next
    std::size_t _likelySince = 0;       ///< number of the part that says so
    std::vector<std::jthread> _helpers; ///< last, so that they end before what they use
};

PartPipeline::PartPipeline(int jobs, std::function<std::unique_ptr<PartReader>()> const &makeReader,
                           std::function<void(SamplePart &)> take)
    : _state(std::make_unique<State>(jobs, makeReader, std::move(take))) {}

PartPipeline::~PartPipeline() = default;

bool PartPipeline::add(SampleText &text) {
    return _state->add([&](SamplePart &part) { std::swap(part.source, text); });
}

bool PartPipeline::add(LineRange const &range) {
    return _state->add([&](SamplePart &part) { part.range = range; });
}

std::string PartPipeline::finish() {
    return _state->finish();
}

} // namespace dbb::efd
