/// \file
/// Inputs made out of inputs, the same for the same seed.
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <vector>

namespace dbb::fuzz {

class Mutator {
public:
    explicit Mutator(unsigned seed) : _random(seed) {}

    /// A number below `n`; 0 when `n` is 0.
    std::size_t below(std::size_t n);

    /// `text` with some changes. \param corpus  other inputs, of which pieces are taken
    /// \param unit  length of what the input is made of (80: header cards); 0: lines
    std::string mutate(std::string text, std::vector<std::string> const &corpus, std::size_t unit);

private:
    void changeBytes(std::string &text, std::vector<std::string> const &corpus);
    void changeUnits(std::string &text, std::vector<std::string> const &corpus, std::size_t unit);

    std::mt19937 _random;
};

} // namespace dbb::fuzz
