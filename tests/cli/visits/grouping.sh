#!/bin/bash
# Which exposures make which visits, and what the visits' records say. Expected values are worked out by hand from obs_base's rules.
. "$DBB_CLI_LIB"

header=lsstCam-MC_O_20250422_000250_R01_S01.yaml
# exposure NUMBER JQ-FILTER   one described line of an LSSTCam exposure of 2025-04-22 with that sequence number, changed
exposure() {
  described $header ".uri |= sub(\"[.]fits\$\"; \"-$1.fits\") | .data_id.exposure = 20250422*100000 + $1 | .records.exposure |= (.id = 20250422*100000 + $1
    | .seq_num = $1 | .obs_id = \"MC_O_20250422_00$1\" | .seq_start = $1 | .seq_end = $1) | $2"
  cp "${header%.yaml}.fits" "${header%.yaml}-$1.fits"
}
time_from() { echo ".records.exposure.timespan = {begin_tai: \"2025-04-22T$1.000000000\", end_tai: \"2025-04-22T$2.000000000\"}"; }
make_repo template
{
  # two snaps
  exposure 251 ".records.exposure |= (.seq_end = 252 | .azimuth = 350.0 | .zenith_angle = 30.0 | .exposure_time = 15.5) | $(time_from 20:00:00 20:00:15)"
  exposure 252 ".records.exposure |= (.seq_start = 251 | .azimuth = 20.0 | .zenith_angle = 31.0 | .exposure_time = 14.25 | .observation_reason = \"other\"
    | .target_name = \"elsewhere\") | $(time_from 20:00:20 20:00:35)"
  # one snap
  exposure 253 "$(time_from 20:01:00 20:01:15)"
  # the second of two: the first is not there
  exposure 255 ".records.exposure |= (.seq_start = 254) | $(time_from 20:02:00 20:02:15)"
  # not tracked, without a position angle, blind: no visits
  exposure 261 ".records.exposure |= (.tracking_ra = null | .tracking_dec = null | .sky_angle = null) | $(time_from 20:03:00 20:03:15)"
  exposure 262 ".records.exposure |= (.sky_angle = null) | $(time_from 20:04:00 20:04:15)"
  exposure 263 ".records.exposure |= (.can_see_sky = false) | $(time_from 20:05:00 20:05:15)"
  # unknown whether it sees the sky; nothing else is known either
  exposure 264 ".records.exposure |= (.can_see_sky = null | .azimuth = null | .zenith_angle = null | .target_name = null | .seq_num = null) | $(time_from 20:06:00 20:06:15)"
} > lines
dbb-ingest --repo template -t direct < lines > receipts
expect_eq "$(jq -c 'select(.ingest)' receipts | wc -l)" 8
visits() { sql repo "SELECT id, name, group_concat(exposure) FROM visit JOIN visit_definition ON visit = id GROUP BY id ORDER BY 1"; }
systems() { sql repo "SELECT visit, group_concat(visit_system) FROM (SELECT * FROM visit_system_membership ORDER BY 2, 3) GROUP BY 1 ORDER BY 1"; }

cp -r template repo
expect_rc 0 dbb-visits --repo repo
expect_eq "$(visits)" "2025042200251|MC_O_20250422_00251|2025042200251
2025042200252|MC_O_20250422_00252|2025042200252
2025042200253|MC_O_20250422_00253|2025042200253
2025042200255|MC_O_20250422_00255|2025042200255
2025042200264|MC_O_20250422_00264|2025042200264"
expect_eq "$(systems | cut -d'|' -f2 | sort -u)" 0
expect_eq "$(sql repo 'SELECT * FROM visit_system')" 'LSSTCam|0|one-to-one'
# of one exposure the visit has its very values
expect_eq "$(sql repo "SELECT count(*) FROM visit AS v JOIN exposure AS e ON e.id = v.id WHERE v.instrument IS e.instrument AND v.day_obs IS e.day_obs
  AND v.physical_filter IS e.physical_filter AND v.name IS e.obs_id AND v.seq_num IS e.seq_num AND v.exposure_time IS e.exposure_time AND v.target_name IS e.target_name
  AND v.observation_reason IS e.observation_reason AND v.science_program IS e.science_program AND v.azimuth IS e.azimuth AND v.zenith_angle IS e.zenith_angle
  AND v.timespan_begin IS e.timespan_begin AND v.timespan_end IS e.timespan_end AND v.region IS NULL")" 5
