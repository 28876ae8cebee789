"""One URI: those of resources, in every spelling that a parser of URLs might undo."""

import spelling

SEEDS = [
    "secret://vault/keys", "secret://vault/keys", "secret://vault/keys", "secret://vault/x/keys",
    "secret://vault/", "secret://vault", "secret:vault/keys", "secret:/vault/keys", "secret:///vault/keys",
    "notes://ada/secret", "notes://Ada/secret", "file:///a/b", "file:///C:/a", "http://example.com/x",
    "https://example.com", "https://example.com/", "https://example.com:8443/x?a=b#c",
    "http://127.0.0.1/x", "http://[::1]/x", "https://user:pw@example.com/x", "urn:isbn:0451450523",
    "ui://widget/index.html", "data:text/plain,hello", "mailto:ada@example.com", "notes://ada/1", "ws://example.com/s",
    "git+ssh://example.com/r.git", "db://table/row/1", "screen://localhost/display1", "memo:", "a:b", "secret",
    "https://xn--bcher-kva.example/x", "https://example.com/a%20b", "secret://vault/ke%C3%A9s?x=%2F",
]
PATHS = [
    "/./", "/../", "/x/../", "/%2e/", "/%2E%2E/", "/.%2e/", "/x/%2e%2e/", "//", "/;/", "/...", "/..", "/.", "\\",
    "/%2F", "/%5C", "/x/%2E./",
]
ENDS = ["", "?", "#", "?x", "#x", "/", "/.", "/..", "%20", " ", "\n", "\t", "\0", "%00", ".", "%", "%4", "%zz", ";", "?#", "##"]
HOSTS = [
    "VAULT", "Vault", "vault.", "v%61ult", "vault%2E", "ada@vault", ":@vault", "vault:", "vault:80", "vault:443",
    "vault:0", "vault:99999", "[::1]", "[::0001]", "0x7f.1", "127.1", "127.0.0.1", "2130706433", "xn--nxa", "v\u00e4ult",
    "vau\u00adlt", "vault%00", "va ult", "va|ult", "va^ult", "va<ult", "[vault]", "\uff56ault", "EXAMPLE.com", "ex\u0131mple",
]
INSERTED = [
    "\t", "\n", "\r", " ", "\0", "\x7f", "\u00a0", "\u2028", "\ufeff", "\u00e9", "e\u0301", "\U0001f511", '"', "<", ">", "`", "{", "}",
    "|", "^", "\\", "[", "]", "'", "%", "%41", "%7e", "%7E", "%c3%a9", "%C3%a9", "%0a", "%25", "%2f", "@", ":", "/", "?", "#", ";",
    "&", "+", "~", "\ud800", "\uffff", "\u0378", "*", "$", "!", "(", ",",
]
SCHEMES = ["SECRET", "Secret", "secret ", " secret", "http", "https", "file", "ws", "wss", "ftp", "FILE", "blob", "javascript", "1a", "s%65cret"]


def change(uri: str, rng) -> str:
    scheme, colon, rest = uri.partition(":")
    at = rng.randint(0, len(uri))
    match rng.randrange(14):
        case 0:
            return spelling.lookalike(uri, rng)
        case 1:
            return rng.choice(SCHEMES) + colon + rest
        case 2:
            return rng.choice([uri.upper(), uri.title(), scheme.upper() + colon + rest])
        case 3 | 4:
            slashes = [index for index, c in enumerate(uri) if c == "/"]
            at = rng.choice(slashes or [len(uri)])
            return uri[:at] + rng.choice(PATHS) + uri[at + 1 :]
        case 5:
            return uri + rng.choice(ENDS)
        case 6 | 7:
            before, slashes, after = rest.partition("//")
            if not slashes:
                return uri[:at] + rng.choice(INSERTED) + uri[at:]
            _, slash, path = after.partition("/")
            return f"{scheme}:{before}//{rng.choice(HOSTS)}{slash}{path}"
        case 8:
            if not uri:
                return uri
            at = rng.randrange(len(uri))
            triplet = "".join(f"%{byte:02x}" for byte in uri[at].encode("utf-8", "surrogatepass"))
            return uri[:at] + rng.choice([triplet, triplet.upper()]) + uri[at + 1 :]
        case 9:
            return rng.choice([" ", "\t", "\n", "\0", "\x1f", "\ufeff", "\u00a0", "//", "/", "<", "url:"]) + uri
        case _:
            return uri[:at] + rng.choice(INSERTED) + uri[at:]


def plain(rng) -> str:
    """A URI that most parsers leave as it is."""
    scheme = rng.choice(["secret", "notes", "file", "https", "ui", "db", "http"])
    host = rng.choice(["vault", "ada", "example.com", "localhost", "a-b.c", "Ada", ""])
    if scheme in ("https", "http"):
        host = host.lower() or "example.com"
    segments = [rng.choice(["keys", "x", "a%20b", "%C3%A9", "1", "", "a.b", "~u", "k=v;p", "@x", "a:b", "!$&'()*+,", "..."])
                for _ in range(rng.randrange(4))]
    path = "".join("/" + segment for segment in segments)
    return f"{scheme}://{host}{path}" + rng.choice(["", "", "", "?q=1", "#f", "?a=b&c=%2F#g"])


def uri(rng) -> bytes:
    if rng.random() < 0.35:
        uri = plain(rng)
        changes = rng.choices([0, 1], [7, 3])[0]
    else:
        uri = rng.choice(SEEDS)
        changes = rng.choices([0, 1, 2], [2, 6, 2])[0]
    for _ in range(changes):
        uri = change(uri, rng)
    # A lone surrogate cannot stand in a body that anybody accepts.
    return uri.encode("utf-8", "replace")
