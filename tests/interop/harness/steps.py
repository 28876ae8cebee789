"""The guide's nine steps ("What Happens"), each proved by what was seen on the wire.

Every step looks only at what came after the step before it: one that is missing or out of order fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from . import rpc, tokens
from .browser import visible_text
from .wire import Exchange

TITLES = [
    "the client asks for access",
    "401 points to the metadata",
    "the client finds the authorization server",
    "the browser opens there",
    "the person signs in",
    "the person approves",
    "a JWT is issued to the client",
    "the JWT goes with every MCP request",
    "the server answers as that person",
    # What a call adds that the token's scope is not enough for: `stepup.py`.
    "the token is not enough for a tool",
    "the browser opens for more",
    "the person approves that as well",
    "a JWT for more is issued",
    "the same call is answered",
]


@dataclass(frozen=True)
class Person:
    """Somebody whom the authorization server knows."""

    name: str
    subject: str


@dataclass(frozen=True)
class Expected:
    """What a walk was set out to do."""

    resource: str
    issuer: str
    client_name: str
    person: Person
    era: str


@dataclass
class Step:
    """A step that was seen: its evidence, and the exchanges that it rests on."""

    number: int
    evidence: str
    exchanges: list[Exchange]

    def __str__(self) -> str:
        return f"{self.number}. {TITLES[self.number - 1]}: {self.evidence}"


class StepFailed(Exception):
    """A step was skipped, out of order, or not what it has to be."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"step {number}, {TITLES[number - 1]}: {reason}")
        self.number = number


@dataclass
class Trail:
    """The walk along the record: where we are, and what was learned on the way."""

    seen: list[Exchange]
    expected: Expected
    at: int = 0
    step: int = 1
    known: dict[str, Any] = field(default_factory=dict)

    def next(self, what: str, fits: Callable[[Exchange], bool]) -> Exchange:
        """The first exchange from here on that fits, finished; the trail goes on behind it."""
        for index in range(self.at, len(self.seen)):
            if fits(self.seen[index]):
                self.at = index + 1
                return self.seen[index]
        raise StepFailed(self.step, f"not seen: {what}")

    def holds(self, condition: bool, otherwise: str) -> None:
        """Fails the step where the condition does not hold."""
        if not condition:
            raise StepFailed(self.step, otherwise)


def walk(seen: list[Exchange], expected: Expected, steps: int = 9) -> tuple[list[Step], Trail]:
    """Walks the record step by step, all nine or the first few; `StepFailed` at the first that does not hold."""
    trail = Trail(seen, expected)
    return take(trail, STEPS[:steps], first=1), trail


def take(trail: Trail, steps: list[Callable[[Trail], Step]], first: int) -> list[Step]:
    """Takes these steps, numbered from `first`; `StepFailed` at the first that does not hold."""
    taken = []
    for number, step in enumerate(steps, start=first):
        trail.step = number
        try:
            taken.append(step(trail))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StepFailed(number, f"{type(error).__name__}: {error}") from error
    return taken


def asks_for_access(trail: Trail) -> Step:
    first = trail.next("any request", lambda _: True)
    trail.holds(first.who == "client" and first.endpoint == trail.expected.resource, f"begins with {first}")
    trail.holds(first.header("authorization") is None, "the first request already carries credentials")
    return Step(1, f"{first.method} {_path(first)} {_rpc(first)}, no Authorization", [first])


def is_refused(trail: Trail) -> Step:
    first = trail.seen[trail.at - 1]
    trail.holds(first.status == 401, f"the status is {first.status}")
    header = first.response_header("www-authenticate") or ""
    challenge = tokens.bearer_challenge(header)
    trail.holds("resource_metadata" in challenge, f"no resource_metadata in {header}")
    trail.holds("error" not in challenge, f"an error where no token was sent (RFC 6750 §3.1): {header}")
    trail.known["prm"] = challenge["resource_metadata"]
    return Step(2, f"401 {header}", [first])


def finds_the_authority(trail: Trail) -> Step:
    prm = trail.next(f"GET {trail.known['prm']}", _client_got(trail.known["prm"]))
    trail.holds(prm.json["resource"] == trail.expected.resource, f"resource is {prm.json['resource']}")
    servers = prm.json["authorization_servers"]
    trail.holds(servers[0] == trail.expected.issuer, f"authorization_servers is {servers}")
    url = f"{servers[0]}/.well-known/oauth-authorization-server"
    metadata = trail.next(f"GET {url}", _client_got(url))
    trail.holds(metadata.json["issuer"] == servers[0], f"issuer is {metadata.json['issuer']}")
    trail.known["metadata"] = metadata.json
    registration = trail.next(
        f"POST {metadata.json['registration_endpoint']}",
        lambda e: e.who == "client" and e.method == "POST" and e.url == metadata.json["registration_endpoint"],
    )
    trail.holds(registration.status == 201, f"registration answered {registration.status}: {registration.text}")
    trail.known["client_id"] = registration.json["client_id"]
    evidence = f"resource {prm.json['resource']}, issuer {servers[0]}, registered (DCR)"
    return Step(3, evidence, [prm, metadata, registration])


