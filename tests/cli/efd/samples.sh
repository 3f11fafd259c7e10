#!/bin/bash
# What files of samples may hold, in each format, and what is said of what they may not.
. "$DBB_CLI_LIB"
# shellcheck source=tests/cli/efd/_nights.bash
. "$DBB_ROOT/tests/cli/efd/_nights.bash"

window 1 0 10$s > w
t=1735689601$s # in the window, UTC
cat > c.yaml << 'YAML'
- {name: last, topic: X.tel, field: v, func: last, min_coverage: 0}
- {name: n, topic: X.tel, field: v, func: count}
YAML
# reads STATUS EXPECTED FILE [OPTION...]      value of last, and of n
reads() {
  local status=$1 expected=$2
  shift 2
  expect_rc "$status" dbb-efd-join -c c.yaml -w w -s "$@"
  expect_eq "$(got .value)" "$expected" "$*"
}
# refuses STATUS REGEX FILE [OPTION...]       without a value
refuses() {
  local status=$1 regex=$2
  shift 2
  expect_rc "$status" timeout 20 dbb-efd-join -c c.yaml -w w -s "$@"
  expect_match "$ERR" "^dbb-efd-join: .*$regex"
  expect_empty "$OUT"
}

# ---- line protocol
# value LITERAL EXPECTED          a value as line protocol has it, and as JSON
value() {
  printf 'X.tel v=%s %s\n' "$1" "$t" > s.lp
  reads 0 "$2,1" s.lp
}
value 1.5 1.5
value 1e3 1000
value -7i -7
value 9223372036854775807i 9223372036854775807
value 7u 7
value t true
value FALSE false
value '"a, \"b\" \\ =c"' 'a, "b" \ =c'
value '""' ''
printf 'X.tel v="two\nlines" %s\r\n' $t > s.lp
reads 0 'two,lines,1' s.lp
# wrong LITERAL REGEX             a line that is told, and the one behind it
wrong() {
  printf 'X.tel v=%s %s\nX.tel v=5 %s\n' "$1" "$t" "$t" > s.lp
  reads 1 5,1 s.lp
  expect_match "$ERR" "^dbb-efd-join: \"s.lp\", line 1: $2"
  expect_match "$ERR" 'hint: look at the line'
}
wrong 9223372036854775808i 'a value is no integer'
wrong 1.5i 'a value is no integer'
wrong -1u 'a value is no integer'
wrong truth 'a value is no number, text in quotes, true or false'
wrong 0x10 'a value is no number'
wrong '"open' 'a text is not closed'
# A line is wrong as a whole, wherever the value stands and whether anybody asks for it.
for bad in abc 1.2.3 5x 1.5i 9223372036854775808i -1u truth 0x10 '' - . 1e '"a"b'; do
  printf 'X.tel v=2,w=%s %s\nX.tel w=%s,v=2 %s\nX.tel v=5 %s\n' "$bad" "$t" "$bad" "$t" "$t" > s.lp
  reads 1 5,1 s.lp
  for line in 1 2; do expect_match "$ERR" "\"s.lp\", line $line: a (value|field)"; done
done
for good in 1 -1 1. .5 -0.5e-3 +1 1E5 7i 9223372036854775807i 18446744073709551615u true F '"a, b"' '""' NaN; do
  printf 'X.tel w=%s,v=5 %s\n' "$good" "$t" > s.lp
  reads 0 5,1 s.lp
done
# What is no line protocol at all is told even of topics that nobody asks for.
printf 'what is this\nX.tel v=5 %s\n' $t > s.lp
reads 1 5,1 s.lp
expect_match "$ERR" 'line 1: it has no fields'
# Names with escapes, and tags, which are fields that hold text.
printf '%s\n' '- {name: last, topic: "a b,c", field: "x=y z", func: last, min_coverage: 0}' '- {name: n, topic: "a b,c", field: tag, func: last, min_coverage: 0}' > escaped.yaml
printf 'a\\ b\\,c,tag=q\\ r x\\=y\\ z=3 %s\n' $t > s.lp
expect_rc 0 dbb-efd-join -c escaped.yaml -w w -s s.lp
expect_eq "$(got .value)" '3,q r'
for tags in "," ",a" ",a=b," ",a=b,c"; do
  printf 'X.tel%s v=1 %s\nX.tel v=5 %s\n' $tags $t $t > s.lp
  reads 1 5,1 s.lp
  expect_match "$ERR" '"s.lp", line 1: a tag has no value'
