#!/usr/bin/env python3
"""What InfluxDB keeps of line protocol that is written to it.

usage: as_influx.py FILE...     on standard output, sorted by topic and time

Points of one measurement and time are one, field by field the last value that was written; a line with a field of another
type than the first one of that name is left out. For lines without tags and without texts that go over several lines.
"""
import re
import sys

FIELD = re.compile(r'((?:\\.|[^\\=])+)=("(?:\\.|[^"\\])*"|[^,]*),?')
LINE = re.compile(r'((?:\\.|[^ \\])+) ((?:"(?:\\.|[^"\\])*"|\\.|[^ "\\])+) (-?\d+)$')


def type_of(value):
    if value.startswith('"'):
        return 'string'
    if value[0] in 'tTfF':
        return 'boolean'
    return 'integer' if value.endswith('i') else 'float'


def main():
    types, points = {}, {}
    for name in sys.argv[1:]:
        for line in open(name, encoding='utf-8'):
            match = LINE.match(line.rstrip('\n'))
            if not match or line.startswith('#'):
                continue
            topic, fields, time = match.group(1), FIELD.findall(match.group(2)), int(match.group(3))
            if any(types.get((topic, key), type_of(value)) != type_of(value) for key, value in fields):
                continue
            for key, value in fields:
                types[topic, key] = type_of(value)
            points.setdefault((topic, time), {}).update(fields)
    for (topic, time), fields in sorted(points.items()):
        print(topic, ','.join(f'{key}={value}' for key, value in fields.items()), time)


main()
