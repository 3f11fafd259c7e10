#!/bin/bash
# dbb-efd-join from a real InfluxDB: the same values as from files and as the reference says, what the server computes itself,
# and what is said when samples can't be had. The last line: "influx: N passed, N failed".
#
# Usage: tests/efd/influx.sh
# Env:   BUILD   the build folder (default: build)
cd "$(dirname "$0")/../.." || exit 2
. tests/_suite.sh
suite=influx
. tests/efd/_influx.bash
work_with_servers

# joins WANT REGEX OPTION...   it ends with that status and its messages match; the values are in out
joins() {
  local want=$1 regex=$2 rc=0
  shift 2
  dbb-efd-join "$@" > out 2> err || rc=$?
  [ $rc = "$want" ] || { echo "ended with $rc, not $want"; cat err; }
  [ -z "$regex" ] || grep -qE -e "$regex" err || { echo "nothing says $regex"; cat err; }
}
# same EXPECTED           whether out holds the values of the reference
same() { verdict different "$python" "$efd/compare.py" "$1" out; }
window() { # ID BEGIN END [MEMBERS]   seconds of TAI since 1970
  printf '{"type":"window","id":%s,"begin_tai_ns":%s000000000,"end_tai_ns":%s000000000%s}\n' "$1" "$2" "$3" "${4:+,$4}"
}
# cells                   column, window, status, n and value of each line of out
cells() { jq -r 'select(.type == "value") | [.column, .id, .status, .n, (.value | tostring)] | join(" ")' out | sort; }

"$python" "$efd/efd_night.py" mini -o night > /dev/null
"$python" "$efd/as_influx.py" night/night.lp > kept.lp
"$python" "$efd/as_influx.py" night/leap.lp > leap.lp
reference night/config.yaml night/windows.jsonl kept.lp > expected
reference night/leap_config.yaml night/leap_windows.jsonl leap.lp > expected_leap
night=(-c night/config.yaml -w night/windows.jsonl)
influx
put night/night.lp
put leap.lp
# D10: windows to the nanosecond. D16: a topic is asked for once, whatever its columns are. D23: in chunks, named fields only.
tell 'a night (D10, D16, D23)' "$(joins 0 '' "${night[@]}" --influx "$real" --stats; same expected; cp out night.values)"
tell 'a night as from files' "$(dbb-efd-join "${night[@]}" -s kept.lp | cmp - night.values 2>&1)"
tell 'over an inserted second' "$(joins 0 '' -c night/leap_config.yaml -w night/leap_windows.jsonl --influx "$real"; same expected_leap)"
tell 'windows from a pipe' "$(dbb-efd-join -c night/config.yaml --influx "$real" < night/windows.jsonl 2> err | cmp - night.values 2>&1)"

# examples/telemetry.sh, of a repository that has the night's exposures; a second run stores the same
dbb-repo create repo > /dev/null
dbb-repo register-instrument repo LSSTCam > /dev/null
jq -r '"INSERT OR IGNORE INTO day_obs VALUES (\u0027LSSTCam\u0027, \(.day_obs), 0, 1); INSERT INTO \"group\" VALUES (\u0027LSSTCam\u0027, \u0027\(.id)\u0027);
  INSERT INTO exposure (instrument, id, day_obs, \"group\", physical_filter, obs_id, exposure_time, observation_type, seq_num, has_simulated, timespan_begin, timespan_end)
  VALUES (\u0027LSSTCam\u0027, \(.id), \(.day_obs), \u0027\(.id)\u0027, \u0027r_57\u0027, \u0027\(.id)\u0027, 30.0, \u0027science\u0027, \(.seq_num), 0, \(.begin_tai_ns), max(\(.end_tai_ns), \(.begin_tai_ns) + 1));"' \
  night/windows.jsonl | sqlite3 repo/gen3.sqlite3
nightly() {
  local rc=0
  REPO=repo COLUMNS_OF=night/config.yaml EFD=$real DB=nightly.sqlite3 SINCE=2024-12-01 PATH=$PATH "$root/examples/telemetry.sh" > nightly.out 2> nightly.err || rc=$?
  [ $rc = 0 ] || { echo "ended with $rc"; cat nightly.out nightly.err; }
  sqlite3 nightly.sqlite3 'SELECT count(*), sum(n), sum(status), sum(settled) FROM efd_value'
}
tell 'telemetry of the exposures of a repository' "$(nightly | grep -vx "$(jq -rs 'map(select(.type == "value")) | [length, (map(.n) | add), (map(.status) | add), length] | map(tostring) | join("|")' night.values)"
  sqlite3 nightly.sqlite3 'SELECT * FROM efd_value' > once; nightly > /dev/null; sqlite3 nightly.sqlite3 'SELECT * FROM efd_value' | diff once -; grep -vE ' existing$' nightly.out)"