done
# A field of two types: functions of numbers say so, others take each as it is.
printf 'X.tel v=1 %s\nX.tel v="on" 1735689602%s\n' $t $s > s.lp
reads 0 on,2 s.lp
echo '[{name: mean, topic: X.tel, field: v}]' > mean.yaml
expect_rc 0 dbb-efd-join -c mean.yaml -w w -s s.lp
expect_eq "$(got .reason)" type_error
# The last line is cut: within its time, which has fewer digits than the one before, or before it.
printf 'X.tel v=1 %s\nX.tel v=2 17356896' $t > s.lp
reads 1 1,1 s.lp
expect_match "$ERR" 'line 2: the input ends within its time stamp'
printf 'X.tel v=1 %s\nX.tel v=2' $t > s.lp
reads 1 1,1 s.lp
expect_match "$ERR" 'line 2: it has no time stamp'
printf 'X.tel v=1 %s\nX.tel v=2 1735689602%s' $t $s > s.lp
reads 0 2,2 s.lp
# A quote that nobody closes costs its own line, and no time, however much is behind it.
{ printf 'X.tel v=1,s="open %s\n' $t; seq -f "X.tel v=%.0f $t" 60000; } > s.lp
expect_rc 1 timeout 20 dbb-efd-join -c c.yaml -w w -s s.lp
expect_eq "$(got .n)" 1,1
expect_match "$ERR" 'line 1: a text is not closed'
# So does a line that is longer than any.
{ printf 'X.tel v='; head -c 1100000 /dev/zero | tr '\0' 1; printf ' %s\nX.tel v=5 %s\n' $t $t; } > s.lp
reads 1 5,1 s.lp
expect_match "$ERR" 'line 1: it is too long'
{ printf 'X.tel v="'; head -c 1100000 /dev/zero | tr '\0' '\n'; printf '" %s\nX.tel v=5 %s\n' $t $t; } > s.lp
reads 1 5,1 s.lp
expect_match "$ERR" 'line 1: a text is not closed'
expect_match "$ERR" 'line 1100001: '

# ---- exports of influx_inspect: field by field, and some by name
{ echo '# INFLUXDB EXPORT: 1677-09-21T00:12:43Z - 2262-04-11T23:47:16Z'; echo '# DDL'; echo 'CREATE DATABASE efd WITH NAME autogen'
  printf '# DML\n# CONTEXT-DATABASE:efd\n# CONTEXT-RETENTION-POLICY:autogen\nX.tel v=1 %s\nX.tel v=2 1735689602%s\nX.tel salIndex=1i %s\nX.tel salIndex=2i 1735689602%s\n' $t $s $t $s; } > s.lp
sed 's/field: v/field: v, index: 1/' c.yaml > one.yaml
expect_rc 0 dbb-efd-join -c one.yaml -w w -s s.lp
expect_eq "$(got .value)" 1,1 'fields of one point are one row'
sed -i '/^#/d; /^CREATE/d' s.lp
expect_rc 0 dbb-efd-join -c one.yaml -w w -s s.lp --format export
expect_eq "$(got .value)" 1,1

