"""
The signed assertion by which a client shows a token endpoint who it is (private_key_jwt).

SMART App Launch, "client authentication: asymmetric": RS384 or ES384, told by the kind of key; the
issuer and the subject are the client, the audience is the token endpoint, and no assertion is used
twice. Pure: the time and the id are arguments.
"""

from datetime import datetime, timedelta

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from marrowd.errors import BadConfiguration

LIFE = timedelta(minutes=3)  # 5 at most: the rest is for a server whose clock is behind
MIN_RSA_BITS = 2048  # RFC 7518 section 3.3
_HOW_TO_MEND = "give an RSA key (2048 bits or more) or an EC key (P-384) in PEM, without passphrase"


class ClientKey:
    """A client's private key, and the name it is registered under; shows neither when printed."""

    def __init__(self, pem: str, *, key_id: str, place: str = "private_key") -> None:
        """
        Read the key.

        Args:
            pem: the key.
            key_id: its name in the key set that the server has of this client.
            place: where in the configuration it stands.

        Raises:
            BadConfiguration: it is no such key; the message says what is needed and quotes nothing.
        """
        try:
            key = load_pem_private_key(pem.encode(), password=None)
        except (ValueError, TypeError, UnicodeError, UnsupportedAlgorithm):
            message = f"{place} cannot be read: {_HOW_TO_MEND}"
            raise BadConfiguration(message) from None
        self.algorithm = _algorithm(key, place)
        self._key = key
        self._key_id = key_id

    def assertion(self, *, client_id: str, token_url: str, now: datetime, jti: str) -> str:
        """Give an assertion that is good for one request to *token_url*, within `LIFE` of *now*."""
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": token_url,
            "exp": int((now + LIFE).timestamp()),
            "jti": jti,
        }
        headers = {"kid": self._key_id, "typ": "JWT"}
        return jwt.encode(claims, self._key, algorithm=self.algorithm, headers=headers)  # type: ignore[arg-type]  # checked to be RSA or EC


def _algorithm(key: object, place: str) -> str:
    if isinstance(key, RSAPrivateKey) and key.key_size >= MIN_RSA_BITS:
        return "RS384"
    if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP384R1):
        return "ES384"
    message = f"{place} is of a kind that SMART does not take: {_HOW_TO_MEND}"
    raise BadConfiguration(message)
