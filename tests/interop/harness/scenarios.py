"""What is tried with every client: the walk of two people, a refusal, a token that expires, one that is not enough."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path

from . import rpc, steps, stepup, tokens
from .clients import Client
from .doubt import doubts
from .servers import Servers, World, status_with
from .session import Session
from .steps import StepFailed, Trail
from .wire import Exchange

SHORT_TOKEN_SECONDS = 8
# Clients count `expires_in` from when they received the token, which is up to a second and the way of the response
# later than the whole second in `exp`. The Python client asks the person again where it is refused in between.
LATE_SECONDS = 3


class ScenarioFailed(Exception):
    """The walk was right, and what it was for was not."""


def two_people(client: Client, era: str, servers: Servers, folder: Path) -> list[str]:
    """Ada keeps a bookmark and finds it; Grace does the same walk and does not see it."""
    url = f"https://example.com/{uuid.uuid4()}"
    with Session(client, era, servers, servers.ada, folder) as ada:
        ada.sign_in()
        ada.call("whoami")
        ada.call("add_bookmark", url=url, title="Interop", tags=["interop"])
        ada.call("list_bookmarks")
        ada.finish()
        transcript = _transcript(ada)
        asked = ada.preflights()
        transcript += [f"  {len(asked)} preflights before the page's calls, each answered"] if asked else []
        _holds(_listed(ada.seen, url), "list_bookmarks does not show what add_bookmark has kept")
        unnoticed = doubts(ada.seen, ada.expected)
        _holds(not unnoticed, f"the checker is not to be trusted: {unnoticed}")
    with Session(client, era, servers, servers.grace, folder) as grace:
        grace.sign_in()
        grace.call("whoami")
        grace.call("list_bookmarks")
        grace.finish()
        transcript += ["  -- another person --", *_transcript(grace)]
        _holds(not any(url in exchange.text for exchange in grace.seen), "Grace was shown Ada's bookmark")
    return [*transcript, f"  Ada's list shows {url}, Grace's does not"]


def denied(client: Client, era: str, servers: Servers, folder: Path) -> list[str]:
    """The person says no: the client learns it, asks for no token, and ends with a reason."""
    with Session(client, era, servers, servers.ada, folder) as session:
        session.deny()
        reason = session.failure()
        taken, trail = steps.walk(session.seen, session.expected, steps=5)
        trail.step = 6
        steps.consent_page(trail)
        refused = _access_denied(trail)
        with_token = [e for e in session.seen if e.endpoint == servers.resource and e.header("authorization")]
        trail.holds(not with_token, "the client used a token that nobody approved")
        endpoint = trail.known["metadata"]["token_endpoint"]
        trail.holds(not any(e.url == endpoint for e in session.seen), "the client asked for a token nevertheless")
    lines = [f"  {step}" for step in taken]
    return [*lines, f"  6. the person denies: {refused.query['error']}; no token asked for; client: {reason}"]


def renewed(client: Client, era: str, servers: Servers, folder: Path) -> list[str]:
    """The token expires between two calls: a refresh token brings another, and nobody is asked again."""
    with Session(client, era, servers, servers.ada, folder) as session:
        session.sign_in()
        session.call("whoami")
        current = _issued(session.seen)[-1]
        time.sleep(max(0.0, tokens.claims(current)["exp"] - time.time()) + LATE_SECONDS)
        status, challenge = status_with(current, servers.resource)
        _holds(status == 401 and 'error="invalid_token"' in challenge, f"expired token: {status} {challenge}")
        calls_before = len(session.seen)
        session.call("whoami")
        session.finish()
        transcript = _transcript(session)
        after = session.seen[calls_before:]
        issued = _issued(after)
        _holds(bool(issued), "no refresh after the token had expired")
        _holds(not any(e.who == "browser" for e in after), "the person was asked again")
        _, trail = steps.walk(session.seen, session.expected)
        steps.check_token(trail, issued[-1])
        again = [e for e in after if (rpc.tool_call(e) or ("",))[0] == "whoami" and e.status == 200]
        _holds(bool(again) and again[-1].header("authorization") == f"Bearer {issued[-1]}", "the old token was used")
        refused = any(e.status == 401 for e in after)
    how = "after a 401" if refused else "before using it"
    return [*transcript, f"  expired token: 401 invalid_token; renewed by the client {how}; whoami answered again"]


def stepped_up(client: Client, era: str, servers: Servers, folder: Path) -> list[str]:
    """The token is not enough for a tool: the client asks for the scope that it was told of, and calls again."""
    url = f"https://example.com/{uuid.uuid4()}"
    with Session(client, era, servers, servers.ada, folder) as session:
        session.sign_in()
        session.call("whoami")
        answer = session.call_and_approve("add_bookmark", url=url, title="Interop")
        _holds(url in answer, f"add_bookmark answered {answer}")
        session.call("list_bookmarks")
        session.finish()
        taken = stepup.walk(session.seen, session.expected)
        _holds(_listed(session.seen, url), "list_bookmarks does not show what add_bookmark has kept")
        passed = stepup.doubts(session.seen, session.expected)
        _holds(not passed, f"the checker is not to be trusted: {passed}")
    return [f"  {step}" for step in taken]


Scenario = Callable[[Client, str, Servers, Path], list[str]]

SCENARIOS: dict[str, tuple[Scenario, World]] = {
    "walk": (two_people, World()),
    "deny": (denied, World()),
    "refresh": (renewed, World(token_seconds=SHORT_TOKEN_SECONDS)),
    "step-up": (stepped_up, World(by_scopes=True)),
}


def _transcript(session: Session) -> list[str]:
    return [f"  {step}" for step in steps.walk(session.seen, session.expected)[0]]


def _listed(seen: list[Exchange], url: str) -> bool:
    lists = [e for e in seen if (rpc.tool_call(e) or ("",))[0] == "list_bookmarks"]
    return bool(lists) and url in rpc.text(lists[-1])


def _access_denied(trail: Trail) -> Exchange:
    asked = trail.known["asked"]
    back = trail.next("the browser back at the client", lambda e: e.endpoint == asked["redirect_uri"])
    trail.holds(back.query.get("error") == "access_denied", f"error is {back.query.get('error')}")
    trail.holds(back.query.get("state") == asked["state"], "the state that came back is another")
    trail.holds("code" not in back.query, "a code came back all the same")
    if trail.known["metadata"].get("authorization_response_iss_parameter_supported"):
        trail.holds(back.query.get("iss") == trail.expected.issuer, "no iss with the error (RFC 9207)")
    return back


def _issued(seen: list[Exchange]) -> list[str]:
    """The access tokens that the client was given, in order."""
    granted = [e for e in seen if e.who == "client" and "grant_type" in e.form and e.status == 200]
    return [exchange.json["access_token"] for exchange in granted]


def _holds(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ScenarioFailed(otherwise)


FAILURES = (StepFailed, ScenarioFailed)
