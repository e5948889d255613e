from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from tests.support.tokens import ec_key, rsa_key

from marrowd.errors import BadConfiguration
from marrowd.fhir.assertions import LIFE, ClientKey

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "https://auth.example.org/token"


def pem(key, *, password: bytes | None = None) -> str:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def asserted(key) -> str:
    client = ClientKey(pem(key), key_id="k1")
    return client.assertion(client_id="marrowd", token_url=URL, now=NOW, jti="once")


@pytest.mark.parametrize(
    ("key", "algorithm"), [(ec_key(), "ES384"), (rsa_key(), "RS384")], ids=["EC", "RSA"]
)
def test_an_assertion_is_what_the_specification_says(key, algorithm: str) -> None:
    token = asserted(key)

    assert jwt.get_unverified_header(token) == {"alg": algorithm, "kid": "k1", "typ": "JWT"}
    claims = jwt.decode(
        token,
        key.public_key(),
        algorithms=[algorithm],
        audience=URL,
        options={"verify_exp": False},
    )
    assert claims == {
        "iss": "marrowd",
        "sub": "marrowd",
        "aud": URL,
        "exp": int((NOW + LIFE).timestamp()),
        "jti": "once",
    }


def test_an_assertion_lives_no_longer_than_allowed() -> None:
    assert timedelta(0) < LIFE <= timedelta(minutes=5)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("no key", id="no PEM"),
        pytest.param("", id="nothing"),
        pytest.param("\ud800", id="not even text"),
        pytest.param(pem(ec_key(), password=b"secret"), id="with a passphrase"),
        pytest.param(pem(ec.generate_private_key(ec.SECP256R1())), id="another curve"),
        pytest.param(pem(ed25519.Ed25519PrivateKey.generate()), id="another kind"),
        pytest.param(
            pem(rsa.generate_private_key(65537, 1024)),  # noqa: S505 - that is the point
            id="a short RSA key",
        ),
    ],
)
def test_a_key_that_cannot_be_used_is_said_without_quoting_it(text: str) -> None:
    with pytest.raises(BadConfiguration, match=r"^place .*: give an RSA key") as raised:
        ClientKey(text, key_id="k1", place="place")

    assert "BEGIN" not in str(raised.value)
