#!/bin/bash
# Indexes: written as upstream's command writes them, read in place of files and sidecars, and reported once where they can't be.
. "$DBB_CLI_LIB"

sidecars=$DBB_TEST_DATA/sidecars
mkdir hsc && cp "$sidecars"/[ab].yaml hsc
expect_rc 0 dbb-describe --write-index hsc/b.yaml hsc/a.yaml
# NaN has no place in JSON; in the entries the order of keys is arbitrary upstream.
sorted() { sed 's/NaN/"NaN"/g' "$1" | jq -S .; }
diff <(sorted hsc/_index.json) <(sorted "$sidecars/_index.json") || fail "the index is not upstream's"
expect_eq "$(sed 's/, "a.yaml": .*//' hsc/_index.json)" "$(sed 's/, "a.yaml": .*//' "$sidecars/_index.json")" "text of what is common"
# One file has all in common with itself.
mkdir one && cp "$sidecars/a.yaml" one
expect_rc 0 dbb-describe --write-index one/a.yaml
expect_eq "$(jq -c '[."a.yaml", .__COMMON__.object]' one/_index.json)" '[{},"STRIPE82L"]'
# upstream's index is read
cp "$sidecars/_index.json" hsc
dbb-describe --no-search-indexes hsc/a.yaml hsc/b.yaml | jq -c 'select(.uri) | del(.describe)' > fresh
expect_rc 0 dbb-describe hsc/a.yaml hsc/b.yaml
expect_eq "$(jq -c 'select(.uri) | del(.describe)' "$OUT")" "$(cat fresh)" "lines from the index"
expect_eq "$(jq -r 'select(.uri).describe.from' "$OUT" | sort -u)" "$PWD/hsc/_index.json"