# ---- CSV
csv=(s.csv --csv-topic X.tel)
printf 'time,v\n%s,1\n1735689602%s,\n1735689603%s,NaN\n' $t $s $s > s.csv
reads 0 1,1 "${csv[@]}"
printf '\xEF\xBB\xBFwhen,"v"\r\n1735689601,"a ""b"", c"\r\n' > s.csv
reads 0 'a "b", c,1' "${csv[@]}" --csv-time when --precision s
refuses 2 '"s.csv": line 1, the header, has no column "time"' "${csv[@]}"
expect_match "$ERR" 'hint: --csv-time'
# As InfluxDB writes messages: lines end in quotes, in which doubled ones are single ones.
printf 'time,"no\nte",v\r\n1735689601%s,"a, ""b""\n17,""\n",5\r\n1735689602%s,"\n",6\n1735689603%s,x"y,7\n1,2\n' $s $s $s > s.csv
reads 1 7,3 "${csv[@]}"
expect_match "$ERR" '"s.csv", line 9: it has fewer cells'
expect_eq "$(grep -c '"s.csv", line' "$ERR")" 1
sed -i '$d' s.csv
sed 's/field: v/field: "no\\nte"/; s/func: last/func: first/' c.yaml > note.yaml
expect_rc 0 dbb-efd-join -c note.yaml -w w -s "${csv[@]}"
expect_eq "$(jq -c 'select(.type == "value").value' "$OUT" | paste -sd' ')" '"a, \"b\"\n17,\"\n" 3' 'a cell over several lines'
# A quote that nobody closes costs its own line, and no time, however much is behind it.
{ printf 'time,v\n%s,"1\n' $t; seq -f "$t,%.0f" 60000; } > s.csv
expect_rc 1 timeout 20 dbb-efd-join -c c.yaml -w w -s "${csv[@]}"
expect_eq "$(got .n)" 1,1
expect_match "$ERR" 'line 2: a quote is not closed'
{ printf 'time,v\n%s,"' $t; seq -f x%.0f 200000; printf '"\n%s,5\n' $t; } > s.csv
reads 1 5,1 "${csv[@]}"
expect_match "$ERR" 'line 2: a quote is not closed'
printf 'time,v\n%s,1\n' $t > s.csv
refuses 2 '"s.csv": the header is not that of InfluxDB' s.csv
expect_match "$ERR" 'hint: --csv-topic'
printf 'time,v\n2025-01-01T00:00:01Z,1\n,2\n%s,3\n%s,4,5\n%s' $t $t $t > s.csv
reads 1 3,1 "${csv[@]}"
for problem in '2: its time is no integer' '3: its time is no integer' '5: it has more cells' '6: it has fewer cells'; do
  expect_match "$ERR" "\"s.csv\", line $problem"
done
printf 'name,tags,time,v\nX.tel,,%s,1\nY.tel,,x,2\n\nname,tags,time,w\nY.tel,,%s,7\n\nname,tags,time,v\nX.tel,,1735689602%s,2\n' $t $t $s > s.csv
reads 0 2,2 s.csv
# A blank line of plain CSV is none; what looks like another header behind it is a line that can't be read.
printf 'time,v\n%s,1\n\n\r\n1735689602%s,2\n\ntime,v\n1735689603%s,3\n' $t $s $s > s.csv
reads 1 3,3 "${csv[@]}"
expect_match "$ERR" '"s.csv", line 7: its time is no integer'
sed -i 7d s.csv
reads 0 3,3 "${csv[@]}"
# Tags of InfluxDB are fields that hold text, in quotes when there are several, with the escapes of line protocol.
printf 'name,tags,time,v\nX.tel,"raft=R22,sensor=a\\,b\\ c",%s,1\nX.tel,raft=R\\=23,1735689602%s,2\nX.tel,,1735689603%s,3\nX.tel,raft,1735689604%s,4\n' $t $s $s $s > s.csv
printf '%s\n' '- {name: last, topic: X.tel, field: raft, func: last}' '- {name: first, topic: X.tel, field: sensor, func: first}' '- {name: n, topic: X.tel, field: v, func: count}' > tags.yaml
expect_rc 1 dbb-efd-join -c tags.yaml -w w -s s.csv
expect_eq "$(jq -r 'select(.column).value' "$OUT" | paste -sd'|')" 'R=23|a,b c|3'
expect_match "$ERR" '"s.csv", line 5: a tag has no value'
# What such a row has of tags is of no other row.
printf 'name,tags,time,v\nX.tel,,%s,1\nX.tel,"raft=R22,b",1735689602%s,2\nX.tel,,1735689603%s,3\n' $t $s $s > s.csv
expect_rc 1 dbb-efd-join -c tags.yaml -w w -s s.csv
expect_eq "$(jq -r 'select(.column).value' "$OUT" | paste -sd'|')" 'null|null|2'

