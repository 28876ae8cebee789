"""The wire: a recording forward proxy that everything a client and its browser say goes through.

Clients reach it by `HTTP_PROXY`, the one setting that every HTTP library knows, so they run
unchanged, URLs stay as they are, and what is recorded is what really went over the socket.
"""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BufferedIOBase
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from . import http1
from .http1 import Headers

Sort = Callable[[str, str, Headers], str]


@dataclass
class Exchange:
    """One request and its response, as they were on the wire."""

    number: int
    who: str
    method: str
    url: str
    headers: Headers
    body: bytes = b""
    status: int | None = None
    response_headers: Headers = field(default_factory=list)
    response_body: bytes = b""
    started: float = field(default_factory=time.time)
    finished: float | None = None

    def header(self, name: str) -> str | None:
        """A header of the request."""
        return http1.get(self.headers, name)

    def response_header(self, name: str) -> str | None:
        """A header of the response."""
        return http1.get(self.response_headers, name)

    @property
    def endpoint(self) -> str:
        """The URL without its query."""
        return self.url.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The parameters of a form sent in the body."""
        return {key: values[0] for key, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}

    @property
    def text(self) -> str:
        """The response's content."""
        return http1.decoded(self.response_headers, self.response_body).decode(errors="replace")

    @property
    def json(self) -> Any:
        """The response's content as JSON."""
        return json.loads(self.text)

    def __str__(self) -> str:
        return f"{self.who}: {self.method} {self.url} -> {self.status}"


class Wire:
    """Everything that went over the wire in one run, in the order of the requests."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self._lock = threading.Lock()
        self._proxies: list[_Proxy] = []

    def proxy_for(self, who: str | Sort) -> str:
        """Opens a proxy on a free loopback port; what passes it is recorded as said by `who`, or by whom that finds."""
        proxy = _Proxy(self, who if callable(who) else lambda *_: who)
        self._proxies.append(proxy)
        threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True).start()
        return f"http://127.0.0.1:{proxy.server_address[1]}"

    def record(self, who: str, method: str, url: str, headers: Headers) -> Exchange:
        """Notes a request, which takes its place in the order now."""
        with self._lock:
            exchange = Exchange(len(self.exchanges) + 1, who, method, url, headers)
            self.exchanges.append(exchange)
            return exchange

    def close(self) -> None:
        """Stops listening; connections in flight end with their peers."""
        for proxy in self._proxies:
            proxy.shutdown()
            proxy.server_close()


class _Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, wire: Wire, who: Sort) -> None:
        self.wire = wire
        self.who = who
        super().__init__(("127.0.0.1", 0), _Connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that hangs up is no event: what matters is missing from the record then."""


class _Connection(socketserver.StreamRequestHandler):
    """One connection of a client: absolute-form requests, or CONNECT and plain HTTP within."""

    server: _Proxy
    tunnel: str | None = None

    def handle(self) -> None:
        while (head := http1.read_head(self.rfile)) is not None:
            start, headers = head
            method, target, _version = start.split(" ", 2)
            if method == "CONNECT":
                self.tunnel = f"http://{target}"
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                continue
            url = f"{self.tunnel}{target}" if self.tunnel else target
            if not self._exchange(method, url, headers):
                return

    def _exchange(self, method: str, url: str, headers: Headers) -> bool:
        """Relays one request and its response; false where the connection ends with it."""
        parts = urlsplit(url)
        body = bytearray()
        if (http1.get(headers, "expect") or "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        http1.relay_body(self.rfile, headers, bytearray().extend, body.extend, until_close=False)
        exchange = self.server.wire.record(self.server.who(method, url, headers), method, url, headers)
        exchange.body = http1.decoded(headers, bytes(body))
        try:
            upstream = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=60)
        except OSError as error:
            exchange.status = 502
            self.wfile.write(http1.write_head("HTTP/1.1 502 Bad Gateway", [("Content-Length", "0")]))
            exchange.response_headers = [("X-Interop-Error", str(error))]
            exchange.finished = time.time()
            return True
        with contextlib.closing(upstream), upstream.makefile("rb") as answer:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            upstream.sendall(http1.write_head(f"{method} {path} HTTP/1.1", _onward(headers, len(body))) + body)
            return self._respond(exchange, answer)

    def _respond(self, exchange: Exchange, answer: BufferedIOBase) -> bool:
        while True:
            head = http1.read_head(answer)
            if head is None:
                raise http1.Broken(f"no response to {exchange.method} {exchange.url}")
            start, headers = head
            exchange.status = int(start.split(" ")[1])
            exchange.response_headers = headers
            if exchange.status >= 200:
                break
        self.wfile.write(http1.write_head(start, headers))
        content = bytearray()

        def read(data: bytes) -> None:
            content.extend(data)
            exchange.response_body = bytes(content)

        empty = exchange.method == "HEAD" or exchange.status in (204, 304)
        if not empty:
            http1.relay_body(answer, headers, self._relay, read, until_close=True)
        exchange.finished = time.time()
        # Without a length the response ends with the connection, and so does ours.
        framed = empty or any(http1.get(headers, name) for name in ("content-length", "transfer-encoding"))
        return framed and (http1.get(headers, "connection") or "").lower() != "close"

    def _relay(self, data: bytes) -> None:
        self.wfile.write(data)


def _onward(headers: Headers, length: int) -> Headers:
    """The request's headers as the server shall see them: what concerns only this hop is left out."""
    hop = {"proxy-connection", "proxy-authorization", "connection", "keep-alive", "expect"}
    framing = {"content-length", "transfer-encoding"}
    onward = [(name, value) for name, value in headers if name.lower() not in hop | framing]
    if any(name.lower() in framing for name, _ in headers):
        onward.append(("Content-Length", str(length)))
    return onward
