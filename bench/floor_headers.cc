// The floor of dbb-describe: read the blocks of each primary header and do nothing with them.
//     floor_headers < paths        prints seconds
#include "header_bytes.h"

#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

int main() {
    std::vector<std::string> paths;
    for (std::string line; std::getline(std::cin, line);) paths.push_back(line);
    auto const start = std::chrono::steady_clock::now();
    for (auto const &path : paths) bench::readHeader(path);
    std::chrono::duration<double> const elapsed = std::chrono::steady_clock::now() - start;
    std::printf("%.6f\n", elapsed.count());
}
