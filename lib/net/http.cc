#include "net/http.h"

#include "common/options.h"
#include "common/signals.h"
#include "common/text.h"
#include "net/curl_library.h"

#include <exception>

namespace dbb::net {

using common::Error;
using common::ExitCode;

namespace {

/// What a response that is read as a whole may have.
constexpr std::size_t mostWhole = std::size_t{1} << 20;
/// Of a body that only explains a failure, no more is kept.
constexpr std::size_t mostExplained = 4096;

using UrlHandle = std::unique_ptr<CURLU, decltype(CurlLibrary::url_cleanup)>;

UrlHandle parsed(std::string const &url) {
    UrlHandle out(curlLibrary().url(), curlLibrary().url_cleanup);
    if (!out || curlLibrary().url_set(out.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) out.reset();
    return out;
}

std::string part(UrlHandle const &url, CURLUPart which) {
    char *text = nullptr;
    if (curlLibrary().url_get(url.get(), which, &text, 0) != CURLUE_OK) return {};
    std::string out(text);
    curlLibrary().free(text);
    return out;
}

/// Whether a host, with or without a port, is this one.
bool isLoopback(std::string host) {
    // The colons of an IPv6 address stand in brackets.
    if (auto const colon = host.rfind(':'); colon != std::string::npos && !host.ends_with(']'))
        host.resize(colon);
    return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

/// Why a transfer failed, in our words where libcurl's say less.
Error failureOf(CURLcode code, std::string const &detail, std::string const &host, HttpLimits const &limits,
                bool connected) {
    auto const seconds = [](std::chrono::milliseconds time) {
        return std::to_string((time.count() + 999) / 1000) + " s";
    };
    auto const error = [&](char const *name, std::string const &what) {
        return Error(name, "\"" + host + "\": " + what, ExitCode::Backend);
    };
    auto const said = detail.empty() ? std::string(curlLibrary().easy_strerror(code)) : detail;
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY: return error("SERVER_UNREACHABLE", "no address is known for that name");
    case CURLE_COULDNT_CONNECT: return error("SERVER_UNREACHABLE", "it can't be connected to: " + said);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_USE_SSL_FAILED:
        return error("SERVER_UNREACHABLE", "a trustworthy connection (TLS) is not possible: " + said);
    case CURLE_OPERATION_TIMEDOUT:
        if (!connected)
            return error("SERVER_UNREACHABLE", "it did not answer within " + seconds(limits.connect));
        return error("SERVER_TIMEOUT", "a response stalled for " + seconds(limits.idle)
                                           + ", or was not complete within " + seconds(limits.total));
    case CURLE_BAD_CONTENT_ENCODING:
        return error("SERVER_CUT", "the compression of a response is broken: " + said);
    case CURLE_ABORTED_BY_CALLBACK: return error("SERVER_CUT", "a stop signal ended the request");
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2_STREAM:
        return error("SERVER_CUT", "the connection broke before the response was complete: " + said);
    default: return error("SERVER_UNREACHABLE", said);
    }
}

/// One transfer, as libcurl's callbacks see it.
struct Transfer {
    CURL *curl = nullptr;
    HttpClient::Head const &onHead;
    HttpClient::Body const &onBody;
    HttpAnswer answer{};
    bool whole = true; ///< the body is kept
    std::exception_ptr thrown{};
    bool head_seen = false;

    long status() const {
        long out = 0;
        curlLibrary().easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out);
        return out;
    }

    void seeHead() {
        if (std::exchange(head_seen, true)) return;
        answer.head.status = status();
        if (char const *type = nullptr;
            curlLibrary().easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type)
            answer.head.content_type = type;
        if (answer.head.status == 200 && onHead) onHead(answer.head);
    }

    void take(std::string_view data) {
        seeHead();
        if (!whole && answer.head.status == 200) return onBody(data);
        auto const most = answer.head.status == 200 ? mostWhole : mostExplained;
        if (answer.body.size() + data.size() <= most) {
            answer.body += data;
        } else if (answer.head.status == 200) {
            throw Error("FILE_TOO_LONG", "a response is longer than 1 MiB", ExitCode::Backend);
        }
    }

    void header(std::string_view line) {
        auto const colon = line.find(':');
        if (colon == std::string_view::npos) return;
        auto const name = common::toLower(line.substr(0, colon));
        auto const value = std::string(common::strip(line.substr(colon + 1)));
        if (name == "location") answer.head.location = value;
        if (name == "retry-after") answer.head.retry_after = value;
    }
};

std::size_t onData(char *data, std::size_t, std::size_t size, void *user) {
    auto &transfer = *static_cast<Transfer *>(user);
    try {
        transfer.take({data, size});
        return size;
    } catch (...) {
        transfer.thrown = std::current_exception();
        return size + 1; // not what libcurl expects: it gives up
    }
}

std::size_t onHeader(char *data, std::size_t, std::size_t size, void *user) {
    static_cast<Transfer *>(user)->header({data, size});
    return size;
}

int onProgress(void *, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return common::stopSignal() != 0 ? 1 : 0;
}

std::string escaped(CURL *curl, std::string const &text) {
    char *out = curlLibrary().easy_escape(curl, text.data(), static_cast<int>(text.size()));
    if (!out) throw std::bad_alloc();
    std::string copy(out);
    curlLibrary().free(out);
    return copy;
}

} // namespace

std::string serverUrl(std::string const &text, std::string const &what) {
    auto const bad = [&](std::string const &reason) {
        // What may be a password is not repeated.
        auto const shown = text.find('@') == std::string::npos ? " \"" + text + "\"" : std::string();
        return common::usageError(
            what + ":" + shown + " " + reason,
            "a URL is such as https://usdf-rsp.slac.stanford.edu/influxdb-enterprise-data");
    };
    auto const url = parsed(text);
    if (!url) throw bad("is no URL of http or https");
    auto const scheme = part(url, CURLUPART_SCHEME);
    if (scheme != "http" && scheme != "https") throw bad("is no URL of http or https");
    if (!part(url, CURLUPART_USER).empty() || !part(url, CURLUPART_PASSWORD).empty()) {
        throw common::usageError(what + ": a URL with a user or password would show them to everybody",
                                 "give them by the environment, a file or ~/.netrc");
    }
    if (!part(url, CURLUPART_QUERY).empty() || !part(url, CURLUPART_FRAGMENT).empty())
        throw bad("has a query or fragment");
    auto out = scheme + "://" + part(url, CURLUPART_HOST);
    if (auto const port = part(url, CURLUPART_PORT); !port.empty()) out += ":" + port;
    for (auto const &step : common::split(part(url, CURLUPART_PATH), '/')) {
        if (!step.empty()) out += "/" + step;
    }
    return out;
}

std::string hostOf(std::string const &url) {
    auto const begin = url.find("://") + 3;
    return url.substr(begin, url.find('/', begin) - begin);
}

bool isOpenToReaders(std::string const &url) {
    return url.starts_with("http://") && !isLoopback(hostOf(url));
}

struct HttpClient::State {
    HttpLimits limits;
    CURL *curl = nullptr;
    std::int64_t requests = 0, bytes = 0;

