# Helpers for the cases of dbb-repo: repositories of tests/data/gen3, and the damages of tests/data/damages.tsv.
# shellcheck shell=bash

# load_repo NAME DIR     a repository of tests/data/gen3 with a stand-in of the recorded size for each file
load_repo() {
  local name=$1 dir=$2 files=$PWD/$2-files size path
  mkdir "$dir" "$files"
  cp "$DBB_TEST_DATA/gen3/butler.yaml" "$dir"
  zcat "$DBB_TEST_DATA/gen3/$name.sql.gz" | sed "s|file:///FILES/|file://$files/|" | sqlite3 "$dir/gen3.sqlite3"
  sql "$dir" "SELECT max(file_size, 0) || char(9) || path FROM file_datastore_records" | while IFS=$'\t' read -r size path; do
    case $path in
      file://*) path=${path#file://}; printf -v path '%b' "${path//%/\\x}" ;;
      *) path=$dir/$path ;;
    esac
    mkdir -p "${path%/*}"
    truncate -s "$size" "$path"
  done
}

# names_of REPORT        names of the damages in a report, sorted, each once, with commas between them
names_of() {
  jq -r 'select(.type == "damage") | .damage' "$1" | sort -u | paste -sd,
}

# damage PART PARTS      every PARTS-th row of damages.tsv, beginning with row PART (of these every STEP-th): seed it in a fresh copy, find it by
#                        its name and nothing else, mend it where that is said to be possible
damage() {
  local part=$1 parts=$2 row=0 base names repairable seed
  declare -A loaded
  while IFS=$'\t' read -r base names repairable seed; do
    [[ $base && $base != \#* ]] || continue
    row=$((row + 1))
    [[ $((row % parts)) = "$part" && $((row / parts % STEP)) = 0 ]] || continue
    [ -n "${loaded[$base]:-}" ] || { load_repo "$base" "$base"; loaded[$base]=1; }
    rm -rf repo
    cp -r "$base" repo
    damage_one "$names" "$repairable" "$seed"
  done < "$DBB_TEST_DATA/damages.tsv"
  echo "$row rows"
}

damage_one() {
  local names=$1 repairable=$2 seed=$3 want
  echo "$names: $seed" >&2
  (cd repo && set +e && PATH=$CASE_IO/bin:$PATH && eval "$seed") > seed.log 2>&1
  want=$(tr ',' '\n' <<< "$names" | sort | paste -sd,)
  expect_rc 5 dbb-repo check repo
  expect_eq "$(names_of "$OUT")" "$want" "damage found after: $seed; $(cat seed.log)"
  expect_eq "$(tail -n 1 "$OUT" | jq -r .type)" end "last line"
  jq -es 'map(select(.type == "damage")) | all((.remedy | length > 10) and (.message | length > 10) and (.message |
    contains("\n") | not) and (.where | length > 0) and (has("repair") | not))' "$OUT" > /dev/null || fail "a line lacks something after: $seed"

  remember repo
  expect_rc 5 dbb-repo check --repair -n repo
  expect_eq "$(names_of "$OUT")" "$want" "dry run after: $seed"
  expect_eq "$(jq -r 'select(.repair) | .repair.outcome' "$OUT" | sort -u)" "$([ "$repairable" = no ] || echo planned)" "planned after: $seed"
  expect_unchanged repo
  case $repairable in
    yes)
      expect_rc 0 dbb-repo check --repair repo
      expect_eq "$(jq -r 'select(.type == "damage") | .repair.outcome' "$OUT" | sort -u)" 'done' "mended after: $seed"
      expect_rc 0 dbb-repo check repo
      expect_eq "$(wc -l < "$OUT")" 1 "lines after mending: $seed"
      ;;
    no)
      expect_rc 5 dbb-repo check --repair repo
      expect_eq "$(names_of "$OUT")" "$want" "after --repair of: $seed"
      expect_unchanged repo
      ;;
    *) fail "\"$repairable\" is neither yes nor no" ;;
  esac
}

# What seeds can use, with the repository as working folder.
mkdir -p "$CASE_IO/bin"
cat > "$CASE_IO/bin/q" <<'EOF'
#!/bin/sh
# q STATEMENT...   run SQL without foreign keys; @raw stands for the id of a raw dataset, @run for its run
raw=$(sqlite3 gen3.sqlite3 "SELECT d.id FROM dataset AS d JOIN dataset_type AS t ON t.id=d.dataset_type_id JOIN dataset_location AS l ON l.dataset_id=d.id JOIN file_datastore_records AS r ON r.dataset_id=d.id WHERE t.name='raw' AND r.path NOT LIKE 'file:%' ORDER BY d.id LIMIT 1")
run=$(sqlite3 gen3.sqlite3 "SELECT run_id FROM dataset WHERE id='$raw'")
for statement; do
  printf '%s;\n' "$statement" | sed "s/@raw/'$raw'/g; s/@run/$run/g" | sqlite3 -cmd '.output /dev/null' -cmd '.dbconfig defensive off' -cmd '.output stdout' gen3.sqlite3 || exit 1
done
EOF
cat > "$CASE_IO/bin/raw_file" <<'EOF'
#!/bin/sh
# raw_file   path of a raw file inside the datastore
sqlite3 gen3.sqlite3 "SELECT r.path FROM dataset AS d JOIN dataset_type AS t ON t.id=d.dataset_type_id JOIN dataset_location AS l ON l.dataset_id=d.id JOIN file_datastore_records AS r ON r.dataset_id=d.id WHERE t.name='raw' AND r.path NOT LIKE 'file:%' ORDER BY d.id LIMIT 1"
EOF
chmod +x "$CASE_IO/bin/q" "$CASE_IO/bin/raw_file"
