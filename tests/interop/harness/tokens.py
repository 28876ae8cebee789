"""Reading what tokens and challenges say; verifying them is the server's business, not ours."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any


def claims(jwt: str) -> dict[str, Any]:
    """The payload of a JWT in compact form."""
    parts = jwt.split(".")
    if len(parts) != 3:
        raise ValueError("not a JWT in compact form")
    payload: dict[str, Any] = json.loads(_unpadded(parts[1]))
    return payload


def audiences(payload: dict[str, Any]) -> list[str]:
    """`aud` as a list, whichever of its two forms it has."""
    aud = payload.get("aud", [])
    return [aud] if isinstance(aud, str) else list(aud)


def s256(verifier: str) -> str:
    """The PKCE challenge that belongs to a verifier (RFC 7636 §4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def bearer_challenge(header: str) -> dict[str, str]:
    """The parameters of a `WWW-Authenticate: Bearer` header (RFC 9110 §11.6.1)."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "bearer":
        raise ValueError(f"not a Bearer challenge: {header}")
    return {name.lower(): value for name, value in re.findall(r'([A-Za-z_]+)="((?:[^"\\]|\\.)*)"', rest)}


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
