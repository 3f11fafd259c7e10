#!/bin/bash
# A file is walked through the stages: without a repository as far as its header goes, with one to its end.
. "$DBB_CLI_LIB"

make_repo repo
cp -r "$DBB_EXAMPLES" raw
touch -d '1 hour ago' raw/damaged/*
file=raw/LSSTCam/3019031900001-R22-S21-det097.fits
outcomes() { jq -r 'select(.stages) | .stages[] | .stage + "=" + .outcome' "$OUT" | tr '\n' ' '; }

# Without a repository.
expect_rc 0 dbb-why "$file"
expect_eq "$(head -n 4 "$OUT")" "$file: nothing is wrong so far
  [ok]     read
  [ok]     recognise  LSSTCam
  [ok]     translate  exposure 3019031900001 (MC_C_20190319_000001), detector 97 (R22_S21), filter unknown"
expect_match "$OUT" '^  \[-\]      register   not looked at; --repo REPO goes on$'
expect_match "$OUT" '^  \[-\]      commit$'
expect_rc 0 dbb-why --json "$file"
expect_eq "$(outcomes)" 'read=ok recognise=ok translate=ok register=not_reached transfer=not_reached commit=not_reached '
expect_eq "$(tail -n 1 "$OUT")" '{"type":"end","program":"dbb-why"}'

# It would ingest: nothing changes, and the answer comes at once.
remember repo raw
start=${EPOCHREALTIME//[!0-9]/}
expect_rc 0 dbb-why --repo repo "$file"
took=$((${EPOCHREALTIME//[!0-9]/} - start))
[ "$took" -lt 1000000 ] || fail "the answer took $took microseconds"
expect_match "$OUT" "^$file: nothing is wrong, dbb-ingest would take it$"
expect_match "$OUT" '^  \[ok\]     transfer   would be stored as LSSTCam/raw/all/raw/20190319/'
expect_rc 0 dbb-why --repo repo --json "$file"
expect_eq "$(outcomes)" 'read=ok recognise=ok translate=ok register=ok transfer=ok commit=ok '
expect_eq "$(jq -r 'select(.planned) | .outcome + " " + .planned.run' "$OUT")" 'planned LSSTCam/raw/all'
expect_unchanged repo raw

# It is ingested: where, since when, in which run.
before=$(date -u +%s)
expect_rc 0 dbb-ingest --repo repo -t copy "$file"
jq -c 'select(.ingest)' "$OUT" > receipt
after=$(date -u +%s)
remember repo raw
expect_rc 0 dbb-why --repo repo "$file"
expect_match "$OUT" "^$file: ingested$"
expect_match "$OUT" "^  stored +$PWD/repo/$(jq -r .ingest.path receipt)$"
expect_match "$OUT" "^  this file +$PWD/$file \(equal in size and header\)$"
expect_match "$OUT" '^  run +LSSTCam/raw/all$'
expect_match "$OUT" "^  id +$(jq -r .id receipt)$"
expect_match "$OUT" '^  since +[0-9-]{10} [0-9:]{8} UTC$'
expect_rc 0 dbb-why --repo repo --json "$file"
since=$(date -u +%s -d "$(jq -r 'select(.ingested) | .ingested.ingest_date_utc' "$OUT")")
[[ $before -le $since && $since -le $after ]] || fail "ingested at $since and not in $before..$after"
expect_eq "$(jq -c 'select(.ingested) | [.outcome, .data_id.detector, .ingested.same_file, .ingested.size]' "$OUT")" \
  "[\"existing\",97,false,$(stat -c %s "$file")]"
# The file in its place is asked for by itself.
expect_rc 0 dbb-why --repo repo --json "repo/$(jq -r .ingest.path receipt)"
expect_eq "$(jq -r 'select(.ingested) | .ingested.same_file' "$OUT")" true
expect_unchanged repo raw

# In another run it would be new; where it is already is told.
expect_rc 0 dbb-why --repo repo --run u/me/trial --json "$file"
expect_eq "$(jq -r 'select(.also) | .outcome + " " + .planned.run + " " + .also[0].run' "$OUT")" 'planned u/me/trial LSSTCam/raw/all'

# The registry has it, but the file has been deleted.
rm "repo/$(jq -r .ingest.path receipt)"
expect_rc 3 dbb-why --repo repo "$file"
expect_match "$OUT" "^$file: ingested, but its file is gone$"
expect_match "$OUT" '^  remedy  '

# A folder: one answer for each of its files; the worst decides.
expect_rc 3 dbb-why --repo repo --json raw
expect_eq "$(jq -r 'select(.type == "why") | .outcome' "$OUT" | sort | uniq -c | tr -s ' ' | tr '\n' ';')" ' 1 existing; 1 failed; 4 planned;'
expect_empty "$ERR"
expect_rc 3 dbb-why raw/damaged/truncated-header.fits "$file"
expect_match "$OUT" "^raw/damaged/truncated-header.fits: HEADER_TRUNCATED$"

# Names: URIs, and bytes that are no UTF-8.
expect_rc 0 dbb-why --json "file://$PWD/$file"
expect_eq "$(jq -r 'select(.uri) | .subject + " " + .uri' "$OUT")" "file://$PWD/$file $PWD/$file"
expect_rc 1 dbb-why --json s3://bucket/key.fits
expect_eq "$(jq -r 'select(.error) | .error.code' "$OUT")" BAD_URI
touch "$(printf 'a\377.fits')"
expect_rc 1 dbb-why --json "$(printf 'a\377.fits')"
expect_eq "$(jq -r 'select(.error) | .error.code' "$OUT")" NAME_NOT_UTF8
