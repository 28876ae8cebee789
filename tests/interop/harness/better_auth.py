"""better-auth with its OAuth provider: a person signs up, a client registers itself, and gets tokens."""

from __future__ import annotations

import base64
import hashlib
import json
import urllib.parse
from contextlib import ExitStack
from pathlib import Path

from .browserless import CALLBACK, Answer, Browser, Refused
from .places import Places
from .processes import Process, plain_env

START_SECONDS = 60
VERIFIER = "a-code-verifier-of-the-test-with-more-than-43-characters"


class BetterAuth:
    """The server, a person who is signed in, and a client that registered itself."""

    def __init__(self, stack: ExitStack, here: Places, folder: Path, port: int, resource: str | None) -> None:
        env = plain_env(PORT=str(port), **({"RESOURCE": resource} if resource else {}))
        server = here.better_auth / "server.mjs"
        process = Process(["node", str(server)], env, here.better_auth, folder / "better-auth.log")
        line = stack.enter_context(process).line(START_SECONDS)
        if line is None or "ready" not in json.loads(line):
            raise SystemExit(f"better-auth did not start:\n{process.log()}")
        self.issuer: str = json.loads(line)["ready"]
        self._browser = Browser(f"http://127.0.0.1:{port}")
        ada = {"email": "ada@example.com", "password": "a password of the test", "name": "Ada"}
        self.person: str = self._browser.well("POST", "/api/auth/sign-up/email", body=ada).json["user"]["id"]
        client = {
            "client_name": "An agent",
            "application_type": "native",
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
        }
        self._client: str = self._browser.well("POST", "/api/auth/oauth2/register", body=client).json["client_id"]

    def tokens(self, scope: str, resource: str | None) -> dict[str, str]:
        """The person approves, and the client redeems the code."""
        named = {"resource": resource} if resource else {}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": CALLBACK,
            "scope": scope,
            "state": "s",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        } | named
        redirect = self._browser.ask("GET", "/api/auth/oauth2/authorize?" + urllib.parse.urlencode(asked))
        if redirect.location.startswith("/consent"):
            query = urllib.parse.urlparse(redirect.location).query
            consent = {"accept": True, "oauth_query": query}
            redirect = Answer(302, "", self._browser.well("POST", "/api/auth/oauth2/consent", body=consent).json["url"])
        code = redirect.parameter("code")
        if not code:
            raise Refused(redirect.parameter("error") or redirect.location or redirect.body)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "client_id": self._client,
            "code_verifier": VERIFIER,
        } | named
        found: dict[str, str] = self._browser.well("POST", "/api/auth/oauth2/token", form=form).json
        return found
