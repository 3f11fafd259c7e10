#!/bin/bash
# dbb-windows --db: rows of tables as ConsDB's. Times that are Modified Julian Dates are converted by exact arithmetic here.
. "$DBB_CLI_LIB"

windows() { jq -c 'select(.type == "window")' "$OUT"; }
ids() { windows | jq -r .id | paste -sd,; }

# A table with 300 exposures, of which some have no MJD, and a few that are odd; and its view.
python3 - <<'EOF'
import random, sqlite3
random.seed(3)
db = sqlite3.connect("consdb.sqlite3")
db.execute("""CREATE TABLE exposure (exposure_id bigint NOT NULL UNIQUE, exposure_name text, day_obs int NOT NULL, seq_num int NOT NULL, physical_filter text,
    exp_midpt timestamp, obs_start timestamp, obs_start_mjd double, obs_end timestamp, obs_end_mjd double, exp_time double, img_type text, can_see_sky boolean,
    PRIMARY KEY (day_obs, seq_num))""")
rows = []
for n in range(1, 301):
    begin = 60765 + random.random()                # 2025-03-31
    end = begin + 30 / 86400
    text = "2025-03-31 %02d:%02d:%02d.%03d" % (n % 24, n % 60, n % 59, n * 3)
    later = text.replace("2025-03-31", "2025-04-01")
    mjd = n % 5 != 0
    rows.append((2025033100000 + n, 20250331, n, text, begin if mjd else None, later if n % 10 else later[:19], end if mjd else None, 30.0,
                 "science" if n % 2 else "bias"))
