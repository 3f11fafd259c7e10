#!/bin/bash
# The visit of a repository of 2022 is made again as upstream's defineVisits made it: each row, the regions to 1e-9, and their trixels.
. "$DBB_CLI_LIB"
. "${DBB_CLI_LIB%_lib.sh}repo/_load.bash"

load_repo imsim repo
tables='visit_detector_region_skypix_overlap visit_skypix_overlap visit_detector_region visit_definition visit visit_system'
dump() { # rows of the visits, regions as corners
  for table in $tables; do
    case $table in
      visit | visit_detector_region) sqlite3 -json repo/gen3.sqlite3 "SELECT '$table', * FROM $table ORDER BY 2, 3, 4" | jq -c '.[] | del(.region)' ;;
      *) sqlite3 repo/gen3.sqlite3 "SELECT '$table', * FROM $table" | sort ;;
    esac
  done
}
regions() { sqlite3 repo/gen3.sqlite3 "SELECT $1, region FROM $2 ORDER BY 1"; }
dump > before
regions detector visit_detector_region > detectors.before
regions id visit > visit.before
for table in $tables; do
  # Datasets of visits are not deleted with them.
  printf 'PRAGMA foreign_keys=OFF;\nDELETE FROM %s;\n' "$table" | sqlite3 repo/gen3.sqlite3
done
geometry=${DBB_EXAMPLES%/data}/geometry/LSSTCam-imSim.yaml
expect_rc 0 dbb-visits --repo repo --instrument LSSTCam-imSim --grouping by-group-metadata --geometry "$geometry"
expect_eq "$(jq -c 'select(.visits) | [.visit, .exposures, .visits.outcome]' "$OUT")" '[204595,[204595],"done"]'
dump > after
diff before after || fail "rows differ from upstream's"
regions detector visit_detector_region > detectors.after
regions id visit > visit.after
# Corners may begin anywhere and differ by rounding: each of ours is one of theirs, and the other way round.
cat > corners.py <<'EOF'
import base64
import struct
import sys


def corners(path):
    rows = {}
    for line in open(path):
        key, region = line.strip().split("|")
        numbers = base64.b64decode(region)[1:]
        values = struct.unpack(f"<{len(numbers) // 8}d", numbers)
        rows[key] = [values[i:i + 3] for i in range(0, len(values), 3)]
    return rows


def distance_to_edge(p, u, v):
    normal = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]]
    length = sum(x * x for x in normal) ** 0.5
    return abs(sum(a * b for a, b in zip(p, normal))) / length


def covered(some, others):
    """Each corner of some is one of others, or lies on an edge between two: rounding decides which of three corners in a line are kept."""
    return all(
        min(max(abs(a - b) for a, b in zip(p, q)) for q in others) < 1e-9
        or min(distance_to_edge(p, others[i - 1], others[i]) for i in range(len(others))) < 1e-14
        for p in some
    )


before, after = (corners(path) for path in sys.argv[1:])
assert before.keys() == after.keys()
print(sum(not (covered(before[k], after[k]) and covered(after[k], before[k])) for k in before))
EOF
expect_eq "$(wc -l < detectors.after)" 189
expect_eq "$(python3 corners.py detectors.before detectors.after)" 0 "detectors whose corners differ"
expect_eq "$(python3 corners.py visit.before visit.after)" 0 "visits whose corners differ"
expect_rc 0 dbb-visits --repo repo --grouping by-group-metadata --geometry "$geometry" --instrument LSSTCam-imSim
expect_eq "$(jq -r 'select(.visits).visits.outcome' "$OUT")" existing

# In a repository of universe 0 a visit belongs to one system, which its definition names, and exposures have no counters of a group.
load_repo universe0 old
sqlite3 old/gen3.sqlite3 "PRAGMA foreign_keys=OFF; $(for table in $tables; do echo "DELETE FROM $table;"; done)
  UPDATE exposure SET tracking_ra = 3, tracking_dec = 4, sky_angle = 1"
expect_rc 0 dbb-visits --repo old
expect_eq "$(sql old 'SELECT DISTINCT visit_system FROM visit')" 0
expect_eq "$(sql old 'SELECT count(*), sum(exposure = visit), max(visit_system) FROM visit_definition')" '12|12|0'
expect_rc 0 dbb-repo check old --no-files
expect_rc 2 dbb-visits --repo old --grouping one-to-one-and-by-counter
expect_match "$ERR" 'universe 0 have no seq_start'
