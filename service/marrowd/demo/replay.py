"""
The year sent to the service, one arrival after the other, and what came of each.

An arrival is waited for until the service has nothing left to do: its verdict is then the one by
which `/metrics` has grown, its cards those that the EHR has taken. No step waits longer than a
bound, and none waits for a time to pass.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from marrowd.demo.caller import Caller
from marrowd.demo.counts import Counts
from marrowd.demo.received import Message
from marrowd.demo.records import Resource
from marrowd.demo.year import Entry, Patient, Step
from marrowd.errors import Unavailable

_BOUND_S: Final = 15.0  # of one arrival; some 30 ms are usual
_LOOK_S: Final = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came of one arrival."""

    verdict: str  # "" when the service let the event go
    ignored: tuple[str, ...]  # why, for each that it let go
    messages: tuple[Message, ...]
    lags_s: tuple[float, ...]  # arrival to card taken, of each message


@dataclass(kw_only=True)
class Replayed:
    """What came of the year."""

    arrivals: dict[str, list[tuple[Entry, Came | None]]] = field(default_factory=dict)
    notices: int = 0
    duplicates: int = 0
    lags_s: list[float] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)

    def verdict_of(self, patient: Patient) -> str:
        """Give the verdict that was reached last."""
        reached = [c.verdict for _, c in self.arrivals.get(patient.id, ()) if c and c.verdict]
        return reached[-1] if reached else "none"


async def replay(steps: list[Step], caller: Caller) -> Replayed:
    """
    Write each step to the EHR's records, or send its notification and wait for what comes of it.

    Raises:
        Unavailable: the service did not come to an end with an arrival within the bound.
    """
    replayed = Replayed(counts=await caller.counts())
    for step in steps:
        told = replayed.arrivals.setdefault(step.patient.id, [])
        if not step.is_arrival:
            for resource in step.entry.resources:
                caller.ehr.records.put(resource)
            if not step.entry.notices:
                told.append((step.entry, None))
            continue
        came, counts = await _arrive(step.entry, caller, replayed.counts)
        replayed.counts = counts
        replayed.notices += step.entry.notices
        replayed.duplicates += came.ignored.count("duplicate")
        replayed.lags_s += came.lags_s
        told.append((step.entry, came))
    return replayed


async def _arrive(entry: Entry, caller: Caller, before: Counts) -> tuple[Came, Counts]:
    loop = asyncio.get_running_loop()
    known = {message.id for message in caller.ehr.cards.all()}
    started = loop.time()
    if entry.is_ping:
        await caller.ping()
    for _ in range(entry.notices if entry.resources else 0):
        await caller.notify(_notified(entry))

    def is_done(now: Counts) -> bool:
        if now.waiting:
            return False
        if entry.is_ping:
            return now.recovered > before.recovered
        return now.handled >= before.handled + entry.notices

    after = await _until(is_done, caller, entry)
    messages = tuple(m for m in caller.ehr.cards.all() if m.id not in known)
    verdicts = list((after.verdicts - before.verdicts).elements())
    came = Came(
        verdict=verdicts[-1] if verdicts else "",
        ignored=tuple((after.ignored - before.ignored).elements()),
        messages=messages,
        lags_s=tuple(message.at - started for message in messages),
    )
    return came, after


async def _until(is_done: Callable[[Counts], bool], caller: Caller, entry: Entry) -> Counts:
    try:
        async with asyncio.timeout(_BOUND_S):
            while not is_done(counts := await caller.counts()):  # noqa: ASYNC110 - another's work
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        message = f"the service had not done with this after {_BOUND_S:g} s: {entry.told}"
        raise Unavailable(message) from None
    return counts


def _notified(entry: Entry) -> Resource:
    return entry.resources[-1]
