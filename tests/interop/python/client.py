"""The Python client, `mcp`. Settings: MCP_URL, MCP_ERA, CLIENT_NAME; JSON lines on stdout and stdin.

out {"open": url}                show this to the person
out {"connected": version}       the MCP connection stands
in  {"tool": …, "arguments": …}  →  out {"answer": text, "error": bool}
out {"failed": reason}           and the end
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider, TokenStorage
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

URL = os.environ["MCP_URL"]
NAME = os.environ["CLIENT_NAME"]
MODE = "auto" if os.environ["MCP_ERA"] == "2026-07-28" else "legacy"


def say(message: dict[str, object]) -> None:
    print(json.dumps(message), flush=True)


async def main() -> None:
    """Signs in, connects, then calls tools as asked until stdin ends."""
    callback = await Callback.listen()
    credentials = OAuthClientProvider(
        URL,
        OAuthClientMetadata.model_validate({"client_name": NAME, "redirect_uris": [callback.redirect_url]}),
        Memory(),
        redirect_handler=show,
        callback_handler=callback.returned,
    )
    async with httpx2.AsyncClient(auth=credentials, timeout=30) as http:
        async with Client(streamable_http_client(URL, http_client=http), mode=MODE) as client:
            say({"connected": client.protocol_version})
            while line := await asyncio.to_thread(sys.stdin.readline):
                asked = json.loads(line)
                result = await client.call_tool(asked["tool"], asked["arguments"])
                text = "\n".join(getattr(part, "text", "") for part in result.content)
                say({"answer": text, "error": bool(result.is_error)})


async def show(url: str) -> None:
    """The SDK asks for the browser: whoever runs this client plays it."""
    say({"open": url})


class Memory(TokenStorage):
    """Keeps tokens and registration as long as the process lives."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Callback:
    """The client's end of the redirect: a listener on loopback that waits for the person to come back."""

    redirect_url: str

    def __init__(self) -> None:
        self._arrived: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    @classmethod
    async def listen(cls) -> Callback:
        callback = cls()
        server = await asyncio.start_server(callback._answer, "127.0.0.1", 0)
        callback.redirect_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/callback"
        return callback

    async def returned(self) -> AuthorizationCodeResult:
        """What the browser brought back; the SDK leaves a refusal for us to see."""
        query = await self._arrived.get()
        if "error" in query:
            raise PermissionError(query["error"])
        return AuthorizationCodeResult(code=query["code"], state=query.get("state"), iss=query.get("iss"))

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request_line = (await reader.readline()).decode()
        while (await reader.readline()).strip():
            pass
        target = urlsplit(request_line.split(" ")[1])
        found = target.path == "/callback"
        body = b"You can close this page." if found else b""
        status = "200 OK" if found else "404 Not Found"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()
        if found:
            self._arrived.put_nowait({key: values[0] for key, values in parse_qs(target.query).items()})


def root_causes(error: BaseException) -> list[BaseException]:
    """The errors inside the groups that task groups wrap around them."""
    if isinstance(error, BaseExceptionGroup):
        return [cause for inner in error.exceptions for cause in root_causes(inner)]
    return [error]


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except BaseException as error:
        say({"failed": "; ".join(f"{type(cause).__name__}: {cause}" for cause in root_causes(error))})
        # A thread may still wait for stdin: end without waiting for it.
        sys.stdout.flush()
        os._exit(1)
