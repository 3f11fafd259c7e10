#include "common/calendar.h"

#include "common/text.h"

#include <charconv>
#include <chrono>

namespace dbb::common {

std::int64_t daysFromCivil(int year, int month, int day) {
    using namespace std::chrono;
    auto const first =
        year_month_day{std::chrono::year(year), std::chrono::month(unsigned(month)), std::chrono::day(1)};
    return sys_days(first).time_since_epoch().count() + day - 1;
}

Civil civilFromDays(std::int64_t days) {
    using namespace std::chrono;
    year_month_day const d{sys_days{std::chrono::days{days}}};
    return {int(d.year()), int(unsigned(d.month())), int(unsigned(d.day()))};
}

std::optional<std::int64_t> daysFromYyyymmdd(std::int64_t day) {
    if (day < 19700000 || day >= 22000000) return std::nullopt;
    auto const days = daysFromCivil(int(day / 10000), int(day / 100 % 100), int(day % 100));
    auto const date = civilFromDays(days);
    if (date.year * 10000LL + date.month * 100 + date.day != day) return std::nullopt;
    return days;
}

std::optional<std::int64_t> yyyymmddFrom(std::string_view text) {
    std::string digits(text);
    if (digits.size() == 10 && digits[4] == '-' && digits[7] == '-') digits.erase(7, 1).erase(4, 1);
    auto const day = digits.size() == 8 ? wholeNumber(digits) : std::nullopt;
    return day && daysFromYyyymmdd(*day) ? day : std::nullopt;
}

std::optional<std::pair<std::int64_t, std::int64_t>> dayRangeFrom(std::string_view text) {
    constexpr std::int64_t beforeAll = 0;
    constexpr std::int64_t afterAll = 99999999;
    auto const points = text.find("..");
    auto const first = text.substr(0, points);
    auto const last = points == std::string_view::npos ? first : text.substr(points + 2);
    if (first.empty() && last.empty()) return std::nullopt;
    auto const begin = first.empty() ? std::optional(beforeAll) : yyyymmddFrom(first);
    auto const end = last.empty() ? std::optional(afterAll) : yyyymmddFrom(last);
    return begin && end ? std::optional(std::pair(*begin, *end)) : std::nullopt;
}

std::string isoFromNs(std::int64_t ns) {
    auto const days = ns >= 0 ? ns / nsPerDay : -((-ns + nsPerDay - 1) / nsPerDay);
    auto const rest = ns - days * nsPerDay;
    auto const date = civilFromDays(days);
    std::string out("0000-00-00T00:00:00.000000000");
    auto const put = [&](std::size_t at, std::size_t width, std::int64_t number) {
        for (auto i = at + width; i-- > at; number /= 10) out[i] = static_cast<char>('0' + number % 10);
    };
    put(0, 4, date.year); // int64 nanoseconds are in 1677 to 2262
    put(5, 2, date.month);
    put(8, 2, date.day);
    put(11, 2, rest / (3600 * nsPerSecond));
    put(14, 2, rest / (60 * nsPerSecond) % 60);
    put(17, 2, rest / nsPerSecond % 60);
    put(20, 9, rest % nsPerSecond);
    return out;
}

namespace {

/// Takes `width` digits off the front of `text`; -1 when there are fewer.
int takeDigits(std::string_view &text, std::size_t width) {
    if (text.size() < width) return -1;
    int value = 0;
    for (std::size_t i = 0; i < width; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    text.remove_prefix(width);
    return value;
}

bool takeChar(std::string_view &text, char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

} // namespace

std::int64_t takeFraction(std::string_view &text) {
    if (!takeChar(text, '.')) return 0;
    if (text.empty() || text.size() > 9) return -1;
    std::int64_t fraction = 0;
    for (std::size_t i = 0; i < 9; ++i) {
        int digit = 0;
        if (!text.empty() && (digit = takeDigits(text, 1)) < 0) return -1;
        fraction = fraction * 10 + digit;
    }
    return fraction;
}

std::optional<std::int64_t> nsFromIso(std::string_view text) {
    int const year = takeDigits(text, 4);
    int const month = takeChar(text, '-') ? takeDigits(text, 2) : -1;
    int const day = takeChar(text, '-') ? takeDigits(text, 2) : -1;
    int const hour = takeChar(text, 'T') ? takeDigits(text, 2) : -1;
    int const minute = takeChar(text, ':') ? takeDigits(text, 2) : -1;
    int const second = takeChar(text, ':') ? takeDigits(text, 2) : -1;
    // Nanoseconds count from 1677 to 2262.
    if (year < 1678 || year > 2261 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23
        || minute < 0 || minute > 59 || second < 0 || second > 59) {
        return std::nullopt;
    }
    using namespace std::chrono;
    if (!year_month_day{std::chrono::year(year), std::chrono::month(unsigned(month)),
                        std::chrono::day(unsigned(day))}
             .ok()) {
        return std::nullopt;
    }
    auto const fraction = takeFraction(text);
    if (fraction < 0 || !text.empty()) return std::nullopt;
    return daysFromCivil(year, month, day) * nsPerDay + (hour * 3600LL + minute * 60 + second) * nsPerSecond
           + fraction;
}

std::int64_t nowUtcNs() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

} // namespace dbb::common
