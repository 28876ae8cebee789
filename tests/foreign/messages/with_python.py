"""Reads each body, or each URI, as an MCP server in Python does: `with_python.py HOW`.

json      `json.loads` of the bytes, and look-ups in dicts
pydantic  pydantic's own parser, and models like those of the official SDK
uris      `AnyUrl`, as the official SDK declares the URI of a resource

Reads records from stdin and writes a line for each; judge.py describes both.
"""

import json
import struct
import sys
from typing import Annotated, Any, Literal

from pydantic import AnyUrl, BaseModel, ConfigDict, TypeAdapter, UrlConstraints, ValidationError
from pydantic_core import from_json


def main() -> None:
    read = {"json": by_json, "pydantic": by_pydantic, "uris": uri}[sys.argv[1]]
    records = sys.stdin.buffer.read()
    at = 0
    while at < len(records):
        (length,) = struct.unpack_from("<I", records, at)
        start, at = at + 4, at + 4 + length
        sys.stdout.write(read(records[start:at]) + "\n")


def field(text: Any) -> str:
    return "=" + text.encode("utf-8", "surrogatepass").hex() if isinstance(text, str) else ""


def fields(method=None, name=None, uri=None, ref_type=None, ref_name=None, ref_uri=None, uris=()) -> str:
    uris = ",".join(map(field, uris)) if isinstance(uris, (list, tuple)) else ""
    return ";".join([*map(field, (method, name, uri, ref_type, ref_name, ref_uri)), uris])


def each(document: Any, one) -> str:
    return "[" + "|".join(map(one, document)) if isinstance(document, list) else one(document)


def by_json(record: bytes) -> str:
    try:
        document = json.loads(record)
    except (ValueError, RecursionError):
        return "-"
    return each(document, one_by_json)


def held(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def one_by_json(message: Any) -> str:
    if not isinstance(message, dict):
        return "-"
    params = held(message, "params")
    ref = held(params, "ref")
    return fields(
        held(message, "method"),
        held(params, "name"),
        held(params, "uri"),
        held(ref, "type"),
        held(ref, "name"),
        held(ref, "uri"),
        held(held(params, "notifications"), "resourceSubscriptions"),
    )


class Model(BaseModel):
    model_config = ConfigDict(extra="allow")


class Message(Model):
    method: str | None = None
    params: dict[str, Any] | None = None


class Named(Model):
    name: str


class Located(Model):
    uri: str


class PromptReference(Model):
    type: Literal["ref/prompt"]
    name: str


class ResourceReference(Model):
    type: Literal["ref/resource"]
    uri: str


class Completed(Model):
    ref: ResourceReference | PromptReference


class Filter(Model):
    resourceSubscriptions: list[str] | None = None


class Listened(Model):
    notifications: Filter


PARAMS = {
    "tools/call": Named,
    "prompts/get": Named,
    "resources/read": Located,
    "resources/subscribe": Located,
    "resources/unsubscribe": Located,
    "resources/directory/read": Located,
    "skills/get": Located,
    "completion/complete": Completed,
    "subscriptions/listen": Listened,
}


def by_pydantic(record: bytes) -> str:
    try:
        document = from_json(record)
    except ValueError:
        return "-"
    return each(document, one_by_pydantic)


def one_by_pydantic(value: Any) -> str:
    try:
        message = Message.model_validate(value)
        if message.method not in PARAMS:
            return fields(message.method)
        params = PARAMS[message.method].model_validate(message.params)
    except ValidationError:
        return "-"
    match params:
        case Named():
            return fields(message.method, params.name)
        case Located():
            return fields(message.method, uri=params.uri)
        case Completed(ref=PromptReference() as ref):
            return fields(message.method, ref_type=ref.type, ref_name=ref.name)
        case Completed(ref=ref):
            return fields(message.method, ref_type=ref.type, ref_uri=ref.uri)
        case _:
            return fields(message.method, uris=params.notifications.resourceSubscriptions or ())


RESOURCE_URI = TypeAdapter(Annotated[AnyUrl, UrlConstraints(host_required=False)])


def uri(record: bytes) -> str:
    try:
        return field(str(RESOURCE_URI.validate_python(record.decode())))
    except ValueError:
        return "-"


main()
