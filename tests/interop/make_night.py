#!/usr/bin/env python3
"""Write a night of raw FITS files whose headers are real ones, with varying observations.

OUT/<dayobs>/<obsid>/<obsid>_<raft>_<slot>.fits   the files
OUT/truth.jsonl    one line per file: expected data ID and record values, or the reason it must fail
OUT/night.json     what was asked for and what was made

The same options give the same bytes. Primary headers hold every card of a real header dump of that
instrument (tests/data/headers); times, sequence, pointing, filter and detector vary consistently.
Needs only the Python standard library and PyYAML.

Faults (--bad): truncated (header cut short), missing_seqnum, unknown_detector, bad_date (DATE-END is
not a date) and duplicate (same data ID again, in <dayobs>/resent/). LATISS repairs a missing SEQNUM
and knows one detector only, so those two must ingest; truth.jsonl says so.
"""

from __future__ import annotations

import argparse
import calendar
import json
import math
import os
import random
import sys
import time
from pathlib import Path

import yaml

DATA = Path(__file__).resolve().parent.parent / "data"
BLOCK = 2880
LON, LAT = math.radians(-70.749417), math.radians(-30.244639)
ESSENTIAL = (
    "SEQNUM", "DAYOBS", "OBSID", "DATE-BEG", "MJD-BEG", "DATE-END", "GROUPID", "IMGTYPE", "EXPTIME", "DARKTIME",
    "FILTER", "RAFTBAY", "CCDSLOT", "LSST_NUM", "FILENAME", "CURINDEX", "MAXINDEX", "CONTRLLR", "TRACKSYS",
    "ROTPA", "ROTCOORD", "RASTART", "DECSTART", "ELSTART", "AZSTART", "TIMESYS", "SHUTTIME", "VIGN_MIN")
FAULTS = ("truncated", "missing_seqnum", "unknown_detector", "bad_date", "duplicate")

INSTRUMENTS = {
    "LSSTCam": dict(
        header="lsstCam-MC_O_20250415_000060_R01_S01.yaml", day=20260410, code="MC",
        filters=["u_24", "g_6", "r_57", "i_39", "z_20", "y_10"], gap=2.4),
    "LSSTComCam": dict(
        header="comCam-CC_O_20241108_000266_R22_S00.yaml", day=20241205, code="CC",
        filters=["u_05", "g_01", "r_03", "i_06", "z_03", "y_04"], gap=3.0),
    "LATISS": dict(
        header="latiss-AT_O_20240624_000106_R00_S00.yaml", day=20260410, code="AT",
        filters=["empty_1", "BG40_65mm_1", "OG550_65mm_1"], gratings=["empty_1", "holo4_003", "blue300lpmm_qn1"],
        gap=4.0),
}


# ---------------------------------------------------------------- FITS cards

def card(key: str, value, comment: str = "") -> bytes:
    """One or more 80-byte cards. None is an undefined value; long strings use CONTINUE."""
    if key in ("COMMENT", "HISTORY"):
        return f"{key:<8}{value}".encode("ascii")[:80].ljust(80)
    plain = len(key) <= 8 and all(c.isupper() or c.isdigit() or c in "-_" for c in key)
    head = f"{key:<8}= " if plain else f"HIERARCH {key} = "
    if value is None:
        text = ""
    elif value is True or value is False:
        text = f"{'T' if value else 'F':>20}"
    elif isinstance(value, int):
        text = f"{value:>20}"
    elif isinstance(value, float):
        if not math.isfinite(value):
            text = ""
        else:
            number = repr(value).replace("e", "E")
            text = f"{number:>20}"
    else:
        quoted = str(value).replace("'", "''")
        text = f"'{quoted:<8}'"
        if len(head) + len(text) > 80:
            return long_string(key, head, quoted)
    if not plain:
        text = text.strip()
    out = head + text
    if comment and len(out) + 3 + len(comment) <= 80:
        out += f" / {comment}"
    if len(out) > 80:
        raise ValueError(f"card too long: {out}")
    return out.encode("ascii").ljust(80)


