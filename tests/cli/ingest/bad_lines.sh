#!/bin/bash
# Lines that hold nonsense are refused by their own fault and leave nothing behind; nothing acts on another file.
. "$DBB_CLI_LIB"

make_repo repo LSSTCam
described lsstCam-MC_O_20250422_000250_R01_S01.yaml > good
while IFS='|' read -r code filter pattern; do
  jq -c "def day(d): .records.day_obs.id = d | .records.exposure.day_obs = d; $filter" good > line
  for dry in '' -n; do
    rm -f rejects
    expect_rc 1 dbb-ingest --repo repo -t copy $dry --rejects rejects < line
    expect_eq "$(jq -r .error.code rejects)" "$code" "code of $filter $dry"
    jq -r '.error | .message, .hint' rejects > said
    expect_match said "$pattern"
    # Among thousands of lines the sentence tells which file it is about.
    [ "$filter" = '.uri = ""' ] || expect_match "$ERR" "^dbb-ingest: .*$PWD/lsstCam-MC_O_20250422_000250_R01_S01.fits"
  done
done << 'END'
BAD_URI|.uri = ""|"" is no path
BAD_URI|.uri += "\u0000.fits"|has a NUL character
BAD_URI|.uri = "file://" + .uri + "%00.fits"|has a NUL character
BAD_VALUE|.run = "a\u0000b"|mend "run" of the line
BAD_VALUE|.run = "a\nb"|mend "run" of the line
BAD_VALUE|.run = "a\u001b[31m"|a\\x1b\[31m
BAD_VALUE|.run = "../../etc"|a part of it is "\.\."
BAD_VALUE|.run = "a/./b"|a part of it is "\."
BAD_VALUE|.run = "/x"|begins with a slash
BAD_VALUE|.run = ""|it is empty
BAD_VALUE|day(-1)|-1, which is no date
BAD_VALUE|day(0)|0, which is no date
BAD_VALUE|day(20250431)|20250431, which is no date
BAD_VALUE|day(99999999)|99999999, which is no date
BAD_VALUE|.records.exposure.timespan.begin_tai = "1969-12-31T00:00:00"|from 1970 to 2099
BAD_VALUE|.records.exposure.timespan.end_tai = "2300-01-01T00:00:00"|from 1970 to 2099
BAD_VALUE|.size = {}|"size" must be an integer
BAD_VALUE|.size = -1|"size" must not be negative
BAD_VALUE|.ingest = 5|"ingest" must be an object
BAD_VALUE|.copy = "planned"|"copy" must be an object
END
expect_eq "$(sql repo 'SELECT count(*) FROM collection')" 0
expect_eq "$(sql repo 'SELECT count(*) FROM exposure')" 0

# A run comes with its first dataset, whatever fails before: the file or the records.
jq -c '.run = "one" | .uri += "x.fits"' good > missing
jq -c '.run = "two" | .data_id.exposure = 1 | .records.exposure.id = 1 | .records.exposure.seq_num = "many"' good > records
jq -c '.run = "three"' good > ok
jq -c '.run = "four" | .data_id.detector = 2' good > again
expect_rc 1 dbb-ingest --repo repo -t direct --rejects rejects < <(cat missing records ok again)
runs='SELECT group_concat(name) FROM (SELECT name FROM collection JOIN run USING (collection_id) ORDER BY name)'
expect_eq "$(sql repo "$runs")" four,three
expect_rc 0 dbb-ingest --repo repo -t direct < <(cat ok again)
expect_eq "$(jq -r 'select(.ingest) | .ingest.outcome' "$OUT" | tr '\n' ' ')" 'existing existing '
expect_rc 0 dbb-repo check repo
for run in /x a/../b $'a\nb'; do
  expect_rc 2 dbb-ingest --repo repo -t direct --run "$run" < good
  expect_match "$ERR" '^dbb-ingest: --run: '
done
# The file's name stands in front of a sentence that does not have it; the reject has it as uri.
jq -c '.uri += "x.fits" | .data_id.detector = 2' good > missing
jq -c '.records.exposure.observation_type = ""' good > empty
file=$PWD/lsstCam-MC_O_20250422_000250_R01_S01.fits
rm -f rejects
expect_rc 1 dbb-ingest --repo repo -t direct --log-format json --rejects rejects < <(cat empty missing)
expect_eq "$(jq -r '.code + " " + .uri' "$ERR" | sort | tr '\n' ' ')" "NOT_FOUND ${file}x.fits VALUE_EMPTY $file "
expect_eq "$(jq -r 'select(.code == "VALUE_EMPTY") | .message' "$ERR")" \
  "\"$file\": exposure.observation_type is empty; a value needs 1 to 16 characters"
expect_eq "$(jq -r 'select(.code == "NOT_FOUND") | .message' "$ERR")" "could not look at \"${file}x.fits\": No such file or directory"
expect_eq "$(jq -r 'select(.error.code == "VALUE_EMPTY") | .error.message' rejects)" \
  'exposure.observation_type is empty; a value needs 1 to 16 characters'
jq -c '.uri |= "file://" + .' empty > uri
expect_rc 1 dbb-ingest --repo repo -t direct < uri
expect_match "$ERR" "^dbb-ingest: \"$file\": exposure.observation_type is empty"

# Of two keys that clash both are named, with what they hold.
while IFS='|' read -r filter keys cause; do
  jq -c "$filter" good > line
  rm -f rejects
  expect_rc 1 dbb-ingest --repo repo -t direct --rejects rejects < line
  expect_eq "$(jq -r '.error | .code + " " + .message' rejects)" "INCONSISTENT_LINE the line contradicts itself: $keys"
  expect_eq "$(jq -r '.error.cause | .column + " " + .value + " " + .expected' rejects)" "$cause"
done << 'END'
.records.exposure.day_obs = 20250101|"records.exposure.day_obs" is 20250101, but "records.day_obs.id" is 20250422|records.exposure.day_obs 20250101 20250422
.data_id.exposure = 1|"records.exposure.id" is 2025042200250, but "data_id.exposure" is 1|records.exposure.id 2025042200250 1
.records.group.instrument = "LATISS"|"records.group.instrument" is "LATISS", but "data_id.instrument" is "LSSTCam"|records.group.instrument LATISS LSSTCam
.records.group.name = "x"|"records.exposure.group" is "2025-04-23T03:52:21.287", but "records.group.name" is "x"|records.exposure.group 2025-04-23T03:52:21.287 x
.physical_filter = "x"|"records.exposure.physical_filter" is "r_57", but "physical_filter" is "x"|records.exposure.physical_filter r_57 x
del(.records.exposure.physical_filter)|"records.exposure.physical_filter" is null, but "physical_filter" is "r_57"|records.exposure.physical_filter null r_57
END
# Of repeated keys the last counts, as it does with jq between two programs.
sed 's/"data_id":{/&"detector":999,/; s/"exposure":{/&"seq_num":"many",/' good > repeated
grep -q '"detector":999' repeated
expect_rc 0 dbb-ingest --repo repo -t direct < repeated
expect_eq "$(sql repo 'SELECT DISTINCT detector FROM dataset_tags_00000001 JOIN collection USING (collection_id) WHERE name LIKE "LSSTCam/%"')" 1
