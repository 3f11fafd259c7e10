/// \file
/// libcurl, loaded when the first request is made: with the libraries that it needs itself that takes longer
/// than many a program runs that may ask a server, and reads files.
#pragma once

#include <curl/curl.h>

namespace dbb::net {

/// Its functions, by their names without `curl_`.
struct CurlLibrary {
    decltype(&::curl_global_init) global_init;
    decltype(&::curl_free) free;
    decltype(&::curl_url) url;
    decltype(&::curl_url_cleanup) url_cleanup;
    decltype(&::curl_url_set) url_set;
    decltype(&::curl_url_get) url_get;
    decltype(&::curl_slist_append) slist_append;
    decltype(&::curl_slist_free_all) slist_free_all;
    decltype(&::curl_easy_init) easy_init;
    decltype(&::curl_easy_cleanup) easy_cleanup;
    decltype(&::curl_easy_reset) easy_reset;
    decltype(&::curl_easy_setopt) easy_setopt;
    decltype(&::curl_easy_getinfo) easy_getinfo;
    decltype(&::curl_easy_perform) easy_perform;
    decltype(&::curl_easy_escape) easy_escape;
    decltype(&::curl_easy_strerror) easy_strerror;
};

/// Loads it the first time, ready to be used. \throws Error SERVER_UNREACHABLE when it is not there
CurlLibrary const &curlLibrary();

} // namespace dbb::net
