#!/bin/bash
# dbb-efd-join -j N says the same as one thread, values and complaints, however the text is cut into parts.
. "$DBB_CLI_LIB"

cat > c.yaml << 'YAML'
- {name: mean, topic: X.tel, field: v}
- {name: last, topic: X.tel, field: w, func: last, index: 2}
- {name: other, topic: Y.tel, field: v, func: asof, tolerance: 1h}
- {name: mode, topic: Y.tel, field: note, func: mode}
YAML
# 3 MB, a dozen parts: two topics, two instances of one, lines that can't be read, rows of equal times, times out of order.
awk 'BEGIN { srand(2); t0 = 1735689600000
  for (i = 0; i < 60000; i++) {
    t = t0 + 50 * i - (i % 100 == 7 ? 4000 : 0) - (i % 50 == 3 ? 50 : 0)
    printf "X.tel v=%.9f,w=%di,salIndex=%di %.0f000000\n", rand(), i, 1 + i % 2, t > "s.lp"
    if (i % 10 == 0) printf "Y.tel,site=s%d v=%.3f %.0f000000\n", i % 3, rand(), t > "s.lp"
    if (i % 9000 == 8999) print "X.tel v=one 1" > "s.lp"
    if (i % 25000 == 0) print "" > "s.lp"
    printf "%.0f000000,%.9f,%d,%d\n", t, rand(), i, 1 + i % 2 > "rows"
    if (i % 9000 == 8999) print "1735689600000000000,2" > "rows"
  }
  for (i = 0; i < 100; i++) printf "{\"id\":%d,\"begin_tai_ns\":%.0f000000,\"end_tai_ns\":%.0f000000}\n", i, t0 + 37000 + 30000 * i, t0 + 47000 + 30000 * i > "w" }'
# The same with a text that has a line's end in it, in the middle; without a last line's end; as CSV; with a second block.
{ head -n 30000 s.lp; printf 'Y.tel note="a \\"b\\"\nc" 1735690600000000000\n'; tail -n +30001 s.lp; } > quoted.lp
head -c -1 s.lp > open.lp
head -c -9 s.lp > cut.lp # within the last time stamp
# A line that is too long, behind a text that is never closed
{ head -n 100 s.lp; echo 'Y.tel note="'; awk 'BEGIN { printf "X.tel v=1"; for (i = 0; i < 300000; i++) printf ",z=1"; print " 1735689600000000000" }'; tail -n +101 s.lp; } > wide.lp
{ seq -f 'garbage line %.0f' 3000; cat s.lp; seq -f 'garbage line %.0f' 60; seq -f 'Z.tel v=%.0f' 60; } > garbage.lp
{ echo time,v,w,salIndex; cat rows; } > s.csv
{ echo name,tags,time,v,w,salIndex; sed 's/^/X.tel,,/' rows; echo; echo name,tags,time,v; sed -n 's/^\([0-9]*,[^,]*\),.*/Y.tel,,\1/p' rows; } > blocks.csv
{ echo time,v,w,note; sed 's/,1$/,calm/; s/,2$/,wild/' rows; } > words.csv
{ echo '"time",v,w,salIndex'; cat rows; } > header.csv
{ head -n 20000 s.csv; sed -n '20000s/[^,]*$/"a\n,7\n"/p' s.csv; tail -n +20001 s.csv; } > lines.csv
{ head -n 20000 s.csv; sed -n '20000s/[^,]*$/"a/p' s.csv; tail -n +20001 s.csv; } > open.csv
head -c 300000 rows | tr -d '\n' > long.csv
# A second block whose header is none, behind lines that can't be read; with tags
{ echo name,tags,time,v,w,salIndex; sed 's/^/X.tel,,/' rows; echo 17; echo; echo v,w; cat rows; } > lost.csv
{ echo name,tags,time,v,w,salIndex; awk 'NR % 1000 == 0 { print "X.tel,note," $0; next } { print "X.tel,note=" NR % 3 "," $0 }' rows; } > tags.csv
# Blank lines, and another header, of plain CSV
{ echo time,v,w,salIndex; awk '{ print } NR % 9000 == 0 { print "" }' rows; echo; echo v,w; cat rows; } > blank.csv
# Many blocks of InfluxDB's CSV, small and large ones, the time not always in the same place of the row
awk -F, 'function header(topic) { print topic == "X.tel" ? "name,tags,time,v,w,salIndex" : "name,tags,other,time,v" }
  BEGIN { size = 20000 }
  { if (n == 0) { if (topic != "") print ""; topic = topic == "X.tel" ? "Y.tel" : "X.tel"; header(topic) }
    if (NF == 4) print topic == "X.tel" ? topic ",," $0 : topic ",," $3 "," $1 "," $2
    if (++n == size) { n = 0; size = NR < 30000 ? 7 : 9000 } }' rows > many.csv
