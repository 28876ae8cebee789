"""The list of good and bad tokens, made with whatever library signs them."""

import base64
import json
import sys
from pathlib import Path

LIST = json.loads((Path(__file__).parent.parent / "list.json").read_text())
# Of these the bad ones are made as well: one algorithm of each family.
FAMILIES = ["RS256", "ES256", "EdDSA"]


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def changed(base: dict, changes: dict) -> dict:
    """Null takes a member away."""
    return {name: value for name, value in (base | changes).items() if value is not None}


def claims_of(entry: dict) -> dict:
    return changed(LIST["claims"], entry.get("claims", {}))


def tampered(token: str, how: str | None) -> str:
    header, payload, signature = token.split(".")
    match how:
        case None:
            pass
        case "payload":
            claims = json.loads(decode(payload)) | {"sub": "user_eve"}
            payload = encode(json.dumps(claims).encode())
        case "header":
            header = encode(json.dumps(json.loads(decode(header)) | {"typ": "at+jwt"}).encode())
        case "cut":
            signature = encode(decode(signature)[:-1])
        case "strip":
            signature = ""
        case "pad":
            signature += "="
        case other:
            raise ValueError(other)
    return f"{header}.{payload}.{signature}"


class Maker:
    """Makes every token of the list. A library's own maker says how a key is made and how it signs.

    `keys` maps an algorithm to (private key of any kind, its public JWK).
    """

    library: str
    version: str
    algorithms: list[str]

    def generate(self, algorithm: str):
        raise NotImplementedError

    def sign(self, algorithm: str, key, header: dict, claims: dict) -> str:
        raise NotImplementedError

    def extras(self, keys: dict, claims: dict) -> list[tuple[str, str, str]]:
        """Bad tokens that are this library's own: name, why, token."""
        raise NotImplementedError

    def make(self) -> dict:
        keys = {algorithm: self.generate(algorithm) for algorithm in self.algorithms}
        others = {algorithm: self.generate(algorithm)[0] for algorithm in FAMILIES}
        jwks = [
            changed(jwk, {"kid": algorithm, "alg": algorithm, "use": "sig"})
            for algorithm, (_, jwk) in keys.items()
        ]
        cases = []

        def case(name: str, algorithm: str, expect: str, why: str, entry: dict) -> None:
            header = changed({"alg": algorithm, "kid": algorithm}, entry.get("header", {}))
            key = others[algorithm] if entry.get("key") == "other" else keys[algorithm][0]
            token = self.sign(algorithm, key, header, claims_of(entry))
            token = tampered(token, entry.get("tamper"))
            cases.append({"name": f"{algorithm}: {name}", "expect": expect, "why": why, "token": token})

        for algorithm in self.algorithms:
            for entry in LIST["good"]:
                case(entry["name"], algorithm, "accept", "good", entry)
        for algorithm in FAMILIES:
            for entry in LIST["bad"]:
                case(entry["name"], algorithm, "refuse", entry["why"], entry)
        for name, why, token in self.extras(keys, LIST["claims"]):
            cases.append({"name": name, "expect": "refuse", "why": why, "token": token})
        return {
            "library": f"{self.library} {self.version}",
            "now": LIST["now"],
            "issuer": LIST["issuer"],
            "jwks": {"keys": jwks},
            "cases": cases,
        }

    def judge(self, algorithm: str, jwk: dict, token: str, audience: str, issuer: str) -> dict:
        """The claims of a token of ours; raises where this library refuses it."""
        raise NotImplementedError


def main(maker: Maker) -> None:
    match sys.argv[1:]:
        case ["make", folder]:
            made = maker.make()
            cases = made.pop("cases")
            keys = made["jwks"].pop("keys")
            # A line for each key and each case, for those who compare.
            text = json.dumps(made, ensure_ascii=False, indent=1).removesuffix("\n}")
            text = text.replace('"jwks": {}', '"jwks": {"keys": [\n' + lines(keys) + "\n]}")
            text += ',\n "cases": [\n' + lines(cases) + "\n]}\n"
            json.loads(text)
            (Path(folder) / f"{maker.library}.json").write_text(text)
        case ["judge", file]:
            ours = json.loads(Path(file).read_text())
            accepted = 0
            for entry in ours["tokens"]:
                if entry["alg"] not in maker.algorithms:
                    continue
                claims = maker.judge(
                    entry["alg"], entry["jwk"], entry["token"], ours["audience"], ours["issuer"]
                )
                if claims["sub"] != "user_ada":
                    sys.exit(f"{maker.library} read another subject: {claims['sub']}")
                accepted += 1
            if accepted < 10:
                sys.exit(f"{maker.library} knows only {accepted} of our algorithms")
            print(f"{maker.library} {maker.version} accepts our {accepted} tokens")
        case _:
            sys.exit("make FOLDER, or judge FILE")


def lines(entries: list[dict]) -> str:
    return ",\n".join("  " + json.dumps(entry, ensure_ascii=False) for entry in entries)
