#!/bin/bash
# Regions from a camera's geometry: where corners come to lie, what is indexed, and what is no geometry.
. "$DBB_CLI_LIB"

make_repo repo
header=lsstCam-MC_O_20250422_000250_R01_S01.yaml
# At the equator, where the sky is flat enough to be worked out by hand.
described $header '.records.exposure |= (.tracking_ra = 10 | .tracking_dec = 0 | .sky_angle = 0)' | dbb-ingest --repo repo -t direct > ingested
cat > camera.yaml <<'EOF'
camera: LSSTCam
plate_scale: 20.0
pixel_size: 0.01
padding: 100
detectors:
  # 0.1 by 0.2 degrees without the padding of 20 arcseconds, its lower left corner in the middle of the camera
  94: [[0, 0], [18, 0], [18, 36], [0, 36]]
EOF
corners() { # of the region in a column, as rounded right ascensions and declinations
  sql repo "$1" | python3 -c '
import base64, math, struct, sys
b = base64.b64decode(sys.stdin.read())[1:]
v = struct.unpack(f"<{len(b) // 8}d", b)
p = sorted((round(math.degrees(math.atan2(v[i + 1], v[i])), 4), round(math.degrees(math.asin(v[i + 2])), 4)) for i in range(0, len(v), 3))
print(*(f"{a + 0:.4f},{d + 0:.4f}" for a, d in p))'
}
make_visits() { expect_rc 0 dbb-visits --repo repo --instrument LSSTCam --geometry camera.yaml "$@"; }
detector='SELECT region FROM visit_detector_region WHERE detector = 94'
make_visits
expect_empty "$ERR"
# x points west when y points north
west='9.8944,-0.0056 9.8944,0.2056 10.0056,-0.0056 10.0056,0.2056'
expect_eq "$(corners "$detector")" "$west"
expect_eq "$(corners 'SELECT region FROM visit')" "$west"
expect_eq "$(sql repo 'SELECT count(*) > 0 FROM visit_skypix_overlap')" 1
expect_rc 0 dbb-repo check repo
# A geometry that was given later, or is another, is a conflict until it is asked for.
sed -i 's/^plate/flip_x: true\nplate/' camera.yaml
expect_rc 1 dbb-visits --repo repo --instrument LSSTCam --geometry camera.yaml
expect_match "$ERR" 'region is another one there'
make_visits --update-records
expect_eq "$(corners "$detector")" '9.9944,-0.0056 9.9944,0.2056 10.1056,-0.0056 10.1056,0.2056'
expect_rc 0 dbb-repo check repo
# y turns from north through east
sqlite3 repo/gen3.sqlite3 'UPDATE exposure SET sky_angle = 90'
sed -i '/^flip_x/d' camera.yaml
make_visits --update-records
expect_eq "$(corners "$detector")" '9.9944,-0.0056 9.9944,0.1056 10.2056,-0.0056 10.2056,0.1056'
# a radial distortion that doubles distances
sqlite3 repo/gen3.sqlite3 'UPDATE exposure SET sky_angle = 0'
sed -i 's/^padding.*/padding: 0\nradial: [0, 2]/' camera.yaml
make_visits --update-records
expect_eq "$(corners "$detector")" '9.8000,0.0000 9.8000,0.4000 10.0000,0.0000 10.0000,0.4000'
expect_rc 0 dbb-repo check repo
# Trixels of regions that are no more are gone.
expect_eq "$(sql repo 'SELECT count(*) FROM (SELECT visit, skypix_index FROM visit_skypix_overlap EXCEPT SELECT visit, skypix_index FROM visit_detector_region_skypix_overlap)')" 0

# Regions that are there stay, in whatever way visits are looked at without a geometry; another camera's is no geometry for them.
regions() { sql repo 'SELECT (SELECT group_concat(region) FROM visit), (SELECT group_concat(region) FROM visit_detector_region), (SELECT count(*) FROM visit_skypix_overlap)'; }
before=$(regions)
for option in --incremental --update-records --quiet; do
  expect_rc 0 dbb-visits --repo repo --instrument LSSTCam $option
  expect_eq "$(jq -r 'select(.visits).visits.outcome' "$OUT")" existing "visits with $option"
  expect_eq "$(regions)" "$before" "regions after $option"
done
expect_rc 0 dbb-visits --repo repo < ingested
expect_eq "$(regions)" "$before" "regions after a filter"
cp camera.yaml lsstcam.yaml
sed -i 's/^camera.*/camera: LATISS/; s/^  94/  0/' camera.yaml
make_visits --update-records
expect_eq "$(regions)" "$before" "regions after another camera's geometry"
# A detector that moves within the visit's outline
cp lsstcam.yaml camera.yaml
sed -i 's/^  94:/  95: [[1, 1], [2, 1], [2, 2], [1, 2]]\n  94:/' camera.yaml
make_visits --update-records
expect_eq "$(jq -r 'select(.visits).visits.outcome' "$OUT")" updated
sed -i 's/^  95: .*/  95: [[1, 1], [3, 1], [3, 3], [1, 3]]/' camera.yaml
make_visits --update-records
expect_eq "$(jq -r 'select(.visits).visits.outcome' "$OUT")" updated
make_visits --update-records
expect_eq "$(jq -r 'select(.visits).visits.outcome' "$OUT")" existing
expect_rc 0 dbb-repo check repo
bad() { # PATTERN SED
  sed "$2" camera.yaml > bad.yaml
  expect_rc 2 dbb-visits --repo repo --instrument LSSTCam --geometry bad.yaml
  expect_match "$ERR" "geometry: .*$1"
}
bad 'camera must be the name' 's/^camera.*//'
bad 'plate_scale must be a number' 's/^plate_scale.*//'
bad 'plate_scale must be above zero' 's/^plate_scale.*/plate_scale: 0/'
bad 'pixel_size must be a number' 's/^pixel_size.*/pixel_size: small/'
bad 'unknown key "plates_scale"; did you mean plate_scale' 's/^plate_scale/plates_scale/'
bad 'flip_x must be' 's/^padding.*/flip_x: 1/'
bad 'radial must be a list' 's/^radial.*/radial: 2/'
bad 'detector 94 must be' 's/\[0, 36\]//'
bad 'detector x must be' 's/^  94:/  x:/'
bad 'two corners' 's/\[18, 0\]/[0, 0]/'
bad 'no instrument "LSSTcam"' 's/^camera.*/camera: LSSTcam/'
bad 'LSSTCam has no detector 999' 's/^  94:/  999:/'
bad 'detector 94 must be' 's/\[18, 0\]/[.inf, 0]/'
bad 'detectors must be' 's/^  9[45].*//'
expect_rc 2 dbb-visits --repo repo --instrument LSSTCam --geometry nowhere.yaml
expect_match "$ERR" 'nowhere.yaml'
