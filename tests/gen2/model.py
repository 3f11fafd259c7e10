#!/usr/bin/env python3
"""A reference model of a scan: reads a Gen2 repository and prints what must be said of each file.

Independent of dbb and of the generator: parsing with Python's regular expressions by the mapper's templates (element by
element of a path, as the Gen2 converter did), registries by sqlite3, ranges by validity.py. Its lines are those of expected.py.
It knows the templates that the tests need, of all cameras that make_gen2.py makes.

Usage: model.py ROOT [--skymap NAME]
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import re
import sqlite3
import sys
from pathlib import Path

sys.dont_write_bytecode = True
from expected import EXPOSURE, FITS_EXPOSURE, FORMATTERS, Expected, verdict  # noqa: E402

P = "%(raftName)s-%(detectorName)s-det%(detector)03d"
CENTRAL = {
    "processCcd_config": ("Config", "config/processCcd.py"), "characterizeImage_config": ("Config", "config/characterizeImage.py"),
    "packages": ("Packages", "config/packages.pickle"), "src_schema": ("SourceCatalog", "schema/src.fits"),
    "icSrc_schema": ("SourceCatalog", "schema/icSrc.fits"),
    "deepCoadd_forced_config": ("Config", "config/forcedPhotCoadd.py"), "dcrCoadd_forced_config": ("Config", "config/forcedPhotCoadd.py"),
    "deepCoadd_skyMap": (None, "deepCoadd/skyMap.pickle"),
    "deepCoadd": ("ExposureF", "deepCoadd/%(filter)s/%(tract)d/%(patch)s.fits"),
    "deepCoadd_nImage": ("ImageU", "deepCoadd/%(filter)s/%(tract)d/%(patch)s_nImage.fits"),
    "deepCoaddPsfMatched": ("ExposureF", "deepCoadd/%(filter)s/%(tract)d/psfMatched-%(patch)s.fits"),
    **{f"deepCoadd_{name}": (storage, f"deepCoadd-results/%(filter)s/%(tract)d/%(patch)s/{name}-%(filter)s-%(tract)d-%(patch)s.fits")
       for name, storage in (("calexp", "ExposureF"), ("det", "SourceCatalog"), ("meas", "SourceCatalog"), ("forced_src", "SourceCatalog"))},
    **{f"deepCoadd_{name}": ("SourceCatalog", f"deepCoadd-results/merged/%(tract)d/%(patch)s/{name}-%(tract)d-%(patch)s.fits")
       for name in ("mergeDet", "ref")},
    "brightObjectMask": ("ObjectMaskCatalog", "deepCoadd/BrightObjectMasks/%(tract)d/BrightObjectMask-%(tract)d-%(patch)s-%(filter)s.reg"),
    "dcrCoadd": ("ExposureF", "dcrCoadd/%(filter)s%(subfilter)dof%(numSubfilters)d/%(tract)d/%(patch)s.fits")}


def obs_lsst(exposure: str, number: str) -> dict:
    """Outputs of the obs_lsst cameras; EXPOSURE is the key of the exposure and NUMBER its format in names."""
    v = f"{number}-%(filter)s"
    out = {kind: (storage, f"{folder}/{v}/%(raftName)s/{name}_{v}-{P}.{ending}") for kind, storage, folder, name, ending in (
        ("calexp", "ExposureF", "calexp", "calexp", "fits"), ("calexpBackground", "Background", "calexp", "bkgd", "fits"),
        ("icExp", "ExposureF", "icExp", "icExp", "fits"), ("icExpBackground", "Background", "icExp", "icExp", "fits"), ("icSrc", "SourceCatalog", "icSrc", "icSrc", "fits"),
        ("src", "SourceCatalog", "src", "src", "fits"), ("srcMatch", "Catalog", "srcMatch", "srcMatch", "fits"),
        ("postISRCCD", "ExposureF", "postISRCCD", "postISRCCD", "fits"), ("skyCorr", "Background", "skyCorr", "skyCorr", "fits"),
        ("processCcd_metadata", "PropertySet", "processCcd_metadata", "processCcdMetadata", "yaml"))}
    return {
        **CENTRAL, **out,
        "deepCoadd_directWarp": ("ExposureF", "deepCoadd/%(filter)s/%(tract)d/%(patch)s/"
                                 f"warp-%(filter)s-%(tract)d-%(patch)s-%({exposure})d.fits"),
        "jointcal_wcs": ("Wcs", f"jointcal-results/%(filter)s/%(tract)04d/jointcal_wcs-%(expId)07d-{P}.fits"),
        "eimage": ("", "eimage/%(expId)d/E%(snap)03d/%(raftName)s/eimage_%(visit)08d_%(raftName)s_%(detectorName)s_E%(snap)03d.fits.gz")}


CALIBS = {kind: f"{kind}/%(calibDate)s/{kind}-{P}_%(calibDate)s.fits" for kind in ("bias", "dark")} | {
    kind: f"{kind}/%(filter)s/%(calibDate)s/{kind}_%(filter)s-{P}_%(calibDate)s.fits" for kind in ("flat", "fringe")} | {
    "sky": f"sky/%(calibDate)s/%(filter)s/sky-%(filter)s-{P}_%(calibDate)s.fits"}
OLD_SKY = f"SKY/%(calibDate)s/%(filter)s/SKY-%(calibDate)s-%(filter)s-{P}_%(calibDate)s.fits"
H, I = "%(pointing)05d/%(filter)s", "%(visit)07d-%(ccd)03d"
BY_DAY, BY_VISIT = obs_lsst("expId", "%(expId)013d"), obs_lsst("visit", "%(visit)08d")
BY_VISIT["postISRCCD"] = obs_lsst("visit", "%(expId)08d")["postISRCCD"]
LATISS, TS8 = dict(BY_DAY), dict(BY_DAY)
for kind in ("calexp", "postISRCCD"):
    LATISS[kind] = ("ExposureF", f"{kind}/%(dayObs)s/{kind}_%(expId)08d-%(filter)s-det%(detector)03d.fits")
    TS8[kind] = ("ExposureF", f"{kind}/{kind}_%(expId)011d-%(filter)s-det%(detector)03d.fits")
HSC = {
    **{k: v for k, v in CENTRAL.items() if k != "dcrCoadd_forced_config"},
    **{kind: (storage, f"{H}/{folder}/{name}-{I}.fits") for kind, storage, folder, name in (
        ("calexp", "ExposureF", "corr", "CORR"), ("calexpBackground", "Background", "corr", "BKGD"), ("icExp", "ExposureF", "corr", "ICEXP"),
        ("icSrc", "SourceCatalog", "output", "ICSRC"), ("src", "SourceCatalog", "output", "SRC"), ("srcMatch", "Catalog", "output", "SRCMATCH"),
        ("skyCorr", "Background", "corr", "skyCorr"))},
    "postISRCCD": ("ExposureF", "postISRCCD/v%(visit)07d-f%(filter)s/c%(ccd)03d.fits"),
    "deepCoadd_directWarp": ("ExposureF", "deepCoadd/%(filter)s/%(tract)d/%(patch)s/warp-%(filter)s-%(tract)d-%(patch)s-%(visit)d.fits"),
    "jointcal_wcs": ("Wcs", f"jointcal-results/%(filter)s/%(tract)04d/jointcal_wcs-{I}.fits")}
LATISS_CALIBS = CALIBS | {kind: f"{kind}/%(calibDate)s/{kind}-det%(detector)03d_%(calibDate)s.fits" for kind in ("bias", "dark")} | {
    "flat": "flat/%(filter)s/%(calibDate)s/flat_%(filter)s-det%(detector)03d_%(calibDate)s.fits"}
HSC_CALIBS = {kind: f"{kind.upper()}/%(calibDate)s/NONE/{kind.upper()}-%(calibDate)s-%(ccd)03d.fits" for kind in ("bias", "dark")} | {
    kind: f"{kind.upper()}/%(calibDate)s/%(filter)s/{kind.upper()}-%(calibDate)s-%(filter)s-%(ccd)03d.fits" for kind in ("flat", "fringe", "sky")} | {
    "defects": "defects/%(calibDate)s/defects-%(calibDate)s-%(ccd)03d.fits"}
IMSIM_RAW = f"raw/%(run)s/%(raftName)s/%(expId)08d-{P}.fits"
LSST_RAW = f"raw/%(dayObs)s/%(expId)013d/%(expId)013d-{P}.fits"
MAPPERS = {     # instrument, key of exposures in the registry, of detectors, raws, calibrations, outputs
    "lsst.obs.lsst.latiss.LatissMapper": ("LATISS", "expId", "detector", "raw/%(dayObs)s/%(expId)013d-det%(detector)03d.fits", LATISS_CALIBS, LATISS),
    "lsst.obs.lsst.LsstCamMapper": ("LSSTCam", "expId", "detector", LSST_RAW, CALIBS, BY_DAY),
    "lsst.obs.lsst.lsstCamMapper.LsstCamMapper": ("LSSTCam", "expId", "detector", LSST_RAW, CALIBS, BY_DAY),
    "lsst.obs.lsst.imsim.ImsimMapper": ("LSSTCam-imSim", "expId", "detector", IMSIM_RAW, CALIBS, BY_VISIT),
    "lsst.obs.lsst.phosim.PhosimMapper": ("LSSTCam-PhoSim", "expId", "detector", IMSIM_RAW, CALIBS, BY_VISIT),
    "lsst.obs.lsst.ts8.Ts8Mapper": ("LSST-TS8", "expId", "detector", f"raw/%(run)s/%(expId)011d-{P}.fits", CALIBS, TS8),
    "lsst.obs.hsc.HscMapper": ("HSC", "visit", "ccd", "%(field)s/%(dateObs)s/%(pointing)05d/%(filter)s/HSC-%(visit)07d-%(ccd)03d.fits",
                               HSC_CALIBS, HSC)}
HSC_BANDS = {"HSC-G": "g", "HSC-R": "r", "HSC-I": "i", "HSC-Z": "z", "HSC-Y": "y"}
IGNORED = ["README.txt", "*.*~*", "butler.yaml", "gen3.sqlite3", "registry.sqlite3", "calibRegistry.sqlite3", "_mapper", "_parent",
           "repositoryCfg.yaml"]
CURATED = {"HSC": ["defects"]}


# ---------------------------------------------------------------- templates

KEY = re.compile(r"%\((\w+)\)[^%]*?([idrs])")


def parse(template: str, path: str) -> dict | None:
    """The Gen2 data ID in a path, None when the template does not match. Keys known from earlier elements are literal text."""
    elements, parts = template.split("/"), path.split("/")
    if len(elements) != len(parts):
        return None
    known: dict = {}
    for element, part in zip(elements, parts):
        pattern, types, at = "", {}, 0
        for key in KEY.finditer(element):
            pattern += re.escape(element[at:key.start()])
            at, (name, kind) = key.end(), key.groups()
            if name in known:
                pattern += re.escape(key.group() % known)
            elif name in types:
                pattern += f"(?P={name})"
            else:
                types[name] = kind
                pattern += f"(?P<{name}>" + (r"\d+,\d+" if name == "patch" else r"0*\d+" if kind in "id" else ".+") + ")"
        match = re.fullmatch(pattern + re.escape(element[at:]), part)
        if match is None:
            return None
        known |= {n: int(v) if types[n] in "id" else v for n, v in match.groupdict().items()}
    return known


def parse_packed(template: str, path: str) -> dict | None:
    """The same for a file that may be packed by gzip or fpack."""
    if template.endswith(".fits") and path.endswith((".gz", ".fz")):
        return parse(template, path[:-3])
    return parse(template, path)


# ---------------------------------------------------------------- the scan

def rows_of(path: Path, table: str) -> list[dict]:
    if not path.exists():
        return []
    db = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    db.row_factory = sqlite3.Row
    try:
        return [dict(r) for r in db.execute(f"select * from {table}")]
    except sqlite3.OperationalError:
        return []
    finally:
        db.close()


def mapper_of(folder: Path) -> str:
    if (folder / "repositoryCfg.yaml").exists():
        text = (folder / "repositoryCfg.yaml").read_text()
        return re.search(r"^_mapper:\s*(?:&\w+\s+)?(?:!!python/name:)?([\w.]+)", text, re.M).group(1)
    return (folder / "_mapper").read_text().split("\n")[0].strip()


class Scan:
    def __init__(self, root: Path) -> None:
        self.root = root
        (self.instrument, self.exposure_key, self.detector_key, self.raw, self.calibs, self.outputs) = MAPPERS[mapper_of(root)]
        self.lines = Expected(self.instrument, "HSC/masks" if self.instrument == "HSC" else "masks")
        self.raw_rows = {self.raw % row: row for row in rows_of(root / "registry.sqlite3", "raw")}
        self.calib_rows = {(kind, table): rows_of(root / "CALIB/calibRegistry.sqlite3", table) for kind in self.calibs
                           for table in ["flat" if kind == "fringe" and self.instrument != "HSC" else kind]}
        self.calib_files: list[dict] = []

    def run(self) -> Expected:
        for folder, folders, names in os.walk(self.root):
            below = Path(folder).relative_to(self.root).parts
            if "_parent" in names or "_parent" in folders or "repositoryCfg.yaml" in names:
                if below[:1] == ("rerun",):
                    self.lines.reruns["/".join(below[1:])] = self.parents(Path(folder))
            folders[:] = [f for f in folders if f != "_parent"]
        for folder, folders, names in os.walk(self.root):
            folders[:] = [f for f in folders if f != "_parent"]
            for name in names:
                if name != "_parent":
                    self.file((Path(folder) / name).relative_to(self.root).as_posix())
        for path, row in self.raw_rows.items():
            if not row.get("seen"):
                self.lines.add({"path": path, "repo": "root", **self.raw_facts(parse(self.raw, path)), "source": "registry",
                                "registry": {"table": "raw", "rowid": row["id"]}, **verdict("missing_file")})
        self.calibrations()
        self.duplicates()
        return self.lines

    def parents(self, folder: Path) -> list[str]:
        if (folder / "_parent").is_symlink():
            found = [os.readlink(folder / "_parent")]
        else:
            text = (folder / "repositoryCfg.yaml").read_text().split("_parents:", 1)[1].split("\n_policy:")[0]
            found = re.findall(r"^- ([^!].*)$|_root: (.*)$", text, re.M)
            found = [a or b for a, b in found]
        inside = [os.path.relpath(os.path.realpath(folder / p), os.path.realpath(self.root / "rerun")) for p in found]
        return [p for p in inside if not p.startswith("..")]

    # What is said of one file.
    def file(self, path: str) -> None:
        full = self.root / path
        parts = path.split("/")
        rerun = next((r for r in self.lines.reruns if path.startswith(f"rerun/{r}/")), None)
        repo = f"rerun/{rerun}" if rerun else "calib" if parts[0] == "CALIB" else "root"
        line: dict = {"path": path, "repo": repo}
        if full.is_symlink():
            line["link"] = os.readlink(full)
        if not full.exists():
            return self.lines.add({**line, **verdict("dangling_link")})
        if not full.is_file():
            return self.lines.add({**line, **verdict("not_regular")})
        line["size"] = full.stat().st_size
        if any(fnmatch.fnmatchcase(parts[-1], pattern) for pattern in IGNORED):
            return self.lines.add({**line, **verdict("ignored_pattern")})
        if repo == "calib":
            return self.calib_file(line, path.removeprefix("CALIB/"))
        if repo == "root" and parts[0] == self.instrument:
            return self.lines.add({**line, **verdict("gen3_product")})
        if repo == "root" and parts[0] == "ref_cats":
            return self.reference(line, parts)
        if repo == "root" and (ident := parse_packed(self.raw, path)):
            plain = path.removesuffix(".gz").removesuffix(".fz")
            row = self.raw_rows.get(plain)
            line |= self.raw_facts(ident) | {"source": "both" if row else "tree"} | verdict("ok" if row else "unregistered_raw")
            if row:
                row["seen"] = True
                line["registry"] = {"table": "raw", "rowid": row["id"]}
            return self.lines.add(line)
        return self.output(line, path.removeprefix(f"rerun/{rerun}/") if rerun else path, rerun)

    def raw_facts(self, ident: dict) -> dict:
        return {"dataset_type": "raw", "id": ident, "run": f"{self.instrument}/raw/all", **EXPOSURE, "data_id": {
            "instrument": self.instrument, "detector": ident[self.detector_key], "exposure": ident[self.exposure_key]}}

    def calib_facts(self, kind: str, ident: dict) -> dict:
        data_id = {"instrument": self.instrument, "detector": ident[self.detector_key]}
        if "filter" in ident:
            data_id["physical_filter"] = ident["filter"]
        return {"repo": "calib", "dataset_type": kind, "id": ident, "data_id": data_id, "dimensions": sorted(data_id),
                "storage_class": "ExposureF", "formatter": FITS_EXPOSURE, "is_calibration": True,
                "run": f"{self.instrument}/calib/{ident['calibDate'].replace('-', '')}T000000Z"}

    def calib_file(self, line: dict, path: str) -> None:
        for kind, template in [*self.calibs.items(), ("sky", OLD_SKY)]:
            if (ident := parse_packed(template, path)) is not None:
                if kind in CURATED.get(self.instrument, []):
                    return self.lines.add({**line, "dataset_type": kind, **verdict("special_type")})
                self.calib_files.append({"kind": kind, "line": {**line, **self.calib_facts(kind, ident)}, "row": None})
                return None
        return self.lines.add({**line, **verdict("unrecognised")})

    def calibrations(self) -> None:
        for (kind, table), rows in self.calib_rows.items():
            for row in rows:
                for file in self.calib_files:
                    ident = file["line"]["id"]
                    if (file["kind"] == kind and ident["calibDate"] == row["calibDate"] and ident[self.detector_key] == row[self.detector_key]
                            and ident.get("filter", "NONE") == row["filter"]):
                        file["row"] = {**row, "validity": (row["validStart"], row["validEnd"])}
                        file["line"]["registry"] = {"table": table, "rowid": row["id"]}
                        break
                else:
                    if kind == table:
                        self.calib_gone(kind, row)
        self.lines.certify(self.calib_files)

    def calib_gone(self, kind: str, row: dict) -> None:
        # Names of rafts and detectors may be missing from a registry; those of its detector's other calibrations serve.
        names = next((f["line"]["id"] for f in self.calib_files if f["line"]["id"][self.detector_key] == row[self.detector_key]), {})
        path = "CALIB/" + self.calibs[kind] % {**names, **row}
        self.lines.add({"path": path, **self.calib_facts(kind, parse(self.calibs[kind], path.removeprefix("CALIB/"))), "source": "registry",
                        "registry": {"table": kind, "rowid": row["id"]}, **verdict("missing_file")})

    def reference(self, line: dict, parts: list[str]) -> None:
        config = self.root / "ref_cats" / parts[1] / "config.py"
        if len(parts) == 3 and parts[2] == "config.py":
            return self.lines.add({**line, "dataset_type": "ref_cat_config", **verdict("special_type")})
        number = re.fullmatch(r"(\d+)\.fits", parts[-1])
        if len(parts) != 3 or number is None:
            return self.lines.add({**line, **verdict("unrecognised")})
        depth = int(re.search(r"config\.indexer\['HTM'\]\.depth=(\d+)", config.read_text()).group(1))
        return self.lines.add({**line, "dataset_type": parts[1], "data_id": {f"htm{depth}": int(number.group(1))}, "dimensions": [f"htm{depth}"],
                               "storage_class": "SimpleCatalog", "formatter": FORMATTERS["SimpleCatalog"], "run": "refcats/gen2", **verdict("ok")})

    def output(self, line: dict, path: str, rerun: str | None) -> None:
        found = [(kind, storage, ident) for kind, (storage, template) in self.outputs.items()
                 if (ident := parse_packed(template, path)) is not None]
        if not found:
            return self.lines.add({**line, **verdict("unrecognised")})
        if len(found) > 1:
            return self.lines.add({**line, **verdict("ambiguous_template")})
        kind, storage, ident = found[0]
        line["dataset_type"] = kind
        if storage is None:
            return self.lines.add({**line, **verdict("special_type")})
        if storage == "":
            return self.lines.add({**line, **verdict("no_storage_class")})
        if "subfilter" in ident:
            return self.lines.add({**line, **verdict("data_id_collapse")})
        if rerun is None and kind != "brightObjectMask":
            return self.lines.add({**line, **verdict("no_run")})
        run = self.lines.masks_run if kind == "brightObjectMask" else self.lines.chain_of(rerun) + "/direct"
        data_id = self.data_id(ident)
        line |= {"id": ident, "data_id": data_id, "dimensions": sorted([*data_id, *(["patch"] if "patch" in ident else [])]),
                 "storage_class": storage, "formatter": FORMATTERS[storage], "run": run,
                 **verdict("needs_skymap" if "tract" in ident else "ok")}
        if "patch" in ident:
            line["patch_xy"] = ident["patch"]
        return self.lines.add(line)

    def data_id(self, ident: dict) -> dict:
        result: dict = {}
        if "expId" in ident:
            result = {"instrument": self.instrument, "exposure": ident["expId"]}
        if "visit" in ident:
            result = {"instrument": self.instrument, "visit": ident["visit"]}
        if self.detector_key in ident:
            result["detector"] = ident[self.detector_key]
        if "tract" in ident:
            if "filter" in ident and not result:
                result["band"] = HSC_BANDS[ident["filter"]] if self.instrument == "HSC" else ident["filter"]
            result |= {"skymap": "", "tract": ident["tract"]}
        return result

    def duplicates(self) -> None:
        """A packed twin of a file is left out; other files of one data ID in one run contradict each other."""
        groups: dict = {}
        for line in self.lines.lines:
            if line["action"] == "convert":
                key = json.dumps([line["run"], line["dataset_type"], line["data_id"], line.get("patch_xy")], sort_keys=True)
                groups.setdefault(key, []).append(line)
        for group in groups.values():
            paths = {line["path"] for line in group}
            twins = [line for line in group if line["path"][-3:] in (".gz", ".fz") and line["path"][:-3] in paths]
            for line in twins:
                line.update(verdict("compressed_duplicate"))
            rest = [line for line in group if line not in twins]
            for line in rest if len(rest) > 1 else []:
                line.update(verdict("duplicate_data_id"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("--skymap")
    args = parser.parse_args()
    Scan(Path(os.path.abspath(args.root))).run().write(Path("/dev/stdout"), args.skymap)
    return 0


if __name__ == "__main__":
    sys.exit(main())
