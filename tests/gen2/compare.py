#!/usr/bin/env python3
"""Say where the lines of dbb-gen2-scan differ from expected ones. Nothing is printed when they agree.

Usage: compare.py EXPECTED SCANNED [--rc STATUS]
EXPECTED: lines of make_gen2.py or model.py. SCANNED: what dbb-gen2-scan printed; STATUS: what it ended with.
A key that an expected line lacks may have any value, but for those that say that something will be done.
"""

from __future__ import annotations

import argparse
import json
import sys

ORDER = ["type", "uri", "size", "mtime", "link", "gen2", "instrument", "data_id", "dataset_type", "dimensions", "storage_class",
         "is_calibration", "run", "calibration", "validity", "formatter", "patch_xy", "implied", "action", "reason", "notes", "rule"]
ORDER_GEN2 = ["root", "repo", "path", "mapper", "dataset_type", "id", "source", "hdu", "registry", "exposure", "calib", "nearest"]
# Of lines that are converted these may not be there unbidden.
TELLING = ["link", "is_calibration", "calibration", "validity", "patch_xy", "rule"]


def read(path: str) -> list[dict]:
    with open(path) as lines:
        return [json.loads(line) for line in lines]


def flat(line: dict) -> dict:
    """A scanned line in the form of expected ones."""
    gen2 = line["gen2"]
    result = {k: v for k, v in line.items() if k not in ("type", "uri", "mtime", "gen2", "instrument", "notes")}
    if "dimensions" in result:
        result["dimensions"] = sorted(result["dimensions"])
    result |= {k: gen2[k] for k in ("path", "repo", "id", "source") if k in gen2}
    if gen2.get("registry"):
        result["registry"] = gen2["registry"]
    if "calib" in gen2:
        result["adjust"] = sorted(gen2["calib"].get("adjust", []))
    return result


def differences(expected: dict, got: dict):
    for key, want in expected.items():
        have = got.get(key, [] if key == "adjust" else None)
        if key in ("id", "registry") and isinstance(have, dict):
            have = {k: have.get(k) for k in want}
        if have != want:
            yield f"{key} is {json.dumps(have)} instead of {json.dumps(want)}"
    if expected["action"] == "convert":
        for key in TELLING:
            if key in got and key not in expected:
                yield f"{key} is {json.dumps(got[key])}, and should not be there"


def check_form(line: dict):
    """What holds of every line, whatever the file."""
    for keys, order, name in ((list(line), ORDER, "line"), (list(line["gen2"]), ORDER_GEN2, "gen2")):
        if keys != [k for k in order if k in keys]:
            yield f"keys of {name} are {', '.join(keys)}"
    if line["uri"] != line["gen2"]["root"].rstrip("/") + "/" + line["gen2"]["path"] and not line["gen2"]["path"].startswith("/"):
        yield f"uri is {line['uri']}"
    if ("size" in line) != ("mtime" in line):
        yield "size without mtime, or mtime without size"
    if line["action"] == "convert":
        missing = [k for k in ("instrument", "data_id", "dataset_type", "dimensions", "storage_class", "run") if k not in line]
        if missing:
            yield f"it is to be converted without {', '.join(missing)}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("expected")
    parser.add_argument("scanned")
    parser.add_argument("--rc", type=int)
    args = parser.parse_args()
    expected, scanned = read(args.expected), read(args.scanned)
    problems: list[str] = []

    want = {line["path"]: line for line in expected if "path" in line}
    seen: set[str] = set()
    for line in (line for line in scanned if line["type"] == "gen2"):
        path = line["gen2"]["path"]
        if path in seen:
            problems.append(f"{path}: told twice")
        seen.add(path)
        if path not in want:
            problems.append(f"{path}: told ({line['action']}, {line['reason']}), but it is none")
            continue
        for problem in (*check_form(line), *differences(want[path], flat(line))):
            problems.append(f"{path}: {problem}")
    problems += [f"{path}: not told; {want[path]['action']}, {want[path]['reason']}" for path in want if path not in seen]

    collections = {line["collection"]: line for line in expected if "collection" in line}
    told: list[str] = []
    for line in (line for line in scanned if line["type"] == "collection"):
        name = line["name"]
        if name not in collections:
            problems.append(f"collection {name} is told, but there is none")
        elif (line["collection_type"], line.get("children")) != (collections[name]["type"], collections[name].get("children")):
            problems.append(f"collection {name} is {line['collection_type']} of {line.get('children')} instead of "
                            f"{collections[name]['type']} of {collections[name].get('children')}")
        problems += [f"collection {name} comes before its child {child}" for child in line.get("children", []) if child not in told]
        told.append(name)
    problems += [f"collection {name} is not told" for name in collections if name not in told]

    kinds = [line["type"] for line in scanned]
    if kinds != sorted(kinds, key=["gen2", "collection", "end"].index) or kinds[-1:] != ["end"]:
        problems.append("the order of lines is not: files, collections, end")
    if args.rc is not None:
        actions = {line["action"] for line in want.values()}
        status = 1 if "error" in actions else 3 if "review" in actions else 0
        if args.rc != status:
            problems.append(f"ended with {args.rc} instead of {status}")
    print("\n".join(problems[:40]), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
