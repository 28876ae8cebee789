#!/usr/bin/env python3
"""Makes raw output small: of the lines of all rounds that measured the same thing, one line with
what was measured in columns. `expand` is the way back."""

import json
import sys

# What changes from round to round.
COLUMNS = [
    "round", "wall_ns", "processor_ns", "requests", "per_second", "server_ns", "busy",
    "p50_ns", "p99_ns", "good_per_second", "bad_per_second",
]


def compact(lines):
    """One line for each thing that was measured in rounds; other lines stay as they are."""
    rows = {}
    for line in lines:
        if "round" not in line:
            yield line
            continue
        line.pop("calls", None)
        columns = {name: shortened(line.pop(name)) for name in COLUMNS if name in line}
        row = rows.setdefault(json.dumps(line), {name: [] for name in columns})
        for name, value in columns.items():
            row[name].append(value)
    for line, columns in rows.items():
        yield {**json.loads(line), "columns": columns}


def expand(line):
    """The lines that were made one."""
    columns = line.pop("columns", None)
    if columns is None:
        return [line]
    return [{**line, **dict(zip(columns, values))} for values in zip(*columns.values())]


def shortened(value):
    """A number with as many digits as mean something."""
    if isinstance(value, str):
        return int(value)
    value = float(f"{value:.4g}")
    return int(value) if value >= 1000 else value


if __name__ == "__main__":
    for line in compact(map(json.loads, sys.stdin)):
        print(json.dumps(line, separators=(",", ":")))
