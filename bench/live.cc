// Feeds dbb-ingest as a live stream does: an exposure's lines at once, the next when all receipts are here.
//     live REPO [BEFORE] < described lines        prints seconds from first line to last receipt, and the
//     number of exposures
// The first BEFORE exposures (default: none) are not counted: with them the program starts and gets to know
// the repository.
#include "common/json.h"

#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

int main(int argc, char **argv) {
    if (argc < 2 || argc > 3) return 2;
    auto before = argc > 2 ? std::stoul(argv[2]) : 0;
    std::vector<std::pair<std::string, int>> exposures; // text of the lines, their number
    std::int64_t last = 0;
    for (std::string line; std::getline(std::cin, line);) {
        auto const json = dbb::common::Json::parse(line);
        if (!json["data_id"].isObject()) continue;
        if (auto const id = json["data_id"]["exposure"].integer(); id != last) {
            exposures.emplace_back();
            last = id;
        }
        exposures.back().first += line + "\n";
        ++exposures.back().second;
    }
    int in[2];
    int out[2];
    if (::pipe(in) != 0 || ::pipe(out) != 0) return 1;
    pid_t const child = ::fork();
    if (child == 0) {
        ::dup2(in[0], 0);
        ::dup2(out[1], 1);
        for (int const fd : {in[0], in[1], out[0], out[1]}) ::close(fd);
        ::execlp("dbb-ingest", "dbb-ingest", "--repo", argv[1], "-t", "direct", nullptr);
        ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    std::FILE *receipts = ::fdopen(out[0], "r");
    auto start = std::chrono::steady_clock::now();
    std::vector<char> line(1 << 20);
    std::size_t counted = 0;
    for (auto const &[text, count] : exposures) {
        // A pipe holds 64 kB and the program reads all the time, so that a plain write can't lock both up.
        for (std::size_t done = 0; done < text.size();) {
            auto const n = ::write(in[1], text.data() + done, text.size() - done);
            if (n <= 0) return 1;
            done += static_cast<std::size_t>(n);
        }
        for (int i = 0; i < count; ++i) {
            if (!std::fgets(line.data(), static_cast<int>(line.size()), receipts)) return 1;
        }
        if (before == 0) {
            ++counted;
        } else if (--before == 0) {
            start = std::chrono::steady_clock::now();
        }
    }
    std::chrono::duration<double> const elapsed = std::chrono::steady_clock::now() - start;
    ::close(in[1]);
    int status = 0;
    ::waitpid(child, &status, 0);
    std::printf("%.6f %zu\n", elapsed.count(), counted);
    return status == 0 ? 0 : 1;
}