# A folder with an index is ingested without opening a file.
mkdir raws && cp "$DBB_EXAMPLES"/LSSTCam/*.fits raws
dbb-scan raws | dbb-describe --write-index | jq -c 'select(.uri) | [.uri, .data_id, .records]' > fresh
make_repo repo
# Leaks can't be looked for in a traced process.
ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -o trace -e trace=openat,open dbb-ingest --repo repo -t direct raws > receipts
expect_no_match trace 'raws/.*\.fits'
expect_eq "$(jq -c 'select(.uri) | [.uri, .data_id, .records]' receipts)" "$(cat fresh)"
expect_eq "$(jq -r 'select(.uri).ingest.outcome' receipts | sort | uniq -c | tr -s ' ')" ' 3 done'
# A named index stands for the files that it names: as an argument, and as a line
expect_rc 0 dbb-scan raws/_index.json
expect_eq "$(jq -r 'select(.uri).uri' "$OUT" | sort)" "$(find "$PWD/raws" -name '*.fits' | sort)"
expect_rc 0 dbb-ingest --repo repo -t direct raws/_index.json
expect_eq "$(grep -c existing "$OUT")" 3
echo "{\"type\":\"file\",\"uri\":\"$PWD/raws/_index.json\"}" | expect_rc 0 dbb-describe
expect_eq "$(grep -c data_id "$OUT")" 3
# The index wins over a sidecar; what it does not name is read by itself.
file=$(cd raws && find . -name '*R10-S02*' -printf '%f')
echo '{"__CONTENT__":"translated"}' > "raws/${file%.fits}.json"
expect_rc 0 dbb-describe "raws/$file"
expect_rc 1 dbb-describe --no-search-indexes "raws/$file"
expect_rc 0 dbb-describe --no-search-indexes --no-sidecars "raws/$file"
rm "raws/${file%.fits}.json"
cp "$DBB_EXAMPLES"/LATISS/*.fits raws
expect_rc 0 dbb-describe raws
expect_eq "$(jq -c 'select(.uri) | .describe.from != null' "$OUT" | sort | uniq -c | tr -s ' ' | paste -sd,)" ' 1 false, 3 true'

# Written again it takes more files in, and drops those that are gone.
rm raws/*R22-S21*
expect_rc 0 dbb-describe --write-index raws/3018092000065-det000.fits
expect_eq "$(jq -r 'keys[]' raws/_index.json | grep -c fits)" 3
expect_eq "$(jq -r 'keys[]' raws/_index.json | grep -c R22-S21 || true)" 0
expect_rc 0 dbb-describe raws
expect_eq "$(jq -c 'select(.uri) | .describe.from != null' "$OUT" | sort -u)" true
# Many folders at a time, with several threads
for i in $(seq 40); do mkdir -p "many/$i" && cp "$sidecars"/[ab].yaml "many/$i"; done
{ printf '%s\n' many/*/a.yaml; printf '%s\n' many/*/b.yaml; } | dbb-scan --paths | expect_rc 0 dbb-describe -j 3 --write-index
for i in $(seq 40); do diff <(sorted "many/$i/_index.json") <(sorted "$sidecars/_index.json") || fail "index of folder $i"; done

# An index that can't be read is reported once, and its files are read themselves.
for text in nothing '{"x":{}}' '{"__COMMON__":3}' '{"__COMMON__":{},"a":3}' '{"__COMMON__":{},"../a":{}}' \
  '{"__COMMON__":{},"__CONTENT__":"secret"}'; do
  echo "$text" > raws/_index.json
  rm -f rejects
  expect_rc 1 dbb-describe --rejects rejects -j 2 raws
  expect_eq "$(grep -c data_id "$OUT")" 3 "files in spite of $text"
  expect_eq "$(jq -c '[.uri, .error.code]' rejects)" "[\"$PWD/raws/_index.json\",\"BAD_INDEX\"]" "$text"
  expect_rc 1 dbb-ingest --repo repo -t direct raws
  expect_eq "$(grep -c '"ingest":' "$OUT")" 3 "files ingested in spite of $text"
done
expect_rc 1 dbb-scan --rejects rejects raws/_index.json
# The reject can be tried again.
rm raws/_index.json
dbb-scan raws | dbb-describe --write-index > lines
tail -n 1 rejects | expect_rc 0 dbb-describe
expect_eq "$(grep -c data_id "$OUT")" 3 "files of the mended index"
# … or the index written anew.
echo '{ bad' > raws/_index.json
expect_rc 0 dbb-describe --write-index raws
expect_match "$ERR" 'written anew'
expect_eq "$(jq -r 'keys[]' raws/_index.json | grep -c fits)" 3
# What is no file at all is a bad index, too.
mkdir odd && cp "$DBB_EXAMPLES"/LATISS/*.fits odd/a.fits && mkfifo odd/_index.json
expect_rc 1 dbb-describe --rejects odd.rejects odd
expect_eq "$(jq -r .error.code odd.rejects)" BAD_INDEX
# … and one that is larger than any should be, and a link that leads nowhere is not written over.
mkdir large && cp "$DBB_EXAMPLES"/LATISS/*.fits large/a.fits && truncate -s 65M large/_index.json
expect_rc 1 dbb-describe --rejects large.rejects large
expect_eq "$(jq -r .error.code large.rejects)" BAD_INDEX
expect_eq "$(grep -c data_id "$OUT")" 1
mkdir linked && cp "$DBB_EXAMPLES"/LATISS/*.fits linked/a.fits && ln -s nowhere linked/_index.json
expect_rc 1 dbb-describe --write-index --rejects linked.rejects linked
expect_match linked.rejects 'is a link that leads to no file'
expect_eq "$(readlink linked/_index.json)" nowhere
# Several programs add to one index.
mkdir together
for i in $(seq 12); do cp "$DBB_EXAMPLES"/LATISS/*.fits "together/f$i.fits"; done
for i in $(seq 12); do dbb-describe --write-index "together/f$i.fits" > /dev/null & done
wait
expect_eq "$(jq -r 'keys[]' together/_index.json | grep -c fits)" 12
# One entry that can't be read is not the others'.
jq -c --arg f "$file" '.__CONTENT__ = "translated" | .[$f].colour = 1' raws/_index.json > t && mv t raws/_index.json
rm -f rejects
expect_rc 1 dbb-describe --rejects rejects raws
expect_eq "$(jq -c 'select(.uri) | .describe.from != null' "$OUT" | sort | uniq -c | tr -s ' ' | paste -sd,)" ' 1 false, 2 true'
expect_match rejects 'there is no property ."colour'
# Raw headers of an index do not mix with translated ones.
jq -c '.__CONTENT__ = "metadata"' raws/_index.json > t && mv t raws/_index.json
remember raws/_index.json
expect_rc 1 dbb-describe --write-index --rejects mixed raws
expect_match mixed 'holds raw headers'
expect_unchanged raws/_index.json
# An index without content holds raw headers.
mkdir dumps && printf "%2880s" "" > dumps/h.fits
jq -n '{"__COMMON__": {"TSTAND": "BNL-TS3-2-Janeway", "FILTER": "550CutOn"}, "h.fits": {"FILTER": "wrong", "FILENAME": "x.fits",
  "DATE-OBS": "2018-11-15T12:55:11.149", "MJD-OBS": 58437.5, "LSST_NUM": "E2V-CCD250-411", "EXPTIME": 1.5, "IMGTYPE": "FLAT"}}' > dumps/_index.json
expect_rc 0 dbb-describe dumps/h.fits
expect_match "$ERR" 'does not say what it holds'
expect_eq "$(jq -c 'select(.uri) | [.physical_filter, .data_id.detector, .records.exposure.exposure_time]' "$OUT")" '["550CutOn",433,1.5]'
