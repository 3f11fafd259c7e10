#!/usr/bin/env python3
"""Ingest a night as fill_night.py does, beside other writers.

With --go PATH it begins when there is such a file. With --every N,K only every N-th file, from the K-th on. Where another writer is faster with a file, the Butler raises
ConflictingDefinitionError (its source says so); then the exposure is tried again, as an operator would.
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import groupby
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))

import fill_night  # noqa: E402
from lsst.daf.butler import Butler  # noqa: E402
from lsst.daf.butler.registry import ConflictingDefinitionError  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo")
    parser.add_argument("night", type=Path)
    parser.add_argument("--transfer", default="direct")
    parser.add_argument("--every", default="1,0", metavar="N,K")
    parser.add_argument("--go", type=Path)
    args = parser.parse_args()
    butler = Butler.from_config(args.repo, writeable=True)
    step, first = map(int, args.every.split(","))
    files = fill_night.good_files(args.night)[first::step]
    while args.go and not args.go.exists():
        time.sleep(0.001)
    conflicts = 0
    for _, group in groupby(files, key=lambda t: t["data_id"]["exposure"]):
        group = list(group)
        for attempt in range(10):
            try:
                fill_night.fill(butler, args.night, group, args.transfer, False)
                break
            except ConflictingDefinitionError:
                conflicts += 1
                if attempt == 9:
                    raise
    print(f"{len(files)} files, {conflicts} conflicts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
