#!/usr/bin/env python3
"""Print the SQL that puts what a SQLite registry holds into a fresh registry of the same universe on PostgreSQL.

Usage: load_gen3.py gen3.sqlite3 | psql URL     the registry there is made by: dbb-repo create --registry URL
"""

import re
import sqlite3
import sys

OPEN_BEGIN, OPEN_END = 0, 4102444800000000000


def quoted(name):
    return '"' + name + '"'


def literal(value, kind):
    if value is None:
        return "NULL"
    if kind == "BOOLEAN":
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


def range_of(begin, end):
    if begin is None:
        return "NULL"
    if begin > end:
        return "'empty'"
    return f"'[{'' if begin == OPEN_BEGIN else begin},{'' if end == OPEN_END else end})'".replace("[,", "(,")


def created(ddl):
    """CREATE TABLE of tags or calibrations in PostgreSQL's words, without names of constraints, which are cut there."""
    lines = [line.strip().rstrip(",") for line in ddl.split("\n")[1:-1]]
    out = []
    for line in lines:
        line = re.sub(r"^CONSTRAINT \S+ ", "", line)
        if line.startswith("CHECK") or line.startswith("timespan_end"):
            continue
        if line.startswith("timespan_begin"):
            line = "timespan INT8RANGE NOT NULL DEFAULT '(,)'"
        out.append(line.replace("CHAR(32) NOT NULL", "UUID NOT NULL", 1) if line.startswith("dataset_id") else line)
    return ddl.split("\n")[0] + ",\n".join(out).replace("id INTEGER NOT NULL", "id BIGINT NOT NULL") + ");"


def main(path):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    print("BEGIN; SET session_replication_role = replica; DELETE FROM butler_attributes;")
    tables = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    for name, ddl in tables:
        if not name.startswith(("dataset_tags_", "dataset_calibs_")):
            continue
        print(created(ddl))
        if name.startswith("dataset_calibs_"):
            print(f"CREATE SEQUENCE {name}_seq_id;")
        for (index,) in db.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql NOT NULL", [name]):
            print(re.sub(r"^CREATE INDEX \S+ ", "CREATE INDEX ", index).replace("timespan_begin, timespan_end", "timespan") + ";")
    for name, ddl in tables:
        columns = [(row[1], row[2]) for row in db.execute(f"PRAGMA table_info({quoted(name)})")]
        names = [column for column, _ in columns if column != "timespan_end"]
        targets = ", ".join(quoted("timespan" if column == "timespan_begin" else column) for column in names)
        for row in db.execute(f"SELECT * FROM {quoted(name)}"):
            values = dict(zip((column for column, _ in columns), row))
            texts = []
            for column, kind in columns:
                if column == "timespan_begin":
                    texts.append(range_of(row[columns.index((column, kind))], values["timespan_end"]))
                elif column != "timespan_end":
                    texts.append(literal(values[column], kind))
            print(f"INSERT INTO {quoted(name)} ({targets}) VALUES ({', '.join(texts)}) ON CONFLICT DO NOTHING;")
    sequences = [("collection", "collection_id"), ("dataset_type", "id"), ("dimension_graph_key", "id")]
    sequences += [(name, "id") for name, _ in tables if name.startswith("dataset_calibs_")]
    for name, column in sequences:
        print(f"SELECT setval('{name}_seq_{column}', max({column})) FROM {name} HAVING max({column}) > 0;")
    print("COMMIT;")


if __name__ == "__main__":
    main(sys.argv[1])
