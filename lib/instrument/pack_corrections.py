#!/usr/bin/env python3
"""Pack a folder of per-observation correction files into one sorted file per instrument.

    pack_corrections.py FOLDER OUT     FOLDER holds <instrument>-<observation id>.yaml

Each line of OUT/corrections-<instrument>.txt is `<observation id> {"KEY":value,…}`, sorted bytewise, so that
one observation is found by binary search and nothing else is parsed.
"""

import json
import re
import sys
from pathlib import Path

import yaml

folder, out = Path(sys.argv[1]), Path(sys.argv[2])
lines: dict[str, list[str]] = {}
for path in sorted(folder.glob("*.yaml")):
    instrument, observation = re.fullmatch(r"(LSST(?:Com)?Cam(?:Sim)?|LATISS|HSC)-(.+)\.yaml", path.name).groups()
    content = yaml.safe_load(path.read_text())
    assert isinstance(content, dict) and " " not in observation
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    lines.setdefault(instrument, []).append(f"{observation} {text}")
for instrument, rows in lines.items():
    rows.sort(key=lambda row: row.split(" ")[0].encode())
    (out / f"corrections-{instrument}.txt").write_text("\n".join(rows) + "\n")
