"""The raw output, and what is computed of it: medians over rounds, ratios within them."""

import json
from collections import defaultdict
from itertools import chain
from statistics import median
from types import SimpleNamespace

from compact import expand

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
BACKENDS = ["josekit", "aws-lc-rs"]
# A thread that had its processor for so much of the time was left alone.
UNDISTURBED = 0.98
# So does a server with one worker that is as busy as it can be.
SATURATED = 0.93


def micro(nanoseconds):
    """Microseconds, with as many digits as mean something."""
    if nanoseconds is None:
        return "–"
    return f"{nanoseconds / 1000:.1f}" if nanoseconds >= 1000 else f"{nanoseconds / 1000:.3f}"


def shown(value, form):
    """A number in this form, or a dash where there is none."""
    return "–" if value is None else format(value, form)


class Figures:
    """Everything in a directory of raw output."""

    def __init__(self, directory):
        self.parts, self.machines, self.lines = [], [], defaultdict(list)
        for path in sorted(directory.glob("*.jsonl")):
            for line in chain(*map(expand, map(json.loads, path.read_text().splitlines()))):
                if line["table"] == "machine":
                    self.parts.append(path.stem)
                    self.machines.append(line)
                else:
                    self.lines[line["table"]].append(line)
        self._peers = defaultdict(list)
        self._order = []
        for line in self.lines["peers"]:
            key = (line["who"], line["mode"], line["algorithm"], line["threads"])
            if line["who"] not in self._order:
                self._order.append(line["who"])
            # One process is one round: only what happened in it is compared.
            self._peers[key].append(((line["backend"], line["round"]), line))

    # Peers.

    def whos(self, mode, threads):
        """Everybody who was measured so: the floors, ours, then the others."""
        rank = lambda who: 0 if who.startswith("floor") else 1 if who.startswith("ours") else 2
        return sorted(self._order, key=rank)

    def has(self, who, mode):
        return any((who, mode, a, 1) in self._peers for a in ALGORITHMS)

    def time(self, who, mode, algorithm):
        """Nanoseconds of the thread's own time."""
        lines = self._peers.get((who, mode, algorithm, 1))
        return lines and median(line["processor_ns"] for _, line in lines)

    def ratio(self, who, mode, base, base_mode, algorithm):
        """How many times as long, in the median of the rounds in which both took part."""
        ours = dict(self._peers.get((base, base_mode, algorithm, 1), []))
        theirs = self._peers.get((who, mode, algorithm, 1), [])
        if theirs and theirs[0][0][0] == "node":
            # Its process is another one, started between two of ours.
            return self.time(who, mode, algorithm) / self.time(base, base_mode, algorithm)
        ratios = [
            line["processor_ns"] / ours[round]["processor_ns"]
            for round, line in theirs
            if round in ours
        ]
        return median(ratios) if ratios else None

    def fastest_peer(self, mode, algorithm):
        """Whoever is fastest of the others."""
        others = [who for who in self._order if not who.startswith(("ours", "floor"))]
        timed = [(self.time(who, mode, algorithm), who) for who in others]
        return min((time, who) for time, who in timed if time)[1]

    def scaling(self, who, mode, algorithm):
        """Validations per second on two threads ÷ on one, by the wall's clock, where nobody else
        took a processor meanwhile; and in how many rounds that was."""
        alone = lambda line: line["processor_ns"] > UNDISTURBED * line["wall_ns"]
        one = dict(self._peers.get((who, mode, algorithm, 1), []))
        two = defaultdict(list)
        for round, line in self._peers.get((who, mode, algorithm, 2), []):
            two[round].append(line)
        ratios = [
            sum(one[round]["wall_ns"] / line["wall_ns"] for line in lines)
            for round, lines in two.items()
            if round in one and all(map(alone, [one[round], *lines]))
        ]
        return (median(ratios), len(ratios)) if ratios else (None, 0)

    def slowdown(self, who, mode, algorithm):
        """The thread's own time per call beside a second thread ÷ alone: what the second one costs
        the first, whoever else has the machine."""
        one = dict(self._peers.get((who, mode, algorithm, 1), []))
        ratios = [
            line["processor_ns"] / one[round]["processor_ns"]
            for round, line in self._peers.get((who, mode, algorithm, 2), [])
            if round in one
        ]
        return median(ratios) if ratios else None

    # HTTP.

    def http_cases(self):
        """Mode and number of tokens, in the order measured."""
        return list(dict.fromkeys((line["mode"], line["tokens"]) for line in self.lines["http"]))

    def http(self, mode, tokens, workers, connections):
        """One case, beside the application without authentication in the same rounds."""

        def of(mode, tokens):
            return {
                line["round"]: line
                for line in self.lines["http"]
                if (line["mode"], line["tokens"]) == (mode, tokens)
                and (line["workers"], line["connections"]) == (workers, connections)
            }

        lines, none = of(mode, tokens), of("none", 1)
        both = [(line, none[round]) for round, line in lines.items()]
        calm = both
        if (workers, connections) == (1, 32):
            # Where somebody else took a processor, the server or its load went without.
            calm = [pair for pair in both if all(line["busy"] > SATURATED for line in pair)]
        micros = lambda name: median(line[name] for line, _ in calm) / 1000 if calm else None
        return SimpleNamespace(
            calm=len(calm),
            rate=median(line["per_second"] for line, _ in calm) if calm else None,
            rate_ratio=median(a["per_second"] / b["per_second"] for a, b in calm) if calm else None,
            cpu=median(line["server_ns"] for line, _ in both) / 1000,
            more_cpu=median(line["server_ns"] - bare["server_ns"] for line, bare in both) / 1000,
            p50=micros("p50_ns"),
            p99=micros("p99_ns"),
        )

    def http_floods(self):
        """What became of good tokens beside a flood."""
        groups = defaultdict(list)
        for line in self.lines["flood over HTTP"]:
            groups[line["of"], line["workers"]].append(line)
        for (of, workers), lines in groups.items():
            share = lambda line: 2 * line["good_per_second"] / (
                line["good_per_second"] + line["bad_per_second"]
            )
            yield SimpleNamespace(
                of=of,
                workers=workers,
                good=median(line["good_per_second"] for line in lines),
                bad=median(line["bad_per_second"] for line in lines),
                share=median(share(line) for line in lines),
            )

    # The rest.

    def stages(self):
        order = {"stage": 0, "signature": 1, "whole, cold": 2}
        return sorted(self.lines["stages"], key=lambda line: (order[line["stage"]], line["ns"]))

    def instructions(self):
        return self.lines["instructions"]

    def growth(self, of):
        return [line for line in self.lines["growth"] if line["of"] == of]

    def floods(self):
        return self.lines["flood"]
