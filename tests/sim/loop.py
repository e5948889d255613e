"""
A seeded event loop: time is virtual, and whatever is ready runs in an order drawn from the seed.

A simulated process is a context variable: every callback, task and timer that begins in a process
carries it on. So a process can be killed as `kill -9` does it, between any two steps: what belongs
to it is never run again, no `finally` and no cancellation included. A frozen one keeps what became
due until it is thawed, as one does that was paused past its leases.

Work for threads runs on this thread a little later, whole: what a killed process had handed over
and was not yet done is lost with it.
"""

import asyncio
import contextvars
import heapq
import random
from collections.abc import Callable, Coroutine
from enum import Enum, auto
from typing import Any, TypeVar

T = TypeVar("T")
PROCESS: contextvars.ContextVar["Process | None"] = contextvars.ContextVar("process", default=None)
MOST_STEPS = 400_000


class Stuck(Exception):
    """Nothing will ever happen again, or there is no end to what happens."""


class State(Enum):
    """What a process is doing."""

    ALIVE = auto()
    FROZEN = auto()
    DEAD = auto()


class Process:
    """One process of the service."""

    def __init__(self, name: str, loop: "SimLoop") -> None:
        self.name = name
        self.state = State.ALIVE
        self.steps = 0
        self.dies_at: int | None = None  # in its own steps
        self.on_death: list[Callable[[], None]] = []
        self._loop = loop
        self._held: list[asyncio.Handle] = []

    def spawn(self, work: Coroutine[Any, Any, T], *, name: str | None = None) -> asyncio.Task[T]:
        """Begin *work* in this process, whoever asks."""
        context = contextvars.copy_context()
        context.run(PROCESS.set, self)
        return self._loop.create_task(work, name=name, context=context)

    def kill(self) -> None:
        """End it between two steps."""
        if self.state is State.DEAD:
            return
        self.state = State.DEAD
        for tell in self.on_death:
            tell()

    def freeze(self) -> None:
        """Pause it."""
        if self.state is State.ALIVE:
            self.state = State.FROZEN

    def thaw(self) -> None:
        """Let it go on as if no time had passed."""
        if self.state is State.FROZEN:
            self.state = State.ALIVE
            self._loop.hand_back(self._held)
            self._held = []

    def may_run(self, handle: asyncio.Handle) -> bool:
        """Say whether *handle*, which is of this process, runs now."""
        if self.state is State.ALIVE:
            self.steps += 1
            if self.steps == self.dies_at:
                self.kill()
        elif self.state is State.FROZEN:
            self._held.append(handle)
        return self.state is State.ALIVE


class SimLoop(asyncio.BaseEventLoop):
    """The loop; all of the world and every process run on it."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self.rng = rng
        self.steps = 0
        self.slowest_s = 0.02  # of work on threads
        self.tasks: list[asyncio.Task[Any]] = []
        self._now = 0.0
        self._world = contextvars.copy_context()
        self.set_task_factory(_remembering)

    def time(self) -> float:
        """Give the virtual time, seconds since the run began."""
        return self._now

    def in_world(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin *work* outside every process, whoever asks."""
        return self.create_task(work, context=self._world.copy())

    def hand_back(self, handles: list[asyncio.Handle]) -> None:
        """Make *handles* ready again."""
        self._ready.extend(handles)

    def run_in_executor(
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Do the work here, a little later."""
        del executor
        future: asyncio.Future[T] = self.create_future()
        self.call_later(self.rng.random() * self.slowest_s, _carry_out, future, func, args)
        return future

    def _run_once(self) -> None:
        self.steps += 1
        if self.steps > MOST_STEPS:
            message = f"more than {MOST_STEPS} steps"
            raise Stuck(message)
        while self._scheduled and self._scheduled[0].cancelled():
            self._forget_timer()
        if not self._ready:
            if not self._scheduled:
                message = "nothing is ready and no timer runs"
                raise Stuck(message)
            self._now = max(self._now, self._scheduled[0].when())
        while self._scheduled and self._scheduled[0].when() <= self._now:
            self._ready.append(self._forget_timer())
        place = self.rng.randrange(len(self._ready))
        handle = self._ready[place]
        del self._ready[place]
        if handle.cancelled():
            return
        process = handle._context.get(PROCESS)
        if process is None or process.may_run(handle):
            handle._run()

    def _forget_timer(self) -> asyncio.TimerHandle:
        timer = heapq.heappop(self._scheduled)
        if timer.cancelled():
            self._timer_cancelled_count -= 1
        timer._scheduled = False
        return timer

    def _process_events(self, event_list: Any) -> None:
        """Know of no sockets."""

    def _write_to_self(self) -> None:
        """Be never asleep."""


def _remembering(
    loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T], **more: Any
) -> asyncio.Task[T]:
    """Keep every task: one that is collected would run its `finally`, which no killed one does."""
    task = asyncio.Task(work, loop=loop, **more)
    assert isinstance(loop, SimLoop)
    loop.tasks.append(task)
    return task


def _carry_out(future: "asyncio.Future[T]", func: Callable[..., T], args: tuple[Any, ...]) -> None:
    try:
        result = func(*args)
    except Exception as error:  # noqa: BLE001 - belongs to whoever awaits it
        if not future.done():
            future.set_exception(error)
        return
    if not future.done():
        future.set_result(result)
