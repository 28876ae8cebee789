"""What was asked of the library's speed, beside what was measured."""

from figures import ALGORITHMS, BACKENDS, micro, shown

FLOORS = {"josekit": "floor, OpenSSL", "aws-lc-rs": "floor, AWS-LC"}


def verdicts(figures):
    """The table of asked, measured, met."""
    rows = [
        *http(figures),
        *warm(figures),
        *cold(figures),
        *threads(figures),
        *cache(figures),
        *flood(figures),
    ]
    words = {True: "yes", False: "**no**", None: "not measured"}
    met = sum(row[2] is True for row in rows)
    lines = [f"| {asked} | {measured} | {words[yes]} |" for asked, measured, yes in rows]
    return "\n".join(
        [
            "## Asked, measured, met",
            "",
            f"{met} of {len(rows)} are met.",
            "",
            "| asked | measured | met |",
            "|---|---|---|",
            *lines,
        ]
    )


def http(figures):
    case = figures.http("ours", 1, 1, 32)
    control = figures.http("none", 10_000, 1, 32)
    yield (
        "warm over HTTP: at least 0.97 of the requests/s without authentication (one worker)",
        f"{shown(case.rate_ratio, '.3f')} in {case.calm} undisturbed rounds (none against itself: "
        f"{shown(control.rate_ratio, '.3f')})",
        case.rate_ratio >= 0.97 if case.calm else None,
    )
    yield (
        "warm over HTTP: at most 0.2 µs of server CPU more per request (one worker)",
        f"{case.more_cpu:+.2f} µs (none against itself: {control.more_cpu:+.2f})",
        case.more_cpu <= 0.2,
    )


def warm(figures):
    for name, who in [("memo", "ours, aws-lc-rs, memo"), ("no memo", "ours, aws-lc-rs")]:
        for algorithm in ALGORITHMS:
            peer = figures.fastest_peer("warm", algorithm)
            ratio = figures.ratio(peer, "warm", who, "warm", algorithm)
            yield (
                f"warm in process, {algorithm}, {name}: 20 × faster than the fastest peer",
                f"{ratio:.0f} × ({peer})",
                ratio >= 20,
            )


def cold_ratios(figures, backend, other, algorithm):
    """Ours with the cache and without it, as multiples of the other."""
    ours = (f"ours, {backend}", f"ours, {backend}, no cache")
    return [figures.ratio(who, "cold", other, "cold", algorithm) for who in ours]


def cold(figures):
    for backend in BACKENDS:
        for algorithm in ALGORITHMS:
            ratio, bare = cold_ratios(figures, backend, FLOORS[backend], algorithm)
            yield (
                f"cold, {algorithm}, {backend}: at most 1.15 × the raw verification",
                f"{ratio:.3f} ({bare:.3f} without the cache)",
                ratio <= 1.15,
            )
    for backend, algorithms in [("josekit", ["RS256", "PS256"]), ("aws-lc-rs", ALGORITHMS)]:
        for algorithm in algorithms:
            peer = figures.fastest_peer("cold", algorithm)
            ratio, bare = cold_ratios(figures, backend, peer, algorithm)
            yield (
                f"cold, {algorithm}, {backend}: not slower than the fastest peer",
                f"{ratio:.3f} of {peer} ({bare:.3f} without the cache)",
                ratio <= 1.0,
            )


def threads(figures):
    ways = [("ours, {}", "cold"), ("ours, {}", "warm"), ("ours, {}, memo", "warm")]
    for who, mode in ways:
        for backend in BACKENDS:
            name = who.format(backend)
            scaling, rounds = figures.scaling(name, mode, "RS256")
            slowdown = figures.slowdown(name, mode, "RS256")
            floor, _ = figures.scaling(FLOORS[backend], "cold", "RS256")
            yield (
                f"two threads, {name}, {mode}, RS256: at least 1.9 × one",
                f"{shown(scaling, '.2f')} in {rounds} undisturbed rounds (the floor: "
                f"{shown(floor, '.2f')}); a call costs its thread {slowdown:.3f} × what it costs alone",
                scaling >= 1.9 if scaling else None,
            )


def cache(figures):
    points = {point["n"]: point for point in figures.growth("cached tokens")}
    million, thousand = points[1_000_000], points[1_000]
    besides = million["bytes_per_entry"] - million["claims_bytes"]
    yield (
        "a million cached tokens: at most 600 bytes each besides the claims kept",
        f"{besides:.0f} (and {million['claims_bytes']:.0f} for the caller with its claims, whose "
        f"payload has {million['payload_bytes']})",
        besides <= 600,
    )
    ratio = million["hit_ns"] / thousand["hit_ns"]
    yield (
        "a hit among a million: at most 2 × one among a thousand",
        f"{ratio:.2f} × ({micro(million['hit_ns'])} µs and {micro(thousand['hit_ns'])} µs)",
        ratio <= 2,
    )
    for line in figures.floods():
        entries = line["most_entries"] / line["capacity"]
        bytes_ = line["most_bytes_allocated"] / line["max_bytes"]
        hits = line["hits"] / line["asked"]
        yield (
            f"the bound holds within 5 % under a flood ({line['of']})",
            f"at most {entries:.3f} of the entries and {bytes_:.3f} of the bytes; tokens in use were "
            f"found {hits:.2%} of the time",
            entries <= 1.05 and bytes_ <= 1.05,
        )


def flood(figures):
    for line in figures.http_floods():
        if line.of == "good":
            continue
        workers = "one worker" if line.workers == 1 else "two workers"
        yield (
            f"a flood of bad tokens ({line.of}, {workers}): good ones keep 0.9 of their fair share",
            f"{line.share:.3f}",
            line.share >= 0.9,
        )
