#!/bin/bash
# Includes of lib/ and tools/ point downward only, and each foreign library is known to one folder.
#
#     4  tools/*                       a subject, never another one
#     3  intake
#     2  instrument butler store gen2 telemetry
#     1  manifest fits sql net astro
#     0  common
#
# Libraries of one level do not know each other. A header that is neither ours, nor C++'s, nor POSIX', nor in the
# table below is an error: a new dependency is a decision.
set -euo pipefail
cd "$(dirname "$0")/.."

find lib tools -name '*.cc' -o -name '*.h' | sort | xargs grep -nE '^[[:space:]]*#[[:space:]]*include' /dev/null | awk '
BEGIN {
    levels = "common 0 manifest 1 fits 1 sql 1 net 1 astro 1 instrument 2 butler 2 store 2 gen2 2 telemetry 2 intake 3"
    for (n = split(levels, part, " "); n > 1; n -= 2) level[part[n - 1]] = part[n]

    foreign = "CLI/ common nlohmann/ common simdjson.h common yaml-cpp/ common spdlog/ common fmt/ common " \
              "openssl/ common blake2.h common zlib.h common zip.h common " \
              "fitsio.h fits fitsio2.h fits sqlite3.h sql libpq-fe.h sql curl/ net " \
              "erfa.h astro erfam.h astro date/ astro emmintrin.h telemetry immintrin.h telemetry"
    for (n = split(foreign, part, " "); n > 1; n -= 2) home[part[n - 1]] = part[n]

    posix = "dirent.h dlfcn.h fcntl.h fnmatch.h glob.h grp.h pthread.h poll.h pwd.h regex.h signal.h spawn.h strings.h sysexits.h termios.h unistd.h"
    n = split(posix, part, " ")
    for (; n > 0; n--) system_header[part[n]] = 1
}
function complain(text) { print where ": " text; bad++ }
{
    split($0, field, ":")
    where = field[1] ":" field[2]
    split(field[1], dir, "/")
    from = dir[2]                                     # folder below lib/ or tools/
    match($0, /[<"][^>"]+[>"]/)
    header = substr($0, RSTART + 1, RLENGTH - 2)
    quoted = substr($0, RSTART, 1) == "\""
    split(header, step, "/")
    count++
}
quoted {
    if (header !~ /\//) complain("\"" header "\" must be written from lib/ or tools/, as \"" from "/" header "\"")
    else if (header !~ /\.h$/ || header ~ /\/main_/) complain("\"" header "\" is no header to include")
    else if (dir[1] == "lib" && !(step[1] in level)) complain("lib/" from " may not include \"" header "\"")
    else if (dir[1] == "lib" && !(from in level)) complain("lib/" from " is in no layer")
    else if (dir[1] == "lib" && step[1] != from && level[step[1]] >= level[from])
        complain("lib/" from " may not include \"" header "\": lib/" step[1] " is not below it")
    else if (dir[1] == "tools" && !(step[1] in level) && step[1] != from)
        complain("tools/" from " may not include \"" header "\" of another subject")
    next
}
{
    key = header ~ /\// ? step[1] "/" : header
    if (key in home) {
        if (dir[1] != "lib" || home[key] != from) complain("<" header "> belongs into lib/" home[key] " only")
    } else if (header ~ /[.\/]/ && !(header in system_header) && header !~ /^(sys|linux|netinet|arpa)\//)
        complain("<" header "> is in no table of tests/check_includes.sh")
}
END {
    if (!count) complain("no includes found")
    if (bad) exit 1
    print count " includes point downward"
}'
