"""What the generator of Gen2 repositories knows of each camera: raws, registry columns, paths.

Facts of the Gen2 mappers' policies and ingest configurations; written without a look at dbb.
"""

from __future__ import annotations

from dataclasses import dataclass

import raws
from raws import date_of, iso_ms, mjd

INT, TEXT, DOUBLE = "int", "text", "double"


@dataclass
class Exposure:
    number: int          # Gen2 expId or visit, Gen3 exposure
    ms: int              # begin, in the scale of the header
    seq: int
    day: str             # observing day
    obsid: str


@dataclass
class Camera:
    """The cameras of obs_lsst; HSC differs more and has a class of its own."""

    key: str
    mapper: str
    instrument: str
    detector_numbers: list[int]
    begin_ms: int                       # of the first exposure
    physical_filter: str                # of the raws
    new_style: bool = False             # repositoryCfg.yaml instead of _mapper
    visits: bool = False                # outputs are named by visit instead of by exposure
    coadd_filter: str = "i"             # coadds of obs_lsst were named by band
    masks_run: str = "masks"
    detector_key: str = "detector"
    pointing: str = ""

    def __post_init__(self) -> None:
        self.detectors = raws.detectors(self.instrument, self.detector_numbers)
        # Pairs of filter and detector for flats, of which each fault gets one of its own.
        known = [f for f in raws.filters(self.instrument) if f not in ("unknown", "empty", "none", self.physical_filter)]
        self.spots = [(f, d) for d in self.detectors for f in known]
        self.dashed = self.spots.pop(0)[0] if self.key == "hsc" else "a-b"

    def take_detectors(self, count: int) -> None:
        """The first COUNT detectors of the camera."""
        table = raws.instrument_table(self.instrument)["detectors"]
        self.detectors = sorted(table, key=lambda d: d["id"])[:count]

    def raft(self, d: dict) -> str:
        return d["group_for_translator"]

    def stem(self, d: dict) -> str:
        return f"{self.raft(d)}-{d['name_for_translator']}-det{d['id']:03d}"

    def detector_id(self, d: dict) -> dict:
        return {"raftName": self.raft(d), "detectorName": d["name_for_translator"], "detector": d["id"]}

    # ------------------------------------------------------------ raws

    columns = [("run", TEXT), ("visit", INT), ("filter", TEXT), ("date", TEXT), ("dateObs", TEXT), ("expTime", DOUBLE),
               ("raftName", TEXT), ("detectorName", TEXT), ("detector", INT), ("snap", INT), ("object", TEXT),
               ("imageType", TEXT), ("testType", TEXT), ("lsstSerial", TEXT), ("wavelength", INT), ("controller", TEXT),
               ("obsid", TEXT), ("expGroup", TEXT), ("expId", INT)]
    unique = ["expId", "detector", "visit"]
    visit_columns = ["visit", "filter", "dateObs", "expTime"]
    visit_unique = ["visit"]

    def exposures(self, count: int):
        raise NotImplementedError

    def header(self, e: Exposure, d: dict) -> bytes:
        raise NotImplementedError

    def row(self, e: Exposure, d: dict) -> dict:
        return {
            "visit": e.number, "expId": e.number, "expGroup": str(e.number), "obsid": e.obsid, "filter": self.physical_filter,
            "date": iso_ms(e.ms), "dateObs": iso_ms(e.ms), "object": "UNKNOWN", "wavelength": -666, "snap": 0,
            "detector": d["id"], "detectorName": d["name_for_translator"], "raftName": self.raft(d),
            "lsstSerial": d["serial"], "dayObs": e.day, "seqNum": e.seq, "controller": "C"}

    def raw(self, e: Exposure, d: dict) -> tuple[str, dict]:
        raise NotImplementedError

    # ------------------------------------------------------------ calibrations

    calib_columns = [("filter", TEXT), ("raftName", TEXT), ("detectorName", TEXT), ("detector", INT)]
    calib_tables = ["bias", "dark", "flat", "fringe", "sky", "defects", "qe_curve", "linearizer", "crosstalk"]

    def calib_row(self, d: dict, filter_: str) -> dict:
        return {"filter": filter_, **self.detector_id(d)}

    def calib(self, kind: str, date: str, filter_: str | None, d: dict) -> tuple[str, dict]:
        p, ident = self.stem(d), {"calibDate": date, **self.detector_id(d)}
        if kind in ("bias", "dark"):
            return f"{kind}/{date}/{kind}-{p}_{date}.fits", ident
        ident["filter"] = filter_
        if kind == "sky":
            return f"sky/{date}/{filter_}/sky-{filter_}-{p}_{date}.fits", ident
        return f"{kind}/{filter_}/{date}/{kind}_{filter_}-{p}_{date}.fits", ident

    def old_sky(self, date: str, filter_: str, d: dict) -> str:
        return f"SKY/{date}/{filter_}/SKY-{date}-{filter_}-{self.stem(d)}_{date}.fits"

    # ------------------------------------------------------------ outputs

    @property
    def exposure_key(self) -> str:
        return "visit" if self.visits else "expId"

    def exposure_dimension(self, kind: str) -> str:
        return "visit" if self.visits and kind not in self.by_exposure else "exposure"

    def exposure_id(self, e: Exposure, filter_: str | None = None) -> dict:
        return {self.exposure_key: e.number, "filter": filter_ or self.physical_filter}

    def output(self, kind: str, e: Exposure, d: dict, filter_: str | None = None) -> tuple[str, dict]:
        """Path and ID of an output of one exposure and detector."""
        filter_ = filter_ or self.physical_filter
        v = f"{e.number:0{8 if self.visits else 13}d}-{filter_}"
        folder, name, ending = {
            "calexp": ("calexp", "calexp", "fits"), "calexpBackground": ("calexp", "bkgd", "fits"),
            "icExp": ("icExp", "icExp", "fits"), "icSrc": ("icSrc", "icSrc", "fits"), "src": ("src", "src", "fits"),
            "srcMatch": ("srcMatch", "srcMatch", "fits"), "postISRCCD": ("postISRCCD", "postISRCCD", "fits"),
            "skyCorr": ("skyCorr", "skyCorr", "fits"),
            "processCcd_metadata": ("processCcd_metadata", "processCcdMetadata", "yaml")}[kind]
        key = "expId" if kind in self.by_exposure else self.exposure_key
        return (f"{folder}/{v}/{self.raft(d)}/{name}_{v}-{self.stem(d)}.{ending}",
                {key: e.number, "filter": filter_, **self.detector_id(d)})

    # Keyed by exposure even where other outputs are by visit.
    by_exposure = ("postISRCCD", "jointcal_wcs")

    def jointcal(self, kind: str, e: Exposure, d: dict, tract: int) -> tuple[str, dict]:
        return (f"jointcal-results/{self.physical_filter}/{tract:04d}/{kind}-{e.number:07d}-{self.stem(d)}.fits",
                {"expId": e.number, "filter": self.physical_filter, "tract": tract, **self.detector_id(d)})

    def warp(self, e: Exposure, tract: int, patch: str) -> tuple[str, dict]:
        f = self.physical_filter
        return (f"deepCoadd/{f}/{tract}/{patch}/warp-{f}-{tract}-{patch}-{e.number}.fits",
                {**self.exposure_id(e), "tract": tract, "patch": patch})

    def band(self, filter_: str) -> str:
        return filter_

    # The same data ID by another path, or None.
    def other_output(self, kind: str, e: Exposure, d: dict) -> tuple[str, dict] | None:
        return self.output(kind, e, d, "elsewhere")


