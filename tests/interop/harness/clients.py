"""The clients: which packages they are, how they are started, which eras they speak."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from .places import Places

HANDSHAKE = "2025-11-25"
STATELESS = "2026-07-28"
ERAS = [HANDSHAKE, STATELESS]


@dataclass(frozen=True)
class Client:
    """A client in the shape that the scenarios use."""

    key: str
    package: str
    version: str
    command: list[str]
    not_spoken: dict[str, str] = field(default_factory=dict)
    cannot: dict[str, str] = field(default_factory=dict)
    registers_as: str | None = None
    is_page: bool = False

    @property
    def name(self) -> str:
        """What it registers as, and the person reads on the consent page: ours to choose, or its own."""
        return self.registers_as or f"Interop {self.key}"

    @property
    def title(self) -> str:
        """Package and version, as the matrix shows them."""
        return f"{self.package} {self.version}"


def all_clients(places: Places) -> list[Client]:
    """Every client, the newest first; their versions are read from the pins."""
    node = ["node", "--import", str(places.node / "through-proxy.mjs")]
    python = [str(places.python), str(places.root / "python" / "client.py")]
    typescript2, typescript1 = "@modelcontextprotocol/client", "@modelcontextprotocol/sdk"
    return [
        Client("typescript", typescript2, _npm(places, typescript2), [*node, str(places.node / "client2.mjs")]),
        Client("python", "mcp (Python)", _pip(places, "mcp"), python),
        Client(
            "typescript1",
            typescript1,
            _npm(places, typescript1),
            [*node, str(places.node / "client1.mjs")],
            not_spoken={STATELESS: f"not spoken by {typescript1} {_npm(places, typescript1)}"},
        ),
        Client("rmcp", "rmcp (Rust)", _cargo(places, "rmcp"), [str(places.rmcp_client)]),
        Client("mcp-remote", "mcp-remote", _npm(places, "mcp-remote"), ["node", str(places.node / "mcp-remote.mjs")]),
        Client(
            "inspector-cli",
            "MCP Inspector, command line",
            _npm(places, "@modelcontextprotocol/inspector", places.inspector),
            [str(places.inspector_node), str(places.inspector / "cli.mjs")],
            registers_as="MCP Inspector",
        ),
        Client(
            "inspector-page",
            "MCP Inspector, page in Chromium",
            _npm(places, "inspector1", places.inspector),
            [str(places.inspector_node), str(places.inspector / "page.mjs")],
            not_spoken={STATELESS: "not spoken by MCP Inspector 1.x"},
            # It sends the refresh as JSON, with the expired token in Authorization; RFC 6749 §6 wants a form.
            cannot={"refresh": "not tried: its request is no form", "step-up": "not tried"},
            registers_as="MCP Inspector",
            is_page=True,
        ),
    ]


def speaks_after_all(client: Client, places: Places) -> str | None:
    """Why "not spoken" is wrong: the installed package knows `server/discover`. `None` where it is right."""
    installed = places.node / "node_modules" / client.package / "dist" / "esm"
    if client.is_page:
        installed = places.inspector / "node_modules" / "inspector1" / "client" / "dist" / "assets"
    sources = list(installed.rglob("*.js"))
    if not sources:
        return f"no sources of {client.package} to look at"
    knows = [source for source in sources if "server/discover" in source.read_text()]
    return f"{knows[0].name} knows server/discover" if knows else None


def _npm(places: Places, package: str, folder: Path | None = None) -> str:
    lock = json.loads(((folder or places.node) / "package-lock.json").read_text())
    version: str = lock["packages"][f"node_modules/{package}"]["version"]
    return version


def _pip(places: Places, package: str) -> str:
    pins = (places.root / "python/requirements.txt").read_text()
    return _found(re.search(rf"^{package}==(.+)$", pins, re.MULTILINE), package)


def _cargo(places: Places, package: str) -> str:
    lock: Path = places.repository / "Cargo.lock"
    return _found(re.search(rf'name = "{package}"\nversion = "(.+)"', lock.read_text()), package)


def _found(match: re.Match[str] | None, package: str) -> str:
    if match is None:
        raise LookupError(f"no pinned version of {package}")
    return match[1]
