#!/usr/bin/env python3
"""Prove that the Python Butler can use a repository fully, not only open it.

All checks that write are made on a copy: the SQLite file is copied (the files are linked), a PostgreSQL
database is cloned with CREATE DATABASE ... TEMPLATE (nobody else may be connected to it) and dropped at
the end. REPO itself is never changed.

One line per check: "ok NAME", "warn NAME: reason" or "FAIL NAME: reason". Exit status 1 if any failed.
--strict turns warnings (missing files, sizes, leftovers, old schema, random raw UUIDs) into failures.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import re
import shutil
import sqlite3
import sys
import zipfile
import tempfile
import traceback
import urllib.parse
import uuid
import warnings
from pathlib import Path

import oracle_common as oc
import yaml
from lsst.daf.butler import (
    Butler,
    CalibrationLookupError,
    CollectionType,
    Config,
    DatasetIdGenEnum,
    DatasetRef,
    DatasetType,
    FileDataset,
    Timespan,
)
from lsst.daf.butler.registry import ConflictingDefinitionError
from lsst.resources import ResourcePath
from lsst.sphgeom import HtmPixelization, Region


def size_of(uri) -> int:
    """Bytes of a file; of a member of a zip file those when it is unpacked, which are what a registry records."""
    if not uri.fragment.startswith("zip-path="):
        return uri.size()
    with uri.open("rb") as file, zipfile.ZipFile(file) as zipped:
        return zipped.getinfo(uri.unquoted_fragment.removeprefix("zip-path=")).file_size


class Soft(Exception):
    """A finding that only --strict makes a failure."""


class Skip(Exception):
    """A check that does not apply."""


def sample(items, limit):
    """All items, or about `limit` evenly spaced ones including the first and last."""
    items = list(items)
    if limit <= 0 or len(items) <= limit:
        return items
    step = (len(items) - 1) / (limit - 1) if limit > 1 else len(items)
    return [items[round(i * step)] for i in range(limit)]


# ---------------------------------------------------------------- copies

def link_tree(source: Path, target: Path, skip: set[str]) -> None:
    """Hard links (symbolic ones across file systems) of all files below source."""
    for base, dirs, files in os.walk(source):
        rel = Path(base).relative_to(source)
        (target / rel).mkdir(parents=True, exist_ok=True)
        for name in files:
            if str(rel / name) in skip:
                continue
            try:
                os.link(os.path.realpath(os.path.join(base, name)), target / rel / name)
            except OSError:
                os.symlink(os.path.realpath(os.path.join(base, name)), target / rel / name)


class Copy:
    """A working copy of a repository and raw SQL access to it."""

    def __init__(self, repo: str, work: Path) -> None:
        self.source = Path(repo) if Path(repo).is_dir() else Path(repo).parent
        self.config = oc.repo_config(repo)
        self.root = work / "copy"
        self.root.mkdir()
        self.drop = None
        self.namespace = self.config["registry"].get("namespace")
        db = self.config["registry"]["db"]
        root = str(self.config.get("root", self.source.resolve()))
        self.sqlite = db.startswith("sqlite")
        skip = {"butler.yaml"}
        config = json.loads(json.dumps(self.config))
        config.pop("root", None)
        if self.sqlite:
            original = Path(db.split(":///", 1)[1].replace("<butlerRoot>", root))
            with contextlib.suppress(ValueError):
                name = str(original.resolve().relative_to(self.source.resolve()))
                skip |= {name, name + "-journal", name + "-wal", name + "-shm"}
            self.db_file = self.root / "gen3.sqlite3"
            with sqlite3.connect(f"file:{urllib.parse.quote(str(original))}?mode=ro", uri=True) as a, \
                    sqlite3.connect(self.db_file) as b:
                a.backup(b)
            config["registry"]["db"] = "sqlite:///<butlerRoot>/gen3.sqlite3"
        else:
            self.clone_postgres(db, config)
        store = config.get("datastore", {})
        store_root = store.get("root", "<butlerRoot>/datastore")
        if store_root != "<butlerRoot>":
            path = ResourcePath(store_root.replace("<butlerRoot>", root), forceDirectory=True)
            store.setdefault("name", f"FileDatastore@{store_root}")
            if path.scheme == "file":
                link_tree(Path(path.ospath), self.root / "files", set())
                store["root"] = "<butlerRoot>/files"
        else:
            link_tree(self.source.resolve(), self.root, skip)
        (self.root / "butler.yaml").write_text(yaml.safe_dump(config))

    def clone_postgres(self, db: str, config: dict) -> None:
        import psycopg2

        url = urllib.parse.urlsplit(db.replace("+psycopg2", ""))
        name = url.path.lstrip("/")
        clone = f"dbbcheck_{os.getpid()}_{uuid.uuid4().hex[:8]}"
        admin = urllib.parse.urlunsplit(url._replace(path="/postgres"))

        def sql(text: str) -> None:
            con = psycopg2.connect(admin)
            con.autocommit = True
            try:
                con.cursor().execute(text)
            finally:
                con.close()

        sql(f'CREATE DATABASE "{clone}" TEMPLATE "{name}"')
        self.drop = lambda: sql(f'DROP DATABASE IF EXISTS "{clone}" WITH (FORCE)')
        self.pg_url = urllib.parse.urlunsplit(url._replace(path="/" + clone))
        config["registry"]["db"] = self.pg_url
        self.clone = clone

    def query(self, text: str, *args):
        if self.sqlite:
            with sqlite3.connect(self.db_file) as con:
                return con.execute(text, args).fetchall()
        import psycopg2

        con = psycopg2.connect(self.pg_url)
        try:
            cursor = con.cursor()
            if self.namespace:
                cursor.execute(f'SET search_path TO "{self.namespace}"')
            cursor.execute(text.replace("?", "%s"), args)
            return cursor.fetchall()
        finally:
            con.close()

    def close(self) -> None:
        if self.drop:
            self.drop()


# ---------------------------------------------------------------- universes

def package_universe(version: int):
    """The `daf_butler` universe of that version as the installed package ships it; None if it has none.

    Read from the YAML file itself: the DimensionUniverse of a process is cached by version, so that
    a repository that is opened first would otherwise be compared with itself.
    """
    for name in (f"old_dimensions/daf_butler_universe{version}.yaml", "dimensions.yaml"):
        uri = ResourcePath(f"resource://lsst.daf.butler/configs/{name}")
        if uri.exists():
            content = yaml.safe_load(uri.read().decode())
            if content.get("namespace", "daf_butler") == "daf_butler" and content["version"] == version:
                return content
    return None


def without_docs(value):
    """A dimension configuration without its documentation strings."""
    if isinstance(value, dict):
        return {k: without_docs(v) for k, v in value.items() if not (k == "doc" and isinstance(v, str))}
    if isinstance(value, list):
        return [without_docs(v) for v in value]
    return value


def differences(have, want, where: str = "") -> list[str]:
    """Where two nested structures differ, one line each."""
    if isinstance(have, dict) and isinstance(want, dict):
        found = []
        for key in sorted(set(have) | set(want), key=str):
            path = f"{where}.{key}" if where else str(key)
            if key not in have:
                found.append(f"{path} missing")
            elif key not in want:
                found.append(f"{path} unexpected")
            else:
                found += differences(have[key], want[key], path)
        return found
    if isinstance(have, list) and isinstance(want, list) and len(have) == len(want):
        return [d for i, (a, b) in enumerate(zip(have, want)) for d in differences(a, b, f"{where}[{i}]")]
    if type(have) is type(want) and have == want:
        return []
    return [f"{where}: {json.dumps(have)[:80]} instead of {json.dumps(want)[:80]}"]


# ---------------------------------------------------------------- schemas

def check_bodies(sql: str) -> list[tuple[str, str]]:
    """Name ("" if unnamed) and normalised body of every CHECK constraint of a CREATE TABLE statement.

    White space, case of key words and the quotes of plain identifiers do not count.
    """
    # String literals are kept as they are; a quoted identifier loses its quotes where it needs none.
    tokens = re.findall(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\[[^\]]*\]|`[^`]*`|\w+|<=|>=|<>|!=|==|\|\||\S", sql)
    found = []
    for at, token in enumerate(tokens):
        if token.upper() != "CHECK" or tokens[at + 1:at + 2] != ["("]:
            continue
        name = tokens[at - 1].strip('"`[]') if at > 1 and tokens[at - 2].upper() == "CONSTRAINT" else ""
        depth, body = 0, []
        for t in tokens[at + 1:]:
            depth += (t == "(") - (t == ")")
            if t[0] in '"`[' and re.fullmatch(r"\w+", t[1:-1]):
                t = t[1:-1]
            elif re.fullmatch(r"[A-Za-z]+", t):
                t = t.upper() if t.upper() in {"AND", "OR", "NOT", "IS", "NULL", "IN", "BETWEEN", "LIKE"} else t.lower()
            body.append(t)
            if depth == 0:
                break
        found.append((name, " ".join(body[1:-1])))
    return found


def sqlite_schema(path: Path) -> set[str]:
    """Every table, column, constraint and index as one line of text each."""
    lines = set()
    with sqlite3.connect(path) as con:
        for kind, name, table, text in con.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"):
            if name.startswith("sqlite_"):
                continue
            if kind == "table":
                lines.add(f"table {name}")
                for _, col, ctype, notnull, default, pk in con.execute(f'PRAGMA table_info("{name}")'):
                    if default is not None:
                        default = default.strip("'\"")
                    lines.add(f"column {name}.{col} {ctype.upper()} notnull={notnull} default={default} pk={pk}")
                cols = [r[1] for r in con.execute(f'PRAGMA table_info("{name}")')]
                lines.add(f"column order {name}: {','.join(cols)}")
                for found in re.findall(r'CONSTRAINT\s+("[^"]+"|[\w.]+)', text, re.I):
                    lines.add(f"constraint {name}: {found.strip(chr(34))}")
                for check, body in check_bodies(text):
                    lines.add(f"check {name}: {check or '<unnamed>'} {body}")
                groups: dict = {}
                for fid, seq, ref, a, b, upd, dele, _ in con.execute(f'PRAGMA foreign_key_list("{name}")'):
                    groups.setdefault(fid, []).append((seq, ref, a, b, upd, dele))
                for parts in groups.values():
                    parts.sort()
                    lines.add(f"foreign key {name}({','.join(p[2] for p in parts)}) -> "
                              f"{parts[0][1]}({','.join(str(p[3]) for p in parts)}) {parts[0][4]}/{parts[0][5]}")
                for _, iname, unique, origin, partial in con.execute(f'PRAGMA index_list("{name}")'):
                    icols = [r[2] for r in con.execute(f'PRAGMA index_info("{iname}")')]
                    shown = iname if origin == "c" else f"<{origin}>"
                    lines.add(f"index {name}: {shown} unique={unique} partial={partial} ({','.join(map(str, icols))})")
            else:
                lines.add(f"{kind} {name} on {table}")
    return lines


def postgres_schema(url: str, namespace: str) -> set[str]:
    import psycopg2

    con = psycopg2.connect(url)
    cur = con.cursor()
    lines = set()
    cur.execute(
        "SELECT table_name, column_name, ordinal_position, data_type, udt_name, character_maximum_length, is_nullable,"
        " column_default FROM information_schema.columns WHERE table_schema=%s", (namespace,))
    for table, col, pos, dtype, udt, length, nullable, default in cur.fetchall():
        lines.add(f"table {table}")
        lines.add(f"column {table}.{col} #{pos} {dtype} {udt} {length} nullable={nullable} default={default}")
    cur.execute(
        "SELECT c.relname, k.conname, k.contype, pg_get_constraintdef(k.oid) FROM pg_constraint k"
        " JOIN pg_class c ON c.oid=k.conrelid JOIN pg_namespace n ON n.oid=c.relnamespace WHERE n.nspname=%s", (namespace,))
    for table, name, ctype, definition in cur.fetchall():
        lines.add(f"constraint {table}: {name} {ctype} {definition.replace(namespace + '.', '')}")
    cur.execute("SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname=%s", (namespace,))
    for table, name, definition in cur.fetchall():
        lines.add(f"index {table}: {name} {definition.replace(namespace + '.', '')}")
    cur.execute("SELECT sequencename, data_type, increment_by FROM pg_sequences WHERE schemaname=%s", (namespace,))
    for row in cur.fetchall():
        lines.add("sequence {} {} {}".format(*row))
    con.close()
    return lines


# ---------------------------------------------------------------- the checks

class Checker:
    def __init__(self, args, work: Path) -> None:
        self.args = args
        self.work = work
        self.failed = False
        self.test_instrument: tuple[str, int] | None = None
        self.counts = {"ok": 0, "warn": 0, "FAIL": 0, "skip": 0}

    def run(self, name: str, function) -> bool:
        try:
            note = function()
            state, text = "ok", f" ({note})" if note else ""
        except Skip as e:
            state, text = "skip", f": {e}"
        except Soft as e:
            state, text = ("FAIL" if self.args.strict else "warn"), f": {e}"
        except Exception as e:
            if self.args.verbose:
                traceback.print_exc()
            state, text = "FAIL", f": {type(e).__name__}: {e}"
        self.counts[state] += 1
        if state == "skip" and not self.args.verbose:
            return True
        print(f"{state} {name}{' '.join(text.splitlines())[:600]}", flush=True)
        self.failed |= state == "FAIL"
        return state != "FAIL"

    # reading

    def open_readonly(self):
        butler = Butler.from_config(self.args.repo, writeable=False)
        try:
            butler.registry.refresh()
            list(butler.collections.query("*"))
            return f"universe {butler.dimensions.namespace} {butler.dimensions.version}"
        finally:
            butler.close()

    def open_copy(self):
        self.copy = Copy(self.args.repo, self.work)
        self.butler = Butler.from_config(str(self.copy.root), writeable=True)
        self.registry = self.butler.registry

    def attributes(self):
        rows = dict(self.copy.query("SELECT name, value FROM butler_attributes"))
        fresh = dict(self.fresh_attributes())
        for d in (rows, fresh):
            d.pop("config:dimensions.json")  # compared by `dimensions`
        if rows != fresh:
            diff = sorted(set(rows.items()) ^ set(fresh.items()))
            raise Soft(f"butler_attributes differ: {diff}")
        return f"{len(rows) + 1} rows"

    def fresh_attributes(self):
        con = sqlite3.connect(self.fresh_root / "gen3.sqlite3")
        return con.execute("SELECT name, value FROM butler_attributes").fetchall()

    def stored_dimensions(self) -> dict:
        return json.loads(self.copy.query(
            "SELECT value FROM butler_attributes WHERE name='config:dimensions.json'")[0][0])

    def dimensions(self):
        """The stored universe must be the one that the package knows under that name and version."""
        dims = self.stored_dimensions()
        namespace, version = dims.get("namespace", "daf_butler"), dims["version"]
        if namespace != "daf_butler":
            raise Skip(f"universe {namespace} {version} is not one of the package")
        known = package_universe(version)
        if known is None:
            raise ValueError(f"the installed package has no universe daf_butler {version}")
        found = differences(without_docs(dims), without_docs(known))
        if found:
            raise ValueError(f"dimensions.json is not universe daf_butler {version}: {len(found)} differences, "
                             + "; ".join(found[:5]))
        return f"equals {namespace} {version}{'' if dims == known else ', documentation strings differ'}"

    def make_fresh(self):
        """An empty repository of the same universe and, for PostgreSQL, its twin schema in the clone."""
        dims_file = self.work / "dimensions.yaml"
        dims_file.write_text(yaml.safe_dump(self.stored_dimensions(), sort_keys=False))
        self.fresh_root = self.work / "fresh"
        self.fresh = oc.make_repo(str(self.fresh_root), dimensions=str(dims_file))
        self.dims_file = dims_file

    def schema(self):
        types = sorted(self.registry.queryDatasetTypes(...), key=lambda t: t.name)
        graphs: dict = {}
        for key, name in self.copy.query("SELECT dimension_graph_id, dimension_name FROM dimension_graph_definition"):
            graphs.setdefault(key, []).append(name)
        # The twin gets the same dimension group numbers, because they are part of the table names.
        root = self.work / "twin"
        if self.copy.sqlite:
            twin = oc.make_repo(str(root), dimensions=str(self.dims_file))
            twin.close()
            con, prefix, mark = sqlite3.connect(root / "gen3.sqlite3"), "", "?"
        else:
            import psycopg2

            twin = oc.make_repo(str(root), dimensions=str(self.dims_file), db=self.copy.pg_url, namespace="dbbtwin")
            twin.close()
            con, prefix, mark = psycopg2.connect(self.copy.pg_url), "dbbtwin.", "%s"
        cursor = con.cursor()
        for key in sorted(graphs):
            cursor.execute(f"INSERT INTO {prefix}dimension_graph_key (id) VALUES ({mark})", (key,))
            for name in graphs[key]:
                cursor.execute(f"INSERT INTO {prefix}dimension_graph_definition (dimension_graph_id, dimension_name)"
                               f" VALUES ({mark}, {mark})", (key, name))
        con.commit()
        con.close()
        twin = Butler.from_config(str(root), writeable=True)
        for dt in types:
            twin.registry.registerDatasetType(DatasetType(
                dt.name, list(dt.dimensions.required), dt.storageClass_name, universe=twin.dimensions,
                isCalibration=dt.isCalibration()))
        if self.copy.sqlite:
            mine, theirs = sqlite_schema(self.copy.db_file), sqlite_schema(root / "gen3.sqlite3")
        else:
            namespace = self.copy.namespace or self.copy.query("SELECT current_schema()")[0][0]
            mine, theirs = postgres_schema(self.copy.pg_url, namespace), postgres_schema(self.copy.pg_url, "dbbtwin")
        missing, extra = sorted(theirs - mine), sorted(mine - theirs)
        if missing or extra:
            version = dict(self.copy.query("SELECT name, value FROM butler_attributes"))
            fresh = dict(self.fresh_attributes())
            old = [k for k in fresh if k.startswith("version:") and version.get(k) != fresh[k]]
            if self.args.verbose:
                print("\n".join([f"  - {m}" for m in missing] + [f"  + {e}" for e in extra]))
            text = f"{len(missing)} missing, {len(extra)} unexpected; " + "; ".join(
                [f"missing {m}" for m in missing[:3]] + [f"unexpected {e}" for e in extra[:3]])
            if old:
                raise Soft(f"written by other manager versions ({', '.join(k.rsplit('.', 1)[1] for k in old)}): {text}")
            raise ValueError(text)
        return f"{len(mine)} facts"

    def sql_integrity(self):
        if not self.copy.sqlite:
            raise Skip("SQLite only")
        bad = self.copy.query("PRAGMA integrity_check")
        if bad != [("ok",)]:
            raise ValueError(f"integrity_check: {bad[:3]}")
        bad = self.copy.query("PRAGMA foreign_key_check")
        if bad:
            raise ValueError(f"foreign_key_check: {bad[:3]}")

    def refresh(self):
        self.registry.refresh()
        self.registry.refresh_collection_summaries()

    def query_records(self):
        self.records = {}
        for element in oc.record_elements(self.butler):
            self.records[element] = oc.all_records(self.butler, element)
            via_query = self.butler.query_dimension_records(element, limit=None, explain=False)
            if len(via_query) != len(self.records[element]):
                raise ValueError(f"{element}: {len(via_query)} by query, {len(self.records[element])} by registry")
            for record in sample(self.records[element], 3):
                if element not in self.butler.dimensions.dimensions.names:
                    continue
                found = self.butler.query_dimension_records(element, data_id=record.dataId, explain=False)
                if len(found) != 1:
                    raise ValueError(f"{element} {record.dataId}: {len(found)} records")
        return ", ".join(f"{k} {len(v)}" for k, v in self.records.items() if v)

    def query_datasets(self):
        self.refs: dict = {}
        total = 0
        for dt in self.registry.queryDatasetTypes(...):
            for run in self.butler.collections.query("*", collection_types=CollectionType.RUN):
                found = self.butler.query_datasets(dt, collections=run, find_first=False, explain=False, limit=None,
                                                   with_dimension_records=True)
                if found:
                    self.refs[dt.name, run] = found
                    total += len(found)
        rows = self.copy.query("SELECT count(*) FROM dataset")[0][0]
        if rows != total:
            raise ValueError(f"{rows} rows in dataset, but queries find {total} (summaries or tags rows missing?)")
        self.all_refs = [r for refs in self.refs.values() for r in refs]
        return f"{total} datasets"

    def query_datasets_cli(self):
        from lsst.daf.butler.script.queryDatasets import QueryDatasets

        def count(collections, find_first=False, where=""):
            tables = QueryDatasets(glob=["*"], collections=collections, where=where, find_first=find_first,
                                   show_uri=False, butler=self.butler, limit=0).getTables()
            return sum(len(t) for t in tables)

        if not self.all_refs:
            raise Skip("no datasets")
        everything, no_collections = count(["*"]), count([])
        expected = len(self.all_refs)
        if everything < expected or no_collections < expected:
            raise ValueError(f"with collections {everything}, without {no_collections}, expected at least {expected}")
        for chain in self.butler.collections.query("*", collection_types=CollectionType.CHAINED):
            if list(self.butler.collections.query(chain, flatten_chains=True)):
                # One type may have several validity ranges per data ID: not an error of the repository.
                with contextlib.suppress(CalibrationLookupError):
                    count([chain], find_first=True)
        instruments = {r.dataId["instrument"] for r in self.all_refs if "instrument" in r.dataId}
        for name in instruments:
            if not count(["*"], where=f"instrument='{name}'"):
                raise ValueError(f"no dataset found with instrument='{name}'")
        return f"{everything} rows"

    def find_datasets(self):
        chosen = sample(self.all_refs, self.args.max)
        for ref in chosen:
            found = self.butler.find_dataset(ref.datasetType, ref.dataId, collections=ref.run)
            if found is None or found.id != ref.id:
                raise ValueError(f"{ref}: found {found}")
            by_id = self.butler.get_dataset(ref.id)
            if by_id != ref:
                raise ValueError(f"{ref}: by UUID {by_id}")
        return f"{len(chosen)} of {len(self.all_refs)}"

    def raw_ids(self):
        raws = [r for r in self.all_refs if r.datasetType.name == "raw"]
        if not raws:
            raise Skip("no raw datasets")
        bad = [r for r in raws if DatasetRef(r.datasetType, r.dataId, run=r.run,
                                             id_generation_mode=DatasetIdGenEnum.DATAID_TYPE_RUN).id != r.id]
        if bad:
            raise Soft(f"{len(bad)} of {len(raws)} raws without the UUID of their data ID, type and run, e.g. {bad[0]}")
        return f"{len(raws)} raws"

    def stored_infos(self, refs=None) -> dict:
        """Stored-file rows of datasets, by dataset UUID."""
        infos: dict = {}
        for data in self.butler._datastore.export_records(self.all_refs if refs is None else refs).values():
            for dataset_id, tables in data.records.items():
                infos.setdefault(dataset_id, []).extend(i for t in tables.values() for i in t)
        return infos

    def stored(self):
        infos = self.stored_infos()
        return [r for r in self.all_refs if r.id in infos]

    def datastore_names(self):
        names = {r[0] for r in self.copy.query("SELECT DISTINCT datastore_name FROM dataset_location")}
        unknown = names - set(self.butler._datastore.names)
        if unknown:
            raise ValueError(f"dataset_location names datastores {sorted(unknown)}, the configuration has "
                             f"{sorted(self.butler._datastore.names)}")
        return ", ".join(sorted(names))

    def files(self):
        missing, sizes = [], []
        infos = self.stored_infos()
        stored = [r for r in self.all_refs if r.id in infos]
        for ref in sample(stored, self.args.max):
            for info in infos[ref.id]:
                uri = info.file_location(self.butler._datastore.locationFactory).uri
                if not uri.exists():
                    missing.append(str(uri))
                elif info.file_size >= 0 and size_of(uri) != info.file_size:
                    sizes.append(f"{uri} {size_of(uri)} != {info.file_size}")
            if len(infos[ref.id]) == 1 and self.butler.getURI(ref) is None:
                raise ValueError(f"no URI for {ref}")
        if missing or sizes:
            raise Soft(f"{len(missing)} files missing, {len(sizes)} of other size, e.g. {(missing + sizes)[0]}")
        return f"{len(stored)} stored of {len(self.all_refs)} datasets"

    def leftovers(self):
        counts = {
            "trash rows": "SELECT count(*) FROM dataset_location_trash",
            "locations without record": "SELECT count(*) FROM dataset_location l WHERE NOT EXISTS"
                                        " (SELECT 1 FROM file_datastore_records f WHERE f.dataset_id=l.dataset_id)",
            "records without location": "SELECT count(*) FROM file_datastore_records f WHERE NOT EXISTS"
                                        " (SELECT 1 FROM dataset_location l WHERE l.dataset_id=f.dataset_id)"}
        found = {k: self.copy.query(v)[0][0] for k, v in counts.items()}
        if any(found.values()):
            raise Soft(", ".join(f"{v} {k}" for k, v in found.items() if v))

    def overlaps(self):
        """Stored htm7 overlap rows of every region must cover its envelope."""
        htm = HtmPixelization(7)
        checked = extra = 0
        for element, records in self.records.items():
            for record in sample([r for r in records if getattr(r, "region", None) is not None], self.args.max):
                keys = {k: record.dataId[k] for k in record.dataId.dimensions.required}
                where = " AND ".join(f'"{k}"=?' for k in keys)
                rows = {r[0] for r in self.copy.query(
                    f"SELECT skypix_index FROM {element}_skypix_overlap WHERE skypix_system='htm' AND skypix_level=7"
                    f" AND {where}", *keys.values())}
                region = record.region if isinstance(record.region, Region) else Region.decode(record.region)
                want = {i for begin, end in htm.envelope(region) for i in range(begin, end)}
                if want - rows:
                    raise ValueError(f"{element} {keys}: {len(want - rows)} of {len(want)} htm7 rows missing")
                extra += len(rows - want)
                checked += 1
        if not checked:
            raise Skip("no regions")
        if extra:
            raise Soft(f"{extra} htm7 rows more than the envelope")
        return f"{checked} regions"

    def collections(self):
        for info in self.butler.collections.query_info("*", include_summary=True, include_doc=True):
            if info.type is CollectionType.TAGGED:
                for dt in info.dataset_types or ():
                    for ref in sample(self.butler.query_datasets(dt, collections=info.name, explain=False, limit=None),
                                      self.args.max):
                        found = self.butler.find_dataset(dt, ref.dataId, collections=info.name)
                        if found is None or found.id != ref.id:
                            raise ValueError(f"{ref} in {info.name}: found {found}")
            elif info.type is CollectionType.CALIBRATION:
                for dt in self.registry.queryDatasetTypes(...):
                    if not dt.isCalibration():
                        continue
                    assocs = list(self.registry.queryDatasetAssociations(
                        dt, collections=[info.name], collectionTypes={CollectionType.CALIBRATION}))
                    for assoc in sample(assocs, self.args.max):
                        if assoc.timespan is None or assoc.timespan.isEmpty():
                            raise ValueError(f"{assoc.ref} in {info.name}: timespan {assoc.timespan}")
                        begin, end = assoc.timespan.nsec
                        inside = Timespan(None, None, _nsec=(begin, min(begin + 1, end)))
                        found = self.butler.find_dataset(dt, assoc.ref.dataId, collections=info.name, timespan=inside)
                        if found is None or found.id != assoc.ref.id:
                            raise ValueError(f"{assoc.ref} in {info.name} at {inside}: found {found}")

    # writing

    def sync_records(self):
        checked = 0
        for element, records in self.records.items():
            if element == "band" or not records:
                continue
            for record in sample(records, self.args.max):
                changed = self.registry.syncDimensionData(element, record)
                if changed is not False:
                    raise ValueError(f"{element} {record.dataId}: sync returned {changed}")
                checked += 1
        return f"{checked} records"

    def an_instrument(self) -> tuple[str, int]:
        """An instrument with a detector; one is registered in the copy if there is none."""
        for r in self.records.get("detector", ()):
            return r.instrument, r.id
        if self.test_instrument:
            return self.test_instrument
        self.registry.insertDimensionData("instrument", {"name": "DBBTest", "detector_max": 4, "visit_max": 9,
                                                         "exposure_max": 9, "class_name": "dbb.Test"})
        self.registry.insertDimensionData("detector", {"instrument": "DBBTest", "id": 1, "full_name": "R00_S00",
                                                       "name_in_raft": "S00", "raft": "R00", "purpose": "SCIENCE"})
        self.test_instrument = "DBBTest", 1
        return self.test_instrument

    def put(self):
        instrument, detector = self.an_instrument()
        dt = DatasetType("dbbcheck_calib", ["instrument", "detector"], "StructuredDataDict",
                         universe=self.butler.dimensions, isCalibration=True)
        if not self.registry.registerDatasetType(dt):
            raise ValueError("dataset type dbbcheck_calib was there already")
        self.butler.collections.register("dbbcheck/run", CollectionType.RUN)
        value = {"a": 1, "b": [1.5, "x"]}
        ref = self.butler.put(value, "dbbcheck_calib", instrument=instrument, detector=detector, run="dbbcheck/run")
        if self.butler.get(ref) != value or not self.butler.getURI(ref).exists():
            raise ValueError("get does not return what was put")
        self.calib = ref

    def certify(self):
        from astropy.time import Time

        name, dt = "dbbcheck/calib", self.calib.datasetType
        self.butler.collections.register(name, CollectionType.CALIBRATION)
        t = [Time(f"202{i}-01-01T00:00:00", scale="tai") for i in range(5)]

        def at(k):
            return self.butler.find_dataset(dt, self.calib.dataId, collections=name, timespan=Timespan(
                t[k], Time(f"202{k}-01-02T00:00:00", scale="tai")))

        self.registry.certify(name, [self.calib], Timespan(t[1], t[4]))
        if [at(k) is not None for k in range(5)] != [False, True, True, True, False]:
            raise ValueError("lookup after certify is wrong")
        try:
            self.registry.certify(name, [self.calib], Timespan(t[3], None))
        except ConflictingDefinitionError:
            pass
        else:
            raise ValueError("an overlapping certify was accepted")
        self.registry.decertify(name, dt, Timespan(t[2], t[3]))
        if [at(k) is not None for k in range(5)] != [False, True, False, True, False]:
            raise ValueError("lookup after decertify is wrong")
        self.registry.decertify(name, dt, Timespan(None, None))
        if any(at(k) for k in range(5)):
            raise ValueError("calibration still there after full decertify")

    def tag(self):
        self.butler.collections.register("dbbcheck/tag", CollectionType.TAGGED)
        refs = sample(self.all_refs, 20) or [self.calib]
        unique = list({(r.datasetType.name, r.dataId): r for r in refs}.values())
        self.registry.associate("dbbcheck/tag", unique)
        for ref in unique:
            found = self.butler.find_dataset(ref.datasetType, ref.dataId, collections="dbbcheck/tag")
            if found is None or found.id != ref.id:
                raise ValueError(f"{ref} not found in the tagged collection")
        self.registry.disassociate("dbbcheck/tag", unique)
        self.butler.collections.register("dbbcheck/chain", CollectionType.CHAINED)
        runs = sorted({r.run for r in self.all_refs}) or ["dbbcheck/run"]
        self.butler.collections.redefine_chain("dbbcheck/chain", runs)
        for ref in sample(self.all_refs, 5):
            if self.butler.find_dataset(ref.datasetType, ref.dataId, collections="dbbcheck/chain") is None:
                raise ValueError(f"{ref} not found through a chain")

    def candidate(self):
        """A stored dataset with one existing file of its own, a raw if possible."""
        stored = sorted(self.stored(), key=lambda r: (r.datasetType.name != "raw", str(r.id)))
        for ref in stored[:500]:
            uris = self.butler.getURIs(ref)
            if uris.primaryURI is not None and uris.primaryURI.exists() and not uris.primaryURI.fragment:
                return ref, uris.primaryURI
        raise Skip("no stored dataset with an existing file")

    def prune(self):
        ref, uri = self.candidate()
        path = self.stored_infos([ref])[ref.id][0]
        self.pruned = ref, uri, path.formatter
        before = len(self.all_refs)
        shared = self.copy.query("SELECT count(*) FROM file_datastore_records WHERE path=?", path.path)[0][0]
        self.butler.pruneDatasets([ref], purge=True, unstore=True, disassociate=True)
        if self.butler.get_dataset(ref.id) is not None:
            raise ValueError("still in the registry")
        inside = not ResourcePath(path.path, forceAbsolute=False).isabs()
        if uri.exists() == (inside and shared == 1):
            raise ValueError(f"file {'still there' if uri.exists() else 'of a direct dataset deleted'}: {uri}")
        hexid = ref.id.hex if self.copy.sqlite else str(ref.id)
        for table, column in (("dataset", "id"), ("dataset_location", "dataset_id"),
                              ("dataset_location_trash", "dataset_id"), ("file_datastore_records", "dataset_id")):
            if self.copy.query(f"SELECT count(*) FROM {table} WHERE {column}=?", hexid)[0][0]:
                raise ValueError(f"row left in {table}")
        left = sum(len(self.butler.query_datasets(r.datasetType, collections=run, find_first=False, explain=False, limit=None))
                   for (name, run), refs in self.refs.items() for r in refs[:1])
        if left != before - 1:
            raise ValueError(f"{left} datasets left, expected {before - 1}")
        return f"{ref.datasetType.name} {'inside' if inside else 'direct'}"

    def ingest(self):
        """The pruned dataset comes back with its UUID; ingest again is skipped or a conflict."""
        if not hasattr(self, "pruned"):
            raise Skip("nothing was pruned")
        ref, uri, formatter = self.pruned
        cls = oc.install_raw_formatter(formatter)
        source = uri
        if not uri.exists():
            relative = uri.relative_to(ResourcePath(str(self.copy.root), forceDirectory=True))
            original = self.copy.source.resolve() / relative if relative else None
            if original is None or not original.exists():
                raise Skip("no file to ingest")
            source = ResourcePath(str(original))
        plain = DatasetRef(ref.datasetType, self.registry.expandDataId(ref.dataId), run=ref.run, id=ref.id)
        again = FileDataset(path=source.ospath, refs=[plain], formatter=cls)
        self.butler.ingest(again, transfer="direct")
        if self.butler.get_dataset(ref.id) != ref or not self.butler.getURI(ref).exists():
            raise ValueError("not there after ingest")
        rows = self.copy.query("SELECT count(*) FROM file_datastore_records")
        self.butler.ingest(again, transfer="direct", skip_existing=True)
        if rows != self.copy.query("SELECT count(*) FROM file_datastore_records"):
            raise ValueError("skip_existing added rows")
        other = DatasetRef(ref.datasetType, plain.dataId, run=ref.run, id=uuid.uuid4())
        try:
            self.butler.ingest(FileDataset(path=source.ospath, refs=[other], formatter=cls), transfer="direct")
        except ConflictingDefinitionError:
            pass
        else:
            raise ValueError("a second UUID for the same data ID was accepted")

    def reingest_untouched(self):
        """Datasets written by the other program are recognised as existing."""
        if not self.all_refs:
            raise Skip("no datasets")
        pruned = getattr(self, "pruned", (None,))[0]
        stored = [r for r in self.stored() if r != pruned]
        done = 0
        for ref in sample(stored, 3):
            uri = self.butler.getURI(ref)
            if not uri.exists() or uri.scheme != "file" or uri.fragment:
                continue
            info = self.stored_infos([ref])[ref.id][0]
            cls = oc.install_raw_formatter(info.formatter)
            plain = DatasetRef(ref.datasetType, self.registry.expandDataId(ref.dataId), run=ref.run, id=ref.id)
            dataset = FileDataset(path=uri.ospath, refs=[plain], formatter=cls)
            before = self.copy.query("SELECT count(*) FROM file_datastore_records")
            self.butler.ingest(dataset, transfer="direct", skip_existing=True)
            if before != self.copy.query("SELECT count(*) FROM file_datastore_records"):
                raise ValueError("skip_existing added rows")
            try:
                self.butler.ingest(dataset, transfer="direct", skip_existing=False)
            except ConflictingDefinitionError:
                done += 1
            else:
                raise ValueError(f"{ref} ingested twice without complaint")
        if not done:
            raise Skip("no stored file to ingest again")
        return f"{done} datasets"

    def transfer(self):
        stored = [r for r in self.stored()]
        if not stored:
            raise Skip("nothing stored")
        per_type = {}
        for r in stored:
            per_type.setdefault((r.datasetType.name, r.run), []).append(r)
        refs = [r for group in per_type.values() for r in sample(group, max(1, self.args.max // len(per_type)))]
        refs = [r for r in refs if self.butler.getURIs(r).primaryURI is not None
                and self.butler.getURIs(r).primaryURI.exists()]
        if not refs:
            raise Skip("no stored file exists")
        moved = self.fresh.transfer_from(self.butler, refs, transfer="symlink", register_dataset_types=True,
                                         transfer_dimensions=True)
        if len(moved) != len(refs):
            raise ValueError(f"{len(moved)} of {len(refs)} transferred")
        for ref in sample(refs, self.args.max):
            found = self.fresh.find_dataset(ref.datasetType, ref.dataId, collections=ref.run)
            if found is None or found.id != ref.id or not self.fresh.getURI(found).exists():
                raise ValueError(f"{ref}: {found} in the fresh repository")
        for element, records in self.records.items():
            mine = {r.dataId: oc.record_dict(r) for r in records}
            for record in oc.all_records(self.fresh, element):
                if mine.get(record.dataId) != oc.record_dict(record):
                    raise ValueError(f"{element} {record.dataId} changed in the transfer")
        return f"{len(refs)} datasets"

    def insert_observation(self):
        """Python can add a new observation beside the existing ones."""
        if "group" not in self.butler.dimensions.dimensions.names:
            raise Skip("universe without group and day_obs")
        instrument, _ = self.an_instrument()
        filters = [r.name for r in oc.all_records(self.butler, "physical_filter") if r.instrument == instrument]
        if not filters:
            self.registry.insertDimensionData("physical_filter", {"instrument": instrument, "name": "f", "band": "f"})
            filters = ["f"]
        with self.butler.transaction():
            self.registry.syncDimensionData("group", {"instrument": instrument, "name": "dbbcheck"})
            self.registry.syncDimensionData("day_obs", {"instrument": instrument, "id": 20991231, "timespan": None})
            self.registry.syncDimensionData("exposure", {
                "instrument": instrument, "id": 9000000000007, "obs_id": "dbbcheck", "physical_filter": filters[0],
                "group": "dbbcheck", "day_obs": 20991231, "exposure_time": 1.0, "observation_type": "dark",
                "timespan": Timespan.from_day_obs(20991230)})
        found = self.butler.query_dimension_records(
            "exposure", where="exposure.obs_id='dbbcheck'", instrument=instrument, explain=False)
        if [r.id for r in found] != [9000000000007]:
            raise ValueError(f"found {found}")

    # expected values

    def expected(self):
        table: dict = {}
        for path in sorted(Path(self.args.expected).glob("*.json")):
            content = json.loads(path.read_text())
            if isinstance(content, dict) and "ingest" in content:
                ingest = content["ingest"]
                for key, want in ingest.items():
                    if key.endswith("_record") and isinstance(want, dict):
                        element = key.removesuffix("_record")
                        table.setdefault((element, self.ident(element, want)), []).append((path.name, want))
        checked: dict = {}
        bad = []
        for element in ("group", "day_obs", "exposure", "visit"):
            for record in self.records.get(element, ()):
                have = oc.record_dict(record)
                wants = table.get((element, self.ident(element, have)))
                if not wants:
                    continue
                checked[element] = checked.get(element, 0) + 1
                diffs = []
                for name, want in wants:
                    diff = self.compare(have, want)
                    if not diff:
                        break
                    diffs.append(f"{name} {diff}")
                else:
                    bad.append(f"{element} {record.dataId.required}: {' | '.join(diffs)}")
        if bad:
            raise ValueError(f"{len(bad)} records differ: {bad[0]}")
        if not checked:
            raise ValueError("no record of the repository has expected values")
        return ", ".join(f"{k} {v}" for k, v in checked.items())

    @staticmethod
    def ident(element: str, values: dict):
        return values["instrument"], values.get("name" if element == "group" else "id")

    @staticmethod
    def compare(have: dict, want: dict) -> str:
        diffs = []
        for key in sorted(set(have) | set(want)):
            a, b = have.get(key), want.get(key)
            if isinstance(b, dict) and "hex" in b:
                b = b["hex"]
                a = a["hex"] if isinstance(a, dict) and "hex" in a else a
            if isinstance(a, dict) and "hex" in a:
                a = a["hex"]
            if a != b:
                diffs.append(f"{key}: {a} != {b}")
        return "; ".join(diffs)

    def all(self) -> None:
        run = self.run
        if not run("open-readonly", self.open_readonly) or not run("open-copy-writeable", self.open_copy):
            return
        run("dimensions", self.dimensions)
        run("fresh-repository", self.make_fresh)
        run("attributes", self.attributes)
        run("schema", self.schema)
        run("sql-integrity", self.sql_integrity)
        if not run("query-dimension-records", self.query_records) or not run("query-datasets", self.query_datasets):
            return
        run("refresh", self.refresh)
        run("query-datasets-cli", self.query_datasets_cli)
        run("find-dataset", self.find_datasets)
        run("raw-uuids", self.raw_ids)
        run("datastore-names", self.datastore_names)
        run("files", self.files)
        run("leftovers", self.leftovers)
        run("region-overlaps", self.overlaps)
        run("collections", self.collections)
        if self.args.expected:
            run("expected", self.expected)
        run("sync-records", self.sync_records)
        run("reingest-conflict", self.reingest_untouched)
        run("transfer-datasets", self.transfer)
        if run("put-get", self.put):
            run("certify", self.certify)
            run("associate-chain", self.tag)
        run("insert-observation", self.insert_observation)
        run("prune", self.prune)
        run("ingest-after-prune", self.ingest)
        run("sql-integrity-after", self.sql_integrity)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo", help="repository directory or its butler.yaml")
    parser.add_argument("--expected", metavar="DIR", help="folder with expected translations (tests/data/expected)")
    parser.add_argument("--strict", action="store_true", help="warnings are failures")
    parser.add_argument("--max", type=int, default=500, help="most records or datasets per check that goes one by one (0: all)")
    parser.add_argument("--work", help="folder for the copy (default: a temporary one)")
    parser.add_argument("-v", "--verbose", action="store_true", help="tracebacks, skipped checks, schema differences")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    work = Path(tempfile.mkdtemp(prefix="dbbcheck_", dir=args.work))
    checker = Checker(args, work)
    try:
        checker.all()
    finally:
        copy = getattr(checker, "copy", None)
        if copy is not None:
            for butler in (getattr(checker, "butler", None), getattr(checker, "fresh", None)):
                with contextlib.suppress(Exception):
                    butler.close()
            copy.close()
        shutil.rmtree(work, ignore_errors=True)
    c = checker.counts
    print(f"{c['ok']} ok, {c['warn']} warnings, {c['FAIL']} failed, {c['skip']} skipped")
    return 1 if checker.failed else 0


if __name__ == "__main__":
    sys.exit(main())