def long_string(key: str, head: str, quoted: str) -> bytes:
    result = b""
    room = 80 - len(head) - 3
    while True:
        piece, quoted = quoted[:room], quoted[room:]
        if piece.endswith("'") and (len(piece) - len(piece.rstrip("'"))) % 2:  # never split a doubled quote
            quoted, piece = piece[-1] + quoted, piece[:-1]
        result += (head + f"'{piece}{'&' if quoted else ''}'").encode("ascii").ljust(80)
        if not quoted:
            return result
        head, room = "CONTINUE  ", 67


def pad(data: bytes, fill: bytes = b" ") -> bytes:
    return data + fill * (-len(data) % BLOCK)


# ---------------------------------------------------------------- the real header

def read_header(path: Path) -> dict:
    """Keyword to value of a header dump: a plain mapping, or a tagged list of [key, type, value, comment]."""

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        pass

    def anything(loader, suffix, node):
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        return loader.construct_scalar(node)

    Loader.add_multi_constructor("lsst.", anything)
    raw = yaml.load(path.read_text(), Loader=Loader)
    pairs = raw.items() if isinstance(raw, dict) else [(e[0], e[2]) for e in raw]
    return {k: (v[-1] if isinstance(v, list) else v) for k, v in pairs}


STRUCTURE = {"SIMPLE", "BITPIX", "NAXIS", "EXTEND", "XTENSION", "PCOUNT", "GCOUNT", "CHECKSUM", "DATASUM",
             "ZDATASUM", "ZHECKSUM", "INHERIT", "EXTNAME", "BSCALE", "BZERO", "TFIELDS", "COMMENT", "HISTORY"}


def primary_cards(header: dict) -> dict:
    """The cards of the primary HDU: dumps hold primary and first extension merged, in this order."""
    result = {}
    for key, value in header.items():
        if key in ("XTENSION", "ZIMAGE", "CHANNEL"):
            break
        if key in STRUCTURE or key.startswith(("NAXIS", "TTYPE", "TFORM")):
            continue
        if not isinstance(value, (str, int, float, bool, type(None))):
            value = str(value)
        result[key] = value
    return result


