#include "common/checksum.h"

#include "common/error.h"
#include "common/file.h"
#include "common/gzip.h"

#include <array>
#include <blake2.h>
#include <cstdio>
#include <openssl/evp.h>

namespace dbb::common {

std::string toHex(std::string_view bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (char const c : bytes) {
        auto const b = static_cast<unsigned char>(c);
        out += digits[b >> 4];
        out += digits[b & 15];
    }
    return out;
}

namespace {

EVP_MD const *digestNamed(std::string_view name) {
    if (name == "md5") return EVP_md5();
    if (name == "sha256") return EVP_sha256();
    if (name == "blake2b") return EVP_blake2b512();
    return nullptr;
}

} // namespace

std::string sha1(std::string_view data) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = 0;
    EVP_Digest(data.data(), data.size(), out.data(), &size, EVP_sha1(), nullptr);
    return {reinterpret_cast<char const *>(out.data()), size};
}

std::string blake2b(std::string_view data, std::size_t size) {
    std::array<unsigned char, 64> out{};
    ::blake2b(out.data(), data.data(), nullptr, size, data.size(), 0);
    return {reinterpret_cast<char const *>(out.data()), size};
}

bool isChecksumName(std::string_view name) {
    return name == "adler32" || digestNamed(name) != nullptr;
}

struct Checksummer::State {
    std::string name;
    std::uint32_t adler = 1;
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest{nullptr, &EVP_MD_CTX_free};
};

Checksummer::Checksummer(std::string const &name) : _state(std::make_unique<State>()) {
    if (!isChecksumName(name)) {
        throw usageError("unknown checksum \"" + name + "\"", "known are md5, adler32, sha256 and blake2b");
    }
    _state->name = name;
    if (auto const *md = digestNamed(name)) {
        _state->digest.reset(EVP_MD_CTX_new());
        EVP_DigestInit_ex(_state->digest.get(), md, nullptr);
    }
}

Checksummer::Checksummer(Checksummer &&) noexcept = default;
Checksummer::~Checksummer() = default;

void Checksummer::update(std::string_view data) {
    if (_state->digest) {
        EVP_DigestUpdate(_state->digest.get(), data.data(), data.size());
    } else {
        _state->adler = adler32(_state->adler, data);
    }
}

std::string Checksummer::finish() {
    if (!_state->digest) {
        char text[16];
        std::snprintf(text, sizeof text, "%08x", _state->adler);
        return text;
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = 0;
    EVP_DigestFinal_ex(_state->digest.get(), out.data(), &size);
    return toHex({reinterpret_cast<char const *>(out.data()), size});
}

std::string const &Checksummer::name() const {
    return _state->name;
}

std::vector<std::string> fileChecksums(std::string const &path, std::vector<std::string> const &names) {
    std::vector<Checksummer> sums;
    for (auto const &name : names) sums.emplace_back(name);
    auto const fd = openForReading(path);
    std::string buffer(std::size_t{1} << 20, '\0');
    std::int64_t offset = 0;
    while (auto const n = readAt(fd.get(), path, buffer.data(), buffer.size(), offset)) {
        for (auto &sum : sums) sum.update({buffer.data(), n});
        offset += static_cast<std::int64_t>(n);
    }
    std::vector<std::string> out;
    for (auto &sum : sums) out.push_back(sum.finish());
    return out;
}

} // namespace dbb::common
