"""Tokens by PyJWT."""

import json
from importlib.metadata import version

import jwt
from common import Maker, encode, main
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import HMACAlgorithm, get_default_algorithms

CURVES = {
    "ES256": ec.SECP256R1(),
    "ES384": ec.SECP384R1(),
    "ES512": ec.SECP521R1(),
    "ES256K": ec.SECP256K1(),
}


class PyJwt(Maker):
    library = "pyjwt"
    version = version("PyJWT")
    algorithms = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    ]  # fmt: skip

    def generate(self, algorithm):
        if algorithm in CURVES:
            key = ec.generate_private_key(CURVES[algorithm])
        elif algorithm == "EdDSA":
            key = ed25519.Ed25519PrivateKey.generate()
        else:
            key = rsa.generate_private_key(65537, 2048)
        jwk = get_default_algorithms()[algorithm].to_jwk(key.public_key(), as_dict=True)
        # It adds what the key is for; the list says so itself.
        return key, {name: value for name, value in jwk.items() if name != "key_ops"}

    def sign(self, algorithm, key, header, claims):
        return jwt.encode(claims, key, algorithm, headers={"typ": None} | header)

    def extras(self, keys, claims):
        yield "none", "R17", jwt.encode(claims, None, "none", headers={"kid": "RS256"})
        public = keys["RS256"][0].public_key()
        header = encode(json.dumps({"alg": "HS256", "kid": "RS256"}).encode())
        input = f"{header}.{encode(json.dumps(claims).encode())}"
        for name, secret in {
            "PEM": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            "JWK": json.dumps(keys["RS256"][1]).encode(),
        }.items():
            # `encode` refuses such a secret; the algorithm itself does not ask.
            tag = encode(HMACAlgorithm(HMACAlgorithm.SHA256).sign(input.encode(), secret))
            yield f"HS256 with the public key as {name}", "R17", f"{input}.{tag}"
        key, _ = self.generate("ES256K")
        yield "ES256K", "R17", jwt.encode(claims, key, "ES256K", headers={"kid": "ES256"})
        detached = jwt.api_jws.encode(
            json.dumps(claims).encode(), keys["RS256"][0], "RS256",
            headers={"kid": "RS256"}, is_payload_detached=True,
        )  # fmt: skip
        yield "a detached payload", "R17", detached

    def judge(self, algorithm, jwk, token, audience, issuer):
        key = jwt.PyJWK(jwk, algorithm)
        required = {"require": ["exp", "aud", "iss", "sub"]}
        return jwt.decode(
            token, key, algorithms=[algorithm], audience=audience, issuer=issuer, options=required
        )


main(PyJwt())
