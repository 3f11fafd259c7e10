#!/bin/bash
# What is no Gen2 repository, what is damaged, and mistakes on the command line.
. "$DBB_CLI_LIB"

cp -r "$DBB_TEST_DATA/gen2/latiss" good
remember good

expect_rc 4 dbb-gen2-scan nowhere
expect_match "$ERR" 'nowhere": No such file'
expect_match "$ERR" '^  hint: name the root of a Gen2 repository, or one of its reruns$'
expect_rc 4 dbb-gen2-scan good --calib nowhere
expect_match "$ERR" 'good/nowhere": No such file'
expect_match "$ERR" '^  hint: --calib names the folder with calibRegistry.sqlite3, relative to the root or absolute$'
expect_rc 4 dbb-gen2-scan good --calib _mapper
expect_match "$ERR" '^  hint: --calib names'
mkdir plain
expect_rc 2 dbb-gen2-scan plain
expect_match "$ERR" 'is no Gen2 repository'

# Mappers that nobody knows are named, and never guessed.
for mapper in lsst.obs.suprimecam.SuprimecamMapper lsst.obs.test.TestMapper; do
  mkdir -p unknown
  echo $mapper > unknown/_mapper
  expect_rc 2 dbb-gen2-scan unknown
  expect_match "$ERR" "no Gen3 instrument for the mapper \"$mapper\""
done
ln -s ../nowhere plain/_parent
expect_rc 2 dbb-gen2-scan plain
expect_match "$ERR" 'no mapper is named'

# A registry of another kind, an empty one, and one that is none.
cp -r good pgsql
mv pgsql/registry.sqlite3 pgsql/registry.pgsql
expect_rc 2 dbb-gen2-scan pgsql
expect_match "$ERR" 'in a PostgreSQL database'
cp -r good empty
: > empty/registry.sqlite3
expect_rc 5 dbb-gen2-scan empty
expect_match "$ERR" 'has no table raw'
expect_eq "$(stat -c %s empty/registry.sqlite3)" 0
cp -r good damaged
head -c 5000 /dev/urandom > damaged/CALIB/calibRegistry.sqlite3
expect_rc 5 dbb-gen2-scan damaged
expect_match "$ERR" 'calibRegistry.sqlite3": file is not a database'
expect_match "$ERR" '^  hint: restore the file or mend it; sqlite3 ".*/calibRegistry.sqlite3" "PRAGMA integrity_check" says'
# Damage that shows only when rows are read.
cp -r good torn
for i in {1..400}; do echo "INSERT INTO raw (dayObs, visit, detector, expId) VALUES ('2018-09-20', 1, 0, $i);"; done | sqlite3 torn/registry.sqlite3
size=$(stat -c %s torn/registry.sqlite3)
head -c 12288 /dev/urandom | dd of=torn/registry.sqlite3 bs=1 seek=$((size - 12288)) conv=notrunc status=none
expect_rc 5 dbb-gen2-scan torn
expect_match "$ERR" '^  hint: restore the file or mend it; sqlite3 ".*/torn/registry.sqlite3"'
# What stands in the place of a registry is not taken for none.
for name in registry.sqlite3 CALIB/calibRegistry.sqlite3; do
  for make in 'ln -s nowhere' mkfifo mkdir; do
    rm -rf place
    cp -r good place
    rm place/$name
    $make place/$name
    expect_rc 4 timeout 10 dbb-gen2-scan place
    expect_match "$ERR" "$(basename $name)\""
    expect_match "$ERR" 'put the file back from a copy'
    expect_empty "$OUT"
  done
done
# Calibrations that no table tells of are not certified, and that is said.
: > place/CALIB/empty.sqlite3
rmdir place/CALIB/calibRegistry.sqlite3
mv place/CALIB/empty.sqlite3 place/CALIB/calibRegistry.sqlite3
expect_rc 0 dbb-gen2-scan place
expect_match "$ERR" 'calibRegistry.sqlite3" is empty, so that no calibration is certified'
sqlite3 place/CALIB/calibRegistry.sqlite3 'CREATE TABLE dark (id INTEGER PRIMARY KEY)'
expect_rc 0 dbb-gen2-scan place
expect_match "$ERR" 'has no table bias, so that no bias is certified'
expect_no_match "$ERR" 'no table flat'

