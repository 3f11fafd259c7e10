#!/bin/bash
# examples/gen2-weekly.sh: raws, then visits, then what needs them, verified; a second run changes nothing, and what a rule
# leaves out or nobody has decided is told by the status.
. "$DBB_CLI_LIB"

cp -r "$DBB_TEST_DATA/gen2/imsim" gen2
mkdir -p gen2/rerun/{shared/t,private/u1/x}
ln -s ../../.. gen2/rerun/shared/t/_parent
ln -s ../../../.. gen2/rerun/private/u1/x/_parent
calexp=calexp/00204595-i_sim_1.4/R11/calexp_00204595-i_sim_1.4-R11-S20-det042.fits
for rerun in shared/t private/u1/x; do
  mkdir -p "gen2/rerun/$rerun/$(dirname $calexp)"
  echo data > "gen2/rerun/$rerun/$calexp"
done
cat > rules.yaml << 'YAML'
rules: 1
owner: nobody
include: [{id: all, kind: permanent, reason: wanted, paths: "**"}]
exclude: [{id: private, kind: permanent, reason: belongs to users, reruns: ["private/**"]}]
YAML
make_repo repo LSSTCam-imSim
weekly() { # STATUS [NAME=VALUE...]
  local want=$1
  shift
  expect_rc "$want" env GEN2=gen2 REPO=repo STATE=state RULES=rules.yaml "$@" "$DBB_ROOT/examples/gen2-weekly.sh"
}
stored() { sql repo "SELECT t.name || ' ' || count(*) FROM dataset d JOIN dataset_type t ON t.id = d.dataset_type_id GROUP BY t.name ORDER BY t.name" | tr '\n' ' '; }

remember gen2
weekly 0
expect_unchanged gen2
expect_eq "$(stored)" 'bias 1 calexp 1 dark 1 flat 1 raw 1 '
expect_eq "$(sql repo 'SELECT id FROM visit')" 204595
expect_match "$OUT" '^ +4 existing$'
expect_match "$OUT" '^ +1 done$' # the output that had to wait for its visit
expect_empty state/left-over.jsonl
expect_eq "$(jq -c 'select(.type == "difference")' state/verified.jsonl)" ''
expect_match "$ERR" 'gets no chain: private/u1/x$'

weekly 0
expect_match "$OUT" '^ +5 existing$'
expect_eq "$(stored)" 'bias 1 calexp 1 dark 1 flat 1 raw 1 '

# One at a time.
exec 8> state/lock
flock 8
weekly 75
exec 8>&-

# What nobody has decided, what is broken, and what can't be used.
sed -i 's/paths: "\*\*"/repos: [root, calib]/' rules.yaml
weekly 3
expect_match "$OUT" ' UNDECIDED no_rule$'
rm gen2/raw/204595/R11/00204595-R11-S20-det042.fits
weekly 1
expect_match "$OUT" ' NOT_CONVERTIBLE missing_file$'
weekly 4 REPO=nowhere
weekly 4 GEN2=nowhere
weekly 2 RULES=nowhere
