"""Reads what llvm-cov exports, leaves out the tests that stand in the files themselves, and prints
a table: each of core's modules with its lines and regions."""

import json
import sys
from collections import defaultdict
from pathlib import Path

LEAST = 95.0
# Lower bounds of modules whose newer parts (sessions, introspection, audit, the log of revocations) are
# reached by end-to-end tests, which are not counted. To be raised, never lowered.
LOWER = {"authenticator": 84.0, "cache": 85.0, "keys": 94.0, "revocation": 90.0, "verified": 92.0}
# What verifies, holds keys, or answers with a challenge.
GUARDED = """algorithm audience authenticator base64url bearer cache challenge claims issuer_keys jwk jws
keys refresh revocation rules scope signature strict_json verified""".split()

source = Path("crates/core/src").resolve()
regions_file, lines_file, *options = sys.argv[1:]


def first_line_of_tests(path):
    if path.name == "tests.rs" or "tests" in path.relative_to(source).parts:
        return 0
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("#[cfg(test)]"):
            return number
    return sys.maxsize


def module(path):
    """The innermost guarded file or folder that holds the path; else the outermost of core."""
    names = [part.removesuffix(".rs") for part in path.relative_to(source).parts]
    return next((name for name in reversed(names) if name in GUARDED), names[0])


end = {path: first_line_of_tests(path) for path in source.rglob("*.rs")}

# A generic function is there once for each type that it is used with: a region counts as reached
# where one of them reached it.
regions = defaultdict(int)
for export in json.load(open(regions_file))["data"]:
    for function in export["functions"]:
        for line, column, to_line, to_column, count, file, _, kind in function["regions"]:
            path = Path(function["filenames"][file])
            if kind == 0 and line < end.get(path, 0):
                regions[path, line, column, to_line, to_column] += count

lines = {}
path = None
for record in open(lines_file):
    name, _, value = record.strip().partition(":")
    if name == "SF":
        path = Path(value)
    elif name == "DA":
        line, count = map(int, value.split(",")[:2])
        if line < end.get(path, 0):
            lines[path, line] = count

table = defaultdict(lambda: [0, 0, 0, 0])
for (path, *_), count in regions.items():
    table[module(path)][0] += count > 0
    table[module(path)][1] += 1
for (path, _), count in lines.items():
    table[module(path)][2] += count > 0
    table[module(path)][3] += 1

if "--missing" in options:
    for (path, line, column, *_), count in sorted(regions.items()):
        if count == 0 and module(path) in GUARDED:
            text = path.read_text().splitlines()[line - 1]
            print(f"{path.relative_to(source)}:{line}:{column}: {text.strip()}")


def percent(reached, all):
    return 100.0 * reached / all if all else 100.0


def row(name, reached_regions, all_regions, reached_lines, all_lines, mark=""):
    r, l = percent(reached_regions, all_regions), percent(reached_lines, all_lines)
    print(f"{name:16} {reached_lines:5} of {all_lines:5} {l:6.1f} %   "
          f"{reached_regions:5} of {all_regions:5} {r:6.1f} %   {mark}")
    return min(r, l)


print(f"{'module':16} {'lines':>22}   {'regions':>22}")
failed = passed = 0
sums = [0, 0, 0, 0]
for name in sorted(table):
    guarded = name in GUARDED
    if guarded:
        sums = [sum(pair) for pair in zip(sums, table[name])]
    least = LOWER.get(name, LEAST)
    if row(name, *table[name], "guarded" if guarded else "") < least and guarded:
        print(f"{name}: less than {least} %")
        failed += 1
    elif guarded:
        passed += 1
row("guarded modules", *sums)
for name in GUARDED:
    if name not in table:
        print(f"{name}: nothing was measured")
        failed += 1
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
