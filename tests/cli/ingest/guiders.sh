#!/bin/bash
# Files of guiders become guider_raw datasets of their exposure, which they wait for when asked to.
. "$DBB_CLI_LIB"

make_repo repo
cp "$DBB_TEST_DATA"/raw/guider/*.json .
chmod u+w ./*.json
guider=MC_C_20240918_000013_R00_SG0_guider.fits
raw=MC_C_20240918_000013_R42_S11.fits
{ card 'SIMPLE  =                    T'; card 'BITPIX  =                    8'; card 'NAXIS   =                    0'
  card "INSTRUME= 'lsstCam '"; card "OBSID   = 'MC_C_20240918_000013'"; card "RAFTBAY = 'R00     '"; card "CCDSLOT = 'SG0     '"; card END; } > $guider
pad $guider
: > $raw

# The raw path refuses it, with what to do instead; a raw image needs no byte beside its sidecar.
expect_rc 1 dbb-ingest --repo repo -t direct --rejects refused $raw $guider
expect_eq "$(jq -r .error.code refused)" GUIDER_FILE
expect_match refused 'give --guiders'
expect_eq "$(jq -c 'select(.ingest) | [.data_id, .physical_filter, .records.exposure.obs_id, .describe.warnings]' "$OUT")" \
  '[{"instrument":"LSSTCam","exposure":2024091800013,"detector":175},"ef_43","MC_C_20240918_000013",["the file is empty"]]'

# What stands in the guider's line, from its sidecar and from the file itself
for option in --sidecars --no-sidecars; do
  expect_rc 0 dbb-describe --guiders $option $guider
  expect_eq "$(jq -c 'select(.uri) | [.data_id, .obs_id, .dataset_type, .run, .describe.from]' "$OUT")" \
    "[{\"instrument\":\"LSSTCam\",\"detector\":189},\"MC_C_20240918_000013\",\"guider_raw\",\"LSSTCam/raw/guider\",$([ $option = --sidecars ] && echo "\"$PWD/${guider%.fits}.json\"" || echo null)]"
done
dbb-describe --guiders $guider > line
jq -c . line | expect_rc 0 dbb-ingest --repo repo -t copy
expect_eq "$(jq -c 'select(.ingest) | [.data_id, .run, .ingest.outcome]' "$OUT")" '[{"instrument":"LSSTCam","exposure":2024091800013,"detector":189},"LSSTCam/raw/guider","done"]'
# The id is version 5 of the data ID in the Butler's name space; the path follows the default template.
namespace=840b31d9-05cd-5161-b2c8-00d32b280d0f
name='dataset_type=guider_raw,run=LSSTCam/raw/guider,detector=189,exposure=2024091800013,instrument=LSSTCam'
expect_eq "$(jq -r 'select(.ingest).id' "$OUT")" "$(python3 -c 'import sys, uuid; print(uuid.uuid5(uuid.UUID(sys.argv[1]), sys.argv[2]))' $namespace "$name")"
expect_eq "$(sql repo "SELECT formatter, storage_class, file_size, path FROM file_datastore_records WHERE path LIKE '%SG0%'")" \
  "lsst.obs.base.formatters.fitsGeneric.FitsGenericFormatter|Stamps|2880|$(jq -r 'select(.ingest).ingest.path' "$OUT")"
expect_match "$OUT" '"LSSTCam/raw/guider/guider_raw/.*R00_SG0.*\.fits"'
cmp "repo/$(jq -r 'select(.ingest).ingest.path' "$OUT")" $guider
expect_eq "$(sql repo "SELECT storage_class FROM dataset_type WHERE name = 'guider_raw'")" Stamps
expect_rc 0 dbb-repo check repo
expect_rc 0 dbb-ingest --repo repo -t copy --guiders $guider
expect_eq "$(jq -r 'select(.ingest).ingest.outcome' "$OUT")" existing

# A commit of guiders alone tells a command all of its exposure.
make_repo told
expect_rc 0 dbb-ingest --repo told -t direct $raw
# shellcheck disable=SC2016  # for the inner shell
expect_rc 0 dbb-ingest --repo told -t direct --guiders --after 'sh -c "env | grep ^DBB_ | sort > told.env"' $guider
expect_eq "$(cat told.env)" "DBB_DAY_OBS=20240918
DBB_EXPOSURE=2024091800013
DBB_INSTRUMENT=LSSTCam
DBB_OBS_ID=MC_C_20240918_000013
DBB_REPO=$PWD/told"
# dbb-why takes them when asked to.
expect_rc 1 dbb-why --repo told $guider
expect_match "$OUT" 'give --guiders'
expect_rc 0 dbb-why --repo told --guiders $guider
expect_match "$OUT" 'guider of exposure MC_C_20240918_000013, detector 189'
expect_match "$OUT" '^  run +LSSTCam/raw/guider'

# Both in one call, in whatever order; a dry run of a guider needs its exposure, too.
make_repo both
expect_rc 1 dbb-ingest -n --repo both -t direct --guiders $guider
# A file, because what does not wait is rejected when a line behind it is late.
{ dbb-describe --guiders $guider; dbb-describe $raw; } > both.lines
expect_rc 0 dbb-ingest --repo both -t direct < both.lines
expect_eq "$(jq -r 'select(.ingest) | .dataset_type + " " + .ingest.outcome' "$OUT" | sort)" 'guider_raw done
raw done'
# The exposure is not there: at once, or after a time
make_repo alone
expect_rc 1 dbb-ingest --repo alone -t direct --rejects alone.rejects --guiders $guider
expect_eq "$(jq -c '[.error.code, .error.retry, .error.cause.value]' alone.rejects)" '["EXPOSURE_NOT_FOUND",true,"MC_C_20240918_000013"]'
before=$EPOCHSECONDS
dbb-describe --guiders $guider | expect_rc 1 dbb-ingest --repo alone -t direct --wait 2s --rejects late.rejects
[ $((EPOCHSECONDS - before)) -ge 1 ] || fail "it did not wait"
expect_eq "$(jq -r .error.code late.rejects)" EXPOSURE_NOT_FOUND
# It comes while we wait: in the same stream, and by another program.
{ dbb-describe --guiders $guider; sleep 1; dbb-describe $raw; } | expect_rc 0 dbb-ingest --repo alone -t direct --wait 30s
expect_eq "$(jq -r 'select(.ingest) | .dataset_type + " " + .ingest.outcome' "$OUT")" 'raw done
guider_raw done'
make_repo other
dbb-ingest --repo other -t direct --wait 60s --guiders $guider > waited &
sleep 1
dbb-ingest --repo other -t direct $raw > raw.receipt
wait $! || fail "the guider was not ingested when its exposure came"
expect_eq "$(jq -r 'select(.ingest).ingest.outcome' waited)" 'done'
# The reject can be tried again.
expect_rc 0 dbb-ingest --repo other -t direct < alone.rejects
expect_eq "$(jq -r 'select(.ingest).ingest.outcome' "$OUT")" existing
# Who is asked to stop does not wait; the line can be tried again.
make_repo stopped
mkfifo fifo
exec 9<> fifo
dbb-ingest --repo stopped -t direct --wait 60s --rejects stopped.rejects < fifo > out 9>&- &
pid=$!
cat line >&9
sleep 3
kill -TERM $pid
rc=0
wait $pid || rc=$?
expect_eq "$rc" 143
expect_eq "$(jq -r .error.code stopped.rejects)" EXPOSURE_NOT_FOUND

# A detector that is no guider, a file without an OBSID, a repository that can't be used
jq -c 'select(.uri) | .data_id.detector = 94' line | expect_rc 1 dbb-ingest --repo repo -t direct --rejects none.rejects
expect_eq "$(jq -r .error.code none.rejects)" NOT_A_GUIDER
rm ./*guider.json
sed -i 's/OBSID   =/OBSIX   =/' $guider
expect_rc 1 dbb-describe --guiders --rejects no_id $guider
expect_eq "$(jq -r .error.code no_id)" MISSING_CARD
jq -c 'select(.uri) | .obs_id = ""' line | expect_rc 1 dbb-ingest --repo repo -t direct --rejects empty_id
expect_eq "$(jq -r .error.code empty_id)" BAD_VALUE
