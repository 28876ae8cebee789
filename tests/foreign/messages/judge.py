"""Compares what the reader under test lets through with what foreign parsers read in it.

    judge.py FOLDER

FOLDER holds what generate.py wrote (`bodies`, `uris`) and a file of lines by each reader. Records
are a length (32 bits, little endian) and that many bytes; each reader writes one line for each.

Bodies, by a foreign reader (`*.bodies`): `-` where it refuses the body, else a message, or `[` and the
messages of a batch with `|` between them. A message is `-` where it alone is refused, else the fields

    method ; params.name ; params.uri ; params.ref.type ; params.ref.name ; params.ref.uri ; uris

of which `uris` is params.notifications.resourceSubscriptions, with commas. A field is empty, or `=` and
the string's UTF-8 in hexadecimal. What a method does not use may be left out.

Bodies, by the reader under test (`ours.bodies`): `-` for 400, else `P ` (it reaches the server) or `R `
(a rule refuses it) and messages with the fields `method ; names`. A name is `t`, `p` or `r` (tool, prompt,
resource) and hexadecimal, and says by which rule the message is judged.

URIs: `-` where a reader refuses it, else `=` and how it reads it (`*.uris`); `-`, `P` or `R`
(`ours.uris`).

Differences are a message of another method; a name by which a message was not judged, and which a foreign
reader takes for what it is about, or the other way round; a message that reaches the server although a rule
refuses what a foreign reader sees; and a URI that is let through and read as another, or that reaches the
server although a rule refuses what is read (whatever the case of its host). What a foreign
reader refuses is no difference. Too few inputs, too few of them let through, and a foreign reader that
refuses most of them fail as well, since such a run shows nothing.
"""

import struct
import sys
from collections import Counter
from pathlib import Path

# A run that tries less, or lets less through, shows nothing.
LEAST_BODIES = 100_000
LEAST_URIS = 20_000
LEAST_LET_THROUGH = 0.20
# Of the bodies let through, a foreign reader has to read so much.
LEAST_READ = 0.60
# So many kinds of differing inputs are printed for each reader.
SHOWN = 8

# What the endpoint under test refuses (`ours.rs`).
REFUSED_URIS = {b"secret://vault/keys", b"notes://ada/secret", b"https://example.com/"}
REFUSED = {("t", b"secret"), ("p", b"secret"), *(("r", uri) for uri in REFUSED_URIS)}
# The methods whose `uri` is a resource, those of extensions included.
BY_URI = (b"resources/read", b"resources/subscribe", b"resources/unsubscribe",
          b"resources/directory/read", b"skills/get")
SPECIAL = (b"http", b"https", b"ws", b"wss", b"ftp", b"file")


def records(path: Path):
    data = path.read_bytes()
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at)
        yield data[at + 4 : at + 4 + length]
        at += 4 + length


def lines(path: Path, count: int) -> list[str]:
    read = path.read_text().splitlines()
    if len(read) != count:
        sys.exit(f"{path.name}: {len(read)} lines for {count} records")
    return read


def text(field: str) -> bytes | None:
    return bytes.fromhex(field[1:]) if field else None


def about(message: str):
    """The method of a message and the names that its method is about; None where it is refused."""
    if message == "-":
        return None
    method, name, uri, ref_type, ref_name, ref_uri, uris = message.split(";")
    method = text(method)
    match method:
        case b"tools/call":
            names = {("t", text(name))}
        case b"prompts/get":
            names = {("p", text(name))}
        case _ if method in BY_URI:
            names = {("r", text(uri))}
        case b"completion/complete":
            match text(ref_type):
                case b"ref/prompt":
                    names = {("p", text(ref_name))}
                case b"ref/resource":
                    names = {("r", text(ref_uri))}
                # A lenient server may go by what there is.
                case _:
                    names = {("p", text(ref_name)), ("r", text(ref_uri))}
        case b"subscriptions/listen":
            names = {("r", text(uri)) for uri in uris.split(",")}
        case _:
            names = set()
    return method, {(kind, name) for kind, name in names if name is not None}


def judged(message: str):
    method, names = message.split(";")
    return text(method), {(name[0], bytes.fromhex(name[1:])) for name in names.split(",") if name}


def split(line: str) -> tuple[bool, list[str]]:
    batch = line.startswith("[")
    return batch, line.removeprefix("[").split("|")


def difference(ours: str, theirs: str) -> tuple[str, str] | None:
    """How a body that is let through is read otherwise: a word or two for the kind, and how."""
    passes, ours = ours[0] == "P", ours[2:]
    our_batch, our_messages = split(ours)
    their_batch, their_messages = split(theirs)
    if (our_batch, len(our_messages)) != (their_batch, len(their_messages)):
        return "messages", f"{len(their_messages)} messages for {len(our_messages)}"
    for our_message, their_message in zip(our_messages, their_messages):
        read = about(their_message)
        if read is None:
            continue
        judgement = judged(our_message)
        if not is_judged(read, judgement):
            kind = "another method" if read[0] != judgement[0] else f"names of {escaped(read[0])}"
            return kind, f"read as {shown(read)}, judged as {shown(judgement)}"
        if passes and any(is_refused(read[0], *name) for name in read[1]):
            return "refused by a rule", f"read as {shown(read)}"
    return None


