#!/bin/bash
# --after: a command for each exposure that was committed, with an argument vector, a clean environment and a time-out.
# shellcheck disable=SC2016  # nothing is to be expanded by a shell
. "$DBB_CLI_LIB"

make_repo repo
cat > note <<'EOF'
#!/bin/bash
printf '%s\n' "$@" > "args-$DBB_EXPOSURE"
env > "env-$DBB_EXPOSURE"
cat > "stdin-$DBB_EXPOSURE"
echo "said by the command"
EOF
chmod +x note
export SECRET=hunter2
expect_rc 0 dbb-ingest --repo repo -t direct --after './note {EXPOSURE} "a b" {OBS_ID} $HOME x{EXPOSURE} ; rm repo' "$DBB_EXAMPLES/LSSTCam"
# 3019031900001 has two files and gets one call, 3019032200002 another
expect_eq "$(echo args-*)" 'args-3019031900001 args-3019032200002'
expect_eq "$(cat args-3019031900001)" '3019031900001
a b
MC_C_20190319_000001
$HOME
x{EXPOSURE}
;
rm
repo'
expect_eq "$(jq -r .uri stdin-3019031900001 | wc -l)" 2
expect_eq "$(jq -r .ingest.outcome stdin-3019031900001 | sort -u)" 'done'
expect_eq "$(grep -c '^SECRET' env-3019031900001)" 0 || true
expect_no_match env-3019031900001 hunter2
expect_eq "$(grep ^DBB_ env-3019031900001 | sort)" "DBB_DAY_OBS=20190319
DBB_EXPOSURE=3019031900001
DBB_INSTRUMENT=LSSTCam
DBB_OBS_ID=MC_C_20190319_000001
DBB_REPO=$PWD/repo"
# What it prints is no receipt.
expect_eq "$(grep -c 'said by the command' "$OUT" || true)" 0
expect_match "$ERR" 'said by the command'
# Nothing new, nothing to run; nor when nothing is done at all
rm args-*
expect_rc 0 dbb-ingest --repo repo -t direct --after './note {EXPOSURE}' "$DBB_EXAMPLES/LSSTCam"
make_repo fresh
expect_rc 0 dbb-ingest -n --repo fresh -t direct --after './note {EXPOSURE}' "$DBB_EXAMPLES/LSSTCam"
expect_eq "$(echo args-*)" 'args-*'

# One that fails is said; the files are in, and the others go on.
expect_rc 3 dbb-ingest --repo fresh -t direct --after "bash -c 'exit 7'" "$DBB_EXAMPLES/LSSTCam"
expect_eq "$(grep -c '"outcome":"done".*ingest' "$OUT")" 3
expect_eq "$(grep -c 'ended with status 7' "$ERR")" 2
make_repo more
expect_rc 3 dbb-ingest --repo more -t direct --after ./nobody "$DBB_EXAMPLES/LATISS"
expect_match "$ERR" 'could not run "./nobody"'
expect_rc 2 dbb-ingest --repo more -t direct --after "note 'open" "$DBB_EXAMPLES/LATISS"
expect_rc 2 dbb-ingest --repo more -t direct --after "''" "$DBB_EXAMPLES/LATISS"
expect_rc 2 dbb-ingest --repo more -t direct --after 'note {OBSID}' "$DBB_EXAMPLES/LATISS"
expect_match "$ERR" 'no value {OBSID}'
expect_rc 2 dbb-ingest --repo more -t direct --after note --after-timeout 0 "$DBB_EXAMPLES/LATISS"
# A parent that has children ignored
make_repo ignored
expect_rc 3 python3 -c 'import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execvp(sys.argv[1], sys.argv[1:])' \
  dbb-ingest --repo ignored -t direct --after false "$DBB_EXAMPLES/LATISS"
# A command that hangs is stopped, with what it started.
make_repo slow
before=$EPOCHSECONDS
expect_rc 3 dbb-ingest --repo slow -t direct --after-timeout 1s --after "bash -c 'sleep 77.7 & sleep 77.7'" "$DBB_EXAMPLES/LATISS"
[ $((EPOCHSECONDS - before)) -lt 20 ] || fail "it was not stopped in time"
expect_match "$ERR" 'took longer than 1 s'
! pgrep -f 'sleep 77[.]7' > /dev/null || fail "what the command started goes on"
# Who is asked to stop ends the command that runs and begins no other; both are said.
make_repo asked
dbb-ingest --repo asked -t direct --after "bash -c 'touch began; sleep 78.8'" "$DBB_EXAMPLES/LSSTCam" > asked.out 2> asked.err &
pid=$!
for _ in $(seq 100); do [ -e began ] && break; sleep 0.1; done
kill -TERM $pid
rc=0
wait $pid || rc=$?
expect_eq "$rc" 143
expect_eq "$(grep -c 'after for exposure' asked.err)" 2
expect_match asked.err 'was not run, as this program is asked to stop'
! pgrep -f 'sleep 78[.]8' > /dev/null || fail "what the command started goes on"
expect_eq "$(grep -c '"ingest"' asked.out)" 3
# The receipts do not wait for the command.
make_repo live
dbb-ingest --repo live -t direct --after 'sleep 3' "$DBB_EXAMPLES/LATISS" > live.out &
for _ in $(seq 20); do [ -s live.out ] && break; sleep 0.1; done
grep -q '"ingest"' live.out || fail "the receipt waited"
wait
