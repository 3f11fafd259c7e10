# shellcheck shell=bash disable=SC2034
# Sets $python, one that can run the reference program.
for python in python3 /usr/bin/python3; do
  "$python" -c 'import numpy, yaml' 2> /dev/null && break
done || { echo 'no python3 with numpy and yaml: apt-get install python3-numpy python3-yaml' >&2; exit 2; }

# verdict WORD COMMAND...   what a comparing program says; nothing when all that it says is how much is equal and that 0 are WORD.
# One that crashes has not compared.
verdict() {
  local said
  if said=$("${@:2}" 2>&1) && [[ $said != *$'\n'* && $said == *", 0 $1" ]]; then return; fi
  echo "${said:-it says nothing}"
}
