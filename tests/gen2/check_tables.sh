#!/bin/bash
# The tables of lib/gen2/data are well formed, agree with each other, and recognise the paths of paths.txt. The matcher here is a
# second, simple one: every template against every path.
#
# Usage: tests/gen2/check_tables.sh      needs python3 with its yaml module
set -euo pipefail
cd "$(dirname "$0")/../.."

for python in python3 /usr/bin/python3; do
  "$python" -c 'import yaml' 2> /dev/null && break
done || { echo 'no python3 with a yaml module: apt-get install python3-yaml' >&2; exit 2; }

"$python" - lib/gen2/data tests/gen2/paths.txt << 'PYTHON'
import os, re, sys
import yaml

folder, path_file = sys.argv[1:]
cases, failures = 0, []     # a case is a dataset type of a family, or a path


def check(good, text):
    if not good:
        failures.append(text)


class Loader(yaml.SafeLoader):
    """A key that is there twice would silently hide the first."""


def mapping(loader, node):
    keys = [loader.construct_object(key) for key, _ in node.value]
    for key in {k for k in keys if keys.count(k) > 1}:
        failures.append(f"{node.start_mark}: {key} is there twice")
    return loader.construct_mapping(node, deep=True)


Loader.add_constructor("tag:yaml.org,2002:map", mapping)

TOP = {"mappers", "inherits", "detector_key", "exposure_key", "obs_time", "runs_forced", "umbrella_extra", "root_skymap",
       "ignored_types", "file_ignore_patterns", "types"}
KEYS = {"template", "storage_class", "kind", "table", "formatter", "dimensions", "same_as"}
KINDS = {"raw", "calibration", "curated", "output", "skymap", "refcat", "refcat_config", "mask", "ignored", "no_gen3"}
NEEDS_CLASS = KINDS - {"curated", "ignored", "no_gen3"}

tables = {name[:-5]: yaml.load(open(os.path.join(folder, name)), Loader) for name in sorted(os.listdir(folder))}
formatters = tables.pop("formatters")
SUBSTITUTION = re.compile(r"%\((\w+)\)(0?\d*)([ds])")


def templates(entry):
    text = entry["template"]
    return [text] if isinstance(text, str) else text


key_types = {}
used = set()
mappers = {}
for family, table in tables.items():
    check(not table.keys() - TOP, f"{family}: unknown keys {table.keys() - TOP}")
    for parent in table.get("inherits", []):
        check(parent in tables, f"{family}: inherits {parent}, which is not there")
    for mapper in table.get("mappers", {}):
        check(mapper not in mappers, f"{family}: mapper {mapper} is also in {mappers.get(mapper)}")
        mappers[mapper] = family
        check("types" in table and "obs_time" in table and "detector_key" in table, f"{family}: has mappers but not all it needs")
    for name, entry in table["types"].items():
        where = f"{family}: {name}"
        cases += 1
        if entry is None:
            continue
        check(not entry.keys() - KEYS, f"{where}: unknown keys {entry.keys() - KEYS}")
        if "same_as" in entry:
            check(list(entry) == ["same_as"] and entry["same_as"] in table["types"], f"{where}: same_as names nothing")
            continue
        kind, storage = entry["kind"], entry.get("storage_class")
        check(kind in KINDS, f"{where}: unknown kind {kind}")
        check(storage is not None or kind not in NEEDS_CLASS, f"{where}: needs a storage class")
        check(storage is None or kind not in ("ignored", "no_gen3"), f"{where}: has a storage class")
        check((kind == "ignored") == (templates(entry) == ["ignored"]), f"{where}: kind and template do not agree")
        if kind == "calibration":
            check("table" in entry or name in table.get("ignored_types", []), f"{where}: has no registry table")
        if storage:
            used.add(storage)
        check(len(set(templates(entry))) == len(templates(entry)), f"{where}: a template is there twice")
        for template in templates(entry):
            rest = SUBSTITUTION.sub("", template)
            check("%" not in rest and not template.startswith("/"), f"{where}: bad template {template}")
            if kind == "calibration":
                check("%(calibDate)s" in template, f"{where}: no calibDate in {template}")
            for key, _, letter in SUBSTITUTION.findall(template):
                check(key_types.setdefault(key, letter) == letter, f"{where}: {key} is %d here and %s elsewhere")
check(set(formatters["formatters"]) == used, f"formatters.yaml and the tables differ in {set(formatters['formatters']) ^ used}")


def pattern(template):
    """Regular expression of a template: the first of a key any width, those in later elements as the template formats them."""
    known, out = {}, []
    for element in template.split("/"):
        seen, text, at = {}, "", 0
        for found in SUBSTITUTION.finditer(element):
            text += re.escape(element[at:found.start()])
            at = found.end()
            key, width, letter = found.groups()
            if key in known or key in seen:
                text += f"(?P=@{key}@{width}{letter})"
                continue
            seen[key] = True
            text += f"(?P<{key}>" + (r"\d+,\d+" if key == "patch" else "0*[0-9]+" if letter == "d" else "[^/]+") + ")"
        out.append(text + re.escape(element[at:]))
        known.update(seen)
    # A number is compared after formatting: as text the leading zeros may differ.
    numbers, expression = [], "/".join(out)

    def later(found):
        key, width, letter = found.group(1), found.group(2), found.group(3)
        if letter == "s":
            return f"(?P={key})"
        numbers.append((key, "%" + width + "d"))
        return f"(?P<later{len(numbers) - 1}>[0-9]+)"
    return re.compile(re.sub(r"\(\?P=@(\w+)@(\d*)([ds])\)", later, expression)), numbers


def matches(template, path):
    template = template.split("[")[0]
    for ending in ("", ".gz", ".fz") if template.endswith(".fits") else ("",):
        expression, numbers = pattern(template + ending)
        found = expression.fullmatch(path)
        if found and all(found[f"later{i}"] == form % int(found[key]) for i, (key, form) in enumerate(numbers)):
            return True
    return False


def family_types(family):
    table = tables[family]
    types, ignored = {}, list(table.get("ignored_types", []))
    for name in [family] + table.get("inherits", []):
        for type_, entry in tables[name]["types"].items():
            types.setdefault(type_, entry)
    return {name: entry for name, entry in types.items() if entry and "same_as" not in entry and entry["kind"] != "ignored"
            and not (name in ignored and "calibDate" not in str(entry["template"]))}


def number_of_keys(template):
    return len(set(key for key, _, _ in SUBSTITUTION.findall(template)))


for line in open(path_file):
    if line.startswith("#"):
        continue
    family, path, expected = line.split()
    cases += 1
    found = {}
    for name, entry in family_types(family).items():
        keys = [number_of_keys(template) for template in templates(entry) if matches(template, path)]
        if keys:
            found[name] = min(keys)
    best = sorted(name for name in found if found[name] == min(found.values()))
    check((",".join(best) or "-") == expected, f"{family} {path}: expected {expected}, found {best}")

for text in failures:
    print("FAIL", text)
print(f"gen2 tables: {max(cases - len(failures), 0)} passed, {len(failures)} failed")
sys.exit(bool(failures))
PYTHON
