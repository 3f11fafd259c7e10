#!/usr/bin/env python3
"""Make and fill a repository with the Python Butler alone: what dbb's repositories are compared with.

Creates REPO when there is none, registers instruments, then ingests the good files of nights made by
make_night.py as upstream's raw ingest does: per exposure sync of group, day_obs and exposure, then one
Butler.ingest of its files. Nothing here comes from dbb: the values of the records are those that
make_night.py wrote down in truth.jsonl, completed from the header by `exposure_record`.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import groupby
from pathlib import Path

import astropy.units as u
import oracle_common as oc
from astropy.coordinates import AltAz, SkyCoord
from astropy.io import fits
from astropy.time import Time
from lsst.daf.butler import (
    Butler,
    CollectionType,
    DataCoordinate,
    DatasetIdGenEnum,
    DatasetRef,
    DatasetType,
    FileDataset,
    Timespan,
)

# Noon to noon UTC: the three instruments on the summit, on all days that make_night.py uses.
DAY_OFFSET_S = 43200


def read_header(path: Path) -> dict:
    """Primary header; an undefined value is None."""
    cards = fits.getheader(path, 0)
    return {k: None if isinstance(v, fits.card.Undefined) else v for k, v in cards.items()}


def can_see_sky(header: dict) -> bool | None:
    """A shutter that did not open sees nothing; else the telescope's own word on vignetting decides."""
    if header["SHUTTIME"] == 0.0:
        return False
    return {"FULLY": False, "UNKNOWN": None}.get(header["VIGN_MIN"], True)


def exposure_record(truth: dict, header: dict) -> dict:
    """The exposure record of a file of a night: known values, and the rules that its headers need."""
    known, data_id = truth["record"], truth["data_id"]

    ra = dec = sky_angle = None
    # make_night.py gives bias, dark and flat exposures no tracking (TRACKSYS is LOCAL).
    if header["TRACKSYS"] == "RADEC" and known["observation_type"] == "science":
        radec = SkyCoord(header["RASTART"] * u.deg, header["DECSTART"] * u.deg, frame=header["RADESYS"].lower()).icrs
        ra, dec = float(radec.ra.degree), float(radec.dec.degree)
        if header["ROTCOORD"] == "sky":
            sky_angle = float(header["ROTPA"])
    altaz = AltAz(az=header["AZSTART"] * u.deg, alt=min(header["ELSTART"], 90.0) * u.deg)

    return {
        "instrument": data_id["instrument"],
        "id": data_id["exposure"],
        "obs_id": known["obs_id"],
        "day_obs": known["day_obs"],
        "group": known["group"],
        "physical_filter": known["physical_filter"],
        "timespan": Timespan(
            Time(known["mjd_beg"], format="mjd", scale="tai"),
            Time(known["date_end"], format="isot", scale=header["TIMESYS"].lower()),
        ),
        "exposure_time": float(header["EXPTIME"]),
        "dark_time": float(header["DARKTIME"]),
        "observation_type": known["observation_type"],
        "observation_reason": header["REASON"].lower(),
        "seq_num": known["seq_num"],
        "seq_start": known["seq_num"] - header["CURINDEX"] + 1,
        "seq_end": known["seq_num"] + header["MAXINDEX"] - header["CURINDEX"],
        "target_name": header["OBJECT"],
        "science_program": header["PROGRAM"],
        "tracking_ra": ra,
        "tracking_dec": dec,
        "sky_angle": sky_angle,
        "azimuth": float(altaz.az.wrap_at(360 * u.deg).degree),
        "zenith_angle": 90.0 - float(altaz.alt.degree),
        "has_simulated": any(v for k, v in header.items() if "SIMULATE" in k),
        "can_see_sky": can_see_sky(header),
    }


def records_of(truth: dict, header: dict) -> dict:
    """The records that an exposure needs, in the order of their insertion."""
    exposure = exposure_record(truth, header)
    return {
        "group": {"instrument": exposure["instrument"], "name": exposure["group"]},
        "day_obs": {
            "instrument": exposure["instrument"],
            "id": exposure["day_obs"],
            "timespan": Timespan.from_day_obs(exposure["day_obs"], DAY_OFFSET_S),
        },
        "exposure": exposure,
    }


def good_files(night: Path) -> list[dict]:
    with open(night / "truth.jsonl") as lines:
        return [line for line in map(json.loads, lines) if not line["failure"]]


def fill(butler: Butler, night: Path, files: list[dict], transfer: str | None, present: bool) -> None:
    """Sync the records of the files; ingest the files, or (`present`) insist that the records are there already."""
    table = oc.load_instrument(files[0]["data_id"]["instrument"])
    raw = DatasetType(
        "raw", table["raw_dataset_type"]["dimensions"], table["raw_dataset_type"]["storage_class"],
        universe=butler.dimensions)
    run = table["default_raw_run"]
    formatter = oc.install_raw_formatter(table["raw_formatter"])

    for _, group in groupby(files, key=lambda t: t["data_id"]["exposure"]):
        group = list(group)
        for element, values in records_of(group[0], read_header(night / group[0]["file"])).items():
            if butler.registry.syncDimensionData(element, values) and present:
                sys.exit(f"{element} record {values} was not there")
        if present:
            continue
        butler.registry.registerDatasetType(raw)
        butler.collections.register(run, CollectionType.RUN)
        datasets = []
        for truth in group:
            data_id = butler.registry.expandDataId(
                DataCoordinate.standardize(truth["data_id"], universe=butler.dimensions))
            ref = DatasetRef(raw, data_id, run=run, id_generation_mode=DatasetIdGenEnum.DATAID_TYPE_RUN)
            datasets.append(FileDataset(path=str((night / truth["file"]).absolute()), refs=[ref], formatter=formatter))
        butler.ingest(*datasets, transfer=transfer, record_validation_info=True, skip_existing=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo")
    parser.add_argument("nights", nargs="*", type=Path, metavar="NIGHT")
    parser.add_argument("--register", nargs="*", default=[], metavar="NAME", help="instruments to register")
    parser.add_argument("--registry", metavar="URL", help="of the repository that is made (default: SQLite)")
    parser.add_argument("--namespace", metavar="SCHEMA", help="of that registry")
    parser.add_argument("--transfer", default="direct", help="mode of Butler.ingest, or none (default: direct)")
    parser.add_argument("--files", default=":", metavar="[FROM]:[TO]", help="only these good files of each night")
    parser.add_argument("--present", action="store_true",
                        help="ingest nothing; fail when a record of the files is missing or differs")
    args = parser.parse_args()

    if Path(args.repo, "butler.yaml").exists():
        butler = Butler.from_config(args.repo, writeable=True)
    else:
        butler = oc.make_repo(args.repo, db=args.registry, namespace=args.namespace)
    for name in args.register:
        oc.register_instrument(butler, oc.load_instrument(name))
    first, last = (int(n) if n else None for n in args.files.split(":"))
    for night in args.nights:
        transfer = None if args.transfer == "none" else args.transfer
        fill(butler, night, good_files(night)[first:last], transfer, args.present)
    return 0


if __name__ == "__main__":
    sys.exit(main())
