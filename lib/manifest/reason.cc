#include "manifest/reason.h"

#include <algorithm>
#include <array>

namespace dbb::manifest {

namespace {

// Stages in the order in which a file passes them.
constexpr std::array catalogue{
    // input: the manifest line
    Reason{"BAD_VALUE", "input", false, "A key of the line has a value of the wrong kind.",
           "mend the program that wrote the line; dbb-manifest(5) says what the key holds"},
    Reason{"DRY_RUN", "input", false, "The line was printed by a dry run and its effect has not happened.",
           "run the program before without --dry-run"},
    Reason{"INCONSISTENT_LINE", "input", false, "Two keys of the line contradict each other.",
           "describe the file again with dbb-describe"},
    Reason{"LINE_TOO_LONG", "input", false, "The line is longer than 1 MiB.",
           "no manifest line is that long; look at what is piped in"},
    Reason{"MISSING_KEY", "input", false, "The line lacks a key that the program needs.",
           "dbb-manifest(5) says which keys a line has at each step"},
    Reason{"NAME_NOT_UTF8", "input", false, "The file's name is no UTF-8, which JSON can't hold.",
           "rename the file"},
    Reason{"NOT_AN_OBJECT", "input", false, "The line is JSON but no object.",
           "manifest lines are JSON objects, one a line; see dbb-manifest(5)"},
    Reason{"NOT_DESCRIBED", "input", false, "The line has no data ID: the file has not been described.",
           "pipe the lines through dbb-describe first"},
    Reason{"NOT_JSON", "input", false, "The line or file is no JSON text.",
           "manifest lines are JSON objects, one a line; plain paths go through dbb-scan --paths"},
    Reason{"NO_TYPE", "input", false, "The line has no type.",
           "manifest lines say what they are about; see dbb-manifest(5)"},
    // read: the file's bytes
    Reason{"BAD_CARD", "read", false, "A header card is not as the FITS standard defines it.",
           "look at the card; write the file again or correct it with a header dump"},
    Reason{"BAD_YAML", "read", false, "A YAML file can't be read.",
           "mend the file at the place that the message names"},
    Reason{"EMPTY_FILE", "read", true, "The file has no bytes.",
           "the writer may not have finished; otherwise transfer the file again"},
    Reason{"GZIP_BOMB", "read", false, "The gzip stream inflates beyond all measure before a header appears.",
           "look at where the file comes from"},
    Reason{"GZIP_DAMAGED", "read", true, "The gzip stream is broken or cut short before the header's end.",
           "transfer the file again; test it with gzip -t"},
    Reason{"HEADER_TOO_LONG", "read", false, "There is no END card in the first 8 MiB of a header.",
           "the file is damaged or no image"},
    Reason{"HEADER_TRUNCATED", "read", true, "The file ends inside its header.",
           "the writer may not have finished; otherwise transfer the file again"},
    Reason{"IO_ERROR", "read", true, "The system could not read or write the file.",
           "look at the system's log for the device or mount"},
    Reason{"NOT_A_FILE", "read", false, "The path is a folder or a device.", "give folders to dbb-scan"},
    Reason{"NOT_A_HEADER", "read", false, "A header dump holds no header.", "a dump maps keywords to values"},
    Reason{"NOT_FITS", "read", false, "The file is no FITS file.",
           "look at its first bytes; only FITS files, gzipped or not, and header dumps can be described"},
    Reason{"NOT_FOUND", "read", true, "The file does not exist.",
           "it may have been moved or expired since it was scanned"},
    Reason{"PERMISSION", "read", true, "The file may not be read, or a place not be written.",
           "change the owner or mode, or run as a user who may"},
    Reason{"STALE_MOUNT", "read", true, "The network mount is stale.", "mount it again"},
    // recognise: whose file it is
    Reason{"UNKNOWN_INSTRUMENT", "recognise", false,
           "No instrument recognises the header, or there is no instrument of that name.",
           "look at INSTRUME and TELESCOP; dbb-describe --explain shows what was read"},
    // translate: what the header says
    Reason{"BAD_CARD_VALUE", "translate", false, "A card holds a value that its rule can't use.",
           "correct the header with a file in --corrections"},
    Reason{"BAD_DATE", "translate", false, "A card with a date holds none.",
           "correct the header with a file in --corrections"},
    Reason{"BAD_DAY_OBS", "translate", false, "The observing day is no date written as YYYYMMDD.",
           "correct DAYOBS with a file in --corrections"},
    Reason{"BAD_SEQNUM", "translate", false, "The sequence number is no number below 100000.",
           "correct SEQNUM with a file in --corrections"},
    Reason{"BAD_TABLE", "translate", false, "An instrument table is wrong.",
           "mend the table; dbb-instrument(5) explains it"},
    Reason{"CALIBRATION_FILE", "translate", false, "The file is a calibration product, no raw.",
           "ingest it as what it is, not as raw"},
    Reason{"DATE_OUT_OF_RANGE", "translate", false,
           "The exposure lies outside the years that a registry can hold.",
           "correct the dates with a file in --corrections"},
    Reason{"MISSING_CARD", "translate", false, "A card that is needed is missing or undefined.",
           "correct the header with a file in --corrections"},
    Reason{"NO_DATE", "translate", false, "The header has no date of the begin.",
           "correct the header with a file in --corrections"},
    Reason{"NO_ROTATION", "translate", false,
           "A tracking exposure on sky coordinates lacks its rotation angle.",
           "give ROTPA in a file in --corrections"},
    Reason{"NULL_VALUE", "translate", false, "A property that is required has no value.",
           "correct the header with a file in --corrections"},
    Reason{"UNKNOWN_CONTROLLER", "translate", false, "The controller is none that takes exposures.",
           "correct CONTRLLR with a file in --corrections"},
    Reason{"UNKNOWN_DETECTOR", "translate", false, "The camera has no detector in that slot.",
           "look at RAFTBAY and CCDSLOT; correct them with a file in --corrections"},
    // register: what the registry says
    Reason{"ALREADY_INGESTED", "register", false, "The dataset is in the repository already.",
           "leave out --no-skip-existing to accept it"},
    Reason{"BAD_TEMPLATE", "register", false, "The file template of the repository can't be filled.",
           "look at datastore.templates in butler.yaml"},
    Reason{"COLLECTION_CONFLICT", "register", false, "A collection of that name has another type.",
           "choose another collection"},
    Reason{"CONSTRAINT", "register", false, "The database refused a row by one of its constraints.",
           "the message has the constraint's name"},
    Reason{"DATASET_CONFLICT", "register", false,
           "The run holds another dataset for the same data ID, or the ID belongs to another dataset.",
           "ingest into another run, or remove the dataset that is in the way"},
    Reason{"DATASET_TYPE_CONFLICT", "register", false, "The dataset type exists with another definition.",
           "choose another repository, or ask who defined it"},
    Reason{"DAY_OBS_CONFLICT", "register", false, "The observing day exists with another time span.",
           "the day's offset differs: laboratory or summit, or a wrong DAYOBS; --update-records replaces it"},
    Reason{"DETECTOR_NOT_REGISTERED", "register", true, "The repository does not know the detector.",
           "dbb-repo register-instrument REPO NAME --update"},
    Reason{"DUPLICATE", "register", false, "Two files of one call are the same exposure and detector.",
           "keep one of them; the message names both"},
    Reason{"EXPOSURE_CONFLICT", "register", false, "The exposure exists with other values.",
           "the header or its correction changed; --update-records replaces the values"},
    Reason{"FILTER_NOT_REGISTERED", "register", true, "The repository does not know the physical filter.",
           "dbb-repo register-instrument REPO NAME --update, or correct FILTER"},
    Reason{"GROUP_CONFLICT", "register", false, "The group exists with other values.",
           "--update-records replaces the values"},
    Reason{"INSTRUMENT_NOT_REGISTERED", "register", true, "The repository does not know the instrument.",
           "dbb-repo register-instrument REPO NAME"},
    Reason{"INSTRUMENT_CONFLICT", "register", false, "The instrument is registered with other values.",
           "dbb-repo register-instrument REPO NAME --update replaces them"},
    Reason{"DETECTOR_CONFLICT", "register", false, "The detector is registered with other values.",
           "dbb-repo register-instrument REPO NAME --update replaces them"},
    Reason{"PHYSICAL_FILTER_CONFLICT", "register", false,
           "The physical filter is registered with other values.",
           "dbb-repo register-instrument REPO NAME --update replaces them"},
    Reason{"KEY_TAKEN", "register", false, "Another row has the same alternate key.",
           "look at the row with dbb-repo show REPO records"},
    Reason{"OBS_ID_TAKEN", "register", false, "Another exposure has the same observation id.",
           "look at OBSID, DAYOBS, SEQNUM and CONTRLLR; one of the two headers is wrong"},
    Reason{"RUN_CONFLICT", "register", false, "A collection of the run's name exists and is no run.",
           "choose another run with --run"},
    Reason{"VALUE_EMPTY", "register", false, "A column that may not be empty would be.",
           "correct the header with a file in --corrections"},
    Reason{"VALUE_TOO_LONG", "register", false, "A text is longer than its column.",
           "correct the header with a file in --corrections"},
    // transfer: the file's place
    Reason{"BAD_URI", "transfer", false, "The URI is none of a file that can be reached.",
           "give a path or a file:// URI"},
    Reason{"DESTINATION_EXISTS", "transfer", false,
           "Another file is where the file should go, and no row of the repository names it.",
           "compare the two; move the one in the way aside"},
    Reason{"DISK_FULL", "transfer", true, "The disk is full.", "make room and run the same lines again"},
    Reason{"OUTSIDE_ROOT", "transfer", false,
           "The file is not below the datastore root and was to stay in place.",
           "use --transfer copy, link or direct"},
    Reason{"READ_ONLY", "transfer", true, "The file system is read-only.", "mount it for writing"},
    Reason{"VANISHED", "transfer", true, "The file went away between two looks.", "run the same lines again"},
    // commit: the repository
    Reason{"DB_ERROR", "commit", true, "The database refused.", "the message has the database's words"},
    Reason{"OUTPUT_FAILED", "commit", true, "Standard output can't be written.", "make room where it goes"},
    Reason{"REPO_DAMAGED", "commit", false, "The repository is damaged.",
           "restore it, or ask dbb-repo check"},
    Reason{"REPO_EXISTS", "commit", false, "There is a repository already.", "choose another folder"},
    Reason{"REPO_LOCKED", "commit", true, "Another program holds the database.",
           "try again when it has finished"},
    Reason{"REPO_NOT_FOUND", "commit", true, "There is no repository.", "create one with dbb-repo create"},
    Reason{"REPO_READ_ONLY", "commit", true, "The repository can't be written.",
           "change owner or mode of its folder and database"},
    Reason{"REPO_UNSUPPORTED", "commit", false, "The repository is of a kind or version that dbb can't use.",
           "use the Butler's own tools for it"},
    Reason{"USAGE", "input", false, "The command line or configuration is wrong.", ""},
};

constexpr Reason unknown{"", "commit", false, "", ""};

} // namespace

std::span<Reason const> reasons() {
    return catalogue;
}

Reason const &reasonOf(std::string_view code) {
    auto const at =
        std::find_if(catalogue.begin(), catalogue.end(), [&](Reason const &r) { return r.code == code; });
    return at == catalogue.end() ? unknown : *at;
}

} // namespace dbb::manifest
