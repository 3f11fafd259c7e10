/// \file
/// Corrections of headers: per-observation files first, then the fixes of the instrument's class, in memory
/// only.
#pragma once

#include "instrument/table.h"

#include <string>
#include <vector>

namespace dbb::instrument {

/// One card that was changed.
struct Change {
    std::string card;
    fits::Value old_value; ///< undefined also when the card was absent; see `added`
    fits::Value new_value;
    bool added = false;
    std::string by; ///< the file, or the name of the fix
};

/// What correcting did.
struct Corrected {
    std::vector<Change> changes;
    std::string file;                  ///< correction file that was used; empty: none
    std::vector<std::string> warnings; ///< a fix that could not go on, a file that was skipped
};

/// Where per-observation corrections come from.
struct CorrectionSources {
    /// Folders with <instrument>-<observation id>.yaml, searched in order, before the embedded corrections:
    /// those of --corrections, then those of METADATA_CORRECTIONS_PATH.
    std::vector<std::string> folders;

    /// `folder` (may be empty) and what the environment says.
    static CorrectionSources from(std::string const &folder);
};

/// Whether a folder has any file that is named as a correction of a known instrument.
bool holdsCorrections(std::string const &folder);

/// Correct a header. Left alone when it says that it was corrected already, or when its observation id can't
/// be worked out.
Corrected correct(Table const &table, fits::Header &header, CorrectionSources const &sources);

/// A header being fixed: what the fix functions see.
class Fixes {
public:
    Fixes(Table const &table, fits::Header &header, std::string observationId, Corrected &out)
        : _table(table), _header(header), _observationId(std::move(observationId)), _out(out) {}

    /// Name of the fix that the next changes belong to.
    void in(std::string name) { _name = std::move(name); }

    fits::Value const *find(std::string_view key) const { return _header.find(key); }
    bool isDefined(std::string_view key) const;
    bool isTrue(std::string_view key) const { return truthy(_header.find(key)); }
    /// Whether a card holds exactly this text.
    bool is(std::string_view key, std::string_view text) const;
    /// Number of a card that must be there. \throws Error MISSING_CARD, BAD_CARD_VALUE
    double number(std::string_view key) const;
    std::int64_t integer(std::string_view key) const;
    /// Text of a card that must be there. \throws Error as number()
    std::string text(std::string_view key) const;

    /// ISO date of a card that must be there, in that scale. \throws Error as number()
    astro::JulianDate dateIn(std::string_view key, astro::Scale scale) const;

    void set(std::string const &key, fits::Value value);
    void undefine(std::string const &key) { set(key, std::monostate{}); }

    std::string const &observationId() const { return _observationId; }
    /// Begin of the exposure by the header as it is now. \throws Error
    astro::JulianDate begin() const;

private:
    Table const &_table;
    fits::Header &_header;
    std::string _observationId;
    Corrected &_out;
    std::string _name;
};

} // namespace dbb::instrument