class ByDay(Camera):
    """LATISS and LSSTCam: exposure numbers of day and sequence number."""

    telescope = "MC"

    def exposures(self, count: int):
        for i in range(count):
            # Two a night.
            ms = self.begin_ms + (i // 2) * raws.MS_PER_DAY + (i % 2) * 61_000
            day = date_of(ms - self.day_offset_ms)
            compact, seq = day.replace("-", ""), self.first_seq + i
            yield Exposure((int(compact) + 10_000_000) * 100_000 + seq, ms, seq, day, f"{self.telescope}_C_{compact}_{seq:06d}")

    first_seq, day_offset_ms, seconds = 2, 7 * 3_600_000, 1.0

    def common_header(self, e: Exposure) -> dict:
        end = e.ms + int(self.seconds * 1000) + 3000
        return {"DATE": iso_ms(end), "MJD": mjd(end), "DATE-OBS": iso_ms(e.ms), "MJD-OBS": mjd(e.ms), "IMAGETAG": str(e.ms),
                "OBSID": e.obsid, "DAYOBS": e.day.replace("-", ""), "SEQNUM": e.seq}


class LsstCam(ByDay):
    columns = Camera.columns + [("dayObs", TEXT), ("seqNum", INT)]

    def header(self, e: Exposure, d: dict) -> bytes:
        return raws.raw_file("LSSTCam", {
            **self.common_header(e), "RAFTBAY": self.raft(d), "CCDSLOT": d["name_for_translator"], "LSST_NUM": d["serial"],
            "FILENAME": f"{e.obsid}_{self.raft(d)}_{d['name_for_translator']}.fits"})

    def row(self, e: Exposure, d: dict) -> dict:
        return {**super().row(e, d), "run": "6489D", "expTime": self.seconds, "imageType": "FLAT", "testType": "FLAT"}

    def raw(self, e: Exposure, d: dict) -> tuple[str, dict]:
        return (f"raw/{e.day}/{e.number:013d}/{e.number:013d}-{self.stem(d)}.fits",
                {"dayObs": e.day, "expId": e.number, **self.detector_id(d)})


class Latiss(ByDay):
    telescope, first_seq, day_offset_ms, seconds = "AT", 65, 12 * 3_600_000, 27.0
    columns = [("dayObs", TEXT), ("seqNum", INT), ("visit", INT), ("detector", INT), ("detectorName", TEXT), ("filter", TEXT),
               ("dateObs", TEXT), ("date", TEXT), ("expTime", DOUBLE), ("object", TEXT), ("imageType", TEXT),
               ("wavelength", INT), ("expGroup", TEXT), ("obsid", TEXT), ("expId", INT)]
    unique = ["expId", "visit"]
    visit_columns = [name for name, _ in columns]
    visit_unique = ["expId", "visit"]
    calib_columns = [("filter", TEXT), ("detector", INT), ("detectorName", TEXT)]
    calib_tables = ["bias", "dark", "flat", "fringe"]

    def header(self, e: Exposure, d: dict) -> bytes:
        return raws.raw_file("LATISS", {**self.common_header(e), "FILENAME": f"ats_exp_27_{e.obsid}.fits"})

    def row(self, e: Exposure, d: dict) -> dict:
        return {**super().row(e, d), "expTime": self.seconds, "imageType": "UNKNOWN"}

    def raw(self, e: Exposure, d: dict) -> tuple[str, dict]:
        return (f"raw/{e.day}/{e.number:013d}-det{d['id']:03d}.fits",
                {"dayObs": e.day, "expId": e.number, "detector": d["id"]})

    def output(self, kind: str, e: Exposure, d: dict, filter_: str | None = None) -> tuple[str, dict]:
        if kind not in ("calexp", "postISRCCD"):
            return super().output(kind, e, d, filter_)
        filter_ = filter_ or self.physical_filter
        return (f"{kind}/{e.day}/{kind}_{e.number:08d}-{filter_}-det{d['id']:03d}.fits",
                {"dayObs": e.day, "expId": e.number, "filter": filter_, "detector": d["id"]})

    def calib_row(self, d: dict, filter_: str) -> dict:
        # The name of the detector comes from another header card than that of raws, and differs.
        return {"filter": filter_, "detector": d["id"], "detectorName": "S1"}

    def calib(self, kind: str, date: str, filter_: str | None, d: dict) -> tuple[str, dict]:
        if kind in ("fringe", "sky"):
            return super().calib(kind, date, filter_, d)
        det, ident = f"det{d['id']:03d}", {"calibDate": date, "detector": d["id"]}
        if kind in ("bias", "dark"):
            return f"{kind}/{date}/{kind}-{det}_{date}.fits", ident
        return f"{kind}/{filter_}/{date}/{kind}_{filter_}-{det}_{date}.fits", {**ident, "filter": filter_}


class Simulated(Camera):
    """imSim and PhoSim: visits by number."""

    def exposures(self, count: int):
        for i in range(count):
            ms = self.begin_ms + i * 40_000
            yield Exposure(204595 + i, ms, 0, date_of(ms), str(204595 + i))

    def header(self, e: Exposure, d: dict) -> bytes:
        raft, slot = self.raft(d), d["name_for_translator"]
        changes = {"OBSID": e.number, "CHIPID": f"{raft}_{slot}", "RAFTNAME": raft, "SENSNAME": slot, "DATE-OBS": iso_ms(e.ms),
                   "MJD-OBS": mjd(e.ms)}
        if self.key == "phosim":
            second = {"OBSID": e.number, "TAI": mjd(e.ms), "MJD-OBS": mjd(e.ms), "OUTFILE": f"lsst_e_{e.number}_f3_{raft}_{slot}_E000"}
            return raws.raw_file(self.instrument, {**changes, "RUNNUM": e.number, "LSST_NUM": f"{raft}_{slot}"}, second)
        return raws.raw_file(self.instrument, {**changes, "RUNNUM": str(e.number), "OUTFILE": f"lsst_a_{e.number}_{raft}_{slot}_i.fits"})

    def row(self, e: Exposure, d: dict) -> dict:
        return {**super().row(e, d), "run": str(e.number), "expTime": 30.0, "imageType": "SKYEXP",
                "testType": self.key.upper(), "lsstSerial": "LCA-11021_RTM-000", "controller": "S"}

    def raw(self, e: Exposure, d: dict) -> tuple[str, dict]:
        return (f"raw/{e.number}/{self.raft(d)}/{e.number:08d}-{self.stem(d)}.fits",
                {"run": str(e.number), "expId": e.number, **self.detector_id(d)})


class Ts8(Camera):
    """Test stand: numbers of the time to a tenth of a second, names with a dash. An obs_id belongs to one detector there, so
    there is one."""

    columns = [c for c in Camera.columns if c[0] != "snap"] + [("dayObs", TEXT), ("testSeqNum", INT)]
    visit_columns = [name for name, _ in columns]
    visit_unique = ["expId", "visit", "detector"]

    def exposures(self, count: int):
        for i in range(count):
            ms = self.begin_ms + i * 7_300
            text = iso_ms(ms)
            number = int(text.translate(str.maketrans("", "", "-:T."))[:15])
            yield Exposure(number, ms, 24 + i, date_of(ms - 8 * 3_600_000), "")

    def name(self, e: Exposure, d: dict) -> str:
        return f"{d['serial']}_lambda_bias_{e.seq:03d}_6006D_{str(e.number)[:14]}"

    def header(self, e: Exposure, d: dict) -> bytes:
        return raws.raw_file(self.instrument, {
            "DATE": iso_ms(e.ms + 4000), "MJD": mjd(e.ms + 4000), "DATE-OBS": iso_ms(e.ms), "MJD-OBS": mjd(e.ms),
            "IMAGETAG": str(e.ms), "SEQNUM": e.seq, "LSST_NUM": d["serial"], "FILENAME": self.name(e, d) + ".fits"})

    def row(self, e: Exposure, d: dict) -> dict:
        return {**super().row(e, d), "run": "6006D", "expTime": 0.0, "imageType": "BIAS", "testType": "LAMBDA", "wavelength": 850,
                "obsid": self.name(e, d), "testSeqNum": e.seq}

    def raw(self, e: Exposure, d: dict) -> tuple[str, dict]:
        return f"raw/6006D/{e.number:011d}-{self.stem(d)}.fits", {"run": "6006D", "expId": e.number, **self.detector_id(d)}

    def output(self, kind: str, e: Exposure, d: dict, filter_: str | None = None) -> tuple[str, dict]:
        if kind not in ("calexp", "postISRCCD"):
            return super().output(kind, e, d, filter_)
        filter_ = filter_ or self.physical_filter
        return (f"{kind}/{kind}_{e.number:011d}-{filter_}-det{d['id']:03d}.fits",
                {"expId": e.number, "filter": filter_, "detector": d["id"]})


class Hsc(Camera):
    columns = [("field", TEXT), ("visit", INT), ("ccd", INT), ("pointing", INT), ("filter", TEXT), ("proposal", TEXT),
               ("dateObs", TEXT), ("taiObs", TEXT), ("expTime", DOUBLE), ("pa", DOUBLE), ("autoguider", INT), ("ccdTemp", DOUBLE),
               ("config", TEXT), ("frameId", TEXT), ("expId", TEXT), ("dataType", TEXT)]
    unique = ["visit", "ccd"]
    visit_columns = ["visit", "field", "filter", "dateObs", "taiObs"]
    visit_unique = ["visit"]
    calib_columns = [("filter", TEXT), ("ccd", INT)]
    pointing_number = 671
    by_exposure = ()

    def detector_id(self, d: dict) -> dict:
        return {"ccd": d["id"]}

    def exposures(self, count: int):
        for i in range(count):
            number = 904024 + 2 * i
            ms = self.begin_ms + i * 60_000
            yield Exposure(number, ms, number, date_of(ms), f"HSCA{number:06d}00")

    def header(self, e: Exposure, d: dict) -> bytes:
        end = e.ms + 32_020
        return raws.raw_file("HSC", {
            "UT-STR": iso_ms(e.ms)[11:], "UT": iso_ms(e.ms + 19)[11:], "UT-END": iso_ms(end)[11:], "MJD-STR": mjd(e.ms),
            "MJD": mjd(e.ms + 19), "MJD-END": mjd(end), "DATE-OBS": date_of(e.ms), "EXP-ID": e.obsid,
            "FRAMEID": self.frame(e, d), "DET-ID": d["id"]})

    def frame(self, e: Exposure, d: dict) -> str:
        return f"HSCA{e.number:06d}{d['id'] % 100:02d}"

    def row(self, e: Exposure, d: dict) -> dict:
        return {"field": "STRIPE82L", "visit": e.number, "ccd": d["id"], "pointing": self.pointing_number, "filter": self.physical_filter,
                "proposal": "o13015", "dateObs": e.day, "taiObs": e.day, "expTime": 30.0, "pa": 0.0, "autoguider": 0,
                "ccdTemp": -101.158, "config": "20130327.cfg", "frameId": self.frame(e, d), "expId": e.obsid, "dataType": "OBJECT"}

    def raw(self, e: Exposure, d: dict) -> tuple[str, dict]:
        return (f"STRIPE82L/{e.day}/{self.pointing_number:05d}/{self.physical_filter}/HSC-{e.number:07d}-{d['id']:03d}.fits",
                {"field": "STRIPE82L", "dateObs": e.day, "pointing": self.pointing_number, "filter": self.physical_filter,
                 "visit": e.number, "ccd": d["id"]})

    def calib(self, kind: str, date: str, filter_: str | None, d: dict) -> tuple[str, dict]:
        upper, ident = kind.upper(), {"calibDate": date, "ccd": d["id"]}
        if kind in ("bias", "dark"):
            return f"{upper}/{date}/NONE/{upper}-{date}-{d['id']:03d}.fits", ident
        return f"{upper}/{date}/{filter_}/{upper}-{date}-{filter_}-{d['id']:03d}.fits", {**ident, "filter": filter_}

    def folder(self, filter_: str | None = None, pointing: int | None = None) -> str:
        return f"{self.pointing_number if pointing is None else pointing:05d}/{filter_ or self.physical_filter}"

    def output(self, kind: str, e: Exposure, d: dict, filter_: str | None = None, pointing: int | None = None) -> tuple[str, dict]:
        pointing = self.pointing_number if pointing is None else pointing
        filter_ = filter_ or self.physical_filter
        i, h = f"{e.number:07d}-{d['id']:03d}", self.folder(filter_, pointing)
        ident = {"pointing": pointing, **self.exposure_id(e, filter_), "ccd": d["id"]}
        if kind == "postISRCCD":
            return f"postISRCCD/v{e.number:07d}-f{filter_}/c{d['id']:03d}.fits", {**self.exposure_id(e, filter_), "ccd": d["id"]}
        return {
            "calexp": f"{h}/corr/CORR-{i}.fits", "calexpBackground": f"{h}/corr/BKGD-{i}.fits", "icExp": f"{h}/corr/ICEXP-{i}.fits",
            "icSrc": f"{h}/output/ICSRC-{i}.fits", "src": f"{h}/output/SRC-{i}.fits", "srcMatch": f"{h}/output/SRCMATCH-{i}.fits",
            "skyCorr": f"{h}/corr/skyCorr-{i}.fits"}[kind], ident

    def jointcal(self, kind: str, e: Exposure, d: dict, tract: int) -> tuple[str, dict]:
        return (f"jointcal-results/{self.physical_filter}/{tract:04d}/{kind}-{e.number:07d}-{d['id']:03d}.fits",
                {**self.exposure_id(e), "tract": tract, "ccd": d["id"]})

    def band(self, filter_: str) -> str:
        return {"HSC-G": "g", "HSC-R": "r", "HSC-I": "i", "HSC-Z": "z", "HSC-Y": "y"}[filter_]

    def other_output(self, kind: str, e: Exposure, d: dict) -> tuple[str, dict] | None:
        return self.output(kind, e, d, pointing=self.pointing_number + 1)


def camera(key: str) -> Camera:
    return {
        "latiss": lambda: Latiss("latiss", "lsst.obs.lsst.latiss.LatissMapper", "LATISS", [0], 1537510338210, "unknown~unknown"),
        "lsstcam": lambda: LsstCam("lsstcam", "lsst.obs.lsst.lsstCamMapper.LsstCamMapper", "LSSTCam", [29, 35, 97], 1553268661904,
                                   "SDSSi~ND_OD0.5"),
        "imsim": lambda: Simulated("imsim", "lsst.obs.lsst.imsim.ImsimMapper", "LSSTCam-imSim", [38, 42, 93], 1664952806357,
                                   "i_sim_1.4", new_style=True, visits=True),
        "phosim": lambda: Simulated("phosim", "lsst.obs.lsst.phosim.PhosimMapper", "LSSTCam-PhoSim", [38, 42, 93], 1664952791357,
                                    "i", visits=True),
        "ts8": lambda: Ts8("ts8", "lsst.obs.lsst.ts8.Ts8Mapper", "LSST-TS8", [67], 1532428916807, "y", new_style=True),
        "hsc": lambda: Hsc("hsc", "lsst.obs.hsc.HscMapper", "HSC", [16, 42, 50], 1383372955908, "HSC-I", new_style=True, visits=True,
                           coadd_filter="HSC-I", masks_run="HSC/masks", detector_key="ccd"),
    }[key]()


KEYS = ["latiss", "lsstcam", "imsim", "phosim", "ts8", "hsc"]
