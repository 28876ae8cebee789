"""HTTP with cookies and without redirects: what a person's browser does at a sign-in, made by hand."""

from __future__ import annotations

import base64
import http.client
import http.cookiejar
import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

SECONDS = 20
# Nobody listens there: the code is read from the redirect.
CALLBACK = "http://127.0.0.1:1/callback"


class Refused(Exception):
    """The authorization server refused the request, with this error (RFC 6749 §4.1.2.1, §5.2)."""


@dataclass(frozen=True)
class Answer:
    """One response."""

    status: int
    body: str
    location: str

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)

    def parameter(self, name: str) -> str:
        """A parameter of the redirect, or nothing."""
        query = urllib.parse.urlparse(self.location).query
        return urllib.parse.parse_qs(query).get(name, [""])[0]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> None:
        return None


class Browser:
    """Keeps cookies, follows nothing, and uses no proxy."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar, _NoRedirect())

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        form: dict[str, str] | None = None,
        authorization: str = "",
    ) -> Answer:
        """One request, with a JSON body or a form."""
        headers = {"Origin": self._origin}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        if form is not None:
            data = urllib.parse.urlencode(form).encode()
        if authorization:
            headers["Authorization"] = authorization
        request = urllib.request.Request(self._origin + path, data, headers, method=method)
        try:
            with self._opener.open(request, timeout=SECONDS) as response:
                return Answer(response.status, response.read().decode(), response.headers.get("Location", ""))
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read().decode(errors="replace"), error.headers.get("Location", ""))

    def well(self, method: str, path: str, **how: Any) -> Answer:
        """The same, and an answer that is not 2xx ends the run."""
        answer = self.ask(method, path, **how)
        if answer.status // 100 != 2:
            raise SystemExit(f"{method} {path} was answered {answer.status}: {answer.body[:500]}")
        return answer


def basic(client: str, secret: str) -> str:
    """HTTP Basic credentials."""
    return "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()


def call(url: str, token: str) -> tuple[int, str]:
    """What the resource says to a token: status, and body or challenge."""
    request = urllib.request.Request(url, b"{}", {"Authorization": f"Bearer {token}"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=SECONDS) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("WWW-Authenticate") or error.read().decode(errors="replace")