# The index as TAI, by the date and by a stamp against the date. By hand: 2021-02-02T00:00:00 and 2025-01-01T00:00:00 TAI
cat > eras.lp <<'END'
lsst.sal.Old.tel x=1 1612223999999999000
lsst.sal.Old.tel x=2 1612224000000000000
lsst.sal.Old.tel x=3 1612224009999999000
lsst.sal.Old.tel x=4 1612224010000000000
lsst.sal.Odd.tel private_sndStamp=1735689600.0,x=5 1735689600000000000
lsst.sal.Odd.tel private_sndStamp=1735689609.0,x=6 1735689609000000000
lsst.sal.Odd.tel private_sndStamp=1735689637.0,x=9 1735689637000000000
END
put eras.lp
cat > eras.yaml <<'END'
columns:
- {name: old, topic: lsst.sal.Old.tel, field: x, func: sum, min_coverage: 0}
- {name: odd, topic: lsst.sal.Odd.tel, field: x, func: sum, min_coverage: 0}
- {name: none, topic: lsst.sal.None.tel, field: x}
- {name: nosuch, topic: lsst.sal.Odd.tel, field: nosuch}
END
{ window 1 1612224000 1612224010; window 2 1735689600 1735689610; } > eras.jsonl
# A topic and a field that the server has, without samples in a window, are no mistakes of the columns.
eras='none 1 8 0 null
none 2 8 0 null
nosuch 1 7 0 null
nosuch 2 7 0 null
odd 1 1 0 null
odd 2 0 2 11
old 1 0 2 5
old 2 1 0 null'
for option in -v --pushdown; do
  tell "an index in TAI, an unknown topic and an unknown field, $option" "$(joins 0 'has no field nosuch' -c eras.yaml -w eras.jsonl --influx "$real" $option
    grep -q 'has no topic "lsst.sal.None.tel"' err || cat err; cells | diff <(echo "$eras") -)"
done

echo 'lsst.sal.Vague.tel private_sndStamp=1735689620.0,x=1 1735689600000000000' > vague.lp
put vague.lp
echo '[{name: vague, topic: lsst.sal.Vague.tel, field: x}]' > vague.yaml
window 1 1735689637 1735689647 > vague.jsonl
tell 'a stamp that does not tell the scale of the index' "$(joins 3 '"lsst.sal.Vague.tel": the time of its first row is neither its private_sndStamp' -c vague.yaml -w vague.jsonl --influx "$real"
  cells | grep -vx 'vague 1 20 0 null'; grep -c private_sndStamp err | grep -vx 1
  sed -i 's/field: x}/field: x, func: sum, min_coverage: 0}/' vague.yaml; joins 3 'nobody can tell' -c vague.yaml -w vague.jsonl --influx "$real" --pushdown; cells | grep -vx 'vague 1 20 0 null'
  joins 0 '' -c vague.yaml -w vague.jsonl --influx "$real" --pushdown --scale utc; cells | grep -vx 'vague 1 0 1 1')"

