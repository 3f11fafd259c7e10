#!/bin/bash
# Chains of a repository that is converted in parts are those of one that is converted in one go, and what differs is told.
. "$DBB_CLI_LIB"

python3 "$DBB_ROOT/tests/gen2/make_gen2.py" --camera hsc gen2 > log
chains() { dbb-repo show "$1" collections | jq -c 'select(.collection_type == "CHAINED") | [.name, .children]'; }
visits() { dbb-visits --repo "$1" < /dev/null > visits.jsonl 2> messages || [ $? = 3 ]; } # without regions
scan() { dbb-gen2-scan gen2 "$@" || [ $? = 3 ]; } # some files need somebody's look
# convert REPO [SCAN-OPTION...]
convert() {
  local repo=$1
  shift
  scan "$@" > part
  dbb-convert --repo "$repo" < part > receipts 2> messages || [ $? = 3 ] || fail "convert $*: $(tail -n 3 messages)"
}
scan > plan
for repo in once parts; do
  make_repo $repo HSC
  convert $repo --dataset-type raw
  visits $repo
done
# The chains of one are those of one go, since none was made before.
sqlite3 once/gen3.sqlite3 "DELETE FROM collection_chain; DELETE FROM collection WHERE type = 3"
convert once
convert parts --dataset-type src
convert parts
diff <(chains once) <(chains parts) || fail 'other chains'
name=HSC/runs/RC/w_2021_02/DM-28282-sfm
expect_eq "$(chains once | jq -c "select(.[0] == \"$name\")[1][:3]")" "[\"$name/direct\",\"HSC/runs/t/direct\",\"HSC/raw/all\"]"
convert parts
expect_eq "$(jq -r 'select(.type == "collection").convert.outcome' receipts | sort -u)" existing
expect_rc 0 dbb-convert --repo parts --verify < plan
expect_rc 0 dbb-repo check parts

# What somebody has arranged stays, and is told.
order() { sql parts "SELECT group_concat(name, ' ') FROM (SELECT c.name FROM collection_chain m JOIN collection p ON p.collection_id = m.parent JOIN collection c ON c.collection_id = m.child WHERE p.name = '$name' ORDER BY position)"; }
read -r first second rest <<< "$(order)"
sqlite3 parts/gen3.sqlite3 "UPDATE collection_chain SET position = -1 WHERE parent = (SELECT collection_id FROM collection WHERE name = '$name') AND child = (SELECT collection_id FROM collection WHERE name = '$second')"
expect_eq "$(order)" "$second $first $rest"
convert parts
expect_eq "$(order)" "$second $first $rest"
expect_rc 3 dbb-convert --repo parts --verify < plan
expect_eq "$(jq -c 'select(.type == "difference") | [.kind, .name, .gen2[:2], .gen3[:2], .message]' "$OUT")" \
  "[\"chain\",\"$name\",[\"$first\",\"$second\"],[\"$second\",\"$first\"],\"its children are in another order than those of the line\"]"
# A child that is lacking, of those that exist and of others
sqlite3 parts/gen3.sqlite3 "DELETE FROM collection_chain WHERE parent = (SELECT collection_id FROM collection WHERE name = '$name') AND position = -1"
expect_rc 3 dbb-convert --repo parts --verify < plan
expect_eq "$(jq -c 'select(.type == "difference") | [.kind, .name, .message]' "$OUT")" "[\"chain\",\"$name\",\"it lacks $second\"]"
echo '{"type":"collection","name":"'"$name"'","collection_type":"CHAINED","children":["nowhere"]}' > line
expect_rc 3 dbb-convert --repo parts --verify < line
expect_eq "$(jq -c 'select(.type == "difference") | [.kind, .message]' "$OUT")" '["missing","it lacks nowhere"]'
convert parts
expect_eq "$(order)" "$first $second $rest"
