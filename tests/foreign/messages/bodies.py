"""One JSON-RPC body: valid MCP messages, mutated in their structure, their spelling and their bytes.

A message is a tree of `Object` (pairs, so that a name can occur twice), lists, strings and `Raw`
(text that is written as it is). Strings may hold lone surrogates, which are written as escapes.
"""

import spelling
from spelling import Object, Raw

# What the rules of the reader under test refuse, and what they leave open: see `ours.rs`.
TOOLS = ["open", "secret", "add", "delete_bookmark"]
PROMPTS = ["open", "secret", "daily"]
URIS = ["notes://ada/1", "secret://vault/keys", "file:///a/b", "https://example.com/x"]
TEMPLATES = ["notes://ada/{id}", "secret://vault/{+path}", "{+uri}", "file:///{path}"]

VERSIONS = ["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]

# The members by which a method, and what it is about, is known, by the object that holds them.
DECIDING = {
    "message": ["method", "params", "id", "result", "error", "jsonrpc"],
    "params": ["name", "uri", "ref", "notifications", "arguments", "_meta"],
    "ref": ["type", "name", "uri"],
    "notifications": ["resourceSubscriptions"],
}


def tool(rng):
    return [["name", rng.choice(TOOLS)], ["arguments", free(rng)]]


def prompt(rng):
    return [["name", rng.choice(PROMPTS)], ["arguments", Object([["topic", "x"]])]]


def resource(rng):
    return [["uri", rng.choice(URIS)]]


def completion(rng):
    if rng.random() < 0.5:
        ref = [["type", "ref/prompt"], ["name", rng.choice(PROMPTS)]]
    else:
        ref = [["type", "ref/resource"], ["uri", rng.choice(URIS + TEMPLATES)]]
    argument = Object([["name", "topic"], ["value", "x"]])
    members = [["ref", Object(ref)], ["argument", argument]]
    if rng.random() < 0.3:
        members.append(["context", Object([["arguments", free(rng)]])])
    return members


def listen(rng):
    wanted = [["toolsListChanged", Raw("true")]]
    if rng.random() < 0.8:
        uris = [rng.choice(URIS) for _ in range(rng.randrange(4))]
        wanted.append(["resourceSubscriptions", uris])
    return [["notifications", Object(wanted)]]


def task(rng):
    return [["taskId", "786512e2-9e0d-44bd-8f29-789f320fe840"]]


def initialize(rng):
    return [
        ["protocolVersion", rng.choice(VERSIONS)],
        ["capabilities", Object([])],
        ["clientInfo", Object([["name", "client"], ["version", "1"]])],
    ]


def nothing(rng):
    return []


# Every method of the revisions 2024-11-05 to 2026-07-28, those that servers send included, two of
# extensions, and one that nobody knows. Methods with names occur more often.
METHODS = {
    "tools/call": (24, tool),
    "prompts/get": (10, prompt),
    "resources/read": (12, resource),
    "resources/subscribe": (6, resource),
    "resources/unsubscribe": (4, resource),
    "completion/complete": (14, completion),
    "subscriptions/listen": (12, listen),
    "resources/directory/read": (2, resource),
    "skills/get": (1, resource),
    "initialize": (2, initialize),
    "server/discover": (1, nothing),
    "ping": (4, nothing),
    "tools/list": (2, nothing),
    "prompts/list": (1, nothing),
    "resources/list": (1, lambda rng: [["cursor", "abc"]]),
    "resources/templates/list": (1, nothing),
    "logging/setLevel": (1, lambda rng: [["level", "info"]]),
    "tasks/get": (1, task),
    "tasks/result": (1, task),
    "tasks/cancel": (1, task),
    "tasks/update": (1, task),
    "tasks/list": (1, nothing),
    "sampling/createMessage": (1, lambda rng: [["messages", []], ["maxTokens", Raw("5")]]),
    "elicitation/create": (1, lambda rng: [["message", "?"], ["requestedSchema", Object([])]]),
    "roots/list": (1, nothing),
    "notifications/initialized": (1, nothing),
    "notifications/cancelled": (1, lambda rng: [["requestId", Raw("3")], ["reason", "late"]]),
    "notifications/progress": (1, lambda rng: [["progressToken", "t"], ["progress", Raw("0.5")]]),
    "notifications/message": (1, lambda rng: [["level", "info"], ["data", "x"]]),
    "notifications/resources/updated": (1, resource),
    "notifications/resources/list_changed": (1, nothing),
    "notifications/roots/list_changed": (1, nothing),
    "notifications/tools/list_changed": (1, nothing),
    "notifications/prompts/list_changed": (1, nothing),
    "notifications/tasks/status": (1, task),
    "notifications/elicitation/complete": (1, lambda rng: [["elicitationId", "e"]]),
    "notifications/subscriptions/acknowledged": (1, listen),
    "example/unknown": (1, tool),
}
WEIGHTS = [weight for weight, _ in METHODS.values()]


def message(rng) -> Object:
    if rng.random() < 0.04:
        return response(rng)
    (method,) = rng.choices(list(METHODS), WEIGHTS)
    members = [["jsonrpc", "2.0"]]
    if not method.startswith("notifications/"):
        members.append(["id", identifier(rng)])
    members.append(["method", method])
    params = METHODS[method][1](rng)
    if rng.random() < 0.3:
        version = ["io.modelcontextprotocol/protocolVersion", rng.choice(VERSIONS)]
        params.append(["_meta", Object([version] + free(rng)[:2])])
    if params or rng.random() < 0.5:
        members.append(["params", Object(params)])
    return Object(members)


def response(rng) -> Object:
    if rng.random() < 0.5:
        what = ["result", free(rng)]
    else:
        what = ["error", Object([["code", Raw("-32600")], ["message", "no"]])]
    return Object([["jsonrpc", "2.0"], ["id", identifier(rng)], what])


def identifier(rng):
    return rng.choice([Raw(str(rng.randrange(100))), "abc", Raw(str(rng.randrange(2**63)))])


def free(rng) -> Object:
    """Members that decide nothing: every name and value goes there."""
    members = Object([])
    names = ["a", "name", "method", "uri", "b c", "\u00fc", "ref", "", "x-y", "$ref"]
    for name in rng.sample(names, rng.randrange(4)):
        if rng.random() < 0.25:
            name = spelling.lookalike(name, rng)
        members.append([name, value(rng)])
    return members


def value(rng, depth=0):
    kind = rng.randrange(8 if depth < 3 else 5)
    match kind:
        case 0:
            return Raw(rng.choice(["true", "false", "null"]))
        case 1:
            return Raw(rng.choice(spelling.NUMBERS))
        case 2 | 3:
            return rng.choice(["secret", "x", "tools/call", "\u2028 line", "\U0001f512", "a\nb", ""])
        case 4:
            return spelling.lookalike("secret", rng)
        case 5:
            return [value(rng, depth + 1) for _ in range(rng.randrange(3))]
        case _:
            names = ["name", "method", "c", "params"]
            return Object([[n, value(rng, depth + 1)] for n in rng.sample(names, rng.randrange(4))])


def objects(tree: Object):
    """The objects of a message that hold deciding members: what each is, and the object."""
    yield "message", tree
    for name, params in tree:
        if name == "params" and isinstance(params, Object):
            yield "params", params
            for name, inner in params:
                if name in ("ref", "notifications") and isinstance(inner, Object):
                    yield name, inner


def other_value(kind: str, name: str, rng):
    """What a caller who deceives the check would put there."""
    match name:
        case "method":
            return rng.choice(["tools/call", "resources/read", "ping", "prompts/get"])
        case "params":
            return Object([["name", "secret"], ["uri", "secret://vault/keys"]])
        case "uri":
            return "secret://vault/keys"
        case "type":
            return rng.choice(["ref/prompt", "ref/resource"])
        case "ref":
            return Object([["type", "ref/prompt"], ["name", "secret"]])
        case "notifications":
            return Object([["resourceSubscriptions", ["secret://vault/keys"]]])
        case "resourceSubscriptions":
            return ["secret://vault/keys"]
        case "id":
            return identifier(rng)
        case "result" | "error" | "arguments" | "_meta":
            return free(rng)
        case "jsonrpc":
            return "2.0"
        case _:
            return "secret"


def put(members: Object, member: list, rng) -> None:
    members.insert(rng.randint(0, len(members)), member)


def add_lookalike(tree, rng):
    kind, members = rng.choice(list(objects(tree)))
    name = rng.choice(DECIDING[kind])
    put(members, [spelling.lookalike(name, rng), other_value(kind, name, rng)], rng)


def add_folded(tree, rng):
    """Another member beside the one that decides, or in its place, whose name folds to the same."""
    kind, members = rng.choice(list(objects(tree)))
    name = rng.choice([name for name in DECIDING[kind] if "s" in name] or [None])
    if name is None:
        return
    if rng.random() < 0.3:
        members[:] = [member for member in members if member[0] != name]
    put(members, [spelling.folded(name, rng), other_value(kind, name, rng)], rng)


def rename(tree, rng):
    kind, members = rng.choice(list(objects(tree)))
    if members:
        member = rng.choice(members)
        member[0] = spelling.lookalike(member[0], rng)


def duplicate(tree, rng):
    kind, members = rng.choice(list(objects(tree)))
    name = rng.choice(DECIDING[kind])
    put(members, [name, other_value(kind, name, rng)], rng)


def change_text(tree, rng):
    kind, members = rng.choice(list(objects(tree)))
    texts = [member for member in members if isinstance(member[1], str)]
    lists = [member[1] for _, held in objects(tree) for member in held if type(member[1]) is list]
    if lists and rng.random() < 0.4:
        items = rng.choice(lists)
        items.append(spelling.lookalike("secret://vault/keys", rng))
    elif texts:
        member = rng.choice(texts)
        member[1] = spelling.lookalike(member[1], rng)


def change_type(tree, rng):
    kind, members = rng.choice(list(objects(tree)))
    if members:
        rng.choice(members)[1] = value(rng)


def by_position(tree, rng):
    """An object as the array of its values, as some parsers read structs."""
    held = [(members, index) for _, members in objects(tree) for index, (_, inner) in
            enumerate(members) if isinstance(inner, Object)]
    if held:
        members, index = rng.choice(held)
        values = [inner for _, inner in members[index][1]]
        if rng.random() < 0.3:
            values = [Raw("null"), *values]
        members[index][1] = values


def move(tree, rng):
    """A deciding member in another of the objects, or in what decides nothing."""
    places = list(objects(tree))
    _, source = rng.choice(places)
    _, target = rng.choice(places)
    if source:
        name, inner = rng.choice(source)
        if rng.random() < 0.5:
            source.remove([name, inner])
        if not contains(inner, target):
            put(target, [name, inner], rng)


def contains(inner, target) -> bool:
    if inner is target:
        return True
    values = [v for _, v in inner] if isinstance(inner, Object) else inner
    return isinstance(values, list) and any(contains(value, target) for value in values)


def prototype(tree, rng):
    kind, members = rng.choice(list(objects(tree)))
    name = rng.choice(DECIDING[kind])
    inner = Object([[name, other_value(kind, name, rng)]])
    put(members, [rng.choice(["__proto__", "constructor", "toString", "$type", "@type"]), inner], rng)


def remove(tree, rng):
    kind, members = rng.choice(list(objects(tree)))
    if members:
        members.pop(rng.randrange(len(members)))


def deepen(tree, rng):
    levels = rng.choice([5, 30, 100, 120, 126, 127, 128, 129, 200, 1200])
    opening, closing = rng.choice([("[", "]"), ('{"a":', "}")])
    inner = rng.choice(["1", '"secret"', '{"name":"secret"}'])
    free_member(tree, Raw(opening * levels + inner + closing * levels), rng)


def number(tree, rng):
    number = Raw(rng.choice(spelling.NUMBERS + spelling.BAD_NUMBERS))
    if rng.random() < 0.3:
        for member in tree:
            if member[0] == "id":
                member[1] = number
    else:
        free_member(tree, number, rng)


def long_text(tree, rng):
    free_member(tree, rng.choice(["x", "\u20ac", '"', "\\"]) * rng.choice([100, 1000, 2500]), rng)


def decorate(tree, rng):
    """What must change nothing: odd names and values where they are free."""
    free_member(tree, free(rng), rng)


def free_member(tree, inner, rng):
    """A member of `arguments` or `_meta`, or beside what decides."""
    params = next((inner for name, inner in tree if name == "params"), None)
    if not isinstance(params, Object):
        put(tree, ["extra", inner], rng)
        return
    where = rng.choice(["arguments", "_meta", "extra"])
    held = next((value for name, value in params if name == where), None)
    if isinstance(held, Object):
        put(held, [rng.choice(["extra", "e x t r a", "\u017f"]), inner], rng)
    elif held is None:
        put(params, [where, Object([["extra", inner]])], rng)


def shuffle(tree, rng):
    for _, members in list(objects(tree)):
        rng.shuffle(members)


MUTATIONS = {
    add_lookalike: 8,
    add_folded: 3,
    rename: 5,
    duplicate: 3,
    change_text: 6,
    change_type: 3,
    by_position: 3,
    move: 3,
    prototype: 2,
    remove: 2,
    deepen: 3,
    number: 4,
    long_text: 1,
    decorate: 10,
    shuffle: 10,
}


def mutate(trees, rng) -> None:
    (change,) = rng.choices(list(MUTATIONS), MUTATIONS.values())
    change(rng.choice(trees), rng)


def body(rng) -> bytes:
    count = rng.choices([1, 2, 3], [88, 8, 4])[0]
    trees = [message(rng) for _ in range(count)]
    for _ in range(rng.choices([0, 1, 2, 3], [1, 6, 3, 1])[0]):
        mutate(trees, rng)
    document = trees[0] if count == 1 and rng.random() < 0.96 else list(trees)
    if rng.random() < 0.01:
        document = rng.choice([[], [document], [*trees, []], [*trees, Raw("1")], [*trees, trees[0]]])
    written = spelling.write(document, rng)
    if rng.random() < 0.14:
        written = spelling.break_bytes(written, rng)
    return written