# ---- what the server computes: every function that it has; ordinary values, such far from 0, integers, instances
"$python" - > push.lp <<'END'
import math
for i in range(3000):
    t = 1735689600 * 10**9 + i * 20_000_003
    x = 3 + math.sin(i / 7) + (i * 7919 % 100) / 1000
    print(f'lsst.sal.Push.tel x={x!r},far={1e9 + x!r},k={i * 37 % 1000}i,salIndex={1 + i % 2}i,zero={x - 3!r},'
          f'big={9_000_000_000_000_000_000 - i}i,text="{i}",sensor="{"ab"[i % 2]} c",mean=1 {t}')
    print(f'lsst.sal.One.logevent_state x={x!r},salIndex=4i {t}')
END
put push.lp
"$python" - > push.yaml <<'END'
print('columns:')
for func in ('count', 'mean', 'min', 'max', 'sum', 'stddev', 'first', 'last', 'median'):
    for field in ('x', 'far', 'k'):
        print(f'- {{name: {func}_{field}, topic: lsst.sal.Push.tel, field: {field}, func: {func}, index: 2, min_coverage: 0}}')
    print(f'- {{name: {func}_one, topic: lsst.sal.One.logevent_state, field: x, func: {func}, pre: -0.5}}')
    print(f'- {{name: {func}_any, topic: lsst.sal.Push.tel, fields: [x, k], func: {func}, index: any, min_coverage: 0}}')
print('- {name: mean_sensor, topic: lsst.sal.Push.tel, field: x, index_field: sensor, index: b c, min_coverage: 0}')
END
{ window 1 1735689637 1735689652; window 2 1735689652 1735689653; window 3 1735689653 1735689690; window 4 1735689000 1735689001
  window 5 1735689660 1735689660; window 6 1735689696 1735689740; } > push.jsonl
push=(-c push.yaml -w push.jsonl --influx "$real")
jq -c '[.id, .column, .element, .n, .status, .t_first_tai, .t_last_tai, .n_dup, .n_null, .n_nan]' > exact.files \
  < <(dbb-efd-join "${push[@]:0:4}" -s push.lp)
# The server knows no gaps. Not with jq, which makes doubles of nanoseconds
no_gaps() { sed -E 's/("(max_gap_ns|n_gaps|coverage)": ?)[^,}]+/\1null/g' "$1"; }
tell 'push-down is the same as samples' "$(reference push.yaml push.jsonl push.lp > expected_push; joins 0 '' "${push[@]}"; same expected_push
  joins 0 ' [1-9][0-9]* computed' "${push[@]}" --pushdown --stats
  jq -c '[.id, .column, .element, .n, .status, .t_first_tai, .t_last_tai, .n_dup, .n_null, .n_nan]' out | diff exact.files - | head -n 4
  jq -c 'select(.n > 0 and .max_gap_ns == null) | [.id, .column, .element]' out | wc -l | grep -vE '^2[0-9][0-9]$'
  verdict different "$python" "$efd/compare.py" <(no_gaps expected_push) <(no_gaps out))"
tell 'push-down is verified' "$(joins 0 ' [1-9][0-9]* computed' "${push[@]}" --verify-pushdown --stats; same expected_push)"