def browser_opens(trail: Trail) -> Step:
    endpoint = trail.known["metadata"]["authorization_endpoint"]
    opened = trail.next(f"the browser at {endpoint}", lambda e: e.who == "browser" and e.endpoint == endpoint)
    asked = opened.query
    trail.holds(asked.get("response_type") == "code", f"response_type is {asked.get('response_type')}")
    trail.holds(asked.get("client_id") == trail.known["client_id"], "another client than was registered")
    trail.holds(asked.get("code_challenge_method") == "S256", "no PKCE with S256")
    trail.holds(len(asked.get("code_challenge", "")) == 43, "no code_challenge")
    trail.holds(asked.get("resource") == trail.expected.resource, f"resource is {asked.get('resource')}")
    trail.holds(bool(asked.get("state")), "no state")
    trail.holds(urlsplit(asked["redirect_uri"]).hostname == "127.0.0.1", "redirect_uri is not loopback")
    trail.known["asked"] = asked
    return Step(4, f"{_path(opened)} with code_challenge S256, resource, state", [opened])


def person_signs_in(trail: Trail) -> Step:
    person = trail.expected.person
    # The page that opened may be the sign-in page itself, hence one step back.
    trail.at -= 1
    page = trail.next(f"a sign-in page that offers {person.name}", lambda e: _shows(e, person.name))
    chosen = trail.next(
        f"a form that chooses {person.name}",
        lambda e: e.who == "browser" and e.method == "POST" and person.subject in e.form.values(),
    )
    trail.holds(chosen.status is not None and chosen.status < 400, f"signing in answered {chosen.status}")
    return Step(5, f"{person.name} chosen at {_path(page)}", [page, chosen])


def person_approves(trail: Trail) -> Step:
    asked = trail.known["asked"]
    page = consent_page(trail)
    back = trail.next(
        f"the browser back at {asked['redirect_uri']}",
        lambda e: e.who == "browser" and e.endpoint == asked["redirect_uri"],
    )
    returned = back.query
    trail.holds("error" not in returned, f"the authorization server said {returned.get('error')}")
    trail.holds(bool(returned.get("code")), "no code came back")
    trail.holds(returned.get("state") == asked["state"], "the state that came back is another")
    if trail.known["metadata"].get("authorization_response_iss_parameter_supported"):
        trail.holds(returned.get("iss") == trail.expected.issuer, f"iss is {returned.get('iss')} (RFC 9207)")
    trail.known["code"] = returned["code"]
    trail.known["back"] = back
    iss = "code, state, iss" if "iss" in returned else "code, state"
    return Step(6, f"the page named {trail.expected.client_name!r} and the resource; back with {iss}", [page, back])


def consent_page(trail: Trail) -> Exchange:
    """The page that says who asks for what, and the form that decides; the trail goes on behind it."""
    words = [trail.expected.client_name, trail.expected.resource, *trail.known.get("more", [])]
    # Choosing a person may answer with the page at once, hence one step back.
    trail.at -= 1
    page = trail.next(f"a consent page that names {', '.join(words)}", lambda e: _shows(e, *words))
    trail.next("a decision on the consent page", lambda e: e.who == "browser" and e.method == "POST")
    return page


def jwt_is_issued(trail: Trail) -> Step:
    expected, asked = trail.expected, trail.known["asked"]
    endpoint = trail.known["metadata"]["token_endpoint"]
    exchange = trail.next(
        f"POST {endpoint} with the code",
        lambda e: _is_grant(e, endpoint, "authorization_code") and e.form.get("code") == trail.known["code"],
    )
    form = exchange.form
    trail.holds(tokens.s256(form.get("code_verifier", "")) == asked["code_challenge"], "the PKCE verifier is another")
    trail.holds(form.get("redirect_uri") == asked["redirect_uri"], "the redirect_uri is another")
    trail.holds(form.get("resource") == expected.resource, f"resource is {form.get('resource')} (RFC 8707)")
    trail.holds(exchange.status == 200, f"the token endpoint answered {exchange.status}: {exchange.text}")
    payload = check_token(trail, exchange.json["access_token"])
    trail.known["token"] = exchange.json["access_token"]
    return Step(7, f"aud {payload['aud']}, sub {payload['sub']}, {payload['exp'] - payload['iat']} s", [exchange])


def check_token(trail: Trail, token: str) -> dict[str, Any]:
    """The claims of a token that has to be for this resource and this person."""
    payload = tokens.claims(token)
    expected = trail.expected
    trail.holds(payload.get("iss") == expected.issuer, f"iss is {payload.get('iss')}")
    trail.holds(tokens.audiences(payload) == [expected.resource], f"aud is {payload.get('aud')}")
    trail.holds(payload.get("sub") == expected.person.subject, f"sub is {payload.get('sub')}")
    return payload


