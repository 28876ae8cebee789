"""Just enough HTTP/1.1 to relay messages byte for byte and read them on the way."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from io import BufferedIOBase

Headers = list[tuple[str, str]]
Relay = Callable[[bytes], None]


class Broken(Exception):
    """The peer sent something that is not HTTP/1.1, or stopped in the middle of it."""


def get(headers: Headers, name: str) -> str | None:
    """The first value of a header, whatever its case."""
    return next((value for key, value in headers if key.lower() == name.lower()), None)


def get_all(headers: Headers, name: str) -> list[str]:
    """Every value of a header, in order."""
    return [value for key, value in headers if key.lower() == name.lower()]


def read_head(stream: BufferedIOBase) -> tuple[str, Headers] | None:
    """Start line and headers of the next message; `None` where the peer closed in between."""
    start = stream.readline(65536)
    if not start:
        return None
    headers: Headers = []
    while True:
        line = stream.readline(65536)
        if not line.endswith(b"\n"):
            raise Broken("the connection ended inside the headers")
        if line in (b"\r\n", b"\n"):
            return start.decode("latin-1").rstrip("\r\n"), headers
        name, _, value = line.decode("latin-1").partition(":")
        headers.append((name.strip(), value.strip()))


def write_head(start: str, headers: Headers) -> bytes:
    """The bytes of a start line and its headers."""
    lines = [start, *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def relay_body(stream: BufferedIOBase, headers: Headers, relay: Relay, read: Relay, until_close: bool) -> None:
    """Passes a body on as it arrives: `read` gets the content, then `relay` the bytes as they are.

    `until_close` says what a body without a length means: everything up to the end of the
    connection (a response), or nothing (a request).
    """
    if (get(headers, "transfer-encoding") or "").lower() == "chunked":
        _relay_chunks(stream, relay, read)
    elif (length := get(headers, "content-length")) is not None:
        _relay_exactly(stream, int(length), relay, read)
    elif until_close:
        while data := stream.read1(65536):
            read(data)
            relay(data)


def decoded(headers: Headers, body: bytes) -> bytes:
    """The body without its content coding."""
    coding = (get(headers, "content-encoding") or "identity").lower()
    if coding == "identity":
        return body
    if coding == "gzip":
        return gzip.decompress(body)
    if coding == "deflate":
        return zlib.decompress(body)
    raise Broken(f"cannot read a body with content-encoding {coding}")


def _relay_exactly(stream: BufferedIOBase, length: int, relay: Relay, read: Relay) -> None:
    while length > 0:
        data = stream.read1(min(length, 65536))
        if not data:
            raise Broken("the connection ended inside the body")
        length -= len(data)
        read(data)
        relay(data)


def _relay_chunks(stream: BufferedIOBase, relay: Relay, read: Relay) -> None:
    while True:
        line = stream.readline(1024)
        if not line:
            raise Broken("the connection ended inside the body")
        relay(line)
        size = int(line.split(b";")[0], 16)
        if size:
            _relay_exactly(stream, size, relay, read)
        trailer = stream.readline(65536)
        relay(trailer)
        while not size and trailer not in (b"\r\n", b"\n", b""):
            trailer = stream.readline(65536)
            relay(trailer)
        if not size:
            return