# What the server's number might not be ours for is joined from samples, and -v says why.
cat > not.yaml <<'END'
columns:
- {name: cancels, topic: lsst.sal.Push.tel, field: zero, func: mean, index: any, min_coverage: 0}
- {name: wraps, topic: lsst.sal.Push.tel, field: big, func: sum, index: any, min_coverage: 0}
- {name: far, topic: lsst.sal.Push.tel, field: far, func: stddev, index: any, min_coverage: 0}
- {name: mixed, topic: lsst.sal.Push.tel, field: x, func: mean, min_coverage: 0}
- {name: covered, topic: lsst.sal.Push.tel, field: x, func: mean, index: 1}
- {name: population, topic: lsst.sal.Push.tel, field: x, func: stddev, ddof: 0, index: 1, min_coverage: 0}
- {name: closed, topic: lsst.sal.Push.tel, field: x, func: mean, closed: right, index: 1, min_coverage: 0}
- {name: dup, topic: lsst.sal.Push.tel, field: x, func: mean, dup: mean, index: 1, min_coverage: 0}
- {name: rms, topic: lsst.sal.Push.tel, field: x, func: rms, index: 1, min_coverage: 0}
- {name: text, topic: lsst.sal.Push.tel, field: text, func: last, index: 1, min_coverage: 0}
- {name: asof, topic: lsst.sal.Push.tel, field: x, func: asof, index: 1}
- {name: pool, topic: lsst.sal.Push.tel, fields: [x, far], reduce: pool, func: mean, index: 1, min_coverage: 0}
END
tell 'what is not pushed down' "$(reference not.yaml push.jsonl push.lp > expected_not
  joins 0 ' [0-9]+ computed' -c not.yaml -w push.jsonl --influx "$real" --pushdown -v --stats
  verdict different "$python" "$efd/compare.py" <(no_gaps expected_not) <(no_gaps out)
  for why in 'mixed.* not those of one instance' 'covered.* knows nothing of gaps' 'population.* ddof 1' 'closed.* the end belongs' 'dup.* last of duplicates' \
    'rms.* no such function' 'text.* holds no numbers' 'asof.* beyond the window' 'pool.* pools' 'cancels.* in [1-9] windows' 'wraps.* in [1-9] windows' 'far.* in [1-9] windows'; do
    grep -qE "column .$why" err || echo "nothing says $why"
  done)"

# ---- what has not changed since it was written
known() { jq -c --argjson k "$1" '. + {known: $k}'; }
as_known=$(joins 0 '' -c eras.yaml -w eras.jsonl --influx "$real"; jq -c 'select(.id == 2 and .column == "odd") | {odd: {n, t_last_tai}}' out)
tell 'what has not changed is left out' "$(window 2 1735689600 1735689610 | known "$as_known" > known.jsonl
  joins 0 ' 1 unchanged' -c eras.yaml -w known.jsonl --influx "$real" --stats; cells | diff <(printf '%s\n' 'none 2 8 0 null' 'nosuch 2 7 0 null' 'old 2 1 0 null') -
  window 2 1735689600 1735689610 | known '{"odd":{"n":1,"t_last_tai":"2025-01-01T00:00:09.000000000"},"old":{"n":0,"t_last_tai":null}}' > known.jsonl
  joins 0 ' 1 unchanged' -c eras.yaml -w known.jsonl --influx "$real" --stats; cells | grep -E '^o' | diff <(echo 'odd 2 0 2 11') -
  joins 0 '' -c eras.yaml -w known.jsonl -s eras.lp; cells | grep -c '^o' | grep -vx 2
  joins 1 'BAD_VALUE|not a mapping' -c eras.yaml -w <(window 2 1735689600 1735689610 | known '{"odd":7}') --influx "$real")"
# unchanged FILE [OPTION...]   how many values are left out, and of which columns the others are
unchanged() { joins 0 '' -c eras.yaml -w "$1" --influx "$real" --stats "${@:2}"; grep -oE '[0-9]+ unchanged' err; cells | cut -d' ' -f1 | paste -sd,; }
config=$(dbb-efd-join -c eras.yaml --show-columns | jq -r 'select(.column == "odd").config')
tell 'what was computed by another definition is not known' "$(for config in 0123456789abcdef "$config"; do
    window 2 1735689600 1735689610 | known "$(jq -c --arg c "$config" '.odd.config = $c' <<< "$as_known")" > known.jsonl
    unchanged known.jsonl
  done | diff <(printf '%s\n' '0 unchanged' none,nosuch,odd,old '1 unchanged' none,nosuch,old) -)"
