/// \file
/// Requests over HTTP, by libcurl.
#pragma once

#include "common/error.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dbb::net {

/// A URL of http or https in one spelling: no doubled slashes in its path, none at its end.
/// \param what  where it was given, for messages
/// \throws Error USAGE (exit 2) for other schemes, for a user or password in it, for a query or fragment
std::string serverUrl(std::string const &text, std::string const &what);

/// Host of a URL that serverUrl() has made, with its port, as it may be shown and compared.
std::string hostOf(std::string const &url);

/// Whether credentials would cross a network unencrypted: http to another host than this one.
bool isOpenToReaders(std::string const &url);

/// What a server is told so that it lets us in. Nothing of it is ever shown.
struct Credentials {
    std::string user{};
    std::string password{};
    std::string bearer{}; ///< a token in place of both

    bool empty() const { return user.empty() && bearer.empty(); }
};

struct HttpLimits {
    std::chrono::milliseconds connect{10'000};
    std::chrono::milliseconds idle{60'000};   ///< without a byte, rounded up to seconds
    std::chrono::milliseconds total{198'000}; ///< of one request
};

/// What came before the body of a response.
struct HttpHead {
    long status = 0;
    std::string content_type{};
    std::string location{};
    std::string retry_after{};
};

/// A response whose body is short.
struct HttpAnswer {
    HttpHead head;
    std::string body;
};

/// A connection that is kept between requests. Redirects are not followed, so that no credentials go anywhere
/// else. A stop signal ends a request within a second.
///
/// Failures of a transfer are Errors (exit 4) with these codes:
///   SERVER_UNREACHABLE  its name is not known, it refuses, does not answer in time, or is not who it should
///                       be
///   SERVER_TIMEOUT      the response was not complete in time, or stalled
///   SERVER_CUT          the response ended before its end, or its compression is broken
class HttpClient {
public:
    explicit HttpClient(HttpLimits limits);
    ~HttpClient();
    HttpClient(HttpClient const &) = delete;
    HttpClient &operator=(HttpClient const &) = delete;

    using Head = std::function<void(HttpHead const &)>;
    using Body = std::function<void(std::string_view)>;

    /// Without credentials those of ~/.netrc are used, if any. \throws Error; FILE_TOO_LONG beyond 1 MiB
    HttpAnswer get(std::string const &url, Credentials const &credentials);
    /// POST a form. Of a response with status 200 the head, then the body in parts, are handed on as they
    /// come, of others the body is in the answer. What these functions throw ends the transfer.
    HttpAnswer post(std::string const &url, std::vector<std::pair<std::string, std::string>> const &form,
                    Credentials const &credentials, Head const &head, Body const &body);

    std::int64_t requests() const;
    /// Bytes of bodies, as they came over the network.
    std::int64_t bytes() const;

private:
    struct State;
    std::unique_ptr<State> _state;
};

} // namespace dbb::net
