#!/usr/bin/env python3
"""Convert a Gen2 repository into a Butler repository with the Python Butler alone: what dbb-convert is compared with.

Usage: fill_gen2.py REPO EXPECTED DESCRIBED ROOT     what EXPECTED says is to be converted, in EXPECTED's words
       fill_gen2.py REPO --skymap NAME TRACT         a sky map with a tract of 10 x 10 patches

What is there already is left as it is. EXPECTED: lines of tests/gen2/make_gen2.py. DESCRIBED: lines of dbb-describe for the raws (translation of headers is not what is
on trial here). Datasets get the ids that depend on type, run and data ID alone, as those of raws do.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import datetime, timezone

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
from lsst.sphgeom import ConvexPolygon, LonLat, UnitVector3d

import oracle_common as oc

NX = 10


def box(x: float, y: float, size: float) -> ConvexPolygon:
    corners = ((x, y), (x + size, y), (x + size, y + size), (x, y + size))
    return ConvexPolygon([UnitVector3d(LonLat.fromDegrees(*corner)) for corner in corners])


def add_skymap(butler: Butler, name: str, tract: int) -> None:
    insert = butler.registry.insertDimensionData
    insert("skymap", {"name": name, "hash": b"\1\2\3", "tract_max": tract + 1, "patch_nx_max": NX, "patch_ny_max": NX})
    insert("tract", {"skymap": name, "id": tract, "region": box(10.0, 10.0, 1.0)})
    for n in range(NX * NX):
        insert("patch", {"skymap": name, "tract": tract, "id": n, "cell_x": n % NX, "cell_y": n // NX,
                         "region": box(10.0 + 0.1 * (n % NX), 10.0 + 0.1 * (n // NX), 0.1)})


def timespan(value: dict | None) -> Timespan | None:
    """Of a line: TAI, nanoseconds; null ends are unbounded."""
    def ns(text: str | None, unbounded: int) -> int:
        if text is None:
            return unbounded
        whole, part = text.split(".")
        seconds = int(datetime.fromisoformat(whole).replace(tzinfo=timezone.utc).timestamp())
        return seconds * 1_000_000_000 + int(part)

    if value is None:
        return None
    return Timespan(begin=None, end=None, _nsec=(ns(value["begin_tai"], oc.MIN_NS), ns(value["end_tai"], oc.MAX_NS)))


def add_raw_records(butler: Butler, described: str) -> None:
    with open(described) as lines:
        for line in map(json.loads, lines):
            for element in ("group", "day_obs", "exposure"):
                if record := line.get("records", {}).get(element):
                    if "timespan" in record:
                        record = {**record, "timespan": timespan(record["timespan"])}
                    butler.registry.syncDimensionData(element, record)


def raw_formatters(instrument: str) -> str:
    return oc.load_instrument(instrument)["raw_formatter"]


def fill(butler: Butler, expected: str, root: str) -> None:
    with open(expected) as lines:
        everything = [json.loads(line) for line in lines]
    lines = [line for line in everything if line.get("action") == "convert"]
    types: dict[str, DatasetType] = {}
    to_certify: dict = {}
    for line in lines:
        data_id = dict(line["data_id"])
        if "patch_xy" in line:
            x, y = map(int, line["patch_xy"].split(","))
            data_id["patch"] = y * NX + x
        name = line["dataset_type"]
        if name not in types:
            types[name] = DatasetType(name, line["dimensions"], line["storage_class"], universe=butler.dimensions,
                                      isCalibration=line.get("is_calibration", False))
            butler.registry.registerDatasetType(types[name])
        butler.collections.register(line["run"], CollectionType.RUN)
        coordinate = butler.registry.expandDataId(DataCoordinate.standardize(data_id, universe=butler.dimensions,
                                                                             dimensions=types[name].dimensions))
        ref = DatasetRef(types[name], coordinate, run=line["run"], id_generation_mode=DatasetIdGenEnum.DATAID_TYPE_RUN)
        if butler.get_dataset(ref.id):
            continue
        formatter = oc.install_raw_formatter(line.get("formatter") or raw_formatters(data_id["instrument"]))
        butler.ingest(FileDataset(path=os.path.join(os.path.realpath(root), line["path"]), refs=[ref], formatter=formatter),
                      transfer="direct", record_validation_info=True)
        if line.get("validity"):
            butler.collections.register(line["calibration"], CollectionType.CALIBRATION)
            key = (line["calibration"], name, json.dumps(line["validity"]))
            to_certify.setdefault(key, []).append(ref)
    for (collection, _, validity), refs in to_certify.items():
        butler.registry.certify(collection, refs, timespan(json.loads(validity)))
    for line in everything:
        if "collection" in line and line["type"] != "CHAINED":
            butler.collections.register(line["collection"], CollectionType[line["type"]])
    for line in everything:
        if line.get("type") == "CHAINED":
            butler.collections.register(line["collection"], CollectionType.CHAINED)
            butler.collections.redefine_chain(line["collection"], line["children"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo")
    parser.add_argument("files", nargs="*", metavar="EXPECTED DESCRIBED ROOT")
    parser.add_argument("--skymap", nargs=2, metavar=("NAME", "TRACT"))
    parser.add_argument("--filter", nargs=3, metavar=("INSTRUMENT", "NAME", "BAND"), help="a filter that no instrument has")
    parser.add_argument("--register", nargs="*", default=[], metavar="NAME")
    args = parser.parse_args()
    if os.path.exists(os.path.join(args.repo, "butler.yaml")):
        butler = Butler.from_config(args.repo, writeable=True)
    else:
        butler = oc.make_repo(args.repo)
    for name in args.register:
        oc.register_instrument(butler, oc.load_instrument(name))
    if args.filter:
        butler.registry.syncDimensionData("physical_filter", dict(zip(("instrument", "name", "band"), args.filter)))
    if args.skymap:
        add_skymap(butler, args.skymap[0], int(args.skymap[1]))
    if args.files:
        expected, described, root = args.files
        add_raw_records(butler, described)
        fill(butler, expected, root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
