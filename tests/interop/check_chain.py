#!/usr/bin/env python3
"""Use a repository with a chain of datastores fully: Python finds, reads and removes what dbb-ingest stored in it.

Usage: check_chain.py REPO     which has no raw datasets afterwards
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path

from lsst.daf.butler import Butler, DatasetExistence


def main(repo: str) -> None:
    butler = Butler(repo, writeable=True)
    refs = butler.query_datasets("raw", "*", find_first=False)
    assert refs, "no raw datasets"
    with_checksum = 0
    for data in butler._datastore.export_records(refs).values():
        for tables in data.records.values():
            for info in (info for infos in tables.values() for info in infos):
                with_checksum += info.checksum is not None
    assert with_checksum == len(refs), f"{with_checksum} checksums for {len(refs)} datasets"
    stores = [store for store in butler._datastore.datastores if not store.isEphemeral]
    for ref in refs:
        assert butler.exists(ref) is DatasetExistence.VERIFIED, f"{ref} is not there"
        contents = set()
        for store in stores:
            assert store.exists(ref), f"{ref} is not in {store.name}"
            path = Path(store.getURI(ref).ospath)
            contents.add(hashlib.sha256(path.read_bytes()).digest())
            for _, info in store._get_dataset_locations_info(ref):
                assert info.file_size == path.stat().st_size, path
        assert len(contents) == 1, f"{ref} differs between datastores"
    with tempfile.TemporaryDirectory() as folder:
        assert len(butler.retrieveArtifacts(refs, folder, transfer="copy")) == len(refs)

    butler.pruneDatasets(refs, purge=True, unstore=True, disassociate=True)
    for root in butler.get_datastore_roots().values():
        left = [p for p in Path(root.ospath).rglob("*") if p.is_file()] if root else []
        assert not left, f"{left[0]} was left"
    print(f"{len(refs)} datasets in {len(stores)} datastores")


if __name__ == "__main__":
    main(*sys.argv[1:])