    void prepare(std::string const &url, Credentials const &credentials) const {
        curlLibrary().easy_reset(curl); // the connection stays
        auto const set = [&](CURLoption option, auto value) {
            curlLibrary().easy_setopt(curl, option, value);
        };
        set(CURLOPT_URL, url.c_str());
        set(CURLOPT_PROTOCOLS_STR, "http,https");
        set(CURLOPT_FOLLOWLOCATION, 0L);
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_USERAGENT, (std::string("dbb/") + common::version).c_str());
        set(CURLOPT_ACCEPT_ENCODING, "gzip");
        set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect.count()));
        set(CURLOPT_TIMEOUT_MS, static_cast<long>(limits.total.count()));
        set(CURLOPT_LOW_SPEED_LIMIT, 1L);
        set(CURLOPT_LOW_SPEED_TIME, static_cast<long>((limits.idle.count() + 999) / 1000));
        set(CURLOPT_NOPROGRESS, 0L);
        set(CURLOPT_XFERINFOFUNCTION, onProgress);
        if (isLoopback(hostOf(url))) set(CURLOPT_PROXY, "");
        if (!credentials.bearer.empty()) {
            set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BEARER));
            set(CURLOPT_XOAUTH2_BEARER, credentials.bearer.c_str());
        } else if (!credentials.user.empty()) {
            set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
            set(CURLOPT_USERNAME, credentials.user.c_str());
            set(CURLOPT_PASSWORD, credentials.password.c_str());
        } else {
            set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
            set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_OPTIONAL));
        }
    }

    HttpAnswer run(std::string const &url, Transfer &transfer) {
        char detail[CURL_ERROR_SIZE] = "";
        transfer.curl = curl;
        auto const set = [&](CURLoption option, auto value) {
            curlLibrary().easy_setopt(curl, option, value);
        };
        set(CURLOPT_ERRORBUFFER, detail);
        set(CURLOPT_WRITEFUNCTION, onData);
        set(CURLOPT_WRITEDATA, &transfer);
        set(CURLOPT_HEADERFUNCTION, onHeader);
        set(CURLOPT_HEADERDATA, &transfer);
        ++requests;
        auto const code = curlLibrary().easy_perform(curl);
        set(CURLOPT_ERRORBUFFER, static_cast<char *>(nullptr));
        curl_off_t size = 0, connected = 0;
        curlLibrary().easy_getinfo(curl, CURLINFO_SIZE_DOWNLOAD_T, &size);
        curlLibrary().easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &connected);
        bytes += size;
        if (transfer.thrown) std::rethrow_exception(transfer.thrown);
        if (code != CURLE_OK) throw failureOf(code, detail, hostOf(url), limits, connected > 0);
        transfer.seeHead(); // of a response without a body
        return std::move(transfer.answer);
    }
};