def is_judged(read, judgement) -> bool:
    """Whether the message was judged by what it is about. A `ref` with a name and a URI may be judged by
    both, since a server may look for either."""
    (method, names), (judged_method, judged_names) = read, judgement
    both = method == b"completion/complete" and names <= judged_names
    return method == judged_method and (names == judged_names or both)


def is_refused(method: bytes | None, kind: str, name: bytes) -> bool:
    """Whether a rule refuses this, or anything that this URI template might expand to (RFC 6570)."""
    prefix, brace, _ = name.partition(b"{")
    if kind == "r" and brace and method == b"completion/complete":
        return any(uri.startswith(prefix) for uri in REFUSED_URIS)
    return (kind, name) in REFUSED


def shown(what) -> str:
    method, names = what
    return f"{escaped(method)} {', '.join(f'{kind}:{escaped(name)}' for kind, name in sorted(names))}"


def escaped(data: bytes | None) -> str:
    """As ASCII, so that what looks alike is told apart."""
    return "nothing" if data is None else ascii(data.decode("utf-8", "surrogateescape"))[1:-1]


def uri_difference(uri: bytes, ours: str, theirs: str) -> tuple[str, str] | None:
    """How a URI that is let through is read otherwise, or is what a rule refuses."""
    read = text(theirs)
    scheme = uri.partition(b":")[0]
    kind = f"{escaped(scheme.lower())}:"
    if read not in (uri, with_root(uri)):
        return kind, f"read as {escaped(read)}"
    if ours == "P" and {read, with_lower_host(read)} & REFUSED_URIS:
        return "refused by a rule", f"read as {escaped(read)}"
    return None


def with_root(uri: bytes) -> bytes:
    """With the slash that a special scheme with an empty path gets (WHATWG URL)."""
    scheme, slashes, rest = uri.partition(b"://")
    end = min((rest + b"/?#").index(sign) for sign in b"/?#")
    if scheme not in SPECIAL or rest[end : end + 1] == b"/":
        return uri
    return scheme + slashes + rest[:end] + b"/" + rest[end:]


def with_lower_host(uri: bytes) -> bytes:
    """As servers read it that take every host for a name of DNS."""
    scheme, slashes, rest = uri.partition(b"://")
    host, slash, path = rest.partition(b"/")
    return scheme + slashes + host.lower() + slash + path


class Comparison:
    """One sort of input: what was tried, what was let through, and what is read otherwise."""

    def __init__(self, folder: Path, sort: str, least: int, difference) -> None:
        self.sort = sort
        self.failures = []
        inputs = list(records(folder / sort))
        ours = lines(folder / f"ours.{sort}", len(inputs))
        through = [index for index, line in enumerate(ours) if line != "-"]
        passed = sum(ours[index].startswith("P") for index in through)
        share = len(through) / len(inputs)
        print(f"{sort} tried: {len(inputs)}")
        print(f"{sort} let through: {len(through)} ({share:.0%}; {passed} reach the server, "
              f"{len(through) - passed} are refused by a rule)")
        if len(inputs) < least:
            self.failures.append(f"fewer than {least} {sort}")
        if share < LEAST_LET_THROUGH:
            self.failures.append(f"less than {LEAST_LET_THROUGH:.0%} of the {sort} let through")
        self.differing = set()
        readers = [path for path in sorted(folder.glob(f"*.{sort}")) if path.stem != "ours"]
        self.readers = len(readers)
        self.agreeing = 0
        for path in readers:
            theirs = lines(path, len(inputs))
            read = [index for index in through if theirs[index] != "-"]
            found = [(index, why) for index in read
                     if (why := difference(inputs[index], ours[index], theirs[index]))]
            self.agreeing += not found
            print(f"  {path.stem:<18} reads {len(read):>6}, differing: {len(found)}")
            self.show(inputs, found)
            self.differing.update(index for index, _ in found)
            if len(read) < LEAST_READ * len(through):
                self.failures.append(f"{path.stem} reads fewer than {LEAST_READ:.0%} of the {sort}")
        if not readers:
            self.failures.append(f"nobody else reads the {sort}")

    def show(self, inputs, found) -> None:
        """The shortest input of each kind, the most common kinds first."""
        kinds = Counter(kind for _, (kind, _) in found)
        for kind, count in kinds.most_common(SHOWN):
            alike = [(inputs[index], how) for index, (of, how) in found if of == kind]
            shortest, how = min(alike, key=lambda one: len(one[0]))
            print(f"    {count} × {kind}: {how}\n      {escaped(shortest[:400])}")


def main() -> None:
    folder = Path(sys.argv[1])
    bodies = Comparison(folder, "bodies", LEAST_BODIES,
                        lambda _, ours, theirs: difference(ours, theirs))
    uris = Comparison(folder, "uris", LEAST_URIS, uri_difference)
    differences = len(bodies.differing) + len(uris.differing)
    print(f"differences: {differences}")
    failures = bodies.failures + uris.failures
    for failure in failures:
        print(f"FAILED: {failure}")
    agreeing = bodies.agreeing + uris.agreeing
    failed = bodies.readers + uris.readers - agreeing + len(failures)
    print(f"{agreeing} passed, {failed} failed")
    sys.exit(failed > 0)


main()