# Files that make the repository and can't be read
as_owner() { # without what root may do beyond an owner
  if [ "$(id -u)" = 0 ]; then setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-all "$@"; else "$@"; fi
}
for make in 'ln -s /dev/zero' 'ln -s nowhere' mkfifo mkdir 'truncate -s 9M'; do
  rm -rf place
  cp -r good place
  rm place/_mapper
  $make place/_mapper
  expect_rc 4 timeout 10 dbb-gen2-scan place
  expect_match "$ERR" '_mapper"'
  expect_no_match "$ERR" 'dbb-scan'
done
for name in _mapper registry.sqlite3 CALIB/calibRegistry.sqlite3; do
  rm -rf place
  cp -r good place
  chmod 0 place/$name
  expect_rc 4 as_owner dbb-gen2-scan place
  expect_match "$ERR" "$(basename $name)\": Permission denied"
  expect_match "$ERR" 'change the owner or mode'
done
chmod 644 place/CALIB/calibRegistry.sqlite3
chmod 600 place
expect_rc 4 as_owner dbb-gen2-scan place
expect_match "$ERR" 'Permission denied'
chmod 755 place

cp -r good wal
: > wal/registry.sqlite3-wal
expect_rc 4 dbb-gen2-scan wal
expect_match "$ERR" 'write-ahead log'
cp -r good yaml
printf '_mapper: [\n' > yaml/repositoryCfg.yaml
expect_rc 5 dbb-gen2-scan yaml
expect_match "$ERR" 'could not read ".*repositoryCfg.yaml"'

# A configuration is read, never executed: its tags are names.
cp -r good tags
rm tags/_mapper
cat > tags/repositoryCfg.yaml << 'YAML'
!RepositoryCfg_v1
_mapper: &id001 !!python/name:lsst.obs.lsst.latiss.LatissMapper ''
_mapperArgs: !!python/object/apply:os.system ['touch executed']
_parents:
- !RepositoryCfg_v1
  _mapper: *id001
  _parents: []
  _root: /scratch/elsewhere
_root: /another/machine
YAML
expect_rc 0 dbb-gen2-scan tags
expect_match "$ERR" 'the parent "/scratch/elsewhere" is not there'
expect_match "$ERR" 'was made for "/another/machine"'
expect_eq "$(jq -r 'select(.action == "convert") | .instrument' "$OUT" | sort -u)" LATISS
if [ -e executed ] || [ -e tags/executed ]; then fail 'a tag was executed'; fi