HttpClient::HttpClient(HttpLimits limits) : _state(new State{limits}) {
    _state->curl = curlLibrary().easy_init();
    if (!_state->curl) throw std::bad_alloc();
}

HttpClient::~HttpClient() {
    curlLibrary().easy_cleanup(_state->curl);
}

HttpAnswer HttpClient::get(std::string const &url, Credentials const &credentials) {
    _state->prepare(url, credentials);
    Transfer transfer{.onHead = {}, .onBody = {}};
    return _state->run(url, transfer);
}

HttpAnswer HttpClient::post(std::string const &url,
                            std::vector<std::pair<std::string, std::string>> const &form,
                            Credentials const &credentials, Head const &head, Body const &body) {
    std::string text;
    for (auto const &[key, value] : form) {
        if (!text.empty()) text += '&';
        text += key + "=" + escaped(_state->curl, value);
    }
    _state->prepare(url, credentials);
    curlLibrary().easy_setopt(_state->curl, CURLOPT_POSTFIELDSIZE_LARGE,
                              static_cast<curl_off_t>(text.size()));
    curlLibrary().easy_setopt(_state->curl, CURLOPT_POSTFIELDS, text.c_str());
    // Bodies over 1 kB would first ask whether they may come, and wait for servers that do not answer that.
    auto *headers = curlLibrary().slist_append(nullptr, "Expect:");
    curlLibrary().easy_setopt(_state->curl, CURLOPT_HTTPHEADER, headers);
    std::unique_ptr<curl_slist, decltype(CurlLibrary::slist_free_all)> const owned(
        headers, curlLibrary().slist_free_all);
    Transfer transfer{.onHead = head, .onBody = body, .whole = false};
    return _state->run(url, transfer);
}

std::int64_t HttpClient::requests() const {
    return _state->requests;
}

std::int64_t HttpClient::bytes() const {
    return _state->bytes;
}

} // namespace dbb::net
