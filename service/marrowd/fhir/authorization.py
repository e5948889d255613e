"""
How the service shows a FHIR server who it is.

An `Authorization` gives the header of the next request and is told when it was refused, so that one
that fetches tokens (SMART Backend Services) can renew and be tried once more.
"""

import base64
import random
from collections.abc import Callable
from datetime import datetime
from typing import Protocol, assert_never

import aiohttp

from marrowd.fhir.smart import SmartAuthorization
from marrowd.settings import BasicAuth, BearerAuth, NoAuth, SmartBackendAuth, Source


class Authorization(Protocol):
    """What a request carries in its Authorization header."""

    async def header(self) -> str | None:
        """Give the header's value, or None when the server asks for nothing."""
        ...

    async def renew(self, refused: str | None) -> bool:
        """After a 401 to the header *refused*: have others; False when there are none."""
        ...

    async def close(self) -> None:
        """End what is under way."""
        ...


class FixedAuthorization:
    """Credentials that stand in the configuration: nothing, a user and password, or a token."""

    def __init__(self, value: str | None = None) -> None:
        self._value = value

    async def header(self) -> str | None:
        """Give the same value each time."""
        return self._value

    async def renew(self, refused: str | None) -> bool:  # noqa: ARG002 - as the Protocol says
        """There are no others."""
        return False

    async def close(self) -> None:
        """Nothing is under way."""


def authorization_for(
    source: Source,
    session: aiohttp.ClientSession,
    *,
    clock: Callable[[], datetime],
    rng: random.Random,
) -> Authorization:
    """
    Give the authorization that the configuration asks for.

    Raises:
        BadConfiguration: a key that cannot be used.
    """
    match source.auth:
        case NoAuth():
            return FixedAuthorization()
        case BasicAuth() as auth:
            pair = f"{auth.user}:{auth.password.get_secret_value()}".encode()
            return FixedAuthorization(f"Basic {base64.b64encode(pair).decode('ascii')}")
        case BearerAuth() as auth:
            return FixedAuthorization(f"Bearer {auth.token.get_secret_value()}")
        case SmartBackendAuth() as auth:
            return SmartAuthorization(
                auth, session, source=source.name, base_url=source.base_url, clock=clock, rng=rng
            )
        case _:
            assert_never(source.auth)
