#!/bin/bash
# Standard streams that are closed, that are none, that do not block; messages that can't be forged.
. "$DBB_CLI_LIB"

touch a.fits

# A file that is opened later must not become the stream that was closed.
expect_rc 4 bash -c 'dbb-scan a.fits gone.fits --rejects rejects >&-'
expect_match "$ERR" '^dbb-scan: could not write standard output: Bad file descriptor$'
expect_eq "$(jq -r .uri rejects)" "$PWD/gone.fits"
expect_rc 4 bash -c 'dbb-scan --help >&-'
expect_rc 1 bash -c 'dbb-scan gone.fits --rejects rejects2 2>&-'
expect_eq "$(wc -l < rejects2)" 1
for command in 'dbb-scan --paths' dbb-describe dbb-why; do
  expect_rc 4 bash -c "$command <&-"
  expect_empty "$OUT"
  expect_match "$ERR" "^${command%% *}: could not read standard input: Bad file descriptor$"
  expect_rc 4 bash -c "$command < /"
  expect_match "$ERR" "^${command%% *}: could not read standard input: Is a directory$"
done
expect_rc 0 bash -c 'dbb-scan a.fits <&-' # nobody reads it

# Rejects and counters that can't be written.
expect_rc 4 dbb-scan --rejects /dev/full gone.fits
expect_match "$ERR" 'could not look at ".*/gone.fits"'
expect_match "$ERR" 'could not write "/dev/full": No space left on device'
expect_rc 4 dbb-scan --rejects fd:0 gone.fits < /dev/null
expect_rc 4 dbb-scan --metrics /dev/full a.fits
make_repo repo LATISS
expect_rc 4 dbb-ingest --repo repo --metrics /nowhere/metrics < /dev/null
expect_eq "$(grep -c 'could not create "/nowhere/metrics"' "$ERR")" 1 'times that one error is told'

# What is no regular file is written into and stays what it is.
mkfifo fifo
# Open at both ends, so that there is a reader before the program writes.
exec 7<> fifo
expect_rc 0 dbb-scan --metrics fifo a.fits
timeout 1 cat <&7 > counters || true
exec 7>&-
expect_match counters '^dbb_lines_read\{program="dbb-scan"\} 1$'
[ -p fifo ] || fail 'the FIFO was replaced'
expect_rc 4 dbb-scan --metrics fifo a.fits
expect_match "$ERR" 'could not open "fifo": No such device or address'
echo old > real
ln -s real link
expect_rc 0 dbb-scan --metrics link a.fits
[ -L link ] || fail 'the link was replaced'
expect_match real '^dbb_lines_read'

# Somebody else made the pipe one that does not block, and reads slowly.
dbb-why --list-reasons > reasons
python3 - << 'PYTHON' || fail 'a pipe that does not block'
import fcntl, os, subprocess, time

def unblocked():
    ends = os.pipe()
    for end in ends:
        fcntl.fcntl(end, fcntl.F_SETFL, fcntl.fcntl(end, fcntl.F_GETFL) | os.O_NONBLOCK)
        fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, 4096)
    return ends

to_read, to_write = unblocked()
program = subprocess.Popen(["dbb-why", "--list-reasons"], stdout=to_write)
os.close(to_write)
time.sleep(0.3)
os.set_blocking(to_read, True)
got = b"".join(iter(lambda: os.read(to_read, 1000), b""))
assert program.wait() == 0 and got == open("reasons", "rb").read(), (program.returncode, len(got))

to_read, to_write = unblocked()
program = subprocess.Popen(["dbb-scan", "-q", "--paths"], stdin=to_read, stdout=subprocess.PIPE)
os.close(to_read)
for path in b"a.fits\n", b"a.fits\n":
    time.sleep(0.1)
    os.write(to_write, path)
os.close(to_write)
assert len(program.communicate()[0].splitlines()) == 3 and program.returncode == 0
PYTHON

# A name can't begin a line of its own.
expect_rc 1 dbb-scan $'x\ndbb-scan: all is well\x1b]0;'
expect_eq "$(grep -c '^dbb-scan: ' "$ERR")" 1
expect_match "$ERR" '/x\\x0adbb-scan: all is well\\x1b\]0;": No such file'
expect_rc 2 dbb-scan --format $'x\ny' a.fits
expect_eq "$(wc -l < "$ERR")" 2

# A working folder that is gone stops only what needs it.
here=$PWD
mkdir gone
cd gone || exit
rmdir ../gone
for program in dbb-scan dbb-describe; do
  expect_rc 1 $program --rejects "$here/relative.$program" x.fits "$DBB_EXAMPLES/LATISS/3018092000065-det000.fits"
  expect_match "$ERR" 'could not look for "x.fits" from the working folder'
  expect_eq "$(jq -r 'select(.uri) | .uri | split("/") | last' "$OUT")" 3018092000065-det000.fits
  expect_eq "$(jq -r '[.uri, .error.code] | join(" ")' "$here/relative.$program")" "x.fits NOT_FOUND"
done
