"""
One run: a storm drawn from a seed over the real service, then calm, then the oracle's questions.

The same seed gives the same run, step for step. Everything said on the way (by the world, and by
the service in its own log lines) is kept: it is the history that a failing seed prints, and its
digest is what two runs of one seed are compared by.
"""

import asyncio
import gc
import hashlib
import inspect
import json
import random
import shutil
import sqlite3
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from unittest.mock import patch

import structlog
from sqlalchemy import Connection
from tests.sim.loop import PROCESS, Process, SimLoop, State, Stuck
from tests.sim.oracle import wrong
from tests.sim.patients import Act, acts
from tests.sim.replica import SECRET, SOURCE, Replica, paced, replica
from tests.sim.world import (
    Clinic,
    EhrWire,
    FhirWire,
    Notice,
    SimFhirServer,
    Weather,
    id_only,
    notice,
)

from marrowd.errors import StoreUnavailable
from marrowd.store import database, migrate
from marrowd.store.engine import Engines
from marrowd.telemetry.pseudonyms import Whose

T = TypeVar("T")
START = datetime(2026, 3, 1, 23, 58, tzinfo=UTC)  # midnight falls into the storm
STORM_S = 200.0
_RETRIES_S = 60.0  # a FHIR server keeps a notification in memory for so long
_ANSWER_S = 10.0  # and waits so long for an answer
_CALM_S = 6 * 3600.0
_STEP_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one seed."""

    seed: int
    wrong: tuple[str, ...]
    digest: str  # of the whole history
    history: tuple[str, ...]
    steps: int
    crashes: int
    acked: int
    taken: int

    def __str__(self) -> str:
        """Tell it so that a person can follow."""
        return "\n".join([f"seed {self.seed}:", *self.history, "", "WRONG:", *self.wrong])


@dataclass(slots=True, kw_only=True)
class Plan:
    """What a test may fix instead of drawing it."""

    weather: Weather | None = None
    acts: Sequence[Act] | None = None
    processes: int | None = None
    channel: str | None = None
    dies_at: int | None = None  # the first process, at its so manieth step
    storm_s: float = STORM_S
    has_edges: bool = True
    has_history: bool = True  # the FHIR server tells what was deleted
    skew: timedelta = timedelta()  # the service's clock is ahead of everybody's
    jump: timedelta = timedelta()  # and is set forward in the middle of the storm


class Run:
    """The world of one seed."""

    def __init__(self, seed: int, plan: Plan, folder: Path) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - drawn again by its seed
        self.loop = SimLoop(self.rng)
        self.history: list[str] = []
        self.acked: list[str] = []
        self.crashes = 0
        self.failures: list[str] = []
        self._plan = plan
        self._folder = folder
        self.weather = plan.weather or Weather.drawn(self.rng)
        self._channel = plan.channel or self.rng.choice(("full", "full", "id-only", "ping"))
        self._count = plan.processes or self.rng.choice((1, 1, 1, 2))
        self.server = SimFhirServer(self.now)
        self.server.offers_history = plan.has_history
        self.clinic = Clinic(self.say)
        self._wires = (
            FhirWire(self.loop, self.server, self.weather),
            EhrWire(self.loop, self.clinic, self.weather),
        )
        self._replicas: list[Replica] = []
        self._all: list[Replica] = []
        self._kept: list[Notice] = []  # never heard; they come after everything else
        self._told = 0
        self._generation = 0
        self._is_calm = False
        self.file = folder / "0.sqlite3"
        shutil.copy(_template(), self.file)

    def now(self) -> datetime:
        """Give the virtual time of day."""
        return START + timedelta(seconds=self.loop.time())

    def service_now(self) -> datetime:
        """Give the time as the service's own clock has it."""
        is_set = self.loop.time() > self._plan.storm_s / 2
        return self.now() + self._plan.skew + (self._plan.jump if is_set else timedelta())

    def say(self, text: str) -> None:
        """Write *text* into the history."""
        process = PROCESS.get()
        who = process.name if process is not None else "world"
        self.history.append(f"{self.loop.time():10.3f} {who:6} {text}")

    async def live(self) -> None:
        """Let the storm pass, wait until all is settled, and bring the last stragglers."""
        if self.weather.slow_disk:
            self.loop.slowest_s = self.rng.choice((0.2, 2.0))
        for _ in range(self._count):
            self._boot(dies_at=self._plan.dies_at)
        todo = self._plan.acts
        if todo is None:
            todo = acts(self.rng, START, storm_s=self._plan.storm_s, has_edges=self._plan.has_edges)
        others = [self.loop.in_world(w) for w in (self._outages(), self._crashing())]
        for act in todo:
            await asyncio.sleep(max(0.0, act.at_s - self.loop.time()))
            self._do(act)
        await asyncio.sleep(max(0.0, self._plan.storm_s - self.loop.time()))
        self._end_storm()
        for task in others:
            await task
        await self._settle(since=self.service_now())
        for late in self._kept:
            await self._bring(late)
        # What was deleted before it was known is seen to be gone once it is: by the next sweep.
        await self._settle(since=self.service_now() if self._kept else None)

    def _do(self, act: Act) -> None:
        """Do one thing on the FHIR server, which then notifies."""
        if act.resource is None:
            if act.deleted not in self.server.resources:
                return
            self.server.remove(act.deleted)
            self.say(f"server deletes {act.deleted}")
            told, ref, body = "DELETE", act.deleted, b""
        else:
            is_late = self.rng.random() < self.weather.late_commit
            lag_s = self.rng.random() * 100 if is_late else 0.0
            stored = self.server.put(act.resource, lag_s=lag_s)
            ref = f"{stored['resourceType']}/{stored['id']}"
            version = stored["meta"]["versionId"]
            self.say(f"server writes {ref} v{version} {_gist(stored)}")
            told, body = "PUT", json.dumps(stored).encode()
        if act.is_told:
            self._tell(self._notice(told, ref, body), act.told_after_s)

    def _notice(self, told: str, ref: str, body: bytes) -> Notice:
        if told == "DELETE" or self._channel == "full":
            return notice(told, ref, body, source=SOURCE, secret=SECRET)
        self._told += 1
        bundle = id_only(ref, self._told) if self._channel == "id-only" else b""
        return notice("POST", ref if bundle else "", bundle, source=SOURCE, secret=SECRET)

    def _tell(self, news: Notice, told_after_s: float | None) -> None:
        rng, weather = self.rng, self.weather
        if told_after_s is not None:
            self.loop.in_world(self._deliver(news, told_after_s))
            return
        if rng.random() < weather.lost_notice:
            self.say(f"net    loses the notice of {news.ref}")
            if news.method != "DELETE" and rng.random() < 0.5:
                self._kept.append(news)
            return
        for _ in range(2 if rng.random() < weather.twice else 1):
            after_s = rng.random() * (400 if rng.random() < weather.late else 1)
            self.loop.in_world(self._deliver(news, after_s))

    async def _deliver(self, news: Notice, after_s: float) -> None:
        """Try for a minute, as HAPI does."""
        await asyncio.sleep(after_s)
        began = self.loop.time()
        while not await self._bring(news):
            if self.loop.time() - began > _RETRIES_S:
                self.say(f"server gives up the notice of {news.ref}")
                self._kept.append(news)
                return
            await asyncio.sleep(self.rng.uniform(1, 10))

    async def _bring(self, news: Notice) -> bool:
        """Bring *news* to one process; say whether the server heard that it was taken."""
        there = [r for r in self._replicas if r.process.state is not State.DEAD]
        if not there:
            return False
        to = self.rng.choice(there)
        answer: asyncio.Future[int] = self.loop.create_future()

        def cut() -> None:
            if not answer.done():
                answer.set_result(0)

        async def take() -> None:
            try:
                status, keys = await to.take(news)
            except Exception as error:
                self.failures.append(f"intake: {news.method} {news.ref} raised {error!r}")
                raise
            if status == 204:
                self.acked += keys
                self.say(f"intake {news.method} {news.ref or 'ping'} -> 204")
            elif status != 503:
                self.failures.append(f"intake: {news.method} {news.ref} answered {status}")
            if not answer.done():
                answer.set_result(status)

        to.process.on_death.append(cut)
        to.process.spawn(take())
        try:
            async with asyncio.timeout(_ANSWER_S):
                status = await answer
        except TimeoutError:
            status = 0
        return status == 204 and self.rng.random() >= self.weather.lost_answer

    def _boot(self, *, dies_at: int | None = None) -> None:
        """Start a process on what the disk holds."""
        living = [r for r in self._replicas if r.process.state is not State.DEAD]
        if not living and self._all:
            # What a kill leaves is the file and its journal; the rest was memory.
            self._generation += 1
            new = self._folder / f"{self._generation}.sqlite3"
            shutil.copy(self.file, new)
            journal = Path(f"{self.file}-wal")
            if journal.exists():
                shutil.copy(journal, f"{new}-wal")
            self.file = new
        process = Process(f"p{len(self._all) + 1}", self.loop)
        if dies_at is not None:
            process.dies_at = dies_at
        elif self.rng.random() < self.weather.crash * 3:
            process.dies_at = self.rng.randrange(1, 4_000)
        made, start = replica(process, self.file, self.loop, self._wires, self.service_now)
        self._replicas = [*living, made]
        self._all.append(made)
        process.on_death.append(lambda: self._died(made))
        self.say(f"{process.name} starts")
        process.spawn(self._serve(made, start))

    async def _serve(self, made: Replica, start: Callable[[], Any]) -> None:
        while True:
            try:
                await start()
                break
            except StoreUnavailable:  # the orchestrator starts it again
                await asyncio.sleep(1)
        if made.worker is None:
            message = "the process has no loops"
            raise AssertionError(message)
        try:
            await made.worker.run(asyncio.Event())
        except BaseExceptionGroup as group:
            said = [f"{type(e).__name__}: {e}" for e in _leaves(group)]
            self.failures.append(f"a loop ended by itself: {said}")
            made.process.kill()

    def _died(self, made: Replica) -> None:
        self.crashes += 1
        self.say(f"{made.process.name} is killed at its step {made.process.steps}")
        after_s = self.rng.random() * 20

        async def again() -> None:
            await asyncio.sleep(after_s)
            self._boot()

        self.loop.in_world(again())

    async def _crashing(self) -> None:
        """Freeze and kill while the storm lasts."""
        while not self._is_calm:
            await asyncio.sleep(self.rng.uniform(5, 30))
            there = [r for r in self._replicas if r.process.state is State.ALIVE]
            if self._is_calm or not there:
                continue
            chosen = self.rng.choice(there).process
            if self.rng.random() < self.weather.crash:
                chosen.kill()
            elif self.rng.random() < self.weather.freeze * 2:
                chosen.freeze()
                self.say(f"{chosen.name} is frozen")
                if not self._has_other(chosen):
                    self._boot()  # who watches it has lost patience
                await asyncio.sleep(self.rng.uniform(5, 240))
                self.say(f"{chosen.name} goes on")
                chosen.thaw()

    def _has_other(self, process: Process) -> bool:
        return any(
            r.process is not process and r.process.state is State.ALIVE for r in self._replicas
        )

    async def _outages(self) -> None:
        while not self._is_calm:
            await asyncio.sleep(self.rng.uniform(5, 60))
            for thing, likely in (
                (self.server, self.weather.fhir_down),
                (self.clinic, self.weather.ehr_down),
            ):
                if not self._is_calm and self.rng.random() < likely:
                    thing.is_up = False
                    self.say(f"{type(thing).__name__} is down")
                    await asyncio.sleep(self.rng.uniform(5, 180))
                    thing.is_up = True

    def _end_storm(self) -> None:
        self._is_calm = True
        self.weather.clear()
        self.loop.slowest_s = 0.02
        for each in self._all:
            each.process.dies_at = None
            each.process.thaw()
        self.server.is_up = self.clinic.is_up = True
        self.say("the storm is over")

    async def _settle(self, *, since: datetime | None) -> None:
        """Wait until nothing is on its way and, if asked, a whole sweep began after *since*."""
        until = self.loop.time() + _CALM_S + abs(self._plan.jump.total_seconds())
        before = self._swept_at()
        while self.loop.time() < until:
            await asyncio.sleep(_STEP_S)
            swept = self._swept_at()
            # One from before the clock was set back lies in the future, and is none.
            is_swept = swept != before and swept is not None and since is not None and swept > since
            if self._is_idle() and (since is None or is_swept):
                return
        self.say("no calm came")

    def _is_idle(self) -> bool:
        open_ = self._ask("SELECT count(*) FROM inbox WHERE due_at IS NOT NULL")
        return not open_ and not self._ask("SELECT count(*) FROM outbox WHERE due_at IS NOT NULL")

    def _swept_at(self) -> datetime | None:
        told = self._ask("SELECT value FROM cursor WHERE name = 'swept at'")
        return datetime.fromisoformat(str(told)) if told else None

    def _ask(self, query: str) -> Any:
        with closing(sqlite3.connect(self.file)) as connection:
            row = connection.execute(query).fetchone()
        return row[0] if row else None

    def close(self) -> None:
        """Let go of everything, dead processes included, without a sound."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.loop.close()
            for task in self.loop.tasks:
                _bury(task)
            self.loop.tasks.clear()
        for each in self._all:
            each.store._database.engines.dispose()


def simulate(
    seed: int, plan: Plan | None = None, *, extra: Callable[[], Any] | None = None
) -> Outcome:
    """
    Run one seed.

    Args:
        seed: of everything that is drawn.
        plan: what is fixed instead.
        extra: gives a context in which the run happens (an ablation).
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=_memory())))
        stack.enter_context(paced())
        run = Run(seed, plan or Plan(), folder)
        stack.callback(run.close)
        stack.enter_context(_recorded(run))
        stack.enter_context(patch.object(database, "_in_transaction", _faulty(run)))
        stack.enter_context(patch.object(uuid, "uuid4", lambda: _uuid(run.rng)))
        if extra is not None:
            stack.enter_context(extra())
        gc.disable()
        stack.callback(gc.enable)
        run.loop.set_exception_handler(lambda _loop, _context: None)
        try:
            run.loop.run_until_complete(run.loop.create_task(run.live()))
        except Stuck as stuck:
            run.failures.append(f"stuck: {stuck}")
        found = [*run.failures]
        found += wrong(run.file, run.server, run.clinic, run.acked, run.now())
        told = "\n".join([*run.history, str(run.loop.steps), *found])
        return Outcome(
            seed=seed,
            wrong=tuple(found),
            digest=hashlib.sha256(told.encode()).hexdigest(),
            history=tuple(run.history),
            steps=run.loop.steps,
            crashes=run.crashes,
            acked=len(run.acked),
            taken=len(run.clinic.effects),
        )


