#!/usr/bin/env python3
"""Write the raws of an exposure as a zip file, as Butler.retrieve_artifacts_zip does, with an index of their headers.

Usage: make_zip.py REPO RUN INSTRUMENT EXPOSURE FOLDER [translated]

The zip gets _metadata_index.json, whose keys are the paths of members, beside the Butler's _butler_zip_index.json: with
their headers as upstream writes them, or translated ones from dbb-describe --write-index, which check_sidecars.py
compares with upstream's. Prints the path of the zip.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from astro_metadata_translator.file_helpers import read_basic_metadata_from_file
from astro_metadata_translator.indexing import calculate_index
from lsst.daf.butler import Butler


def plain(header) -> dict:
    """Cards as JSON can hold them, as upstream's write-index has them too."""
    return {card: value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
            for card, value in header.items()}


def index_of(folder: str, names: list[str], content: str) -> str:
    if content == "translated":
        subprocess.run(["dbb-describe", "--write-index", folder], check=True, stdout=subprocess.DEVNULL)
        return Path(folder, "_index.json").read_text()
    headers = {name: plain(read_basic_metadata_from_file(f"{folder}/{name}", 0)) for name in names}
    return json.dumps(calculate_index(headers, "metadata"))


def main(repo: str, run: str, instrument: str, exposure: str, folder: str, content: str = "metadata") -> None:
    butler = Butler(repo)
    where = f"instrument = '{instrument}' and exposure = {exposure}"
    refs = butler.query_datasets("raw", collections=run, where=where, with_dimension_records=True)
    path = butler.retrieve_artifacts_zip(sorted(refs), folder, overwrite=True).ospath
    with zipfile.ZipFile(path, "a") as zipped, tempfile.TemporaryDirectory() as work:
        names = [name for name in zipped.namelist() if not name.startswith("_")]
        zipped.extractall(work, names)
        zipped.writestr("_metadata_index.json", index_of(work, names, content), zipfile.ZIP_DEFLATED)
    print(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
