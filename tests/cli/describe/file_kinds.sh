#!/bin/bash
# Plain, gzipped, tile-compressed and cut files give what their header says, or the reason.
. "$DBB_CLI_LIB"

raw=$DBB_TEST_DATA/raw/synthetic
expect_rc 1 dbb-describe --rejects rejects "$raw"
# truth.jsonl is what the generator of the files put into them.
jq -cS '{file, data_id} + (.record | {obs_id, day_obs, seq_num, group, physical_filter, observation_type})' \
  "$raw/truth.jsonl" | sort > want
jq -cS 'select(.uri) | {file: (.uri | split("/") | last), data_id} + (.records.exposure
  | {obs_id, day_obs, seq_num, group, physical_filter, observation_type})' "$OUT" | sort > got
diff want got || fail "descriptions differ"
expect_eq "$(jq -r 'select(.uri and (.uri|endswith("continue.fits"))) | .records.exposure.target_name' "$OUT")" \
  "$(jq -r 'select(.file=="continue.fits") | .record.target_name' "$raw/truth.jsonl")"
expect_eq "$(jq -r '(.uri | split("/") | last) + " " + .error.code + " " + .error.stage' rejects | sort | tr '\n' ';')" \
  "empty.fits EMPTY_FILE read;text.fits NOT_FITS read;truncated-header-block.fits HEADER_TRUNCATED read;truncated-header.fits HEADER_TRUNCATED read;"
expect_match "$ERR" 'truncated-header.fits": the header is cut short after 7240 bytes'
# A gzip stream that ends inside the header.
head -c 300 "$raw/gzip.fits.gz" > cut.fits.gz
expect_rc 1 dbb-describe --rejects young cut.fits.gz
expect_eq "$(jq -c '.error | [.code, .retry]' young)" '["STILL_WRITTEN",true]'
touch -d '1 hour ago' cut.fits.gz
expect_rc 1 dbb-describe --rejects cut cut.fits.gz
expect_eq "$(jq -r .error.code cut)" GZIP_DAMAGED
# A gzip stream is told by what it holds, also when it is whole and holds next to nothing.
echo text | gzip > text.fits.gz
gzip < "$raw/gzip.fits.gz" > twice.fits.gz
gzip < /dev/null > nothing.fits.gz
head -c 20000 /dev/zero | gzip > nul.fits.gz
expect_rc 1 dbb-describe --rejects others text.fits.gz twice.fits.gz nothing.fits.gz nul.fits.gz
expect_eq "$(jq -c '.error | [.code, .retry]' others | sort | uniq -c | tr -s ' ')" ' 4 ["NOT_FITS",false]'
expect_match "$ERR" 'text.fits.gz" is no FITS file: what its gzip stream holds does not begin with SIMPLE'
expect_rc 1 dbb-describe --rejects folder /dev/null
expect_eq "$(jq -r .error.code folder)" NOT_A_FILE
# Links that lead in a circle never lead to a file.
ln -s loop.fits loop.fits
expect_rc 1 dbb-describe --rejects loop loop.fits
expect_eq "$(jq -c '.error | [.code, .retry]' loop)" '["NOT_A_FILE",false]'
# Nobody waits at a FIFO.
mkfifo fifo.fits
echo '{"type":"file","uri":"fifo.fits"}' > line
expect_rc 1 timeout 10 dbb-describe --rejects fifo < line
expect_eq "$(jq -r .error.code fifo)" NOT_A_FILE
# A file server may have lent the file to a client; it gives it back to those who wait.
cp "$raw/continue.fits" lent.fits
python3 - << 'PYTHON' || fail 'a file with a lease'
import fcntl, os, signal, subprocess

fd = os.open("lent.fits", os.O_RDWR)
signal.signal(signal.SIGIO, lambda *_: fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK))
try:
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
except OSError:
    raise SystemExit(0)  # a file system without leases
program = subprocess.Popen(["dbb-describe"], stdin=subprocess.PIPE)
program.stdin.write(b'{"type":"file","uri":"lent.fits"}\n')
program.stdin.close()
raise SystemExit(program.wait())
PYTHON
