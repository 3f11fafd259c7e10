#!/usr/bin/env python3
"""Ask the Python Butler for visits that dbb defined: by place, by time, by exposure, and by visit system.

Usage: check_visits.py REPO

Prints a line for each kind of query; ends with 1 when one does not find what it should, or finds what it should not.
"""

from __future__ import annotations

import sys

import astropy.units as u
from lsst.daf.butler import Butler, Timespan
from lsst.sphgeom import DISJOINT, HtmPixelization, LonLat, UnitVector3d

pixelization = HtmPixelization(7)
failures = 0


def expect(what: str, good: bool) -> None:
    global failures
    print("ok" if good else "FAIL", what)
    failures += not good


def ids(records) -> set[tuple[str, int]]:
    return {(r.instrument, r.id) for r in records}


butler = Butler.from_config(sys.argv[1])
visits = butler.query_dimension_records("visit", explain=False)
exposures = {(e.instrument, e.id): e for e in butler.query_dimension_records("exposure")}
expect(f"{len(visits)} visits", len(visits) > 10)

with_region = [v for v in visits if v.region is not None]
expect(f"{len(with_region)} visits with regions", len(with_region) >= 2)
for visit in with_region:
    centre = visit.region.getCentroid()
    lonlat = LonLat(centre)
    ra, dec = lonlat.getLon().asDegrees(), lonlat.getLat().asDegrees()
    where = f"visit.region OVERLAPS POINT({ra}, {dec})"
    found = butler.query_dimension_records("visit", where=where, explain=False)
    expect(f"by place: visit {visit.id} at its middle", (visit.instrument, visit.id) in ids(found))
    far = f"visit.region OVERLAPS POINT({(ra + 180) % 360}, {-dec})"
    found = butler.query_dimension_records("visit", where=far, explain=False)
    expect(f"by place: not visit {visit.id} on the other side", (visit.instrument, visit.id) not in ids(found))
    pixel = pixelization.index(UnitVector3d(centre))
    data_ids = butler.registry.queryDataIds(["visit", "detector"], htm7=pixel, instrument=visit.instrument)
    expect(f"by trixel: detectors of visit {visit.id}", visit.id in {d["visit"] for d in data_ids})
    regions = butler.query_dimension_records("visit_detector_region", instrument=visit.instrument, visit=visit.id)
    expect(f"{len(regions)} detectors of visit {visit.id}", len(regions) == 189)
    expect(f"detectors of visit {visit.id} touch it", not any(visit.region.relate(r.region) & DISJOINT for r in regions))

for visit in visits:
    if visit.timespan is None:
        continue
    middle = visit.timespan.begin + (visit.timespan.end - visit.timespan.begin) / 2
    found = butler.query_dimension_records(
        "visit", where="visit.timespan OVERLAPS (t)", bind={"t": Timespan(middle, middle + 1e-6 * u.s)},
        instrument=visit.instrument, explain=False)
    if (visit.instrument, visit.id) not in ids(found):
        expect(f"by time: visit {visit.id} of {visit.instrument}", False)
expect("by time: every visit", True)

for visit in visits:
    data_ids = list(butler.registry.queryDataIds(["exposure", "visit"], instrument=visit.instrument, visit=visit.id))
    own = [exposures[d["instrument"], d["exposure"]] for d in data_ids]
    if [visit.id] != [e.id for e in own] or visit.name != own[0].obs_id or visit.timespan != own[0].timespan:
        expect(f"exposures of visit {visit.id} of {visit.instrument}", False)
expect("by exposure: every visit", True)

systems = butler.registry.queryDimensionRecords("visit_system_membership")
expect("every visit belongs to a system", ids(visits) == {(m.instrument, m.visit) for m in systems})
sys.exit(1 if failures else 0)
