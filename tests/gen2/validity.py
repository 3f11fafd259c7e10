"""Arithmetic of validity ranges: how Gen2 wrote them, and what they are in Gen3.

Independent of dbb. Days are TAI midnights, ranges half-open; None stands for "unbounded".
"""

from __future__ import annotations

import re
from datetime import date, timedelta

DAY_NS = 86_400_000_000_000
LAST_NS = 4_102_444_800_000_000_000   # 2100-01-01, where time ends in Gen3
PLUG_NS = 86_486_400_000_000          # 1.001 days
SUPERSEDED = ("defects", "qe_curve", "linearizer", "crosstalk")


def gen2_ranges(table: str, dates: list[str], days: int, increment: bool = True) -> dict[str, tuple[str, str]]:
    """Start and end of each calibration date of one data ID, as the end of an ingest run of Gen2 writes them."""
    known = sorted(date.fromisoformat(d) for d in dates)
    if table in SUPERSEDED:
        ends = known[1:] + [date(2037, 12, 31)]
        return {d.isoformat(): (d.isoformat(), e.isoformat()) for d, e in zip(known, ends)}
    ranges = {d: [d - timedelta(days), d + timedelta(days)] for d in known}
    for first, second in zip(known, known[1:]):
        middle = first + (second - first) // 2
        if ranges[first][1] > middle:
            ranges[second][0] = middle + timedelta(1)
            ranges[first][1] = middle + timedelta(1) if increment else middle
    return {d.isoformat(): (s.isoformat(), e.isoformat()) for d, (s, e) in ranges.items()}


def ns_of(text: str) -> int | None:
    """TAI midnight of a day; None when the text is none."""
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return None
    try:
        return (date.fromisoformat(text) - date(1970, 1, 1)).days * DAY_NS
    except ValueError:
        return None


def gen3_ranges(rows: list[tuple[str, str]]) -> list[dict]:
    """What becomes of the ranges of one data ID: for each a dict of begin, end, adjust and reason."""
    result = []
    for start, end in rows:
        begin_ns, end_ns = ns_of(start), ns_of(end)
        entry = {"begin": begin_ns, "end": end_ns, "adjust": [], "reason": "ok"}
        if begin_ns is None or end_ns is None:
            entry["reason"] = "bad_validity_text"
        else:
            if begin_ns < 0:
                entry["begin"] = 0
                entry["adjust"].append("clamp_begin")
            if end_ns > LAST_NS:
                entry["end"] = LAST_NS
                entry["adjust"].append("clamp_end")
        result.append(entry)
    good = sorted((e for e in result if e["reason"] == "ok"), key=lambda e: (e["begin"], e["end"]))
    for first, second in zip(good, good[1:]):
        delta = second["begin"] - first["end"]
        if 0 < abs(delta) < PLUG_NS:
            first["end"] = second["begin"]
            first["adjust"].append("gap_closed" if delta > 0 else "overlap_removed")
        elif delta < 0:
            # Nobody can tell which of them is right, nor what the neighbours of a wrong one are worth.
            for entry in good:
                entry["reason"] = "validity_overlap"
    return result


def iso_of(ns: int) -> str:
    day, rest = divmod(ns, DAY_NS)
    assert rest == 0
    return (date(1970, 1, 1) + timedelta(day)).isoformat() + "T00:00:00.000000000"


def as_manifest(entry: dict) -> dict:
    """The `validity` of a gen2 line."""
    begin, end = entry["begin"], entry["end"]
    return {"begin_tai": iso_of(begin) if begin > 0 else None, "end_tai": iso_of(end) if end < LAST_NS else None}


def self_test() -> None:
    ranges = gen2_ranges("bias", ["2018-01-10", "2018-02-10"], 999)
    assert ranges["2018-01-10"][1] == ranges["2018-02-10"][0] == "2018-01-26"
    assert gen2_ranges("bias", ["2018-01-10", "2018-02-10"], 999, False)["2018-01-10"][1] == "2018-01-25"
    assert gen2_ranges("bias", ["2018-09-21"], 99999)["2018-09-21"] == ("1744-12-07", "2292-07-05")
    assert gen2_ranges("bias", ["2022-01-01"], 99999)["2022-01-01"] == ("1748-03-19", "2295-10-16")
    assert ns_of("2018-09-21") == 1_537_488_000_000_000_000 and ns_of("None") is None
    gap = gen3_ranges([("2018-01-10", "2018-01-20"), ("2018-01-01", "2018-01-09")])
    assert gap[1]["end"] == 1_515_542_400_000_000_000 and gap[1]["adjust"] == ["gap_closed"]
    assert as_manifest(gen3_ranges([("1744-12-07", "2292-07-05")])[0]) == {"begin_tai": None, "end_tai": None}


self_test()
