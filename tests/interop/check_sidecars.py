#!/usr/bin/env python3
"""Let Python read the sidecars and indexes that dbb wrote, and compare them with what upstream makes of the same headers.

Usage: check_sidecars.py FOLDER      of make_headers.py, described with --write-sidecar and --write-index

Ends with 1 when one can't be read or says something else.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

from astro_metadata_translator.indexing import process_index_data, process_sidecar_data

DATA = Path(__file__).resolve().parent.parent / "data"
failures = 0
count = 0


def same(a, b) -> bool:
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b):
        return True
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return a == b


def compare(name: str, info, text: str) -> None:
    global failures, count
    count += 1
    if not same(info.to_simple(), json.loads(text)):
        failures += 1
        print(f"FAIL {name}: {info.to_simple()} is not {text}")


for path in sorted(Path(sys.argv[1]).glob("*/*.fits")):
    expected = DATA / "expected" / f"{path.stem.replace('hdu0', 'merged-hdu0-hdu1')}.json"
    text = json.loads(expected.read_text())["sidecar_translated_text"]
    compare(f"sidecar of {path.name}", process_sidecar_data(json.loads(path.with_suffix(".json").read_text())), text)
    index = process_index_data(json.loads(path.with_name("_index.json").read_text()), force_dict=True)
    compare(f"index entry of {path.name}", index[path.name], text)
print(f"{count} compared, {failures} differ")
sys.exit(1 if failures or count < 80 else 0)