def extension_headers(header: dict, npix: int, channels: int) -> bytes:
    """Small images, one per amplifier."""
    cols = max(1, int(math.sqrt(npix)))
    rows = max(1, npix // cols)
    values = bytearray()
    for i in range(cols * rows):
        values += (20000 + (i * 2654435761 % 997)).to_bytes(4, "big")
    data = pad(bytes(values), b"\0")
    result = b""
    for n in range(channels):
        segment = f"{1 - n // 8}{n % 8 if n < 8 else 15 - n}"
        cards = [
            card("XTENSION", "IMAGE", "IMAGE extension"), card("BITPIX", 32), card("NAXIS", 2),
            card("NAXIS1", cols), card("NAXIS2", rows), card("PCOUNT", 0), card("GCOUNT", 1),
            card("EXTNAME", f"Segment{segment}"), card("CHANNEL", n + 1), card("INHERIT", True),
            card("BSCALE", 1.0), card("BZERO", 0.0), card("CCDSUM", "1 1"),
            card("DATASEC", f"[1:{cols},1:{rows}]"), card("DETSIZE", header.get("DETSIZE", "[1:4072,1:4000]")),
            card("DETSEC", f"[{(n % 8) * 509 + 1}:{(n % 8) * 509 + 509},{1 + 2000 * (n // 8)}:{2000 + 2000 * (n // 8)}]"),
        ]
        result += pad(b"".join(cards) + b"END".ljust(80)) + data
    return result


class Template:
    """A primary header as bytes with patchable cards: each varying keyword owns one 80-byte slot."""

    def __init__(self, cards: dict) -> None:
        blob = bytearray(card("SIMPLE", True) + card("BITPIX", 8) + card("NAXIS", 0) + card("EXTEND", True))
        self.slots = {}
        for key, value in cards.items():
            text = card(key, value)
            if len(text) == 80:
                self.slots[key] = len(blob)
            blob += text
        blob += card("COMMENT", "---- Checksums ----") + b"END".ljust(80)
        self.blob = pad(bytes(blob))

    def fill(self, base: bytes | None, values: dict) -> bytearray:
        out = bytearray(base or self.blob)
        for key, value in values.items():
            at = self.slots.get(key)
            if at is not None:
                out[at:at + 80] = card(key, value)
        return out

    def without(self, blob: bytes, key: str) -> bytearray:
        """The header with one card replaced by a blank one."""
        out = bytearray(blob)
        at = self.slots[key]
        out[at:at + 80] = b" " * 80
        return out


# ---------------------------------------------------------------- the sky

def iso(ms: int) -> str:
    t = time.gmtime(ms // 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", t) + f".{ms % 1000:03d}"


def mjd(ms: int) -> float:
    return 40587.0 + ms / 86400000.0


def sidereal(ms: int) -> float:
    """Local apparent sidereal time (rad), good to a second of time."""
    d = (ms / 1000.0 - 37.0) / 86400.0 - 10957.5
    return (math.radians(280.46061837 + 360.98564736629 * d) + LON) % (2 * math.pi)


def altaz(ha: float, dec: float) -> tuple[float, float]:
    alt = math.asin(math.sin(LAT) * math.sin(dec) + math.cos(LAT) * math.cos(dec) * math.cos(ha))
    az = math.atan2(-math.sin(ha) * math.cos(dec), math.sin(dec) * math.cos(LAT) - math.cos(dec) * math.cos(ha) * math.sin(LAT))
    return math.degrees(alt), math.degrees(az) % 360.0


def plan_exposure(rng: random.Random, spec: dict, i: int, n: int, start_ms: int) -> dict:
    """Header values of exposure number i of n that starts at start_ms (TAI)."""
    frac = i / max(n, 1)
    kind = "BIAS" if frac < 0.08 else "DARK" if frac < 0.12 else "FLAT" if frac < 0.20 else "OBJECT"
    if n < 12:
        kind = "OBJECT" if i else "BIAS"
    exptime = {"BIAS": 0.0, "DARK": 30.0, "FLAT": 8.0, "OBJECT": 30.0}[kind]
    end_ms = start_ms + int(exptime * 1000) + 953
    filt = spec["filters"][(i // 5) % len(spec["filters"])]
    v = {
        "DATE": iso(end_ms + 120), "MJD": mjd(end_ms + 120),
        "DATE-OBS": iso(start_ms), "MJD-OBS": mjd(start_ms), "DATE-BEG": iso(start_ms), "MJD-BEG": mjd(start_ms),
        "DATE-TRG": iso(end_ms - 5), "MJD-TRG": mjd(end_ms - 5), "DATE-END": iso(end_ms), "MJD-END": mjd(end_ms),
        "GROUPID": iso(start_ms - 3430), "IMGTYPE": kind, "TESTTYPE": kind,
        "EXPTIME": exptime, "DARKTIME": exptime + 0.9548,
        "FILTER": filt, "FILTBAND": filt[0], "CURINDEX": 1, "MAXINDEX": 1, "CONTRLLR": "O",
        "OBSANNOT": "", "TIMESYS": "TAI",
    }
    if "gratings" in spec:
        v["GRATING"] = spec["gratings"][(i // 3) % len(spec["gratings"])]
        v["FILTBAND"] = filt
    while True:
        ha, dec = rng.uniform(-0.8, 0.8), math.radians(rng.uniform(-75.0, 10.0))
        alt, az = altaz(ha, dec)
        if alt > 32.0:
            break
    ra = math.degrees((sidereal(start_ms) - ha) % (2 * math.pi))
    alt2, az2 = altaz(ha + exptime * 7.2921159e-5, dec)
    if kind == "OBJECT":
        dec_deg = math.degrees(dec)
        v |= {
            "TRACKSYS": "RADEC", "RADESYS": "ICRS", "ROTCOORD": "sky", "ROTPA": rng.uniform(-180.0, 180.0),
            "RA": ra, "DEC": dec_deg,
            "RASTART": ra + rng.uniform(-1e-4, 1e-4), "DECSTART": dec_deg + rng.uniform(-1e-4, 1e-4),
            "RAEND": ra + rng.uniform(-1e-4, 1e-4), "DECEND": dec_deg + rng.uniform(-1e-4, 1e-4),
            "OBJECT": f"field_{i // 4:04d}", "REASON": "survey", "PROGRAM": "BLOCK-365",
            "SHUTTIME": exptime + 0.000998497009277, "VIGNETTE": "NO", "VIGN_MIN": "NO",
        }
    else:
        v |= {
            "TRACKSYS": "LOCAL", "RADESYS": "ICRS", "ROTPA": 0.0, "RA": None, "DEC": None, "RASTART": None,
            "DECSTART": None, "RAEND": None, "DECEND": None, "OBJECT": "Park position", "REASON": kind.lower(),
            "PROGRAM": "BLOCK-T60", "SHUTTIME": exptime if kind == "FLAT" else 0.0,
            "VIGNETTE": "NO" if kind == "FLAT" else "FULLY", "VIGN_MIN": "NO" if kind == "FLAT" else "FULLY",
        }
    v |= {
        "HASTART": math.degrees(ha) / 15.0, "ELSTART": alt, "AZSTART": az, "AMSTART": 1.0 / math.sin(math.radians(alt)),
        "HAEND": math.degrees(ha) / 15.0 + exptime / 3590.17, "ELEND": alt2, "AZEND": az2,
        "AMEND": 1.0 / math.sin(math.radians(alt2)),
        "AIRTEMP": 11.0 + rng.uniform(-2, 2), "PRESSURE": 74390.0 + rng.uniform(-90, 90),
        "HUMIDITY": 33.4 + rng.uniform(-5, 5), "WINDSPD": rng.uniform(0, 9), "WINDDIR": rng.uniform(0, 360),
    }
    v["_end_ms"] = end_ms
    return v


# ---------------------------------------------------------------- the night

def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--instrument", choices=sorted(INSTRUMENTS), default="LSSTCam")
    parser.add_argument("--exposures", type=int, default=10)
    parser.add_argument("--detectors", type=int, default=9, help="science detectors first, then wavefront")
    parser.add_argument("--day", type=int, help="observing day YYYYMMDD (default: a quiet one of that instrument)")
    parser.add_argument("--first-seq", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--npix", type=int, default=700, metavar="K", help="pixels (4 bytes) per amplifier")
    parser.add_argument("--amps", type=int, default=16, help="image extensions per file")
    parser.add_argument("--bad", type=float, default=0.0, metavar="F", help="fraction of files with a fault")
    parser.add_argument("--faults", default=",".join(FAULTS), help="which faults, comma-separated")
    args = parser.parse_args()
    faults = [f for f in args.faults.split(",") if f]
    if unknown := set(faults) - set(FAULTS):
        parser.error(f"unknown faults: {', '.join(sorted(unknown))}")

    spec = INSTRUMENTS[args.instrument]
    table = json.loads((DATA / "instruments" / f"{args.instrument}.json").read_text())
    known_filters = {f["name"] for f in table["physical_filters"]}
    if "gratings" in spec:
        plain = {f: ("empty" if f.startswith("empty") else f) for f in spec["filters"] + spec["gratings"]}
        usable = [f for f in spec["filters"] if all(f"{plain[f]}~{plain[g]}" in known_filters for g in spec["gratings"])]
    else:
        usable = [f for f in spec["filters"] if f in known_filters]
    spec = spec | {"filters": usable or spec["filters"]}

    order = {"SCIENCE": 0, "WAVEFRONT": 1}
    detectors = sorted((d for d in table["detectors"] if d["purpose"] in order), key=lambda d: (order[d["purpose"]], d["id"]))
    if args.detectors > len(detectors):
        parser.error(f"{args.instrument} has {len(detectors)} science and wavefront detectors")
    detectors = detectors[: args.detectors]

    header = read_header(DATA / "headers" / spec["header"])
    cards = primary_cards(header)
    day = args.day or spec["day"]
    rng = random.Random(f"{args.seed}/{args.instrument}/{day}")
    # Sunset-ish: 23:30 UTC of the observing day, in TAI milliseconds.
    y, m, d = day // 10000, day // 100 % 100, day % 100
    clock_ms = calendar.timegm((y, m, d, 0, 0, 0)) * 1000 + 84637000
    for key in ESSENTIAL:
        cards.setdefault(key, "")
    template = Template(cards)
    tail = extension_headers(header, args.npix, args.amps)

    args.out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    counts: dict = {"files": 0, "bytes": 0, "good": 0}
    truth = open(args.out / "truth.jsonl", "w")

    def emit(path: Path, blob: bytes, line: dict, whole: bool = True) -> None:
        fd = os.open(args.out / path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            size = os.writev(fd, [blob, tail] if whole else [blob])
        finally:
            os.close(fd)
        counts["files"] += 1
        counts["bytes"] += size
        truth.write(json.dumps({"file": str(path), "size": size} | line) + "\n")

    for i in range(args.exposures):
        seq = args.first_seq + i
        obsid = f"{spec['code']}_O_{day}_{seq:06d}"
        values = plan_exposure(rng, spec, i, args.exposures, clock_ms)
        end_ms = values.pop("_end_ms")
        values |= {"OBSID": obsid, "DAYOBS": str(day), "SEQNUM": seq}
        exposure_blob = bytes(template.fill(None, values))
        directory = Path(str(day)) / obsid
        (args.out / directory).mkdir(parents=True, exist_ok=True)
        exposure = int(f"{day}{seq:05d}")
        if "gratings" in spec:
            physical = "~".join("empty" if s.startswith("empty") else s for s in (values["FILTER"], values["GRATING"]))
        else:
            physical = values["FILTER"]
        record = {
            "obs_id": obsid, "day_obs": day, "seq_num": seq, "group": values["GROUPID"], "physical_filter": physical,
            "observation_type": "science" if values["IMGTYPE"] == "OBJECT" else values["IMGTYPE"].lower(),
            "date_beg": values["DATE-BEG"], "date_end": values["DATE-END"], "mjd_beg": values["MJD-BEG"],
        }
        for det in detectors:
            raft, slot = det["group_for_translator"], det["name_for_translator"]
            if args.instrument == "LATISS":
                raft = "R00"  # what the files say
            name = f"{obsid}_{raft}_{slot}.fits"
            blob = template.fill(exposure_blob, {
                "RAFTBAY": raft, "CCDSLOT": slot, "LSST_NUM": det["serial"], "CCD_SERN": det["serial"].split("-")[-1],
                "CCD_MANU": det["physical_type"], "FILENAME": name})
            line = {
                "data_id": {"instrument": args.instrument, "exposure": exposure, "detector": det["id"]},
                "fault": None, "failure": None, "record": record}
            fault = rng.choice(faults) if faults and args.bad > 0 and rng.random() < args.bad else None
            whole = True
            if fault:
                line["fault"] = fault
                counts[fault] = counts.get(fault, 0) + 1
            if fault == "truncated":
                blob, whole = blob[: rng.randrange(1, 30) * 80 + rng.randrange(1, 79)], False
                line["failure"] = {"class": "unreadable"}
            elif fault == "missing_seqnum":
                blob = template.without(blob, "SEQNUM")
                if args.instrument != "LATISS":
                    line["failure"] = {"class": "missing-keyword", "keyword": "SEQNUM"}
            elif fault == "unknown_detector":
                blob = template.fill(blob, {"RAFTBAY": "R99"})
                if args.instrument != "LATISS":
                    line["failure"] = {"class": "unknown-detector", "detector": f"R99_{slot}"}
            elif fault == "bad_date":
                blob = template.fill(blob, {"DATE-END": values["DATE-END"].replace("-", "-4", 1)})
                line["failure"] = {"class": "bad-value", "keyword": "DATE-END"}
            if fault == "duplicate":
                resent = Path(str(day)) / "resent"
                (args.out / resent).mkdir(exist_ok=True)
                emit(resent / name, blob, line | {"failure": {"class": "duplicate", "of": str(directory / name)}})
                line = line | {"fault": None}
            if line["failure"]:
                line["data_id"] = None
            else:
                counts["good"] += 1
            emit(directory / name, blob, line, whole)
        clock_ms = end_ms + int(spec["gap"] * 1000) + rng.randrange(0, 400)
    truth.close()
    seconds = time.monotonic() - started
    summary = {
        "instrument": args.instrument, "day_obs": day, "exposures": args.exposures, "detectors": len(detectors),
        "seed": args.seed, "npix": args.npix, "amps": args.amps, "bad": args.bad, "header": spec["header"], "counts": counts}
    (args.out / "night.json").write_text(json.dumps(summary, indent=1) + "\n")
    print(json.dumps(summary | {"seconds": round(seconds, 3), "files_per_s": round(counts["files"] / max(seconds, 1e-9))}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
