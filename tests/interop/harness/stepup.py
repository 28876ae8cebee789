"""A call that the token's scope is not enough for: what was seen on the wire from the refusal to the answer.

Up to the refusal the record is the walk of `steps.py`; what follows is told, checked and doubted in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from . import rpc, steps, tokens
from .doubt import Record, changed, json_member, unnoticed
from .steps import Expected, Step, StepFailed, Trail
from .wire import Exchange

TOOL = "add_bookmark"
SCOPE = "bookmarks:write"
FIRST = 10


def walk(seen: Record, expected: Expected) -> list[Step]:
    """The nine steps, and the five of the step-up; `StepFailed` at the first that does not hold."""
    refused = next((n for n, exchange in enumerate(seen) if exchange.status == 403), None)
    taken, trail = steps.walk(seen[:refused], expected)
    if refused is None:
        raise StepFailed(FIRST, "not seen: 403")
    trail = Trail(seen, expected, at=refused, known=trail.known)
    return taken + steps.take(trail, STEPS, FIRST)


def is_not_enough(trail: Trail) -> Step:
    refused = trail.next("a call that is refused", lambda e: e.status == 403)
    called = rpc.tool_call(refused)
    trail.holds(called is not None and called[0] == TOOL, f"403 for {refused}")
    token = trail.known["token"]
    trail.holds(refused.header("authorization") == f"Bearer {token}", "the call carries another token")
    trail.holds(SCOPE not in _scopes(token), f"the token has {SCOPE} already")
    header = refused.response_header("www-authenticate") or ""
    challenge = tokens.bearer_challenge(header)
    trail.holds(challenge.get("error") == "insufficient_scope", f"no insufficient_scope in {header}")
    trail.holds(SCOPE in challenge.get("scope", "").split(), f"{SCOPE} is not named in {header}")
    trail.holds(challenge.get("resource_metadata") == trail.known["prm"], f"other metadata in {header}")
    trail.known |= {"refused": refused, "too little": token, "first asked": trail.known["asked"]}
    return Step(10, f"{TOOL}: 403 {header}", [refused])


def browser_opens_for_more(trail: Trail) -> Step:
    opened = steps.browser_opens(trail).exchanges[0]
    asked, before = trail.known["asked"], trail.known["first asked"]
    trail.holds(SCOPE in asked.get("scope", "").split(), f"asked for {asked.get('scope')}")
    trail.holds(SCOPE not in before.get("scope", "").split(), f"{SCOPE} was asked for in the first place")
    for once in ("state", "code_challenge"):
        trail.holds(asked[once] != before[once], f"{once} was used before")
    trail.known["more"] = [SCOPE]
    return Step(11, f"scope {asked['scope']}, before it {before.get('scope')}", [opened])


def person_approves_more(trail: Trail) -> Step:
    # Whom the authorization server still knows it need not ask who they are.
    if any(e.who == "browser" and trail.expected.person.subject in e.form.values() for e in trail.seen[trail.at :]):
        steps.person_signs_in(trail)
    approved = steps.person_approves(trail)
    return Step(12, f"the page named {SCOPE}; back with a code", approved.exchanges)


def jwt_for_more(trail: Trail) -> Step:
    exchange = steps.jwt_is_issued(trail).exchanges[0]
    scopes = _scopes(trail.known["token"])
    trail.holds(SCOPE in scopes, f"the token's scope is {scopes}")
    return Step(13, f"scope {' '.join(scopes)}, before it {' '.join(_scopes(trail.known['too little']))}", [exchange])


def same_call_is_answered(trail: Trail) -> Step:
    refused = trail.known["refused"]
    done_before = [e for e in trail.seen[: trail.at] if rpc.tool_call(e) == rpc.tool_call(refused) and e.status == 200]
    trail.holds(not done_before, "the call was answered before it was allowed")
    current = [trail.known["token"]]
    for exchange in trail.seen[trail.at :]:
        if exchange.endpoint == trail.expected.resource:
            steps.carries(trail, exchange, current)
    steps.token_stays_home(trail, [trail.known["too little"], *current])
    again = trail.next("the same call again", lambda e: rpc.tool_call(e) == rpc.tool_call(refused))
    url = (rpc.tool_call(refused) or ("", {}))[1]["url"]
    steps.says(trail, again, TOOL, url)
    return Step(14, f"{TOOL}: 200 with the new token", [again])


STEPS: list[Callable[[Trail], Step]] = [
    is_not_enough,
    browser_opens_for_more,
    person_approves_more,
    jwt_for_more,
    same_call_is_answered,
]


def doubts(seen: Record, expected: Expected) -> list[str]:
    """The forgeries that the checker let pass; empty where it is to be trusted."""
    taken = walk(seen, expected)
    return unnoticed(_forgeries(seen, taken[FIRST - 1 :], taken[6]), lambda forged: walk(forged, expected))


def _forgeries(seen: Record, taken: list[Step], first_token: Step) -> Iterator[tuple[str, int, Record]]:
    """Records that must not pass, each with the step that has to notice at the latest."""
    for step in taken:
        exchange = step.exchanges[-1]
        rest = [other for other in seen if other is not exchange]
        yield f"step {step.number} taken out", step.number, rest
        if step.number < 14:
            # The trail then ends there, and the next step is what is missing.
            yield f"step {step.number} put last", step.number + 1, [*rest, exchange]
    refused, opened, _, issued, again = (step.exchanges[0] for step in taken)
    little = first_token.exchanges[0].json["access_token"]
    yield "the refusal is no 403", 10, changed(seen, refused, lambda e: setattr(e, "status", 401))
    for said, other in ((SCOPE, "bookmarks:read"), ("insufficient_scope", "invalid_token")):
        yield f"the challenge without {said}", 10, changed(seen, refused, _challenge(said, other))
    yield "no more asked for", 11, changed(seen, opened, lambda e: setattr(e, "url", _without_scope(e.url)))
    yield "no new token", 13, changed(seen, issued, json_member("access_token", little))
    yield "called again with the old token", 14, changed(seen, again, _authorized_by(little))
    yield "refused again", 14, changed(seen, again, lambda e: setattr(e, "status", 403))
    other = again.body.replace(b"https://", b"http://")
    yield "another call", 14, changed(seen, again, lambda e: setattr(e, "body", other))


def _challenge(said: str, other: str) -> Callable[[Exchange], None]:
    def change(exchange: Exchange) -> None:
        exchange.response_headers = [(name, value.replace(said, other)) for name, value in exchange.response_headers]

    return change


def _authorized_by(token: str) -> Callable[[Exchange], None]:
    def change(exchange: Exchange) -> None:
        others = [(name, value) for name, value in exchange.headers if name.lower() != "authorization"]
        exchange.headers = [*others, ("Authorization", f"Bearer {token}")]

    return change


def _without_scope(url: str) -> str:
    return url.replace("bookmarks%3Awrite", "").replace(SCOPE, "")


def _scopes(token: str) -> list[str]:
    scope: str = tokens.claims(token).get("scope", "")
    return scope.split()
