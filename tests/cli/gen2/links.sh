#!/bin/bash
# Links to folders: those that people use are followed, and folders that link to each other end the scan.
. "$DBB_CLI_LIB"

cp -r "$DBB_TEST_DATA/gen2/latiss" gen2
told() { jq -r --arg path "$1" 'select(.gen2.path == $path) | .reason + " " + ((.notes // [])[0] // "")' "$OUT"; }
again='not_regular the link leads to a folder that was gone through by another one'

# A raw tree that is a link, and one that has a second name
mv gen2/raw archive
ln -s ../archive gen2/raw
expect_rc 0 dbb-gen2-scan gen2
expect_eq "$(told raw/2018-09-20/3018092000065-det000.fits)" 'ok '
rm gen2/raw
mv archive gen2/raw
ln -s raw gen2/linked
expect_rc 3 dbb-gen2-scan gen2
expect_eq "$(told raw/2018-09-20/3018092000065-det000.fits)" 'ok '
expect_match "$OUT" '"path":"linked/2018-09-20/3018092000065-det000.fits"'
ln -s raw gen2/more
expect_rc 3 dbb-gen2-scan gen2
expect_eq "$(told more)" "$again"
rm gen2/linked gen2/more

# Two reruns with links to a folder of their parent
for rerun in one two; do
  mkdir -p gen2/rerun/base/config gen2/rerun/$rerun
  ln -sfn ../.. gen2/rerun/base/_parent
  ln -s ../base gen2/rerun/$rerun/_parent
  ln -s ../base/config gen2/rerun/$rerun/config
done
echo x > gen2/rerun/base/config/processCcd.py
expect_rc 0 dbb-gen2-scan gen2
for rerun in base one two; do
  expect_eq "$(jq -r --arg r "rerun/$rerun" 'select(.gen2.repo == $r and .action == "convert") | .dataset_type' "$OUT")" processCcd_config
done

# 2^30 paths, and folders that all link to each other
mkdir gen2/x
for i in {1..30}; do
  mkdir "gen2/x/$i"
  for link in a b; do ln -s "../$((i + 1))" "gen2/x/$i/$link"; done
done
echo x > gen2/x/30/file
rm gen2/x/30/a gen2/x/30/b
mkdir gen2/y
for i in {1..11}; do
  mkdir "gen2/y/$i"
  for j in {1..11}; do [ "$i" = "$j" ] || ln -s "../$j" "gen2/y/$i/$j"; done
done
expect_rc 3 timeout 60 dbb-gen2-scan gen2
expect_eq "$(told x/1/b)" "$again"
expect_match "$OUT" '"path":"x/30/file"'
[ "$(wc -l < "$OUT")" -lt 1000 ] || fail "$(wc -l < "$OUT") lines"
expect_eq "$(jq -r 'select(.gen2).gen2.path' "$OUT" | sort | uniq -d)" ''
