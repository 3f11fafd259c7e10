#!/usr/bin/env python3
"""Do with the Python Butler what a file of steps says: dataset types, collections, datasets, certifications, chains.

tests/interop/converted.cc does the same steps with dbb. With --records the repository gets the dimension records that
the steps need, those of check_fill.py.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from astropy.time import Time
from check_fill import Filler
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

FORMATTER = "lsst.daf.butler.formatters.yaml.YamlFormatter"


class Steps:
    def __init__(self, butler: Butler, work: Path) -> None:
        self.butler, self.registry, self.work = butler, butler.registry, work

    def dataset_type(self, step: dict) -> None:
        self.registry.registerDatasetType(DatasetType(
            step["dataset_type"], step["dimensions"], step["storage_class"], universe=self.butler.dimensions,
            isCalibration=step.get("calibration", False)))

    def collection(self, step: dict) -> None:
        self.butler.collections.register(step["collection"], CollectionType.from_name(step["type"]))

    def refs(self, type_name: str, step: dict) -> list[DatasetRef]:
        dataset_type = self.registry.getDatasetType(type_name)
        refs = []
        for given in step["data_ids"]:
            values = dict(given)
            if cell := values.pop("patch_xy", None):
                (patch,) = [r for r in self.registry.queryDimensionRecords(
                    "patch", skymap=values["skymap"], tract=values["tract"]) if [r.cell_x, r.cell_y] == cell]
                values["patch"] = patch.id
            data_id = DataCoordinate.standardize(values, dimensions=dataset_type.dimensions)
            refs.append(DatasetRef(dataset_type, self.registry.expandDataId(data_id), run=step["run"],
                                   id_generation_mode=DatasetIdGenEnum.DATAID_TYPE_RUN))
        return refs

    def datasets(self, step: dict) -> None:
        self.butler.collections.register(step["run"], CollectionType.RUN)
        files = []
        for n, ref in enumerate(self.refs(step["datasets"], step)):
            path = self.work / f"{n}.yaml"
            path.write_text(str(ref.id))
            files.append(FileDataset(path=str(path), refs=[ref], formatter=FORMATTER))
        self.butler.ingest(*files, transfer="copy")

    def certify(self, step: dict) -> None:
        times = [step[k] and Time(step[k], scale="tai", format="isot") for k in ("begin_tai", "end_tai")]
        self.registry.certify(step["collection"], self.refs(step["certify"], step), Timespan(*times))

    def chain(self, step: dict) -> None:
        """A new chain of flattened children, or what an existing one lacks: before the next child that it has."""
        collections = self.butler.collections
        name, children = step["chain"], step["children"]
        flat = list(collections.query(children, flatten_chains=True)) if children else []
        if collections.register(name, CollectionType.CHAINED):
            collections.redefine_chain(name, flat)
            return
        merged = list(collections.query(name, flatten_chains=True))
        lacking = [c for c in flat if c not in merged]
        for child in reversed(flat):
            if child in lacking:
                later = [c for c in flat[flat.index(child) + 1:] if c in merged]
                merged.insert(merged.index(later[0]) if later else len(merged), child)
        at_end = merged[len(merged) - len(lacking):]
        if lacking and sorted(at_end) == sorted(lacking):
            collections.extend_chain(name, at_end)
        elif lacking:
            collections.redefine_chain(name, merged)

    def do(self, step: dict) -> None:
        getattr(self, next(k for k in step if k in ("dataset_type", "datasets", "certify", "chain", "collection")))(step)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo")
    parser.add_argument("steps", type=Path, nargs="?")
    parser.add_argument("--records", action="store_true")
    args = parser.parse_args()
    butler = Butler.from_config(args.repo, writeable=True)
    if args.records:
        Filler(butler, 1).records()
    with tempfile.TemporaryDirectory() as work:
        steps = Steps(butler, Path(work))
        for line in args.steps.read_text().splitlines() if args.steps else []:
            steps.do(json.loads(line))
    return 0


if __name__ == "__main__":
    sys.exit(main())
