"""Glewlwyd from Debian: installed, set up through its API as its administrator does, and asked for tokens."""

from __future__ import annotations

import gzip
import os
import shutil
import sqlite3
import subprocess
import urllib.parse
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from .browserless import CALLBACK, Browser, Refused, basic
from .places import INSTALL_SECONDS, NotReady
from .processes import Process, plain_env
from .servers import until_it_answers

CONFIGURATION = Path("/etc/glewlwyd/glewlwyd.conf")
SCHEMA = Path("/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz")
ADMINISTRATOR = {"username": "admin", "password": "password"}
AGENT = basic("agent", "agent-secret")


def install() -> None:
    """Installs the package where it is missing, and not its service."""
    if shutil.which("glewlwyd") is None:
        if shutil.which("apt-get") is None or os.geteuid() != 0:
            raise NotReady("glewlwyd is not there, and can be installed by root with apt alone")
        env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "glewlwyd"]):
            subprocess.run(["apt-get", *words], check=True, timeout=INSTALL_SECONDS, env=env, capture_output=True)


class Glewlwyd:
    """A server with a plugin for OpenID Connect, the scope `notes`, the client `agent` and the user `admin`."""

    def __init__(self, stack: ExitStack, folder: Path, port: int, resource: str | None) -> None:
        origin = f"http://127.0.0.1:{port}"
        self.issuer = f"{origin}/api/oidc"
        database, configuration = folder / "glewlwyd.sqlite", folder / "glewlwyd.conf"
        with closing(sqlite3.connect(database)) as connection:
            connection.executescript(gzip.decompress(SCHEMA.read_bytes()).decode())
        configuration.write_text(_configuration(port, database))
        process = Process(["glewlwyd", "-c", str(configuration)], plain_env(), folder, folder / "glewlwyd.log")
        stack.enter_context(process)
        until_it_answers(process, f"{origin}/api/mod/type/")
        self._browser = Browser(origin)
        self._sign_in()
        plugin: dict[str, Any] = {"module": "oidc", "name": "oidc", "display_name": "OpenID Connect"}
        plugin = plugin | {"parameters": self._plugin(resource)}
        self._browser.well("POST", "/api/mod/plugin/", body=plugin)
        scope = {"name": "notes", "display_name": "Notes", "description": "Notes", "password_required": False}
        self._browser.well("POST", "/api/scope/", body=scope)
        self._browser.well("POST", "/api/client/", body=_client())
        user = self._browser.well("GET", "/api/user/admin").json
        user["scope"] = ["g_admin", "g_profile", "openid", "notes"]
        self._browser.well("PUT", "/api/user/admin", body=user)
        self._sign_in()
        self._browser.well("PUT", "/api/auth/grant/agent", body={"scope": "openid notes"})

    def _sign_in(self) -> None:
        self._browser.well("POST", "/api/auth/", body=ADMINISTRATOR)

    def _plugin(self, resource: str | None) -> dict[str, Any]:
        key = _openssl(["genrsa", "2048"], "")
        parameters: dict[str, Any] = {
            "iss": self.issuer,
            "jwt-type": "rsa",
            "jwt-key-size": "256",
            "key": key,
            "cert": _openssl(["rsa", "-pubout"], key),
            "access-token-duration": 3600,
            "refresh-token-duration": 1209600,
            "code-duration": 600,
            "refresh-token-rolling": True,
            "allow-non-oidc": True,
            "auth-type-code-enabled": True,
            "auth-type-client-enabled": True,
            "auth-type-refresh-enabled": True,
            "jwks-show": True,
            "allowed-scope": ["openid"],
            "pkce-allowed": True,
        }
        if resource is not None:
            known = {"openid": [resource], "notes": [resource]}
            parameters |= {"resource-allowed": True, "resource-scope": known}
        return parameters

    def tokens(self, scope: str, resource: str) -> dict[str, str]:
        """Signs the person in, who has approved, and redeems the code."""
        asked = {
            "response_type": "code",
            "client_id": "agent",
            "redirect_uri": CALLBACK,
            "scope": scope,
            "state": "s",
            "nonce": "a-nonce-of-the-test",
            "g_continue": "",
            "resource": resource,
        }
        redirect = self._browser.ask("GET", "/api/oidc/auth?" + urllib.parse.urlencode(asked))
        code = redirect.parameter("code")
        if not code:
            raise Refused(redirect.parameter("error") or redirect.location or redirect.body)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "client_id": "agent"}
        form["resource"] = resource
        found: dict[str, str] = self._browser.well("POST", "/api/oidc/token", form=form, authorization=AGENT).json
        return found

    def machine_token(self, resource: str) -> str:
        """A token of the client itself (client credentials)."""
        form = {"grant_type": "client_credentials", "scope": "notes", "resource": resource}
        token: str = self._browser.well("POST", "/api/oidc/token", form=form, authorization=AGENT).json["access_token"]
        return token


def _configuration(port: int, database: Path) -> str:
    """Debian's own, with another port, log and database."""
    changed = {
        "port=": f"port={port}",
        "#bind_address=": 'bind_address="127.0.0.1"',
        "external_url=": f'external_url="http://127.0.0.1:{port}/"',
        "log_mode=": 'log_mode="console"',
        "@include ": f'database = {{ type = "sqlite3"; path = "{database}"; }};',
    }
    lines = []
    for line in CONFIGURATION.read_text().splitlines():
        lines.append(next((new for start, new in changed.items() if line.startswith(start)), line))
    return "\n".join(lines) + "\n"


def _client() -> dict[str, Any]:
    return {
        "client_id": "agent",
        "name": "Agent",
        "confidential": True,
        "enabled": True,
        "password": "agent-secret",
        "token_endpoint_auth_method": ["client_secret_basic"],
        "redirect_uri": [CALLBACK],
        "authorization_type": ["code", "client_credentials", "refresh_token"],
        "scope": ["notes"],
    }


def _openssl(words: list[str], given: str) -> str:
    done = subprocess.run(["openssl", *words], input=given, check=True, capture_output=True, text=True)
    return done.stdout
