#!/usr/bin/env python3
"""Print the datasets of a converted repository as rows of tests/gen2/expected_rows.tsv, read by the real Butler.

Usage: gen2_rows.py NAME REPO [--root GEN2ROOT] [--paths]
NAME is the first column. Paths are relative to GEN2ROOT where they lie below it. Only raws and calibrations that a Gen2 repository
has; ids of raws only, since only those are the same everywhere.
--paths: insist that each file is there with the recorded size, and that find_dataset finds each calibration at its time.
"""

from __future__ import annotations

import argparse
import os
import sys

from lsst.daf.butler import Butler, CollectionType, Timespan
from lsst.daf.butler.time_utils import TimeConverter

import oracle_common as oc

TYPES = ("raw", "bias", "dark", "flat")


def spans(butler: Butler, name: str) -> dict:
    """Of each certified dataset of a type: collection and range."""
    result: dict = {}
    for collection in butler.collections.query("*", collection_types=CollectionType.CALIBRATION):
        for found in butler.registry.queryDatasetAssociations(name, collections=[collection],
                                                              collectionTypes={CollectionType.CALIBRATION}):
            begin, end = found.timespan.nsec
            result.setdefault(found.ref.id, []).append((collection, begin, end))
    return result


def must_be_found(butler: Butler, ref, collection: str, begin: int, end: int) -> None:
    """At the begin and within, and not outside of the range."""
    moments = [begin, (begin + end) // 2]
    for moment in moments:
        time = TimeConverter().nsec_to_astropy(moment)
        found = butler.find_dataset(ref.datasetType.name, ref.dataId, collections=[collection], timespan=Timespan.fromInstant(time))
        if found is None or found.id != ref.id:
            raise SystemExit(f"{ref} is not found in {collection} at {time.isot}")
    if end < oc.MAX_NS:
        time = TimeConverter().nsec_to_astropy(end)
        found = butler.find_dataset(ref.datasetType.name, ref.dataId, collections=[collection], timespan=Timespan.fromInstant(time))
        if found is not None and found.id == ref.id:
            raise SystemExit(f"{ref} is found in {collection} at its end")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("repo")
    parser.add_argument("--root")
    parser.add_argument("--paths", action="store_true")
    args = parser.parse_args()
    butler = Butler.from_config(args.repo, writeable=False)
    rows = []
    for dataset_type in butler.registry.queryDatasetTypes(...):
        if dataset_type.name not in TYPES:
            continue
        certified = spans(butler, dataset_type.name) if dataset_type.isCalibration() else {}
        for run in butler.collections.query("*", collection_types=CollectionType.RUN):
            for ref in butler.query_datasets(dataset_type, collections=run, find_first=False, explain=False, limit=None):
                records = butler._datastore.export_records([ref])
                infos = [i for d in records.values() for t in d.records.get(ref.id, {}).values() for i in t]
                assert len(infos) == 1, f"{ref} has {len(infos)} files"
                path = str(infos[0].path).removeprefix("file://")
                if args.root and os.path.isabs(path):
                    path = os.path.relpath(path, os.path.realpath(args.root))
                data_id = " ".join(f"{k}={v}" for k, v in oc.data_id_dict(ref).items())
                ident = str(ref.id) if dataset_type.name == "raw" else "-"
                if args.paths:
                    uri = butler.getURI(ref)
                    assert uri.exists() and uri.size() == infos[0].file_size, f"{uri} is not as recorded"
                for collection, begin, end in certified.get(ref.id, [None]) if certified.get(ref.id) else [("-", None, None)]:
                    span = "-" if begin is None else f"{collection} {begin} {end}"
                    if args.paths and begin is not None:
                        must_be_found(butler, ref, collection, begin, end)
                    rows.append([args.name, dataset_type.name, infos[0].storageClass.name, run, data_id, path, str(infos[0].file_size),
                                 infos[0].formatter, ident, span])
    print("\n".join("\t".join(row) for row in sorted(rows)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
