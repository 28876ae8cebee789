"""Bookmarket and the authorization server that it trusts, started for one scenario and stopped after it."""

from __future__ import annotations

import contextlib
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .places import Places
from .processes import Process, TooLate, plain_env, two_free_ports
from .steps import Person

START_SECONDS = 60


@dataclass(frozen=True)
class Authority:
    """An authorization server, and two of the people who can sign in there."""

    title: str
    ada: Person
    grace: Person


AUTHORITIES = {
    "test-authority": Authority(
        "TestAuthority", Person("Ada Lovelace", "user_ada"), Person("Grace Hopper", "user_grace")
    ),
    "oidc-provider": Authority(
        "oidc-provider",
        Person("Ada Lovelace", "user_01INTEROPADA"),
        Person("Grace Hopper", "user_01INTEROPGRACE"),
    ),
}


@dataclass(frozen=True)
class World:
    """How the servers are set up for a scenario."""

    token_seconds: int = 300
    # Who may do what is told by the tokens' scopes, which the authorization server then grants.
    by_scopes: bool = False
    # Whom the demo authority signs in without a page.
    approves: str | None = None


@dataclass(frozen=True)
class Servers:
    """What a client needs to know of the servers, and who can sign in."""

    resource: str
    issuer: str
    ada: Person
    grace: Person
    by_scopes: bool = False


@contextlib.contextmanager
def running(places: Places, authority: str, folder: Path, world: World) -> Iterator[Servers]:
    """Bookmarket on free ports with a fresh database, and tokens that live this long to the second."""
    port, next_port = two_free_ports()
    resource = f"http://127.0.0.1:{port}/mcp/bookmarket"
    issuer = f"http://127.0.0.1:{next_port}"
    settings = {
        "BOOKMARKET_BIND": f"127.0.0.1:{port}",
        "DATABASE_URL": f"sqlite://{folder}/bookmarket.sqlite?mode=rwc",
        "MCP_AUTH_LEEWAY_SECONDS": "0",
        "RUST_LOG": "info",
    }
    if world.by_scopes:
        settings["BOOKMARKET_GRANTS"] = "scopes"
    with contextlib.ExitStack() as stack:
        if authority == "oidc-provider":
            stack.enter_context(oidc_provider(places, folder, next_port, resource, world))
            settings["WORKOS_AUTHKIT_DOMAIN"] = issuer
        else:
            # Bookmarket starts its own TestAuthority on the port after its own.
            settings["BOOKMARKET_DEMO_TOKEN_SECONDS"] = str(world.token_seconds)
            if world.approves is not None:
                settings["BOOKMARKET_DEMO_APPROVE"] = world.approves
        command, log = [str(places.bookmarket)], folder / "bookmarket.log"
        process = stack.enter_context(Process(command, plain_env(**settings), folder, log))
        until_it_answers(process, f"http://127.0.0.1:{port}/.well-known/oauth-protected-resource")
        known = AUTHORITIES[authority]
        yield Servers(resource, issuer, known.ada, known.grace, world.by_scopes)


@contextlib.contextmanager
def oidc_provider(places: Places, folder: Path, port: int, resource: str, world: World) -> Iterator[None]:
    """oidc-provider on this port, which issues tokens for this resource and no other."""
    env = plain_env(PORT=str(port), RESOURCE=resource, TOKEN_SECONDS=str(world.token_seconds))
    if world.by_scopes:
        env["SCOPES"] = "bookmarks:read bookmarks:write"
    command = ["node", str(places.node / "authority.mjs")]
    with Process(command, env, places.node, folder / "oidc-provider.log") as process:
        line = process.line(START_SECONDS)
        if line is None or "ready" not in json.loads(line):
            raise TooLate(f"oidc-provider did not start:\n{process.log()}")
        yield


def until_it_answers(process: Process, url: str) -> None:
    """Waits until the server, which was started just now, answers at this URL with any status."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if not process.running():
            raise TooLate(f"the server ended at once:\n{process.log()}")
        try:
            with directly().open(url, timeout=2):
                return
        except urllib.error.HTTPError:
            # It listens; what is wrong with the answer shows in the walk.
            return
        except OSError:
            time.sleep(0.05)
    raise TooLate(f"the server did not answer at {url} within {START_SECONDS} s\n{process.log()}")


def directly() -> urllib.request.OpenerDirector:
    """Opens URLs without any proxy, for questions of our own."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def status_with(token: str, url: str) -> tuple[int, str]:
    """Status and challenge that the server gives to this token."""
    status, challenge, _ = ask(url, token, "ping")
    return status, challenge


def ask(url: str, token: str | None, method: str, **params: object) -> tuple[int, str, dict[str, Any]]:
    """Status, challenge and result that the server gives to a request of the revision 2025-11-25."""
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, json.dumps(message).encode(), headers)
    try:
        with directly().open(request, timeout=10) as response:
            answer: dict[str, Any] = json.load(response)
            return response.status, "", answer.get("result", {})
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("WWW-Authenticate", ""), {}
