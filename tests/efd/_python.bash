# shellcheck shell=bash disable=SC2034
# Sets $python, one that can run the reference program.
for python in python3 /usr/bin/python3; do
  "$python" -c 'import numpy, yaml' 2> /dev/null && break
done || { echo 'no python3 with numpy and yaml: apt-get install python3-numpy python3-yaml' >&2; exit 2; }
