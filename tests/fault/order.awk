# Checks the order of system calls of one run of dbb-ingest.
#
# Usage: awk -f order.awk -v repo=PATH -v move=0|1 RECEIPTS TRACE
#        TRACE is of strace -f -y -s 9000 with write, pwrite64, fsync, fdatasync and all calls that make or remove names;
#        each pwrite64 shows a whole page of the database.
# Prints each breach as "line N of the trace: …", and last "proved" with numbers.

function breach(text) { print "line " FNR " of the trace: " text; breaches++ }
function folder(path) { sub(/\/[^\/]*$/, "", path); return path }
# The path of the descriptor that is the first argument.
function descriptor() { return match($0, /^[a-z0-9_]+\([0-9]+<[^>]*>/) ? substr($0, index($0, "<") + 1, RLENGTH - index($0, "<") - 1) : "" }
# A name that appeared: neither it nor the file is durable yet.
function appeared(path) { made[path] = FNR; unsynced[folder(path)] = FNR; names++ }
# Whether the way from the repository's root to a file is durable.
function way(path,   at) {
  for (at = folder(path); length(at) >= length(repo); at = folder(at)) if (at in unsynced) return at
  return ""
}

# ---- what was promised
FNR == NR {
  if (match($0, /"ingest":\{"outcome":"[a-z]*","path":"[^"]*"/)) {
    split(substr($0, RSTART, RLENGTH), part, "\"")
    count++
    outcome[count] = part[6]; stored[count] = part[10]
    match($0, /"uri":"[^"]*"/)
    uri[count] = substr($0, RSTART + 7, RLENGTH - 8)
    file[count] = stored[count] ~ /^file:/ ? "" : repo "/" stored[count]
  }
  next
}

# ---- what was done
{ sub(/^[0-9]+ +/, "") }
/ = -1 E/ { next }
{ call = substr($0, 1, index($0, "(") - 1); split($0, quoted, "\"") }

call == "mkdir" { unsynced[folder(quoted[2])] = FNR; folders++ }

call == "fsync" || call == "fdatasync" {
  path = descriptor()
  delete dirty[path]
  delete unsynced[path]
  synced[path] = FNR
  syncs++
}

call == "write" && descriptor() ~ /\/\.dbb-/ { dirty[descriptor()] = FNR; writes++ }

call ~ /^(rename|link|symlink)/ {
  from = quoted[2]; to = quoted[4]
  if (from ~ /\/\.dbb-/) {
    if (from in dirty) breach("a temporary file gets its name before its fsync: " to)
    if (!(from in synced)) breach("a temporary file gets its name without an fsync: " to)
    synced[to] = synced[from]
  }
  appeared(to)
}

call == "pwrite64" && descriptor() == repo "/gen3.sqlite3-journal" { journal = FNR; dirty[descriptor()] = FNR }

call == "pwrite64" && descriptor() == repo "/gen3.sqlite3" {
  if ((repo "/gen3.sqlite3-journal") in dirty) breach("the database is written before the fsync of its journal")
  dirty[descriptor()] = FNR
  for (i = 1; i <= count; i++) {
    if (outcome[i] != "done" || (stored[i] in row) || !index($0, stored[i])) continue
    row[stored[i]] = FNR
    rows++
    if (file[i] == "") continue
    if (way(file[i]) != "") breach("the row of " stored[i] " is written before the fsync of " way(file[i]))
    if (move && !(file[i] in synced) && !(uri[i] in synced)) breach("the row of a moved file is written before its fsync: " stored[i])
    # A file that was there before may be the left-over of a run that was killed.
    if (!(file[i] in made) && file[i] != uri[i] && synced[folder(file[i])] == "") breach("a file is taken over without fsync of its folder: " stored[i])
  }
}

call == "unlink" && quoted[2] == repo "/gen3.sqlite3-journal" {
  if ((repo "/gen3.sqlite3") in dirty) breach("the commit comes before the fsync of the database")
  for (path in unsynced) if (index(path, repo "/") == 1) breach("the commit comes before the fsync of " path)
  commit = FNR
  commits++
  unsynced[repo] = FNR
}

# A transaction is over, and a power cut can't bring its journal back.
function durable(stored) { return row[stored] != "" && commit > row[stored] && !(repo in unsynced) }

call == "unlink" && move {
  for (i = 1; i <= count; i++) {
    if (uri[i] != quoted[2] || outcome[i] == "existing") continue
    if (!durable(stored[i])) breach("the source goes before the commit is durable: " uri[i])
    gone[uri[i]] = FNR
    removed++
    unsynced[folder(uri[i])] = FNR
    break
  }
}

call == "write" && $0 ~ /^write\(1</ {
  for (i = 1; i <= count; i++) {
    if (outcome[i] != "done" || (i in printed) || !index($0, uri[i] "\\\"")) continue
    printed[i] = FNR
    receipts++
    if (!durable(stored[i])) breach("the receipt comes before the commit is durable: " uri[i])
    if (move && gone[uri[i]] == "") breach("the receipt of a move comes before the removal of its source: " uri[i])
    if (move && folder(uri[i]) in unsynced) breach("the receipt of a move comes before the fsync of its source's folder: " uri[i])
  }
}

END {
  for (i = 1; i <= count; i++) if (outcome[i] == "done" && !(i in printed)) breach("a receipt was not seen: " uri[i])
  if (!receipts) breach("there was no receipt")
  if (receipts != rows) breach(rows + 0 " rows were seen, but " receipts + 0 " receipts")
  printf "proved: %d receipts, %d rows, %d commits, %d names, %d folders, %d writes, %d syncs, %d removed\n", receipts, rows, commits,
    names, folders, writes, syncs, removed
  exit breaches > 0
}
