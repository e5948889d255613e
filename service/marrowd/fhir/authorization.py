"""
How the service shows a FHIR server who it is.

An `Authorization` gives the header of the next request and is told when it was refused, so that one
that fetches tokens (SMART Backend Services) can renew and be tried once more.
"""

import base64
from typing import Protocol, assert_never

from marrowd.errors import BadConfiguration
from marrowd.settings import Auth, BasicAuth, BearerAuth, NoAuth, SmartBackendAuth


class Authorization(Protocol):
    """What a request carries in its Authorization header."""

    async def header(self) -> str | None:
        """Give the header's value, or None when the server asks for nothing."""
        ...

    async def renew(self) -> bool:
        """After a 401: get new credentials; False when there are no others."""
        ...


class FixedAuthorization:
    """Credentials that stand in the configuration: nothing, a user and password, or a token."""

    def __init__(self, value: str | None = None) -> None:
        self._value = value

    async def header(self) -> str | None:
        """Give the same value each time."""
        return self._value

    async def renew(self) -> bool:
        """There are no others."""
        return False


def authorization_for(auth: Auth) -> Authorization:
    """
    Give the authorization that the configuration asks for.

    Raises:
        BadConfiguration: SMART Backend Services, which this version does not speak.
    """
    match auth:
        case NoAuth():
            return FixedAuthorization()
        case BasicAuth():
            pair = f"{auth.user}:{auth.password.get_secret_value()}".encode()
            return FixedAuthorization(f"Basic {base64.b64encode(pair).decode('ascii')}")
        case BearerAuth():
            return FixedAuthorization(f"Bearer {auth.token.get_secret_value()}")
        case SmartBackendAuth():
            message = (
                'auth.kind "smart-backend" is not available in this version: '
                'use "bearer", "basic" or "none"'
            )
            raise BadConfiguration(message)
        case _:
            assert_never(auth)