@cache
def _template() -> Path:
    """Give a database with our schema, to be copied: migrating takes longer than a run."""
    folder = Path(tempfile.mkdtemp(prefix="marrowd-sim-", dir=_memory()))
    Finalize(None, shutil.rmtree, args=(folder, True), exitpriority=1)  # in a pool's process too
    file = folder / "template.sqlite3"
    migrate.upgrade(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file


def _memory() -> str | None:
    """Give a folder in memory: a power cut is not simulated, so nothing is gained by a disk."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108


@contextmanager
def _recorded(run: Run) -> Iterator[None]:
    """Have the service's own log lines in the history."""

    def record(_logger: Any, _name: str, event: dict[str, Any]) -> NoReturn:
        told = {k: v.patient if isinstance(v, Whose) else v for k, v in event.items()}
        said = " ".join(f"{k}={v}" for k, v in told.items() if k != "event" and v != "")
        run.say(f"log    {event['event']} {said}")
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[record], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)


def _faulty(run: Run) -> Callable[[Engines, Callable[[Connection], Any]], Any]:
    """Give a transaction that is refused at times, or kept and told as a failure."""
    really = database._in_transaction

    def transaction(engines: Engines, work: Callable[[Connection], Any]) -> Any:
        if run.rng.random() < run.weather.store_refuses:
            message = "the disk is full"
            raise StoreUnavailable(message)
        result = really(engines, work)
        if run.rng.random() < run.weather.store_unsure:
            message = "the connection broke at the commit"
            raise StoreUnavailable(message)
        return result

    return transaction


def _uuid(rng: random.Random) -> uuid.UUID:
    return uuid.UUID(int=rng.getrandbits(128), version=4)


def _bury(task: "asyncio.Task[Any]") -> None:
    """End a task that nobody will run again."""
    if task.done():
        if not task.cancelled():
            task.exception()
        return
    task._log_destroy_pending = False
    chain: list[Any] = []
    work: Any = task.get_coro()
    while inspect.iscoroutine(work):
        chain.append(work)
        work = work.cr_await
    for each in reversed(chain):  # one that still awaits would outlive whoever awaits it
        _close(each)


def _close(work: Any) -> None:
    for _ in range(10):
        with suppress(BaseException):
            work.close()
            return


def _leaves(group: BaseExceptionGroup[Any]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _gist(resource: dict[str, Any]) -> str:
    value = resource.get("valueQuantity", {}).get("value", "")
    said = str(resource.get("conclusion", ""))[:40]
    who = resource.get("subject", {}).get("reference", "")
    return f"{who} {resource.get('status', '')} {value}{said}".strip()