db.executemany("""INSERT INTO exposure (exposure_id, day_obs, seq_num, obs_start, obs_start_mjd, obs_end, obs_end_mjd, exp_time, img_type)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""", rows)
db.execute("CREATE VIEW visit1 AS SELECT *, exposure_id AS visit_id FROM exposure WHERE seq_num <= 10")
db.commit()
EOF
# expected DB [CONDITION]      id, begin, end and src of its exposures in order, by fractions
expected() {
  python3 - "$@" <<'EOF'
import datetime, sqlite3, sys
from fractions import Fraction
day, epoch = 86400 * 10**9, datetime.datetime(1970, 1, 1)
def iso(ns):
    return (epoch + datetime.timedelta(seconds=ns // 10**9)).isoformat() + ".%09d" % (ns % 10**9)
def of_mjd(mjd):
    return int((Fraction(mjd) - 40587) * day + Fraction(1, 2))
def of_text(text):
    whole, _, fraction = text.partition(".")
    return int((datetime.datetime.fromisoformat(whole) - epoch).total_seconds()) * 10**9 + int(fraction.ljust(9, "0") or 0)
out = []
for i, b, e, bm, em in sqlite3.connect(sys.argv[1]).execute("SELECT exposure_id, obs_start, obs_end, obs_start_mjd, obs_end_mjd FROM exposure WHERE " + (sys.argv[2:] or ["TRUE"])[0]):
    out.append((of_mjd(bm), i, of_mjd(em), "consdb_mjd") if bm is not None and em is not None else (of_text(b), i, of_text(e), "consdb"))
for b, i, e, src in sorted(out):
    print(i, iso(b), iso(e), src)
EOF
}
got() { windows | jq -r '[.id, .begin_tai, .end_tai, .src] | join(" ")'; }

remember consdb.sqlite3
expect_rc 0 dbb-windows --db consdb.sqlite3 --table exposure
expect_eq "$(got)" "$(expected consdb.sqlite3)"
expect_eq "$(windows | wc -l)" 300
expect_eq "$(windows | jq -r .src | sort | uniq -c | sed 's/^ *//' | paste -sd,)" '60 consdb,240 consdb_mjd'
expect_eq "$(windows | jq -c 'select(.id == 2025033100005)')" \
  '{"type":"window","kind":"exposure","id":2025033100005,"day_obs":20250331,"seq_num":5,"begin_tai":"2025-03-31T05:05:05.015000000","end_tai":"2025-04-01T05:05:05.015000000","src":"consdb"}'
expect_eq "$(tail -n 1 "$OUT")" '{"type":"end","program":"dbb-windows"}'
expect_empty "$ERR"
expect_rc 0 dbb-windows --db consdb.sqlite3 --table main.exposure --instrument LSSTCam
expect_eq "$(windows | jq -r .instrument | sort -u)" LSSTCam
# of a view with both ids: visits, unless exposures are asked for
expect_rc 0 dbb-windows --db consdb.sqlite3 --table visit1
expect_eq "$(windows | jq -r '"\(.kind) \(.id)"' | sort | sed -n '1p;$p')" 'visit 2025033100001
visit 2025033100010'
expect_rc 0 dbb-windows --db consdb.sqlite3 --table visit1 --kind exposure
expect_eq "$(windows | jq -r .kind | sort -u)" exposure
# conditions
expect_rc 0 dbb-windows --db consdb.sqlite3 --table exposure --where "img_type = 'bias' AND seq_num IN (1..20, 30)"
expect_eq "$(got)" "$(expected consdb.sqlite3 "img_type = 'bias' AND (seq_num <= 20 OR seq_num = 30)")"
expect_rc 0 dbb-windows --db consdb.sqlite3 --table exposure --day-obs 20250401
expect_eq "$(ids)" ''
expect_rc 0 dbb-windows --db consdb.sqlite3 --table exposure --day-obs 20250331..20250401
expect_eq "$(windows | wc -l)" 300
expect_rc 0 dbb-windows --db consdb.sqlite3 --table exposure --since 2025-04-01T00:00:00 --scale tai
expect_eq "$(got)" "$(expected consdb.sqlite3 | awk '$3 > "2025-04-01T00:00:00.000000000"')"
expect_unchanged consdb.sqlite3

# Bounds of what a double can say: each of these is rounded once.
python3 - <<'EOF'
import math, sqlite3
db = sqlite3.connect("bounds.sqlite3")
db.execute("CREATE TABLE exposure (exposure_id bigint, obs_start timestamp, obs_end timestamp, obs_start_mjd double, obs_end_mjd double)")
values = [40587.0, 60000.0, math.nextafter(60001.0, 0), math.nextafter(60000.0, 61000.0), 60000 + 1 / 3, 60000.999999999985, 88069.0, 99999.9999999]
values += [65536 + 2**-36 * k * 12345.0 for k in range(1, 2000, 7)]
db.executemany("INSERT INTO exposure (exposure_id, obs_start_mjd, obs_end_mjd) VALUES (?, ?, ?)", [(i, v, math.nextafter(v, 1e6)) for i, v in enumerate(values)])
db.commit()
EOF
expect_rc 0 dbb-windows --db bounds.sqlite3 --table exposure
expect_eq "$(got)" "$(expected bounds.sqlite3)"
expect_eq "$(windows | jq -c 'has("seq_num")' | sort -u)" false

# Rows with something wrong are set aside: no times, half of them, an end before the begin, no date. A whole pair of
# timestamps is used when an MJD is missing; no length is as good as any.
sqlite3 odd.sqlite3 "CREATE TABLE exposure (exposure_id bigint, day_obs int, seq_num int, obs_start, obs_end, obs_start_mjd, obs_end_mjd);
  INSERT INTO exposure VALUES (1, 20250331, 1, NULL, NULL, NULL, NULL), (2, 20250331, 2, NULL, NULL, 60765.5, NULL), (3, 20250331, 3, NULL, NULL, 60765.5, 60765.4),
    (4, 20250331, 4, 'never', '2025-03-31 00:00:00', NULL, NULL), (5, 20250331, 5, '2025-03-31T00:00:00.5', '2025-03-31 00:00:00.5', 60765.5, NULL),
    (6, 20250331, 6, NULL, NULL, 60765.5, 60765.5), (7, NULL, NULL, NULL, NULL, 60766, 60766), (8, 20250331, 8, NULL, NULL, 'x', 'y')"
expect_rc 1 dbb-windows --db odd.sqlite3 --table exposure --rejects rejects
expect_eq "$(ids)" 5,6,7
expect_eq "$(windows | jq -r .src | paste -sd,)" consdb,consdb_mjd,consdb_mjd
expect_eq "$(windows | jq -c 'select(.id == 7) | [.day_obs, .begin_tai, .end_tai]')" '[20250331,"2025-04-01T00:00:00.000000000","2025-04-01T00:00:00.000000000"]'
expect_eq "$(jq -r '"\(.id) \(.error.code)"' rejects | paste -sd,)" '1 NO_TIMES,2 NO_TIMES,3 BAD_WINDOW,4 BAD_VALUE,8 BAD_VALUE'
expect_match "$ERR" 'exposure 2 has no end'
expect_match "$ERR" 'exposure 4: "obs_start" is never, not a timestamp such as 2025-03-31 04:05:06.789$'
expect_match "$ERR" 'hint: correct the row in the table'
expect_match "$ERR" 'exposure 8: "obs_start_mjd" is x, not a Modified Julian Date from 1970 to 2200$'
expect_rc 0 dbb-windows --db odd.sqlite3 --table exposure --where 'exposure_id = 5'

# So are rows whose id is none, which may be more than a page of them.
sqlite3 ids.sqlite3 "CREATE TABLE exposure (exposure_id, seq_num int, obs_start_mjd, obs_end_mjd);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5001)
  INSERT INTO exposure SELECT NULL, i, 60000, 60000 FROM n UNION ALL SELECT 'x' || i, i, 60000, 60000 FROM n;
  INSERT INTO exposure VALUES (7, 1, 60000, 60001), (8.5, 2, 60000, 60001), ('9', 3, 60000, 60001), (10, 4, 60000, 60001)"
expect_rc 1 dbb-windows --db ids.sqlite3 --table exposure --rejects ids.rejects
expect_eq "$(ids)" 7,10
expect_eq "$(jq -r '.error.code' ids.rejects | sort | uniq -c | xargs)" '10004 BAD_VALUE'
expect_eq "$(jq -rc 'select(.seq_num == 3) | [.id, .error.message]' ids.rejects)" \
  '[null,"\"exposure_id\" is NULL, not an integer"]
["9","\"exposure_id\" is 9, not an integer"]
["x3","\"exposure_id\" is x3, not an integer"]'

# Many rows, page by page, in order of time.
sqlite3 many.sqlite3 "CREATE TABLE exposure (exposure_id bigint, obs_start, obs_end, obs_start_mjd double, obs_end_mjd double);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)
  INSERT INTO exposure SELECT i, NULL, NULL, 60000 + i * 7 % 11000 / 1000.0, 60000 + i * 7 % 11000 / 1000.0 FROM n"
expect_rc 0 dbb-windows --db many.sqlite3 --table exposure
expect_eq "$(windows | wc -l)" 12000
expect_eq "$(got | md5sum)" "$(expected many.sqlite3 | md5sum)"

# Mistakes
wrong() { # REGEX OPTION...
  local regex=$1
  shift
  expect_rc 2 dbb-windows --db "$@"
  expect_empty "$OUT"
  expect_match "$ERR" "$regex"
}
sqlite3 other.sqlite3 'CREATE TABLE t (id int); CREATE TABLE u (visit_id int, obs_start); CREATE TABLE d (exposure_id, obs_start_mjd, obs_end_mjd);
  INSERT INTO d VALUES (1, 60000, 60000), (1, 60001, 60001)'
wrong 'no table exposures' consdb.sqlite3 --table exposures
wrong 'no table cdb_latiss.exposure' consdb.sqlite3 --table cdb_latiss.exposure
wrong 'is no TABLE or SCHEMA.TABLE' consdb.sqlite3 --table main.
wrong 'no column exposure_id or visit_id' other.sqlite3 --table t
wrong 'no column exposure_id$' other.sqlite3 --table u --kind exposure
wrong 'neither obs_start_mjd' other.sqlite3 --table u
wrong 'several rows of exposure_id 1' other.sqlite3 --table d
wrong 'has exposures or visits' consdb.sqlite3 --table exposure --kind window
wrong 'there is no column "imgtype"' consdb.sqlite3 --table exposure --where "imgtype = 'x'"
wrong 'postgresql' postgresql://:x/ --table t
expect_rc 4 dbb-windows --db nothing.sqlite3 --table exposure
expect_match "$ERR" nothing.sqlite3
expect_rc 4 dbb-windows --db postgresql://127.0.0.1:1/x --table exposure
echo 'no database' > text
expect_rc 5 dbb-windows --db text --table exposure
