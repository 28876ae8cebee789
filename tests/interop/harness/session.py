"""One client process, the person in front of it, and the wire between them and the servers."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from . import page
from .browser import Browser
from .clients import Client
from .places import CHROMIUM
from .processes import Process, TooLate, plain_env, two_free_ports
from .servers import Servers
from .steps import Expected, Person, StepFailed, walk
from .wire import Exchange, Wire

ANSWER_SECONDS = 45
END_SECONDS = 15


class ClientFailed(Exception):
    """The client gave up, and said why."""


class Session:
    """A person uses a client: sign in once, then call tools. Close it with `with`."""

    def __init__(self, client: Client, era: str, servers: Servers, person: Person, folder: Path) -> None:
        name = client.name
        self.expected = Expected(servers.resource, servers.issuer, name, person, era)
        self._wire = Wire()
        self._browser = None if client.is_page else Browser(self._wire.proxy_for("browser"))
        settings = {"MCP_URL": servers.resource, "MCP_ERA": era, "CLIENT_NAME": name}
        # For clients that must be told: one that no outgoing connection takes meanwhile.
        settings["CALLBACK_PORT"] = str(two_free_ports()[0])
        if servers.by_scopes:
            settings["BY_SCOPES"] = "yes"
        self._page = None
        if client.is_page:
            port = two_free_ports()[0]
            self._page = f"http://127.0.0.1:{port}"
            settings |= {"PAGE_PORT": str(port), "CHROMIUM": CHROMIUM}
        proxy = self._wire.proxy_for(page.sort(self._page) if self._page else "client")
        env = plain_env(HTTP_PROXY=proxy, http_proxy=proxy, **settings)
        log = Path(tempfile.mkstemp(prefix=f"{client.key}-", suffix=".log", dir=folder)[1])
        self._wire_log = log.with_suffix(".wire.log")
        self._process = Process(client.command, env, folder, log)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._process.stop()
        self._wire.close()
        if kind is not None:
            self._wire_log.write_text("\n".join([*map(str, self.seen), f"so far: {self._so_far()}"]))

    @property
    def seen(self) -> list[Exchange]:
        """Everything that client and browser said on the wire so far."""
        return page.said(self._wire.exchanges) if self._page else list(self._wire.exchanges)

    def preflights(self) -> list[Exchange]:
        """What the browser asked before a page's calls, each answered so that it called; none but for pages."""
        asked = [exchange for exchange in self._wire.exchanges if exchange.who == "preflight"]
        refused = page.unanswered(asked, self._page) if self._page else asked
        if refused or bool(asked) != bool(self._page):
            raise ClientFailed(f"preflights: {len(asked)}, refused: {refused}")
        return asked

    def sign_in(self) -> None:
        """Plays a person who signs in and approves; the client then speaks the protocol that was asked for."""
        self._decide("Approve")
        version = self._told("connected")
        # Where the client does not tell, the wire does (step 8).
        if version not in ("None", self.expected.era):
            raise ClientFailed(f"the client speaks {version}")

    def deny(self) -> None:
        """Plays a person who signs in and then refuses."""
        self._decide("Deny")

    def call(self, tool: str, **arguments: Any) -> str:
        """What a tool answers, by the client's word; the wire is the evidence."""
        self._ask(tool, arguments)
        return self._answer(tool)

    def call_and_approve(self, tool: str, **arguments: Any) -> str:
        """The same, where the client shows the person a page first: who is known there may not be asked again."""
        if self._browser is None:
            raise ClientFailed("a page's person is asked at the sign-in only")
        self._ask(tool, arguments)
        shown = self._browser.open(self._told("open"))
        if self._browser.offers(shown, self.expected.person.name):
            shown = self._browser.press(shown, self.expected.person.name)
        self._browser.press(shown, "Approve")
        return self._answer(tool)

    def _ask(self, tool: str, arguments: dict[str, Any]) -> None:
        self._process.write(json.dumps({"tool": tool, "arguments": arguments}))

    def _answer(self, tool: str) -> str:
        answer = self._hear()
        if "answer" not in answer or answer["error"]:
            raise ClientFailed(f"{tool} has no answer, the client said {answer}")
        return str(answer["answer"])

    def finish(self) -> None:
        """Lets the client close its connection and end."""
        self._process.end_input()
        code = self._process.wait(END_SECONDS)
        if code != 0:
            raise ClientFailed(f"the client ended with {code}\n{self._process.log()}")

    def failure(self) -> str:
        """The reason with which the client gives up by itself, in its time."""
        while (line := self._process.line(ANSWER_SECONDS)) is not None:
            said = json.loads(line)
            if "failed" in said:
                if self._process.wait(END_SECONDS) != 1:
                    raise ClientFailed("the client failed without saying so in its exit code")
                return str(said["failed"])
            raise ClientFailed(f"the client went on: {said}")
        raise ClientFailed(f"the client ended without a reason\n{self._process.log()}")

    def _so_far(self) -> str:
        try:
            walk(self.seen, self.expected)
        except StepFailed as failure:
            return str(failure)
        return "all nine steps"

    def _decide(self, decision: str) -> None:
        if self._browser is None:
            self._process.write(json.dumps({"person": self.expected.person.name, "decision": decision}))
            return
        shown = self._browser.open(self._told("open"))
        shown = self._browser.press(shown, self.expected.person.name)
        self._browser.press(shown, decision)

    def _told(self, what: str) -> str:
        said = self._hear()
        if what not in said:
            raise ClientFailed(f"expected {what!r}, the client said {said}")
        return str(said[what])

    def _hear(self) -> dict[str, Any]:
        line = self._process.line(ANSWER_SECONDS)
        if line is None:
            raise TooLate(f"the client ended\n{self._process.log()}")
        said: dict[str, Any] = json.loads(line)
        if "failed" in said:
            raise ClientFailed(f"{said['failed']}\n{self._process.log()}")
        return said
