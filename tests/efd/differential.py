#!/usr/bin/env python3
"""Random nights, joined by dbb-efd-join and by the reference (efd_oracle.py): are all cells equal?

usage: differential.py SEED...       (a seed may be a range, 1-40)

A seed makes a night of its own: topics of all kinds, values of all types, samples on edges of windows, at equal times, out of order,
not finite, null and missing, in several instances, packed, with a time of their own; near a leap second, and where the index of
the EFD became UTC; windows that touch, overlap, repeat, and have no length; all functions with random arguments. The night is
written in one of the formats that dbb-efd-join reads. n, status, times and counts are equal; values agree to 1e-12 of their size,
to 1e-9 for polynomials above degree 1 and for circstd, where the reference has doubles, or to 1e-16 of the greatest sample, since small ones may be the difference of large ones.

What the reference knows nothing of is worked out here: times whose scale is not given (S5), points that an export merges, and
whether values are settled.

Prints what differs; the last line counts: "N cells of M nights, K different". With KEEP=1 the folders of nights that differ stay.
"""
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import date, timedelta

import efd_oracle as oracle
from compare import differences

NS = 10**9
MOST = int(os.environ.get("MOST", 3))                # differences of a night that are told
ERA = 1633046400                                    # 2021-10-01T00:00:00: the index of the EFD becomes UTC

# Unix UTC seconds in the middle of a night, and how often it is chosen.
DATES = [(1735689600, 6), (1483228800, 2), (1341100800, 1), (ERA, 2), (1609459200, 1)]


