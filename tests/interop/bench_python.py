#!/usr/bin/env python3
"""Time the Python Butler on a night made by make_night.py (the baseline to beat).

Per exposure, as the Python raw-ingest task does it: read the primary headers, sync the group, day_obs and
exposure records, expand the data IDs, one Butler.ingest of all its files (UUIDs from data ID, type and run;
sizes recorded; existing ones skipped). Data IDs and records come from truth.jsonl, because the LSST header
translators are not on the package index: translation is not part of the time.
The repository is created if it does not exist, and its instrument registered.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path

import make_night
import oracle_common as oc
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

class Clock:
    """Seconds spent per step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def step(self, name: str, since: float) -> float:
        now = time.perf_counter()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - since
        return now


def fast_header(path) -> dict:
    """The primary header as a plain dict by a minimal card parser: stands for a compiled header reader,
    because astropy's lazy cards make translation several times slower than the reader used in production."""
    result = {}
    with open(path, "rb", buffering=0) as f:
        data = b""
        while b"END" + b" " * 77 not in data:
            block = f.read(14400)
            if not block:
                raise OSError(f"no END card in {path}")
            data += block
    for at in range(0, len(data), 80):
        text = data[at:at + 80].decode("ascii")
        if text.startswith("END     "):
            break
        if text.startswith("HIERARCH "):
            key, _, value = text[9:].partition("=")
            key = key.strip()
        elif text[8:10] == "= ":
            key, value = text[:8].rstrip(), text[10:]
        else:
            continue
        value = value.strip()
        if value.startswith("'"):
            end = 1
            while (end := value.index("'", end)) + 1 < len(value) and value[end + 1] == "'":
                end += 2
            result[key] = value[1:end].replace("''", "'").rstrip()
            continue
        value = value.partition("/")[0].strip()
        if value in ("T", "F"):
            result[key] = value == "T"
        elif not value:
            result[key] = None
        else:
            try:
                result[key] = int(value)
            except ValueError:
                result[key] = float(value)
    return result


def astropy_header(path):
    return fits.getheader(path, 0)


READERS = {"astropy": astropy_header, "fast": fast_header}


class TruthSource:
    """Data IDs and records from truth.jsonl; numbers from the header."""

    def translate(self, items):
        result = []
        records = None
        for truth, header in items:
            if records is None:
                r = truth["record"]
                d = truth["data_id"]

                def number(key):
                    value = header.get(key)
                    return value if isinstance(value, float) else None

                exposure = dict(
                    instrument=d["instrument"], id=d["exposure"], day_obs=r["day_obs"], group=r["group"],
                    physical_filter=r["physical_filter"], obs_id=r["obs_id"], exposure_time=float(header["EXPTIME"]),
                    dark_time=float(header["DARKTIME"]), observation_type=r["observation_type"],
                    observation_reason=str(header["REASON"]).lower(), seq_num=r["seq_num"], seq_start=r["seq_num"],
                    seq_end=r["seq_num"], target_name=header["OBJECT"], science_program=header["PROGRAM"],
                    tracking_ra=number("RASTART"), tracking_dec=number("DECSTART"), sky_angle=number("ROTPA"),
                    azimuth=number("AZSTART"), zenith_angle=90.0 - header["ELSTART"], has_simulated=False,
                    can_see_sky=True,
                    timespan=Timespan(Time(r["mjd_beg"], format="mjd", scale="tai"),
                                      Time(r["date_end"], format="isot", scale="tai")))
                records = {
                    "group": dict(instrument=d["instrument"], name=r["group"]),
                    "day_obs": dict(instrument=d["instrument"], id=r["day_obs"],
                                    timespan=Timespan.from_day_obs(r["day_obs"], 43200)),
                    "exposure": exposure}
            result.append((truth, records | {"detector": truth["data_id"]["detector"]}))
        return result


def records_from_info(info) -> dict:
    """Records of one translated header, as the Python raw-ingest task makes them."""
    ra = dec = sky_angle = azimuth = zenith = None
    if info.tracking_radec is not None:
        icrs = info.tracking_radec.icrs
        ra, dec = float(icrs.ra.degree), float(icrs.dec.degree)
        if info.boresight_rotation_coord == "sky":
            sky_angle = float(info.boresight_rotation_angle.degree)
    if info.altaz_begin is not None:
        zenith, azimuth = float(info.altaz_begin.zen.degree), float(info.altaz_begin.az.degree)
    end = max(info.datetime_begin, info.datetime_end)
    offset = info.observing_day_offset
    return {
        "group": dict(instrument=info.instrument, name=info.exposure_group),
        "day_obs": dict(
            instrument=info.instrument, id=info.observing_day,
            timespan=None if offset is None else Timespan.from_day_obs(info.observing_day, round(offset.to_value("s")))),
        "exposure": dict(
            instrument=info.instrument, id=info.exposure_id, obs_id=info.observation_id, day_obs=info.observing_day,
            group=info.exposure_group, physical_filter=info.physical_filter,
            timespan=Timespan(info.datetime_begin, end),
            exposure_time=float(info.exposure_time_requested.to_value("s")),
            dark_time=None if info.dark_time is None else float(info.dark_time.to_value("s")),
            observation_type=info.observation_type, observation_reason=info.observation_reason,
            seq_num=info.observation_counter, seq_start=info.group_counter_start, seq_end=info.group_counter_end,
            science_program=info.science_program, target_name=info.object, tracking_ra=ra, tracking_dec=dec,
            sky_angle=sky_angle, azimuth=azimuth, zenith_angle=zenith, has_simulated=info.has_simulated_content,
            can_see_sky=info.can_see_sky),
        "detector": info.detector_num}