# InfluxDB's CSV, then plain CSV that has the same first columns, with lines between that look like headers
{ echo name,tags,time,v,w,salIndex; awk 'NR == 2000 { print "\nname,tag,time,v,w,salIndex" } { print "X.tel,," $0 } NR > 2000 && NR % 1000 == 500 { print "" }' rows; } > guess.csv
# A header that is none of InfluxDB's
{ echo name,tags,time,v,w,salIndex; awk 'NR == 9000 { printf "\n\357\273\277\357\273\277name,tags,time,v,w,salIndex\n" } { print (NR < 9000 ? "X.tel,," : "Y.tel,,") $0 }' rows; } > mark.csv
# Cut within the last time stamp: by one digit; behind many lines that nobody asks for
awk 'BEGIN { for (i = 0; i < 12000; i++) printf "X.tel v=1,w=1i,salIndex=2i %d000000000\n", 1735689600 + i; printf "X.tel v=5,w=7i,salIndex=2i 173570160000000000" }' > rising.lp
{ echo 'X.tel v=1,w=1i,salIndex=2i 1735689640000000000'; seq -f 'Z.tel v=%.0f 1735689640000000000' 20000; printf 'X.tel v=5,w=7i,salIndex=2i 173568964000000000'; } > others.lp

some='2 5'
! is_sanitized || some=3
for samples in s.lp quoted.lp open.lp cut.lp wide.lp garbage.lp s.csv blocks.csv words.csv header.csv lines.csv open.csv long.csv lost.csv tags.csv blank.csv many.csv guess.csv mark.csv rising.lp others.lp; do
  rc=0
  dbb-efd-join -c c.yaml -s $samples --csv-topic X.tel -w w > one 2> one.err || rc=$?
  for jobs in $some; do
    expect_rc $rc dbb-efd-join -c c.yaml -s $samples --csv-topic X.tel -w w -j "$jobs"
    cmp "$OUT" one || fail "$samples: other values with -j $jobs"
    cmp "$ERR" one.err || fail "$samples: other complaints with -j $jobs"
  done
  # A pipe is read by one thread, which hands its parts to the others.
  ! is_sanitized || [[ $samples =~ ^(s|open|quoted|many|lost)\. ]] || continue
  for jobs in 1 3; do
    from_pipe=0
    cat $samples | dbb-efd-join -c c.yaml -s - --format "${samples#*.}" --csv-topic X.tel -w w -j $jobs > piped.$jobs 2> piped.err.$jobs \
      || from_pipe=$?
    expect_eq "$from_pipe" "$rc"
  done
  cmp piped.1 piped.3 || fail "$samples: other values from a pipe"
  cmp piped.err.1 piped.err.3 || fail "$samples: other complaints of a pipe"
done
for samples in cut rising others; do
  dbb-efd-join -c c.yaml -s $samples.lp -w w -j 2 > one 2> one.err || true
  expect_match one.err "the input ends within its time stamp|more of kind BAD_SAMPLE"
done
dbb-efd-join -c c.yaml -s garbage.lp -w w -j 2 > one 2> one.err || true
expect_match one.err '3061 more of kind BAD_SAMPLE are not shown'
dbb-efd-join -c c.yaml -s wide.lp -w w -j 2 > one 2> one.err || true
expect_match one.err '"wide.lp", line 102: it is too long'
dbb-efd-join -c c.yaml -s s.lp -w w -j 2 > one 2> one.err || true
expect_eq "$(jq -r 'select(.column == "other" and .status == 0) | .id' one | wc -l)" 100
expect_match one.err '"s.lp", line [0-9]+: a value is no number'
# From a file as standard input, of which something was read before, and several files.
expect_rc 1 dbb-efd-join -c c.yaml -s - --format lp -w w -j 3 < <(cat s.lp)
tail -n +501 s.lp | dbb-efd-join -c c.yaml -s - --format lp -w w > rest || true
{ for _ in {1..500}; do read -r _; done; expect_rc 1 dbb-efd-join -c c.yaml -s - --format lp -w w -j 3; } < s.lp
cmp "$OUT" rest || fail 'other values of the rest of a file'
rc=0
dbb-efd-join -c c.yaml -s s.csv -s quoted.lp --csv-topic X.tel -w w > one 2> one.err || rc=$?
expect_rc $rc dbb-efd-join -c c.yaml -s s.csv -s quoted.lp --csv-topic X.tel -w w -j 3
cmp "$OUT" one || fail 'other values of several files'
cmp "$ERR" one.err || fail 'other complaints about several files'
# A part that can't be read as it is gone half way: nothing is told of what was read.
expect_rc 4 dbb-efd-join -c c.yaml -s s.lp -s gone.lp -w w -j 2
expect_empty "$OUT"
