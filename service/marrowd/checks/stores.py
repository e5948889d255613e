"""The store: reachable, migrated, and what has been set aside in it."""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from marrowd.checks.remarks import Remark, away, fine, note, wrong
from marrowd.errors import BadConfiguration, MarrowdError, StoreUnavailable
from marrowd.settings import Settings
from marrowd.store.messages import MessageRow, MessageState
from marrowd.store.migrate import current
from marrowd.store.open import open_store
from marrowd.store.protocols import EventState, Store
from marrowd.store.schema import SCHEMA
from marrowd.work.refusals import Refusals

_PLACE = "store"
_SQLITE = "sqlite:///"
_LISTED = 1_000
_UPGRADE = "run `marrowd db upgrade`"


async def check_store(settings: Settings) -> list[Remark]:
    """Open the store as the service would, but never make one."""
    url = settings.store.url.get_secret_value()
    file = Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None
    if file is not None and not file.exists():
        return [_of_new(file)]
    try:
        revision = await asyncio.to_thread(current, url)
        if revision is None or revision < SCHEMA:
            says = f"it has schema {revision or 'none'}, this version needs {SCHEMA}"
            return [wrong(_PLACE, says, _UPGRADE)]
        store = open_store(url)
        try:
            await store.open()
            await store.ping()
            return [fine(_PLACE, f"schema {revision}, read and written"), *await _kept(store)]
        finally:
            await store.close()
    except BadConfiguration as error:
        return [wrong(_PLACE, str(error), "run the version of marrowd that made this schema")]
    except StoreUnavailable as error:
        return [
            away(
                _PLACE,
                str(error),
                "see that the database runs, that store.url names it, its user and its password, "
                "and that its disk is not full",
            )
        ]


async def refused_by(settings: Settings, source: str) -> Collection[str]:
    """Say which Subscriptions *source* is known to refuse; none where no store can tell."""
    url = settings.store.url.get_secret_value()
    if _is_to_be_made(url):
        return ()
    store = open_store(url)
    try:
        await store.open()
        known = await Refusals(store, source=source).known()
    except MarrowdError:  # `check_store` says why
        return ()
    finally:
        await store.close()
    return () if known is None else known.slugs


def _is_to_be_made(url: str) -> bool:
    return url.startswith(_SQLITE) and not Path(url.removeprefix(_SQLITE)).exists()


def _of_new(file: Path) -> Remark:
    if not file.absolute().parent.is_dir():
        mend = "make the folder, or mount the volume, that store.url names"
        return wrong(_PLACE, f"there is no folder {file.absolute().parent}", mend)
    return fine(_PLACE, f"{file} is made when the service starts")


async def _kept(store: Store) -> list[Remark]:
    """Tell of events that were set aside and of destinations that refuse."""
    found = []
    parked = (await store.inbox_depth()).get(EventState.PARKED, 0)
    if parked:
        found.append(
            note(
                "inbox",
                f"{parked} event{' was' if parked == 1 else 's were'} set aside",
                "see why with `marrowd inbox list`; then `inbox retry` or `inbox discard`",
            )
        )
    found += [
        wrong(
            f"destination {name}",
            "it answered 410 and is sent nothing",
            "have the EHR take cards again, then `marrowd outbox retry` with one of its messages",
        )
        for name in await store.stopped_destinations()
    ]
    parked_rows = await store.list_messages(state=MessageState.PARKED, limit=_LISTED)
    for name, why in _reasons(parked_rows).items():
        says = f"it refused cards for good: {why}"
        mend = "401 and 403: secret or token differ from the EHR's; 404: url; 4xx: ask the EHR"
        found.append(wrong(f"destination {name}", says, f"{mend}. Then `marrowd outbox retry`"))
    waiting = await store.list_messages(state=MessageState.READY, limit=_LISTED)
    for name, why in _reasons([row for row in waiting if row.reason]).items():
        says = f"it did not take cards, which are tried again: {why}"
        mend = "see that the EHR's endpoint is up and that destinations.url names it"
        found.append(note(f"destination {name}", says, mend))
    return found


def _reasons(rows: Sequence[MessageRow]) -> dict[str, str]:
    """Say by destination how often it said what."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        counts.setdefault(row.destination, Counter())[row.reason] += 1
    return {
        name: ", ".join(f"{reason} x{n}" for reason, n in counter.most_common())
        for name, counter in sorted(counts.items())
    }
