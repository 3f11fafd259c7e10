#!/usr/bin/env python3
"""The same night as tests/efd/efd_night.py makes in line protocol, for those who read CSV, and for the floor.

usage: night_csv.py DIR      reads DIR/night.lp, windows.jsonl, config.yaml
writes night.csv             InfluxDB's CSV: a block for each topic
       csv/TOPIC.csv         plain CSV for each topic that a column asks for: time,FIELD,...
       columns.txt           lines "topic field mean|asof index", index -: none
       windows.txt           lines "begin end", UTC nanoseconds
"""
import json
import os
import sys

TAI_UTC_NS = 37 * 10**9


def read_topics(path):
    """By topic: names of its fields and rows of (time, values)."""
    topics = {}
    with open(path) as lines:
        for line in lines:
            topic, fields, time = line.split()
            names, values = zip(*(field.split("=") for field in fields.split(",")))
            known, rows = topics.setdefault(topic, (names, []))
            assert known == names, "the night's topics have the same fields in all rows"
            rows.append((time, [v[:-1] if v.endswith("i") else v for v in values]))
    return topics


def main():
    os.chdir(sys.argv[1])
    os.makedirs("csv", exist_ok=True)
    with open("config.yaml") as lines:
        columns = [json.loads(line[2:]) for line in lines if line.startswith("- ")]
    with open("columns.txt", "w") as out:
        for c in columns:
            out.write("%s %s %s %s\n" % (c["topic"], c["field"], c["func"], c.get("index", "-")))
    with open("windows.jsonl") as lines, open("windows.txt", "w") as out:
        for w in map(json.loads, lines):
            out.write("%d %d\n" % (w["begin_tai_ns"] - TAI_UTC_NS, w["end_tai_ns"] - TAI_UTC_NS))
    wanted = {c["topic"] for c in columns}
    with open("night.csv", "w") as night:
        for topic, (names, rows) in read_topics("night.lp").items():
            night.write("name,tags,time,%s\n" % ",".join(names))
            night.writelines("%s,,%s,%s\n" % (topic, time, ",".join(values)) for time, values in rows)
            night.write("\n")
            if topic not in wanted:
                continue
            with open("csv/%s.csv" % topic, "w") as own:
                own.write("time,%s\n" % ",".join(names))
                own.writelines("%s,%s\n" % (time, ",".join(values)) for time, values in rows)


if __name__ == "__main__":
    main()
