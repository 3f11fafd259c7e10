#!/bin/bash
# Headers that the Python task answers with an abort of the run are rejects of their exposure.
. "$DBB_CLI_LIB"

make_repo repo
headers=$DBB_TEST_DATA/headers
base=$headers/lsstCam-MC_O_20250422_000250_R01_S01.yaml
sed -e '/^ROTPA:/d' -e 's/^IMGTYPE:.*/IMGTYPE: OBJECT/' "$base" > no_rotation.yaml
sed -e 's/^MJD-BEG:.*/MJD-BEG: 40000.5/' -e 's/^DATE-END:.*/DATE-END: "1960-01-01T00:00:00"/' "$base" > old.yaml
sed -e 's/^FILTER:.*/FILTER: g/' "$base" > filter.yaml
expect_rc 1 dbb-ingest --repo repo -t direct --rejects rejects no_rotation.yaml old.yaml filter.yaml "$base"
expect_eq "$(jq -r '(.uri | split("/") | last) + " " + .error.code' rejects | sort | tr '\n' ';')" \
  "filter.yaml FILTER_NOT_REGISTERED;no_rotation.yaml NO_ROTATION;old.yaml DATE_OUT_OF_RANGE;"
expect_eq "$(sql repo 'SELECT obs_id FROM exposure')" MC_O_20250422_000250
