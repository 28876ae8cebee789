"""Reads the lines of the program `peers` and prints a table for cold and for cached tokens."""

import json
import sys
from collections import defaultdict
from statistics import median

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]

times = defaultdict(dict)
for line in map(json.loads, sys.stdin):
    # Ours is measured in both programs: a ratio is taken within one program and one round.
    at = line["backend"], line["round"]
    times[line["mode"], line["who"], line["algorithm"]][at] = line["ns"]


def cell(mode, who, algorithm):
    """The median time, and the median ratio to each of our backends."""
    mine = times.get((mode, who, algorithm))
    if not mine:
        return "–"
    ratios = []
    for backend in ["josekit", "aws-lc-rs"]:
        ours = times[mode, f"ours, {backend}", algorithm]
        ratios.append(f"{median(ns / ours[at] for at, ns in mine.items() if at in ours):.2f}")
    return f"{median(mine.values()) / 1e3:.2f} ({' / '.join(ratios)})"


for mode in ["cold", "warm"]:
    print(f"{mode}: µs per validation (÷ ours with josekit / ÷ ours with aws-lc-rs)\n")
    print("| who |", " | ".join(ALGORITHMS), "|")
    print("|---" * (len(ALGORITHMS) + 1) + "|")
    for who in sorted({who for of, who, _ in times if of == mode}):
        print(f"| {who} |", " | ".join(cell(mode, who, algorithm) for algorithm in ALGORITHMS), "|")
    print()
