"""Keys of an EHR and the tokens it signs, honest ones and others."""

import base64
import json
import time
import uuid
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ISSUER = "https://ehr.example.org"


def ec_key(name: str = "ehr") -> ec.EllipticCurvePrivateKey:
    """Give the P-384 key of *name*."""
    return _ec_key(name)


@cache
def _ec_key(_name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP384R1())


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """Give the RSA key of *bits*."""
    return _rsa_key(bits)


@cache
def _rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def jwks(*names: str) -> dict[str, Any]:
    """Give the public key set: one EC key for each of *names*, and the RSA key."""
    keys = [
        json.loads(ECAlgorithm.to_jwk(ec_key(name).public_key()))
        | {"kid": name, "use": "sig", "alg": "ES384"}
        for name in names or ("ehr",)
    ]
    rsa_jwk = json.loads(RSAAlgorithm.to_jwk(rsa_key().public_key()))
    return {"keys": [*keys, rsa_jwk | {"kid": "rsa", "use": "sig", "alg": "RS384"}]}


def claims(audience: object, **changed: Any) -> dict[str, Any]:
    """Give the claims of an honest token for *audience*; a change to None takes a claim away."""
    now = int(changed.pop("at", time.time()))
    given = {
        "iss": ISSUER,
        "aud": audience,
        "iat": now,
        "exp": now + 300,
        "jti": str(uuid.uuid4()),
    } | changed
    return {name: value for name, value in given.items() if value is not None}


def signed(
    payload: dict[str, Any],
    *,
    key: Any = None,
    algorithm: str = "ES384",
    **header: Any,
) -> str:
    """Sign *payload* as the EHR does."""
    headers = {"kid": "ehr"} | header
    return jwt.encode(payload, key or ec_key(), algorithm=algorithm, headers=headers)


def raw(header: object, payload: object, signature: bytes = b"x") -> str:
    """Put a token together by hand."""
    parts = (
        part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)
    )
    return ".".join(encoded(part) for part in (*parts, signature))


def encoded(part: bytes) -> str:
    """Write a part of a token."""
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