# ---- JSON Lines
row() { printf '{"topic":"X.tel","t_ns":%s,"scale":"utc","f":{"v":%s}}\n' "$1" "$2"; }
{ row $t 1; row '"1735689602000000000"' 2; echo; row 1735689603$s NaN; row 1735689604$s null; echo '{"type":"end","program":"dbb-efd-fetch"}'; } > s.jsonl
reads 0 2,2 s.jsonl
# What some programs begin UTF-8 with is no part of the first line.
{ printf '\xEF\xBB\xBF'; row $t 1; row 1735689602$s 2; } > s.jsonl
reads 0 2,2 s.jsonl
# Numbers beyond the doubles are infinite, as in the other formats; the last of the doubles is not.
greatest=1.7976931348623157e308
digits=$(head -c 400 /dev/zero | tr '\0' 9)
{ row $t 1e400; row 1735689602$s 6; row 1735689603$s -1e400; row 1735689604$s "$digits"; row 1735689605$s '5,"w":"\"1e999"'; } > s.jsonl
reads 0 5,2 s.jsonl
expect_eq "$(got .n_nan)" 3,3
{ row $t 1e400; row 1735689602$s $greatest; } > s.jsonl
reads 0 1.7976931348623157e+308,1 s.jsonl
{ row $t 1; row '"x"' 2; row 1.5 2; echo '{"topic":"X.tel","t_ns":1,"f":[1]}'; echo '[]'; row $t 9 | head -c 40; } > s.jsonl
reads 1 1,1 s.jsonl
for problem in '2: "t_ns" must be an integer' '3: "t_ns" must be an integer' '4: the sample has no fields' '5: the sample is no JSON object' '6: not a JSON value'; do
  expect_match "$ERR" "\"s.jsonl\", line $problem"
done

# ---- saved responses of InfluxDB
# result [KEYS]                   of one row
result() { printf '{"results":[{"statement_id":0,"series":[{"name":"X.tel","columns":["time","v"],"values":[[%s,4]]}]%s}]}' $t "${1:-}"; }
result > s.json
reads 0 4,1 s.json
result | sed 's/,4\]\]/,1e400],[1735689602000000000,7]]/' > huge.json
reads 0 7,1 huge.json
expect_eq "$(got .n_nan)" 1,1 'of a response'
jq . s.json > pretty.json
reads 0 4,1 pretty.json
jq -c '{body: .}' s.json > body.json
reads 0 4,1 body.json
# In chunks, an object a line; the last one says that no more follow.
{ result ',"partial":true'; echo; result | sed 's/1735689601/1735689602/'; echo; } > s.json
reads 0 4,2 s.json
{ result ',"partial":true'; echo; result ',"partial":true'; echo; } > s.json
refuses 4 '"s.json": the response ends early: its last line says that more rows follow' s.json
{ result ',"partial":true'; echo; result | head -c 60; echo; } > s.json
refuses 4 '"s.json": not a JSON value' s.json
expect_match "$ERR" 'hint: save the whole response anew'
{ result ',"partial":true'; printf '\n{"results":[{"statement_id":0,"error":"shard is gone"}]}\n'; } > s.json
refuses 4 '"s.json": the response says: shard is gone' s.json
echo '{"error":"database not found: efd"}' > s.json
refuses 4 '"s.json": the response says: database not found' s.json
# In one piece nobody can know whether that is all.
result ',"partial":true' > s.json
reads 3 4,1 s.json
expect_match "$ERR" '"s.json" says that it is a part of a response'
expect_match "$ERR" 'hint: ask with chunked=true'
result | sed 's/1735689601000000000/"2025-01-01T00:00:01Z"/' > s.json
refuses 4 '"s.json": "time" must be an integer' s.json
result | sed 's/,4]/]/' > s.json
refuses 4 'a row has not as many values' s.json
echo '{"series":[]}' > s.json
refuses 4 'it is no response of InfluxDB' s.json

