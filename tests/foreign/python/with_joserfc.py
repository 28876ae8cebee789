"""Tokens by joserfc."""

import json
from importlib.metadata import version

from common import Maker, encode, main
from joserfc import jwe, jws, jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey, import_key

CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "ES256K": "secp256k1"}


class Joserfc(Maker):
    library = "joserfc"
    version = version("joserfc")
    algorithms = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
        "Ed25519",
    ]  # fmt: skip

    def generate(self, algorithm):
        if algorithm in CURVES:
            key = ECKey.generate_key(CURVES[algorithm])
        elif algorithm.startswith("Ed"):
            key = OKPKey.generate_key("Ed25519")
        else:
            key = RSAKey.generate_key(2048)
        return key, key.as_dict(private=False)

    def sign(self, algorithm, key, header, claims):
        if "crit" in header or "exp" in claims and isinstance(claims["exp"], str):
            # The library's own checks are not asked about what it is not meant to make.
            return self.unchecked(algorithm, key, header, json.dumps(claims).encode())
        return jwt.encode(header, claims, key, algorithms=[algorithm], default_type=None)

    def unchecked(self, algorithm, key, header, payload):
        registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
        registry.check_header = lambda *_: None
        return jws.serialize_compact(header, payload, key, registry=registry)

    def extras(self, keys, claims):
        payload = json.dumps(claims).encode()
        private, _ = keys["RS256"]
        yield "none", "R17", jws.serialize_compact(
            {"alg": "none", "kid": "RS256"}, payload, None, algorithms=["none"]
        )
        for name, secret in {
            "PEM": private.as_pem(private=False),
            "DER": private.as_der(private=False),
            "JWK": json.dumps(private.as_dict(private=False)).encode(),
        }.items():
            # The library warns of such a secret and refuses it; its HMAC is taken directly.
            header = json.dumps({"alg": "HS256", "kid": "RS256"}).encode()
            input = f"{encode(header)}.{encode(payload)}"
            key = OctKey(secret, secret)
            tag = encode(jws.JWSRegistry.algorithms["HS256"].sign(input.encode(), key))
            yield f"HS256 with the public key as {name}", "R17", f"{input}.{tag}"
        key, _ = self.generate("ES256K")
        header = {"alg": "ES256K", "kid": "ES256"}
        yield "ES256K", "R17", jws.serialize_compact(header, payload, key, algorithms=["ES256K"])
        header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": "RS256"}
        public = import_key(private.as_dict(private=False))
        algorithms = ["RSA-OAEP-256", "A256GCM"]
        yield "JWE", "R17", jwe.encrypt_compact(header, payload, public, algorithms=algorithms)

    def judge(self, algorithm, jwk, token, audience, issuer):
        decoded = jwt.decode(token, import_key(jwk), algorithms=[algorithm])
        jwt.JWTClaimsRegistry(
            aud={"essential": True, "value": audience},
            iss={"essential": True, "value": issuer},
            exp={"essential": True},
        ).validate(decoded.claims)
        return decoded.claims


main(Joserfc())