def open_repo(repo: Path, mode: str, db: str | None, namespace: str | None) -> Butler:
    if (repo / "butler.yaml").exists():
        return Butler.from_config(str(repo), writeable=True)
    if mode == "postgres" and not db:
        sys.exit("--mode postgres needs --db postgresql://user@host:port/name to create the repository")
    return oc.make_repo(str(repo), db=db if mode == "postgres" else None, namespace=namespace)


def by_exposure(truth: list[dict]) -> list[list[dict]]:
    groups: dict[str, list[dict]] = {}
    for t in truth:
        if not t["failure"]:
            groups.setdefault(os.path.dirname(t["file"]), []).append(t)
    return list(groups.values())


def run(night: Path, repo: Path, truth: list[dict], *, mode="sqlite", db=None, namespace=None, transfer="direct",
        source=None, reader="astropy") -> dict:
    source = source or TruthSource()
    read = READERS[reader]
    exposures = by_exposure(truth)
    table = oc.load_instrument(exposures[0][0]["data_id"]["instrument"])
    butler = open_repo(repo, mode, db, namespace)
    oc.register_instrument(butler, table)
    formatter = oc.install_raw_formatter(table["raw_formatter"])
    registry, universe = butler.registry, butler.dimensions
    raw = DatasetType("raw", table["raw_dataset_type"]["dimensions"], table["raw_dataset_type"]["storage_class"],
                      universe=universe)
    run_name = table["default_raw_run"]

    clock = Clock()
    registered = False
    n_files = 0
    cpu0 = resource.getrusage(resource.RUSAGE_SELF)
    start = now = time.perf_counter()
    for group in exposures:
        items = []
        for t in group:
            items.append((t, read(night / t["file"])))
        now = clock.step("header_read", now)
        translated = source.translate(items)
        first = {}
        for element in ("group", "day_obs", "exposure"):
            first[element] = universe[element].RecordClass(**translated[0][1][element])
        now = clock.step("translate_and_records", now)
        base = DataCoordinate.standardize(
            instrument=first["exposure"].instrument, exposure=first["exposure"].id, universe=universe)
        base = registry.expandDataId(base, records=first)
        shared = {e: base.records[e] for e in base.dimensions.elements}
        data_ids = [registry.expandDataId(
            DataCoordinate.standardize(base, detector=r["detector"], universe=universe), records=shared)
            for _, r in translated]
        now = clock.step("expand_data_ids", now)
        for element, record in first.items():
            registry.syncDimensionData(element, record)
        now = clock.step("sync_records", now)
        if not registered:
            registry.registerDatasetType(raw)
            butler.collections.register(run_name, CollectionType.RUN)
            registered = True
        datasets = [
            FileDataset(
                path=os.path.abspath(night / t["file"]),
                refs=[DatasetRef(raw, data_id, run=run_name, id_generation_mode=DatasetIdGenEnum.DATAID_TYPE_RUN)],
                formatter=formatter)
            for (t, _), data_id in zip(translated, data_ids)]
        butler.ingest(*datasets, transfer=transfer, record_validation_info=True, skip_existing=True)
        now = clock.step("ingest", now)
        n_files += len(datasets)
    wall = time.perf_counter() - start
    cpu1 = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "night": str(night.name), "mode": mode, "transfer": transfer, "reader": reader, "exposures": len(exposures), "files": n_files,
        "seconds": {k: round(v, 4) for k, v in clock.seconds.items()}, "wall_s": round(wall, 4),
        "cpu_s": round(cpu1.ru_utime + cpu1.ru_stime - cpu0.ru_utime - cpu0.ru_stime, 4),
        "ms_per_file": round(1e3 * wall / n_files, 4), "files_per_s": round(n_files / wall, 1)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("night", type=Path)
    parser.add_argument("repo", type=Path)
    parser.add_argument("--mode", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--db", help="PostgreSQL connection string, to create the repository")
    parser.add_argument("--namespace", help="PostgreSQL schema, to create the repository")
    parser.add_argument("--transfer", choices=["direct", "link"], default="direct")
    parser.add_argument("--reader", choices=sorted(READERS), default="astropy", help="primary header reader")
    args = parser.parse_args()
    with open(args.night / "truth.jsonl") as f:
        truth = [json.loads(line) for line in f]
    result = run(args.night, args.repo, truth, mode=args.mode, db=args.db, namespace=args.namespace,
                 transfer=args.transfer, reader=args.reader)
    print(f"  {result['night']}: {result['ms_per_file']} ms per file, {result['seconds']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
