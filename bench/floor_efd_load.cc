// The floor of dbb-efd-load on PostgreSQL: COPY of the same rows in the same number of commits, each put into
// the table by one statement, and nothing between: nothing is read but lines, nothing is compared.
//     floor_efd_load URL SCHEMA ROWS_PER_COMMIT < rows of efd_value as COPY writes them       prints seconds
// SCHEMA has the tables of dbb-efd-load. Reading the rows is not counted.
#include <chrono>
#include <cstdio>
#include <iostream>
#include <libpq-fe.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

/// \throws std::runtime_error when it is no answer
class Connection {
public:
    explicit Connection(char const *url) : _handle(::PQconnectdb(url)) {
        if (::PQstatus(_handle) != CONNECTION_OK) fail();
        ::PQsetNoticeProcessor(
            _handle, [](void *, char const *) {}, nullptr);
    }
    ~Connection() { ::PQfinish(_handle); }
    Connection(Connection const &) = delete;
    Connection &operator=(Connection const &) = delete;

    std::string ask(std::string const &text) {
        auto *const result = ::PQexec(_handle, text.c_str());
        auto const status = ::PQresultStatus(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN) fail();
        std::string out = ::PQntuples(result) > 0 ? ::PQgetvalue(result, 0, 0) : "";
        ::PQclear(result);
        return out;
    }

    void copy(std::string const &statement, std::string const &rows) {
        ask(statement);
        if (::PQputCopyData(_handle, rows.data(), static_cast<int>(rows.size())) != 1
            || ::PQputCopyEnd(_handle, nullptr) != 1)
            fail();
        while (auto *const result = ::PQgetResult(_handle)) {
            if (::PQresultStatus(result) != PGRES_COMMAND_OK) fail();
            ::PQclear(result);
        }
    }

private:
    [[noreturn]] void fail() { throw std::runtime_error(::PQerrorMessage(_handle)); }

    PGconn *_handle;
};

std::vector<std::string> readPieces(std::size_t rowsPerPiece) {
    std::vector<std::string> out;
    std::string row;
    for (std::size_t n = 0; std::getline(std::cin, row); ++n) {
        if (n % rowsPerPiece == 0) out.emplace_back();
        out.back() += row + '\n';
    }
    return out;
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    std::ios::sync_with_stdio(false);
    auto const pieces = readPieces(std::stoul(argv[3]));
    auto const start = std::chrono::steady_clock::now();
    Connection db(argv[1]);
    db.ask("SET search_path = \"" + std::string(argv[2]) + "\"");
    auto const others =
        db.ask("SELECT string_agg(format('%1$I = excluded.%1$I', attname), ', ') FROM pg_attribute "
               "WHERE attrelid = 'efd_value'::regclass AND attnum > 5 AND NOT attisdropped");
    for (auto const &piece : pieces) {
        db.ask("BEGIN; CREATE TEMP TABLE given (LIKE efd_value) ON COMMIT DROP");
        db.copy("COPY given FROM STDIN", piece);
        db.ask("INSERT INTO efd_value SELECT * FROM given ON CONFLICT (instrument, kind, obs_id, column_id, "
               "element) DO UPDATE SET "
               + others + "; COMMIT");
    }
    std::chrono::duration<double> const elapsed = std::chrono::steady_clock::now() - start;
    std::printf("%.6f\n", elapsed.count());
}