# requests_for COLUMNS    what is asked of the server for a window that asks for these
requests_for() {
  window 2 1735689600 1735689610 "\"columns\":$1" > asked.jsonl
  joins 0 '' -c eras.yaml -w asked.jsonl --influx "$real" --stats "${@:2}"
  grep -o '[0-9]* samples' err
  cells | cut -d' ' -f1 | paste -sd,
}
tell 'only the columns that a window asks for' "$(for option in -v --pushdown; do requests_for '["old"]' $option; requests_for '["nosuch","none"]' $option; done |
  diff <(for _ in 1 2; do printf '%s\n' '0 samples' old '0 samples' none,nosuch; done) -; requests_for '["odd"]' | diff <(printf '%s\n' '3 samples' odd) -)"
# The circle of a cron job: of what has not changed since nothing is computed
jq -c '. + {instrument: "LSSTCam", kind: "exposure"}' eras.jsonl > named.jsonl
tell 'what is asked for again' "$(joins 0 '' -c eras.yaml -w named.jsonl --influx "$real"; dbb-efd-load --db again.sqlite3 < out > loaded || echo "loading ended with $?"
  revisit() { dbb-efd-load --db again.sqlite3 --revisit --now 2025-01-01T01:00:00Z --horizon 50000h > asked.jsonl; unchanged asked.jsonl; }
  revisit | diff <(printf '%s\n' '2 unchanged' '') -
  sqlite3 again.sqlite3 "UPDATE efd_value SET n = 1 WHERE n = 0 AND column_id = (SELECT column_id FROM efd_column WHERE name = 'old')"
  revisit | diff <(printf '%s\n' '1 unchanged' old) -)"

# ---- columns and server compared
recent=$(date +%s)
{ for i in 1 2 3; do echo "lsst.sal.Now.tel x=$i,salIndex=${i}i,name=\"n\",v0=1,v1=1,v3=1,cRIO_timestamp=1 $((recent - i))000000000"; done; } > now.lp
put now.lp
cat > check.yaml <<'END'
columns:
- {name: good, topic: lsst.sal.Now.tel, field: x, index: 2}
- {name: topic, topic: lsst.sal.Nov.tel, field: x}
- {name: field, topic: lsst.sal.Now.tel, field: xx, index: any}
- {name: type, topic: lsst.sal.Now.tel, field: name, index: any}
- {name: instance, topic: lsst.sal.Now.tel, field: x}
- {name: array, topic: lsst.sal.Now.tel, field: v, packed: {base: v}, index: any}
- {name: noindex, topic: lsst.sal.Old.tel, field: x, index: 3}
END
checked='topic no_such_topic  did you mean lsst.sal.Now.tel?
field no_such_field xx did you mean x?
type type_error name 
instance mixed_index salIndex say which one with index, or index: any
array no_such_field v2 
noindex no_such_field salIndex '
tell 'columns that the server does not fit' "$(joins 3 '' -c check.yaml --check --influx "$real"
  jq -r '[.column, .reason, .field // "", .hint // ""] | join(" ")' out | diff <(echo "$checked") -)"
tell 'columns that it fits' "$(joins 0 '' -c push.yaml --check --influx "$real"; cat out)"
tell 'columns of ConsDB' "$(joins 3 '' -c "$root/tests/data/efd/consdb/config_lsstcam.yaml" --check --influx "$real"
  jq -r .reason out | sort -u | grep -vxE 'no_such_topic|no_such_field')"

# ---- what a join would ask. By hand: 10 s, a minute before and one behind, a sample a second of two fields
seq 0 199 | awk '{printf "plan.t a=%d,b=%d,c=1 %d000000000\n", $1, $1, 1735689600 + $1}' > plan.lp
put plan.lp
printf 'columns:\n- {name: a, topic: plan.t, fields: [a, b]}\n- {name: x, topic: lsst.sal.Odd.tel, field: x}\n' > plan.yaml
window 1 1735689737 1735689747 > plan.jsonl
plan=(-c plan.yaml -w plan.jsonl --influx "$real")
plans() { jq -r '[.topic // "all", .requests, .statements, .values, .begin_tai, .end_tai] | join(" ")' out; }
tell 'a plan' "$(joins 0 '' "${plan[@]}" --plan; plans | diff <(cat <<'END'
lsst.sal.Odd.tel 1 1 0 2025-01-01T00:01:17.000000000 2025-01-01T00:03:27.000000000
plan.t 1 1 260 2025-01-01T00:01:17.000000000 2025-01-01T00:03:27.000000000
all 2 2 260 2025-01-01T00:01:17.000000000 2025-01-01T00:03:27.000000000
END
  ) -)"
