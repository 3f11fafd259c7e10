#!/bin/bash
# Killed at any state-changing call of the database: what was printed is there, the repository is sound, a second run completes.
. "$DBB_CLI_LIB"

header=lsstCam-MC_O_20250422_000250_R01_S01.yaml
make_repo template LSSTCam
described $header '.uri |= sub("[.]fits$"; "-2.fits") | .data_id.exposure += 1 | .records.exposure |= (.id += 1 | .seq_num += 1 | .obs_id = "MC_O_20250422_000251")' > second
described $header > first
cp "${header%.yaml}.fits" "${header%.yaml}-2.fits"
cat first second | dbb-ingest --repo template -t direct > ingested
cat > camera.yaml <<'EOF'
camera: LSSTCam
plate_scale: 20.0
pixel_size: 0.01
detectors: {94: [[0, 0], [40, 0], [40, 40], [0, 40]], 95: [[40, 0], [80, 0], [80, 40], [40, 40]]}
EOF
define() { dbb-visits --repo repo --instrument LSSTCam --geometry camera.yaml; }
rows() {
  for table in visit visit_definition visit_system visit_system_membership visit_detector_region visit_skypix_overlap visit_detector_region_skypix_overlap; do
    sql repo "SELECT '$table', * FROM $table"
  done | sort
}
cp -r template repo
define > receipts
rows > undisturbed
expect_eq "$(grep -c '"outcome":"done"' receipts)" 2

killed=0
for ((n = 1; n < 1000; n += 7 * STEP)); do
  rm -rf repo && cp -r template repo
  rc=0
  # Leaks can't be looked for in a traced process.
  ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -o /dev/null -e trace=pwrite64,fdatasync,fsync,unlink,ftruncate -e "inject=pwrite64,fdatasync,fsync,unlink,ftruncate:signal=KILL:when=$n" \
    dbb-visits --repo repo --instrument LSSTCam --geometry camera.yaml > receipts 2> err || rc=$?
  [ $rc != 0 ] || break
  expect_eq "$rc" 137 "status when killed at call $n"
  killed=$((killed + 1))
  # What was printed was there before.
  while read -r visit; do
    expect_eq "$(sql repo "SELECT count(*) FROM visit WHERE id = $visit")" 1 "visit $visit, printed before the kill at call $n"
  done < <(jq -Rr 'fromjson? | select(.visits.outcome == "done").visit' receipts)
  dbb-repo check repo > check.out || fail "damaged after the kill at call $n: $(cat check.out)"
  define > again || fail "the second run failed after the kill at call $n"
  rows | diff undisturbed - || fail "rows differ after the kill at call $n"
done
[ $killed -ge $((5 - STEP)) ] || fail "only $killed kills"
