"""JSON-RPC messages in the bodies of exchanges, as JSON or as an event stream."""

from __future__ import annotations

import json
from typing import Any

from .wire import Exchange


def message(exchange: Exchange) -> dict[str, Any]:
    """The message that the client sent; empty where it sent none."""
    if not (exchange.header("content-type") or "").startswith("application/json"):
        return {}
    sent = json.loads(exchange.body or b"{}")
    return sent if isinstance(sent, dict) else {}


def method(exchange: Exchange) -> str | None:
    """The JSON-RPC method that the client asked for."""
    return message(exchange).get("method")


def result(exchange: Exchange) -> dict[str, Any]:
    """The result that the server gave to the client's request."""
    asked = message(exchange).get("id")
    for answer in _answers(exchange):
        if answer.get("id") == asked and "result" in answer:
            found: dict[str, Any] = answer["result"]
            return found
    return {}


def tool_call(exchange: Exchange) -> tuple[str, dict[str, Any]] | None:
    """Name and arguments of the tool that the client called."""
    if method(exchange) != "tools/call":
        return None
    params = message(exchange)["params"]
    return params["name"], params.get("arguments") or {}


def text(exchange: Exchange) -> str:
    """What a called tool answered, as the model reads it."""
    return "\n".join(part.get("text", "") for part in result(exchange).get("content", []))


def _answers(exchange: Exchange) -> list[dict[str, Any]]:
    if (exchange.response_header("content-type") or "").startswith("text/event-stream"):
        lines = [line[5:].strip() for line in exchange.text.splitlines() if line.startswith("data:")]
        return [json.loads(line) for line in lines if line]
    return [exchange.json] if exchange.text.strip() else []