tell 'a plan without asking' "$(joins 0 '' "${plan[@]}" --plan --estimate-rate 0.5; plans | grep -q '^all 2 2 195 ' || plans)"
tell 'not more than that' "$(joins 2 'hold 260 values, more than the 259' "${plan[@]}" --max-values 259; cat out; joins 0 '' "${plan[@]}" --max-values 260; cells | grep -c . | grep -vx 3
  joins 2 'no number of values' "${plan[@]}" --max-values many; joins 2 'no number of rows' "${plan[@]}" --plan --estimate-rate 0)"

# ---- limits of the server (D1, D2, D3: an error is no absence; D17: not asked again and again)
# Even the shortest may take longer where other work goes on beside, also one that no window needs: then the server has more time.
for ms in 2 2 5 10 20 50 100; do
  influx DBB_INFLUX_QUERY_TIMEOUT=${ms}ms
  dbb-efd-join "${night[@]}" --influx "$real" > out 2> err && ! grep -q 'could not be had' err && break
done
tell 'queries that take too long' "$(cmp out night.values 2>&1; grep -vE 'has no|hint: look at its name' err)"
influx DBB_INFLUX_AUTH=1 DBB_INFLUX_MAX_CONCURRENT_QUERIES=1
tell 'a wrong password' "$(EFD_USERNAME=dbb EFD_PASSWORD=wrong joins 4 'status 401: authorization failed' "${night[@]}" --influx "$real"; cat out)"
tell 'too many queries at once' "$(export EFD_USERNAME=dbb EFD_PASSWORD=dbb-secret
  for i in 1 2; do dbb-efd-join "${night[@]}" --influx "$real" > busy.$i 2> busy.err.$i & runs[i]=$!; done
  wait_for "${runs[@]}"; echo "$statuses" | grep . && cat busy.err.*; for i in 1 2; do cmp busy.$i night.values 2>&1; done)"
"$root/tests/servers/influxdb.sh" stop --remove "$work/influx" > /dev/null 2>&1

# ---- faults. Samples of 3 h, one a second, in two topics; the server fails from the second request for them on
seq 0 10799 | awk '{printf "t a=%d,salIndex=1i %d000000000\n", $1, 1735689600 + $1; if ($1 < 20) printf "u a=%d %d000000000\n", $1, 1735689600 + $1}' > t.lp
cat > t.yaml <<'END'
columns:
- {name: mean, topic: t, field: a, func: mean}
- {name: look, topic: t, field: a, func: asof, tolerance: 2h}
- {name: last, topic: t, field: a, func: asof, tolerance: 10s, at: end}
- {name: other, topic: u, field: a, func: mean}
END
{ window 1 1735689640 1735689650; window 2 1735700000 1735700010; } > t.jsonl
serve --lp t.lp
tell 'without a fault' "$(joins 0 '' -c t.yaml -w t.jsonl --influx "$fake"; cells > whole
  diff whole <(printf '%s\n' 'last 1 0 1 13' 'last 2 0 1 10373' 'look 1 0 1 3' 'look 2 0 1 10363' 'mean 1 0 10 7.5' 'mean 2 0 10 10367.5' 'other 1 0 10 7.5' 'other 2 1 0 null'))"
# That server computes nothing: what it says differs.
echo '[{name: sum, topic: t, field: a, func: sum, min_coverage: 0}]' > lies.yaml
tell 'push-down that is not the same' "$(joins 3 'the server says none of 0 samples .* its samples say 75.0 of 10 samples' -c lies.yaml -w t.jsonl --influx "$fake" --verify-pushdown
  cells | diff <(printf '%s\n' 'sum 1 0 10 75' 'sum 2 0 10 103675') -)"