# ---- times before 1972, when there was no UTC of whole seconds; TAI has been there since 1970
printf '{"id":1,"begin_tai_ns":1,"end_tai_ns":70000000%s}\n' $s > old
printf 'X.tel v=1 63071999%s\nX.tel v=2 63072000%s\n' $s $s > s.lp
printf 'time,v\n63071999%s,1\n63072000%s,2\n' $s $s > s.csv
{ row 63071999$s 1; row 63072000$s 2; } | sed 's/"scale":"utc",//' > s.jsonl
for file in s.lp s.csv s.jsonl; do
  expect_rc 1 dbb-efd-join -c c.yaml -w old -s $file --csv-topic X.tel --scale utc
  expect_eq "$(got .value)" 2,1 "$file"
  expect_eq "$(jq -r 'select(.column == "n") | .t_first_tai' "$OUT")" 1972-01-01T00:00:10.000000000
  expect_match "$ERR" "\"$file\", line [12]: .* is not between 1972, when UTC as it is now began, and 2100"
  expect_rc 0 dbb-efd-join -c c.yaml -w old -s $file --csv-topic X.tel --scale tai
  expect_eq "$(got .n)" 2,2 "$file"
done
result | sed "s/$t/63071999$s/" > s.json
expect_rc 4 dbb-efd-join -c c.yaml -w old -s s.json --scale utc
expect_match "$ERR" 'is not between 1972'
expect_rc 0 dbb-efd-join -c c.yaml -w old -s s.json --scale tai
expect_eq "$(got .n)" 1,1
sed 's/field: v/field: v, time_field: own, time_scale: utc/' c.yaml > own.yaml
printf 'X.tel v=1,own=63071999.5 %s\nX.tel v=2,own=63072000.5 %s\n' $t $t > s.lp
expect_rc 0 dbb-efd-join -c own.yaml -w old -s s.lp
expect_eq "$(got .value)" 2,1

# ---- files that are none
for format in lp jsonl csv; do
  : > "empty.$format"
  expect_rc 0 dbb-efd-join -c c.yaml -w w -s "empty.$format" --csv-topic X.tel
  expect_eq "$(got .reason)" no_such_topic,no_such_topic "nothing in $format"
done
: > empty.json
refuses 4 '"empty.json": not a JSON value' empty.json
for format in lp jsonl csv json; do
  mkdir "folder.$format"
  refuses 4 '"folder.'$format'" is a folder' "folder.$format" --csv-topic X.tel
  expect_match "$ERR" 'hint: look at what --samples names'
done
printf 'X.tel v=1 %s\n' $t | gzip > s.lp.gz
refuses 2 '"s.lp.gz": the file is compressed' s.lp.gz
expect_match "$ERR" 'hint: zcat'
cp s.lp.gz packed.lp
refuses 2 '"packed.lp": the file is compressed' packed.lp
for format in csv json; do refuses 2 'the file is compressed' s.lp.gz --format $format --csv-topic X.tel; done
zcat s.lp.gz > "$CASE_IO/plain"
expect_rc 0 dbb-efd-join -c c.yaml -w w -s - --format lp < "$CASE_IO/plain"
expect_eq "$(got .value)" 1,1

# ---- Standard input that is a file is read again from where it began, when samples come too late for one pass.
awk -v s="$s" 'BEGIN { print "passed over"; for (i = 1; i < 5000; i++) printf "X.tel v=%d %d%s\n", i, 1735689600 + (i % 1000 ? i : 0), s }' > late.lp
echo '{"id":1,"begin_tai_ns":1735689600000000000,"end_tai_ns":1735699600000000000}' > long
tail -n +2 late.lp > "$CASE_IO/late.lp"
dbb-efd-join -c c.yaml -w long -s "$CASE_IO/late.lp" > expected
expect_eq "$(jq -r 'select(.column).n' expected | sort -u)" 4996
for jobs in 1 3; do
  { read -r _; expect_rc 0 dbb-efd-join -c c.yaml -w long -s - --format lp -j $jobs; } < late.lp
  cmp "$OUT" expected || fail "other values of standard input with -j $jobs"
done
