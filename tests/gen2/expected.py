"""The lines that a scan must print, as far as they follow from the repository alone.

A line is a dict of: path (relative to the root repository), repo, size, link, dataset_type, id (what the path says), source,
registry (table and rowid), data_id, dimensions (sorted), storage_class, formatter, is_calibration, run, calibration, validity,
adjust, patch_xy, action, reason. Keys that do not matter for a line are absent. A collection is a dict of collection, type, children.
"""

from __future__ import annotations

import json
from pathlib import Path

from validity import as_manifest, gen3_ranges

ACTIONS = {
    "ok": "convert", "no_validity": "convert", "bad_validity_text": "convert",
    "ignored_pattern": "skip", "excluded_type": "skip", "special_type": "skip", "no_storage_class": "skip", "gen3_product": "skip",
    "compressed_duplicate": "skip",
    "ambiguous_template": "review", "unrecognised": "review", "unregistered_raw": "review", "no_run": "review", "needs_skymap": "review",
    "data_id_collapse": "review", "duplicate_data_id": "review", "not_regular": "review",
    "dangling_link": "error", "missing_file": "error", "validity_overlap": "error"}

FITS_EXPOSURE = "lsst.obs.base.formatters.fitsExposure.FitsExposureFormatter"
FITS_GENERIC = "lsst.obs.base.formatters.fitsGeneric.FitsGenericFormatter"
FORMATTERS = {
    "ExposureF": FITS_EXPOSURE, "ImageU": "lsst.obs.base.formatters.fitsExposure.FitsImageFormatter",
    **dict.fromkeys(("Background", "SourceCatalog", "SimpleCatalog", "Catalog", "Wcs", "PhotoCalib"), FITS_GENERIC),
    "DataFrame": "lsst.daf.butler.formatters.parquet.ParquetFormatter",
    "PropertySet": "lsst.daf.butler.formatters.yaml.YamlFormatter",
    "Config": "lsst.pipe.base.formatters.pexConfig.PexConfigFormatter",
    "Packages": "lsst.daf.butler.formatters.packages.PackagesFormatter",
    "ObjectMaskCatalog": "lsst.pipe.tasks.objectMasks.RegionFileFormatter"}
# Of raws: their formatter is the instrument's own and no part of the line.
EXPOSURE = {"dimensions": ["detector", "exposure", "instrument"], "storage_class": "Exposure"}


def verdict(reason: str) -> dict:
    return {"action": ACTIONS[reason], "reason": reason}


class Expected:
    def __init__(self, instrument: str, masks_run: str) -> None:
        self.instrument, self.masks_run = instrument, masks_run
        self.lines: list[dict] = []
        self.reruns: dict[str, list[str]] = {}      # name to the reruns among its parents

    def add(self, line: dict) -> None:
        self.lines.append(line)

    def change(self, path: str, reason: str) -> None:
        next(line for line in self.lines if line["path"] == path).update(verdict(reason))

    def certify(self, files: list[dict]) -> None:
        """Validity and verdict of calibrations: dicts of line, kind, row (with validity) or None."""
        groups: dict[str, list[dict]] = {}
        for file in files:
            line = file["line"]
            self.add(line)
            line["source"] = "both" if file["row"] else "tree"
            if file["row"]:
                groups.setdefault(json.dumps([file["kind"], line["data_id"]]), []).append(file)
            else:
                line.update(verdict("no_validity"))
        for group in groups.values():
            for file, entry in zip(group, gen3_ranges([f["row"]["validity"] for f in group])):
                line = file["line"]
                line.update(verdict(entry["reason"]))
                if entry["reason"] == "ok":
                    line |= {"calibration": f"{self.instrument}/calib", "validity": as_manifest(entry), "adjust": sorted(entry["adjust"])}

    # ------------------------------------------------------------ collections

    def chain_of(self, rerun: str) -> str:
        if rerun.startswith("private/"):
            return "u/" + rerun.removeprefix("private/")
        return f"{self.instrument}/runs/" + rerun.removeprefix("shared/")

    def collections(self, lines: list[dict]) -> list[dict]:
        converted = [line for line in lines if line["action"] == "convert"]
        runs = {line["run"] for line in converted}
        # The umbrella names what conversions write into even before there is something.
        result = [{"collection": run, "type": "RUN"} for run in sorted(runs | {"skymaps"})]
        calib = f"{self.instrument}/calib"
        result.append({"collection": calib, "type": "CALIBRATION"})
        root = [run for run in (f"{self.instrument}/raw/all", "refcats/gen2") if run in runs]
        if "refcats/gen2" in runs:
            result.append({"collection": "refcats", "type": "CHAINED", "children": ["refcats/gen2"]})
        result.append({"collection": f"{self.instrument}/defaults", "type": "CHAINED", "children": [
            *root, calib, "skymaps", *([self.masks_run] if "/" in self.masks_run and self.masks_run in runs else [])]})

        def own(rerun: str) -> list[str]:
            mine = [line["run"] for line in converted if line["repo"] == f"rerun/{rerun}"]
            own_run = f"{self.chain_of(rerun)}/direct"
            found = [own_run] if own_run in mine else []
            found += [self.masks_run] if self.masks_run in mine else []
            for parent in self.reruns[rerun]:
                found += own(parent)
            return found

        for rerun in sorted(self.reruns):
            children = list(dict.fromkeys([*own(rerun), *root, calib]))
            result.append({"collection": self.chain_of(rerun), "type": "CHAINED", "children": children})
        return result

    # ------------------------------------------------------------ output

    def write(self, path: Path, skymap: str | None) -> None:
        lines = [self.with_skymap(line, skymap) for line in sorted(self.lines, key=lambda line: line["path"])]
        with open(path, "w") as out:
            for line in lines + self.collections(lines):
                out.write(json.dumps(line) + "\n")

    @staticmethod
    def with_skymap(line: dict, skymap: str | None) -> dict:
        if line["reason"] != "needs_skymap":
            return line
        if skymap is None:
            # Its data ID is not known as a whole.
            return {k: v for k, v in line.items() if k not in ("data_id", "dimensions")}
        return {**line, "data_id": {**line["data_id"], "skymap": skymap}, **verdict("ok")}
