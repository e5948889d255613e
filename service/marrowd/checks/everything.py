"""All checks in the order in which one would look: the configuration, ourselves, the others."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime

import aiohttp

from marrowd.app import opened
from marrowd.checks.collector import check_collector
from marrowd.checks.configured import configured
from marrowd.checks.destinations import check_destination
from marrowd.checks.intake import check_intake
from marrowd.checks.issuers import check_issuer
from marrowd.checks.remarks import Remark, fine
from marrowd.checks.sources import check_source
from marrowd.checks.stores import check_store, refused_by
from marrowd.core.reader import IS_COMPILED
from marrowd.settings import Settings


async def everything(
    settings: Settings, *, only: str | None, clock: Callable[[], datetime]
) -> AsyncIterator[list[Remark]]:
    """
    Look at all there is, or at what belongs to the source called *only*.

    Raises:
        BadConfiguration: there is no such source, or a key that cannot be used.
    """
    yield configured(settings) or [fine("configuration", "sound")]
    yield [fine("report reader", "compiled" if IS_COMPILED else "as it is written, not compiled")]
    yield await check_store(settings)
    async with (
        opened(settings, only=only, clock=clock) as accesses,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
    ):
        for access in accesses.values():
            refused = await refused_by(settings, access.source.name)
            yield await check_source(access, session, clock=clock, refused=refused)
            yield [await check_intake(access, session)]
        sent = [d for d in settings.destinations if d.source in accesses]
        yield list(await asyncio.gather(*(check_destination(d, session) for d in sent)))
        for issuer in settings.hooks.issuers:
            if issuer.source in accesses:
                yield await check_issuer(issuer, session)
        if only is None and settings.tracing.endpoint is not None:
            yield [await check_collector(settings.tracing.endpoint, session)]
