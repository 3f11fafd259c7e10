#!/bin/bash
# More exposures than a question to the registry is about, or brings: groups are whole wherever pages end.
. "$DBB_CLI_LIB"

make_repo template LSSTCam LATISS
# For each of six nights 901 exposures of LSSTCam: one by itself, then pairs; of the last two nights the last pairs have no counter.
# LATISS has a pair with each first pair's numbers.
sqlite3 template/gen3.sqlite3 <<'EOF'
CREATE TEMP TABLE n AS WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < 5405)
  SELECT i / 901 AS night, i % 901 AS seq, 'LSSTCam' AS instrument, 'r_57' AS filter FROM c;
INSERT INTO n SELECT night, seq, 'LATISS', 'empty~empty' FROM n WHERE seq IN (1, 2);
INSERT INTO physical_filter (instrument, name, band) VALUES ('LATISS', 'empty~empty', 'white') ON CONFLICT DO NOTHING;
INSERT INTO day_obs SELECT DISTINCT instrument, 20300101 + night, 0, 1 FROM n;
INSERT INTO "group" SELECT instrument, 'g' || night || '_' || seq FROM n;
INSERT INTO exposure (instrument, id, day_obs, "group", physical_filter, obs_id, exposure_time, observation_type, observation_reason, seq_num, seq_start,
    seq_end, tracking_ra, tracking_dec, sky_angle)
  SELECT instrument, (20300101 + night) * 100000 + seq, 20300101 + night, 'g' || night || '_' || seq, filter, 'o' || night || '_' || seq, 30, 'science',
    CASE WHEN seq = 0 OR seq % 2 = 0 THEN 'last' ELSE 'first' END, seq, seq - (seq > 0 AND seq % 2 = 0), seq + (seq % 2 = 1), 10, -20, 3 FROM n;
UPDATE exposure SET seq_start = NULL, seq_end = NULL WHERE instrument = 'LSSTCam' AND day_obs >= 20300105 AND seq_num >= 897;
EOF
counter='--grouping one-to-one-and-by-counter'
visits() { for table in visit visit_definition visit_system_membership; do sql "$1" "SELECT * FROM $table ORDER BY 1, 2, 3"; done; }

cp -r template all
# shellcheck disable=SC2086  # options
expect_rc 0 dbb-visits --repo all $counter
cp "$OUT" everything
# Each exposure is a visit, and each pair with a counter is one.
expect_eq "$(sql all "SELECT instrument, count(*) FROM visit GROUP BY 1")" "LATISS|18
LSSTCam|$((5406 + 6 * 450 - 2 * 2))"
expect_eq "$(sql all "SELECT count(*) FROM (SELECT 1 FROM visit_definition GROUP BY instrument, visit HAVING count(*) = 2)")" $((6 * 451 - 4))
expect_eq "$(jq -r 'select(.visits).visits.outcome' everything | sort -u)" "done"

# One exposure of each group is meant.
cp -r template half
# shellcheck disable=SC2086
expect_rc 0 dbb-visits --repo half --where "observation_reason = 'last'" $counter
diff "$OUT" everything || fail 'a condition that takes in one exposure of each group makes other visits'
diff <(visits half) <(visits all) || fail 'it leaves other rows'
# The same as lines
cp -r template lines
sql lines "SELECT '{\"type\":\"dataset\",\"data_id\":{\"instrument\":\"' || instrument || '\",\"exposure\":' || id || '}}' FROM exposure WHERE observation_reason = 'last' ORDER BY obs_id" > last
# shellcheck disable=SC2086
expect_rc 0 dbb-visits --repo lines $counter < last
expect_eq "$(jq -c 'select(.visits) | .visits.outcome' "$OUT" | sort | uniq -c | tr -s ' ')" " $(wc -l < last) \"done\""
diff <(visits lines) <(visits all) || fail 'lines leave other rows'

# Of two instruments with the same nights and numbers each gets what is meant of it.
cp -r template two
# shellcheck disable=SC2086
expect_rc 0 dbb-visits --repo two $counter --where "instrument = 'LATISS' AND day_obs = 20300101 AND seq_num = 1 OR instrument = 'LSSTCam' AND day_obs = 20300102 AND seq_num = 2"
expect_eq "$(sql two 'SELECT instrument, exposure, visit FROM visit_definition ORDER BY 1, 3, 2')" "LATISS|2030010100001|2030010100001
LATISS|2030010100002|2030010100001
LATISS|2030010100002|2030010100002
LATISS|2030010100001|92030010100001
LSSTCam|2030010200001|2030010200001
LSSTCam|2030010200002|2030010200001
LSSTCam|2030010200002|2030010200002
LSSTCam|2030010200001|92030010200001"
printf '%s\n' '{"type":"dataset","data_id":{"instrument":"LATISS","exposure":2030010300001}}' '{"type":"dataset","data_id":{"instrument":"LSSTCam","exposure":2030010400001}}' |
  expect_rc 0 dbb-visits --repo two
expect_eq "$(sql two 'SELECT instrument, visit FROM visit_definition WHERE visit BETWEEN 2030010300000 AND 2030010500000')" "LATISS|2030010300001
LSSTCam|2030010400001"
# The group without a counter, of which one exposure is meant
# shellcheck disable=SC2086
expect_rc 0 dbb-visits --repo two $counter --where 'day_obs = 20300106 AND seq_num = 899'
expect_eq "$(jq -c 'select(.visits) | .exposures[]' "$OUT" | sort)" '2030010600897
2030010600898
2030010600899
2030010600900'

# Exposures of old releases may have no group; such belong together, too.
. "${DBB_CLI_LIB%_lib.sh}repo/_load.bash"
load_repo imsim old
sqlite3 old/gen3.sqlite3 <<'EOF'
UPDATE exposure SET group_name = NULL;
CREATE TEMP TABLE e AS SELECT * FROM exposure;
UPDATE e SET id = id + 1, obs_id = 'another', observation_reason = 'other';
INSERT INTO exposure SELECT * FROM e;
UPDATE e SET id = id + 1, obs_id = 'alone', group_name = 'g';
INSERT INTO exposure SELECT * FROM e;
EOF
expect_rc 0 dbb-visits -n --repo old --grouping by-group-metadata --where 'id = 204596' --incremental
expect_eq "$(jq -c 'select(.visits).exposures' "$OUT")" '[204595,204596]'