# ---------------------------------------------------------------- times
class Clock:
    """Instants of a night (TAI ns), on a grid that windows and samples share, or beside it."""

    def __init__(self, r):
        self.r = r
        self.middle_s = r.choices([d for d, _ in DATES], [w for _, w in DATES])[0]
        self.middle = oracle.utc_to_tai(self.middle_s * NS)
        self.grid = r.choice([NS, NS, NS // 4, 100_000_000, 2 * NS + 1])
        self.half = r.choice([15, 40, 120]) * NS

    def snap(self, offset):
        return self.middle + offset // self.grid * self.grid

    def any(self):
        offset = self.r.randint(-self.half, self.half)
        kind = self.r.random()
        if kind < 0.5:
            return self.snap(offset)
        return self.middle + (offset // 1000 * 1000 if kind < 0.9 else offset)


def stamp(tai, scale):
    return oracle.tai_to_utc(tai) if scale == "utc" else tai


# ---------------------------------------------------------------- values
def constant(r):
    c = r.choice([0.0, 1.5, -7.25, 1e9 + 0.1])
    return lambda: c


def ramp(r):
    state, step = [r.uniform(-100, 100)], r.uniform(-1, 1)

    def value():
        state[0] += step + r.gauss(0, 1e-3)
        return state[0]
    return value


def counter(r):
    state = [r.randint(0, 50)]

    def value():
        state[0] = r.randint(0, 9) if r.random() < 0.1 else state[0] + r.randint(0, 20)
        return state[0]
    return value


KINDS = {
    "float": lambda r: lambda: r.gauss(10, 3),
    "near": lambda r: lambda: 1e9 + r.randint(0, 1000) / 8,
    "tiny": lambda r: lambda: r.gauss(0, 1) * 1e-9,
    "few": lambda r: lambda: float(r.randint(0, 3)),
    "constant": constant,
    "ramp": ramp,
    "angle": lambda r: lambda: r.uniform(-40, 400),
    "integer": lambda r: lambda: r.randint(-20, 20),
    "long": lambda r: lambda: 2**60 + r.randint(0, 40),
    "wide": lambda r: lambda: r.choice([-1, 1]) * r.randint(2**61, 2**62) if r.random() < 0.6 else r.randint(-9, 9),
    "counter": counter,
    "truth": lambda r: lambda: r.random() < 0.5,
    "text": lambda r: lambda: r.choice(["on", "off", "a b", 'q"x', "\u00e9,=\\"]),
    "mixed": lambda r: lambda: r.randint(-5, 5) if r.random() < 0.5 else r.uniform(-5, 5),
    "odd": lambda r: lambda: r.choice([r.gauss(0, 1), r.gauss(0, 1), r.gauss(0, 1), True, "x"]),
}
NUMBERS = ["float", "near", "tiny", "few", "constant", "ramp", "angle", "integer", "long", "wide", "counter", "mixed"]


# ---------------------------------------------------------------- topics
class Topic:
    """A topic with its rows: (TAI ns, {field: value}) in the order of arrival."""

    def __init__(self, r, clock, number, finite):
        self.r, self.clock, self.finite = r, clock, finite
        self.event = r.random() < 0.25
        self.component = r.choice(["MTMount", "ESS", "ATPtg"])
        self.name = "lsst.sal.%s.%st%d" % (self.component, "logevent_" if self.event else "", number)
        self.packed = None
        self.own_time = None
        self.fields = {}
        for k, kind in enumerate(r.sample(list(KINDS), r.randint(2, 5))):
            self.fields["%s%s" % (kind, r.choice(["", str(k)]))] = kind
        self.array = ["f%d" % k for k in range(r.choice([0, 0, 2, 3]))]
        array_kind = r.choice(["float", "integer", "few", "truth", "mixed"])
        self.fields.update((name, array_kind) for name in self.array)
        self.index_field = r.choice([None, None, "salIndex", self.component + "ID", "sensor"])
        self.indices = r.choice([[1], [1, 2], [1, 2, 3], [101, None]]) if self.index_field else [None]
        if self.index_field == "sensor":
            self.indices = r.choice([["x"], ["x", "y"]])
        if r.random() < 0.2:
            self.own_time = r.choice(["timestamp", "private_efdStamp"])
        if r.random() < 0.2:
            self.pack()
        self.make_rows()

    def pack(self):
        self.packed = r_n = self.r.randint(2, 5)
        kind = self.r.choice(NUMBERS)
        self.array, self.fields = [], {"a%d" % k: kind for k in range(r_n)}
        self.base_field = self.r.choice(["cRIO_timestamp", "cRIO_timestamp", "start"])
        self.own_time = None

    def value(self, make):
        kind = self.r.random()
        if kind < self.flaws:
            return None if kind < self.flaws / 2 or not self.finite else self.r.choice([float("nan"), float("inf"), -float("inf")])
        return make()

    def times(self):
        """Instants with gaps, and some more than once."""
        r, clock = self.r, self.clock
        t, end, out = clock.middle - clock.half, clock.middle + clock.half, []
        step = r.choice([0.02, 0.3, 1, 1, 3, 10])
        most = 4000 if r.random() < 0.15 else 150
        while t < end and len(out) < most:
            out.append(clock.snap(t - clock.middle) if r.random() < self.snaps else t)
            gap = 30 if r.random() < 0.02 else 1
            t += max(1, int(step * NS * gap * (r.uniform(0.6, 1.4) if self.jitter else 1))) // 1000 * 1000
        out += [clock.any() for _ in range(r.randint(0, 10))]
        return sorted(out)

    def make_rows(self):
        r = self.r
        self.jitter, self.snaps, self.flaws = r.random() < 0.7, r.choice([0, 0.3, 1]), r.choice([0, 0.05, 0.3])
        floats = r.random() < 0.1 and self.index_field != "sensor"
        missing, doubled = r.choice([0, 0.1, 0.3]), r.choice([0, 0.05, 0.3])
        makers = {f: KINDS[kind](r) for f, kind in self.fields.items()}
        self.rows = []
        for t in self.times():
            for _ in range(1 + (r.random() < doubled) + (r.random() < doubled)):
                row = {f: self.value(make) for f, make in makers.items() if r.random() >= missing}
                index = r.choice(self.indices)
                if index is not None:
                    row[self.index_field] = float(index) if floats and r.random() < 0.5 else index
                if self.packed and r.random() < 0.97:
                    row[self.base_field] = t / NS
                if self.own_time and r.random() < 0.95:
                    lag = r.choice([0, 0, 130_000_000, 2 * NS])
                    own = t - lag
                    row[self.own_time] = (oracle.tai_to_utc(own) if self.own_time == "private_efdStamp" else own) / NS
                if row:
                    self.rows.append((t, row))
        if self.packed and r.random() < 0.1:
            del self.rows[1:]
            self.rows[0][1]["a0"] = 1
        self.disturb()

    def disturb(self):
        """Blocks and single rows that come late."""
        r = self.r
        if self.rows and r.random() < 0.3:
            a = r.randrange(len(self.rows))
            b = min(len(self.rows), a + r.randint(1, 30))
            block = self.rows[a:b]
            if r.random() < 0.5:
                del self.rows[a:b]
            at = r.randint(0, len(self.rows))
            self.rows[at:at] = block
        for _ in range(r.choice([0, 0, 3, 20])):
            if self.rows:
                row = self.rows.pop(r.randrange(len(self.rows)))
                self.rows.insert(r.randint(0, len(self.rows)), row)


# ---------------------------------------------------------------- columns
FUNCS = ["count", "mean", "min", "max", "sum", "range", "first", "last", "rms", "stddev", "variance", "median", "p5", "p95", "p99.9",
         "p0", "p100", "p50_rank", "p95_rank", "p0_rank", "p100_rank", "twmean", "twmean", "twmean", "slope", "polyrms", "rate",
         "increase", "increase_rate", "circmean", "circstd", "mode", "distinct", "transitions", "any", "all", "count_true", "asof",
         "asof", "asof", "interp", "interp", "delta"]


def chance(r, p, choices):
    return r.choice(choices) if r.random() < p else None


def column(r, topic, k):
    c = {"name": "c%d" % k, "topic": topic.name}
    if topic.packed:
        c["field"] = "a"
        p = {"base": "a"}
        if topic.base_field != "cRIO_timestamp":
            p["time_field"] = topic.base_field
        if r.random() < 0.3:
            p["n"] = topic.packed
        if r.random() < 0.2:
            p["dt"] = r.choice([0.25, "100ms", 1])
        c["packed"] = p
    elif topic.array and r.random() < 0.4:
        c["fields"] = topic.array[:r.randint(1, len(topic.array))]
        c["reduce"] = r.choice(["each", "pool", "pool"])
    else:
        # One that no row has, too.
        c["field"] = r.choice(list(topic.fields) * 10 + ["nowhere"])
    func = c["func"] = r.choice(FUNCS)
    if r.random() < 0.05:
        del c["func"]
    index(r, topic, c)
    args = {
        "pre": chance(r, 0.2, ["-2s", -0.5, "1s", "300ms", "-1ns"]),
        "post": chance(r, 0.2, ["2s", 0.5, "-1s", "1ns"]),
        "closed": chance(r, 0.25, ["left", "right", "both"]),
        "dup": chance(r, 0.6, ["last", "first", "mean", "all", "error"]),
        "gap_max": chance(r, 0.3, [0.5, "1s", 5, "10m"]),
        "hold_max": chance(r, 0.3, [0.5, "1s", 5, "10m"]),
        "min_coverage": chance(r, 0.3, [0, 0.1, 0.9, 1]),
        "tolerance": chance(r, 0.4, ["0s", "1s", "500ms", 5, "1m"]),
    }
    if topic.own_time and r.random() < 0.7:
        args["time_field"] = topic.own_time
    if func in ("asof", "interp"):
        args["at"] = chance(r, 0.6, ["begin", "mid", "end"])
    if func == "asof":
        args["dir"] = chance(r, 0.6, ["backward", "forward", "nearest"])
        args["strict"] = chance(r, 0.4, [True, False])
        args["nulls"] = chance(r, 0.3, ["skip", "take"])
    if func == "interp":
        args["max_gap"] = chance(r, 0.5, ["1s", 3, "1m"])
    if func == "twmean":
        args["mode"] = chance(r, 0.6, ["hold", "linear"])
    if func in ("stddev", "variance"):
        args["ddof"] = chance(r, 0.5, [0, 1, 2])
    if func == "polyrms":
        args["degree"] = chance(r, 0.5, [0, 1, 2, 3])
        args["basis"] = chance(r, 0.5, ["time", "index"])
    given = {k: v for k, v in args.items() if v is not None}
    if r.random() < 0.5:
        c["args"] = given
    else:
        c.update(given)
    return c


def index(r, topic, c):
    if topic.index_field == "sensor":
        c["index_field"] = "sensor"
        if r.random() < 0.7:
            c["index"] = "any"
        return
    known = [i for i in topic.indices if i is not None]
    kind = r.random()
    if not known or kind < 0.2:
        return
    if kind < 0.4:
        c["index"] = "any"
    elif kind < 0.5:
        c["index"] = r.choice([known[:2], [*known, 999], 999])
    else:
        c["index"] = r.choice(known)
    if r.random() < 0.2:
        c["index_field"] = topic.index_field


# ---------------------------------------------------------------- windows
def windows(r, clock):
    out = []
    while len(out) < r.choice([4, 8, 12]):
        b = clock.any()
        length = r.choice([0, 1, 2, NS, 5 * NS, 15 * NS, clock.grid, 3 * clock.grid, r.randint(0, 40 * NS)])
        out.append((b, b + length))
        if r.random() < 0.5:
            out.append((b + length, b + 2 * length))            # touches
        if r.random() < 0.3:
            out.append((b + length // 4, b + length // 2))      # nested
        if r.random() < 0.1:
            out.append(out[-1])
    out.append((clock.middle - 3 * clock.half, clock.middle - 2 * clock.half))
    out.append((clock.middle + 2 * clock.half, clock.middle + 3 * clock.half))
    r.shuffle(out)
    return [{"type": "window", "instrument": "LSSTCam", "kind": "exposure", "id": k, "day_obs": 20241231, "seq_num": k,
             "begin_tai_ns": b, "end_tai_ns": e} for k, (b, e) in enumerate(out)]


# ---------------------------------------------------------------- formats
def lp_name(text):
    return re.sub(r"([ ,=])", r"\\\1", text)


def lp_value(v):
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, int):
        return "%di" % v
    if isinstance(v, str):
        return '"%s"' % v.replace("\\", "\\\\").replace('"', '\\"')
    return repr(v)


def write_lp(rows, path):
    """Rows of (topic, stamp, fields)."""
    with open(path, "w", encoding="utf-8") as out:
        for topic, t, f in rows:
            out.write("%s %s %d\n" % (lp_name(topic), ",".join("%s=%s" % (lp_name(k), lp_value(v)) for k, v in f.items()), t))


def write_export(rows, path):
    """As influx_inspect does: field by field."""
    with open(path, "w", encoding="utf-8") as out:
        out.write("# INFLUXDB EXPORT: 1677-09-21T00:12:43Z - 2262-04-11T23:47:16Z\n# DML\n")
        for topic in dict.fromkeys(topic for topic, _, _ in rows):
            mine = [(t, f) for name, t, f in rows if name == topic]
            for field in sorted({k for _, f in mine for k in f}):
                for t, f in mine:
                    if field in f:
                        out.write("%s %s=%s %d\n" % (topic, field, lp_value(f[field]), t))


def write_jsonl(rows, path, scale_of):
    with open(path, "w", encoding="utf-8") as out:
        for number, (topic, t, f) in enumerate(rows):
            line = {"topic": topic, "t_ns": t, "f": f}
            if scale_of:
                line["scale"] = scale_of[number]
            out.write(json.dumps(line) + "\n")


def csv_cell(v):
    if v is None:
        return ""
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, str):
        return '"%s"' % v.replace('"', '""')
    return repr(v)


def write_csv(rows, path):
    """In blocks, as InfluxDB does."""
    with open(path, "w", encoding="utf-8") as out:
        for topic in dict.fromkeys(topic for topic, _, _ in rows):
            mine = [(t, f) for name, t, f in rows if name == topic]
            fields = sorted({k for _, f in mine for k in f})
            out.write("name,tags,time,%s\n" % ",".join(fields))
            for t, f in mine:
                out.write("%s,,%d,%s\n" % (topic, t, ",".join(csv_cell(f.get(k)) for k in fields)))
            out.write("\n")


def write_response(rows, path):
    series = []
    for topic in dict.fromkeys(topic for topic, _, _ in rows):
        mine = [(t, f) for name, t, f in rows if name == topic]
        fields = sorted({k for _, f in mine for k in f})
        series.append({"name": topic, "columns": ["time"] + fields, "values": [[t] + [f.get(k) for k in fields] for t, f in mine]})
    with open(path, "w", encoding="utf-8") as out:
        json.dump({"results": [{"statement_id": 0, "series": series}]}, out)


def merged(rows):
    """Of each topic one row per time, in the order of time: of a field the value that came last."""
    points = {}
    for topic, t, f in rows:
        points.setdefault(topic, {}).setdefault(t, {}).update(f)
    return [(topic, t, f) for topic, of in points.items() for t, f in sorted(of.items())]


# ---------------------------------------------------------------- a night
class Night:
    def __init__(self, seed, folder):
        self.folder = folder
        r = self.r = random.Random(seed)
        clock = self.clock = Clock(r)
        self.format = r.choice(["jsonl", "jsonl", "lp", "csv", "json", "export"])
        self.scale = r.choice(["utc", "utc", "tai", "eras"])
        finite = self.format in ("jsonl", "csv")
        topics = [Topic(r, clock, k, finite) for k in range(r.randint(2, 4))]
        self.windows = windows(r, clock)
        self.columns = [column(r, r.choice(topics), k) for k in range(40)]
        if r.random() < 0.3:
            self.columns.append({"name": "missing", "topic": "lsst.sal.ESS.nothing", "field": "v"})
        self.rows = self.stamped(topics)
        if self.format == "export":
            self.as_read = merged(self.rows)
        elif self.format in ("csv", "json"):
            self.as_read = [row for topic in dict.fromkeys(t for t, _, _ in self.rows) for row in self.rows if row[0] == topic]
        else:
            self.as_read = self.rows

    def stamped(self, topics):
        """Rows of all topics mixed, with the stamps of the source: (topic, ns, fields)."""
        r, queues, out = self.r, [list(t.rows) for t in topics], []
        self.scale_of = []
        each = self.format == "jsonl" and r.random() < 0.5
        tells = self.scale == "eras" and r.random() < 0.5       # private_sndStamp in all rows
        self.real = r.choice(["utc", "tai"])
        while any(queues):
            k = r.randrange(len(queues))
            for _ in range(min(len(queues[k]), r.randint(1, 50))):
                tai, f = queues[k].pop(0)
                f = dict(f)
                if self.format in ("lp", "export"):
                    f = {name: v for name, v in f.items() if v is not None}
                scale = self.real if tells else "utc" if self.scale == "eras" and tai >= ERA * NS else self.scale
                scale = "tai" if scale == "eras" else scale
                t = stamp(tai, scale)
                if tells:
                    f["private_sndStamp"] = tai / NS
                elif self.scale == "eras":
                    scale = "utc" if t >= ERA * NS else "tai"   # what a reader can know
                if each:
                    scale = r.choice(["utc", "tai"])
                    t = stamp(tai, scale)
                if f:
                    out.append((topics[k].name, t, f))
                    self.scale_of.append(scale)
        self.each = each
        return out

    def table(self):
        table = oracle.Table()
        # Stable: what is read topic by topic stays in its order within a topic.
        scales = dict(zip(map(id, (f for _, _, f in self.rows)), self.scale_of))
        of_time = {(topic, t): s for (topic, t, _), s in zip(self.rows, self.scale_of)}
        for topic, t, f in self.as_read:
            table.add(topic, t, scales.get(id(f)) or of_time[topic, t], f)
        return table

    def write(self):
        """Files with all rows; in the order of the options."""
        r = self.r
        parts = [self.rows]
        if self.format in ("lp", "jsonl") and len(self.rows) > 1 and r.random() < 0.3:
            k = r.randrange(1, len(self.rows))
            parts = [self.rows[:k], self.rows[k:]]
        at, paths = 0, []
        for n, part in enumerate(parts):
            path = "%s/s%d.%s" % (self.folder, n, "lp" if self.format == "export" else self.format)
            if self.format == "jsonl":
                write_jsonl(part, path, self.scale_of[at:] if self.each else None)
            else:
                {"lp": write_lp, "export": write_export, "csv": write_csv, "json": write_response}[self.format](part, path)
            at += len(part)
            paths.append(path)
        with open(self.folder + "/windows.jsonl", "w", encoding="utf-8") as out:
            out.writelines(json.dumps(w) + "\n" for w in self.windows)
        with open(self.folder + "/columns.yaml", "w", encoding="utf-8") as out:
            out.writelines(["- %s\n" % json.dumps(c) for c in self.columns])
        return paths

    def options(self, paths):
        r = self.r
        self.now = self.clock.middle + r.randint(-60, 600) * NS
        out = ["-c", self.folder + "/columns.yaml", "-w", self.folder + "/windows.jsonl", "--scale", self.scale,
               "--now", iso(self.now), "--settle-max", "10m", "--settle", "30s"]
        if r.random() < 0.3:
            out += ["--reorder", r.choice(["0s", "1s", "20s"])]
        # What a pipe brings out of order is sorted on disk.
        self.piped = paths[0] if len(paths) == 1 and r.random() < 0.2 else None
        if self.piped:
            return out + ["--sort", "-s", "-", "--format", self.format]
        for path in paths:
            out += ["-s", path]
        return out + (["--sort"] if r.random() < 0.2 else [])

    def joined(self):
        command = ["dbb-efd-join"] + self.options(self.write())
        samples = open(self.piped, encoding="utf-8").read() if self.piped else None
        run = subprocess.run(command, input=samples, capture_output=True, text=True, check=False)
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        return [line for line in lines if line["type"] == "value"], run

    def is_settled(self, want, table):
        c = self.columns[[c["name"] for c in self.columns].index(want["column"])]
        args = oracle.normalise(c)
        w = self.windows[want["id"]]
        end = w["end_tai_ns"]
        if args["func"] not in ("asof", "interp", "delta"):
            end += oracle.duration(args["args"].get("post", 0))
        latest = max((t for t, _, _ in table.topics.get(c["topic"], [])), default=None)
        return self.now - end >= 600 * NS or (self.now - end >= 30 * NS and latest is not None and latest - end >= NS)


def iso(tai):
    s, ns = divmod(tai, NS)
    days, s = divmod(s, 86400)
    day = date(1970, 1, 1) + timedelta(days=days)
    return "%sT%02d:%02d:%02d.%09d" % (day, s // 3600, s // 60 % 60, s % 60, ns)


def tolerances(c, table):
    """Of a column's values, relative and absolute."""
    fine = c.get("func") != "circstd" and (c.get("func") != "polyrms" or oracle.normalise(c)["args"].get("degree", 1) < 2)
    base = c["packed"]["base"] if "packed" in c else None
    mine = [v for _, _, f in table.topics.get(c["topic"], []) for k, v in f.items()
            if k in c.get("fields", [c.get("field")]) or base and k.startswith(base)]
    sizes = [abs(v) for v in mine if isinstance(v, (int, float)) and not oracle.is_bad(v)]
    return 1e-12 if fine else 1e-9, 1e-16 * max(sizes, default=0)


def check(seed, folder):
    """(cells, cells that differ, what to say of them)"""
    night = Night(seed, folder)
    table = night.table()
    expected = list(oracle.join(night.windows, night.columns, table))
    values, run = night.joined()
    said = []
    wrong = 0
    rc = 3 if any(e["status"] >= 20 for e in expected) else 0
    if run.returncode != rc or len(expected) != len(values):
        wrong += 1
        said.append("ended with %d, not %d; %d lines, not %d: %s" % (run.returncode, rc, len(values), len(expected), run.stderr[:300]))
    columns = {c["name"]: c for c in night.columns}
    allowed = {c["name"]: tolerances(c, table) for c in night.columns}
    for want, got in zip(expected, values):
        keys = differences(want, got, *allowed[want["column"]])
        if got["settled"] != night.is_settled(want, table):
            keys.append("settled")
        if keys:
            wrong += 1
            if wrong <= MOST:
                said.append("window %s %s %s element %s: %s" % (want["id"], night.windows[want["id"]], json.dumps(columns[want["column"]]),
                            want["element"], " ".join("%s: %r, not %r" % (k, got.get(k), want.get(k)) for k in keys)))
    return len(expected), wrong, said


def main():
    seeds = []
    for word in sys.argv[1:]:
        first, _, last = word.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    cells = wrong = 0
    for seed in seeds:
        folder = tempfile.mkdtemp(prefix="night-%d-" % seed)
        n, bad, said = check(seed, folder)
        cells, wrong = cells + n, wrong + bad
        if bad:
            print("seed %d: %d cells, %d different; %s" % (seed, n, bad, folder if os.environ.get("KEEP") else ""))
            print("\n".join("  " + line for line in said))
        if not bad or not os.environ.get("KEEP"):
            shutil.rmtree(folder)
    print("%d cells of %d nights, %d different" % (cells, len(seeds), wrong))
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
