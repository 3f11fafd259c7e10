/// \file
/// Files that hold the headers of raw files: a sidecar beside one file, an index in a folder of many.
/// Formats: astro_metadata_translator, indexing.py; NaN may stand bare in them.
#pragma once

#include "common/error.h"
#include "common/json_style.h"
#include "instrument/observation.h"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dbb::instrument {

/// Name of an index in its folder.
inline constexpr std::string_view indexName = "_index.json";

/// Path of the sidecar of a file: .json in place of its extension, of both for compressed files (.fits.fz).
std::string sidecarPath(std::string const &file);

/// What a sidecar, or the entry of an index, holds of a file.
struct Content {
    bool translated = false; ///< properties; else a raw header
    bool guessed = false;    ///< it does not say itself which of the two
    common::Json values;     ///< an object
    PropertyValues common;   ///< with translated ones: what `values` adds to
};

/// \throws Error BAD_SIDECAR when the text is no JSON object or says that it holds something else
Content parseSidecar(std::string_view text);

/// What observe() gives, from a header or from properties that were translated before. A guess that proves
/// wrong is taken the other way.
/// \throws Error as observe() and observeTranslated(); BAD_SIDECAR, NOT_A_HEADER when the values can't be
/// read;
///         UNKNOWN_INSTRUMENT, MISSING_PROPERTY
Observation observeContent(Content const &content, CorrectionSources const &sources,
                           Wanted const &wanted = {});

/// The same for what identify() gives.
Identity identifyContent(Content const &content, CorrectionSources const &sources);

/// Whether an error of observeContent means that the content can't be read at all, so that the file itself
/// should be.
bool isUnreadable(common::Error const &e);

/// An index: what all files have in common, and the rest by name.
class HeaderIndex {
public:
    HeaderIndex(HeaderIndex const &) = delete;
    HeaderIndex &operator=(HeaderIndex const &) = delete;
    HeaderIndex(HeaderIndex &&) = default;
    HeaderIndex &operator=(HeaderIndex &&) = default;

    /// \throws Error BAD_INDEX with the reason when the text is none
    static HeaderIndex parse(std::string_view text);

    /// The content of an entry, what is common put over it; nullopt when the index does not name the file.
    std::optional<Content> find(std::string const &name) const;
    /// All that it says of a file that it names.
    common::Json all(std::string const &name) const;
    std::vector<std::string> names() const; ///< in the order of the index
    bool isTranslated() const { return _translated; }
    bool saysContent() const { return _saysContent; }

private:
    HeaderIndex() = default;
    common::Json merged(common::Json::Object const &own, bool all) const;

    bool _translated = false;
    bool _saysContent = false;
    common::Json _common;
    PropertyValues _properties; ///< _common, when it is translated
    common::Json::Object _entries;
    std::unordered_map<std::string_view, std::size_t> _places; ///< names as views into _entries
};

/// Text of the sidecar with a translated form (translated.h).
std::string sidecarText(common::Json const &form);
/// Text of an index of translated forms by file name; at least one.
std::string indexText(common::Json::Object const &forms);

} // namespace dbb::instrument