expect_match "$ERR" '5 visits were made without regions'
expect_rc 0 dbb-repo check repo
expect_rc 0 dbb-visits --repo repo --instrument LSSTCam
expect_eq "$(jq -r 'select(.visits).visits.outcome' "$OUT" | sort | uniq -c | tr -s ' ')" ' 5 existing'

rm -rf repo && cp -r template repo
expect_rc 0 dbb-visits --repo repo --instrument LSSTCam --grouping one-to-one-and-by-counter
expect_eq "$(visits)" "2025042200251|MC_O_20250422_00251|2025042200251,2025042200252
2025042200252|MC_O_20250422_00252|2025042200252
2025042200253|MC_O_20250422_00253|2025042200253
2025042200255|MC_O_20250422_00255|2025042200255
2025042200264|MC_O_20250422_00264|2025042200264
92025042200251|MC_O_20250422_00251_first|2025042200251"
expect_eq "$(systems)" "2025042200251|2
2025042200252|0
2025042200253|0,2
2025042200255|0,2
2025042200264|0,2
92025042200251|0"
expect_eq "$(sql repo 'SELECT id, name FROM visit_system')" '0|one-to-one
2|by-seq-start-end'
# the mean of 350 and 20 degrees is 5
expect_eq "$(sql repo "SELECT seq_num, exposure_time, zenith_angle, round(azimuth, 9), target_name, observation_reason, timespan_end - timespan_begin, physical_filter
  FROM visit WHERE id = 2025042200251")" '251|29.75|30.5|5.0||various|35000000000|r_57'
expect_rc 0 dbb-repo check repo

rm -rf repo && cp -r template repo
expect_rc 0 dbb-visits --repo repo --instrument LSSTCam --grouping by-group-metadata
group=$(jq -r 'select(.records).records.exposure.group' lines | head -n 1)
# seconds since 2015, milliseconds, no counter
id=$(( $(date -ud "${group%.*}" +%s) - $(date -ud 2015-01-01 +%s) ))${group#*.}0000
expect_eq "$(visits | cut -d'|' -f1,2)" "$id|$group"
expect_eq "$(sql repo 'SELECT count(*) FROM visit_definition')" 5
expect_eq "$(systems)" "$id|1"
expect_eq "$(sql repo 'SELECT name FROM visit_system')" by-group-metadata

# A group is complete though a condition takes in one of its exposures only.
rm -rf repo && cp -r template repo
expect_rc 0 dbb-visits --repo repo --where 'id = 2025042200252' --grouping one-to-one-and-by-counter
expect_eq "$(jq -c 'select(.visits) | [.visit, .exposures]' "$OUT" | sort)" '[2025042200251,[2025042200251,2025042200252]]
[2025042200252,[2025042200252]]
[92025042200251,[2025042200251]]'
# A dry run says the same and changes nothing.
rm -rf repo && cp -r template repo
remember repo
expect_rc 0 dbb-visits -n --repo repo --instrument LSSTCam --grouping one-to-one-and-by-counter
expect_eq "$(jq -r 'select(.visits).visits.outcome' "$OUT" | sort | uniq -c | tr -s ' ')" ' 6 planned'
expect_unchanged repo

# A visit of exposures with different filters is refused, the others are made.
sqlite3 repo/gen3.sqlite3 "UPDATE exposure SET physical_filter = 'i_39' WHERE id = 2025042200252"
expect_rc 1 dbb-visits --repo repo --instrument LSSTCam --grouping one-to-one-and-by-counter --rejects rejects
expect_eq "$(jq -c '[.visit, .error.code, .error.cause.column, .error.cause.value, .error.cause.expected]' rejects)" '[2025042200251,"BAD_VALUE","physical_filter","i_39","r_57"]'
expect_eq "$(visits | wc -l)" 5
# Conditions and names that are wrong
expect_rc 2 dbb-visits --repo repo --where 'colour = 1'
expect_rc 2 dbb-visits --repo repo --grouping by-moon
expect_rc 2 dbb-visits
expect_rc 4 dbb-visits --repo nowhere --instrument LSSTCam
