#include "common/calendar.h"
#include "common/checksum.h"
#include "common/error.h"
#include "common/file.h"
#include "common/gzip.h"
#include "common/lines.h"
#include "common/options.h"
#include "common/parallel.h"
#include "common/text.h"
#include "common/uri.h"
#include "common/uuid.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace dbb::common;

TEST_CASE("instants are written and read as ISO") {
    CHECK(isoFromNs(1745381230702699721) == "2025-04-23T04:07:10.702699721");
    CHECK(isoFromNs(0) == "1970-01-01T00:00:00.000000000");
    CHECK(isoFromNs(-1) == "1969-12-31T23:59:59.999999999");
    CHECK(nsFromIso("2025-04-23T04:07:10.702699721") == 1745381230702699721);
    CHECK(nsFromIso("2025-04-23T04:07:10.7") == 1745381230700000000);
    for (auto const *text : {"2025-04-23", "2025-02-29T00:00:00", "2025-04-23T04:07:10.",
                             "2025-04-23T04:07:10Z", "2025-04-23T24:00:00", "2025-04-23T04:07:10.1234567890",
                             "", "2262-04-23T04:07:10", "1677-01-01T00:00:00"}) {
        CHECK_FALSE(nsFromIso(text));
    }
    CHECK(daysFromCivil(2000, 3, 1) == 11017);
    CHECK(daysFromYyyymmdd(19700101) == 0);
    CHECK(daysFromYyyymmdd(20000301) == 11017);
    for (auto const day : {0, -1, 20250431, 20250229, 99999999, 19691231, 20251301, 20250100}) {
        CHECK_FALSE(daysFromYyyymmdd(day));
    }
}

