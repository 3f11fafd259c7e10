#!/bin/bash
# Damages of tests/data/damages.tsv are found by name, and mended where that can be done; part 4 of 4.
. "$DBB_CLI_LIB"
. "$DBB_ROOT/tests/cli/repo/_load.bash"

damage 0 4
