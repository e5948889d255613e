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

from marrowd.fhir.smart import SmartAuthorization, client_key
from marrowd.settings import BasicAuth, BearerAuth, NoAuth, Rotation, SmartBackendAuth, Source


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
    """Credentials that never change: none, or a token that came with a call."""

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


class ConfiguredAuthorization:
    """A user and password, or a token, out of the configuration; its files may bring others."""

    def __init__(self, value: Callable[[], str]) -> None:
        self._value = value

    async def header(self) -> str:
        """Give what is in force."""
        return self._value()

    async def renew(self, refused: str | None) -> bool:
        """Say whether there are others by now."""
        return self._value() != refused

    async def close(self) -> None:
        """Nothing is under way."""


def authorization_for(
    source: Source,
    session: aiohttp.ClientSession,
    *,
    rotation: Rotation,
    clock: Callable[[], datetime],
    rng: random.Random,
) -> Authorization:
    """
    Give the authorization that the configuration asks for.

    Raises:
        BadConfiguration: a key that cannot be used.
    """
    name, base_url, place = source.name, source.base_url, f"sources {source.name}: auth"
    match source.auth:
        case NoAuth():
            return FixedAuthorization()
        case BasicAuth() as auth:
            return ConfiguredAuthorization(rotation.hold(auth, _basic, place=place))
        case BearerAuth() as auth:
            return ConfiguredAuthorization(rotation.hold(auth, _bearer, place=place))
        case SmartBackendAuth() as auth:
            key = rotation.hold(
                auth, lambda now: client_key(now, source=name, base_url=base_url), place=place
            )
            return SmartAuthorization(
                auth, session, key=key, source=name, base_url=base_url, clock=clock, rng=rng
            )
        case _:
            assert_never(source.auth)


def _basic(auth: BasicAuth) -> str:
    pair = f"{auth.user}:{auth.password.get_secret_value()}".encode()
    return f"Basic {base64.b64encode(pair).decode('ascii')}"


def _bearer(auth: BearerAuth) -> str:
    return f"Bearer {auth.token.get_secret_value()}"
