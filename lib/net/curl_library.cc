#include "net/curl_library.h"

#include "common/error.h"

#include <dlfcn.h>

namespace dbb::net {

namespace {

/// The name of Debian 12's, of the interface that it has had since 2006.
constexpr char const *soname = "libcurl.so.4";

common::Error unusable(std::string const &why) {
    return common::Error("SERVER_UNREACHABLE", "could not use libcurl, which asks servers: " + why,
                         common::ExitCode::Backend)
        .hint("apt-get install libcurl4");
}

template<typename Function>
void find(void *library, char const *name, Function &function) {
    auto *const symbol = ::dlsym(library, name);
    if (!symbol) throw unusable(std::string(soname) + " has no " + name);
    function = reinterpret_cast<Function>(symbol);
}

CurlLibrary loaded() {
    auto *const library = ::dlopen(soname, RTLD_NOW | RTLD_LOCAL);
    if (!library) throw unusable(::dlerror());
    CurlLibrary out{};
    find(library, "curl_global_init", out.global_init);
    find(library, "curl_free", out.free);
    find(library, "curl_url", out.url);
    find(library, "curl_url_cleanup", out.url_cleanup);
    find(library, "curl_url_set", out.url_set);
    find(library, "curl_url_get", out.url_get);
    find(library, "curl_slist_append", out.slist_append);
    find(library, "curl_slist_free_all", out.slist_free_all);
    find(library, "curl_easy_init", out.easy_init);
    find(library, "curl_easy_cleanup", out.easy_cleanup);
    find(library, "curl_easy_reset", out.easy_reset);
    find(library, "curl_easy_setopt", out.easy_setopt);
    find(library, "curl_easy_getinfo", out.easy_getinfo);
    find(library, "curl_easy_perform", out.easy_perform);
    find(library, "curl_easy_escape", out.easy_escape);
    find(library, "curl_easy_strerror", out.easy_strerror);
    if (out.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw unusable("it does not start");
    return out;
}

} // namespace

CurlLibrary const &curlLibrary() {
    static CurlLibrary const library = loaded(); // stays until the end
    return library;
}

} // namespace dbb::net
