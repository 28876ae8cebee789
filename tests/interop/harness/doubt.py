"""Doubts the checker: a record with a step taken out, put in the wrong place or changed must fail there.

Run on the first walk that succeeded, so that a green matrix means something.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Iterator

from .steps import Expected, Step, StepFailed, walk
from .wire import Exchange

Record = list[Exchange]


def doubts(seen: Record, expected: Expected) -> list[str]:
    """The forgeries that the checker let pass; empty where it is to be trusted."""
    steps, _ = walk(seen, expected)
    return unnoticed(forgeries(seen, steps), lambda forged: walk(forged, expected))


def unnoticed(forged_records: Iterable[tuple[str, int, Record]], check: Callable[[Record], object]) -> list[str]:
    """Those that the check lets pass, or notices later than it must."""
    passed = []
    for name, step, forged in forged_records:
        try:
            check(forged)
        except StepFailed as failure:
            if failure.number > step:
                passed.append(f"{name}: noticed only at step {failure.number}")
        else:
            passed.append(f"{name}: not noticed")
    return passed


def forgeries(seen: Record, steps: list[Step]) -> Iterator[tuple[str, int, Record]]:
    """Records that must not pass, each with the step that has to notice at the latest."""
    for step in steps:
        for exchange in step.exchanges[-1:]:
            rest = [other for other in seen if other is not exchange]
            if step.number != 8:
                yield f"step {step.number} taken out", step.number, rest
            if step.number in (3, 4, 5, 6):
                # The trail then ends there, and the next step is what is missing.
                yield f"step {step.number} put last", step.number + 1, [*rest, exchange]
    refused, prm, opened = steps[1].exchanges[0], steps[2].exchanges[0], steps[3].exchanges[0]
    issued, last = steps[6].exchanges[0], steps[7].exchanges[-1]
    yield "401 names an error", 2, changed(seen, refused, _header_value("www-authenticate", ', error="invalid_token"'))
    yield "another resource", 3, changed(seen, prm, json_member("resource", "http://elsewhere/mcp"))
    yield "no PKCE", 4, changed(seen, opened, lambda e: setattr(e, "url", e.url.replace("S256", "plain")))
    yield "another code exchanged", 7, changed(seen, issued, lambda e: setattr(e, "body", b"x" + e.body))
    yield "a request without the token", 8, changed(seen, last, _without_authorization)


def changed(seen: Record, target: Exchange, change: Callable[[Exchange], None]) -> Record:
    """The record with one exchange of it changed."""
    forged = copy.deepcopy(target)
    change(forged)
    return [forged if exchange is target else exchange for exchange in seen]


def _without_authorization(exchange: Exchange) -> None:
    exchange.headers = [(name, value) for name, value in exchange.headers if name.lower() != "authorization"]


def _header_value(header: str, added: str) -> Callable[[Exchange], None]:
    def change(exchange: Exchange) -> None:
        exchange.response_headers = [
            (name, value + added if name.lower() == header else value) for name, value in exchange.response_headers
        ]

    return change


def json_member(member: str, value: str) -> Callable[[Exchange], None]:
    """Another value for a member of the answer."""
    def change(exchange: Exchange) -> None:
        forged = {**exchange.json, member: value}
        exchange.response_headers = [h for h in exchange.response_headers if h[0].lower() != "content-encoding"]
        exchange.response_body = json.dumps(forged).encode()

    return change
