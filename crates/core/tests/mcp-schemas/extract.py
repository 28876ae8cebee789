#!/usr/bin/env python3
"""Extracts from a schema of MCP what the test `behaviour/mcp_methods.rs` reads: each method that a
client may send, with every member of its `params`, down to strings, numbers and open objects.

    extract.py REVISION COMMIT SCHEMA > REVISION.json

SCHEMA is `schema/REVISION/schema.json` of github.com/modelcontextprotocol/modelcontextprotocol at
COMMIT, or `mcp_schema.rs` of the crate rust-mcp-schema, which repeats each definition of that file
in a comment (COMMIT is then the `Hash` in its first lines).

`_meta` is left out: its members are free, and none of them names a tool, a prompt or a resource.
"""

import json
import re
import sys


def definitions_in_comments(text):
    """The definitions that stand before the Rust types that were generated from them."""
    found = {}
    pattern = r"^/// ```json\n((?:///.*\n)+?)/// ```\n(?:///.*\n|#\[.*\n)*pub (?:struct|enum) (\w+)"
    for comment, name in re.findall(pattern, text, re.MULTILINE):
        found[name] = json.loads("\n".join(line[3:] for line in comment.splitlines()))
    return found


def read(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if path.endswith(".rs"):
        return definitions_in_comments(text)
    schema = json.loads(text)
    return schema.get("$defs") or schema["definitions"]


class Extract:
    def __init__(self, definitions):
        self.definitions = definitions

    def resolved(self, schema):
        while "$ref" in schema:
            # The Rust crate leaves a few definitions out; such a value counts as an open object.
            schema = self.definitions.get(schema["$ref"].split("/")[-1], {"type": "object"})
        return schema

    def leaves(self, schema, path, found):
        schema = self.resolved(schema)
        choices = [choice for key in ("anyOf", "oneOf", "allOf") for choice in schema.get(key, [])]
        for choice in choices:
            self.leaves(choice, path, found)
        for name, member in schema.get("properties", {}).items():
            if name != "_meta":
                self.leaves(member, f"{path}.{name}", found)
        if "items" in schema:
            self.leaves(schema["items"], f"{path}[]", found)
        if not choices and not schema.get("properties") and "items" not in schema:
            kind = schema.get("type", "any")
            kinds = found.setdefault(path, [])
            for one in kind if isinstance(kind, list) else [kind]:
                one = f"{one} {schema['const']!r}" if "const" in schema else one
                if one not in kinds:
                    kinds.append(one)

    def methods(self, name, found):
        """Those of a definition that is a message, or a choice of messages."""
        schema = self.resolved(self.definitions[name])
        for choice in schema.get("anyOf", []):
            self.methods(choice["$ref"].split("/")[-1], found)
        method = schema.get("properties", {}).get("method", {}).get("const")
        if method is not None:
            params = {}
            if "params" in schema["properties"]:
                self.leaves(schema["properties"]["params"], "params", params)
            # Without members of its own it is an open object, such as `params` of `ping`.
            params.pop("params", None)
            found[method] = {path: " or ".join(sorted(params[path])) for path in sorted(params)}


def main():
    revision, commit, path = sys.argv[1:]
    extract = Extract(read(path))
    methods = {}
    for name in ("ClientRequest", "ClientNotification"):
        extract.methods(name, methods)
    source = {
        "repository": "github.com/modelcontextprotocol/modelcontextprotocol",
        "path": f"schema/{revision}/schema.json",
        "commit": commit,
    }
    if path.endswith(".rs"):
        source["through"] = "the crate rust-mcp-schema 2.0.0"
    result = {"revision": revision, "source": source, "methods": dict(sorted(methods.items()))}
    print(json.dumps(result, indent=1))


main()
