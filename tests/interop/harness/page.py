"""Who says what, where client and browser are one: a page that is itself the client."""

from __future__ import annotations

from urllib.parse import urlsplit

from . import http1
from .http1 import Headers
from .wire import Exchange, Sort

CALLBACK = "/oauth/callback"
# Where it asks for its proxy first, which is not there.
PROXY_PORT = 6277


def sort(origin: str) -> Sort:
    """Tells the page's own calls (`client`) from where its person goes (`browser`), by what Chromium says of each.

    What the browser asks before a call is `preflight`; the page's own files, and whatever else a browser fetches, are
    `page`: neither is a step of the walk.
    """

    def who(method: str, url: str, headers: Headers) -> str:
        own = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" == origin
        if method == "OPTIONS" and http1.get(headers, "access-control-request-method"):
            return "preflight"
        if http1.get(headers, "sec-fetch-mode") == "navigate":
            return "page" if own and urlsplit(url).path != CALLBACK else "browser"
        own = own or urlsplit(url).port == PROXY_PORT
        called = http1.get(headers, "sec-fetch-mode") == "cors" and http1.get(headers, "origin") == origin
        return "client" if called and not own else "page"

    return who


def said(exchanges: list[Exchange]) -> list[Exchange]:
    """What client and person did. Where a page sends its browser to a place twice, the second time counts.

    Two that set out at once may arrive in either order: then the one counts whose state came back.
    """
    walk = [exchange for exchange in exchanges if exchange.who in ("client", "browser")]
    came_back = {gone.query["state"] for gone in walk if _path(gone) == CALLBACK and gone.query.get("state")}
    superseded: set[int] = set()
    since: list[Exchange] = []
    for gone in (exchange for exchange in walk if exchange.who == "browser"):
        again = [n for n, before in enumerate(since) if before.endpoint == gone.endpoint]
        if gone.method == "GET" and again:
            if since[again[0]].query.get("state") in came_back and gone.query.get("state") not in came_back:
                superseded.add(gone.number)
                continue
            superseded |= {before.number for before in since[again[0] :]}
            since = since[: again[0]]
        # What a person has sent is done, and the page before it was the one that counted.
        since = [*since, gone] if gone.method == "GET" else []
    return [exchange for exchange in walk if exchange.number not in superseded]


def _path(exchange: Exchange) -> str:
    return urlsplit(exchange.url).path


def unanswered(preflights: list[Exchange], origin: str) -> list[Exchange]:
    """The preflights after which a browser would not call."""
    return [
        asked
        for asked in preflights
        if asked.status not in (200, 204) or asked.response_header("access-control-allow-origin") not in (origin, "*")
    ]
