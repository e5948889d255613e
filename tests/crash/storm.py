"""
Load, and the history of what was acknowledged; then the questions whose answers must be none.

Missing: acknowledged and not in the inbox, or there and not done; decided and never with the EHR.
Doubled: one message that took effect twice. Wrong: a verdict or a card that one who sees only the
server's final state would not give.
"""

import asyncio
import contextlib
import hashlib
import json
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import psycopg
from tests.crash.installation import SOURCE, Shortened
from tests.sim.oracle import expected
from tests.support.ehr import Ehr
from tests.support.fhir_server import FhirServer
from tests.support.hospital import EDEMA, NO_EDEMA, lab, report

from marrowd.core.identity import card_id
from marrowd.core.posting import Post, decide_posting

DAY = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
Ask = Callable[[str], list[Any]]


@dataclass(slots=True)
class History:
    """What was done and what was answered."""

    acked: set[str] = field(default_factory=set)
    tries: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    database_kills: int = 0


class Load:
    """Writes on the FHIR server and notifies, as fast as it is let."""

    def __init__(self, server: FhirServer, service: Shortened, *, patients: int = 60) -> None:
        self.history = History()
        self._server = server
        self._service = service
        self._patients = patients
        self._rng = random.Random(8)  # noqa: S311 - what is written next
        self.is_over = False

    async def run(self, writers: int = 4) -> None:
        """Write until told that it is over, and then until all is acknowledged."""
        headers = {"Authorization": f"Bearer {self._service.secret}"}
        timeout = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
            await asyncio.gather(*(self._write(session) for _ in range(writers)))

    async def _write(self, session: aiohttp.ClientSession) -> None:
        while not self.is_over:
            for resource in self._next():
                await self._deliver(session, self._server.put(resource))
            await asyncio.sleep(0.05)

    def _next(self) -> list[dict[str, Any]]:
        number = self._rng.randrange(self._patients)
        patient = f"Patient/c{number}"
        if self._rng.random() < 0.5:
            value = self._rng.choice((11, 14, 26, 48))
            return [lab(f"l{number}", patient, at=DAY - timedelta(days=3), value=value)]
        said = self._rng.choice((EDEMA, EDEMA, NO_EDEMA))
        return list(report(f"m{number}", patient, said, at=DAY))

    async def _deliver(self, session: aiohttp.ClientSession, resource: dict[str, Any]) -> None:
        ref = f"{resource['resourceType']}/{resource['id']}"
        body = json.dumps(resource).encode()
        until = time.monotonic() + 60  # as a FHIR server does: then it is forgotten
        while time.monotonic() < until:
            self.history.tries += 1
            url = f"{self._service.url}/events/{SOURCE}/{ref}"
            try:
                async with session.put(url, data=body) as answer:
                    if answer.status == 204:
                        self.history.acked.add(f"{ref}#{hashlib.sha256(body).hexdigest()}")
                        return
                    self.history.refused[str(answer.status)] += 1
            except (aiohttp.ClientError, TimeoutError) as error:
                self.history.refused[type(error).__name__] += 1
            await asyncio.sleep(0.2)


def asking(url: str) -> Ask:
    """Give what asks the database at *url*."""

    def sqlite(query: str) -> list[Any]:
        path = url.removeprefix("sqlite:///")
        with contextlib.closing(
            sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
        ) as db:
            return db.execute(query).fetchall()

    def postgres(query: str) -> list[Any]:
        with psycopg.connect(url) as connection:
            return connection.execute(query).fetchall()  # type: ignore[call-overload,no-any-return]

    return sqlite if url.startswith("sqlite") else postgres


def is_idle(ask: Ask) -> bool:
    """Say whether nothing waits, neither event nor message."""
    waiting = [
        ask(f"SELECT count(*) FROM {table} WHERE due_at IS NOT NULL")[0][0]  # noqa: S608 - ours
        for table in ("inbox", "outbox")
    ]
    return not any(waiting)


def broken(history: History, ask: Ask, server: FhirServer, ehr: Ehr) -> list[str]:
    """Say all that is missing, doubled or wrong."""
    states = dict(ask("SELECT key, state FROM inbox"))
    found = [f"missing: {key}" for key in sorted(history.acked - states.keys())]
    found += [f"not done: {key} {state}" for key, state in states.items() if state != "done"]
    held = Counter(effect["id"] for effect in ehr.effects)
    numbers = Counter((effect["patient"], effect["sequence"]) for effect in ehr.effects)
    found += [f"doubled: {ident}" for ident, count in held.items() if count > 1]
    found += [f"doubled: {place}" for place, count in numbers.items() if count > 1]
    for ident, state in ask("SELECT id, state FROM outbox"):
        if state != "taken" or ident not in held:
            found.append(f"message {ident} is {state}, with the EHR: {ident in held}")
    return found + _wrong(ask, server, ehr.effects)


def _wrong(ask: Ask, server: FhirServer, effects: Sequence[Any]) -> list[str]:
    cards: dict[str, set[str]] = {}
    for effect in sorted(effects, key=lambda e: e["sequence"]):
        here = cards.setdefault(effect["patient"], set())
        here.difference_update(effect["retracts"])
        here.update(card["uuid"] for card in effect["cards"])
    verdicts = dict(ask("SELECT patient, verdict FROM patient"))
    found = []
    for patient, verdict in expected(server, datetime.now(UTC)).items():
        posting = decide_posting(None, verdict, card_id(SOURCE, verdict))
        right = {str(posting.card)} if isinstance(posting, Post) else set()
        if verdicts.get(patient) != str(verdict.kind):
            found.append(f"wrong: {patient} {verdicts.get(patient)}, not {verdict.kind}")
        if cards.get(patient, set()) != right:
            found.append(f"wrong cards: {patient}")
    return found
