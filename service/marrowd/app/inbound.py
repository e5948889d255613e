"""
Everything that looks after one source's ways in: its sweep, its Subscriptions, who listens to them.

They hold on to each other: who listens asks for a sweep or a look, who looks asks who listens.
"""

from collections.abc import Callable
from dataclasses import dataclass

from marrowd.app.access import Access
from marrowd.app.parts import Parts
from marrowd.work.listening import Asking, Listener
from marrowd.work.mending import Mender
from marrowd.work.sweep import SweepLoop
from marrowd.work.watching import SubscriptionWatch
from marrowd.work.worker import Loop


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """The ways in of one source."""

    sweep: SweepLoop
    listener: Listener
    watch: SubscriptionWatch | None  # None: others make its Subscriptions

    @property
    def loops(self) -> list[Loop]:
        """What runs."""
        return [self.sweep, *([self.watch] if self.watch is not None else [])]


def inbound_of(parts: Parts, access: Access, *, wake: Callable[[], None]) -> Inbound:
    """Join the parts for one source; *wake* says that events have come in."""
    watches: list[SubscriptionWatch] = []

    def look() -> None:
        for watch in watches:
            watch.request()

    sweep = _sweep(parts, access, wake)
    listener = Listener(
        parts.store,
        access.client,
        source=access.source.name,
        clock=parts.clock,
        metrics=parts.metrics,
        ask=Asking(sweep=sweep.request, look=look, wake=wake),
    )
    if access.wanted:
        watches.append(_watch(parts, access, sweep, listener))
    return Inbound(sweep=sweep, listener=listener, watch=watches[0] if watches else None)


def _sweep(parts: Parts, access: Access, wake: Callable[[], None]) -> SweepLoop:
    return SweepLoop(
        access.sweeper(parts.store, parts.settings.policy, clock=parts.clock, wake=wake),
        every=access.source.sweep_every,
        clock=parts.clock,
        rng=parts.rng,
        tracer=parts.tracer,
    )


def _watch(parts: Parts, access: Access, sweep: SweepLoop, listener: Listener) -> SubscriptionWatch:
    source = access.source
    heartbeat = source.heartbeat if source.subscribe == "topic" and source.heartbeat else None
    return SubscriptionWatch(
        parts.store,
        access.client,
        source=source.name,
        wanted=lambda: access.wanted,
        every=min(source.sweep_every, heartbeat or source.sweep_every),
        clock=parts.clock,
        metrics=parts.metrics,
        mender=Mender(
            parts.store,
            access.client,
            listener,
            source=source.name,
            clock=parts.clock,
            request_sweep=sweep.request,
            heartbeat=heartbeat,
        ),
    )
