#!/usr/bin/env python3
"""Write a FITS file for each real header of tests/data/headers that upstream's ingest accepts, of all eleven instruments.

OUT/<instrument>/<name of the dump>.fits   primary HDU with every card of the dump, no pixels; PhoSim: both HDUs of its pair

Needs only the Python standard library and PyYAML.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from make_night import DATA, card, pad, read_header

STRUCTURE = ("SIMPLE", "BITPIX", "NAXIS", "EXTEND", "XTENSION", "PCOUNT", "GCOUNT", "END", "BZERO", "BSCALE", "COMMENT", "HISTORY")


def fitting_card(key: str, value) -> bytes:
    """Empty for the few long keywords of shutter telemetry that leave no room for a value."""
    try:
        return card(key, value)
    except ValueError:
        return b""


def hdu(header: dict, first: bool) -> bytes:
    start = [card("SIMPLE", True)] if first else [card("XTENSION", "IMAGE")]
    start += [card("BITPIX", 8), card("NAXIS", 0)]
    start += [card("EXTEND", True)] if first else [card("PCOUNT", 0), card("GCOUNT", 1)]
    own = [fitting_card(k, v) for k, v in header.items() if k and not k.startswith(STRUCTURE) and not isinstance(v, list)]
    return pad(b"".join(start + own) + b"END".ljust(80))


def main() -> int:
    out = Path(sys.argv[1])
    for path in sorted((DATA / "headers").iterdir()):
        expected = DATA / "expected" / f"{path.stem}.json"
        if path.suffix not in (".yaml", ".json") or path.stem == "fitsheader-hsc" and path.suffix == ".json":
            continue
        if path.stem.startswith("phosim-hdu1"):
            continue
        parts = [path]
        if path.stem.startswith("phosim-hdu0"):
            pair = path.stem.replace("hdu0", "hdu1")
            parts.append(path.with_name(pair + path.suffix))
            expected = DATA / "expected" / f"{path.stem.replace('hdu0', 'merged-hdu0-hdu1')}.json"
        truth = json.loads(expected.read_text())
        if "ingest" not in truth:
            continue
        folder = out / truth["ingest"]["data_id"]["instrument"]
        folder.mkdir(parents=True, exist_ok=True)
        data = b"".join(hdu(read_header(part), i == 0) for i, part in enumerate(parts))
        (folder / f"{path.stem}.fits").write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
