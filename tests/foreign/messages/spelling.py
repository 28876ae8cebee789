"""How names, strings, numbers and whole documents are spelled, well and badly."""

import re


class Object(list):
    """The members of an object: `[name, value]`, in their order, a name maybe twice."""


class Raw(str):
    """Text that is written as it is."""


NUMBERS = [
    "0", "-0", "1", "-1", "1.5", "1e5", "1E+5", "1.0e-7", "9007199254740993", "18446744073709551616",
    "123456789012345678901234567890", "1e308", "1e-400", "0.1234567890123456789", "-9223372036854775809",
]
BAD_NUMBERS = [
    "1e400", "-1e999", "01", "-01", "+1", ".5", "1.", "1e", "1e+", "0x10", "1_000", "NaN", "Infinity",
    "-Infinity", "-", "1n", "1f", "\u0661", "1e99999999999999999999", "--1", "0b1", "1,5",
]

# What folds or looks like an ASCII letter: by Unicode's case folding, by width, or by shape. The first
# of `s` and of `k` are the two that Go's encoding/json takes for the letter.
ALIKE = {
    "s": ["\u017f", "S", "\uff53", "\u0455", "\u1e9e", "\U0001d42c"],
    "k": ["\u212a", "K", "\uff4b", "\u043a"],
    "i": ["\u0130", "\u0131", "I", "\u0456", "\uff49", "i\u0307"],
    "e": ["E", "\u0435", "\uff45", "\u212f", "e\u0301", "\u00e9"],
    "a": ["A", "\u0430", "\uff41", "\u00aa", "\u00e5", "\u212b"],
    "o": ["O", "\u043e", "\uff4f", "\u00ba", "\u2134"],
    "n": ["N", "\uff4e", "\u207f"],
    "m": ["M", "\uff4d", "\u217f"],
    "r": ["R", "\uff52", "\u1d63"],
    "u": ["U", "\uff55", "\u00b5"],
    "p": ["P", "\u0440", "\uff50"],
    "t": ["T", "\uff54", "\u1d57"],
    "d": ["D", "\uff44", "\u217e"],
    "f": ["F", "\uff46", "\ufb00"],
    "/": ["\u2215", "\uff0f", "\\", "%2f", "//"],
    ":": ["\uff1a", "%3a"],
    "_": ["-", "\uff3f", ""],
    ".": ["\u3002", "%2e", ".."],
}
BLANKS = [
    " ", "\t", "\n", "\r", "\u00a0", "\u0085", "\u2003", "\u3000", "\u200b", "\u2060", "\ufeff", "\u180e",
    "\v", "\f", "\u2028", "\u1680",
]
CONTROLS = ["\0", "\x01", "\x08", "\x1b", "\x1f", "\x7f", "\x80", "\x9f", "\u00ad", "\u202e", "\u200d"]
ODD = ["\ufffd", "\uffff", "\ud800", "\udc00", "\udbff", "\U0010ffff", "\u0301", "\ue000", "\U000e0001"]


def lookalike(text: str, rng) -> str:
    """Another text that somebody might take for this one."""
    match rng.randrange(14):
        case 0 | 1 | 2 | 3:
            places = [index for index, c in enumerate(text) if c.lower() in ALIKE]
            if not places:
                return text + rng.choice(CONTROLS)
            at = rng.choice(places)
            # Folding is what parsers are known to do.
            if rng.random() < 0.5 and folded(text, rng) != text:
                return folded(text, rng)
            return text[:at] + rng.choice(ALIKE[text[at].lower()]) + text[at + 1 :]
        case 4:
            return rng.choice([text.upper(), text.title(), text.swapcase(), text.capitalize()])
        case 5:
            at = rng.randint(0, len(text))
            return text[:at] + text[at : at + 1].swapcase() + text[at + 1 :]
        case 6 | 7:
            return text + "\0" + rng.choice(["", "", "x", " ", text])
        case 8:
            return text + rng.choice(BLANKS)
        case 9:
            return rng.choice(BLANKS) + text
        case 10:
            at = rng.randint(0, len(text))
            return text[:at] + rng.choice(BLANKS + CONTROLS + ODD) + text[at:]
        case 11:
            return text + rng.choice(CONTROLS + ODD)
        case 12:
            return rng.choice(["[]", "$", "@", "-", "_", ".", "/", "~1", "\\u0000", "\\"]).join([text, ""])
        case _:
            return rng.choice([text[:-1], text + text[-1:], text[::-1], re.sub("[aeiou]", "", text), ""])


def folded(text: str, rng) -> str:
    """The text with one letter that Unicode's simple folding takes for `s` or `k`, if it has one."""
    places = [index for index, c in enumerate(text) if c in "sk"]
    if not places:
        return text
    at = rng.choice(places)
    return text[:at] + ALIKE[text[at]][0] + text[at + 1 :]


SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def write_text(text: str, rng, escapes: float) -> str:
    written = []
    for c in text:
        code = ord(c)
        must = c in SHORT or code < 0x20 or 0xD800 <= code < 0xE000
        if must or (escapes and rng.random() < escapes):
            if c in SHORT and rng.random() < 0.6:
                written.append(SHORT[c])
            elif c == "/" and rng.random() < 0.5:
                written.append("\\/")
            else:
                written.append(escaped(code, rng))
        else:
            written.append(c)
    return '"' + "".join(written) + '"'


def escaped(code: int, rng) -> str:
    digits = "{:04x}" if rng.random() < 0.5 else "{:04X}"
    if code > 0xFFFF:
        code -= 0x10000
        pair = (0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF))
        return "".join("\\u" + digits.format(half) for half in pair)
    return "\\u" + digits.format(code)


def write(document, rng) -> bytes:
    """The document as text: compact or not, with more or fewer escapes."""
    gaps = rng.choices([0.0, 0.1, 0.5], [5, 3, 2])[0]
    escapes = rng.choices([0.0, 0.02, 0.3, 1.0], [6, 2, 1, 1])[0]

    def gap() -> str:
        if gaps and rng.random() < gaps:
            return rng.choice([" ", "  ", "\n", "\r\n", "\t"])
        return ""

    def text_of(node) -> str:
        if isinstance(node, Raw):
            return str(node)
        if isinstance(node, str):
            return write_text(node, rng, escapes)
        if isinstance(node, Object):
            members = (
                f"{gap()}{write_text(name, rng, escapes)}{gap()}:{gap()}{text_of(inner)}{gap()}"
                for name, inner in node
            )
            return "{" + ",".join(members) + "}"
        return "[" + ",".join(f"{gap()}{text_of(inner)}{gap()}" for inner in node) + "]"

    return (gap() + text_of(document) + gap()).encode()


# Bytes that are put somewhere: signs of JSON, comments, blanks that JSON has not, and UTF-8 that is
# none (overlong forms of `e` and NUL, a surrogate, a code point beyond the last, halves).
PIECES = [
    b'"', b"'", b"\\", b",", b":", b"{", b"}", b"[", b"]", b"/**/", b"//x\n", b"#", b"\0", b"\x0b",
    b"\x0c", b"\x01", b"\x1f", b"\x7f", b"\xc2\xa0", b"\xc2\x85", b"\xe2\x80\xa8", b"\xef\xbb\xbf",
    b"\xc1\xa5", b"\xc0\x80", b"\xed\xa0\x80", b"\xed\xb0\x80", b"\xf4\x90\x80\x80", b"\xff", b"\xfe",
    b"\x80", b"\xc3", b"\xe2\x82", b"\\u0000", b"\\x6e", b"\\'", b"\\uZZZZ", b"\\u{6e}", b"\\a", b"\\0",
    b"\\ud800", b"\\udc00", b"\\u00", b"undefined", b"null", b"NaN", b" ", b"\n", b"e", b"0", b"-", b"_",
]


def break_bytes(written: bytes, rng) -> bytes:
    at = rng.randint(0, len(written))
    match rng.randrange(14):
        case 0 | 1 | 2:
            return written[:at] + rng.choice(PIECES) + written[at:]
        case 3:
            return written[:at] + bytes([rng.randrange(256)]) + written[at + 1 :]
        case 4:
            if not written:
                return written
            at = rng.randrange(len(written))
            return written[:at] + bytes([written[at] ^ 1 << rng.randrange(8)]) + written[at + 1 :]
        case 5:
            return written[:at]
        case 6:
            return written[:at] + written[at + rng.randint(1, 8) :]
        case 7:
            return rng.choice([b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b"\x1e", b")]}',\n", b"\x0c", b"//\n"]) + written
        case 8:
            second = b'{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"secret"}}'
            return written + rng.choice([b"\0", b"\n", b" x", b"}", b"]", b",", b"\x1a", b";", b"/**/"]) + rng.choice([b"", second])
        case 9:
            text = written.decode()
            return text.encode(rng.choice(["utf-16-le", "utf-16-be", "utf-16", "utf-32", "utf-8-sig"]))
        case 10:
            return re.sub(rb"([}\]])", rb",\1", written, count=1)
        case 11:
            old, new = rng.choice([(b'"', b"'"), (b'"', b""), (b":", b"="), (b",", b";"), (b",", b""), (b",", b",,")])
            return written.replace(old, new, rng.choice([1, 2, -1]))
        case 12:
            # A line break or another control within a string, as it is.
            quote = written.find(b'"', at)
            return written[: quote + 1] + rng.choice([b"\n", b"\t", b"\0", b"\r", b"\x7f"]) + written[quote + 1 :]
        case _:
            end = min(len(written), at + rng.randint(1, 30))
            return written[:end] + written[at:end] + written[end:]