# Templates of a repository's own are honoured or refused.
sed -i '/_root: .another/a _policy: {calibrations: {bias: {template: "old/%(calibDate)s/b%(detector)d.fits"}}}' tags/repositoryCfg.yaml
mkdir -p tags/CALIB/old/2018-09-21
mv tags/CALIB/bias/2018-09-21/* tags/CALIB/old/2018-09-21/b0.fits
expect_rc 0 dbb-gen2-scan tags
expect_eq "$(jq -r 'select(.dataset_type == "bias") | .gen2.path + " " + .gen2.source' "$OUT")" 'CALIB/old/2018-09-21/b0.fits both'
sed -i 's/template: "old/level: "old/' tags/repositoryCfg.yaml
expect_rc 2 dbb-gen2-scan tags
expect_match "$ERR" 'with "calibrations.bias.level", which is not understood'

# One that can be read in ever so many ways keeps nobody waiting, and ends when it is asked to.
cp -r good ways
rm ways/_mapper
hostile='x/%(a)s%(b)s%(c)s%(d)s%(e)s%(f)s%(g)s%(h)s%(a)s.fits'
printf '_mapper: lsst.obs.lsst.latiss.LatissMapper\n_policy: {exposures: {calexp: {template: "%s"}}}\n' "$hostile" > ways/repositoryCfg.yaml
mkdir ways/x
name=$(printf 'ab%.0s' {1..60})Q.fits
touch "ways/x/$name"
expect_rc 3 timeout 20 dbb-gen2-scan ways
expect_eq "$(jq -c --arg name "$name" 'select(.gen2.path == "x/" + $name) | [.reason, .notes[-1]]' "$OUT")" \
  '["unrecognised","a template can be read in too many ways to tell whether it is this path"]'
(cd ways/x && for i in {1..3000}; do echo "$i$name"; done | xargs touch)
rc=0
timeout 2 dbb-gen2-scan ways > /dev/null 2> err & pid=$!
SECONDS=0
wait $pid || rc=$?
expect_eq $rc 124
[ $SECONDS -lt 15 ] || fail "it went on for $SECONDS s"
sed -i 's/%(a)s.fits/%(a)256d.fits/' ways/repositoryCfg.yaml
expect_rc 2 dbb-gen2-scan ways
expect_match "$ERR" 'the key "a" is wider than any name'

for words in '--only all' '--day-obs 20180935' '--day-obs 20180902..20180901' '--where nothing=1' '--run bias' \
  '--run nothing=x' '--run calexp=/a/' '--run calexp=/a' '--run calexp=a/' '--run calexp=a//b' '--run calexp=a/../b' '--run calexp=a*' \
  '--run calexp=a,b' '--run bias=../x' '--day-obs ..' '--day-obs 2018' '--day-obs 20180901...20180902' '--rerun nothing' '--validity-scale ut1' '--templates nothing.yaml' '--rules nothing.yaml'; do
  read -r -a options <<< "$words"
  rc=0
  dbb-gen2-scan "${options[@]}" good > out 2> err || rc=$?
  [ $rc = 2 ] || fail "$words ended with $rc: $(cat err)"
  expect_empty out
done
expect_rc 2 dbb-gen2-scan good --run 'calexp=a b'
expect_match "$ERR" '^dbb-gen2-scan: --run: "a b" can.t be the name of a run: the Butler can.t be asked for one with " " in it$'
for types in '{foo: {}}' '{foo: {storage_class: ExposureF}}' '{foo: {template: ""}}' '{bias: {template: []}}'; do
  echo "types: $types" > bad.yaml
  expect_rc 2 dbb-gen2-scan --templates bad.yaml good
  expect_match "$ERR" 'dataset type (foo|bias): it has no template$'
done
echo '{types: {bias: {tempalte: x}}}' > bad.yaml
expect_rc 2 dbb-gen2-scan --templates bad.yaml good
expect_match "$ERR" 'unknown key "tempalte"'
expect_match "$ERR" 'did you mean template\?'
for words in 'types: 5=types: must be a mapping' 'types: []=types: must be a mapping' 'types:=types: must be a mapping' 'types: abc=types: must be a mapping' \
  'runs_forced: 5=runs_forced: must be a mapping' 'root_skymap: x=root_skymap: must be a mapping' 'types: {bias: 5}=dataset type bias: is no mapping' \
  'types: {bias: {template: 5}}=bias: template must be' 'types: {bias: {kind: bogus}}=dataset type bias: unknown kind "bogus"' \
  'types: {bias: {template: "%(x"}}=the template "%\(x" can.t be used' 'file_ignore_patterns: 5=file_ignore_patterns must be a list'; do
  echo "${words%%=*}" > bad.yaml
  expect_rc 2 dbb-gen2-scan --templates bad.yaml good
  expect_match "$ERR" "templates: \"bad.yaml\": .*${words#*=}"
done
echo 'types: {bias: {kind: bogus}}' > bad.yaml
expect_rc 2 dbb-gen2-scan --templates bad.yaml good
expect_match "$ERR" 'hint: kinds are: calibration, curated'
expect_unchanged good
