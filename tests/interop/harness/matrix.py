"""The outcome of a run: a table for the terminal, and one for docs/."""

from __future__ import annotations

from dataclasses import dataclass

from .clients import ERAS, Client
from .scenarios import SCENARIOS
from .servers import AUTHORITIES


@dataclass(frozen=True)
class Check:
    """One thing that was tried: a scenario, or a claim that an era is not spoken."""

    client: Client
    era: str
    authority: str
    scenario: str
    failure: str | None


def table(checks: list[Check], clients: list[Client], authorities: list[str]) -> list[list[str]]:
    """Rows of cells, the heading first: client and era down, authorities across."""
    rows = [["Client", "Protocol", *(AUTHORITIES[authority].title for authority in authorities)]]
    for client in clients:
        for era in ERAS:
            if any(check.client == client and check.era == era for check in checks):
                rows.append([client.title, era, *(_cell(checks, client, era, a) for a in authorities)])
    return rows


def as_text(rows: list[list[str]]) -> str:
    """The table in columns."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines)


def as_markdown(rows: list[list[str]]) -> str:
    """The page for docs/."""
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    rule = "|" + "---|" * len(rows[0])
    return "\n".join([PREFACE, head, rule, *body, AFTERWORD])


def _cell(checks: list[Check], client: Client, era: str, authority: str) -> str:
    if era in client.not_spoken:
        return client.not_spoken[era]
    tried = [c for c in checks if (c.client, c.era, c.authority) == (client, era, authority)]
    marks = [f"{name} {_mark(tried, name)}" for name in SCENARIOS if any(c.scenario == name for c in tried)]
    return ", ".join([*marks, *(f"{name} {why}" for name, why in client.cannot.items())])


def _mark(tried: list[Check], scenario: str) -> str:
    return "FAILED" if any(c.failure for c in tried if c.scenario == scenario) else "ok"


PREFACE = """# Interoperability

Real MCP clients against `bookmarket`, each walking the nine steps of the guide, watched on the wire.
The command line of the MCP Inspector is its current version; the page is that of its last version which calls
servers itself ("Direct"), so that the browser's own rules (CORS, preflights) are tried without a proxy between.
Made by `tests/interop/run --write-matrix`; how it works is told in [`tests/interop`](../tests/interop/README.md).
"""

AFTERWORD = """
- **walk**: one person signs in, approves, and uses `whoami`, `add_bookmark` and `list_bookmarks`; a second person
  does the same walk and does not see the first one's bookmark.
- **deny**: the person refuses; the client learns `access_denied`, asks for no token and ends with a reason.
- **refresh**: the token expires between two calls (leeway 0); the server refuses it with `invalid_token`, the client
  renews it with its refresh token, and nobody is asked again.
- **step-up**: the tokens' scopes say what their holder may do (`BOOKMARKET_GRANTS=scopes`), and the client signs in
  with `bookmarks:read`. `add_bookmark` is refused with 403 `insufficient_scope`, which names `bookmarks:write`; the
  client sends the person to approve that, gets a second token, and makes the same call with it.
- **2025-11-25** opens with `initialize`, **2026-07-28** with `server/discover`.
- **TestAuthority** is this project's own development authorization server; **oidc-provider** is an independent one,
  set up with AuthKit's paths.
"""
