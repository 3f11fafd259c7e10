#!/bin/bash
# dbb-windows --repo: time spans of exposures and visits out of repositories of every universe.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/repo/_load.bash"

# spans REPO KIND [CONDITION]     what the registry itself says, as dbb-windows should: ISO by SQLite's arithmetic
spans() {
  local seq_num=seq_num
  [ "$(sql "$1" "SELECT count(*) FROM pragma_table_info('$2') WHERE name = 'seq_num'")" = 1 ] || seq_num=NULL
  sql "$1" "WITH s AS (SELECT *, $seq_num AS number, timespan_begin AS b, timespan_end AS e FROM $2 WHERE timespan_begin IS NOT NULL AND ${3:-TRUE})
    SELECT json_object('type', 'window', 'instrument', instrument, 'kind', '$2', 'id', id, 'day_obs', day_obs, 'seq_num', number,
      'begin_tai', strftime('%Y-%m-%dT%H:%M:%S', b / 1000000000, 'unixepoch') || printf('.%09d', b % 1000000000),
      'end_tai', strftime('%Y-%m-%dT%H:%M:%S', e / 1000000000, 'unixepoch') || printf('.%09d', e % 1000000000), 'src', 'butler')
    FROM s ORDER BY b, id" | jq -c 'if .seq_num == null then del(.seq_num) else . end'
}
windows() { jq -c 'select(.type == "window")' "$OUT"; }
ids() { windows | jq .id | paste -sd,; }

make_repo repo
dbb-ingest --repo repo "$DBB_EXAMPLES"/LATISS "$DBB_EXAMPLES"/LSSTCam "$DBB_EXAMPLES"/LSSTComCam > /dev/null 2>&1
remember repo
expect_rc 0 dbb-windows --repo repo
expect_eq "$(windows)" "$(spans repo exposure)"
expect_eq "$(windows | wc -l)" "$(sql repo 'SELECT count(*) FROM exposure')"
expect_eq "$(tail -n 1 "$OUT")" '{"type":"end","program":"dbb-windows"}'
expect_empty "$ERR"
# The same as dbb-repo show has.
expect_eq "$(windows | jq -c '[.id, .begin_tai, .end_tai]' | sort)" \
  "$(dbb-repo show repo records exposure | jq -c 'select(.record).record | [.id, .timespan.begin_tai, .timespan.end_tai]' | sort)"

expect_rc 0 dbb-windows --repo repo --instrument LATISS
expect_eq "$(windows)" "$(spans repo exposure "instrument = 'LATISS'")"
expect_rc 0 dbb-windows --repo repo --day-obs 20190319..20190401
expect_eq "$(windows)" "$(spans repo exposure 'day_obs BETWEEN 20190319 AND 20190401')"
expect_rc 0 dbb-windows --repo repo --day-obs 2019-03-22
expect_eq "$(ids)" 3019032200002
expect_rc 0 dbb-windows --repo repo --where "observation_type = 'bias' OR id = 3018092000065" --instrument LATISS
expect_eq "$(ids)" 3018092000065
expect_rc 0 dbb-windows --repo repo --where "exposure_time > 0.5 AND timespan_begin > 0"
expect_eq "$(windows)" "$(spans repo exposure 'exposure_time > 0.5')"
# It ends after an instant: 15:31:02.904002726 TAI is 37 s later than in UTC.
expect_rc 0 dbb-windows --repo repo --since 2019-03-22T15:30:25.904002725Z
expect_eq "$(ids)" 3019032200002,3019053000001
expect_rc 0 dbb-windows --repo repo --since 2019-03-22T15:30:25.904002726Z
expect_eq "$(ids)" 3019053000001
expect_rc 0 dbb-windows --repo repo --since 2019-03-22T15:31:02.904002726 --scale tai
expect_eq "$(ids)" 3019053000001
expect_rc 0 dbb-windows --repo repo --since 2019-03-22T15:31:02.904002725 --scale tai
expect_eq "$(ids)" 3019032200002,3019053000001
# A repository without visits: an end line and nothing else.
expect_rc 0 dbb-windows --repo repo --kind visit
expect_eq "$(cat "$OUT")" '{"type":"end","program":"dbb-windows"}'
expect_unchanged repo

# Every universe, exposures and visits; where visits have no seq_num there is none, and where one has no times it is told of.
visits=0
for name in universe0 universe7 universe8 latiss imsim lsstCam; do
  load_repo $name $name
  for kind in exposure visit; do
    timeless=$(sql $name "SELECT count(*) FROM $kind WHERE timespan_begin IS NULL")
    expect_rc $((timeless > 0)) dbb-windows --repo $name --kind $kind
    expect_eq "$(windows)" "$(spans $name $kind)" "$kind of $name"
    # Python sees in a day what its column says.
    day=$(windows | jq -s '.[0].day_obs')
    [ "$day" = null ] || {
      timeless=$(sql $name "SELECT count(*) FROM $kind WHERE timespan_begin IS NULL AND day_obs = $day")
      expect_rc $((timeless > 0)) dbb-windows --repo $name --kind $kind --day-obs "$day"
      expect_eq "$(windows)" "$(spans $name $kind "day_obs = $day")" "$kind of $name, $day"
    }
    [ $kind = exposure ] || visits=$((visits + $(windows | wc -l)))
  done
