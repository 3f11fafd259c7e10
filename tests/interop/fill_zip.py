#!/usr/bin/env python3
"""Store the datasets of a zip file with the Python Butler alone, the records of their exposures taken from OTHER.

Usage: fill_zip.py REPO OTHER ZIP [MODE]      MODE is a transfer mode of Butler.ingest_zip (default: copy)
"""

from __future__ import annotations

import sys

from lsst.daf.butler import Butler, CollectionType
from lsst.daf.butler.datastores.file_datastore.retrieve_artifacts import ZipIndex
from lsst.resources import ResourcePath


def main(repo: str, other: str, path: str, mode: str = "copy") -> None:
    source, target = Butler(other), Butler(repo, writeable=True)
    refs = ZipIndex.from_zip_file(ResourcePath(path)).refs.to_refs(universe=target.dimensions)
    exposures = {(ref.dataId["instrument"], ref.dataId["exposure"]) for ref in refs}
    for instrument, exposure in sorted(exposures):
        data_id = source.registry.expandDataId(instrument=instrument, exposure=exposure)
        for element in ("group", "day_obs", "exposure"):
            target.registry.syncDimensionData(element, data_id.records[element])
    target.registry.registerDatasetType(source.get_dataset_type("raw"))
    target.registry.registerCollection(refs[0].run, CollectionType.RUN)
    target.ingest_zip(path, transfer=mode)


if __name__ == "__main__":
    main(*sys.argv[1:])
