#!/usr/bin/env python3
"""Write a Gen2 repository, and what a scan of it must say of each file.

ROOT                     the repository: raws that translate, calibrations, reruns, reference catalogues
ROOT.expected            one JSON line per file, in the order of paths, then one per collection
ROOT.expected-skymap     the same for a scan with --skymap NAME

The same options give the same repository. Nothing here was taken from dbb: the facts are those of the Gen2 Butler's mappers,
ingest tasks and converter. Needs only the Python standard library.

Faults: --faults all, none, or names with commas (--list-faults).
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import socket
import sqlite3
import sys
from pathlib import Path

sys.dont_write_bytecode = True
import cameras  # noqa: E402
from expected import EXPOSURE, FITS_EXPOSURE, FORMATTERS, Expected, verdict  # noqa: E402
from validity import gen2_ranges  # noqa: E402

VALIDITY_DAYS = 99999
LINKS_PER_FILE = 50_000          # ext4 allows 65000
OUTPUTS = {
    "calexp": "ExposureF", "calexpBackground": "Background", "icExp": "ExposureF", "icSrc": "SourceCatalog", "src": "SourceCatalog",
    "srcMatch": "Catalog", "postISRCCD": "ExposureF", "skyCorr": "Background", "processCcd_metadata": "PropertySet"}
COADDS = {       # of one filter: storage class, path
    "deepCoadd": ("ExposureF", "deepCoadd/{f}/{t}/{p}.fits"),
    "deepCoadd_nImage": ("ImageU", "deepCoadd/{f}/{t}/{p}_nImage.fits"),
    "deepCoaddPsfMatched": ("ExposureF", "deepCoadd/{f}/{t}/psfMatched-{p}.fits"),
    "deepCoadd_calexp": ("ExposureF", "deepCoadd-results/{f}/{t}/{p}/calexp-{f}-{t}-{p}.fits"),
    "deepCoadd_det": ("SourceCatalog", "deepCoadd-results/{f}/{t}/{p}/det-{f}-{t}-{p}.fits"),
    "deepCoadd_meas": ("SourceCatalog", "deepCoadd-results/{f}/{t}/{p}/meas-{f}-{t}-{p}.fits"),
    "deepCoadd_forced_src": ("SourceCatalog", "deepCoadd-results/{f}/{t}/{p}/forced_src-{f}-{t}-{p}.fits")}
MERGED = {       # of all filters
    "deepCoadd_mergeDet": ("SourceCatalog", "deepCoadd-results/merged/{t}/{p}/mergeDet-{t}-{p}.fits"),
    "deepCoadd_ref": ("SourceCatalog", "deepCoadd-results/merged/{t}/{p}/ref-{t}-{p}.fits")}


class Maker:
    def __init__(self, root: Path, camera: cameras.Camera, exposures: int) -> None:
        self.root, self.camera = root, camera
        self.exposures = list(camera.exposures(exposures))
        self.expected = Expected(camera.instrument, camera.masks_run)
        self.raw_rows: list[dict] = []
        self.calib_rows: list[dict] = []
        self.calib_files: list[dict] = []
        self.hidden_visits = 0
        self.used = 0                       # exposures by faults
        self.foreign_is_known = False
        self.sources: dict[str, tuple[Path, int]] = {}

    # ------------------------------------------------------------ files

    def write(self, path: str, content: bytes | None = None) -> dict:
        """A file below the root; the facts of it that a line repeats."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        content = f"stands for {path}\n".encode() if content is None else content
        target.write_bytes(content)
        return {"path": path, "size": len(content)}

    def link_hard(self, path: str) -> dict:
        """A further name of a file with the same ending: what takes no time to make."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        source, used = self.sources.get(target.suffix, (None, LINKS_PER_FILE))
        if used >= LINKS_PER_FILE:
            target.write_bytes(b"one of many\n")
            self.sources[target.suffix] = (target, 1)
        else:
            os.link(source, target)
            self.sources[target.suffix] = (source, used + 1)
        return {"path": path, "size": len(b"one of many\n")}

    def other(self, path: str, repo: str, reason: str, content: bytes | None = None, **more) -> None:
        """A file that is no dataset."""
        self.expected.add({**self.write(path, content), "repo": repo, **more, **verdict(reason)})

    # ------------------------------------------------------------ raws

    def raw_line(self, e, d, reason: str = "ok", source: str = "both") -> dict:
        path, ident = self.camera.raw(e, d)
        return {"path": path, "repo": "root", "dataset_type": "raw", "id": ident, "source": source, **EXPOSURE,
                "data_id": {"instrument": self.camera.instrument, "detector": d["id"], "exposure": e.number},
                "run": f"{self.camera.instrument}/raw/all", **verdict(reason)}

    def register(self, e, d) -> None:
        self.raw_rows.append({**self.camera.row(e, d)})

    def raw(self, e, d, reason: str = "ok", row: bool = True, packed: bool = False) -> None:
        line = self.raw_line(e, d, reason, "both" if row else "tree")
        content = self.camera.header(e, d)
        if packed:
            line["path"] += ".gz"
            content = gzip.compress(content, mtime=0)
        line |= self.write(line["path"], content)
        if row:
            self.register(e, d)
            line["registry"] = {"table": "raw", "rowid": len(self.raw_rows)}
        self.expected.add(line)

    def raw_through_link(self, e, d) -> None:
        """As ingestImages.py --mode link leaves it."""
        line = self.raw_line(e, d)
        content = self.camera.header(e, d)
        incoming = self.root.with_name(self.root.name + ".incoming")
        incoming.mkdir(exist_ok=True)
        source = incoming / Path(line["path"]).name
        source.write_bytes(content)
        target = self.root / line["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source)
        self.register(e, d)
        self.expected.add({**line, "size": len(content), "link": str(source), "registry": {"table": "raw", "rowid": len(self.raw_rows)}})

    def raw_gone(self, e, d) -> None:
        """Registered, and expired since."""
        self.register(e, d)
        self.expected.add({**self.raw_line(e, d, "missing_file", "registry"), "registry": {"table": "raw", "rowid": len(self.raw_rows)}})

    # ------------------------------------------------------------ calibrations

    def calibration(self, kind: str, date: str, d: dict, filter_: str | None = None, *, validity=None, file: bool = True,
                    row_date: str | None = "", at: str | None = None, ident: dict | None = None) -> None:
        """A calibration: its file, and its registry row of ROW_DATE (its own; None: no row) with VALIDITY (as ingestCalibs writes it).
        AT is a path of another layout, which says IDENT."""
        table = "flat" if kind == "fringe" and self.camera.key != "hsc" else kind
        path, whole = self.camera.calib(kind, date, filter_, d)
        path, ident = at or path, ident or whole
        key = (table, filter_ or "NONE", d["id"])
        if row_date is not None and not any(r["key"] == key and r["calibDate"] == (row_date or date) for r in self.calib_rows):
            self.calib_rows.append({"key": key, "table": table, "calibDate": row_date or date, "validity": validity, "kind": kind,
                                    "filter": filter_, "detector": d})
        if file:
            self.calib_files.append({"kind": kind, "key": key, "calibDate": date, "id": ident,
                                     "line": {**self.write("CALIB/" + path),
                                              **self.calib_facts(kind, date, ident, filter_, d)}})

    def calib_facts(self, kind: str, date: str, ident: dict, filter_: str | None, d: dict) -> dict:
        data_id = {"instrument": self.camera.instrument, "detector": d["id"]}
        if filter_:
            data_id["physical_filter"] = filter_
        return {"repo": "calib", "dataset_type": kind, "id": ident, "data_id": data_id, "dimensions": sorted(data_id),
                "storage_class": "ExposureF", "formatter": FITS_EXPOSURE, "is_calibration": True,
                "run": f"{self.camera.instrument}/calib/{date.replace('-', '')}T000000Z"}

    def finish_calibrations(self, increment: bool) -> None:
        """Validity as the last run of ingestCalibs left it, then what Gen3 makes of it."""
        for key in {r["key"] for r in self.calib_rows}:
            rows = [r for r in self.calib_rows if r["key"] == key]
            written = gen2_ranges(key[0], [r["calibDate"] for r in rows], VALIDITY_DAYS, increment)
            for row in rows:
                row["validity"] = row["validity"] or written[row["calibDate"]]
        numbers: dict[str, int] = {}
        for row in self.calib_rows:
            numbers[row["table"]] = row["rowid"] = numbers.get(row["table"], 0) + 1
        for file in self.calib_files:
            file["row"] = next((r for r in self.calib_rows if r["key"] == file["key"] and r["calibDate"] == file["calibDate"]), None)
            if file["row"]:
                file["line"]["registry"] = {"table": file["row"]["table"], "rowid": file["row"]["rowid"]}
        self.expected.certify(self.calib_files)
        with_file = [id(f["row"]) for f in self.calib_files]
        for row in self.calib_rows:
            if id(row) not in with_file:
                path, ident = self.camera.calib(row["kind"], row["calibDate"], row["filter"], row["detector"])
                self.expected.add({"path": "CALIB/" + path, "source": "registry", "registry": {"table": row["table"], "rowid": row["rowid"]},
                                   **self.calib_facts(row["kind"], row["calibDate"], ident, row["filter"], row["detector"]),
                                   **verdict("missing_file")})

    # ------------------------------------------------------------ outputs

    def dataset(self, repo: str, path: str, dataset_type: str, storage_class: str, ident: dict, data_id: dict, *, reason: str = "ok",
                patch: str | None = None, run: str | None = None, many: bool = False, content: bytes | None = None) -> None:
        place = path if repo == "root" else f"rerun/{repo}/{path}"
        line = {**(self.link_hard(place) if many else self.write(place, content)),
                "repo": repo if repo == "root" else f"rerun/{repo}",
                "dataset_type": dataset_type, "id": ident, "data_id": data_id, "storage_class": storage_class,
                "dimensions": sorted([*data_id, *(["patch"] if patch else [])]), "formatter": FORMATTERS[storage_class],
                "run": run or self.expected.chain_of(repo) + "/direct", **verdict(reason)}
        if patch:
            line["patch_xy"] = patch
        self.expected.add(line)

    def visit_id(self, kind: str, e, d: dict | None = None) -> dict:
        result = {"instrument": self.camera.instrument, self.camera.exposure_dimension(kind): e.number}
        return result | ({"detector": d["id"]} if d else {})

    def output(self, repo: str, kind: str, e, d, many: bool = False) -> None:
        path, ident = self.camera.output(kind, e, d)
        self.dataset(repo, path, kind, OUTPUTS[kind], ident, self.visit_id(kind, e, d), many=many)

    def kinds(self) -> list[str]:
        # In obs_lsst icExp is no dataset but a fault; HSC has metadata by another name.
        return [k for k in OUTPUTS if k != ("processCcd_metadata" if self.camera.key == "hsc" else "icExp")]

    def config(self, repo: str) -> None:
        for path, name, storage_class in (
                ("config/processCcd.py", "processCcd_config", "Config"), ("config/characterizeImage.py", "characterizeImage_config", "Config"),
                ("config/packages.pickle", "packages", "Packages"), ("schema/src.fits", "src_schema", "SourceCatalog"),
                ("schema/icSrc.fits", "icSrc_schema", "SourceCatalog")):
            self.dataset(repo, path, name, storage_class, {}, {})

    def coadds(self, repo: str, filter_: str, tract: int, patch: str) -> None:
        ident = {"filter": filter_, "tract": tract, "patch": patch}
        data_id = {"skymap": "", "tract": tract, "band": self.camera.band(filter_)}
        for kind, (storage_class, template) in COADDS.items():
            self.dataset(repo, template.format(f=filter_, t=tract, p=patch), kind, storage_class, ident, data_id, patch=patch,
                         reason="needs_skymap")
        for kind, (storage_class, template) in MERGED.items():
            self.dataset(repo, template.format(t=tract, p=patch), kind, storage_class, {"tract": tract, "patch": patch},
                         {"skymap": "", "tract": tract}, patch=patch, reason="needs_skymap")
        e, d = self.exposures[0], self.camera.detectors[0]
        path, ident = self.camera.warp(e, tract, patch)
        self.dataset(repo, path, "deepCoadd_directWarp", "ExposureF", ident, {**self.visit_id("deepCoadd_directWarp", e), "skymap": "", "tract": tract},
                     patch=patch, reason="needs_skymap")
        path, ident = self.camera.jointcal("jointcal_wcs", e, d, tract)
        self.dataset(repo, path, "jointcal_wcs", "Wcs", ident, {**self.visit_id("jointcal_wcs", e, d), "skymap": "", "tract": tract},
                     reason="needs_skymap")
        self.other(f"rerun/{repo}/deepCoadd/skyMap.pickle", f"rerun/{repo}", "special_type", b"\x80\x03cos\nsystem\n.",
                   dataset_type="deepCoadd_skyMap")

    def masks(self, repo: str, filter_: str, tract: int, patch: str) -> None:
        self.dataset(repo, f"deepCoadd/BrightObjectMasks/{tract}/BrightObjectMask-{tract}-{patch}-{filter_}.reg", "brightObjectMask",
                     "ObjectMaskCatalog", {"filter": filter_, "tract": tract, "patch": patch},
                     {"skymap": "", "tract": tract, "band": self.camera.band(filter_)}, patch=patch, reason="needs_skymap",
                     run=self.camera.masks_run)

    def reference_catalogue(self, name: str, depth: int, trixels: list[int]) -> None:
        folder = f"ref_cats/{name}"
        self.other(f"{folder}/config.py", "root", "special_type", dataset_type="ref_cat_config",
                   content=f"import lsst.meas.algorithms\nconfig.indexer['HTM'].depth={depth}\nconfig.indexer.name='HTM'\n".encode())
        for trixel in trixels:
            self.expected.add({**self.write(f"{folder}/{trixel}.fits"), "repo": "root", "dataset_type": name,
                               "data_id": {f"htm{depth}": trixel}, "dimensions": [f"htm{depth}"], "storage_class": "SimpleCatalog",
                               "formatter": FORMATTERS["SimpleCatalog"], "run": "refcats/gen2", **verdict("ok")})

    # ------------------------------------------------------------ what makes a folder a repository

    def mark_root(self) -> None:
        if self.camera.new_style:
            self.other("repositoryCfg.yaml", "root", "ignored_pattern", self.configuration([], None))
        else:
            self.other("_mapper", "root", "ignored_pattern", (self.camera.mapper + "\n").encode())
        # Of another machine, as the Butler of Gen2 wrote it.
        self.other("CALIB/repositoryCfg.yaml", "calib", "ignored_pattern", self.configuration(["/scratch/elsewhere/repo"], None, nested=True))

    def configuration(self, parents: list[str], root: str | None, nested: bool = False) -> bytes:
        name = f"!!python/name:{self.camera.mapper} ''"
        text = f"!RepositoryCfg_v1\n_mapper: &id001 {name}\n_mapperArgs: {{}}\n"
        if not parents:
            text += "_parents: []\n"
        elif nested:
            text += "_parents:\n" + "".join(
                f"- !RepositoryCfg_v1\n  _mapper: *id001\n  _mapperArgs: {{}}\n  _parents: []\n  _policy: null\n  _root: {p}\n  dirty: true\n"
                for p in parents)
        else:
            text += "_parents:\n" + "".join(f"- {p}\n" for p in parents)
        return (text + f"_policy: null\n_root: {'null' if root is None else root}\ndirty: true\n").encode()

    def rerun(self, name: str, parents: list[str], *, link: bool = False, nested: bool = False, known: list[str] | None = None) -> None:
        """A rerun whose parents are paths relative to it; KNOWN are the names of the reruns among them."""
        folder = self.root / "rerun" / name
        folder.mkdir(parents=True)
        if link:
            (folder / "_parent").symlink_to(parents[0])
        else:
            self.other(f"rerun/{name}/repositoryCfg.yaml", f"rerun/{name}", "ignored_pattern", self.configuration(parents, None, nested))
        self.expected.reruns[name] = known or []

    # ------------------------------------------------------------ registries

    def write_registries(self) -> None:
        camera = self.camera
        types = dict(camera.columns)
        db = sqlite3.connect(self.root / "registry.sqlite3")
        columns = ",".join(f"{n} {t}" for n, t in camera.columns)
        db.execute(f"create table raw (id integer primary key autoincrement, {columns}, unique({','.join(camera.unique)}))")
        visit = ",".join(f"{n} {types[n]}" for n in camera.visit_columns)
        db.execute(f"create table raw_visit ({visit}, unique({','.join(camera.visit_unique)}))")
        shown = {self.number_of(r) for r in self.raw_rows}
        shown -= set(sorted(shown)[len(shown) - self.hidden_visits:])
        for row in self.raw_rows:
            names = [n for n, _ in camera.columns]
            db.execute(f"insert into raw ({','.join(names)}) values ({','.join('?' * len(names))})", [row.get(n) for n in names])
            if self.number_of(row) in shown:
                db.execute(f"insert or ignore into raw_visit values ({','.join('?' * len(camera.visit_columns))})",
                           [row.get(n) for n in camera.visit_columns])
        db.commit()
        db.close()
        self.sized("registry.sqlite3", "root")

        (self.root / "CALIB").mkdir(exist_ok=True)
        db = sqlite3.connect(self.root / "CALIB/calibRegistry.sqlite3")
        own = camera.calib_columns + [("calibDate", "text"), ("validStart", "text"), ("validEnd", "text")]
        for table in camera.calib_tables:
            columns = ",".join(f"{n} {t}" for n, t in own)
            db.execute(f"create table {table} (id integer primary key autoincrement, {columns}, "
                       f"unique(filter,{camera.detector_key},calibDate))")
            db.execute(f"create table {table}_visit (calibDate text,filter text, unique(calibDate,filter))")
        for row in self.calib_rows:
            values = {**camera.calib_row(row["detector"], row["filter"] or "NONE"), "calibDate": row["calibDate"],
                      "validStart": row["validity"][0], "validEnd": row["validity"][1]}
            db.execute(f"insert into {row['table']} ({','.join(values)}) values ({','.join('?' * len(values))})", list(values.values()))
        db.commit()
        db.close()
        self.sized("CALIB/calibRegistry.sqlite3", "calib")

    def number_of(self, row: dict) -> int:
        return row["visit"]

    def sized(self, path: str, repo: str) -> None:
        self.expected.add({"path": path, "repo": repo, "size": (self.root / path).stat().st_size, **verdict("ignored_pattern")})


# ---------------------------------------------------------------- a sound repository

def fill_small(m: Maker) -> None:
    """As little as possible of each kind: for tests that run thousands of times."""
    c = m.camera
    m.mark_root()
    for e in m.exposures:
        m.raw(e, c.detectors[0])
    for date in ("2018-01-10", "2018-02-10"):
        m.calibration("bias", date, c.detectors[0])
    m.reference_catalogue("gaia_dr2", 7, [147186])
    m.rerun("private/u1/t", ["../../../.."], link=True)
    m.dataset("private/u1/t", "config/processCcd.py", "processCcd_config", "Config", {}, {})
    for kind in ("calexp", "src"):
        m.output("private/u1/t", kind, m.exposures[0], c.detectors[0])


def fill(m: Maker, many: int) -> None:
    c = m.camera
    m.mark_root()
    for e in m.exposures:
        for d in c.detectors:
            m.raw(e, d)
    for d in c.detectors:
        m.calibration("bias", "2018-01-10", d)
        m.calibration("bias", "2018-02-10", d)
        m.calibration("dark", "2018-01-10", d)
        m.calibration("flat", "2018-01-10", d, c.physical_filter)
        m.calibration("fringe", "2018-01-10", d, c.physical_filter)
    if c.key == "hsc":
        m.other("CALIB/defects/2013-01-31/defects-2013-01-31-042.fits", "calib", "special_type", dataset_type="defects")
    m.reference_catalogue("gaia_dr2", 7, [147186, 147187])
    m.reference_catalogue("ps1", 8, [588745])
    m.other("README.txt", "root", "ignored_pattern")

    m.rerun("private/u1/t", ["../../../.."], link=True)
    m.config("private/u1/t")
    for d in c.detectors:
        for kind in m.kinds():
            m.output("private/u1/t", kind, m.exposures[0], d)
    m.rerun("shared/t", ["../../.."])
    m.config("shared/t")
    for d in c.detectors:
        m.output("shared/t", "src", m.exposures[-1], d)
    m.rerun("RC/w_2021_02/DM-28282-sfm", ["../../../shared/t", "../../../.."], nested=True, known=["shared/t"])
    for d in c.detectors:
        m.output("RC/w_2021_02/DM-28282-sfm", "calexp", m.exposures[-1], d)
    m.coadds("RC/w_2021_02/DM-28282-sfm", c.coadd_filter, 9813, "3,2")
    m.masks("RC/w_2021_02/DM-28282-sfm", c.coadd_filter, 9813, "3,2")

    if many:
        m.rerun("many", ["../.."])
        for e in m.exposures:
            for d in c.detectors:
                for kind in m.kinds():
                    m.output("many", kind, e, d, many=True)


# ---------------------------------------------------------------- faults

def other_exposures(m: Maker, count: int) -> list:
    """Exposures after those of the sound repository."""
    start = len(m.exposures) + m.used
    m.used += count
    return list(m.camera.exposures(start + count))[start:]


def fault_missing_file(m: Maker) -> None:
    m.raw_gone(other_exposures(m, 1)[0], m.camera.detectors[0])


def fault_missing_calib(m: Maker) -> None:
    m.calibration("dark", "2019-03-01", m.camera.detectors[0], file=False)


def fault_unregistered_raw(m: Maker) -> None:
    m.raw(other_exposures(m, 1)[0], m.camera.detectors[0], "unregistered_raw", row=False)


def fault_unregistered_calib(m: Maker) -> None:
    m.calibration("flat", "2018-05-05", *reversed(m.camera.spots[1]), row_date=None)


def fault_wrong_calibdate(m: Maker) -> None:
    m.calibration("flat", "2018-05-05", *reversed(m.camera.spots[2]), row_date="2018-05-06")


def two_flats(m: Maker, spot: int, first: tuple[str, str], second: tuple[str, str], backwards: bool = False) -> None:
    both = [("2018-01-05", first), ("2018-01-15", second)]
    for date, validity in reversed(both) if backwards else both:
        m.calibration("flat", date, *reversed(m.camera.spots[spot]), validity=validity)


def fault_gap(m: Maker) -> None:
    two_flats(m, 3, ("2018-01-01", "2018-01-09"), ("2018-01-10", "2018-01-20"))


def fault_touching(m: Maker) -> None:
    two_flats(m, 4, ("2018-01-01", "2018-01-10"), ("2018-01-10", "2018-01-20"))


def fault_overlap(m: Maker) -> None:
    # Rows in the wrong order: overlapping ranges compare neither way in Python's Timespan.
    two_flats(m, 5, ("2018-01-01", "2018-01-11"), ("2018-01-10", "2018-01-20"), backwards=True)


def fault_wide_gap(m: Maker) -> None:
    two_flats(m, 6, ("2018-01-01", "2018-01-08"), ("2018-01-10", "2018-01-20"))


def fault_wide_overlap(m: Maker) -> None:
    two_flats(m, 7, ("2018-01-01", "2018-01-12"), ("2018-01-10", "2018-01-20"))


def fault_none_validity(m: Maker) -> None:
    m.calibration("flat", "2018-06-06", *reversed(m.camera.spots[8]), validity=("None", "None"))


def fault_dashed_filter(m: Maker) -> None:
    m.calibration("flat", "2018-01-10", m.camera.detectors[0], m.camera.dashed)


def fault_packed_raw(m: Maker) -> None:
    m.raw(other_exposures(m, 1)[0], m.camera.detectors[0], packed=True)


def fault_linked_raw(m: Maker) -> None:
    m.raw_through_link(other_exposures(m, 1)[0], m.camera.detectors[0])


def fault_compressed_twin(m: Maker) -> None:
    """Beside an output that is there already."""
    kind, e, d = "calexp", m.exposures[0], m.camera.detectors[0]
    path, ident = m.camera.output(kind, e, d)
    m.dataset("private/u1/t", path + ".gz", kind, "ExposureF", ident, m.visit_id(kind, e, d), reason="compressed_duplicate")


def fault_dangling_link(m: Maker) -> None:
    path = m.root / "rerun/private/u1/t/config/gone.py"
    path.symlink_to("nowhere/gone.py")
    m.expected.add({"path": str(path.relative_to(m.root)), "repo": "rerun/private/u1/t", "link": "nowhere/gone.py", **verdict("dangling_link")})


def fault_not_regular(m: Maker) -> None:
    folder = m.root / "rerun/private/u1/t"
    os.mkfifo(folder / "pipe.fits")
    # The path of a socket may be short only.
    here = os.getcwd()
    os.chdir(folder)
    with socket.socket(socket.AF_UNIX) as s:
        s.bind("socket.fits")
    os.chdir(here)
    for name in ("pipe.fits", "socket.fits"):
        m.expected.add({"path": f"rerun/private/u1/t/{name}", "repo": "rerun/private/u1/t", **verdict("not_regular")})


def fault_backups(m: Maker) -> None:
    for name in ("processCcd.py~1", "processCcd.py~12~"):
        m.other(f"rerun/private/u1/t/config/{name}", "rerun/private/u1/t", "ignored_pattern")


def fault_folder_mismatch(m: Maker) -> None:
    """A file name that contradicts its folder: of the exposure (of the filter, where folders have no exposure)."""
    e, d = m.exposures[0], m.camera.detectors[0]
    path, _ = m.camera.raw(e, d)
    if m.camera.key == "lsstcam":
        folder, name = os.path.split(path)
        m.other(f"{folder}/{name.replace(str(e.number), str(e.number + 1))}", "root", "unrecognised")
    path, _ = m.camera.calib("flat", "2018-01-10", m.camera.physical_filter, d)
    folder, name = os.path.split(path)
    m.other(f"CALIB/{folder}/{name.replace('2018-01-10', '2018-01-11')}", "calib", "unrecognised")


def fault_duplicate_id(m: Maker) -> None:
    """A second path of a data ID: outputs of HSC by pointing, of the others by filter, neither of which is in it."""
    kind, e, d = "src", m.exposures[0], m.camera.detectors[0]
    path, ident = m.camera.other_output(kind, e, d)
    m.dataset("private/u1/t", path, kind, "SourceCatalog", ident, m.visit_id(kind, e, d), reason="duplicate_data_id")
    first, _ = m.camera.output(kind, e, d)
    m.expected.change("rerun/private/u1/t/" + first, "duplicate_data_id")


def fault_collapse(m: Maker) -> None:
    """Of a type with keys that no Gen3 data ID has."""
    f = m.camera.physical_filter
    for number in range(3):
        m.other(f"rerun/private/u1/t/dcrCoadd/{f}{number}of3/9813/3,2.fits", "rerun/private/u1/t", "data_id_collapse", dataset_type="dcrCoadd")


def fault_ambiguous(m: Maker) -> None:
    """The path of several types, of which the configuration of HSC leaves one; in obs_lsst icExp and its background share theirs."""
    path, repo = "config/forcedPhotCoadd.py", "private/u1/t"
    if m.camera.key == "hsc":
        m.dataset(repo, path, "deepCoadd_forced_config", "Config", {}, {})
        return
    for shared in (path, m.camera.output("icExp", m.exposures[0], m.camera.detectors[0])[0]):
        m.other(f"rerun/{repo}/{shared}", f"rerun/{repo}", "ambiguous_template")


def fault_no_run(m: Maker) -> None:
    m.other("config/processCcd.py", "root", "no_run", dataset_type="processCcd_config")


def fault_no_storage_class(m: Maker) -> None:
    if m.camera.key != "hsc":
        raft = m.camera.raft(m.camera.detectors[0])
        m.other(f"eimage/4000021706001/E000/{raft}/eimage_4000021706001_{raft}_S00_E000.fits.gz", "root", "no_storage_class",
                dataset_type="eimage")


def fault_old_layout(m: Maker) -> None:
    """Sky frames as they were named until 2020."""
    c = m.camera
    if "sky" in c.calib_tables and c.key != "hsc":
        d = c.detectors[0]
        m.calibration("sky", "2018-01-10", d, c.physical_filter, at=c.old_sky("2018-01-10", c.physical_filter, d))


def fault_foreign_layout(m: Maker) -> None:
    """A bias that was put where no mapper puts it: its row has no file, unless a table of templates says otherwise."""
    d, date = m.camera.detectors[0], "2018-03-03"
    path = f"by_hand/{date}/b{d['id']:03d}.fits"
    if m.foreign_is_known:
        m.calibration("bias", date, d, at=path, ident={"calibDate": date, m.camera.detector_key: d["id"]})
    else:
        m.calibration("bias", date, d, file=False)
        m.other("CALIB/" + path, "calib", "unrecognised")


def fault_registry_mismatch(m: Maker) -> None:
    """A row that contradicts the header; a scan does not read headers."""
    m.raw(other_exposures(m, 1)[0], m.camera.detectors[0])
    m.raw_rows[-1]["expTime"] = 99.0


def fault_stale_parent(m: Maker) -> None:
    m.rerun("private/u3/stale", ["/scratch/elsewhere/repo"])
    m.output("private/u3/stale", "src", m.exposures[0], m.camera.detectors[0])


def fault_truncated_visits(m: Maker) -> None:
    m.hidden_visits = 1


def fault_gen3_product(m: Maker) -> None:
    name = m.camera.instrument
    m.other(f"{name}/calib/unbounded/camera/camera_{name}_{name}_calib_unbounded.fits", "root", "gen3_product")
    for path in ("butler.yaml", "gen3.sqlite3"):
        m.other(path, "root", "ignored_pattern")


def fault_stray_files(m: Maker) -> None:
    m.other("notes.txt", "root", "unrecognised")
    m.other("CALIB/notes.txt", "calib", "unrecognised")
    m.other("rerun/private/u1/t/calexp/notes.txt", "rerun/private/u1/t", "unrecognised")


def fault_bad_refcat(m: Maker) -> None:
    m.other("ref_cats/gaia_dr2/147186.fits.bak", "root", "unrecognised")


FAULTS = {name.removeprefix("fault_"): function for name, function in list(globals().items()) if name.startswith("fault_")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path, nargs="?")
    parser.add_argument("--camera", choices=cameras.KEYS, default="latiss")
    parser.add_argument("--exposures", type=int, default=2)
    parser.add_argument("--faults", default="none")
    parser.add_argument("--skymap", default="rings", metavar="NAME", help="of the second file of expected lines")
    parser.add_argument("--no-increment", action="store_true", help="validity as ingestCalibs wrote it before late 2020")
    parser.add_argument("--files", type=int, default=0, metavar="N", help="about N files, nearly all of them outputs")
    parser.add_argument("--detectors", type=int, help="as many of the camera (default: a few; with --files: 189 where it has them)")
    parser.add_argument("--known-layout", action="store_true", help="the scan is told of the layout of fault foreign_layout")
    parser.add_argument("--small", action="store_true", help="as little as possible of each kind")
    parser.add_argument("--list-faults", action="store_true")
    args = parser.parse_args()
    if args.list_faults:
        print("\n".join(FAULTS))
        return 0
    if args.root is None:
        parser.error("ROOT is missing")
    chosen = list(FAULTS) if args.faults == "all" else [] if args.faults == "none" else args.faults.split(",")
    if unknown := set(chosen) - set(FAULTS):
        parser.error(f"unknown faults: {', '.join(sorted(unknown))}")

    camera = cameras.camera(args.camera)
    if args.files or args.detectors:
        camera.take_detectors(args.detectors or 189)
    exposures = args.exposures
    if args.files:
        exposures = max(2, args.files // (len(camera.detectors) * (1 + len(OUTPUTS))))
    root = Path(os.path.abspath(args.root))
    root.mkdir(parents=True)
    m = Maker(root, camera, exposures)
    m.foreign_is_known = args.known_layout
    fill_small(m) if args.small else fill(m, args.files)
    for name in chosen:
        FAULTS[name](m)
    m.finish_calibrations(not args.no_increment)
    m.write_registries()
    m.expected.write(root.with_name(root.name + ".expected"), None)
    m.expected.write(root.with_name(root.name + ".expected-skymap"), args.skymap)
    return 0


if __name__ == "__main__":
    sys.exit(main())