serve --lp t.lp --fault mid
tell 'nothing can be had' "$(joins 3 'shard is gone' -c t.yaml -w t.jsonl --influx "$fake" --retry-for 0s
  cells | grep -v ' 20 0 null$'; jq -r 'select(.type == "value").reason' out | sort | uniq -c | grep -vx ' *8 source_error')"
serve --lp t.lp --fault 504
tell 'nothing in time' "$(joins 3 'status 504' -c t.yaml -w t.jsonl --influx "$fake" --retry-for 0s
  cells | grep -v ' 21 0 null$'; jq -r 'select(.type == "value").reason' out | sort | uniq -c | grep -vx ' *8 timeout')"
# Only what needs the part that is missing says so; the windows of the same topic beside it, and other topics, have their values.
# After all at once each half hour is asked for alone: of the first six only the last one holds the samples of window 1. Those
# before it are farther away than the ones that are used.
while read -r fault times rc whose; do
  serve --lp t.lp --fault "$fault" --times "$times"
  tell "a part can't be had: $fault, $times times (D1, D2, D3)" "$(joins "$rc" '"t" from .* could not be had' -c t.yaml -w t.jsonl --influx "$fake" --retry-for 0s
    cells > part; diff <(sed -E "s/^($whose) .*/\1 20 0 null/" whole) part)"
done <<< $'mid 2 0 none\ncut 7 3 (look|mean|last) 1'
# D21: how far an asof looks back is part of the question
serve --lp t.lp --log log
tell 'how far is looked back (D21)' "$(joins 0 '' -c t.yaml -w t.jsonl --influx "$fake"
  jq -r .q log | grep -o 'FROM "efd"."autogen"."t" WHERE time >= [0-9]*' | grep -o '[0-9]*$' | sort -n | head -n 1 | grep -vx $(((1735689640 - 37 - 7200 - 60) * 1000000000)))"
"$python" - > packed.lp << 'END'
for i in range(600):
    t = 1735689600 * 10**9 + i * 100_000_000
    print('lsst.sal.P.tel ' + ','.join(f'v{k}={i * 10 + k}' for k in range(10)) + f',cRIO_timestamp={t / 1e9 + 37 - 0.5!r} {t}')
END
printf 'columns:\n- {name: p, topic: lsst.sal.P.tel, field: v, packed: {base: v}, func: mean}\n- {name: n, topic: lsst.sal.P.tel, field: v, packed: {base: v}, func: count}\n' > packed.yaml
window 1 1735689650 1735689660 > packed.jsonl
serve --lp packed.lp --log packed.log
tell 'a packed series is asked for once' "$(joins 0 '' -c packed.yaml -w packed.jsonl --influx "$fake"; cp out packed.out
  dbb-efd-join -c packed.yaml -w packed.jsonl -s packed.lp | cmp - packed.out 2>&1; jq -r 'select(.type == "value").n' packed.out | grep -vx 1000
  jq -r .q packed.log | grep -c 'SELECT.*v0' | grep -vx 1)"
serve --lp packed.lp --fault mid
tell 'a packed series of which nothing can be had' "$(joins 3 '' -c packed.yaml -w packed.jsonl --influx "$fake" --retry-for 0s
  cells | diff <(printf '%s\n' 'n 1 20 0 null' 'p 1 20 0 null') -)"

# ---- the command line
tell 'mistakes' "$(joins 2 'not from both' -c t.yaml -s t.lp --influx "$fake"; joins 2 '^dbb-efd-join: --pushdown asks a server, and samples come from --samples' -c t.yaml -s t.lp --pushdown
  joins 2 'name their files with --samples, or a server with --influx' -c t.yaml; joins 4 'can.t be connected to' -c t.yaml -w t.jsonl --influx http://127.0.0.1:1)"

sum_up influx
