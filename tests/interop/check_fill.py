#!/usr/bin/env python3
"""Make a repository with the Python Butler alone that has something in nearly every table.

`dbb-repo check` must find nothing wrong with it. Universe and version of the datasets manager can be chosen, so
that repositories of old releases can be made. Instruments, exposures, visits with regions of all kinds, sky maps,
raws, calibrations, tags, chains; and what removals leave behind.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

import oracle_common as oc
import yaml
from astropy.time import Time
from lsst.daf.butler import (
    Butler,
    CollectionType,
    Config,
    DataCoordinate,
    DatasetIdGenEnum,
    DatasetRef,
    DatasetType,
    FileDataset,
    Timespan,
)
from lsst.resources import ResourcePath
from lsst.sphgeom import Angle, Box, Circle, ConvexPolygon, LonLat, Region, UnionRegion, UnitVector3d

INSTRUMENT, OTHER, SKYMAP = "LATISS", "LSSTComCam", "ring"
DATASETS_MANAGER = "lsst.daf.butler.registry.datasets.byDimensions.ByDimensionsDatasetRecordStorageManagerUUID"


def universe_file(version: int) -> Config:
    """The dimension configuration of a universe as the installed package has it."""
    for name in (f"old_dimensions/daf_butler_universe{version}.yaml", "dimensions.yaml"):
        uri = ResourcePath(f"resource://lsst.daf.butler/configs/{name}")
        if uri.exists():
            content = yaml.safe_load(uri.read().decode())
            if content["version"] == version:
                return Config(content)
    sys.exit(f"the package has no universe {version}")


def make(root: str, universe: int, manager: str) -> Butler:
    config = Config()
    if manager != "2.0.0":
        config["registry", "managers", "datasets"] = {"cls": DATASETS_MANAGER, "schema_version": manager}
    return Butler.from_config(
        Butler.makeRepo(root, config=config, dimensionConfig=universe_file(universe)), writeable=True)


def corner(lon: float, lat: float) -> UnitVector3d:
    return UnitVector3d(LonLat.fromDegrees(lon, max(-90.0, min(90.0, lat))))


def polygon(rng: random.Random, lon: float, lat: float, size: float, points: int = 4) -> Region:
    while True:
        vertices = [corner(lon + rng.uniform(-size, size), lat + rng.uniform(-size, size)) for _ in range(points)]
        try:
            return ConvexPolygon.convexHull(vertices)
        except ValueError:
            continue


def region(rng: random.Random, n: int) -> Region | None:
    """Regions of every kind, of every size, on every part of the sky; now and then none."""
    lon, lat = rng.uniform(0, 360), rng.uniform(-88, 88)
    size = 10 ** rng.uniform(-3, 0.7)
    kind = n % 8
    if kind == 0:
        return Circle(corner(lon, lat), Angle.fromDegrees(size))
    if kind == 1:
        return Box.fromDegrees(lon, max(-90, lat - size), (lon + size) % 360, min(90, lat + size))
    if kind == 2:
        return UnionRegion(polygon(rng, lon, lat, size), Circle(corner(lon, lat), Angle.fromDegrees(size)))
    if kind == 3:
        return None
    return polygon(rng, lon, lat, size, 3 + n % 20)


class Filler:
    def __init__(self, butler: Butler, seed: int) -> None:
        self.butler, self.registry, self.universe = butler, butler.registry, butler.dimensions
        self.rng = random.Random(seed)

    def has(self, element: str) -> bool:
        return element in self.universe.elements.names

    def insert(self, element: str, **values) -> None:
        """Insert a record without the columns that this universe does not have."""
        if not self.has(element):
            return
        names = self.universe[element].RecordClass.fields.names
        names = set(names) | {"region", "timespan"}
        self.registry.insertDimensionData(element, {k: v for k, v in values.items() if k in names})

    def type(self, name: str, dimensions: list[str], calibration: bool = False, storage="StructuredDataDict"):
        result = DatasetType(name, dimensions, storage, universe=self.universe, isCalibration=calibration)
        self.registry.registerDatasetType(result)
        return result

    def records(self) -> None:
        for name in (INSTRUMENT, OTHER):
            table = oc.load_instrument(name)
            names = self.universe["instrument"].RecordClass.fields.names
            table["instrument"] = {k: v for k, v in table["instrument"].items() if k in names}
            oc.register_instrument(self.butler, table)
            self.filter = table["physical_filters"][0]["name"]
        self.filters = {n: oc.load_instrument(n)["physical_filters"][0]["name"] for n in (INSTRUMENT, OTHER)}
        self.exposures = []
        for n in range(12):
            instrument = INSTRUMENT if n % 3 else OTHER
            day = 20240101 + n // 6
            begin = Time(f"2024-01-0{1 + n // 6}T20:00:{n:02d}", scale="tai")
            span = Timespan(begin, begin if n == 5 else Time(begin.jd1, begin.jd2 + 1e-4, format="jd", scale="tai"))
            if n == 7:
                span = None
            if self.has("group"):
                self.registry.syncDimensionData("group", {"instrument": instrument, "name": f"g{n // 2}"})
                self.registry.syncDimensionData("day_obs", {
                    "instrument": instrument, "id": day, "timespan": Timespan.from_day_obs(day, 43200)})
            identifier = 2024010100000 + n
            self.insert("exposure", instrument=instrument, id=identifier, obs_id=f"X_O_{n:06d}", day_obs=day,
                        group=f"g{n // 2}", group_name=f"g{n // 2}", group_id=n // 2,
                        physical_filter=self.filters[instrument], exposure_time=1.5, dark_time=None, seq_num=n,
                        observation_type="science", observation_reason="é ü", target_name="", timespan=span,
                        has_simulated=bool(n % 2), tracking_ra=10.0 * n, azimuth=float(n))
            self.exposures.append((instrument, identifier, day, span))
        for instrument in (INSTRUMENT, OTHER):
            self.insert("visit_system", instrument=instrument, id=0, name="one-to-one")
        for n, (instrument, identifier, day, span) in enumerate(self.exposures):
            self.insert("visit", instrument=instrument, id=identifier, name=f"v{n}", day_obs=day, visit_system=0,
                        physical_filter=self.filters[instrument], region=region(self.rng, n), timespan=span)
            self.insert("visit_definition", instrument=instrument, exposure=identifier, visit=identifier,
                        visit_system=0)
            if self.has("visit_system_membership"):
                self.insert("visit_system_membership", instrument=instrument, visit=identifier, visit_system=0)
            self.insert("visit_detector_region", instrument=instrument, visit=identifier, detector=0,
                        region=region(self.rng, n + 3))
        self.insert("skymap", name=SKYMAP, hash=b"\1\2\3", tract_max=200, patch_nx_max=3, patch_ny_max=3)
        for n in range(60):
            self.insert("tract", skymap=SKYMAP, id=n, region=region(self.rng, n))
        for n in range(9):
            self.insert("patch", skymap=SKYMAP, tract=1, id=n, cell_x=n % 3, cell_y=n // 3,
                        region=region(self.rng, n + 4))

    def raws(self, work: Path) -> None:
        raw = self.type("raw", ["instrument", "detector", "exposure"], storage="Exposure")
        work.mkdir(exist_ok=True)
        self.raw_refs = []
        for n, (instrument, identifier, _, _) in enumerate(self.exposures):
            run = f"{instrument}/raw/all"
            self.butler.collections.register(run, CollectionType.RUN)
            path = work / f"x y{n}+é.fits"
            path.write_text("x" * n)
            data_id = DataCoordinate.standardize(instrument=instrument, exposure=identifier, detector=0,
                                                 universe=self.universe)
            ref = DatasetRef(raw, self.registry.expandDataId(data_id), run=run,
                             id_generation_mode=DatasetIdGenEnum.DATAID_TYPE_RUN)
            formatter = oc.install_raw_formatter(oc.load_instrument(instrument)["raw_formatter"])
            self.butler.ingest(FileDataset(path=str(path), refs=[ref], formatter=formatter),
                               transfer="direct" if n % 2 else "copy", record_validation_info=n != 4)
            self.raw_refs.append(ref)

    def datasets(self) -> None:
        put, run = self.butler.put, "u/me/run"
        self.butler.collections.register(run, CollectionType.RUN, doc="ours")
        bias = self.type("bias", ["instrument", "detector"], calibration=True)
        self.type("flat", ["instrument", "detector", "physical_filter"], calibration=True)
        self.type("metric", ["instrument", "visit"])
        self.type("coadd", ["skymap", "tract", "patch", "band"])
        self.type("config", [])
        self.type("pixels", ["htm7"])
        self.type("perBand", ["instrument", "band"])
        self.type("both", ["instrument", "visit", "skymap", "tract"])
        put({"a": 1}, "config", run=run)
        put({"a": 1}, "pixels", htm7=131072, run=run)
        put({"a": 1}, "perBand", instrument=INSTRUMENT, band="r", run=run)
        for n in range(3):
            instrument, visit = self.exposures[n][:2]
            put({"n": n}, "metric", instrument=instrument, visit=visit, run=run)
            put({"n": n}, "both", instrument=instrument, visit=visit, skymap=SKYMAP, tract=n, run=run)
            put({"n": n}, "coadd", skymap=SKYMAP, tract=1, patch=n, band="r", run=run)
        self.biases = []
        for n in range(4):
            name = f"calib/run{n}"
            self.butler.collections.register(name, CollectionType.RUN)
            self.biases.append(put({"n": n}, "bias", instrument=INSTRUMENT, detector=0, run=name))
            put({"n": n}, "flat", instrument=INSTRUMENT, detector=0, physical_filter=self.filters[INSTRUMENT],
                run=name)
        self.certify(bias)

    def certify(self, bias: DatasetType) -> None:
        times = [None] + [Time(f"20{20 + n}-01-01T00:00:00", scale="tai") for n in range(4)] + [None]
        self.butler.collections.register("calib", CollectionType.CALIBRATION)
        for n, ref in enumerate(self.biases):
            self.registry.certify("calib", [ref], Timespan(times[n], times[n + 1]))
        self.registry.decertify("calib", bias, Timespan(Time("2020-06-01T00:00:00", scale="tai"),
                                                        Time("2020-08-01T00:00:00", scale="tai")))
        self.butler.collections.register("calib/other", CollectionType.CALIBRATION)
        self.registry.certify("calib/other", [self.biases[0]], Timespan(None, None))

    def collections(self) -> None:
        register = self.butler.collections.register
        register("tagged", CollectionType.TAGGED)
        register("tagged/empty", CollectionType.TAGGED)
        self.registry.associate("tagged", [*self.raw_refs[:5], self.biases[0]])
        for name in ("inner", "outer", "empty"):
            register(name, CollectionType.CHAINED)
        redefine = self.butler.collections.redefine_chain
        redefine("inner", ["tagged", "u/me/run", "calib"])
        redefine("outer", [f"{INSTRUMENT}/raw/all", "inner", "calib/run0"])
        self.butler.collections.prepend_chain("outer", ["calib/run1", "calib/run2"])
        self.butler.collections.remove_from_chain("outer", ["calib/run0"])

    def removals(self) -> None:
        """What the Butler leaves behind when it removes is no damage."""
        put = self.butler.put
        self.butler.collections.register("gone", CollectionType.RUN)
        self.type("temporary", ["instrument", "exposure", "detector"])
        refs = [put({"n": n}, "temporary", instrument=i, exposure=e, detector=0, run="gone")
                for n, (i, e, _, _) in enumerate(self.exposures[:6])]
        self.butler.pruneDatasets(refs[:2], unstore=True, disassociate=False)
        self.butler.pruneDatasets(refs[2:], purge=True, unstore=True, disassociate=True)
        self.butler.pruneDatasets([self.raw_refs[0]], unstore=True, disassociate=False)
        self.type("forgotten", ["skymap", "band"])
        self.registry.removeDatasetType("forgotten")
        self.butler.collections.register("gone/too", CollectionType.RUN)
        put({}, "config", run="gone/too")
        self.butler.removeRuns(["gone/too"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo")
    parser.add_argument("--universe", type=int, default=8)
    parser.add_argument("--manager", default="2.0.0", help="version of the datasets manager (1.0.0 or 2.0.0)")
    parser.add_argument("--seed", type=int, default=1, help="of the random regions")
    args = parser.parse_args()
    filler = Filler(make(args.repo, args.universe, args.manager), args.seed)
    filler.records()
    filler.raws(Path(args.repo + "-files").absolute())
    filler.datasets()
    filler.collections()
    filler.removals()
    return 0


if __name__ == "__main__":
    sys.exit(main())
