"""Small raw files with real headers: the cards of tests/data/gen2_raw, of which some are changed.

Independent of dbb. Only the Python standard library.
"""

from __future__ import annotations

import json
import time
from functools import lru_cache
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "data"
BLOCK = 2880
UNIX_MJD = 40587.0
MS_PER_DAY = 86400000


def value_card(key: str, value) -> str:
    """One card. Only short values: text, integers, floats."""
    if isinstance(value, str):
        quoted = value.replace("'", "''")
        text = f"'{quoted:<8}'"
    else:
        text = f"{repr(value).replace('e', 'E'):>20}"
    card = f"{key:<8}= {text}"
    if len(card) > 80:
        raise ValueError(f"card too long: {card}")
    return card.ljust(80)


def block_of(cards: list[str]) -> bytes:
    data = "".join(c.ljust(80) for c in cards + ["END"]).encode("ascii")
    return data + b" " * (-len(data) % BLOCK)


@lru_cache(maxsize=None)
def cards_of(name: str) -> tuple[str, ...]:
    return tuple((DATA / "gen2_raw" / f"{name}.cards").read_text().splitlines())


def hdu(name: str, changes: dict, first: bool = True) -> bytes:
    """An HDU without pixels: the cards of NAME with other values for the keys in CHANGES."""
    start = ["SIMPLE  =                    T" if first else "XTENSION= 'IMAGE   '", "BITPIX  =                    8",
             "NAXIS   =                    0"]
    start += ["EXTEND  =                    T"] if first else ["PCOUNT  =                    0", "GCOUNT  =                    1"]
    own = [value_card(key, changes[key]) if (key := card[:8].rstrip()) in changes else card for card in cards_of(name)]
    return block_of(start + own)


def raw_file(instrument: str, changes: dict, second: dict | None = None) -> bytes:
    data = hdu(instrument, changes)
    return data if second is None else data + hdu(f"{instrument}-hdu1", second, first=False)


@lru_cache(maxsize=None)
def instrument_table(instrument: str) -> dict:
    return json.loads((DATA / "instruments" / f"{instrument}.json").read_text())


def detectors(instrument: str, wanted) -> list[dict]:
    """The detectors of an instrument by number, with raft, slot and serial as the Gen2 registry has them."""
    table = {d["id"]: d for d in instrument_table(instrument)["detectors"]}
    return [table[i] for i in wanted]


def filters(instrument: str) -> list[str]:
    return [f["name"] for f in instrument_table(instrument)["physical_filters"]]


def iso_ms(ms: int) -> str:
    """Milliseconds since 1970 in the scale they are given in."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03d}"


def mjd(ms: int) -> float:
    return UNIX_MJD + ms / MS_PER_DAY


def date_of(ms: int) -> str:
    return iso_ms(ms)[:10]