done
[ $visits -gt 1 ] || fail "only $visits visits in all the repositories"

# A telemetry join takes the lines as they are.
dbb-windows --repo repo | dbb-efd-join -c "$DBB_ROOT/examples/telemetry/columns.yaml" -s "$DBB_ROOT/examples/telemetry/azimuth.json" > values
expect_eq "$(jq -r 'select(.column).src' values | sort -u)" butler
expect_eq "$(jq -r 'select(.program).program' values | paste -sd,)" dbb-windows,dbb-efd-join

# Records without times are told of and set aside; the others come.
cp -r repo odd
sqlite3 odd/gen3.sqlite3 "UPDATE exposure SET timespan_begin = NULL, timespan_end = NULL WHERE id = 3019031900001;
  UPDATE exposure SET timespan_end = 4102444800000000000 WHERE id = 3019032200002"
expect_rc 1 dbb-windows --repo odd --rejects rejects
expect_eq "$(ids)" 3018092000065,3019053000001
expect_eq "$(jq -c '[.type, .id, .error.code, .error.message, .error.retry]' rejects | sort)" \
  '["window",3019031900001,"NO_TIMES","exposure 3019031900001 has no begin and no end",true]
["window",3019032200002,"NO_TIMES","exposure 3019032200002 has no end",true]'
expect_match "$ERR" 'exposure 3019031900001 has no begin and no end'
# Of days that are not asked for nothing is told; with --since it is, as its end is not known.
expect_rc 0 dbb-windows --repo odd --day-obs 20180920
expect_eq "$(ids)" 3018092000065
expect_rc 1 dbb-windows --repo odd --since 2019-05-01T00:00:00Z
expect_eq "$(ids)" 3019053000001
# A day that no column tells begins at noon UTC.
load_repo universe0 old
sqlite3 old/gen3.sqlite3 "UPDATE exposure SET day_obs = NULL"
expect_rc 1 dbb-windows --repo old
windows | jq -r '[.begin_tai, .day_obs] | @tsv' | while IFS=$'\t' read -r begin day; do
  expect_eq "$(date -u -d "${begin%.*}Z 12 hours ago 37 seconds ago" +%Y%m%d)" "$day" "day of $begin"
done
day=$(windows | jq -s '.[0].day_obs')
expect_rc 1 dbb-windows --repo old --day-obs "$day"
expect_eq "$(windows | jq .day_obs | sort -u)" "$day"

# Many records, page by page, in order of time whatever their ids.
cp -r repo many
sqlite3 many/gen3.sqlite3 "CREATE TABLE one AS SELECT * FROM exposure WHERE id = 3018092000065;
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
  INSERT INTO exposure (instrument, id, physical_filter, \"group\", day_obs, obs_id, exposure_time, seq_num, timespan_begin, timespan_end)
  SELECT instrument, 10000000 + i, physical_filter, \"group\", day_obs, 'x' || i, 1, i, (1700000000 - i * 7 % 11000) * 1000000000, (1700000001 - i * 7 % 11000) * 1000000000 FROM one, n;
  DROP TABLE one"
expect_rc 0 dbb-windows --repo many
expect_eq "$(windows | wc -l)" "$(sql many 'SELECT count(*) FROM exposure')"
expect_eq "$(windows | md5sum)" "$(spans many exposure | md5sum)"

# Mistakes
expect_rc 2 dbb-windows --repo repo --kind window
expect_match "$ERR" 'a repository has exposures and visits'
expect_rc 2 dbb-windows --repo repo --instrument LATIS
expect_match "$ERR" 'has no instrument "LATIS"'
expect_rc 2 dbb-windows --repo repo --where "observation_typ = 'bias'"
expect_match "$ERR" 'at position 1 of'
expect_match "$ERR" 'did you mean observation_type'
expect_rc 2 dbb-windows --repo repo --day-obs 20190319..20180101
expect_match "$ERR" 'ends before it begins'
expect_rc 2 dbb-windows --repo repo --day-obs yesterday
expect_rc 2 dbb-windows --repo repo --since 2019-03-22T15:31:02
expect_match "$ERR" '--since is .* does not say its time scale'
expect_rc 2 dbb-windows --repo repo --since '2019-03-22 15:31:02Z'
expect_match "$ERR" 'no instant'
expect_rc 4 dbb-windows --repo nothing
expect_empty "$OUT"
cp -r repo damaged
dd if=/dev/zero of=damaged/gen3.sqlite3 bs=4096 count=8 conv=notrunc 2> /dev/null
expect_rc 5 dbb-windows --repo damaged
expect_empty "$OUT"