TEST_CASE("digests are those of the standards") {
    // FIPS 180 (abc), RFC 7693 appendix A, RFC 1950's checksum of a known text.
    CHECK(toHex(sha1("abc")) == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(toHex(blake2b("abc")).starts_with("ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b7"));
    CHECK(toHex(blake2b("fkey_collection_summary_dataset_type_collection_collection_id_collection_id", 4))
          == "4090d073");
    CHECK(adler32(1, "Wikipedia") == 0x11e60398);
    // DNS name space and lsst.org give the Butler's own name space.
    Uuid const dns(
        {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8});
    CHECK(Uuid::version5(dns, "lsst.org").text() == "840b31d9-05cd-5161-b2c8-00d32b280d0f");
}

TEST_CASE("words are found when they are near") {
    CHECK(nearest("--chekcsum", {"--checksum", "--regex"}) == "--checksum");
    CHECK(nearest("LSSTcam", {"LSSTCam", "LATISS"}) == "LSSTCam");
    CHECK(nearest("xyz", {"--checksum", "--regex"}).empty());
    CHECK(printable("a\n\x1b[31mb") == "a\\x0a\\x1b[31mb");
    CHECK(printable("é\xC2\x9b€") == "é\\xc2\\x9b€");
    CHECK(printable("a\xE9\xC3.fits") == "a\\xe9\\xc3.fits");
    CHECK(Error("NOT_FOUND", "\"a\xE9é\n\"").message() == "\"a\\xe9é\n\"");
    CHECK(split("a,,b", ',') == std::vector<std::string>{"a", "", "b"});
}

TEST_CASE("long texts lose their middle, between characters") {
    CHECK(shortened("abcdefgh", 8) == "abcdefgh");
    CHECK(shortened("abcdefghi", 8) == "ab…hi");
    CHECK(shortened("aéèêëb", 8) == "a…b");
    Error const e = Error("NOT_FOUND", "no \"" + std::string(100'000, 'x') + "\": gone")
                        .cause({.value = std::string(5000, 'y')});
    CHECK(e.message().size() <= 10'000);
    CHECK(e.message().starts_with("no \"xxx"));
    CHECK(e.message().ends_with("xxx\": gone"));
    CHECK(e.cause().value.size() <= 1000);
}

TEST_CASE("paths and URIs convert") {
    CHECK(fileUri("/tmp/a b/c+d~e.fits") == "file:///tmp/a%20b/c%2Bd~e.fits");
    CHECK(pathOfUri("file:///tmp/a%20b/c%2Bd~e.fits") == "/tmp/a b/c+d~e.fits");
    CHECK(pathOfUri("a%20b") == "a%20b");
    CHECK_THROWS_AS(pathOfUri("s3://bucket/key"), Error);
    CHECK_THROWS_AS(pathOfUri(""), Error);
    CHECK_THROWS_AS(pathOfUri("file:///a%00b"), Error);
    CHECK(pathOfUri("file://localhost/a/b") == "/a/b");
    CHECK_THROWS_AS(pathOfUri("file://host/a"), Error);
    CHECK_THROWS_AS(pathOfUri("file://a"), Error);
    CHECK_THROWS_AS(pathOfUri(std::string("/a\0b", 4)), Error);
    CHECK(pathOfUri("/a%00b") == "/a%00b");
    CHECK(absolutePath("/a/./b//../c/") == "/a/c");
    CHECK(isBelow("/a/b", "/a"));
    CHECK_FALSE(isBelow("/ab", "/a"));
    CHECK_FALSE(isBelow("/a", "/a"));
}

TEST_CASE("durations have units") {
    CHECK(parseDuration("90", "x") == 90);
    CHECK(parseDuration("1.5h", "x") == 5400);
    CHECK_THROWS_AS(parseDuration("-1s", "x"), Error);
    CHECK_THROWS_AS(parseDuration("5 m", "x"), Error);
}

TEST_CASE("the more serious exit status wins") {
    CHECK(worse(ExitCode::SomeFailed, ExitCode::Incomplete) == ExitCode::SomeFailed);
    CHECK(worse(ExitCode::Backend, ExitCode::SomeFailed) == ExitCode::Backend);
    CHECK(worse(ExitCode::Backend, ExitCode::Damaged) == ExitCode::Damaged);
    CHECK(worse(ExitCode::Done, ExitCode::Incomplete) == ExitCode::Incomplete);
}

TEST_CASE("parallel work touches every item once") {
    std::vector<std::atomic<int>> seen(1000);
    parallelFor(seen.size(), 8, [&](std::size_t i) { ++seen[i]; });
    for (auto const &n : seen) CHECK(n == 1);
}

TEST_CASE("lines are cut, bounded and timed") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    UniqueFd const in(ends[0]);
    {
        UniqueFd const out(ends[1]);
        writeAll(out.get(), "one\ntwo\nthr", "pipe");
        LineReader lines(in.get());
        CHECK(lines.next() == LineReader::Status::Line);
        CHECK(lines.line() == "one");
        CHECK(lines.ready());
        CHECK(lines.next() == LineReader::Status::Line);
        CHECK(lines.line() == "two");
        CHECK_FALSE(lines.ready());
        CHECK(lines.next(std::chrono::milliseconds(10)) == LineReader::Status::Idle);
        writeAll(out.get(), "ee\nlast", "pipe");
        CHECK(lines.next() == LineReader::Status::Line);
        CHECK(lines.line() == "three");
        CHECK(lines.number() == 3);
    }
}

TEST_CASE("a line that is too long is one, also at the end") {
    auto const read = [](std::string const &text) {
        UniqueFd const file(::open("/tmp", O_TMPFILE | O_RDWR, 0600));
        writeAll(file.get(), text, "file");
        ::lseek(file.get(), 0, SEEK_SET);
        std::string seen;
        LineReader lines(file.get());
        for (auto status = lines.next(); status != LineReader::Status::End; status = lines.next()) {
            seen += std::to_string(lines.number());
            seen += status == LineReader::Status::Long ? "L" : std::string(lines.line());
        }
        return seen;
    };
    std::string const tooLong(LineReader::maxLine + 100'000, 'x');
    CHECK(read("a\n" + tooLong + "\nb\n") == "1a2L3b");
    CHECK(read("a\n" + tooLong) == "1a2L");
    CHECK(read(tooLong + tooLong + "\n" + tooLong) == "1L2L");
}

TEST_CASE("a pipe that is read holds more than as it was made") {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    UniqueFd const in(ends[0]), out(ends[1]);
    LineReader const lines(in.get());
    // What is allowed to everyone may be less, and is not more than this in sum.
    std::ifstream limit("/proc/sys/fs/pipe-max-size");
    int most = 0;
    limit >> most;
    CHECK((most < 1 << 20 || ::fcntl(in.get(), F_GETPIPE_SZ) == 1 << 20));
}

TEST_CASE("descriptors that do not block are waited for") {
    int ends[2];
    REQUIRE(::pipe2(ends, O_NONBLOCK) == 0);
    UniqueFd const in(ends[0]);
    // More than a pipe holds.
    std::string const much(300'000, 'x');
    std::jthread const writer([&much, out = ends[1]] {
        UniqueFd const owned(out);
        writeAll(out, much, "pipe");
        Output output(out);
        output.append(much);
        output.flush();
    });
    CHECK(readAll(in.get(), "pipe").size() == 2 * much.size());
}

TEST_CASE("nobody waits at a FIFO, and no text is endless") {
    std::string const path = "/tmp/dbb-fifo-test-" + std::to_string(::getpid());
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    auto const codeOf = [&](auto const &body) {
        try {
            body();
        } catch (Error const &e) {
            return e.code();
        }
        return std::string();
    };
    CHECK(codeOf([&] { readFile(path); }) == "NOT_A_FILE");
    ::unlink(path.c_str());
    CHECK(codeOf([&] { readFile("/dev/zero"); }) == "NOT_A_FILE");
    CHECK(codeOf([&] { readAll(openForReading("/dev/zero").get(), "zero"); }) == "FILE_TOO_LONG");
    CHECK(codeOf([&] { openForReading("/tmp/" + std::string(300, 'x')); }) == "NAME_TOO_LONG");
}

TEST_CASE("file times are decimals on both sides of 1970 and beyond 2262") {
    CHECK(FileTime{0, 0}.text() == "0.000000000");
    CHECK(FileTime{1537510342, 390000000}.text() == "1537510342.390000000");
    CHECK(FileTime{-1, 500000000}.text() == "-0.500000000");
    CHECK(FileTime{-1, 0}.text() == "-1.000000000");
    CHECK(FileTime{-2, 999999999}.text() == "-1.000000001");
    CHECK(FileTime{10413792000, 1}.text() == "10413792000.000000001");
    CHECK(FileTime{-1, 0}.age() > 1.7e9);
    CHECK(FileTime{10413792000, 0}.age() < -8e9);
    for (auto const time : {FileTime{0, 0}, FileTime{1537510342, 390000000}, FileTime{-1, 500000000},
                            FileTime{-1, 0}, FileTime{-2, 999999999}, FileTime{10413792000, 1}}) {
        CHECK(FileTime::fromText(time.text()) == time);
    }
    CHECK(FileTime::fromText("1537510342.39") == FileTime{1537510342, 390000000});
    CHECK(FileTime::fromText("7") == FileTime{7, 0});
    CHECK(FileTime::fromText("-0.25") == FileTime{-1, 750000000});
    for (auto const *text : {"", "-", ".5", "1.", "1.5e3", "1.1234567890", "1.5 ", "1.-5", "--1", "x",
                             "99999999999999999999.0"}) {
        CAPTURE(text);
        CHECK_FALSE(FileTime::fromText(text));
    }
}

TEST_CASE("a file appears whole and is not replaced unasked") {
    std::string const path = "/tmp/dbb-basics-test-" + std::to_string(::getpid());
    writeFileDurably(path, "one");
    CHECK(readFile(path) == "one");
    try {
        writeFileDurably(path, "two");
        FAIL("replaced");
    } catch (Error const &e) {
        CHECK(e.code() == "DESTINATION_EXISTS");
    }
    CHECK(readFile(path) == "one");
    writeFileDurably(path, "two", true);
    CHECK(readFile(path) == "two");
    ::unlink(path.c_str());
    try {
        readFile(path);
    } catch (Error const &e) {
        CHECK(e.code() == "NOT_FOUND");
        CHECK(e.message() == "could not open \"" + path + "\": No such file or directory");
    }
}
