#!/usr/bin/env python3
"""Ingest a night into a repository of any universe with the Python Butler alone, as fill_night.py does.

The records are those of fill_night.py, brought into the form of the repository's universe: before universe 6 an
exposure has group_name, group_id and day_obs itself, and there are no records of group and day_obs.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from datetime import datetime
from pathlib import Path

import fill_night
from lsst.daf.butler import Butler

GROUP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{3})(?:[+#](\d+))?")


def group_number(group: str) -> int:
    """The number that stands for a group, by the rule of lsst.obs.lsst."""
    if group.isdecimal():
        return int(group)
    if match := GROUP.fullmatch(group):
        seconds = int((datetime.fromisoformat(match[1]) - datetime(2015, 1, 1)).total_seconds())
        return int(f"{seconds}{match[2]}{int(match[3] or 0):04d}")
    number = int(hashlib.blake2b(group.encode("us-ascii")).hexdigest()[:14], base=16)
    return int(f"{number}{len(group):02d}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo")
    parser.add_argument("night", type=Path)
    args = parser.parse_args()
    butler = Butler.from_config(args.repo, writeable=True)
    records_of = fill_night.records_of

    def records_of_universe(truth: dict, header: dict) -> dict:
        records = records_of(truth, header)
        exposure = records["exposure"]
        if "group" not in butler.dimensions.elements.names:
            exposure |= {"group_name": exposure["group"], "group_id": group_number(exposure["group"])}
            records = {"exposure": exposure}
        known = set(butler.dimensions["exposure"].RecordClass.fields.names) | {"timespan"}
        records["exposure"] = {k: v for k, v in exposure.items() if k in known}
        return records

    fill_night.records_of = records_of_universe
    fill_night.fill(butler, args.night, fill_night.good_files(args.night), "direct", False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
