#!/bin/bash
# Install the Debian 12 packages that are missing. When none is, neither apt nor the network is asked.
#
# Usage: mk/deps.sh [build] [check] [interop] [bench]      (default: all but bench)
set -eu

build=(g++ make libcli11-dev libcfitsio-dev libyaml-cpp-dev libspdlog-dev libfmt-dev libsqlite3-dev libsimdjson-dev
  liberfa-dev libhowardhinnant-date-dev tzdata libssl-dev libb2-dev zlib1g-dev libzip-dev libpq-dev libcurl4-openssl-dev jq)
check=(catch2 curl influxdb sqlite3 strace shellcheck clang-format mandoc python3 python3-yaml python3-numpy)
interop=(python3 python3-venv)
bench=(sqlite3 strace time python3 python3-yaml python3-numpy)

wanted=()
[ $# -gt 0 ] || set -- build check interop
for group; do
  case $group in
    build) wanted+=("${build[@]}") ;;
    check) wanted+=("${check[@]}") ;;
    interop) wanted+=("${interop[@]}") ;;
    bench) wanted+=("${bench[@]}") ;;
    *) echo "deps.sh: unknown group \"$group\"" >&2; exit 2 ;;
  esac
done

if [ -z "$(type -P dpkg-query)" ]; then
  echo "deps.sh: this is no Debian system; see to the equivalents of: ${wanted[*]}" >&2
  exit 0
fi

installed() { dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null | sed -n 's/^installed //p'; }
mapfile -t missing < <(comm -23 <(printf '%s\n' "${wanted[@]}" | sort) <(installed | sort))
[ ${#missing[@]} -gt 0 ] || exit 0

install=(apt-get install -q -y --no-install-recommends "${missing[@]}")
if [ "$(id -u)" != 0 ]; then
  echo "deps.sh: these packages are missing: ${missing[*]}" >&2
  echo "deps.sh: install them as root: ${install[*]}" >&2
  exit 1
fi

export DEBIAN_FRONTEND=noninteractive
echo "installing ${missing[*]}"
# A fresh container has no package lists, an old one may name versions that are gone.
apt-cache show "${missing[@]}" >/dev/null 2>&1 || apt-get update -q
"${install[@]}" </dev/null || { apt-get update -q && "${install[@]}" </dev/null; }