def jwt_goes_with_every_request(trail: Trail) -> Step:
    later = [e for e in trail.seen[trail.at :] if e.endpoint == trail.expected.resource]
    trail.holds(bool(later), "no MCP request after the token was issued")
    current = trail.known["token"]
    issued = [current]
    for exchange in trail.seen[trail.at :]:
        if _is_grant(exchange, trail.known["metadata"]["token_endpoint"], "refresh_token") and exchange.status == 200:
            current = exchange.json["access_token"]
            issued.append(current)
        elif exchange.endpoint == trail.expected.resource:
            carries(trail, exchange, issued)
    token_stays_home(trail, issued)
    era = _era(trail, later)
    return Step(8, f"{len(later)} requests, each with Authorization: Bearer; {era}", later)


def answers_as_the_person(trail: Trail) -> Step:
    whoami = trail.next("a call of whoami", lambda e: (rpc.tool_call(e) or ("",))[0] == "whoami")
    says(trail, whoami, "whoami", trail.expected.person.subject)
    return Step(9, f"whoami contains {trail.expected.person.subject}", [whoami])


STEPS: list[Callable[[Trail], Step]] = [
    asks_for_access,
    is_refused,
    finds_the_authority,
    browser_opens,
    person_signs_in,
    person_approves,
    jwt_is_issued,
    jwt_goes_with_every_request,
    answers_as_the_person,
]


def says(trail: Trail, called: Exchange, tool: str, text: str) -> None:
    """A tool was called, and its answer has this text."""
    trail.holds(called.status == 200, f"{tool} answered {called.status}")
    answer = rpc.text(called)
    trail.holds(text in answer, f"{tool} said {answer!r}")


def carries(trail: Trail, exchange: Exchange, issued: list[str]) -> None:
    """An MCP request that carries one of these tokens, and is answered as that deserves."""
    header = exchange.header("authorization") or ""
    token = header.removeprefix("Bearer ")
    trail.holds(header.startswith("Bearer "), f"no bearer token in {exchange}")
    trail.holds(token in issued, f"a token that was never issued in {exchange}")
    answered = exchange.status in (200, 202, 204)
    # A server without a stream of its own answers GET, and one without sessions DELETE, with 405.
    no_stream = exchange.method in ("GET", "DELETE") and exchange.status == 405
    expired = exchange.status == 401 and tokens.claims(token)["exp"] <= (exchange.finished or 0)
    trail.holds(answered or no_stream or expired, f"unexpected: {exchange}")


def token_stays_home(trail: Trail, issued: list[str]) -> None:
    """None of these tokens was sent to anywhere but the resource."""
    for exchange in trail.seen:
        sent = exchange.url + exchange.body.decode(errors="replace")
        if exchange.endpoint != trail.expected.resource:
            sent += "".join(value for _, value in exchange.headers)
        leaked = [token for token in issued if token in sent]
        trail.holds(not leaked, f"the access token was sent where it does not belong: {exchange}")


def _era(trail: Trail, later: list[Exchange]) -> str:
    expected = trail.expected.era
    methods = [rpc.method(e) for e in later]
    if expected == "2026-07-28":
        trail.holds("server/discover" in methods, "no server/discover")
        trail.holds("initialize" not in methods, "initialize was sent: the older era")
        for exchange in later:
            version = exchange.header("mcp-protocol-version")
            trail.holds(version == expected, f"MCP-Protocol-Version is {version} in {exchange}")
        return f"server/discover, {expected}"
    trail.holds("server/discover" not in methods, "server/discover was sent: the newer era")
    opening = next((e for e in later if rpc.method(e) == "initialize"), None)
    if opening is None:
        raise StepFailed(trail.step, "no initialize")
    agreed = rpc.result(opening).get("protocolVersion")
    trail.holds(agreed == expected, f"initialize agreed on {agreed}")
    return f"initialize, {expected}"


def _client_got(url: str) -> Callable[[Exchange], bool]:
    return lambda e: e.who == "client" and e.method == "GET" and e.url == url and e.status == 200


def _is_grant(exchange: Exchange, endpoint: str, grant: str) -> bool:
    is_post = exchange.who == "client" and exchange.method == "POST" and exchange.url == endpoint
    return is_post and exchange.form.get("grant_type") == grant


def _shows(exchange: Exchange, *words: str) -> bool:
    if exchange.who != "browser" or not (exchange.response_header("content-type") or "").startswith("text/html"):
        return False
    text = visible_text(exchange.text)
    return exchange.status == 200 and all(word in text for word in words)


def _path(exchange: Exchange) -> str:
    return urlsplit(exchange.url).path


def _rpc(exchange: Exchange) -> str:
    return f"({rpc.method(exchange)})" if rpc.method(exchange) else ""
